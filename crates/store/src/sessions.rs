//! The table of sessions.
//!
//! Owns the digest under which a browser is known. Must not judge whether a session is alive; it brings session and
//! user together, so that one read is enough to tell.

use crate::statements::sql;
use crate::{Row, StoreError, Tx, p, users};
use guestlist_domain::ids::{SessionId, UserId};
use guestlist_domain::secret::SecretHash;
use guestlist_domain::session::{ABSOLUTE_LIFETIME, IDLE_LIFETIME, Method, Session};
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;

macro_rules! columns {
    () => {
        "sessions.id, sessions.user_id, sessions.user_epoch, sessions.method, sessions.authenticated_at, \
         sessions.created_at, sessions.last_seen_at"
    };
}

sql! {
    INSERT = "INSERT INTO sessions (id, hash, user_id, user_epoch, method, authenticated_at, created_at, last_seen_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    FIND = concat!("SELECT ", users::columns!(), ", ", columns!(), " FROM sessions JOIN users \
        ON users.id = sessions.user_id WHERE sessions.hash = $1");
    GET = concat!("SELECT ", users::columns!(), ", ", columns!(), " FROM sessions JOIN users \
        ON users.id = sessions.user_id WHERE sessions.id = $1");
    // What is of an older epoch or over by its times is good for nothing and not shown.
    LIST_OF_USER = concat!("SELECT ", users::columns!(), ", ", columns!(), " FROM sessions JOIN users \
        ON users.id = sessions.user_id WHERE sessions.user_id = $1 AND sessions.user_epoch = users.epoch \
            AND sessions.last_seen_at > $2 AND sessions.created_at > $3 \
        ORDER BY sessions.created_at DESC, sessions.id DESC LIMIT $4 OFFSET $5");
    TOUCH = "UPDATE sessions SET last_seen_at = $1 WHERE id = $2 AND last_seen_at < $1";
    DELETE = "DELETE FROM sessions WHERE id = $1";
    DELETE_OF_USER = "DELETE FROM sessions WHERE user_id = $1";
    PURGE = "DELETE FROM sessions WHERE last_seen_at < $1";
}

fn read(row: &Row) -> Result<(Session, User), StoreError> {
    let at = users::WIDTH;
    let session = Session {
        id: SessionId::new(row.text(at)?),
        user: UserId::new(row.text(at + 1)?),
        user_epoch: row.int(at + 2)?,
        method: row.word(at + 3, Method::parse)?,
        authenticated_at: row.time(at + 4)?,
        created_at: row.time(at + 5)?,
        last_seen_at: row.time(at + 6)?,
    };
    Ok((session, users::read(row, 0)?))
}

/// Begins a session, known by the digest of its secret.
pub async fn insert(tx: &mut Tx<'_>, session: &Session, secret: SecretHash) -> Result<(), StoreError> {
    tx.exec(
        INSERT,
        p![
            &session.id,
            secret,
            &session.user,
            session.user_epoch,
            session.method.to_word(),
            session.authenticated_at,
            session.created_at,
            session.last_seen_at,
        ],
    )
    .await
    .map(drop)
}

/// The session of that secret, and its user as of now.
pub async fn find(tx: &mut Tx<'_>, secret: SecretHash) -> Result<Option<(Session, User)>, StoreError> {
    tx.row(FIND, p![secret]).await?.map(|row| read(&row)).transpose()
}

/// The session of that id, and its user as of now.
pub async fn get(tx: &mut Tx<'_>, id: &SessionId) -> Result<Option<(Session, User)>, StoreError> {
    tx.row(GET, p![id]).await?.map(|row| read(&row)).transpose()
}

/// Up to `limit` sessions of a user behind the first `offset` that are not over at `now`, newest first. Whether the user may
/// sign in is not asked.
pub async fn list_of_user(
    tx: &mut Tx<'_>,
    user: &UserId,
    (offset, limit): (i64, i64),
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let values = p![user, now.minus(IDLE_LIFETIME), now.minus(ABSOLUTE_LIFETIME), limit, offset];
    tx.rows(LIST_OF_USER, values).await?.iter().map(|row| Ok(read(row)?.0)).collect()
}

/// Notes that it was used.
pub async fn touch(tx: &mut Tx<'_>, id: &SessionId, now: Timestamp) -> Result<(), StoreError> {
    tx.exec(TOUCH, p![now, id]).await.map(drop)
}

/// Ends one session. False if it was over.
pub async fn delete(tx: &mut Tx<'_>, id: &SessionId) -> Result<bool, StoreError> {
    Ok(tx.exec(DELETE, p![id]).await? == 1)
}

/// Ends every session of a user.
pub async fn delete_of_user(tx: &mut Tx<'_>, user: &UserId) -> Result<u64, StoreError> {
    tx.exec(DELETE_OF_USER, p![user]).await
}

/// Forgets sessions that nobody can use any more.
pub async fn purge(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    tx.exec(PURGE, p![now.minus(IDLE_LIFETIME)]).await
}
