//! "Forgot your password?", and the tickets by which a password is set.
//!
//! Owns reset tickets from the asking to the clean slate (R4). A user who is only on the list has no password to forget:
//! asking mails the invitation again. What anybody is told never depends on whether the address is known. Must not know
//! pages.

use crate::app::App;
use crate::error::{Unexpected, act_errors};
use crate::history;
use crate::invite::{self, InvitationLink, InviteError, TicketTerms};
use crate::landing::{self, Landing, Wish};
use crate::outbox::{self, Letter};
use crate::passwords;
use crate::rules::Rule;
use crate::slate;
use crate::throttle;
use guestlist_domain::credential::{NewPassword, WeakPassword};
use guestlist_domain::email::Email;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::ids::{ClientId, InvitationId, TicketId, UserId};
use guestlist_domain::invitation::{DEFAULT_LIFETIME, Invitation, State, Terms};
use guestlist_domain::mail::Occasion;
use guestlist_domain::secret::{Purpose, Secret, SecretHash, Sensitive};
use guestlist_domain::slate::{Turn, mailbox_recovers};
use guestlist_domain::ticket::{API_LIFETIME, Channel, ResetTicket, Standing};
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{self, User};
use guestlist_store::{Tx, clients, connections, identities, invitations, passwords as hashes, tickets, users};
use std::time::Duration;
use thiserror::Error;

/// Why a password was not set.
#[derive(Debug, Error)]
pub enum RecoverError {
    /// The link is dead or unknown: look at it again.
    #[error("the link is not good any more")]
    Dead,
    /// The password will not do.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// No fault of the person's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}
act_errors!(RecoverError);

/// What a reset link leads to.
#[derive(Clone, Debug)]
pub enum Look {
    /// A password may be set.
    Open(Box<User>),
    /// It leads nowhere any more, and why; never [`Standing::Open`].
    Dead(Standing),
    /// Nobody made this link.
    Unknown,
}

/// What is minted before the transaction that may need it.
#[derive(Clone)]
struct Minted {
    ticket: TicketId,
    invitation: InvitationId,
    reset: Secret,
    link: Secret,
}

/// Somebody asks for a new password for `address`. The answer is the same whoever it belongs to; a mail says the rest.
pub async fn forgot(
    app: &App,
    address: &str,
    client: Option<&ClientId>,
    locale: Option<&str>,
) -> Result<(), RecoverError> {
    let (Ok(email), true) = (Email::parse(address), app.sends_mail()) else { return Ok(()) };
    let (now, house, entropy) = (app.now(), app.clone(), app.entropy());
    let minted = Minted {
        ticket: TicketId::mint(now, entropy.bytes()),
        invitation: InvitationId::mint(now, entropy.bytes()),
        reset: entropy.secret(Purpose::Reset),
        link: entropy.secret(Purpose::Invitation),
    };
    let (client, locale) = (client.cloned(), locale.map(str::to_owned));
    app.write(move |tx| {
        let (app, email, minted) = (house.clone(), email.clone(), minted.clone());
        let (client, locale) = (client.clone(), locale.clone());
        Box::pin(async move {
            if throttle::knock_for(tx, throttle::FORGOT, &email, now).await?.is_err() {
                return Ok(());
            }
            let Some(user) = users::find_by_email(tx, &email).await? else { return Ok(()) };
            match user.standing() {
                user::Standing::Blocked => Ok(()),
                user::Standing::Pending => invite_again(&app, tx, &user, &minted, now).await,
                user::Standing::Active => answer(&app, tx, &user, client, locale.as_deref(), &minted, now).await,
            }
        })
    })
    .await?;
    app.outbox_has_work().notify_one();
    Ok(())
}

/// An active user: a reset link, or, for somebody who signs in with a provider alone, the name of it.
async fn answer(
    app: &App,
    tx: &mut Tx<'_>,
    user: &User,
    client: Option<ClientId>,
    locale: Option<&str>,
    minted: &Minted,
    now: Timestamp,
) -> Result<(), RecoverError> {
    let linked = identities::list(tx, &user.id).await?;
    let has_password = hashes::find(tx, &user.id).await?.is_some();
    if !mailbox_recovers(has_password, &linked, user.email_proven_at) {
        let ways = connections::list(tx).await?;
        let is_theirs = |id| linked.iter().any(|identity| identity.claims.connection == id);
        let providers = ways.into_iter().filter(|way| is_theirs(way.id.clone())).map(|way| way.display_name).collect();
        let letter = Letter { locale, ..Letter::to(user, Occasion::NoPassword { providers }) };
        return Ok(outbox::enqueue(app, tx, letter, now).await?);
    }
    let client = match client {
        Some(client) => clients::find(tx, &client).await?.map(|client| client.id),
        None => None,
    };
    let ticket = ResetTicket::mailed(minted.ticket.clone(), user, client, now);
    tickets::insert(tx, &ticket, minted.reset.hash()).await?;
    let letter = Letter { locale, ..Letter::to(user, Occasion::Reset { ticket: ticket.id }) };
    outbox::enqueue_link(app, tx, letter, &minted.reset, now).await?;
    let about = About::user(&user.id);
    Ok(history::record(app, tx, now, EventKind::ResetRequested, &Actor::Guest, about).await?)
}

/// A user who is only on the list gets the invitation again; one whose invitation was taken back gets nothing.
async fn invite_again(
    app: &App,
    tx: &mut Tx<'_>,
    user: &User,
    minted: &Minted,
    now: Timestamp,
) -> Result<(), RecoverError> {
    let newest = invitations::of_user(tx, &user.id).await?.into_iter().next();
    let invitation = match newest {
        Some(invitation) if matches!(invitation.state, State::Pending { .. }) => invitation,
        Some(_) => return Ok(()),
        None => {
            let lifetime_ms = u64::try_from(DEFAULT_LIFETIME.as_millis()).unwrap_or(u64::MAX);
            let terms = Terms { lifetime_ms, ..Terms::default() };
            let (id, user_id, email) = (minted.invitation.clone(), user.id.clone(), user.email.clone());
            let invitation = Invitation::new(id, user_id, email, terms, Actor::System, now);
            invitations::insert(tx, &invitation).await?;
            invitation
        }
    };
    match invite::renew_by_mail(app, tx, invitation, &Actor::Guest, &minted.link, now).await {
        // Too many mails already is nobody's business here.
        Ok(_) | Err(InviteError::TooMany { .. }) => Ok(()),
        Err(InviteError::Unexpected(error)) => Err(error.into()),
        Err(error) => Err(Unexpected::Broken(error.to_string()).into()),
    }
}

/// A ticket of the Management API for an active user. `None` if the user is not active.
pub async fn ticket_for(
    app: &App,
    user: &UserId,
    terms: TicketTerms,
    by: &Actor,
) -> Result<Option<InvitationLink>, InviteError> {
    let (now, house, user, by) = (app.now(), app.clone(), user.clone(), by.clone());
    let (id, secret) = (TicketId::mint(now, app.entropy().bytes()), app.entropy().secret(Purpose::Reset));
    app.write(move |tx| {
        let (app, user, by, id) = (house.clone(), user.clone(), by.clone(), id.clone());
        let (terms, secret) = (terms.clone(), secret.clone());
        Box::pin(async move {
            let user = users::find(tx, &user).await?.ok_or(InviteError::NotFound)?;
            let inert = app.keeps(Rule::PendingIsInert) && user.standing() == user::Standing::Pending;
            if inert || user.standing() == user::Standing::Blocked {
                return Ok(None);
            }
            let client = match &terms.client {
                Some(client) => Some(clients::find(tx, client).await?.ok_or(InviteError::UnknownClient)?),
                None => None,
            };
            if let Some(url) = &terms.result_url {
                invite::check_result_url(&app, tx, url, client.as_ref()).await?;
            }
            let lifetime = if terms.lifetime.is_zero() { API_LIFETIME } else { terms.lifetime };
            let ticket = ResetTicket {
                id,
                user: user.id.clone(),
                user_epoch: user.epoch,
                channel: Channel::Handed,
                mark_email_as_verified: terms.mark_email_as_verified,
                client: terms.client,
                result_url: terms.result_url,
                include_email_in_redirect: terms.include_email_in_redirect,
                created_at: now,
                expires_at: now.plus(lifetime),
                closed: None,
            };
            tickets::insert(tx, &ticket, secret.hash()).await?;
            history::record(&app, tx, now, EventKind::ResetRequested, &by, About::user(&user.id)).await?;
            Ok(Some(InvitationLink::for_reset(&app, &secret)))
        })
    })
    .await
}

/// Looks at a reset link. Writes nothing (R6).
pub async fn look(app: &App, link: &Secret) -> Result<Look, RecoverError> {
    let (now, hash) = (app.now(), link.hash());
    app.read(move |tx| {
        Box::pin(async move {
            Ok(look_in(tx, hash, now).await?.map_or_else(|dead| dead, |open| Look::Open(Box::new(open.1))))
        })
    })
    .await
}

/// The open ticket and its user, or why there is none.
async fn look_in(
    tx: &mut Tx<'_>,
    link: SecretHash,
    now: Timestamp,
) -> Result<Result<(ResetTicket, User), Look>, RecoverError> {
    let Some(ticket) = tickets::find_by_secret(tx, link).await? else { return Ok(Err(Look::Unknown)) };
    let Some(user) = users::find(tx, &ticket.user).await? else { return Ok(Err(Look::Unknown)) };
    Ok(match ticket.standing(user.epoch, now) {
        Standing::Open if user.standing() == user::Standing::Active => Ok((ticket, user)),
        Standing::Open => Err(Look::Dead(Standing::Replaced)),
        dead => Err(Look::Dead(dead)),
    })
}

/// Sets a new password: a clean slate. Every session, grant and ticket of the user dies, and after a mailed link every
/// identity that came since the mailbox was last proven (R4); the link is good once.
pub async fn reset(app: &App, link: &Secret, password: Sensitive) -> Result<Landing, RecoverError> {
    let (now, hash) = (app.now(), link.hash());
    let user = app
        .read(move |tx| {
            Box::pin(async move {
                let (_, user) = look_in(tx, hash, now).await?.map_err(|_| RecoverError::Dead)?;
                if passwords::are_offered(tx).await? { Ok(user) } else { Err(RecoverError::Dead) }
            })
        })
        .await?;
    let password = NewPassword::choose(password, &user.email, user.profile.name.as_deref())?;
    let phc = passwords::hash(app, &password).await?;
    let house = app.clone();
    let landing = app
        .write(move |tx| {
            let (app, phc) = (house.clone(), phc.clone());
            Box::pin(async move {
                let (ticket, user) = look_in(tx, hash, now).await?.map_err(|_| RecoverError::Dead)?;
                if !tickets::spend(tx, &ticket.id, now).await? {
                    return Err(RecoverError::Dead);
                }
                clean_slate(&app, tx, &ticket, &user, now).await?;
                hashes::set(tx, &user.id, phc.as_str(), now).await?;
                let actor = Actor::User(user.id.clone());
                let about = About::user(&user.id).with_client(ticket.client.as_ref());
                history::record(&app, tx, now, EventKind::PasswordChanged, &actor, about).await?;
                outbox::enqueue(&app, tx, Letter::to(&user, Occasion::PasswordChanged), now).await?;
                let wish = Wish {
                    result_url: ticket.result_url.as_deref(),
                    include_email: ticket.include_email_in_redirect,
                    client: ticket.client.as_ref(),
                    message: "You can now log in with your new password.",
                };
                Ok::<_, RecoverError>(landing::after(tx, wish, &user.email, &app.public_url().issuer()).await?)
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(landing)
}

/// The user's row is written first: whoever links something at this moment waits for it, or was waited for.
async fn clean_slate(
    app: &App,
    tx: &mut Tx<'_>,
    ticket: &ResetTicket,
    user: &User,
    now: Timestamp,
) -> Result<(), RecoverError> {
    let turn = Turn::reset_by(ticket.channel);
    let is_proven = ticket.channel == Channel::Mailed;
    let renewed = User {
        email_verified: user.email_verified || is_proven || ticket.mark_email_as_verified,
        email_proven_at: if is_proven { Some(now) } else { user.email_proven_at },
        epoch: slate::epoch_after(app, user, turn),
        updated_at: now,
        last_password_reset_at: Some(now),
        ..user.clone()
    };
    users::save(tx, &renewed).await?;
    Ok(slate::recover(app, tx, (user, &renewed), turn, now).await?)
}

/// How long a ticket lives that says `ttl`, in seconds; zero or nothing is Auth0's default.
pub fn ticket_lifetime(ttl_secs: Option<u64>) -> Duration {
    guestlist_domain::invitation::lifetime(ttl_secs.map(Duration::from_secs), API_LIFETIME)
}
