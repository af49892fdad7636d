//! The table of codes that prove a mailbox.
//!
//! Owns their single use and the count of wrong tries, each one conditional statement. Knows a code by its keyed digest
//! alone. Must not know mails.

use crate::statements::sql;
use crate::{Row, StoreError, Tx, p};
use guestlist_domain::address_code::{AddressCode, Errand};
use guestlist_domain::email::Email;
use guestlist_domain::ids::{AddressCodeId, UserId};
use guestlist_domain::time::Timestamp;

sql! {
    REPLACE = "INSERT INTO address_codes (user_id, id, errand, email, digest, tries_left, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, \
        errand = excluded.errand, email = excluded.email, digest = excluded.digest, \
        tries_left = excluded.tries_left, created_at = excluded.created_at, expires_at = excluded.expires_at";
    FIND = "SELECT id, user_id, errand, email, tries_left, created_at, expires_at FROM address_codes WHERE user_id = $1";
    TRY = "UPDATE address_codes SET tries_left = tries_left - 1 WHERE user_id = $1 AND errand = $2 AND email = $3 \
        AND tries_left > 0 AND expires_at > $4";
    SPEND = "DELETE FROM address_codes WHERE user_id = $1 AND errand = $2 AND email = $3 AND digest = $4 \
        AND expires_at > $5";
    FORGET = "DELETE FROM address_codes WHERE user_id = $1";
    PURGE = "DELETE FROM address_codes WHERE expires_at <= $1";
}

/// Which code somebody means.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Whose.
    pub user: &'a UserId,
    /// For what.
    pub errand: Errand,
    /// The mailbox that it was sent to.
    pub email: &'a Email,
}

fn read(row: &Row) -> Result<AddressCode, StoreError> {
    Ok(AddressCode {
        id: AddressCodeId::new(row.text(0)?),
        user: UserId::new(row.text(1)?),
        errand: row.word(2, Errand::parse)?,
        email: row.email(3)?,
        tries_left: row.int(4)?,
        created_at: row.time(5)?,
        expires_at: row.time(6)?,
    })
}

/// Keeps a code in place of the user's former one.
pub async fn replace(tx: &mut Tx<'_>, code: &AddressCode, digest: &str) -> Result<(), StoreError> {
    let (errand, life) = (code.errand.as_str(), (code.created_at, code.expires_at));
    let values = p![&code.user, &code.id, errand, &code.email, digest, code.tries_left, life.0, life.1];
    tx.exec(REPLACE, values).await.map(drop)
}

/// The code of that user, open or not.
pub async fn find(tx: &mut Tx<'_>, user: &UserId) -> Result<Option<AddressCode>, StoreError> {
    tx.row(FIND, p![user]).await?.map(|row| read(&row)).transpose()
}

/// Takes one try; false where none is left.
pub async fn take_try(tx: &mut Tx<'_>, asked: Asked<'_>, now: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.exec(TRY, p![asked.user, asked.errand.as_str(), asked.email, now]).await? == 1)
}

/// Spends the code: true for exactly one caller, who has it right, for its errand and the address that it was mailed to.
pub async fn spend(tx: &mut Tx<'_>, asked: Asked<'_>, digest: &str, now: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.exec(SPEND, p![asked.user, asked.errand.as_str(), asked.email, digest, now]).await? == 1)
}

/// Forgets the code of a user, if there is one.
pub async fn forget(tx: &mut Tx<'_>, user: &UserId) -> Result<(), StoreError> {
    tx.exec(FORGET, p![user]).await.map(drop)
}

/// Forgets codes that are over.
pub async fn purge(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    tx.exec(PURGE, p![now]).await
}
