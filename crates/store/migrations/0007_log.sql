-- The log is asked for by what it is about and by what happened; moments are places in the order of ids.
CREATE INDEX events_kind ON events (kind, id);
CREATE INDEX events_client_id ON events (client_id, id) WHERE client_id IS NOT NULL;
CREATE INDEX events_connection_id ON events (connection_id, id) WHERE connection_id IS NOT NULL;
