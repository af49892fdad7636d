//! The table of mails on their way.
//!
//! Owns leases: a worker takes a mail by one conditional update, and the mail of a worker that died is free again when
//! the lease is over. Must not know words or SMTP.

use crate::statements::sql;
use crate::{Engine, Row, StoreError, Tx, Value, p};
use guestlist_domain::ids::{InvitationId, MailId, UserId};
use guestlist_domain::mail::{Delivery, DeliveryStatus, LEASE, OutboxMail};
use guestlist_domain::time::Timestamp;

macro_rules! columns {
    () => {
        "id, occasion, recipient, user_id, locale, sealed_secret, attempts, created_at"
    };
}

sql! {
    INSERT = "INSERT INTO outbox (id, kind, occasion, recipient, user_id, invitation_id, locale, sealed_secret, status, \
        attempts, due_at, leased_until, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', $9, $10, 0, $10)";
    // The outer conditions stand twice: PostgreSQL looks at them again after it waited for another worker's row.
    LEASE_DUE = concat!("UPDATE outbox SET leased_until = $1, attempts = attempts + 1 WHERE id IN (SELECT due.id \
        FROM outbox AS due WHERE due.status = 'queued' AND due.due_at <= $2 AND due.leased_until <= $2 \
        ORDER BY due.due_at LIMIT $3) AND status = 'queued' AND due_at <= $2 AND leased_until <= $2 RETURNING ", columns!());
    SENT = "UPDATE outbox SET status = 'sent', sent_at = $1, sealed_secret = NULL, last_error = NULL \
        WHERE id = $2 AND status = 'queued' AND attempts = $3";
    AGAIN = "UPDATE outbox SET due_at = $1, leased_until = 0, last_error = $2 \
        WHERE id = $3 AND status = 'queued' AND attempts = $4";
    CLOSE = "UPDATE outbox SET status = $1, sealed_secret = NULL, last_error = $2 \
        WHERE id = $3 AND status = 'queued' AND attempts = $4";
    CANCEL_OF_INVITATION = "UPDATE outbox SET status = 'cancelled', sealed_secret = NULL \
        WHERE invitation_id = $1 AND status = 'queued' AND leased_until <= $2";
    DELIVERY = "SELECT status, attempts, sent_at, last_error FROM outbox WHERE invitation_id = $1 \
        ORDER BY created_at DESC, id DESC LIMIT 1";
    FREE_LEASES = "UPDATE outbox SET leased_until = 0 WHERE status = 'queued' AND leased_until > 0";
    NEXT_DUE = "SELECT MIN(CASE WHEN leased_until > due_at THEN leased_until ELSE due_at END) FROM outbox \
        WHERE status = 'queued'";
}

fn read(row: &Row) -> Result<OutboxMail, StoreError> {
    Ok(OutboxMail {
        id: MailId::new(row.text(0)?),
        occasion: row.json(1)?,
        recipient: row.email(2)?,
        user: row.opt_text(3)?.map(UserId::new),
        locale: row.opt_text(4)?,
        sealed_secret: row.opt_bytes(5)?,
        attempts: row.int(6)?,
        created_at: row.time(7)?,
    })
}

/// Queues a mail, in the transaction of the act that wants it sent. An invitation's older mail that still waits is
/// cancelled: its link is dead.
pub async fn insert(tx: &mut Tx<'_>, mail: &OutboxMail) -> Result<(), StoreError> {
    if let Some(invitation) = mail.occasion.invitation() {
        cancel_of_invitation(tx, invitation, mail.created_at).await?;
    }
    tx.exec(
        INSERT,
        p![
            &mail.id,
            mail.occasion.as_str(),
            Value::json(&mail.occasion)?,
            &mail.recipient,
            &mail.user,
            mail.occasion.invitation(),
            &mail.locale,
            mail.sealed_secret.as_ref(),
            mail.attempts,
            mail.created_at,
        ],
    )
    .await
    .map(drop)
}

/// Takes up to `limit` mails that are due, for [`LEASE`]. The count of attempts is the lease's name: whoever comes back
/// with an older one has lost it.
pub async fn lease(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<OutboxMail>, StoreError> {
    tx.rows(LEASE_DUE, p![now.plus(LEASE), now, limit]).await?.iter().map(read).collect()
}

/// Frees the leases of a former process, before the first worker of this one. A SQLite file has one process: whoever
/// held a lease is no more. On PostgreSQL it may be another node, and nothing is freed.
pub async fn free_leases(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    match tx.engine() {
        Engine::Sqlite => tx.exec(FREE_LEASES, p![]).await,
        Engine::Postgres => Ok(0),
    }
}

/// The mail server took it. False if the lease was lost.
pub async fn mark_sent(tx: &mut Tx<'_>, mail: &OutboxMail, now: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.exec(SENT, p![now, &mail.id, mail.attempts]).await? == 1)
}

/// Another try, not before `at`.
pub async fn try_again(tx: &mut Tx<'_>, mail: &OutboxMail, at: Timestamp, error: &str) -> Result<bool, StoreError> {
    Ok(tx.exec(AGAIN, p![at, error, &mail.id, mail.attempts]).await? == 1)
}

/// No further try.
pub async fn close(
    tx: &mut Tx<'_>,
    mail: &OutboxMail,
    status: DeliveryStatus,
    error: Option<&str>,
) -> Result<bool, StoreError> {
    Ok(tx.exec(CLOSE, p![status.as_str(), error, &mail.id, mail.attempts]).await? == 1)
}

/// Cancels what still waits for an invitation whose links died.
pub async fn cancel_of_invitation(
    tx: &mut Tx<'_>,
    invitation: &InvitationId,
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.exec(CANCEL_OF_INVITATION, p![invitation, now]).await
}

/// How the newest mail of an invitation went.
pub async fn delivery(tx: &mut Tx<'_>, invitation: &InvitationId) -> Result<Option<Delivery>, StoreError> {
    let Some(row) = tx.row(DELIVERY, p![invitation]).await? else { return Ok(None) };
    Ok(Some(Delivery {
        status: row.word(0, DeliveryStatus::parse)?,
        attempts: row.int(1)?,
        sent_at: row.opt_time(2)?,
        last_error: row.opt_text(3)?,
    }))
}

/// When the next mail is due, if any waits.
pub async fn next_due(tx: &mut Tx<'_>) -> Result<Option<Timestamp>, StoreError> {
    tx.row(NEXT_DUE, p![]).await?.map_or(Ok(None), |row| row.opt_time(0))
}
