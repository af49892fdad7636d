//! The table of addresses that their owners changed.
//!
//! Owns their single undoing, one conditional statement. Knows the secret that undoes by its digest alone. Must not know
//! what undoing brings back; whose an address may be again, `users` asks.

use crate::statements::sql;
use crate::{Row, StoreError, Tx, p};
use guestlist_domain::address_change::AddressChange;
use guestlist_domain::ids::{AddressChangeId, UserId};
use guestlist_domain::secret::SecretHash;
use guestlist_domain::time::Timestamp;

macro_rules! columns {
    () => {
        "id, user_id, from_email, from_verified, from_proven_at, to_email, at, closed_at"
    };
}

sql! {
    INSERT = "INSERT INTO address_changes (id, user_id, from_email, from_verified, from_proven_at, to_email, at, \
        closed_at, undo_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FIND = concat!("SELECT ", columns!(), " FROM address_changes WHERE id = $1");
    FIND_BY_UNDO = concat!("SELECT ", columns!(), " FROM address_changes WHERE undo_hash = $1");
    // Newest first; the id is ordered by time.
    OF_USER = concat!("SELECT ", columns!(), " FROM address_changes WHERE user_id = $1 ORDER BY id DESC LIMIT $2");
    UNDO = "UPDATE address_changes SET closed_at = $1 WHERE id = $2 AND closed_at IS NULL AND at > $3";
    CLOSE_SINCE = "UPDATE address_changes SET closed_at = $1 WHERE user_id = $2 AND closed_at IS NULL AND at >= $3";
    CAN_MOVE_BACK = "SELECT id FROM address_changes WHERE user_id = $1 AND closed_at IS NULL AND at > $2 LIMIT 1";
}

fn read(row: &Row) -> Result<AddressChange, StoreError> {
    Ok(AddressChange {
        id: AddressChangeId::new(row.text(0)?),
        user: UserId::new(row.text(1)?),
        from: row.email(2)?,
        from_verified: row.flag(3)?,
        from_proven_at: row.opt_time(4)?,
        to: row.email(5)?,
        at: row.time(6)?,
        closed_at: row.opt_time(7)?,
    })
}

/// Adds a change, with the digest of the secret that undoes it.
pub async fn insert(tx: &mut Tx<'_>, change: &AddressChange, undo: SecretHash) -> Result<(), StoreError> {
    tx.exec(
        INSERT,
        p![
            &change.id,
            &change.user,
            &change.from,
            change.from_verified,
            change.from_proven_at,
            &change.to,
            change.at,
            change.closed_at,
            undo,
        ],
    )
    .await
    .map(drop)
}

/// The change of that id.
pub async fn find(tx: &mut Tx<'_>, id: &AddressChangeId) -> Result<Option<AddressChange>, StoreError> {
    tx.row(FIND, p![id]).await?.map(|row| read(&row)).transpose()
}

/// The change that this secret undoes.
pub async fn find_by_undo(tx: &mut Tx<'_>, secret: SecretHash) -> Result<Option<AddressChange>, StoreError> {
    tx.row(FIND_BY_UNDO, p![secret]).await?.map(|row| read(&row)).transpose()
}

/// A user's last `limit` changes, newest first.
pub async fn of_user(tx: &mut Tx<'_>, user: &UserId, limit: i64) -> Result<Vec<AddressChange>, StoreError> {
    tx.rows(OF_USER, p![user, limit]).await?.iter().map(read).collect()
}

/// Takes the change of that id back, if it came later than `since`, and closes every later one of its user. True for
/// exactly one caller.
pub async fn undo(
    tx: &mut Tx<'_>,
    change: &AddressChange,
    since: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let is_undone = tx.exec(UNDO, p![now, &change.id, since]).await? == 1;
    if is_undone {
        close_since(tx, &change.user, change.at, now).await?;
    }
    Ok(is_undone)
}

/// Closes the changes of a user from `since` on: nobody can undo them any more.
pub async fn close_since(tx: &mut Tx<'_>, user: &UserId, since: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
    tx.exec(CLOSE_SINCE, p![now, user, since]).await
}

/// Whether that user moved later than `since`, and the address before can still take the account back.
pub async fn can_move_back(tx: &mut Tx<'_>, user: &UserId, since: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.row(CAN_MOVE_BACK, p![user, since]).await?.is_some())
}
