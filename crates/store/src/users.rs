//! The table of users.
//!
//! Owns their rows, the list of retired subjects, and whose an address is. A change is a compare-and-set on `version`. Must
//! not know what a change means.

use crate::statements::sql;
use crate::{Row, StoreError, Tx, Value, p};
use guestlist_domain::address_change::undoable_since;
use guestlist_domain::email::Email;
use guestlist_domain::ids::UserId;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Lifecycle, User};

/// The columns of a user, in the order that [`read`] expects.
macro_rules! columns {
    () => {
        "users.id, users.email, users.email_verified, users.email_proven_at, users.lifecycle, users.blocked, \
         users.roles, users.profile, users.user_metadata, users.app_metadata, users.epoch, users.version, \
         users.created_at, users.updated_at, users.last_login_at, users.logins_count, users.last_password_reset_at"
    };
}
pub(crate) use columns;

/// How many columns [`read`] takes.
pub(crate) const WIDTH: usize = 17;

sql! {
    INSERT = "INSERT INTO users (id, email, email_verified, email_proven_at, lifecycle, blocked, roles, profile, \
        user_metadata, app_metadata, epoch, version, created_at, updated_at, last_login_at, logins_count, \
        last_password_reset_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    IS_BARRED = "SELECT id FROM retired_users WHERE id = $1 UNION ALL SELECT user_id FROM address_changes \
        WHERE from_email = $2 AND closed_at IS NULL AND at > $3 AND user_id <> $1 LIMIT 1";
    FIND = concat!("SELECT ", columns!(), " FROM users WHERE users.id = $1");
    FIND_BY_EMAIL = concat!("SELECT ", columns!(), " FROM users WHERE users.email = $1");
    // One row at most: an address that may be somebody's again is given to nobody else.
    HOLDER = concat!("SELECT ", columns!(), " FROM users WHERE users.email = $1 UNION ALL SELECT ", columns!(), " FROM users \
        WHERE users.id IN (SELECT user_id FROM address_changes WHERE from_email = $1 AND closed_at IS NULL AND at > $2)");
    FIND_PROVEN = concat!("SELECT ", columns!(), " FROM users WHERE users.email = $1 AND users.email_proven_at IS NOT NULL");
    SAVE = "UPDATE users SET email = $1, email_verified = $2, email_proven_at = $3, lifecycle = $4, blocked = $5, \
        roles = $6, profile = $7, user_metadata = $8, app_metadata = $9, epoch = $10, version = version + 1, \
        updated_at = $11, last_login_at = $12, logins_count = $13, last_password_reset_at = $14 \
        WHERE id = $15 AND version = $16";
    NOTE_LOGIN = "UPDATE users SET last_login_at = $1, logins_count = logins_count + 1 \
        WHERE id = $2 AND epoch = $3 AND blocked = 0 AND lifecycle = 'active'";
    HOLD = "UPDATE users SET version = version WHERE id = $1 AND epoch = $2";
    DELETE = "DELETE FROM users WHERE id = $1";
    RETIRE = "INSERT INTO retired_users (id, retired_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
    // LIKE would not do: SQLite's looks past upper and lower case.
    COUNT_ADMINS = "SELECT COUNT(*) FROM users WHERE REPLACE(roles, '\"admin\"', '') <> roles AND lifecycle = 'active' \
        AND blocked = 0";
    HAS_ADMIN = "SELECT id FROM users WHERE REPLACE(roles, '\"admin\"', '') <> roles AND lifecycle = 'active' \
        AND blocked = 0 LIMIT 1";
}

/// Reads a user from the columns beginning at `at`.
pub(crate) fn read(row: &Row, at: usize) -> Result<User, StoreError> {
    Ok(User {
        id: UserId::new(row.text(at)?),
        email: row.email(at + 1)?,
        email_verified: row.flag(at + 2)?,
        email_proven_at: row.opt_time(at + 3)?,
        lifecycle: row.word(at + 4, parse_lifecycle)?,
        blocked: row.flag(at + 5)?,
        roles: row.json(at + 6)?,
        profile: row.json(at + 7)?,
        user_metadata: row.json(at + 8)?,
        app_metadata: row.json(at + 9)?,
        epoch: row.int(at + 10)?,
        version: row.int(at + 11)?,
        created_at: row.time(at + 12)?,
        updated_at: row.time(at + 13)?,
        last_login_at: row.opt_time(at + 14)?,
        logins_count: row.int(at + 15)?,
        last_password_reset_at: row.opt_time(at + 16)?,
    })
}

const fn lifecycle_word(lifecycle: Lifecycle) -> &'static str {
    match lifecycle {
        Lifecycle::Pending => "pending",
        Lifecycle::Active => "active",
    }
}

fn parse_lifecycle(word: &str) -> Option<Lifecycle> {
    [Lifecycle::Pending, Lifecycle::Active].into_iter().find(|lifecycle| lifecycle_word(*lifecycle) == word)
}

/// Adds a user. [`StoreError::Unique`] if the address or the id is taken, [`StoreError::Conflict`] if the id belonged
/// to somebody who was deleted, since a subject is never given out twice, or if [`holder_of`] names somebody.
pub async fn insert(tx: &mut Tx<'_>, user: &User) -> Result<(), StoreError> {
    tx.exec(
        INSERT,
        p![
            &user.id,
            &user.email,
            user.email_verified,
            user.email_proven_at,
            lifecycle_word(user.lifecycle),
            user.blocked,
            Value::json(&user.roles)?,
            Value::json(&user.profile)?,
            Value::json(&user.user_metadata)?,
            Value::json(&user.app_metadata)?,
            user.epoch,
            user.version,
            user.created_at,
            user.updated_at,
            user.last_login_at,
            user.logins_count,
            user.last_password_reset_at,
        ],
    )
    .await?;
    // Asked only now: if the id is being deleted at this moment, or the address left, the insert has waited for that.
    if is_barred(tx, user, user.created_at).await? { Err(StoreError::Conflict) } else { Ok(()) }
}

/// Whether the id belonged to somebody who was deleted, or the address is one that somebody else can be moved back to.
async fn is_barred(tx: &mut Tx<'_>, user: &User, now: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.row(IS_BARRED, p![&user.id, &user.email, undoable_since(now)]).await?.is_some())
}

/// The user of that id.
pub async fn find(tx: &mut Tx<'_>, id: &UserId) -> Result<Option<User>, StoreError> {
    tx.row(FIND, p![id]).await?.map(|row| read(&row, 0)).transpose()
}

/// The user of that address.
pub async fn find_by_email(tx: &mut Tx<'_>, email: &Email) -> Result<Option<User>, StoreError> {
    tx.row(FIND_BY_EMAIL, p![email]).await?.map(|row| read(&row, 0)).transpose()
}

/// Whose the address is: who has it, or who moved away from it so lately that the change can be undone.
pub async fn holder_of(tx: &mut Tx<'_>, email: &Email, now: Timestamp) -> Result<Option<User>, StoreError> {
    tx.row(HOLDER, p![email, undoable_since(now)]).await?.map(|row| read(&row, 0)).transpose()
}

/// [`save`] for a user whose address is another now: [`StoreError::Conflict`] also if [`holder_of`] names somebody else.
pub async fn save_moved(tx: &mut Tx<'_>, user: &User, now: Timestamp) -> Result<(), StoreError> {
    save(tx, user).await?;
    // Asked only now, as in [`insert`].
    if is_barred(tx, user, now).await? { Err(StoreError::Conflict) } else { Ok(()) }
}

/// The user who proved that address to be theirs.
pub async fn find_by_proven_email(tx: &mut Tx<'_>, email: &Email) -> Result<Option<User>, StoreError> {
    tx.row(FIND_PROVEN, p![email]).await?.map(|row| read(&row, 0)).transpose()
}

/// Writes what changed, if nobody else did since it was read.
pub async fn save(tx: &mut Tx<'_>, user: &User) -> Result<(), StoreError> {
    let rows = tx
        .exec(
            SAVE,
            p![
                &user.email,
                user.email_verified,
                user.email_proven_at,
                lifecycle_word(user.lifecycle),
                user.blocked,
                Value::json(&user.roles)?,
                Value::json(&user.profile)?,
                Value::json(&user.user_metadata)?,
                Value::json(&user.app_metadata)?,
                user.epoch,
                user.updated_at,
                user.last_login_at,
                user.logins_count,
                user.last_password_reset_at,
                &user.id,
                user.version,
            ],
        )
        .await?;
    if rows == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Counts a sign-in. False if the user may not sign in any more, or was reset since it was read.
pub async fn note_login(tx: &mut Tx<'_>, user: &User, now: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.exec(NOTE_LOGIN, p![now, &user.id, user.epoch]).await? == 1)
}

/// Holds a user's row until the transaction ends, if nothing raised the epoch since it was read: whoever wipes waits.
pub async fn hold(tx: &mut Tx<'_>, user: &User) -> Result<bool, StoreError> {
    Ok(tx.exec(HOLD, p![&user.id, user.epoch]).await? == 1)
}

/// Deletes a user with everything that hangs on it, and retires the subject. False if there was none.
pub async fn delete(tx: &mut Tx<'_>, id: &UserId, now: Timestamp) -> Result<bool, StoreError> {
    let deleted = tx.exec(DELETE, p![id]).await? == 1;
    if deleted {
        tx.exec(RETIRE, p![id, now]).await?;
    }
    Ok(deleted)
}

/// How many can open the console.
pub async fn count_administrators(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    tx.row(COUNT_ADMINS, p![]).await?.map_or(Ok(0), |row| row.int(0))
}

/// Whether anybody can open the console.
pub async fn has_administrator(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    Ok(tx.row(HAS_ADMIN, p![]).await?.is_some())
}
