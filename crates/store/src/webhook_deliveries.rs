//! The table of events on their way to webhooks.
//!
//! Owns the queue: written with the event, leased by one conditional update as in [`crate::outbox`], in order for each
//! subject, few at a time for each webhook. Must not know sockets or schedules.

use crate::statements::sql;
use crate::tx::Engine;
use crate::{Row, StoreError, Tx, events, p};
use guestlist_domain::event::{Event, EventKind};
use guestlist_domain::ids::{EventId, WebhookId};
use guestlist_domain::time::Timestamp;
use guestlist_domain::webhook::{Delivery, DeliveryStatus, Leased, MOST_AT_ONCE, WEBHOOK_LEASE, subject};

/// A row that stands at the end of its line.
macro_rules! enqueue {
    ($which:expr) => {
        concat!(
            "INSERT INTO webhook_deliveries (webhook_id, event_id, subject, position, status, attempts, spent, due_at, \
             leased_until, created_at) SELECT id, $1, $2, COALESCE((SELECT MAX(position) FROM webhook_deliveries \
             WHERE webhook_id = webhooks.id AND subject = $2), 0) + 1, 'queued', 0, 0, $3, 0, $3 FROM webhooks WHERE ",
            $which
        )
    };
}

macro_rules! columns {
    () => {
        "webhook_id, event_id, kind, status, attempts, due_at, webhook_deliveries.created_at, ended_at, last_error"
    };
}

/// The webhooks that hear of an event whose type is that pattern.
macro_rules! hears {
    ($pattern:literal) => {
        concat!("enabled = 1 AND (subscriptions LIKE '%\"*\"%' OR subscriptions LIKE ", $pattern, ")")
    };
}

sql! {
    // The words are a JSON list, so that a word between its quotes is the whole word.
    INSERT = enqueue!(hears!("$4"));
    // A look costs a fraction of an insert that finds nothing to insert, and most houses have no webhook.
    IS_HEARD = concat!("SELECT 1 FROM webhooks WHERE ", hears!("$1"), " LIMIT 1");
    INSERT_FOR = enqueue!("id = $4");
    READY = "SELECT id FROM webhooks WHERE enabled = 1 AND EXISTS (SELECT 1 FROM webhook_deliveries WHERE \
        webhook_id = webhooks.id AND status = 'queued' AND due_at <= $1 AND leased_until <= $1) ORDER BY id";
    HELD = "SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = $1 AND status = 'queued' AND leased_until > $2";
    // The outer conditions stand twice, as in the outbox. One that waits, leased or not, blocks those behind it in its
    // line; one that was given up does not.
    LEASE = "UPDATE webhook_deliveries SET leased_until = $1, attempts = attempts + 1 WHERE webhook_id = $2 \
        AND event_id IN (SELECT due.event_id FROM webhook_deliveries AS due WHERE due.webhook_id = $2 \
        AND due.status = 'queued' AND due.due_at <= $3 AND due.leased_until <= $3 AND NOT EXISTS (SELECT 1 \
        FROM webhook_deliveries AS older WHERE older.webhook_id = $2 AND older.subject = due.subject \
        AND older.status = 'queued' AND (older.position < due.position OR (older.position = due.position \
        AND older.event_id < due.event_id))) ORDER BY due.due_at, due.event_id LIMIT $4) \
        AND EXISTS (SELECT 1 FROM webhooks WHERE id = $2 AND enabled = 1) \
        AND status = 'queued' AND due_at <= $3 AND leased_until <= $3 RETURNING event_id, attempts, spent";
    DELIVERED = "UPDATE webhook_deliveries SET status = 'delivered', ended_at = $1, leased_until = 0, last_error = NULL \
        WHERE webhook_id = $2 AND event_id = $3 AND status = 'queued' AND attempts = $4";
    AGAIN = "UPDATE webhook_deliveries SET due_at = $1, leased_until = 0, last_error = $2 \
        WHERE webhook_id = $3 AND event_id = $4 AND status = 'queued' AND attempts = $5";
    GIVE_UP = "UPDATE webhook_deliveries SET status = 'failed', ended_at = $1, leased_until = 0, last_error = $2 \
        WHERE webhook_id = $3 AND event_id = $4 AND status = 'queued' AND attempts = $5";
    // Those behind one that is put off are put off with it, so that nobody looks at them in vain ...
    PUT_OFF_LINE = "UPDATE webhook_deliveries SET due_at = $1 WHERE webhook_id = $2 AND subject = $3 \
        AND status = 'queued' AND due_at < $1";
    // ... and move up with it.
    MOVE_UP_LINE = "UPDATE webhook_deliveries SET due_at = $1 WHERE webhook_id = $2 AND subject = $3 \
        AND status = 'queued' AND attempts = spent AND due_at > $1";
    SEND_AGAIN = "UPDATE webhook_deliveries SET spent = CASE WHEN status = 'queued' THEN spent ELSE attempts END, \
        status = 'queued', due_at = $1, leased_until = 0, ended_at = NULL \
        WHERE webhook_id = $2 AND event_id = $3 AND (status <> 'queued' OR leased_until <= $1)";
    FIND = concat!("SELECT ", columns!(), " FROM webhook_deliveries JOIN events ON events.id = event_id \
        WHERE webhook_id = $1 AND event_id = $2");
    PAGE = concat!("SELECT ", columns!(), " FROM webhook_deliveries JOIN events ON events.id = event_id \
        WHERE webhook_id = $1 AND ($2 = '' OR status = $2) ORDER BY event_id DESC LIMIT $3 OFFSET $4");
    FREE_LEASES = "UPDATE webhook_deliveries SET leased_until = 0 WHERE status = 'queued' AND leased_until > 0";
    DELETE_OF = "DELETE FROM webhook_deliveries WHERE webhook_id = $1";
    PURGE = "DELETE FROM webhook_deliveries WHERE (status = 'delivered' AND ended_at < $1) \
        OR (status = 'failed' AND ended_at < $2) OR (status = 'queued' AND created_at < $2) \
        OR webhook_id NOT IN (SELECT id FROM webhooks)";
}

fn read(row: &Row) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        webhook: WebhookId::new(row.text(0)?),
        event: EventId::new(row.text(1)?),
        kind: row.word(2, EventKind::parse)?,
        status: row.word(3, DeliveryStatus::parse)?,
        attempts: row.int(4)?,
        due_at: row.time(5)?,
        created_at: row.time(6)?,
        ended_at: row.opt_time(7)?,
        last_error: row.opt_text(8)?,
    })
}

/// Queues an event for every webhook that hears of it, in the transaction that writes the event down. The answer is how
/// many that are.
pub async fn insert(tx: &mut Tx<'_>, event: &Event) -> Result<u64, StoreError> {
    let word = format!("%\"{}\"%", event.kind.as_str());
    if tx.row(IS_HEARD, p![&word]).await?.is_none() {
        return Ok(0);
    }
    tx.exec(INSERT, p![&event.id, subject(event), event.at, word]).await
}

/// Queues an event for one webhook, whether or not it hears of such.
pub async fn insert_for(tx: &mut Tx<'_>, event: &Event, webhook: &WebhookId) -> Result<u64, StoreError> {
    tx.exec(INSERT_FOR, p![&event.id, subject(event), event.at, webhook]).await
}

/// The webhooks for which something is due. Some of it may have to wait for what is before it.
pub async fn ready(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<WebhookId>, StoreError> {
    tx.rows(READY, p![now]).await?.iter().map(|row| Ok(WebhookId::new(row.text(0)?))).collect()
}

/// Takes what is due for a webhook, for [`WEBHOOK_LEASE`], as long as no more than [`MOST_AT_ONCE`] are under way; one
/// of a subject at most, the first of its line. (Two nodes that ask at the same moment may each take so many.)
pub async fn lease(tx: &mut Tx<'_>, webhook: &WebhookId, now: Timestamp) -> Result<Vec<Leased>, StoreError> {
    let held = tx.row(HELD, p![webhook, now]).await?.map_or(Ok(0), |row| row.int(0))?;
    let room = MOST_AT_ONCE - held;
    if room <= 0 {
        return Ok(Vec::new());
    }
    let rows = tx.rows(LEASE, p![now.plus(WEBHOOK_LEASE), webhook, now, room]).await?;
    let mut leased = Vec::with_capacity(rows.len());
    for row in &rows {
        let (id, attempts) = (EventId::new(row.text(0)?), row.int(1)?);
        let event = events::find(tx, &id).await?.ok_or_else(|| row.inconsistent("a delivery without its event"))?;
        leased.push(Leased { webhook: webhook.clone(), event, attempts, tries: attempts - row.int(2)? });
    }
    Ok(leased)
}

/// Frees every lease where nobody can hold one: a SQLite file has one process, and this is its start. On PostgreSQL it
/// may be another node's.
pub async fn free_leases(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    match tx.engine() {
        Engine::Sqlite => tx.exec(FREE_LEASES, p![]).await,
        Engine::Postgres => Ok(0),
    }
}

/// The receiver has it. False if the lease was lost.
pub async fn mark_delivered(tx: &mut Tx<'_>, leased: &Leased, now: Timestamp) -> Result<bool, StoreError> {
    let values = p![now, &leased.webhook, &leased.event.id, leased.attempts];
    let held = tx.exec(DELIVERED, values).await? == 1;
    if held {
        move_up(tx, leased, now).await?;
    }
    Ok(held)
}

/// Another try, not before `at`. False if the lease was lost.
pub async fn try_again(tx: &mut Tx<'_>, leased: &Leased, at: Timestamp, error: &str) -> Result<bool, StoreError> {
    let values = p![at, error, &leased.webhook, &leased.event.id, leased.attempts];
    let held = tx.exec(AGAIN, values).await? == 1;
    if held {
        tx.exec(PUT_OFF_LINE, p![at, &leased.webhook, subject(&leased.event)]).await?;
    }
    Ok(held)
}

/// No further try. False if the lease was lost.
pub async fn give_up(tx: &mut Tx<'_>, leased: &Leased, error: &str, now: Timestamp) -> Result<bool, StoreError> {
    let values = p![now, error, &leased.webhook, &leased.event.id, leased.attempts];
    let held = tx.exec(GIVE_UP, values).await? == 1;
    if held {
        move_up(tx, leased, now).await?;
    }
    Ok(held)
}

async fn move_up(tx: &mut Tx<'_>, leased: &Leased, now: Timestamp) -> Result<(), StoreError> {
    tx.exec(MOVE_UP_LINE, p![now, &leased.webhook, subject(&leased.event)]).await.map(drop)
}

/// Sends again, with all tries before it, what was delivered or given up; what waits for its next try gets it now.
/// False if there is none, or if it is under way at this moment.
pub async fn send_again(
    tx: &mut Tx<'_>,
    webhook: &WebhookId,
    event: &EventId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(tx.exec(SEND_AGAIN, p![now, webhook, event]).await? == 1)
}

/// One delivery.
pub async fn find(tx: &mut Tx<'_>, webhook: &WebhookId, event: &EventId) -> Result<Option<Delivery>, StoreError> {
    tx.row(FIND, p![webhook, event]).await?.as_ref().map(read).transpose()
}

/// Up to `limit` deliveries of a webhook behind the first `offset`, the newest event first.
pub async fn page(
    tx: &mut Tx<'_>,
    webhook: &WebhookId,
    status: Option<DeliveryStatus>,
    (offset, limit): (i64, i64),
) -> Result<Vec<Delivery>, StoreError> {
    let status = status.map_or("", DeliveryStatus::as_str);
    tx.rows(PAGE, p![webhook, status, limit, offset]).await?.iter().map(read).collect()
}

/// Deletes a webhook's deliveries, with the webhook.
pub async fn delete_of(tx: &mut Tx<'_>, webhook: &WebhookId) -> Result<u64, StoreError> {
    tx.exec(DELETE_OF, p![webhook]).await
}

/// Removes what was delivered before the one moment, what was given up or never sent before the other, and what was
/// queued while its webhook was being deleted.
pub async fn purge(tx: &mut Tx<'_>, delivered: Timestamp, failed: Timestamp) -> Result<u64, StoreError> {
    tx.exec(PURGE, p![delivered, failed]).await
}
