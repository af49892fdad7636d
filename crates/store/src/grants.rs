//! The tables of grants, codes and tokens.
//!
//! Owns the statements by which a code and a refresh token are good once (R11), and those that look at grant and user
//! together. Must not judge whether a grant is alive, except where one statement must.

use crate::statements::sql;
use crate::{Row, StoreError, Tx, p, users};
use guestlist_domain::grant::{CodeBinding, CodeChallenge, Grant, Lasting, NewToken, Scopes, Which};
use guestlist_domain::ids::{ClientId, GrantId, SessionId, UserId};
use guestlist_domain::secret::SecretHash;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;

macro_rules! columns {
    () => {
        "grants.id, grants.client_id, grants.user_id, grants.user_epoch, grants.session_id, grants.scope, \
         grants.nonce, grants.authenticated_at, grants.created_at, grants.expires_at, grants.revoked_at, grants.audience"
    };
}

/// How many columns that are.
const WIDTH: usize = 12;

/// A user who may be spoken about: active, not blocked, and of the epoch that the other table remembers (R2, R20).
macro_rules! user_is_good_for {
    ($table:literal) => {
        concat!("users.lifecycle = 'active' AND users.blocked = 0 AND users.epoch = ", $table, ".user_epoch")
    };
}

/// A grant that refresh tokens come from.
macro_rules! lasts {
    () => {
        "' ' || grants.scope || ' ' LIKE '% offline_access %'"
    };
}

/// Grants that an application can still renew at $1, each with the refresh token that is good for it: there is one.
macro_rules! lasting {
    () => {
        concat!(
            "SELECT ",
            columns!(),
            ", tokens.created_at, tokens.expires_at FROM grants JOIN users ON users.id = grants.user_id \
            JOIN tokens ON tokens.grant_id = grants.id AND tokens.kind = 'refresh' AND tokens.used_at IS NULL \
            WHERE tokens.expires_at > $1 AND grants.revoked_at IS NULL AND grants.expires_at > $1 AND ",
            user_is_good_for!("grants")
        )
    };
}

/// Grants that are good for something at $1; of a user, to a client, at an API, where that is named.
macro_rules! open {
    () => {
        concat!(
            " FROM grants JOIN users ON users.id = grants.user_id \
            WHERE grants.revoked_at IS NULL AND grants.expires_at > $1 AND ",
            user_is_good_for!("grants"),
            " AND (CAST($2 AS TEXT) IS NULL OR grants.user_id = $2) \
            AND (CAST($3 AS TEXT) IS NULL OR grants.client_id = $3) \
            AND (CAST($4 AS TEXT) IS NULL OR grants.audience = $4)"
        )
    };
}

sql! {
    INSERT = concat!(
        "INSERT INTO grants (id, client_id, user_id, user_epoch, session_id, scope, audience, nonce, \
            authenticated_at, created_at, expires_at) \
        SELECT $1, $2, sessions.user_id, sessions.user_epoch, sessions.id, $3, $4, $5, sessions.authenticated_at, $6, $7 \
        FROM sessions JOIN users ON users.id = sessions.user_id \
        WHERE sessions.id = $8 AND ",
        user_is_good_for!("sessions")
    );
    INSERT_CODE = "INSERT INTO codes (hash, grant_id, client_id, redirect_uri, redirect_uri_sent, code_challenge, \
        created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    USE_CODE = "UPDATE codes SET used_at = $1 WHERE hash = $2 AND client_id = $3 AND used_at IS NULL \
        RETURNING grant_id, redirect_uri, redirect_uri_sent, code_challenge, expires_at";
    SPENT_CODE = "SELECT grant_id FROM codes WHERE hash = $1 AND client_id = $2 AND used_at IS NOT NULL";
    INSERT_TOKEN = "INSERT INTO tokens (hash, grant_id, kind, scope, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    USE_REFRESH = "UPDATE tokens SET used_at = $1 \
        WHERE hash = $2 AND kind = 'refresh' AND used_at IS NULL AND expires_at > $1 \
            AND EXISTS (SELECT 1 FROM grants WHERE grants.id = tokens.grant_id AND grants.client_id = $3) \
        RETURNING grant_id";
    SPENT_REFRESH = "SELECT tokens.grant_id FROM tokens JOIN grants ON grants.id = tokens.grant_id \
        WHERE tokens.hash = $1 AND tokens.kind = 'refresh' AND tokens.used_at IS NOT NULL AND grants.client_id = $2";
    GET = concat!("SELECT ", users::columns!(), ", ", columns!(), " FROM grants JOIN users \
        ON users.id = grants.user_id WHERE grants.id = $1");
    FIND_BY_ACCESS = concat!(
        "SELECT ", users::columns!(), ", grants.client_id, tokens.scope \
        FROM tokens JOIN grants ON grants.id = tokens.grant_id JOIN users ON users.id = grants.user_id \
        WHERE tokens.hash = $1 AND tokens.kind = 'access' AND tokens.expires_at > $2 AND grants.revoked_at IS NULL AND ",
        user_is_good_for!("grants")
    );
    FIND_BY_TOKEN = "SELECT tokens.grant_id FROM tokens JOIN grants ON grants.id = tokens.grant_id \
        WHERE tokens.hash = $1 AND grants.client_id = $2";
    REVOKE = "UPDATE grants SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL RETURNING user_id";
    REVOKE_OF_USER = "UPDATE grants SET revoked_at = $1 WHERE user_id = $2 AND revoked_at IS NULL";
    REVOKE_OF_SESSION = "UPDATE grants SET revoked_at = $1 WHERE session_id = $2 AND revoked_at IS NULL \
        RETURNING user_id";
    CLIENTS_OF_SESSION = "SELECT DISTINCT client_id FROM grants \
        WHERE session_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY client_id";
    LASTING_OF_USER = concat!(
        lasting!(), " AND grants.user_id = $2 ORDER BY grants.created_at DESC, grants.id DESC LIMIT $3 OFFSET $4"
    );
    LASTING = concat!(lasting!(), " AND grants.id = $2");
    REVOKE_LASTING = concat!(
        "UPDATE grants SET revoked_at = $1 WHERE user_id = $2 AND revoked_at IS NULL \
            AND (CAST($3 AS TEXT) IS NULL OR client_id = $3) AND (CAST($4 AS TEXT) IS NULL OR audience = $4) AND ",
        lasts!()
    );
    OPEN = concat!(
        "SELECT ", columns!(), open!(), " ORDER BY grants.created_at DESC, grants.id DESC LIMIT $5 OFFSET $6"
    );
    COUNT_OPEN = concat!("SELECT COUNT(*)", open!());
    REVOKE_AT = "UPDATE grants SET revoked_at = $1 WHERE audience = $2 AND revoked_at IS NULL";
    PURGE = "DELETE FROM grants WHERE expires_at < $1";
    PURGE_ACCESS = "DELETE FROM tokens WHERE expires_at < $1 AND kind = 'access'";
}

/// A grant that is about to be made, of the user of a session.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// Its id.
    pub id: GrantId,
    /// To whom.
    pub client: ClientId,
    /// In which session, and so by whom.
    pub session: SessionId,
    /// What.
    pub scope: Scopes,
    /// At which API, by its identifier.
    pub audience: Option<String>,
    /// For the first ID token.
    pub nonce: Option<String>,
    /// Its end.
    pub expires_at: Timestamp,
}

/// Makes a grant. False if the session is over, or its user may not sign in any more: then nothing was made.
pub async fn insert(tx: &mut Tx<'_>, grant: &NewGrant, now: Timestamp) -> Result<bool, StoreError> {
    let values = p![
        &grant.id,
        &grant.client,
        grant.scope.to_string(),
        &grant.audience,
        &grant.nonce,
        now,
        grant.expires_at,
        &grant.session,
    ];
    Ok(tx.exec(INSERT, values).await? == 1)
}

/// Adds a grant's code.
pub async fn insert_code(
    tx: &mut Tx<'_>,
    code: SecretHash,
    client: &ClientId,
    binding: &CodeBinding,
    now: Timestamp,
) -> Result<(), StoreError> {
    let values = p![
        code,
        &binding.grant,
        client,
        &binding.redirect_uri,
        binding.redirect_uri_sent,
        binding.challenge.as_str(),
        now,
        binding.expires_at,
    ];
    tx.exec(INSERT_CODE, values).await.map(drop)
}

/// Spends a code of this client. `None` if there is none, or somebody was first: [`find_by_spent_code`] tells.
pub async fn use_code(
    tx: &mut Tx<'_>,
    code: SecretHash,
    client: &ClientId,
    now: Timestamp,
) -> Result<Option<CodeBinding>, StoreError> {
    let row = tx.row(USE_CODE, p![now, code, client]).await?;
    row.map(|row| {
        Ok(CodeBinding {
            grant: GrantId::new(row.text(0)?),
            redirect_uri: row.text(1)?,
            redirect_uri_sent: row.flag(2)?,
            challenge: row.word(3, CodeChallenge::parse)?,
            expires_at: row.time(4)?,
        })
    })
    .transpose()
}

/// The grant of a code that was spent before.
pub async fn find_by_spent_code(
    tx: &mut Tx<'_>,
    code: SecretHash,
    client: &ClientId,
) -> Result<Option<GrantId>, StoreError> {
    grant_id(tx.row(SPENT_CODE, p![code, client]).await?.as_ref())
}

/// Adds a token to a grant.
pub async fn insert_token(
    tx: &mut Tx<'_>,
    grant: &GrantId,
    token: &NewToken,
    now: Timestamp,
) -> Result<(), StoreError> {
    let values = p![token.hash, grant, token.kind.as_str(), token.scope.to_string(), now, token.expires_at];
    tx.exec(INSERT_TOKEN, values).await.map(drop)
}

/// Spends a refresh token of this client that is not too old. `None` if there is none, or somebody was first:
/// [`find_by_spent_refresh`] tells.
pub async fn use_refresh(
    tx: &mut Tx<'_>,
    token: SecretHash,
    client: &ClientId,
    now: Timestamp,
) -> Result<Option<GrantId>, StoreError> {
    grant_id(tx.row(USE_REFRESH, p![now, token, client]).await?.as_ref())
}

/// The grant of a refresh token that was spent before.
pub async fn find_by_spent_refresh(
    tx: &mut Tx<'_>,
    token: SecretHash,
    client: &ClientId,
) -> Result<Option<GrantId>, StoreError> {
    grant_id(tx.row(SPENT_REFRESH, p![token, client]).await?.as_ref())
}

/// The grant of that id, and its user as of now.
pub async fn get(tx: &mut Tx<'_>, id: &GrantId) -> Result<Option<(Grant, User)>, StoreError> {
    tx.row(GET, p![id]).await?.map(|row| Ok((read(&row, users::WIDTH)?, users::read(&row, 0)?))).transpose()
}

/// What an access token opens.
#[derive(Clone, Debug)]
pub struct Access {
    /// Whose data.
    pub user: User,
    /// For which application.
    pub client: ClientId,
    /// Which part of it.
    pub scope: Scopes,
}

/// What an access token opens at `now`; nothing once it, its grant or its user's epoch is over.
pub async fn find_by_access(tx: &mut Tx<'_>, token: SecretHash, now: Timestamp) -> Result<Option<Access>, StoreError> {
    let row = tx.row(FIND_BY_ACCESS, p![token, now]).await?;
    row.map(|row| {
        let at = users::WIDTH;
        let client = ClientId::new(row.text(at)?);
        Ok(Access { user: users::read(&row, 0)?, client, scope: row.word(at + 1, Scopes::parse)? })
    })
    .transpose()
}

/// The grant of a token of this client, of either kind, spent or not.
pub async fn find_by_token(
    tx: &mut Tx<'_>,
    token: SecretHash,
    client: &ClientId,
) -> Result<Option<GrantId>, StoreError> {
    grant_id(tx.row(FIND_BY_TOKEN, p![token, client]).await?.as_ref())
}

/// Revokes a grant with everything that came from it. Tells whose it was, unless it was revoked before.
pub async fn revoke(tx: &mut Tx<'_>, id: &GrantId, now: Timestamp) -> Result<Option<UserId>, StoreError> {
    tx.row(REVOKE, p![now, id]).await?.map(|row| row.text(0).map(UserId::new)).transpose()
}

/// Revokes every grant of a user.
pub async fn revoke_of_user(tx: &mut Tx<'_>, user: &UserId, now: Timestamp) -> Result<u64, StoreError> {
    tx.exec(REVOKE_OF_USER, p![now, user]).await
}

/// Revokes every grant that was made in a session. Tells whose they were, unless there were none.
pub async fn revoke_of_session(
    tx: &mut Tx<'_>,
    session: &SessionId,
    now: Timestamp,
) -> Result<Option<UserId>, StoreError> {
    tx.rows(REVOKE_OF_SESSION, p![now, session]).await?.first().map(|row| row.text(0).map(UserId::new)).transpose()
}

/// The applications that have something of a session at `now`.
pub async fn clients_of_session(
    tx: &mut Tx<'_>,
    session: &SessionId,
    now: Timestamp,
) -> Result<Vec<ClientId>, StoreError> {
    tx.rows(CLIENTS_OF_SESSION, p![session, now]).await?.iter().map(|row| row.text(0).map(ClientId::new)).collect()
}

/// Up to `limit` grants of a user that can be renewed at `now`, behind the first `offset`, newest first.
pub async fn lasting_of_user(
    tx: &mut Tx<'_>,
    user: &UserId,
    (offset, limit): (i64, i64),
    now: Timestamp,
) -> Result<Vec<Lasting>, StoreError> {
    tx.rows(LASTING_OF_USER, p![now, user, limit, offset]).await?.iter().map(read_lasting).collect()
}

/// The grant of that id, if it can still be renewed at `now`.
pub async fn find_lasting(tx: &mut Tx<'_>, id: &GrantId, now: Timestamp) -> Result<Option<Lasting>, StoreError> {
    tx.row(LASTING, p![now, id]).await?.as_ref().map(read_lasting).transpose()
}

/// Up to `limit` grants that are good for something at `now` behind the first `offset`, newest first.
pub async fn open(
    tx: &mut Tx<'_>,
    which: &Which,
    (offset, limit): (i64, i64),
    now: Timestamp,
) -> Result<Vec<Grant>, StoreError> {
    let values = p![now, &which.user, &which.client, &which.audience, limit, offset];
    tx.rows(OPEN, values).await?.iter().map(|row| read(row, 0)).collect()
}

/// How many [`open`] has in all.
pub async fn count_open(tx: &mut Tx<'_>, which: &Which, now: Timestamp) -> Result<i64, StoreError> {
    let values = p![now, &which.user, &which.client, &which.audience];
    tx.row(COUNT_OPEN, values).await?.map_or(Ok(0), |row| row.int(0))
}

/// Revokes those grants of a user that refresh tokens come from, also where none came yet.
pub async fn revoke_lasting(
    tx: &mut Tx<'_>,
    user: &UserId,
    (client, audience): (Option<&ClientId>, Option<&str>),
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.exec(REVOKE_LASTING, p![now, user, client, audience]).await
}

/// Revokes every grant at an API.
pub async fn revoke_at(tx: &mut Tx<'_>, audience: &str, now: Timestamp) -> Result<u64, StoreError> {
    tx.exec(REVOKE_AT, p![now, audience]).await
}

/// Forgets grants and access tokens that nobody can use any more. A grant takes its codes and tokens with it.
pub async fn purge(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    Ok(tx.exec(PURGE, p![now]).await? + tx.exec(PURGE_ACCESS, p![now]).await?)
}

fn grant_id(row: Option<&Row>) -> Result<Option<GrantId>, StoreError> {
    row.map(|row| row.text(0).map(GrantId::new)).transpose()
}

fn read_lasting(row: &Row) -> Result<Lasting, StoreError> {
    Ok(Lasting { grant: read(row, 0)?, exchanged_at: row.time(WIDTH)?, idle_expires_at: row.time(WIDTH + 1)? })
}

fn read(row: &Row, at: usize) -> Result<Grant, StoreError> {
    Ok(Grant {
        id: GrantId::new(row.text(at)?),
        client: ClientId::new(row.text(at + 1)?),
        user: UserId::new(row.text(at + 2)?),
        user_epoch: row.int(at + 3)?,
        session: SessionId::new(row.text(at + 4)?),
        scope: row.word(at + 5, Scopes::parse)?,
        nonce: row.opt_text(at + 6)?,
        authenticated_at: row.time(at + 7)?,
        created_at: row.time(at + 8)?,
        expires_at: row.time(at + 9)?,
        revoked_at: row.opt_time(at + 10)?,
        audience: row.opt_text(at + 11)?,
    })
}
