//! What happened, written down as it does. A building block: acts call it, it calls no act.
//!
//! Owns the making of an event, and that whoever hears of it is told. Must not decide what is worth one.

use crate::app::App;
use guestlist_domain::event::{About, Actor, Event, EventKind};
use guestlist_domain::ids::{EventId, WebhookId};
use guestlist_domain::time::Timestamp;
use guestlist_store::{StoreError, Tx, events, webhook_deliveries};
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
    write_down(app, tx, &event(app, now, kind, actor, about)).await
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
    write_down(app, tx, &event).await
}

/// Writes down that a webhook is tried out, and tells that webhook alone.
pub(crate) async fn record_test(
    app: &App,
    tx: &mut Tx<'_>,
    now: Timestamp,
    actor: &Actor,
    webhook: &WebhookId,
) -> Result<EventId, StoreError> {
    let mut event = event(app, now, EventKind::WebhookTested, actor, About::default());
    event.data.insert("webhook".to_owned(), Value::from(webhook.as_str()));
    events::insert(tx, &event).await?;
    webhook_deliveries::insert_for(tx, &event, webhook).await?;
    app.note_queued_deliveries();
    Ok(event.id)
}

/// The event, and a delivery of it to every webhook that hears of such (R19).
async fn write_down(app: &App, tx: &mut Tx<'_>, event: &Event) -> Result<(), StoreError> {
    events::insert(tx, event).await?;
    if webhook_deliveries::insert(tx, event).await? > 0 {
        app.note_queued_deliveries();
    }
    Ok(())
}
