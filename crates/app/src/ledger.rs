//! The link ledger, written in the transaction of whatever changes a user's ways in. A building block: acts call it, it
//! calls no act.
//!
//! Owns the making of a line, and the mail that tells the owner of it with a link that undoes it. Must not judge: whoever
//! calls has decided.

use crate::app::App;
use crate::error::Unexpected;
use crate::outbox::{self, Letter};
use guestlist_domain::event::Actor;
use guestlist_domain::identity::{Identity, UpstreamIdentity};
use guestlist_domain::ids::{LedgerId, UserId};
use guestlist_domain::ledger::{Entry, Kind, LedgerWay, Proof};
use guestlist_domain::mail::Occasion;
use guestlist_domain::secret::{Purpose, Secret};
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use guestlist_store::{StoreError, Tx, link_ledger};
use serde_json::Map;

/// A line about to be written.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) user: &'a UserId,
    pub(crate) kind: Kind,
    pub(crate) way: Option<LedgerWay>,
    pub(crate) rule: &'a str,
    pub(crate) proofs: &'a [Proof],
    pub(crate) actor: &'a Actor,
}

/// The way in of a line.
pub(crate) fn way_of(claims: &UpstreamIdentity) -> LedgerWay {
    LedgerWay {
        connection: claims.connection.clone(),
        issuer: claims.issuer.clone(),
        subject: claims.subject.clone(),
        email: claims.email.clone(),
    }
}

/// The entry for a line, not stored yet.
pub(crate) fn entry(app: &App, line: Line<'_>, now: Timestamp) -> Entry {
    Entry {
        id: LedgerId::mint(now, app.entropy().bytes()),
        user: line.user.clone(),
        kind: line.kind,
        way: line.way,
        rule: line.rule.to_owned(),
        proofs: line.proofs.to_vec(),
        actor: line.actor.clone(),
        at: now,
        undoes: None,
        details: Map::new(),
    }
}

/// The key to undo a line, for the mail that tells of it.
#[derive(Debug)]
pub(crate) struct UndoKey {
    entry: LedgerId,
    secret: Secret,
}

/// Writes a line that may be undone.
pub(crate) async fn write(app: &App, tx: &mut Tx<'_>, line: Line<'_>, now: Timestamp) -> Result<UndoKey, StoreError> {
    let entry = entry(app, line, now);
    let secret = app.entropy().secret(Purpose::Undo);
    link_ledger::append(tx, &entry, Some(secret.hash())).await?;
    Ok(UndoKey { entry: entry.id, secret })
}

/// Writes that an identity was linked, by the rule that it names.
pub(crate) async fn linked(
    app: &App,
    tx: &mut Tx<'_>,
    identity: &Identity,
    actor: &Actor,
    now: Timestamp,
) -> Result<UndoKey, StoreError> {
    let line = Line {
        user: &identity.user,
        kind: Kind::Linked,
        way: Some(way_of(&identity.claims)),
        rule: identity.linked_by.as_str(),
        proofs: &identity.linked_by.proofs(),
        actor,
    };
    write(app, tx, line, now).await
}

/// Writes that an identity was unlinked: by its owner, by a recovery over the mailbox, over the API.
pub(crate) async fn unlinked(
    app: &App,
    tx: &mut Tx<'_>,
    (user, claims): (&UserId, &UpstreamIdentity),
    proof: Proof,
    actor: &Actor,
    now: Timestamp,
) -> Result<UndoKey, StoreError> {
    let rule = match proof {
        Proof::FreshSignIn => "removed_by_owner",
        Proof::Mailbox => "removed_by_recovery",
        _ => "removed_by_api",
    };
    let line = Line { user, kind: Kind::Unlinked, way: Some(way_of(claims)), rule, proofs: &[proof], actor };
    write(app, tx, line, now).await
}

/// Mails the owner that a way in was added, with the link that undoes it.
pub(crate) async fn tell_added(
    app: &App,
    tx: &mut Tx<'_>,
    (user, provider): (&User, &str),
    key: UndoKey,
    now: Timestamp,
) -> Result<(), Unexpected> {
    let occasion = Occasion::WayInAdded { provider: provider.to_owned(), entry: Some(key.entry) };
    tell(app, tx, Letter::to(user, occasion), &key.secret, now).await
}

/// Mails the owner that a way in was removed, with the link that undoes it.
pub(crate) async fn tell_removed(
    app: &App,
    tx: &mut Tx<'_>,
    (user, provider): (&User, &str),
    key: UndoKey,
    now: Timestamp,
) -> Result<(), Unexpected> {
    let occasion = Occasion::WayInRemoved { provider: provider.to_owned(), entry: Some(key.entry) };
    tell(app, tx, Letter::to(user, occasion), &key.secret, now).await
}

async fn tell(
    app: &App,
    tx: &mut Tx<'_>,
    letter: Letter<'_>,
    secret: &Secret,
    now: Timestamp,
) -> Result<(), Unexpected> {
    if app.sends_mail() { outbox::enqueue_link(app, tx, letter, secret, now).await } else { Ok(()) }
}
