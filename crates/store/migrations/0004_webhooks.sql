-- Who outside is told what happens. The signing secrets and what goes into the Authorization header are sealed: they
-- must be known again to be used.
CREATE TABLE webhooks (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    -- JSON: event types, or "*" for all of them.
    subscriptions TEXT NOT NULL,
    enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    sealed_secret BYTES NOT NULL,
    -- The secret before, which signs too until then.
    sealed_old_secret BYTES,
    old_secret_until BIGINT,
    -- JSON: the method, and the name of Basic.
    auth_method TEXT,
    sealed_authorization BYTES,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((sealed_old_secret IS NULL) = (old_secret_until IS NULL)),
    CHECK ((auth_method IS NULL) = (sealed_authorization IS NULL))
);
CREATE INDEX webhooks_created_at ON webhooks (created_at, id);

-- A row for every event and webhook that hears of it, written with the event. No foreign key: a webhook that is deleted
-- at this moment must not fail a log-in; its rows are never leased and soon removed.
CREATE TABLE webhook_deliveries (
    webhook_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    -- Whose line it stands in, and where.
    subject TEXT NOT NULL,
    position BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'delivered', 'failed')),
    -- Tries in all, and how many of them were made before it was last sent again by hand.
    attempts BIGINT NOT NULL,
    spent BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    last_error TEXT,
    PRIMARY KEY (webhook_id, event_id),
    CHECK ((status = 'queued') = (ended_at IS NULL))
);
CREATE INDEX webhook_deliveries_line ON webhook_deliveries (webhook_id, subject, position);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at) WHERE status = 'queued';
CREATE INDEX webhook_deliveries_leased ON webhook_deliveries (webhook_id, leased_until) WHERE status = 'queued';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE status <> 'queued';
