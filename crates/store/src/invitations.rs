//! The tables of invitations and their links.
//!
//! Owns the conditional statement that lets one acceptance win (R3), and the reading of a row into a state that cannot
//! be nonsense. Must not decide anything: the machine in the domain does, this checks that nothing changed meanwhile.

use crate::statements::sql;
use crate::{Row, StoreError, Tx, Value, p};
use guestlist_domain::event::Actor;
use guestlist_domain::ids::{InvitationId, UserId};
use guestlist_domain::invitation::{Invitation, Key, Link, Proof, State, Status};
use guestlist_domain::mail::{Delivery, DeliveryStatus};
use guestlist_domain::secret::SecretHash;
use guestlist_domain::session::Method;
use guestlist_domain::ticket::Channel;
use guestlist_domain::time::Timestamp;

macro_rules! columns {
    () => {
        "invitations.id, invitations.user_id, invitations.email, invitations.terms, invitations.invited_by, \
         invitations.created_at, invitations.generation, invitations.sends, invitations.version, invitations.state, \
         invitations.mailed_generation, invitations.handed_generation, invitations.expires_at, invitations.ended_at, \
         invitations.accepted_by, invitations.proof, invitations.revoked_by"
    };
}
const WIDTH: usize = 17;

/// The invitations that outsiders see under the status `$1` at the moment `$2`.
macro_rules! with_status {
    () => {
        "($1 = 'any' OR ($1 = 'pending' AND state = 'pending' AND expires_at > $2) OR ($1 = 'expired' \
         AND state = 'pending' AND expires_at <= $2) OR ($1 <> 'pending' AND state = $1))"
    };
}

sql! {
    INSERT = "INSERT INTO invitations (id, user_id, email, terms, invited_by, created_at, generation, sends, version, \
        state, mailed_generation, handed_generation, expires_at, ended_at, accepted_by, proof, revoked_by) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    INSERT_LINK = "INSERT INTO invitation_links (hash, invitation_id, channel, generation, created_at) \
        VALUES ($1, $2, $3, $4, $5)";
    FIND = concat!("SELECT ", columns!(), " FROM invitations WHERE invitations.id = $1");
    FIND_BY_LINK = concat!("SELECT ", columns!(), ", invitation_links.channel, invitation_links.generation \
        FROM invitation_links JOIN invitations ON invitations.id = invitation_links.invitation_id \
        WHERE invitation_links.hash = $1");
    FIND_PENDING = concat!("SELECT ", columns!(), " FROM invitations WHERE invitations.user_id = $1 \
        AND invitations.state = 'pending'");
    OF_USER = concat!("SELECT ", columns!(), " FROM invitations WHERE invitations.user_id = $1 \
        ORDER BY invitations.created_at DESC, invitations.id DESC LIMIT 100");
    SAVE = "UPDATE invitations SET email = $1, terms = $2, generation = $3, sends = $4, version = version + 1, \
        state = $5, mailed_generation = $6, handed_generation = $7, expires_at = $8, ended_at = $9, revoked_by = $10, \
        expiry_noted_at = NULL WHERE id = $11 AND version = $12 AND state = 'pending'";
    ACCEPT = "UPDATE invitations SET state = 'accepted', version = version + 1, ended_at = $1, accepted_by = $2, \
        proof = $3, mailed_generation = NULL, handed_generation = NULL, expires_at = NULL, user_id = $4 \
        WHERE id = $5 AND version = $6 AND state = 'pending' AND expires_at > $1 \
        AND CASE $7 WHEN 'mailed' THEN mailed_generation = $8 WHEN 'handed' THEN handed_generation = $8 \
        ELSE email = $9 END";
    MOVE = "UPDATE invitations SET user_id = $1 WHERE user_id = $2";
    LIST = concat!("SELECT ", columns!(), ", outbox.status, outbox.attempts, outbox.sent_at, outbox.last_error \
        FROM (SELECT * FROM invitations WHERE ", with_status!(), " ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4) \
        AS invitations LEFT JOIN outbox ON outbox.id = (SELECT newest.id FROM outbox AS newest \
        WHERE newest.invitation_id = invitations.id ORDER BY newest.created_at DESC, newest.id DESC LIMIT 1) \
        ORDER BY invitations.created_at DESC, invitations.id DESC");
    COUNT = concat!("SELECT COUNT(*) FROM invitations WHERE ", with_status!());
    // The conditions stand twice: PostgreSQL looks at the outer ones again after it waited for whoever renews or accepts.
    NOTE_EXPIRED = concat!("UPDATE invitations SET expiry_noted_at = $1 WHERE id IN (SELECT due.id FROM invitations AS due \
        WHERE due.state = 'pending' AND due.expiry_noted_at IS NULL AND due.expires_at <= $1 LIMIT $2) \
        AND state = 'pending' AND expiry_noted_at IS NULL AND expires_at <= $1 RETURNING ", columns!());
}

/// An invitation's state as columns.
struct StateColumns {
    word: &'static str,
    mailed: Option<i64>,
    handed: Option<i64>,
    expires_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    accepted_by: Option<String>,
    proof: Option<&'static str>,
    revoked_by: Option<String>,
}

impl StateColumns {
    const fn ended(word: &'static str, at: Timestamp) -> Self {
        Self {
            word,
            mailed: None,
            handed: None,
            expires_at: None,
            ended_at: Some(at),
            accepted_by: None,
            proof: None,
            revoked_by: None,
        }
    }

    fn of(state: &State) -> Self {
        match state {
            State::Pending { mailed, handed, expires_at } => Self {
                word: "pending",
                mailed: *mailed,
                handed: *handed,
                expires_at: Some(*expires_at),
                ended_at: None,
                accepted_by: None,
                proof: None,
                revoked_by: None,
            },
            State::Accepted { at, by, proof } => {
                Self { accepted_by: Some(by.to_word()), proof: Some(proof.as_str()), ..Self::ended("accepted", *at) }
            }
            State::Revoked { at, by } => Self { revoked_by: Some(by.to_word()), ..Self::ended("revoked", *at) },
            State::Declined { at } => Self::ended("declined", *at),
        }
    }
}

fn read_state(row: &Row) -> Result<State, StoreError> {
    let ended_at = |row: &Row| row.time(13);
    match row.text(9)?.as_str() {
        "pending" => {
            Ok(State::Pending { mailed: row.opt_int(10)?, handed: row.opt_int(11)?, expires_at: row.time(12)? })
        }
        "accepted" => Ok(State::Accepted {
            at: ended_at(row)?,
            by: row.word(14, Method::parse)?,
            proof: row.word(15, Proof::parse)?,
        }),
        "revoked" => Ok(State::Revoked { at: ended_at(row)?, by: row.word(16, Actor::parse)? }),
        "declined" => Ok(State::Declined { at: ended_at(row)? }),
        _ => Err(row.inconsistent("no such state")),
    }
}

fn read(row: &Row) -> Result<Invitation, StoreError> {
    Ok(Invitation {
        id: InvitationId::new(row.text(0)?),
        user: UserId::new(row.text(1)?),
        email: row.email(2)?,
        terms: row.json(3)?,
        invited_by: row.word(4, Actor::parse)?,
        created_at: row.time(5)?,
        generation: row.int(6)?,
        sends: row.int(7)?,
        version: row.int(8)?,
        state: read_state(row)?,
    })
}

/// Adds an invitation. [`StoreError::Unique`] if its user has one that is open.
pub async fn insert(tx: &mut Tx<'_>, invitation: &Invitation) -> Result<(), StoreError> {
    let state = StateColumns::of(&invitation.state);
    tx.exec(
        INSERT,
        p![
            &invitation.id,
            &invitation.user,
            &invitation.email,
            Value::json(&invitation.terms)?,
            invitation.invited_by.to_word(),
            invitation.created_at,
            invitation.generation,
            invitation.sends,
            invitation.version,
            state.word,
            state.mailed,
            state.handed,
            state.expires_at,
            state.ended_at,
            state.accepted_by,
            state.proof,
            state.revoked_by,
        ],
    )
    .await
    .map(drop)
}

/// Adds a link, known by the digest of its secret.
pub async fn insert_link(tx: &mut Tx<'_>, link: &Link, secret: SecretHash, now: Timestamp) -> Result<(), StoreError> {
    let values = p![secret, &link.invitation, link.channel.as_str(), link.generation, now];
    tx.exec(INSERT_LINK, values).await.map(drop)
}

/// The invitation of that id.
pub async fn find(tx: &mut Tx<'_>, id: &InvitationId) -> Result<Option<Invitation>, StoreError> {
    tx.row(FIND, p![id]).await?.map(|row| read(&row)).transpose()
}

/// The link of that secret, dead or alive, and its invitation.
pub async fn find_by_link(tx: &mut Tx<'_>, secret: SecretHash) -> Result<Option<(Invitation, Link)>, StoreError> {
    let Some(row) = tx.row(FIND_BY_LINK, p![secret]).await? else { return Ok(None) };
    let invitation = read(&row)?;
    let link = Link {
        invitation: invitation.id.clone(),
        channel: row.word(WIDTH, Channel::parse)?,
        generation: row.int(WIDTH + 1)?,
    };
    Ok(Some((invitation, link)))
}

/// A user's open invitation, in time or not.
pub async fn find_pending(tx: &mut Tx<'_>, user: &UserId) -> Result<Option<Invitation>, StoreError> {
    tx.row(FIND_PENDING, p![user]).await?.map(|row| read(&row)).transpose()
}

/// A user's invitations, newest first.
pub async fn of_user(tx: &mut Tx<'_>, user: &UserId) -> Result<Vec<Invitation>, StoreError> {
    tx.rows(OF_USER, p![user]).await?.iter().map(read).collect()
}

/// Writes the next state of a pending invitation, if nobody else changed it since it was read. Acceptance has a
/// statement of its own.
pub async fn save(tx: &mut Tx<'_>, next: &Invitation) -> Result<(), StoreError> {
    let state = StateColumns::of(&next.state);
    let rows = tx
        .exec(
            SAVE,
            p![
                &next.email,
                Value::json(&next.terms)?,
                next.generation,
                next.sends,
                state.word,
                state.mailed,
                state.handed,
                state.expires_at,
                state.ended_at,
                state.revoked_by,
                &next.id,
                next.version,
            ],
        )
        .await?;
    if rows == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Writes an acceptance: true for exactly one caller, only while the invitation is pending and in time, and only if its
/// key still opens it: the link is the newest of its channel, or the invited address is the one that was proven.
pub async fn accept(tx: &mut Tx<'_>, accepted: &Invitation, key: &Key) -> Result<bool, StoreError> {
    let State::Accepted { at, by, proof } = &accepted.state else { return Err(StoreError::Conflict) };
    let (word, generation) = match key {
        Key::Link(link) => (link.channel.as_str(), link.generation),
        Key::ProvenAddress => ("address", 0),
    };
    let (id, user, email) = (&accepted.id, &accepted.user, &accepted.email);
    let values = p![at, by.to_word(), proof.as_str(), user, id, accepted.version, word, generation, email];
    Ok(tx.exec(ACCEPT, values).await? == 1)
}

/// Gives what is left of one user's invitations to another: history, as none of them is open any more.
pub async fn move_to(tx: &mut Tx<'_>, user: &UserId, from: &UserId) -> Result<(), StoreError> {
    tx.exec(MOVE, p![user, from]).await.map(drop)
}

/// One page of invitations, newest first, each with how its newest mail went.
pub async fn list(
    tx: &mut Tx<'_>,
    status: Option<Status>,
    now: Timestamp,
    limit: i64,
    offset: i64,
) -> Result<Vec<(Invitation, Option<Delivery>)>, StoreError> {
    let word = status.map_or("any", Status::as_str);
    let rows = tx.rows(LIST, p![word, now, limit, offset]).await?;
    rows.iter().map(|row| Ok((read(row)?, read_delivery(row)?))).collect()
}

fn read_delivery(row: &Row) -> Result<Option<Delivery>, StoreError> {
    let Some(status) = row.opt_word(WIDTH, DeliveryStatus::parse)? else { return Ok(None) };
    Ok(Some(Delivery {
        status,
        attempts: row.int(WIDTH + 1)?,
        sent_at: row.opt_time(WIDTH + 2)?,
        last_error: row.opt_text(WIDTH + 3)?,
    }))
}

/// How many invitations have that status.
pub async fn count(tx: &mut Tx<'_>, status: Option<Status>, now: Timestamp) -> Result<i64, StoreError> {
    let word = status.map_or("any", Status::as_str);
    tx.row(COUNT, p![word, now]).await?.map_or(Ok(0), |row| row.int(0))
}

/// Takes note of up to `limit` invitations whose time is over, each once, for the event that says so.
pub async fn note_expired(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<Invitation>, StoreError> {
    tx.rows(NOTE_EXPIRED, p![now, limit]).await?.iter().map(read).collect()
}
