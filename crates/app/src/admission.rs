//! An acceptance carried out. A building block: acts call it, it calls no act.
//!
//! Owns who wins (R3): one guest, whatever stood on the pending row is wiped, exactly the method just proven is
//! attached, and event, mail and session are in the same transaction. Must not decide whether anybody may come in: it is
//! called with the evidence.

mod bring;

pub(crate) use bring::bring;

use crate::app::App;
use crate::history;
use crate::ledger;
use crate::outbox::{self, Letter};
use crate::passwords::PasswordPhc;
use crate::rules::Rule;
use crate::sessions::NewSession;
use crate::slate;
use guestlist_domain::connection::Connection;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::identity::{Identity, LinkRule, ProvenIdentity};
use guestlist_domain::ids::IdentityId;
use guestlist_domain::invitation::Terms;
use guestlist_domain::invitation::{Invitation, OpenInvitation, Proof};
use guestlist_domain::mail::Occasion;
use guestlist_domain::permission::Permission;
use guestlist_domain::session::Method;
use guestlist_domain::slate::Turn;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{ADMIN_ROLE, Lifecycle, Metadata, User, merge_metadata};
use guestlist_store::{StoreError, Tx, clients, identities, invitations, passwords, users};
use serde_json::json;

/// The one way in that the guest just proved.
#[derive(Clone, Debug)]
pub(crate) enum WayIn {
    /// A password, hashed before the transaction.
    Password(PasswordPhc),
    /// An identity at a provider.
    Upstream(Box<Upstream>),
}

/// An identity at a provider, and the connection over which it came.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    pub(crate) who: ProvenIdentity,
    pub(crate) connection: Connection,
}

impl WayIn {
    fn method(&self) -> Method {
        match self {
            Self::Password(_) => Method::Password,
            Self::Upstream(way) => Method::Upstream(way.connection.name.clone()),
        }
    }
}

/// Lets a guest in. [`StoreError::Conflict`] if somebody else was first, or the link died, or the identity was taken
/// meanwhile: on fresh facts the caller finds out which.
pub(crate) async fn admit(
    app: &App,
    tx: &mut Tx<'_>,
    open: OpenInvitation,
    user: User,
    way_in: &WayIn,
    session: &NewSession,
    now: Timestamp,
) -> Result<User, StoreError> {
    let (key, proof) = (open.key().clone(), open.proof());
    let accepted = Invitation::accept(open, way_in.method(), now);
    if !invitations::accept(tx, &accepted, &key).await? {
        return Err(StoreError::Conflict);
    }
    if user.lifecycle == Lifecycle::Active {
        // Acceptance wipes what it finds; a user who is in must never get here, whatever a row says. Asked only now:
        // before, it may be somebody else's acceptance that was committed between two reads.
        let what = "an open invitation of a user who is active".to_owned();
        return Err(StoreError::Inconsistent { table: "invitations", id: accepted.id.to_string(), what });
    }
    slate::wipe(app, tx, &user, Turn::Accepted, now).await?;
    let user = activate(app, tx, user, &accepted, proof, way_in, now).await?;
    attach(app, tx, &user, way_in, now).await?;
    session.begin(tx, &user, way_in.method(), now).await?;
    write_down(app, tx, &user, &accepted, proof, way_in, now).await?;
    Ok(user)
}

async fn activate(
    app: &App,
    tx: &mut Tx<'_>,
    user: User,
    accepted: &Invitation,
    proof: Proof,
    way_in: &WayIn,
    now: Timestamp,
) -> Result<User, StoreError> {
    let terms = &accepted.terms;
    let vouched = match way_in {
        WayIn::Upstream(way) => way.who.vouched_address(&way.connection),
        WayIn::Password(_) => None,
    };
    let is_proven = proof.proves(&accepted.email, vouched);
    let mut roles = user.roles.clone();
    if terms.roles.iter().any(|role| role == ADMIN_ROLE) && may_still_grant(app, tx, &accepted.invited_by).await? {
        roles.push(ADMIN_ROLE.to_owned());
        roles.dedup();
    }
    let told = match way_in {
        WayIn::Upstream(way) => way.who.claims().profile.clone(),
        WayIn::Password(_) => guestlist_domain::user::Profile::default(),
    };
    let (user_metadata, app_metadata) = merge_terms(&user, terms);
    let epoch = slate::epoch_after(app, &user, Turn::Accepted);
    let active = User {
        // Where the row was moved, by whatever fault, it comes back (case 67).
        email: if app.keeps(Rule::CleanSlate) { accepted.email.clone() } else { user.email.clone() },
        email_verified: is_proven || proof == Proof::Vouched,
        email_proven_at: is_proven.then_some(now),
        lifecycle: Lifecycle::Active,
        roles,
        profile: user.profile.or(told),
        user_metadata,
        app_metadata,
        // Whatever was minted for the pending row, by whatever fault, is of an older epoch (R20).
        epoch,
        updated_at: now,
        last_login_at: Some(now),
        logins_count: user.logins_count + 1,
        ..user
    };
    users::save(tx, &active).await?;
    Ok(User { version: active.version + 1, ..active })
}

/// The user's metadata with what the invitation carries.
fn merge_terms(user: &User, terms: &Terms) -> (Metadata, Metadata) {
    let merge = |current: &Metadata, carried: &Metadata| {
        if carried.is_empty() { current.clone() } else { merge_metadata(current.clone(), carried.clone()) }
    };
    (merge(&user.user_metadata, &terms.user_metadata), merge(&user.app_metadata, &terms.app_metadata))
}

/// Whether whoever invited could still invite an administrator today (case 10).
async fn may_still_grant(app: &App, tx: &mut Tx<'_>, inviter: &Actor) -> Result<bool, StoreError> {
    Ok(match inviter {
        Actor::Operator | Actor::System => true,
        Actor::User(id) => users::find(tx, id).await?.is_some_and(|user| user.is_admin()),
        Actor::Client(id) => {
            let grant = clients::find_grant(tx, id, &app.public_url().management_audience()).await?;
            grant.is_some_and(|grant| grant.allows(Permission::CreateInvitations))
        }
        Actor::Guest => false,
    })
}

async fn attach(app: &App, tx: &mut Tx<'_>, user: &User, way_in: &WayIn, now: Timestamp) -> Result<(), StoreError> {
    match way_in {
        WayIn::Password(phc) => passwords::set(tx, &user.id, phc.as_str(), now).await,
        WayIn::Upstream(way) => {
            let identity = Identity {
                id: IdentityId::mint(now, app.entropy().bytes()),
                user: user.id.clone(),
                claims: way.who.claims().clone(),
                linked_by: LinkRule::Acceptance,
                linked_at: now,
                last_used_at: Some(now),
            };
            if !identities::insert(tx, &identity).await? {
                return Err(StoreError::Conflict);
            }
            let actor = Actor::User(user.id.clone());
            ledger::founded(app, tx, (&user.id, &identity.claims), &actor, now).await
        }
    }
}

async fn write_down(
    app: &App,
    tx: &mut Tx<'_>,
    user: &User,
    accepted: &Invitation,
    proof: Proof,
    way_in: &WayIn,
    now: Timestamp,
) -> Result<(), StoreError> {
    let actor = Actor::User(user.id.clone());
    let mut about = About::invitation(accepted);
    if let WayIn::Upstream(way) = way_in {
        about = about.with_connection(&way.connection.id);
    }
    let mut facts = vec![("method", json!(way_in.method().to_word())), ("proof", json!(proof.as_str()))];
    if !accepted.terms.roles.is_empty() {
        // What the invitation promised and what it came to may differ.
        facts.push(("roles", json!(user.roles)));
    }
    history::record_with(app, tx, now, (EventKind::InvitationAccepted, &actor, about.clone()), &facts).await?;
    history::record(app, tx, now, EventKind::LoginSucceeded, &actor, about).await?;
    let locale = accepted.terms.locale.as_deref();
    outbox::enqueue(app, tx, Letter { locale, ..Letter::to(user, Occasion::Welcome) }, now).await
}
