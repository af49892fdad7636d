//! Another way in, added to a user. A building block: acts call it, it calls no act.
//!
//! Owns the writes of a link: row, event and the mail to the owner. Must not decide whether it may be.

use crate::app::App;
use crate::error::Unexpected;
use crate::history;
use crate::ledger;
use guestlist_domain::connection::Connection;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::flow::Step;
use guestlist_domain::identity::{Identity, LinkRule, ProvenIdentity, UpstreamIdentity};
use guestlist_domain::ids::IdentityId;
use guestlist_domain::ledger::Rule;
use guestlist_domain::secret::SecretHash;
use guestlist_domain::time::{Timestamp, days};
use guestlist_domain::user::User;
use guestlist_store::{StoreError, Tx, connections, flows, identities, users};
use serde_json::json;
use std::time::Duration;

/// A link about to be made.
#[derive(Clone, Copy)]
pub(crate) struct NewLink<'a> {
    pub(crate) user: &'a User,
    pub(crate) who: &'a ProvenIdentity,
    pub(crate) connection: &'a Connection,
    pub(crate) rule: LinkRule,
    pub(crate) actor: &'a Actor,
}

/// Adds an identity to a user. Linking again what the user has already changes nothing; what belongs to somebody else
/// is a [`StoreError::Conflict`], and on fresh facts the decision is another.
pub(crate) async fn link(app: &App, tx: &mut Tx<'_>, new: NewLink<'_>, now: Timestamp) -> Result<(), Unexpected> {
    // A recovery or a block between the reading and now ended the session on which this link stands.
    if !users::hold(tx, new.user).await? {
        return Err(StoreError::Conflict.into());
    }
    let claims = new.who.claims();
    let identity = Identity {
        id: IdentityId::mint(now, app.entropy().bytes()),
        user: new.user.id.clone(),
        claims: claims.clone(),
        linked_by: new.rule,
        linked_at: now,
        last_used_at: None,
    };
    if !identities::insert(tx, &identity).await? {
        let owner = identities::find(tx, &claims.issuer, &claims.subject).await?;
        let is_theirs = owner.is_some_and(|owner| owner.user == new.user.id);
        return if is_theirs { Ok(()) } else { Err(StoreError::Conflict.into()) };
    }
    let about = About::user(&new.user.id).with_connection(&new.connection.id);
    let facts = [("rule", json!(new.rule.as_str()))];
    history::record_with(app, tx, now, (EventKind::UserLinked, new.actor, about), &facts).await?;
    let way = (new.user, &identity.claims, new.connection.display_name.as_str());
    ledger::changed(app, tx, way, (Rule::Link(new.rule), new.actor), now).await
}

/// How long an identity that was taken off a user is remembered, so that it can be put back.
const REMEMBERED_FOR: Duration = days(30);

/// Why an identity was not put back.
pub(crate) enum NotPutBack {
    /// This user never had it, or not lately.
    Unknown,
    /// It belongs to somebody by now.
    Taken,
}

/// Puts back an identity that was taken off this very user: the row alone. Whoever calls has decided, and writes down
/// that it happened.
pub(crate) async fn put_back(
    app: &App,
    tx: &mut Tx<'_>,
    (user, connection, subject): (&User, &Connection, &str),
    rule: LinkRule,
    now: Timestamp,
) -> Result<Result<UpstreamIdentity, NotPutBack>, StoreError> {
    let since = now.minus(REMEMBERED_FOR);
    let remembered = identities::find_unlinked(tx, &user.id, &connection.id, subject, since).await?;
    let Some(claims) = remembered else { return Ok(Err(NotPutBack::Unknown)) };
    let identity = Identity {
        id: IdentityId::mint(now, app.entropy().bytes()),
        user: user.id.clone(),
        claims,
        linked_by: rule,
        linked_at: now,
        last_used_at: None,
    };
    let is_free = identities::insert(tx, &identity).await?;
    Ok(if is_free { Ok(identity.claims) } else { Err(NotPutBack::Taken) })
}

/// The second half of the merge rule's question: this browser came back from a provider as somebody whose address is
/// proven here, and now that very user signed in, in the same browser and in time. Two proofs: linked.
pub(crate) async fn link_if_proven(
    app: &App,
    tx: &mut Tx<'_>,
    browser: SecretHash,
    user: &User,
    now: Timestamp,
) -> Result<bool, Unexpected> {
    let Some(flow) = flows::find_waiting(tx, browser, "proving_user", now).await? else { return Ok(false) };
    let Step::ProvingUser { user: asked, identity } = &flow.step else { return Ok(false) };
    if *asked != user.id || !flows::advance(tx, &flow, &Step::Done, now).await? {
        return Ok(false);
    }
    let Some(connection) = connections::find(tx, &flow.connection).await?.filter(|found| found.enabled) else {
        return Ok(false);
    };
    let actor = Actor::User(user.id.clone());
    let rule = LinkRule::ConfirmedAtSignIn;
    link(app, tx, NewLink { user, who: identity, connection: &connection, rule, actor: &actor }, now).await?;
    Ok(true)
}
