//! What happened, written down as it does. A building block: acts call it, it calls no act.
//!
//! Owns the making of an event. Must not decide what is worth one.

use crate::app::App;
use guestlist_domain::event::{About, Actor, Event, EventKind};
use guestlist_domain::ids::EventId;
use guestlist_domain::time::Timestamp;
use guestlist_store::{StoreError, Tx, events};
use serde_json::{Map, Value};

/// One thing that happened at `now`.
pub(crate) fn event(app: &App, now: Timestamp, kind: EventKind, actor: &Actor, about: About) -> Event {
    let id = EventId::mint(now, app.entropy().bytes());
    Event { id, at: now, kind, actor: actor.clone(), about, data: Map::new() }
}

/// Writes down one thing that happened, in the transaction in which it does.
pub(crate) async fn record(
    app: &App,
    tx: &mut Tx<'_>,
    now: Timestamp,
    kind: EventKind,
    actor: &Actor,
    about: About,
) -> Result<(), StoreError> {
    events::insert(tx, &event(app, now, kind, actor, about)).await
}

/// [`record`], with a fact for the reader. Never a secret.
pub(crate) async fn record_with(
    app: &App,
    tx: &mut Tx<'_>,
    now: Timestamp,
    (kind, actor, about): (EventKind, &Actor, About),
    facts: &[(&str, Value)],
) -> Result<(), StoreError> {
    let mut event = event(app, now, kind, actor, about);
    event.data = facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    events::insert(tx, &event).await
}
