//! The table of counters that guard doors.
//!
//! Owns fixed windows, counted in the database so that every node sees them and a restart does not forget. Must not
//! know what is guarded.

use crate::statements::sql;
use crate::{StoreError, Tx, p};
use guestlist_domain::time::Timestamp;
use std::time::Duration;

sql! {
    HIT = "INSERT INTO throttles (name, count, resets_at) VALUES ($1, 1, $2) ON CONFLICT (name) DO UPDATE SET \
        count = CASE WHEN throttles.resets_at <= $3 THEN 1 ELSE throttles.count + 1 END, \
        resets_at = CASE WHEN throttles.resets_at <= $3 THEN excluded.resets_at ELSE throttles.resets_at END \
        RETURNING count, resets_at";
    PEEK = "SELECT count, resets_at FROM throttles WHERE name = $1 AND resets_at > $2";
    CLEAR = "DELETE FROM throttles WHERE name = $1";
    PURGE = "DELETE FROM throttles WHERE resets_at <= $1";
}

/// A counter in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// How often the thing happened in this window.
    pub count: i64,
    /// When the window ends.
    pub resets_at: Timestamp,
}

/// Counts one more of `name`, in the running window or in a new one.
pub async fn hit(tx: &mut Tx<'_>, name: &str, window: Duration, now: Timestamp) -> Result<Count, StoreError> {
    let row = tx.row(HIT, p![name, now.plus(window), now]).await?;
    let row = row.ok_or_else(|| StoreError::Other("a counter did not answer".to_owned()))?;
    Ok(Count { count: row.int(0)?, resets_at: row.time(1)? })
}

/// How often `name` happened in its running window.
pub async fn peek(tx: &mut Tx<'_>, name: &str, now: Timestamp) -> Result<Option<Count>, StoreError> {
    let row = tx.row(PEEK, p![name, now]).await?;
    row.map(|row| Ok(Count { count: row.int(0)?, resets_at: row.time(1)? })).transpose()
}

/// Begins again at nothing.
pub async fn clear(tx: &mut Tx<'_>, name: &str) -> Result<(), StoreError> {
    tx.exec(CLEAR, p![name]).await.map(drop)
}

/// Forgets windows that are over.
pub async fn purge(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    tx.exec(PURGE, p![now]).await
}
