//! The table of signing keys.
//!
//! Owns sealed private keys and their published halves. Must not open a seal or sign.

use crate::statements::sql;
use crate::{Row, StoreError, Tx, p, settings};
use guestlist_domain::time::Timestamp;

/// A signing key as stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name: the RFC 7638 thumbprint.
    pub kid: String,
    /// The private key, sealed.
    pub sealed_private_key: Vec<u8>,
    /// The published half, in JSON.
    pub public_jwk: String,
    /// Birth.
    pub created_at: Timestamp,
    /// It signs from then on.
    pub active_from: Timestamp,
    /// It verifies until then.
    pub retired_at: Option<Timestamp>,
}

/// Its name only: what is sealed stays out of every log all the same.
impl std::fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredKey({})", self.kid)
    }
}

/// The one row that every change of the keys touches first, so that two processes take turns.
const TURN: &str = "signing_keys";

sql! {
    LIST = "SELECT kid, sealed_private_key, public_jwk, created_at, active_from, retired_at FROM signing_keys \
        WHERE retired_at IS NULL OR retired_at > $1 ORDER BY active_from, kid";
    INSERT = "INSERT INTO signing_keys (kid, sealed_private_key, public_jwk, created_at, active_from, retired_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    TAKE_TURN = "UPDATE settings SET value = $1 WHERE name = $2";
    RETIRE_OTHERS = "UPDATE signing_keys SET retired_at = $1 WHERE kid <> $2 AND (retired_at IS NULL OR retired_at > $1)";
    PURGE = "DELETE FROM signing_keys WHERE retired_at < $1";
}

fn read(row: &Row) -> Result<StoredKey, StoreError> {
    Ok(StoredKey {
        kid: row.text(0)?,
        sealed_private_key: row.bytes(1)?,
        public_jwk: row.text(2)?,
        created_at: row.time(3)?,
        active_from: row.time(4)?,
        retired_at: row.opt_time(5)?,
    })
}

/// The keys that are good for anything at `now`, the one that became active last at the end.
pub async fn list(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<StoredKey>, StoreError> {
    tx.rows(LIST, p![now]).await?.iter().map(read).collect()
}

/// Adds the first key of all. False if another process was first: then its key is the one.
pub async fn insert_first(tx: &mut Tx<'_>, key: &StoredKey) -> Result<bool, StoreError> {
    let is_first = settings::put_if_absent(tx, TURN, key.kid.as_bytes()).await?;
    if is_first {
        insert(tx, key).await?;
    }
    Ok(is_first)
}

/// Adds a key, and lets every other one verify until `others_until` at the latest.
pub async fn insert_next(tx: &mut Tx<'_>, key: &StoredKey, others_until: Timestamp) -> Result<(), StoreError> {
    tx.exec(TAKE_TURN, p![key.kid.as_bytes(), TURN]).await?;
    tx.exec(RETIRE_OTHERS, p![others_until, &key.kid]).await?;
    insert(tx, key).await
}

async fn insert(tx: &mut Tx<'_>, key: &StoredKey) -> Result<(), StoreError> {
    let values = p![
        &key.kid,
        key.sealed_private_key.as_slice(),
        &key.public_jwk,
        key.created_at,
        key.active_from,
        key.retired_at,
    ];
    tx.exec(INSERT, values).await.map(drop)
}

/// Forgets keys that nobody can use any more.
pub async fn purge(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    tx.exec(PURGE, p![now]).await
}
