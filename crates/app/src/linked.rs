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
use guestlist_domain::identity::{Identity, LinkRule, ProvenIdentity};
use guestlist_domain::ids::IdentityId;
use guestlist_domain::secret::SecretHash;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use guestlist_store::{StoreError, Tx, connections, flows, identities, users};
use serde_json::json;

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
    let key = ledger::linked(app, tx, &identity, new.actor, now).await?;
    ledger::tell_added(app, tx, (new.user, &new.connection.display_name), key, now).await
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
