//! The table of password hashes.
//!
//! Owns one hash a user, in PHC form. Must not see a password.

use crate::connections::is_open;
use crate::statements::sql;
use crate::{StoreError, Tx, p};
use guestlist_domain::ids::UserId;
use guestlist_domain::time::Timestamp;

sql! {
    SET = "INSERT INTO passwords (user_id, phc, set_at) VALUES ($1, $2, $3) \
        ON CONFLICT (user_id) DO UPDATE SET phc = excluded.phc, set_at = excluded.set_at";
    FIND = "SELECT phc FROM passwords WHERE user_id = $1";
    REPLACE = "UPDATE passwords SET phc = $1 WHERE user_id = $2 AND phc = $3";
    DELETE = "DELETE FROM passwords WHERE user_id = $1";
    DELETE_GUARDED = concat!("DELETE FROM passwords WHERE user_id = $1 AND EXISTS (SELECT 1 FROM identities \
        JOIN connections ON connections.id = identities.connection_id WHERE identities.user_id = $1 AND ", is_open!(), ")");
    HOLD_USER = "UPDATE users SET version = version + 1, updated_at = $1 WHERE id = $2";
}

/// Sets a user's password hash.
pub async fn set(tx: &mut Tx<'_>, user: &UserId, phc: &str, now: Timestamp) -> Result<(), StoreError> {
    tx.exec(SET, p![user, phc, now]).await.map(drop)
}

/// A user's password hash.
pub async fn find(tx: &mut Tx<'_>, user: &UserId) -> Result<Option<String>, StoreError> {
    tx.row(FIND, p![user]).await?.map(|row| row.text(0)).transpose()
}

/// The same password under newer parameters, unless it was changed meanwhile.
pub async fn rehash(tx: &mut Tx<'_>, user: &UserId, old: &str, new: &str) -> Result<(), StoreError> {
    tx.exec(REPLACE, p![new, user, old]).await.map(drop)
}

/// Removes a user's password, as acceptance does with whatever stood on the pending row (R3).
pub async fn delete(tx: &mut Tx<'_>, user: &UserId) -> Result<(), StoreError> {
    tx.exec(DELETE, p![user]).await.map(drop)
}

/// Removes a user's password, unless that would leave the user without a usable way in. False if nothing was removed.
pub async fn delete_guarded(tx: &mut Tx<'_>, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
    tx.exec(HOLD_USER, p![now, user]).await?;
    Ok(tx.exec(DELETE_GUARDED, p![user]).await? == 1)
}
