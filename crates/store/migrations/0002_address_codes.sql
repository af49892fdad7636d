-- Codes that prove a mailbox, one for a user at most. The digest is keyed with the master key: eight digits are soon
-- guessed by whoever has the table alone.
CREATE TABLE address_codes (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    digest TEXT NOT NULL,
    tries_left BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
