//! The table of events.
//!
//! Owns what happened, append-only. Must not be given a secret.

use crate::statements::sql;
use crate::{Row, StoreError, Tx, Value, p};
use guestlist_domain::event::{About, Actor, Event, EventKind};
use guestlist_domain::ids::{ClientId, ConnectionId, EventId, InvitationId, UserId};

/// The columns of an event, in the order that [`read`] expects.
macro_rules! columns {
    () => {
        "events.id, events.at, events.kind, events.actor, events.user_id, events.invitation_id, events.client_id, \
         events.connection_id, events.data"
    };
}
pub(crate) use columns;

/// How many columns [`read`] takes.
pub(crate) const WIDTH: usize = 9;

sql! {
    INSERT = "INSERT INTO events (id, at, kind, actor, user_id, invitation_id, client_id, connection_id, data) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FIND = concat!("SELECT ", columns!(), " FROM events WHERE id = $1");
    OF_INVITATION = concat!("SELECT ", columns!(), " FROM events WHERE invitation_id = $1 ORDER BY id LIMIT 500");
    OF_USER = concat!("SELECT ", columns!(), " FROM events WHERE user_id = $1 ORDER BY id DESC LIMIT $2");
    LATEST = concat!("SELECT ", columns!(), " FROM events ORDER BY id DESC LIMIT $1");
}

/// Reads an event from the first columns.
pub(crate) fn read(row: &Row) -> Result<Event, StoreError> {
    Ok(Event {
        id: EventId::new(row.text(0)?),
        at: row.time(1)?,
        kind: row.word(2, EventKind::parse)?,
        actor: row.word(3, Actor::parse)?,
        about: About {
            user: row.opt_text(4)?.map(UserId::new),
            invitation: row.opt_text(5)?.map(InvitationId::new),
            client: row.opt_text(6)?.map(ClientId::new),
            connection: row.opt_text(7)?.map(ConnectionId::new),
        },
        data: row.json(8)?,
    })
}

/// Writes down what happened, in the transaction in which it does.
pub async fn insert(tx: &mut Tx<'_>, event: &Event) -> Result<(), StoreError> {
    let about = &event.about;
    tx.exec(
        INSERT,
        p![
            &event.id,
            event.at,
            event.kind.as_str(),
            event.actor.to_word(),
            &about.user,
            &about.invitation,
            &about.client,
            &about.connection,
            Value::json(&event.data)?,
        ],
    )
    .await
    .map(drop)
}

/// The event of that id.
pub async fn find(tx: &mut Tx<'_>, id: &EventId) -> Result<Option<Event>, StoreError> {
    tx.row(FIND, p![id]).await?.as_ref().map(read).transpose()
}

/// An invitation's timeline, oldest first; the first 500.
pub async fn of_invitation(tx: &mut Tx<'_>, invitation: &InvitationId) -> Result<Vec<Event>, StoreError> {
    tx.rows(OF_INVITATION, p![invitation]).await?.iter().map(read).collect()
}

/// A user's last `limit` events, newest first.
pub async fn of_user(tx: &mut Tx<'_>, user: &UserId, limit: i64) -> Result<Vec<Event>, StoreError> {
    tx.rows(OF_USER, p![user, limit]).await?.iter().map(read).collect()
}

/// The last `limit` events, newest first.
pub async fn latest(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Event>, StoreError> {
    tx.rows(LATEST, p![limit]).await?.iter().map(read).collect()
}
