-- The first schema. One text for both engines: BYTES, BIGINT (numbers, times in milliseconds, flags 0 and 1) and TEXT
-- (ids, words, JSON) mean the same in both. Every secret stands here as its SHA-256 digest, or sealed.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value BYTES NOT NULL
);

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    email_verified BIGINT NOT NULL CHECK (email_verified IN (0, 1)),
    email_proven_at BIGINT,
    lifecycle TEXT NOT NULL CHECK (lifecycle IN ('pending', 'active')),
    blocked BIGINT NOT NULL CHECK (blocked IN (0, 1)),
    roles TEXT NOT NULL,
    profile TEXT NOT NULL,
    user_metadata TEXT NOT NULL,
    app_metadata TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_login_at BIGINT,
    logins_count BIGINT NOT NULL,
    last_password_reset_at BIGINT,
    CONSTRAINT users_email_key UNIQUE (email),
    -- Proof is stronger than assertion: what is proven is verified.
    CHECK (email_proven_at IS NULL OR email_verified = 1)
);
CREATE INDEX users_created_at ON users (created_at, id);

-- Subjects of deleted users: never given out again.
CREATE TABLE retired_users (
    id TEXT NOT NULL PRIMARY KEY,
    retired_at BIGINT NOT NULL
);

CREATE TABLE passwords (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    phc TEXT NOT NULL,
    set_at BIGINT NOT NULL
);

CREATE TABLE connections (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    strategy TEXT NOT NULL,
    -- JSON: issuer, client_id, scope; null for the password database.
    upstream TEXT,
    sealed_client_secret BYTES,
    enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
    for_everyone BIGINT NOT NULL CHECK (for_everyone IN (0, 1)),
    authoritative_domains TEXT NOT NULL,
    merge_rule TEXT NOT NULL CHECK (merge_rule IN ('confirm', 'auto', 'never')),
    created_at BIGINT NOT NULL,
    CONSTRAINT connections_name_key UNIQUE (name)
);

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    app_type TEXT NOT NULL,
    auth_method TEXT NOT NULL,
    secret_hash BYTES,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CHECK ((auth_method = 'none') = (secret_hash IS NULL))
);
CREATE INDEX clients_created_at ON clients (created_at, id);

CREATE TABLE connection_clients (
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    PRIMARY KEY (connection_id, client_id)
);

CREATE TABLE client_grants (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    audience TEXT NOT NULL,
    scope TEXT NOT NULL,
    CONSTRAINT client_grants_client_id_audience_key UNIQUE (client_id, audience)
);

CREATE TABLE identities (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL REFERENCES connections (id),
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT,
    email_verified BIGINT NOT NULL CHECK (email_verified IN (0, 1)),
    profile TEXT NOT NULL,
    linked_by TEXT NOT NULL,
    linked_at BIGINT NOT NULL,
    last_used_at BIGINT,
    CONSTRAINT identities_issuer_subject_key UNIQUE (issuer, subject)
);
CREATE INDEX identities_user_id ON identities (user_id, linked_at);

-- What was unlinked by the API, so that it can be linked back to the same user; nobody signs in by it.
CREATE TABLE unlinked_identities (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT,
    email_verified BIGINT NOT NULL,
    profile TEXT NOT NULL,
    unlinked_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject, user_id)
);

CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    terms TEXT NOT NULL,
    invited_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    generation BIGINT NOT NULL,
    sends BIGINT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'accepted', 'revoked', 'declined')),
    mailed_generation BIGINT,
    handed_generation BIGINT,
    expires_at BIGINT,
    ended_at BIGINT,
    accepted_by TEXT,
    proof TEXT,
    revoked_by TEXT,
    expiry_noted_at BIGINT,
    CHECK (state <> 'pending' OR (expires_at IS NOT NULL AND ended_at IS NULL)),
    CHECK (state = 'pending' OR (ended_at IS NOT NULL AND expires_at IS NULL AND mailed_generation IS NULL
        AND handed_generation IS NULL)),
    CHECK ((state = 'accepted') = (accepted_by IS NOT NULL)),
    CHECK ((state = 'accepted') = (proof IS NOT NULL)),
    CHECK ((state = 'revoked') = (revoked_by IS NOT NULL))
);
CREATE INDEX invitations_created_at ON invitations (created_at, id);
CREATE INDEX invitations_user_id ON invitations (user_id, created_at);
-- At most one invitation of a user is open.
CREATE UNIQUE INDEX invitations_pending_user_key ON invitations (user_id) WHERE state = 'pending';
CREATE INDEX invitations_expiry ON invitations (expires_at) WHERE state = 'pending' AND expiry_noted_at IS NULL;

-- Dead links stay, so that their page can say what became of them.
CREATE TABLE invitation_links (
    hash BYTES NOT NULL PRIMARY KEY,
    invitation_id TEXT NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    channel TEXT NOT NULL CHECK (channel IN ('mailed', 'handed')),
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT invitation_links_invitation_id_generation_key UNIQUE (invitation_id, generation)
);

CREATE TABLE flows (
    id TEXT NOT NULL PRIMARY KEY,
    browser_hash BYTES NOT NULL,
    state_hash BYTES NOT NULL,
    purpose TEXT NOT NULL,
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    issuer TEXT NOT NULL,
    step_word TEXT NOT NULL,
    step TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT flows_state_hash_key UNIQUE (state_hash)
);
CREATE INDEX flows_browser_hash ON flows (browser_hash);
CREATE INDEX flows_expires_at ON flows (expires_at);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    hash BYTES NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_epoch BIGINT NOT NULL,
    method TEXT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    CONSTRAINT sessions_hash_key UNIQUE (hash)
);
CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_last_seen_at ON sessions (last_seen_at);

CREATE TABLE reset_tickets (
    id TEXT NOT NULL PRIMARY KEY,
    hash BYTES NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_epoch BIGINT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('mailed', 'handed')),
    mark_email_as_verified BIGINT NOT NULL CHECK (mark_email_as_verified IN (0, 1)),
    client_id TEXT,
    result_url TEXT,
    include_email_in_redirect BIGINT NOT NULL CHECK (include_email_in_redirect IN (0, 1)),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    closed TEXT CHECK (closed IN ('used', 'replaced')),
    CONSTRAINT reset_tickets_hash_key UNIQUE (hash)
);
CREATE INDEX reset_tickets_user_id ON reset_tickets (user_id);

-- A grant: the family of a code, its refresh tokens and its access tokens.
CREATE TABLE grants (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_epoch BIGINT NOT NULL,
    session_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    nonce TEXT,
    authenticated_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX grants_user_id ON grants (user_id, created_at);
CREATE INDEX grants_session_id ON grants (session_id);
CREATE INDEX grants_expires_at ON grants (expires_at);

CREATE TABLE codes (
    hash BYTES NOT NULL PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    redirect_uri_sent BIGINT NOT NULL CHECK (redirect_uri_sent IN (0, 1)),
    code_challenge TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX codes_grant_id ON codes (grant_id);
CREATE INDEX codes_expires_at ON codes (expires_at);

-- Refresh tokens and opaque access tokens. A used refresh token stays until its family ends, so that reuse is seen.
CREATE TABLE tokens (
    hash BYTES NOT NULL PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('refresh', 'access')),
    scope TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX tokens_grant_id ON tokens (grant_id);
CREATE INDEX tokens_expires_at ON tokens (expires_at);

CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    sealed_private_key BYTES NOT NULL,
    public_jwk TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Signs from then on; published before.
    active_from BIGINT NOT NULL,
    -- Verifies until then; then it is gone from the key set.
    retired_at BIGINT
);

CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    occasion TEXT NOT NULL,
    recipient TEXT NOT NULL,
    user_id TEXT,
    invitation_id TEXT,
    locale TEXT,
    sealed_secret BYTES,
    status TEXT NOT NULL CHECK (status IN ('queued', 'sent', 'bounced', 'failed', 'cancelled')),
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT,
    last_error TEXT,
    -- A mail that waits no more carries no secret.
    CHECK (status = 'queued' OR sealed_secret IS NULL)
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE status = 'queued';
CREATE INDEX outbox_invitation_id ON outbox (invitation_id, created_at);

CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    user_id TEXT,
    invitation_id TEXT,
    client_id TEXT,
    connection_id TEXT,
    data TEXT NOT NULL
);
CREATE INDEX events_user_id ON events (user_id, id);
CREATE INDEX events_invitation_id ON events (invitation_id, id);

-- Counters that guard doors; a row per guarded thing and window.
CREATE TABLE throttles (
    name TEXT NOT NULL PRIMARY KEY,
    count BIGINT NOT NULL,
    resets_at BIGINT NOT NULL
);
CREATE INDEX throttles_resets_at ON throttles (resets_at);

-- Answers already given, for callers that repeat themselves. Sealed, because an answer may carry a link.
CREATE TABLE idempotency_keys (
    actor TEXT NOT NULL,
    key_hash BYTES NOT NULL,
    request_hash BYTES NOT NULL,
    sealed_answer BYTES NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (actor, key_hash)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
