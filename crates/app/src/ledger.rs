//! The link ledger, written in the transaction of whatever changes a user's ways in. A building block: acts call it, it
//! calls no act.
//!
//! Owns the making of a line, and the mail that tells the owner of it with a link that undoes it. Must not judge: whoever
//! calls has decided.

use crate::app::App;
use crate::error::Unexpected;
use crate::outbox::{self, Letter};
use guestlist_domain::event::Actor;
use guestlist_domain::identity::{LinkRule, UpstreamIdentity};
use guestlist_domain::ids::{LedgerId, UserId};
use guestlist_domain::ledger::{Entry, Kind, LedgerWay, Proof, Rule};
use guestlist_domain::mail::Occasion;
use guestlist_domain::secret::Purpose;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use guestlist_store::{StoreError, Tx, link_ledger};
use serde_json::Map;

/// A line about to be written.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) user: &'a UserId,
    pub(crate) way: Option<LedgerWay>,
    pub(crate) rule: Rule,
    /// On what it stands beside what its rule stands on.
    pub(crate) besides: Option<Proof>,
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
        way: line.way,
        rule: line.rule,
        proofs: line.besides.into_iter().chain(line.rule.proofs().iter().copied()).collect(),
        actor: line.actor.clone(),
        at: now,
        undoes: None,
        details: Map::new(),
    }
}

/// Writes how the account began. Nobody is told, and it cannot be undone.
pub(crate) async fn founded(
    app: &App,
    tx: &mut Tx<'_>,
    (user, claims): (&UserId, &UpstreamIdentity),
    actor: &Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    let rule = Rule::Link(LinkRule::Acceptance);
    let line = Line { user, way: Some(way_of(claims)), rule, besides: None, actor };
    link_ledger::append(tx, &entry(app, line, now), None).await.map(drop)
}

/// Writes that a way in came or went, over `provider`, and mails the owner of it with a link that undoes it.
pub(crate) async fn changed(
    app: &App,
    tx: &mut Tx<'_>,
    (user, claims, provider): (&User, &UpstreamIdentity, &str),
    (rule, actor): (Rule, &Actor),
    now: Timestamp,
) -> Result<(), Unexpected> {
    let line = Line { user: &user.id, way: Some(way_of(claims)), rule, besides: None, actor };
    let entry = entry(app, line, now);
    let secret = app.entropy().secret(Purpose::Undo);
    link_ledger::append(tx, &entry, Some(secret.hash())).await?;
    if !app.sends_mail() {
        return Ok(());
    }
    let letter = Letter::to(user, news(rule, provider, Some(entry.id)));
    outbox::enqueue_link(app, tx, letter, &secret, now).await
}

/// The mail about a change; with the line that its link undoes, if it can be.
pub(crate) fn news(rule: Rule, provider: &str, entry: Option<LedgerId>) -> Occasion {
    let provider = provider.to_owned();
    match rule.kind() {
        Kind::Linked | Kind::Merged => Occasion::WayInAdded { provider, entry },
        Kind::Unlinked => Occasion::WayInRemoved { provider, entry },
    }
}
