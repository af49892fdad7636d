//! The table of flows.
//!
//! Owns the compare-and-set by which a flow moves on, once (R7, R11). Must not know what a step means.

use crate::statements::sql;
use crate::{Row, StoreError, Tx, Value, p};
use guestlist_domain::flow::{Flow, Step};
use guestlist_domain::ids::{ConnectionId, FlowId};
use guestlist_domain::secret::SecretHash;
use guestlist_domain::time::Timestamp;

macro_rules! columns {
    () => {
        "id, browser_hash, state_hash, purpose, connection_id, issuer, step, version, created_at, expires_at"
    };
}

sql! {
    INSERT = "INSERT INTO flows (id, browser_hash, state_hash, purpose, connection_id, issuer, step_word, step, version, \
        created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    FIND_BY_STATE = concat!("SELECT ", columns!(), " FROM flows WHERE state_hash = $1");
    FIND_WAITING = concat!("SELECT ", columns!(), " FROM flows WHERE browser_hash = $1 AND step_word = $2 \
        AND expires_at > $3 ORDER BY created_at DESC, id DESC LIMIT 1");
    MOVE = "UPDATE flows SET step_word = $1, step = $2, version = version + 1 \
        WHERE id = $3 AND version = $4 AND browser_hash = $5 AND expires_at > $6";
    PURGE = "DELETE FROM flows WHERE expires_at < $1";
}

fn read(row: &Row) -> Result<Flow, StoreError> {
    Ok(Flow {
        id: FlowId::new(row.text(0)?),
        browser: row.hash(1)?,
        state: row.hash(2)?,
        purpose: row.json(3)?,
        connection: ConnectionId::new(row.text(4)?),
        issuer: row.text(5)?,
        step: row.json(6)?,
        version: row.int(7)?,
        created_at: row.time(8)?,
        expires_at: row.time(9)?,
    })
}

/// Begins a flow.
pub async fn insert(tx: &mut Tx<'_>, flow: &Flow) -> Result<(), StoreError> {
    tx.exec(
        INSERT,
        p![
            &flow.id,
            flow.browser,
            flow.state,
            Value::json(&flow.purpose)?,
            &flow.connection,
            &flow.issuer,
            flow.step.as_str(),
            Value::json(&flow.step)?,
            flow.version,
            flow.created_at,
            flow.expires_at,
        ],
    )
    .await
    .map(drop)
}

/// The flow whose `state` came back.
pub async fn find_by_state(tx: &mut Tx<'_>, state: SecretHash) -> Result<Option<Flow>, StoreError> {
    tx.row(FIND_BY_STATE, p![state]).await?.map(|row| read(&row)).transpose()
}

/// This browser's newest flow that waits at the step of that name.
pub async fn find_waiting(
    tx: &mut Tx<'_>,
    browser: SecretHash,
    step_word: &str,
    now: Timestamp,
) -> Result<Option<Flow>, StoreError> {
    tx.row(FIND_WAITING, p![browser, step_word, now]).await?.map(|row| read(&row)).transpose()
}

/// Moves a flow on to `step`, for the browser that began it and in time. False if somebody else moved it first.
pub async fn advance(tx: &mut Tx<'_>, flow: &Flow, step: &Step, now: Timestamp) -> Result<bool, StoreError> {
    let values = p![step.as_str(), Value::json(step)?, &flow.id, flow.version, flow.browser, now];
    Ok(tx.exec(MOVE, values).await? == 1)
}

/// Forgets flows that nobody can go on with.
pub async fn purge(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    tx.exec(PURGE, p![now]).await
}
