//! A guest with a link.
//!
//! Owns looking at an invitation, accepting it by password, declining it, and mailing a new link in place of a dead
//! one. Acceptance by a provider is in [`crate::social`]. Must not know cookies or pages.

use crate::admission::{self, WayIn};
use crate::app::App;
use crate::error::{Unexpected, act_errors};
use crate::history;
use crate::landing::{self, Landing};
use crate::outbox::{self, Letter};
use crate::passwords;
use crate::sessions::{self, NewSession, SignedIn};
use crate::throttle;
use guestlist_domain::client::Client;
use guestlist_domain::connection::{Connection, Strategy};
use guestlist_domain::credential::{NewPassword, WeakPassword};
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::invitation::{Invitation, OpenInvitation, Standing};
use guestlist_domain::linking::{self, Account, Decision};
use guestlist_domain::mail::Occasion;
use guestlist_domain::secret::{Purpose, Secret, SecretHash, Sensitive};
use guestlist_domain::ticket::Channel;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{self, User};
use guestlist_store::{Tx, clients, connections, invitations, outbox as mails, users};
use std::time::Duration;
use thiserror::Error;

/// What a link leads to.
#[derive(Clone, Debug)]
pub enum Look {
    /// The guest may come in.
    Open(Box<OpenDoor>),
    /// It leads nowhere any more, and why.
    Dead(Box<DeadLink>),
    /// Nobody made this link.
    Unknown,
}

/// An open invitation, with what its page says.
#[derive(Clone, Debug)]
pub struct OpenDoor {
    /// The evidence.
    pub open: OpenInvitation,
    /// The user row that waits.
    pub user: User,
    /// The application it leads to.
    pub client: Option<Client>,
    /// The ways in that it offers; the password database is one of them.
    pub ways_in: Vec<Connection>,
}

/// A dead link, with what its page says.
#[derive(Clone, Debug)]
pub struct DeadLink {
    /// Why.
    pub standing: Standing,
    /// The invitation it belonged to.
    pub invitation: Invitation,
    /// Whether one press can mail a new one.
    pub can_be_renewed: bool,
}

/// Why a guest did not come in.
#[derive(Debug, Error)]
pub enum AcceptError {
    /// The link is dead or unknown: look at it again.
    #[error("the link is not good any more")]
    Dead,
    /// The password will not do.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// The invitation does not offer this way in.
    #[error("this way in is not offered")]
    NotOffered,
    /// The user is blocked.
    #[error("the user is blocked")]
    Blocked,
    /// An invitation is brought to an account only soon after a sign-in.
    #[error("a fresh sign-in is needed")]
    NotFresh,
    /// Too many mails to this address.
    #[error("too many mails to this address")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// No mail can be sent from here: whoever invited must hand over a new link.
    #[error("no mail can be sent")]
    NoMail,
    /// No fault of the guest's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}
act_errors!(AcceptError);

/// A guest who came in.
#[derive(Clone, Debug)]
pub struct CameIn {
    /// For the browser's cookie.
    pub session: Secret,
    /// The user.
    pub user: User,
    /// Where to go.
    pub landing: Landing,
}

/// Looks at a link. Writes nothing: scanners and previews look too (R6).
pub async fn look(app: &App, link: &Secret) -> Result<Look, AcceptError> {
    let (now, hash, sends_mail) = (app.now(), link.hash(), app.sends_mail());
    app.read(move |tx| Box::pin(async move { look_in(tx, hash, sends_mail, now).await })).await
}

async fn look_in(tx: &mut Tx<'_>, link: SecretHash, sends_mail: bool, now: Timestamp) -> Result<Look, AcceptError> {
    let Some((invitation, link)) = invitations::find_by_link(tx, link).await? else { return Ok(Look::Unknown) };
    let Some(user) = users::find(tx, &invitation.user).await? else { return Ok(Look::Unknown) };
    match invitation.standing(&link, now) {
        Standing::Open(open) => {
            let terms = &invitation.terms;
            let ways_in = connections::usable(tx, terms.client.as_ref(), terms.connections.as_deref()).await?;
            let client = match &terms.client {
                Some(client) => clients::find(tx, client).await?,
                None => None,
            };
            Ok(Look::Open(Box::new(OpenDoor { open: *open, user, client, ways_in })))
        }
        standing => {
            let is_renewable = matches!(standing, Standing::Expired | Standing::Replaced);
            Ok(Look::Dead(Box::new(DeadLink { standing, invitation, can_be_renewed: is_renewable && sends_mail })))
        }
    }
}

/// The open door behind `link`, for an act that is about to go through it.
async fn open_door(tx: &mut Tx<'_>, link: SecretHash, now: Timestamp) -> Result<OpenDoor, AcceptError> {
    match look_in(tx, link, false, now).await? {
        Look::Open(door) if door.user.standing() == user::Standing::Blocked => Err(AcceptError::Blocked),
        Look::Open(door) => Ok(*door),
        Look::Dead(_) | Look::Unknown => Err(AcceptError::Dead),
    }
}

/// Accepts by a password. The link is not spent by a password that will not do.
pub async fn with_password(app: &App, link: &Secret, password: Sensitive) -> Result<CameIn, AcceptError> {
    let (now, hash) = (app.now(), link.hash());
    let door = app.read(move |tx| Box::pin(async move { open_door(tx, hash, now).await })).await?;
    if !door.ways_in.iter().any(|way| way.strategy == Strategy::Database) {
        return Err(AcceptError::NotOffered);
    }
    let email = &door.open.invitation().email;
    let password = NewPassword::choose(password, email, door.user.profile.name.as_deref())?;
    let way_in = WayIn::Password(passwords::hash(app, &password).await?);
    let session = NewSession::mint(app, now);
    let house = app.clone();
    let came_in = app
        .write(move |tx| {
            let (app, way_in, session) = (house.clone(), way_in.clone(), session.clone());
            Box::pin(async move {
                let door = open_door(tx, hash, now).await?;
                let terms = door.open.invitation().terms.clone();
                let user = admission::admit(&app, tx, door.open, door.user, &way_in, &session, now).await?;
                let landing = landing::after_acceptance(&app, tx, &terms, &user).await?;
                Ok::<_, AcceptError>(CameIn { session: session.secret().clone(), user, landing })
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(came_in)
}

/// Whether the guest could accept as somebody who is here already.
pub fn may_bring(door: &OpenDoor, user: &User) -> bool {
    matches!(linking::bring(&door.open, &account_of(user)), Decision::BringTo(_))
}

fn account_of(user: &User) -> Account<'_> {
    let proven = user.email_proven_at.is_some().then_some(&user.email);
    Account { user: &user.id, standing: user.standing(), proven }
}

/// Accepts as whoever is signed in here: the link and a fresh sign-in, both in one browser.
pub async fn bring(app: &App, link: &Secret, signed_in: &SignedIn) -> Result<Landing, AcceptError> {
    let (now, hash, house, session) = (app.now(), link.hash(), app.clone(), signed_in.session.id.clone());
    let landing = app
        .write(move |tx| {
            let (app, session) = (house.clone(), session.clone());
            Box::pin(async move {
                let signed_in = sessions::get(tx, &session, now).await?.ok_or(AcceptError::NotFresh)?;
                if !signed_in.session.is_fresh(now) {
                    return Err(AcceptError::NotFresh);
                }
                let door = open_door(tx, hash, now).await?;
                if !may_bring(&door, &signed_in.user) {
                    return Err(AcceptError::NotOffered);
                }
                let terms = door.open.invitation().terms.clone();
                let method = &signed_in.session.method;
                let user = admission::bring(&app, tx, door.open, signed_in.user, method, now).await?;
                Ok::<_, AcceptError>(landing::after_acceptance(&app, tx, &terms, &user).await?)
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(landing)
}

/// The guest says no.
pub async fn decline(app: &App, link: &Secret) -> Result<(), AcceptError> {
    let (now, hash, house) = (app.now(), link.hash(), app.clone());
    app.write(move |tx| {
        let app = house.clone();
        Box::pin(async move {
            let door = open_door(tx, hash, now).await?;
            let declined = Invitation::decline(door.open, now);
            invitations::save(tx, &declined).await?;
            mails::cancel_of_invitation(tx, &declined.id, now).await?;
            let about = About::invitation(&declined);
            Ok(history::record(&app, tx, now, EventKind::InvitationDeclined, &Actor::Guest, about).await?)
        })
    })
    .await
}

/// A dead link heals itself: a new one goes to the invited address, and nowhere else.
pub async fn mail_new_link(app: &App, link: &Secret) -> Result<(), AcceptError> {
    if !app.sends_mail() {
        return Err(AcceptError::NoMail);
    }
    let (now, hash, house) = (app.now(), link.hash(), app.clone());
    let secret = app.entropy().secret(Purpose::Invitation);
    app.write(move |tx| {
        let (app, secret) = (house.clone(), secret.clone());
        Box::pin(async move {
            let Look::Dead(dead) = look_in(tx, hash, true, now).await? else { return Err(AcceptError::Dead) };
            if !dead.can_be_renewed {
                return Err(AcceptError::Dead);
            }
            let knock = throttle::knock_for(tx, throttle::RESEND, &dead.invitation.email, now).await?;
            knock.map_err(|retry_after| AcceptError::TooMany { retry_after })?;
            renew(&app, tx, dead.invitation, &secret, now).await
        })
    })
    .await?;
    app.outbox_has_work().notify_one();
    Ok(())
}

async fn renew(
    app: &App,
    tx: &mut Tx<'_>,
    invitation: Invitation,
    secret: &Secret,
    now: Timestamp,
) -> Result<(), AcceptError> {
    let (renewed, link) = invitation.renew(Channel::Mailed, now).map_err(|_| AcceptError::Dead)?;
    invitations::save(tx, &renewed).await?;
    invitations::insert_link(tx, &link, secret.hash(), now).await?;
    let occasion = Occasion::Invitation { invitation: renewed.id.clone(), generation: link.generation };
    let letter = Letter { occasion, to: &renewed.email, user: &renewed.user, locale: renewed.terms.locale.as_deref() };
    outbox::enqueue_link(app, tx, letter, secret, now).await?;
    let about = About::invitation(&renewed);
    Ok(history::record(app, tx, now, EventKind::InvitationResent, &Actor::Guest, about).await?)
}
