//! An invitation brought to somebody who is here already.
//!
//! The row that waited on the list is no more: its subject was never told to any application, as nothing can be minted
//! for a pending user, and is retired. What the invitation grants, the account gets. Both mailboxes hear of it, because
//! the invited address and the account's may be of two people.

use super::{may_still_grant, merge_terms};
use crate::app::App;
use crate::history;
use crate::outbox::{self, Letter};
use crate::slate;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::invitation::{Invitation, OpenInvitation, State};
use guestlist_domain::mail::Occasion;
use guestlist_domain::session::Method;
use guestlist_domain::slate::Turn;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{ADMIN_ROLE, Lifecycle, User};
use guestlist_store::{StoreError, Tx, invitations, outbox as mails, users};
use serde_json::json;

/// Accepts for `account`, who proved by `method` to be here. [`StoreError::Conflict`] if somebody else was first or the
/// link died meanwhile. The answer is the account as it is now.
pub(crate) async fn bring(
    app: &App,
    tx: &mut Tx<'_>,
    open: OpenInvitation,
    account: User,
    method: &Method,
    now: Timestamp,
) -> Result<User, StoreError> {
    let (key, waiting) = (open.key().clone(), open.invitation().user.clone());
    let accepted = Invitation::bring_to(open, account.id.clone(), method.clone(), now);
    if !invitations::accept(tx, &accepted, &key).await? {
        return Err(StoreError::Conflict);
    }
    let waiting = users::find(tx, &waiting).await?.ok_or(StoreError::Conflict)?;
    if waiting.lifecycle != Lifecycle::Pending {
        let what = "an open invitation of a user who is active".to_owned();
        return Err(StoreError::Inconsistent { table: "invitations", id: accepted.id.to_string(), what });
    }
    invitations::move_to(tx, &account.id, &waiting.id).await?;
    mails::cancel_of_invitation(tx, &accepted.id, now).await?;
    slate::wipe(app, tx, &waiting, Turn::Accepted, now).await?;
    users::delete(tx, &waiting.id, now).await?;
    let account = grant(app, tx, account, &accepted, now).await?;
    write_down(app, tx, &accepted, &waiting, &account, now).await?;
    Ok(account)
}

/// What the invitation carries, given to an account that has a life of its own: nothing of it is overwritten but by the
/// metadata that the inviter said.
async fn grant(
    app: &App,
    tx: &mut Tx<'_>,
    account: User,
    accepted: &Invitation,
    now: Timestamp,
) -> Result<User, StoreError> {
    let terms = &accepted.terms;
    let mut roles = account.roles.clone();
    let promised = terms.roles.iter().any(|role| role == ADMIN_ROLE) && !roles.iter().any(|role| role == ADMIN_ROLE);
    if promised && may_still_grant(app, tx, &accepted.invited_by).await? {
        roles.push(ADMIN_ROLE.to_owned());
    }
    let (user_metadata, app_metadata) = merge_terms(&account, terms);
    let granted = User { roles, user_metadata, app_metadata, updated_at: now, ..account };
    users::save(tx, &granted).await?;
    Ok(User { version: granted.version + 1, ..granted })
}

async fn write_down(
    app: &App,
    tx: &mut Tx<'_>,
    accepted: &Invitation,
    waiting: &User,
    account: &User,
    now: Timestamp,
) -> Result<(), StoreError> {
    let actor = Actor::User(account.id.clone());
    let mut facts = vec![("brought_from", json!(waiting.id)), ("roles", json!(account.roles))];
    if let State::Accepted { by, proof, .. } = &accepted.state {
        facts.extend([("method", json!(by.to_word())), ("proof", json!(proof.as_str()))]);
    }
    let happened = (EventKind::InvitationAccepted, &actor, About::invitation(accepted));
    history::record_with(app, tx, now, happened, &facts).await?;
    let gone = (EventKind::UserDeleted, &Actor::System, About::user(&waiting.id));
    history::record_with(app, tx, now, gone, &[("brought_to", json!(account.id))]).await?;
    for to in [&accepted.email, &account.email] {
        let (invited, account_address) = (accepted.email.clone(), account.email.clone());
        let occasion = Occasion::InvitationBrought { invited, account: account_address };
        let locale = accepted.terms.locale.as_deref();
        outbox::enqueue(app, tx, Letter { occasion, to, user: &account.id, locale }, now).await?;
    }
    Ok(())
}
