-- Addresses that their owners changed, with what undoing brings back. While a change can be undone, the address before is
-- nobody else's.
CREATE TABLE address_changes (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    from_email TEXT NOT NULL,
    from_verified BIGINT NOT NULL CHECK (from_verified IN (0, 1)),
    from_proven_at BIGINT,
    to_email TEXT NOT NULL,
    at BIGINT NOT NULL,
    -- Undone, itself or with an earlier one; or an administrator decided on the address since.
    closed_at BIGINT,
    -- The digest of the secret in the mail to the address before.
    undo_hash BYTES NOT NULL,
    CONSTRAINT address_changes_undo_hash_key UNIQUE (undo_hash),
    CHECK (from_proven_at IS NULL OR from_verified = 1)
);
CREATE INDEX address_changes_user_id ON address_changes (user_id, at);
CREATE INDEX address_changes_from_email ON address_changes (from_email, at);

-- What a code is good for: it proves the address that the user has, or moves the user to another.
ALTER TABLE address_codes ADD COLUMN errand TEXT NOT NULL DEFAULT 'confirm' CHECK (errand IN ('confirm', 'move'));
