//! The table of reset tickets.
//!
//! Owns their single use, one conditional statement, and the rule that a new one closes the old. Must not know mails.

use crate::statements::sql;
use crate::{Row, StoreError, Tx, p};
use guestlist_domain::ids::{ClientId, TicketId, UserId};
use guestlist_domain::secret::SecretHash;
use guestlist_domain::ticket::{Channel, Closed, ResetTicket};
use guestlist_domain::time::Timestamp;

macro_rules! columns {
    () => {
        "id, user_id, user_epoch, channel, mark_email_as_verified, client_id, result_url, include_email_in_redirect, \
         created_at, expires_at, closed"
    };
}

sql! {
    INSERT = "INSERT INTO reset_tickets (id, hash, user_id, user_epoch, channel, mark_email_as_verified, client_id, \
        result_url, include_email_in_redirect, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    FIND_BY_HASH = concat!("SELECT ", columns!(), " FROM reset_tickets WHERE hash = $1");
    FIND = concat!("SELECT ", columns!(), " FROM reset_tickets WHERE id = $1");
    // SQLite has one writer; PostgreSQL needs the user's row held, so that two tickets do not each overlook the other.
    HOLD_USER = "UPDATE users SET version = version WHERE id = $1";
    REPLACE_OPEN = "UPDATE reset_tickets SET closed = 'replaced' WHERE user_id = $1 AND closed IS NULL";
    SPEND = "UPDATE reset_tickets SET closed = 'used' WHERE id = $1 AND closed IS NULL AND expires_at > $2 \
        AND user_epoch = (SELECT epoch FROM users WHERE users.id = reset_tickets.user_id AND users.blocked = 0 \
        AND users.lifecycle = 'active')";
    PURGE = "DELETE FROM reset_tickets WHERE expires_at < $1";
}

fn parse_closed(word: &str) -> Option<Closed> {
    match word {
        "used" => Some(Closed::Used),
        "replaced" => Some(Closed::Replaced),
        _ => None,
    }
}

fn read(row: &Row) -> Result<ResetTicket, StoreError> {
    Ok(ResetTicket {
        id: TicketId::new(row.text(0)?),
        user: UserId::new(row.text(1)?),
        user_epoch: row.int(2)?,
        channel: row.word(3, Channel::parse)?,
        mark_email_as_verified: row.flag(4)?,
        client: row.opt_text(5)?.map(ClientId::new),
        result_url: row.opt_text(6)?,
        include_email_in_redirect: row.flag(7)?,
        created_at: row.time(8)?,
        expires_at: row.time(9)?,
        closed: row.opt_word(10, parse_closed)?,
    })
}

/// Adds a ticket and closes every older one of its user: only the newest lives (R5).
pub async fn insert(tx: &mut Tx<'_>, ticket: &ResetTicket, secret: SecretHash) -> Result<(), StoreError> {
    tx.exec(HOLD_USER, p![&ticket.user]).await?;
    replace_open(tx, &ticket.user).await?;
    tx.exec(
        INSERT,
        p![
            &ticket.id,
            secret,
            &ticket.user,
            ticket.user_epoch,
            ticket.channel.as_str(),
            ticket.mark_email_as_verified,
            &ticket.client,
            &ticket.result_url,
            ticket.include_email_in_redirect,
            ticket.created_at,
            ticket.expires_at,
        ],
    )
    .await
    .map(drop)
}

/// The ticket of that secret.
pub async fn find_by_secret(tx: &mut Tx<'_>, secret: SecretHash) -> Result<Option<ResetTicket>, StoreError> {
    tx.row(FIND_BY_HASH, p![secret]).await?.map(|row| read(&row)).transpose()
}

/// The ticket of that id.
pub async fn find(tx: &mut Tx<'_>, id: &TicketId) -> Result<Option<ResetTicket>, StoreError> {
    tx.row(FIND, p![id]).await?.map(|row| read(&row)).transpose()
}

/// Closes every open ticket of a user.
pub async fn replace_open(tx: &mut Tx<'_>, user: &UserId) -> Result<u64, StoreError> {
    tx.exec(REPLACE_OPEN, p![user]).await
}

/// Spends a ticket: true for exactly one caller, and only while it is open.
pub async fn spend(tx: &mut Tx<'_>, id: &TicketId, now: Timestamp) -> Result<bool, StoreError> {
    Ok(tx.exec(SPEND, p![id, now]).await? == 1)
}

/// Forgets tickets that ended before `before`; until then their page can say what became of them.
pub async fn purge(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64, StoreError> {
    tx.exec(PURGE, p![before]).await
}
