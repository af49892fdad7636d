//! The table of linked identities, and the memory of unlinked ones.
//!
//! Owns the uniqueness of (issuer, subject) and the guard of the last way in. Must not decide who may be linked.

use crate::connections::is_open;
use crate::statements::sql;
use crate::{Row, StoreError, Tx, Value, p};
use guestlist_domain::identity::{Identity, LinkRule, UpstreamIdentity};
use guestlist_domain::ids::{ConnectionId, IdentityId, UserId};
use guestlist_domain::time::Timestamp;

macro_rules! columns {
    () => {
        "id, user_id, connection_id, issuer, subject, email, email_verified, profile, linked_by, linked_at, last_used_at"
    };
}
pub(crate) use columns;

/// How many ways in a user has that work today: a password and identities, on connections that are open.
macro_rules! usable_ways_in {
    ($user:literal) => {
        concat!(
            "((SELECT COUNT(*) FROM passwords JOIN connections ON connections.strategy = 'auth0' \
             WHERE passwords.user_id = ",
            $user,
            " AND ",
            is_open!(),
            ") + (SELECT COUNT(*) FROM identities AS way JOIN connections ON connections.id = way.connection_id \
             WHERE way.user_id = ",
            $user,
            " AND ",
            is_open!(),
            "))"
        )
    };
}

sql! {
    INSERT = "INSERT INTO identities (id, user_id, connection_id, issuer, subject, email, email_verified, profile, \
        linked_by, linked_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
        ON CONFLICT (issuer, subject) DO NOTHING";
    FIND = concat!("SELECT ", columns!(), " FROM identities WHERE issuer = $1 AND subject = $2");
    LIST = concat!("SELECT ", columns!(), " FROM identities WHERE user_id = $1 ORDER BY linked_at, id");
    NOTE_USE = "UPDATE identities SET last_used_at = $1, email = $2, email_verified = $3, profile = $4 \
        WHERE issuer = $5 AND subject = $6";
    MOVE = "UPDATE identities SET user_id = $1, linked_by = $2, linked_at = $3 WHERE user_id = $4";
    DELETE_OF_USER = "DELETE FROM identities WHERE user_id = $1";
    // SQLite has one writer; PostgreSQL needs the user's row held, so that two removals do not each spare the other.
    HOLD_USER = "UPDATE users SET version = version + 1, updated_at = $1 WHERE id = $2";
    DELETE = concat!("DELETE FROM identities WHERE id = $1 AND user_id = $2 AND (", usable_ways_in!("$2"), " > 1 \
        OR (NOT EXISTS (SELECT 1 FROM connections WHERE connections.id = identities.connection_id AND ", is_open!(), ") \
        AND ", usable_ways_in!("$2"), " > 0)) RETURNING connection_id, issuer, subject, email, email_verified, profile");
    EVICT = "DELETE FROM identities WHERE id = $1 AND user_id = $2";
    REMEMBER = "INSERT INTO unlinked_identities (user_id, connection_id, issuer, subject, email, email_verified, profile, \
        unlinked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (issuer, subject, user_id) DO UPDATE SET \
        connection_id = excluded.connection_id, email = excluded.email, email_verified = excluded.email_verified, \
        profile = excluded.profile, unlinked_at = excluded.unlinked_at";
    FIND_UNLINKED = "SELECT connection_id, issuer, subject, email, email_verified, profile FROM unlinked_identities \
        WHERE user_id = $1 AND connection_id = $2 AND subject = $3 AND unlinked_at > $4";
    WAS_UNLINKED = "SELECT 1 FROM unlinked_identities WHERE issuer = $1 AND subject = $2 AND user_id = $3";
}

/// Reads claims from the columns beginning at `at`.
fn read_claims(row: &Row, at: usize) -> Result<UpstreamIdentity, StoreError> {
    Ok(UpstreamIdentity {
        connection: ConnectionId::new(row.text(at)?),
        issuer: row.text(at + 1)?,
        subject: row.text(at + 2)?,
        email: row.opt_email(at + 3)?,
        email_verified: row.flag(at + 4)?,
        profile: row.json(at + 5)?,
    })
}

/// Reads an identity.
pub(crate) fn read(row: &Row) -> Result<Identity, StoreError> {
    Ok(Identity {
        id: IdentityId::new(row.text(0)?),
        user: UserId::new(row.text(1)?),
        claims: read_claims(row, 2)?,
        linked_by: row.word(8, LinkRule::parse)?,
        linked_at: row.time(9)?,
        last_used_at: row.opt_time(10)?,
    })
}

/// Links an identity. False if (issuer, subject) belongs to somebody already; nothing is moved.
pub async fn insert(tx: &mut Tx<'_>, identity: &Identity) -> Result<bool, StoreError> {
    let claims = &identity.claims;
    let rows = tx
        .exec(
            INSERT,
            p![
                &identity.id,
                &identity.user,
                &claims.connection,
                &claims.issuer,
                &claims.subject,
                &claims.email,
                claims.email_verified,
                Value::json(&claims.profile)?,
                identity.linked_by.as_str(),
                identity.linked_at,
                identity.last_used_at,
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// The identity of that issuer and subject.
pub async fn find(tx: &mut Tx<'_>, issuer: &str, subject: &str) -> Result<Option<Identity>, StoreError> {
    tx.row(FIND, p![issuer, subject]).await?.map(|row| read(&row)).transpose()
}

/// A user's identities, oldest first.
pub async fn list(tx: &mut Tx<'_>, user: &UserId) -> Result<Vec<Identity>, StoreError> {
    tx.rows(LIST, p![user]).await?.iter().map(read).collect()
}

/// Notes that an identity signed in, and what its provider says today.
pub async fn note_use(tx: &mut Tx<'_>, claims: &UpstreamIdentity, now: Timestamp) -> Result<(), StoreError> {
    let profile = Value::json(&claims.profile)?;
    let values = p![now, &claims.email, claims.email_verified, profile, &claims.issuer, &claims.subject];
    tx.exec(NOTE_USE, values).await.map(drop)
}

/// Gives every identity of one user to another, who is the same person.
pub async fn move_to(tx: &mut Tx<'_>, user: &UserId, from: &UserId, now: Timestamp) -> Result<u64, StoreError> {
    tx.exec(MOVE, p![user, LinkRule::Merged.as_str(), now, from]).await
}

/// Removes every identity of a user, as acceptance does with whatever stood on the pending row (R3).
pub async fn delete_of_user(tx: &mut Tx<'_>, user: &UserId) -> Result<u64, StoreError> {
    tx.exec(DELETE_OF_USER, p![user]).await
}

/// Removes one identity, unless that would leave the user without a usable way in (R10). `None` if nothing was removed;
/// what was removed is remembered, so that the API can put it back.
pub async fn delete(
    tx: &mut Tx<'_>,
    id: &IdentityId,
    user: &UserId,
    now: Timestamp,
) -> Result<Option<UpstreamIdentity>, StoreError> {
    tx.exec(HOLD_USER, p![now, user]).await?;
    let Some(row) = tx.row(DELETE, p![id, user]).await? else { return Ok(None) };
    let claims = read_claims(&row, 0)?;
    remember(tx, user, &claims, now).await?;
    Ok(Some(claims))
}

/// Removes one identity, even if it is the last way in: for a moment at which its user gets another one. False if it was
/// gone. It is remembered, so that the API can put it back.
pub async fn evict(tx: &mut Tx<'_>, identity: &Identity, now: Timestamp) -> Result<bool, StoreError> {
    if tx.exec(EVICT, p![&identity.id, &identity.user]).await? == 0 {
        return Ok(false);
    }
    remember(tx, &identity.user, &identity.claims, now).await?;
    Ok(true)
}

async fn remember(tx: &mut Tx<'_>, user: &UserId, claims: &UpstreamIdentity, now: Timestamp) -> Result<(), StoreError> {
    let profile = Value::json(&claims.profile)?;
    let (connection, verified) = (&claims.connection, claims.email_verified);
    let values = p![user, connection, &claims.issuer, &claims.subject, &claims.email, verified, profile, now];
    tx.exec(REMEMBER, values).await.map(drop)
}

/// What was unlinked from this very user since `since`.
pub async fn find_unlinked(
    tx: &mut Tx<'_>,
    user: &UserId,
    connection: &ConnectionId,
    subject: &str,
    since: Timestamp,
) -> Result<Option<UpstreamIdentity>, StoreError> {
    tx.row(FIND_UNLINKED, p![user, connection, subject, since]).await?.map(|row| read_claims(&row, 0)).transpose()
}

/// Whether this very identity was once taken off this very user, however long ago.
pub async fn was_unlinked(tx: &mut Tx<'_>, user: &UserId, claims: &UpstreamIdentity) -> Result<bool, StoreError> {
    Ok(tx.row(WAS_UNLINKED, p![&claims.issuer, &claims.subject, user]).await?.is_some())
}
