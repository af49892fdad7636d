-- The APIs of the house that access tokens are made for. The Management API is not among them: it is always there.
CREATE TABLE resource_servers (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- The audience of its tokens; never changed.
    identifier TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT resource_servers_identifier_key UNIQUE (identifier)
);
CREATE INDEX resource_servers_created_at ON resource_servers (created_at, id);

-- At which API; null for tokens that open nothing but /userinfo.
ALTER TABLE grants ADD COLUMN audience TEXT;
CREATE INDEX grants_audience ON grants (audience) WHERE audience IS NOT NULL;
CREATE INDEX client_grants_audience ON client_grants (audience);
