//! What an inviter may do with an open invitation: send it again, copy its link, change it, take it back.

use super::request::{InvitationLink, Patch, millis};
use super::{InviteError, check_result_url, check_terms, letter};
use crate::app::App;
use crate::history;
use crate::outbox;
use crate::rules::Rule;
use crate::throttle;
use guestlist_domain::email::Email;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::ids::{ClientId, InvitationId, UserId};
use guestlist_domain::invitation::{Invitation, Link, MAX_LIFETIME, Terms};
use guestlist_domain::secret::{Purpose, Secret};
use guestlist_domain::ticket::Channel;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Standing, User};
use guestlist_store::{Tx, clients, invitations, outbox as mails, users};
use std::time::Duration;

/// An invitation with a new link.
#[derive(Clone, Debug)]
pub struct Renewed {
    /// The invitation.
    pub invitation: Invitation,
    /// The link, only where no mail carries it.
    pub link: Option<InvitationLink>,
}

/// Writes a link down, and queues its mail if it travels by mail.
pub(crate) async fn write_link(
    app: &App,
    tx: &mut Tx<'_>,
    invitation: &Invitation,
    link: &Link,
    secret: &Secret,
    now: Timestamp,
) -> Result<(), InviteError> {
    invitations::insert_link(tx, link, secret.hash(), now).await?;
    match link.channel {
        Channel::Mailed => Ok(outbox::enqueue_link(app, tx, letter(invitation), secret, now).await?),
        Channel::Handed => Ok(()),
    }
}

pub(super) async fn allow_another_mail(tx: &mut Tx<'_>, email: &Email, now: Timestamp) -> Result<(), InviteError> {
    let knock = throttle::knock_for(tx, throttle::RESEND, email, now).await?;
    knock.map_err(|retry_after| InviteError::TooMany { retry_after })
}

/// A new link for an open invitation, by mail where mails go out; every older one dies.
pub(crate) async fn renew_by_mail(
    app: &App,
    tx: &mut Tx<'_>,
    invitation: Invitation,
    by: &Actor,
    secret: &Secret,
    now: Timestamp,
) -> Result<Renewed, InviteError> {
    let channel = if app.sends_mail() { Channel::Mailed } else { Channel::Handed };
    allow_another_mail(tx, &invitation.email, now).await?;
    let (invitation, link) = invitation.renew(channel, now)?;
    invitations::save(tx, &invitation).await?;
    write_link(app, tx, &invitation, &link, secret, now).await?;
    history::record(app, tx, now, EventKind::InvitationResent, by, About::invitation(&invitation)).await?;
    let link = (channel == Channel::Handed).then(|| InvitationLink::new(app, secret));
    Ok(Renewed { invitation, link })
}

/// Sends an invitation again; its older links die.
pub async fn resend(app: &App, id: &InvitationId, by: &Actor) -> Result<Renewed, InviteError> {
    let (now, house, id, by) = (app.now(), app.clone(), id.clone(), by.clone());
    let secret = app.entropy().secret(Purpose::Invitation);
    let renewed = app
        .write(move |tx| {
            let (app, id, by, secret) = (house.clone(), id.clone(), by.clone(), secret.clone());
            Box::pin(async move {
                let invitation = invitations::find(tx, &id).await?.ok_or(InviteError::NotFound)?;
                renew_by_mail(&app, tx, invitation, &by, &secret, now).await
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(renewed)
}

/// A link to copy. The mailed one stays good; an older copied one dies.
pub async fn copy_link(app: &App, id: &InvitationId, by: &Actor) -> Result<Renewed, InviteError> {
    let (now, house, id, by) = (app.now(), app.clone(), id.clone(), by.clone());
    let secret = app.entropy().secret(Purpose::Invitation);
    app.write(move |tx| {
        let (app, id, by, secret) = (house.clone(), id.clone(), by.clone(), secret.clone());
        Box::pin(async move {
            let invitation = invitations::find(tx, &id).await?.ok_or(InviteError::NotFound)?;
            let (invitation, link) = invitation.hand_out(now)?;
            invitations::save(tx, &invitation).await?;
            write_link(&app, tx, &invitation, &link, &secret, now).await?;
            let about = About::invitation(&invitation);
            let facts = [("copied", serde_json::json!(true))];
            history::record_with(&app, tx, now, (EventKind::InvitationUpdated, &by, about), &facts).await?;
            Ok(Renewed { invitation, link: Some(InvitationLink::new(&app, &secret)) })
        })
    })
    .await
}

/// Takes an invitation back. Its links die at once, its waiting mail is not sent, its user stays inert.
pub async fn revoke(app: &App, id: &InvitationId, by: &Actor) -> Result<Invitation, InviteError> {
    let (now, house, id, by) = (app.now(), app.clone(), id.clone(), by.clone());
    app.write(move |tx| {
        let (app, id, by) = (house.clone(), id.clone(), by.clone());
        Box::pin(async move {
            let invitation = invitations::find(tx, &id).await?.ok_or(InviteError::NotFound)?;
            let revoked = invitation.revoke(by.clone(), now)?;
            invitations::save(tx, &revoked).await?;
            mails::cancel_of_invitation(tx, &id, now).await?;
            history::record(&app, tx, now, EventKind::InvitationRevoked, &by, About::invitation(&revoked)).await?;
            Ok(revoked)
        })
    })
    .await
}

/// Changes an open invitation. Another address gets a new link by mail; where no mail goes out, the answer carries it.
pub async fn patch(app: &App, id: &InvitationId, patch: Patch, by: &Actor) -> Result<Renewed, InviteError> {
    let (now, house, id, by) = (app.now(), app.clone(), id.clone(), by.clone());
    let secret = app.entropy().secret(Purpose::Invitation);
    let renewed = app
        .write(move |tx| {
            let (app, id, by) = (house.clone(), id.clone(), by.clone());
            let (patch, secret) = (patch.clone(), secret.clone());
            Box::pin(async move {
                let invitation = invitations::find(tx, &id).await?.ok_or(InviteError::NotFound)?;
                patch_in(&app, tx, invitation, patch, &by, &secret, now).await
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(renewed)
}

async fn patch_in(
    app: &App,
    tx: &mut Tx<'_>,
    mut invitation: Invitation,
    patch: Patch,
    by: &Actor,
    secret: &Secret,
    now: Timestamp,
) -> Result<Renewed, InviteError> {
    if let Some(roles) = patch.roles {
        invitation.terms.roles = roles;
        check_terms(app, tx, &invitation.terms, by).await?;
    }
    if let Some(lifetime) = patch.lifetime {
        invitation = invitation.change_lifetime(lifetime.min(MAX_LIFETIME), now)?;
    }
    let moved = patch.email.filter(|email| *email != invitation.email);
    if let Some(email) = &moved {
        invitation = invitation.change_address(email.clone())?;
        move_user(tx, &invitation, email, now).await?;
    }
    history::record(app, tx, now, EventKind::InvitationUpdated, by, About::invitation(&invitation)).await?;
    if moved.is_some() {
        return renew_by_mail(app, tx, invitation, by, secret, now).await;
    }
    // Refuses an invitation that has ended, also where nothing but roles was to change.
    let expires_at = invitation.expires_at();
    if expires_at.is_none() {
        invitation.clone().revoke(by.clone(), now)?;
    }
    invitations::save(tx, &invitation).await?;
    Ok(Renewed { invitation: Invitation { version: invitation.version + 1, ..invitation }, link: None })
}

/// The pending user's address follows the invitation's.
async fn move_user(tx: &mut Tx<'_>, invitation: &Invitation, email: &Email, now: Timestamp) -> Result<(), InviteError> {
    if let Some(other) = users::holder_of(tx, email, now).await? {
        return Err(match invitations::find_pending(tx, &other.id).await? {
            Some(open) => InviteError::AlreadyPending(open.id),
            None => InviteError::AlreadyActive(other.id),
        });
    }
    let user = users::find(tx, &invitation.user).await?.ok_or(InviteError::NotFound)?;
    let moved = User { email: email.clone(), email_verified: false, email_proven_at: None, updated_at: now, ..user };
    Ok(users::save_moved(tx, &moved, now).await?)
}

/// What a ticket of the Management API says (`auth0-contract.md`, section 3.2).
#[derive(Clone, Debug, Default)]
pub struct TicketTerms {
    /// Which application to go back to.
    pub client: Option<ClientId>,
    /// Where to go afterwards.
    pub result_url: Option<String>,
    /// How long it is good.
    pub lifetime: Duration,
    /// The caller's word that the address is the user's.
    pub mark_email_as_verified: bool,
    /// Whether to tell `result_url` the address.
    pub include_email_in_redirect: bool,
}

/// A ticket for a user who is only on the list: the link of an invitation, made if there is none. Every older link
/// dies. `None` if the user is not pending, so that the ticket is one for a reset.
pub async fn ticket_for(
    app: &App,
    user: &UserId,
    terms: TicketTerms,
    by: &Actor,
) -> Result<Option<InvitationLink>, InviteError> {
    let (now, house, user, by) = (app.now(), app.clone(), user.clone(), by.clone());
    let (id, secret) = (InvitationId::mint(now, app.entropy().bytes()), app.entropy().secret(Purpose::Invitation));
    app.write(move |tx| {
        let (app, id, user, by) = (house.clone(), id.clone(), user.clone(), by.clone());
        let (terms, secret) = (terms.clone(), secret.clone());
        Box::pin(async move {
            let user = users::find(tx, &user).await?.ok_or(InviteError::NotFound)?;
            if user.standing() != Standing::Pending || !app.keeps(Rule::PendingIsInert) {
                return Ok(None);
            }
            ticket_in(&app, tx, &user, terms, &by, (id, &secret), now).await.map(Some)
        })
    })
    .await
}

async fn ticket_in(
    app: &App,
    tx: &mut Tx<'_>,
    user: &User,
    ticket: TicketTerms,
    by: &Actor,
    (id, secret): (InvitationId, &Secret),
    now: Timestamp,
) -> Result<InvitationLink, InviteError> {
    let client = match &ticket.client {
        Some(client) => Some(clients::find(tx, client).await?.ok_or(InviteError::UnknownClient)?),
        None => None,
    };
    if let Some(url) = &ticket.result_url {
        check_result_url(app, tx, url, client.as_ref()).await?;
    }
    let open = invitations::find_pending(tx, &user.id).await?;
    let carried = open.as_ref().map(|open| open.terms.clone()).unwrap_or_default();
    let terms = Terms {
        client: ticket.client.or(carried.client),
        result_url: ticket.result_url,
        mark_email_as_verified: ticket.mark_email_as_verified,
        include_email_in_redirect: ticket.include_email_in_redirect,
        lifetime_ms: millis(ticket.lifetime),
        ..carried
    };
    let link = if let Some(open) = open {
        let (renewed, link) = Invitation { terms, ..open }.renew(Channel::Handed, now)?;
        invitations::save(tx, &renewed).await?;
        mails::cancel_of_invitation(tx, &renewed.id, now).await?;
        history::record(app, tx, now, EventKind::InvitationResent, by, About::invitation(&renewed)).await?;
        link
    } else {
        let fresh = Invitation::new(id, user.id.clone(), user.email.clone(), terms, by.clone(), now);
        let (fresh, link) = fresh.renew(Channel::Handed, now)?;
        invitations::insert(tx, &fresh).await?;
        history::record(app, tx, now, EventKind::InvitationCreated, by, About::invitation(&fresh)).await?;
        link
    };
    invitations::insert_link(tx, &link, secret.hash(), now).await?;
    Ok(InvitationLink::new(app, secret))
}
