//! The table of the link ledger.
//!
//! Owns its lines, which are only ever added: no statement here changes what one says, or removes it. An undo is one
//! conditional insert. Must not be given a secret; of the links that undo, it keeps digests, and can forget them.

use crate::statements::sql;
use crate::{Row, StoreError, Tx, Value, p};
use guestlist_domain::event::Actor;
use guestlist_domain::ids::{ConnectionId, LedgerId, UserId};
use guestlist_domain::ledger::{Entry, LedgerWay, Rule};
use guestlist_domain::secret::SecretHash;
use guestlist_domain::time::Timestamp;

macro_rules! columns {
    () => {
        "id, user_id, connection_id, issuer, subject, email, rule, proofs, actor, at, undoes, details"
    };
}

sql! {
    INSERT = "INSERT INTO link_ledger (id, user_id, kind, connection_id, issuer, subject, email, rule, proofs, actor, at, \
        undoes, details, undo_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
        ON CONFLICT (undoes) DO NOTHING";
    FIND = concat!("SELECT ", columns!(), " FROM link_ledger WHERE id = $1");
    FIND_BY_UNDO = concat!("SELECT ", columns!(), " FROM link_ledger WHERE undo_hash = $1");
    IS_UNDONE = "SELECT id FROM link_ledger WHERE undoes = $1";
    FORGET_LINKS_SINCE = "UPDATE link_ledger SET undo_hash = NULL WHERE user_id = $1 AND at >= $2";
    // Newest first; the id is ordered by time.
    OF_USER = concat!("SELECT ", columns!(), " FROM link_ledger WHERE user_id = $1 ORDER BY id DESC LIMIT $2");
}

fn read(row: &Row) -> Result<Entry, StoreError> {
    let way = match (row.opt_text(2)?, row.opt_text(3)?, row.opt_text(4)?) {
        (Some(connection), Some(issuer), Some(subject)) => {
            Some(LedgerWay { connection: ConnectionId::new(connection), issuer, subject, email: row.opt_email(5)? })
        }
        _ => None,
    };
    Ok(Entry {
        id: LedgerId::new(row.text(0)?),
        user: UserId::new(row.text(1)?),
        way,
        rule: row.word(6, Rule::parse)?,
        proofs: row.json(7)?,
        actor: row.word(8, Actor::parse)?,
        at: row.time(9)?,
        undoes: row.opt_text(10)?.map(LedgerId::new),
        details: row.json(11)?,
    })
}

/// Adds a line, with the digest of the secret by which it can be undone. False if it undoes what was undone already.
pub async fn append(tx: &mut Tx<'_>, entry: &Entry, undo: Option<SecretHash>) -> Result<bool, StoreError> {
    let way = entry.way.as_ref();
    let rows = tx
        .exec(
            INSERT,
            p![
                &entry.id,
                &entry.user,
                entry.rule.kind().as_str(),
                way.map(|way| &way.connection),
                way.map(|way| way.issuer.as_str()),
                way.map(|way| way.subject.as_str()),
                way.and_then(|way| way.email.as_ref()),
                entry.rule.as_str(),
                Value::json(&entry.proofs)?,
                entry.actor.to_word(),
                entry.at,
                entry.undoes.as_ref(),
                Value::json(&entry.details)?,
                undo,
            ],
        )
        .await?;
    Ok(rows == 1)
}

/// The line of that id.
pub async fn find(tx: &mut Tx<'_>, id: &LedgerId) -> Result<Option<Entry>, StoreError> {
    tx.row(FIND, p![id]).await?.map(|row| read(&row)).transpose()
}

/// The line that this secret undoes.
pub async fn find_by_undo(tx: &mut Tx<'_>, secret: SecretHash) -> Result<Option<Entry>, StoreError> {
    tx.row(FIND_BY_UNDO, p![secret]).await?.map(|row| read(&row)).transpose()
}

/// Whether somebody undid that line.
pub async fn is_undone(tx: &mut Tx<'_>, id: &LedgerId) -> Result<bool, StoreError> {
    Ok(tx.row(IS_UNDONE, p![id]).await?.is_some())
}

/// A user's last `limit` lines, newest first.
pub async fn of_user(tx: &mut Tx<'_>, user: &UserId, limit: i64) -> Result<Vec<Entry>, StoreError> {
    tx.rows(OF_USER, p![user, limit]).await?.iter().map(read).collect()
}

/// Forgets the mailed links that undo a user's lines from `since` on; whoever may change users still can undo them.
pub async fn forget_links_since(tx: &mut Tx<'_>, user: &UserId, since: Timestamp) -> Result<u64, StoreError> {
    tx.exec(FORGET_LINKS_SINCE, p![user, since]).await
}
