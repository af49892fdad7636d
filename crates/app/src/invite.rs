//! Putting people on the list, and what an inviter may do with an invitation afterwards.
//!
//! Owns inviting by every road: API, ticket, command line, console. All of them end in the same rows, written together:
//! user, invitation, mail and event. Must not know what the guest does with the link.

mod list;
mod renew;
mod request;

pub use list::{Shown, count, list, show};
pub use renew::{Renewed, TicketTerms, copy_link, patch, resend, revoke, ticket_for};
pub(crate) use renew::{renew_by_mail, write_link};
pub use request::{Idempotency, InvitationLink, Invite, Invited, Patch};

use crate::app::App;
use crate::error::{Unexpected, act_errors};
use crate::history;
use crate::outbox::Letter;
use guestlist_domain::client::Client;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::ids::{InvitationId, UserId};
use guestlist_domain::invitation::{self, Invitation, Terms};
use guestlist_domain::mail::Occasion;
use guestlist_domain::secret::{Purpose, Secret, SecretHash};
use guestlist_domain::ticket::Channel;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{ADMIN_ROLE, Standing, User};
use guestlist_store::{Tx, clients, connections, idempotency, invitations, users};
use std::time::Duration;
use thiserror::Error;
use url::Url;

/// Why somebody was not invited, or an invitation not changed.
#[derive(Debug, Error)]
pub enum InviteError {
    /// The address has an open invitation.
    #[error("this address is invited already")]
    AlreadyPending(InvitationId),
    /// The address belongs to a user who is in.
    #[error("this address has an account already")]
    AlreadyActive(UserId),
    /// No such application.
    #[error("The client does not exist")]
    UnknownClient,
    /// No such connection, or not one that the application uses.
    #[error("the connection {0} does not exist or is not enabled for the application")]
    UnknownConnection(String),
    /// No such role.
    #[error("the role {0} does not exist")]
    UnknownRole(String),
    /// The inviter may not grant what the invitation would.
    #[error("only an administrator can invite an administrator")]
    MayNotGrant,
    /// The result address is registered nowhere.
    #[error(
        "result_url is not registered: add it to the application's callbacks or allowed_logout_urls, or make it its \
         initiate_login_uri"
    )]
    ResultUrl,
    /// Too many mails to this address.
    #[error("too many mails to this address; try again later")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The same key came with another request.
    #[error("this Idempotency-Key was used for another request")]
    KeyReused,
    /// No such invitation, or no such user.
    #[error("The invitation does not exist.")]
    NotFound,
    /// It has ended, and how.
    #[error(transparent)]
    Ended(#[from] invitation::Ended),
    /// No fault of the caller's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}
act_errors!(InviteError);

/// Invites somebody. The same `Idempotency-Key` gives the same answer.
pub async fn invite(app: &App, request: Invite) -> Result<Invited, InviteError> {
    let (now, house) = (app.now(), app.clone());
    let (id, secret) = (InvitationId::mint(now, app.entropy().bytes()), app.entropy().secret(Purpose::Invitation));
    let user = UserId::mint(now, app.entropy().bytes());
    let invited = app
        .write(move |tx| {
            let (app, request) = (house.clone(), request.clone());
            let (id, user, secret) = (id.clone(), user.clone(), secret.clone());
            Box::pin(async move {
                if let Some(given) = given_before(&app, tx, &request, now).await? {
                    return Ok(given);
                }
                let invited = invite_in(&app, tx, &request, (id, user, &secret), now).await?;
                remember(&app, tx, &request, &invited, now).await?;
                Ok::<_, InviteError>(invited)
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(invited)
}

async fn invite_in(
    app: &App,
    tx: &mut Tx<'_>,
    request: &Invite,
    (id, new_user, secret): (InvitationId, UserId, &Secret),
    now: Timestamp,
) -> Result<Invited, InviteError> {
    check_terms(app, tx, &request.terms, &request.by).await?;
    let user = waiting_user(app, tx, request, new_user, now).await?;
    let invitation =
        Invitation::new(id, user.id.clone(), user.email.clone(), request.terms.clone(), request.by.clone(), now);
    let is_mailed = request.send_email && app.sends_mail();
    let channel = if is_mailed { Channel::Mailed } else { Channel::Handed };
    let (invitation, link) = invitation.renew(channel, now)?;
    invitations::insert(tx, &invitation).await?;
    write_link(app, tx, &invitation, &link, secret, now).await?;
    history::record(app, tx, now, EventKind::InvitationCreated, &request.by, About::invitation(&invitation)).await?;
    Ok(Invited::new(app, &invitation, is_mailed, (!is_mailed).then_some(secret), now))
}

/// The user row that will wait for the guest: a new one, or one that waits already without an open invitation.
async fn waiting_user(
    app: &App,
    tx: &mut Tx<'_>,
    request: &Invite,
    new_user: UserId,
    now: Timestamp,
) -> Result<User, InviteError> {
    let Some(user) = users::holder_of(tx, &request.email, now).await? else {
        let mut user = User::invited(new_user, request.email.clone(), now);
        user.profile.name.clone_from(&request.name);
        users::insert(tx, &user).await?;
        history::record(app, tx, now, EventKind::UserCreated, &request.by, About::user(&user.id)).await?;
        return Ok(user);
    };
    match user.standing() {
        Standing::Pending => {}
        Standing::Active | Standing::Blocked => return Err(InviteError::AlreadyActive(user.id)),
    }
    if let Some(open) = invitations::find_pending(tx, &user.id).await? {
        if open.status(now) == invitation::Status::Pending {
            return Err(InviteError::AlreadyPending(open.id));
        }
        // Its time is over, and a new one takes its place: at most one of a user is open.
        invitations::save(tx, &open.revoke(request.by.clone(), now)?).await?;
    }
    renew::allow_another_mail(tx, &user.email, now).await?;
    Ok(user)
}

/// What an invitation may say and grant.
async fn check_terms(app: &App, tx: &mut Tx<'_>, terms: &Terms, by: &Actor) -> Result<(), InviteError> {
    let client = match &terms.client {
        Some(id) => Some(clients::find(tx, id).await?.ok_or(InviteError::UnknownClient)?),
        None => None,
    };
    if let Some(names) = &terms.connections {
        let usable = connections::usable(tx, terms.client.as_ref(), None).await?;
        let missing = names.iter().find(|name| usable.iter().all(|connection| connection.name != **name));
        if let Some(name) = missing {
            return Err(InviteError::UnknownConnection(name.clone()));
        }
    }
    if let Some(role) = terms.roles.iter().find(|role| *role != ADMIN_ROLE) {
        return Err(InviteError::UnknownRole(role.clone()));
    }
    if let (false, Actor::User(inviter)) = (terms.roles.is_empty(), by) {
        let may = users::find(tx, inviter).await?.is_some_and(|user| user.is_admin());
        if !may {
            return Err(InviteError::MayNotGrant);
        }
    }
    match &terms.result_url {
        Some(url) => check_result_url(app, tx, url, client.as_ref()).await,
        None => Ok(()),
    }
}

/// Applications are few: an administrator makes each.
const EVERY_CLIENT: i64 = 10_000;

/// Whether a guest may be sent to `url` (`product.md`, section 7): a place of the client, or of any if none is named.
pub(crate) async fn check_result_url(
    _app: &App,
    tx: &mut Tx<'_>,
    url: &str,
    client: Option<&Client>,
) -> Result<(), InviteError> {
    let url = Url::parse(url).map_err(|_| InviteError::ResultUrl)?;
    let is_registered = match client {
        Some(client) => client.may_land_on(&url),
        None => clients::page(tx, 0, EVERY_CLIENT).await?.iter().any(|client| client.may_land_on(&url)),
    };
    if is_registered { Ok(()) } else { Err(InviteError::ResultUrl) }
}

/// The use of the master key for answers that are kept.
const ANSWERS: &str = "idempotency";

async fn given_before(
    app: &App,
    tx: &mut Tx<'_>,
    request: &Invite,
    now: Timestamp,
) -> Result<Option<Invited>, InviteError> {
    let Some(key) = &request.idempotency else { return Ok(None) };
    let Some(given) = idempotency::find(tx, &request.by, key.key, now).await? else { return Ok(None) };
    if given.request != key.request {
        return Err(InviteError::KeyReused);
    }
    let plain = app.seal().open(ANSWERS, &given.sealed_answer)?;
    let answer = serde_json::from_slice(&plain).map_err(|_| Unexpected::Seal(ANSWERS))?;
    Ok(Some(answer))
}

async fn remember(
    app: &App,
    tx: &mut Tx<'_>,
    request: &Invite,
    invited: &Invited,
    now: Timestamp,
) -> Result<(), InviteError> {
    let Some(key) = &request.idempotency else { return Ok(()) };
    let plain = serde_json::to_vec(invited).map_err(|error| Unexpected::Broken(error.to_string()))?;
    let sealed_answer = app.seal().seal(ANSWERS, &plain, app.entropy())?;
    let given = idempotency::Given { request: key.request, sealed_answer };
    Ok(idempotency::insert(tx, &request.by, key.key, &given, now).await?)
}

/// The first administrator's way in, while there is no administrator: a fresh link, handed to whoever may start the
/// server; older ones die. `None` once somebody can open the console.
pub async fn first_administrator(app: &App) -> Result<Option<InvitationLink>, InviteError> {
    let (now, house) = (app.now(), app.clone());
    let (id, secret) = (InvitationId::mint(now, app.entropy().bytes()), app.entropy().secret(Purpose::Invitation));
    let new_user = UserId::mint(now, app.entropy().bytes());
    app.write(move |tx| {
        let (app, id, secret, new_user) = (house.clone(), id.clone(), secret.clone(), new_user.clone());
        Box::pin(async move {
            if users::has_administrator(tx).await? {
                return Ok(None);
            }
            let request = Invite::first_administrator(app.first_administrator().clone());
            let waiting = match users::find_by_email(tx, &request.email).await? {
                Some(user) => invitations::find_pending(tx, &user.id).await?,
                None => None,
            };
            let Some(invitation) = waiting else {
                let invited = invite_in(&app, tx, &request, (id, new_user, &secret), now).await?;
                return Ok(invited.link);
            };
            let (invitation, link) = invitation.renew(Channel::Handed, now)?;
            invitations::save(tx, &invitation).await?;
            write_link(&app, tx, &invitation, &link, &secret, now).await?;
            Ok(Some(InvitationLink::new(&app, &secret)))
        })
    })
    .await
}

/// A mail that carries an invitation's link.
fn letter(invitation: &Invitation) -> Letter<'_> {
    Letter {
        occasion: Occasion::Invitation { invitation: invitation.id.clone(), generation: invitation.generation },
        to: &invitation.email,
        user: &invitation.user,
        locale: invitation.terms.locale.as_deref(),
    }
}

/// A digest of whatever tells one request from another.
pub fn digest(text: &str) -> SecretHash {
    SecretHash::of(text.as_bytes())
}
