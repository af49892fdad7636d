//! The table of answers already given.
//!
//! Owns one answer per caller and key. Answers are sealed by whoever stores them. Must not know what they say.

use crate::statements::sql;
use crate::{StoreError, Tx, p};
use guestlist_domain::event::Actor;
use guestlist_domain::secret::SecretHash;
use guestlist_domain::time::{Timestamp, days};
use std::time::Duration;

/// How long an answer is kept.
pub const KEPT_FOR: Duration = days(1);

sql! {
    INSERT = "INSERT INTO idempotency_keys (actor, key_hash, request_hash, sealed_answer, created_at) \
        VALUES ($1, $2, $3, $4, $5)";
    FIND = "SELECT request_hash, sealed_answer FROM idempotency_keys WHERE actor = $1 AND key_hash = $2 AND created_at > $3";
    FORGET = "DELETE FROM idempotency_keys WHERE actor = $1 AND key_hash = $2 AND created_at <= $3";
    PURGE = "DELETE FROM idempotency_keys WHERE created_at <= $1";
}

/// An answer and the request it answered.
#[derive(Clone, Debug)]
pub struct Given {
    /// Digest of the request.
    pub request: SecretHash,
    /// The answer, sealed.
    pub sealed_answer: Vec<u8>,
}

/// The answer that this caller got for this key.
pub async fn find(
    tx: &mut Tx<'_>,
    actor: &Actor,
    key: SecretHash,
    now: Timestamp,
) -> Result<Option<Given>, StoreError> {
    let row = tx.row(FIND, p![actor.to_word(), key, now.minus(KEPT_FOR)]).await?;
    row.map(|row| Ok(Given { request: row.hash(0)?, sealed_answer: row.bytes(1)? })).transpose()
}

/// Keeps an answer. [`StoreError::Unique`] if the same key is being answered elsewhere: ask again.
pub async fn insert(
    tx: &mut Tx<'_>,
    actor: &Actor,
    key: SecretHash,
    given: &Given,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.exec(FORGET, p![actor.to_word(), key, now.minus(KEPT_FOR)]).await?;
    tx.exec(INSERT, p![actor.to_word(), key, given.request, &given.sealed_answer, now]).await.map(drop)
}

/// Forgets what is too old to be asked again.
pub async fn purge(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    tx.exec(PURGE, p![now.minus(KEPT_FOR)]).await
}
