//! The clock of the database's server, and the latest moment that any process of this installation has seen.
//!
//! Owns both readings. No other statement asks an engine for the time: `now` is bound. Must not decide what they mean.

use crate::{Engine, StoreError, Tx, p, settings};
use guestlist_domain::time::Timestamp;

/// The mark's name among the settings.
const MARK: &str = "latest moment seen";
const SERVER: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";

/// What this file composes for an engine.
pub(crate) fn composed(engine: Engine) -> Vec<String> {
    match engine {
        Engine::Sqlite => Vec::new(),
        Engine::Postgres => vec![SERVER.to_owned()],
    }
}

/// What the server's clock says. SQLite has no server: the process's own clock is the only one.
pub async fn server(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, StoreError> {
    match tx.engine() {
        Engine::Sqlite => Ok(None),
        Engine::Postgres => tx.rows_dynamic(SERVER, p![]).await?.first().map(|row| row.time(0)).transpose(),
    }
}

/// The latest moment that any process has seen.
pub async fn mark(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, StoreError> {
    let Some(bytes) = settings::find(tx, MARK).await? else { return Ok(None) };
    let bytes: [u8; 8] = bytes.try_into().map_err(|_| StoreError::other("the mark of time has another length"))?;
    Ok(Some(Timestamp::from_millis(i64::from_be_bytes(bytes))))
}

/// Notes that it is `now`. A later mark stays. Times before 1970 are none.
pub async fn raise_mark(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    settings::raise(tx, MARK, &bytes(now)).await
}

/// Sets the mark, also back: an operator says that a later one was wrong.
pub async fn set_mark(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    settings::put(tx, MARK, &bytes(now)).await
}

/// From the highest on, so that they are ordered as the moments are.
fn bytes(at: Timestamp) -> [u8; 8] {
    at.millis().max(0).to_be_bytes()
}
