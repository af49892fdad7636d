-- Why identities are one person: a line for every link, unlink, merge and undo. Lines are added and never changed, and
-- they outlive their user: no foreign key.
CREATE TABLE link_ledger (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('linked', 'unlinked', 'merged')),
    connection_id TEXT,
    issuer TEXT,
    subject TEXT,
    email TEXT,
    rule TEXT NOT NULL,
    proofs TEXT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL,
    undoes TEXT,
    details TEXT NOT NULL,
    -- The digest of the secret in the mail that tells of it.
    undo_hash BYTES,
    -- Undone once: whoever comes second finds the line there.
    CONSTRAINT link_ledger_undoes_key UNIQUE (undoes),
    CONSTRAINT link_ledger_undo_hash_key UNIQUE (undo_hash)
);
CREATE INDEX link_ledger_user_id ON link_ledger (user_id, id);
