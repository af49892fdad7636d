//! What people do with their own account: see their ways in, change the password, remove a way in.
//!
//! Owns the guard that every change wants a fresh sign-in (R10) and that the last way in stays. Connecting another one
//! is a trip, in [`crate::social`]. Must not know pages.

use crate::app::App;
use crate::error::{Unexpected, act_errors};
use crate::history;
use crate::ledger;
use crate::outbox::{self, Letter};
use crate::passwords::{self, Check};
use crate::sessions::{NewSession, SignedIn};
use crate::slate;
use crate::throttle;
use guestlist_domain::connection::{Connection, Strategy};
use guestlist_domain::credential::{NewPassword, WeakPassword};
use guestlist_domain::event::{About, EventKind};
use guestlist_domain::identity::Identity;
use guestlist_domain::ids::IdentityId;
use guestlist_domain::ledger::Rule;
use guestlist_domain::mail::Occasion;
use guestlist_domain::secret::{Secret, Sensitive};
use guestlist_domain::slate::Turn;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use guestlist_store::{Tx, connections, identities, passwords as hashes, users};
use std::time::Duration;
use thiserror::Error;

/// Why nothing was changed.
#[derive(Debug, Error)]
pub enum AccountError {
    /// Ways in are changed only soon after a sign-in.
    #[error("a fresh sign-in is needed")]
    NotFresh,
    /// The current password is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// Too many wrong ones.
    #[error("too many tries")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The new password will not do.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// It is the last way in, or not there any more.
    #[error("the last way in cannot be removed")]
    LastWayIn,
    /// No fault of the person's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}
act_errors!(AccountError);

/// A user's ways in, and those that could be added.
#[derive(Clone, Debug)]
pub struct WaysIn {
    /// Whether a password is set.
    pub has_password: bool,
    /// Whether a password can be used here at all.
    pub offers_password: bool,
    /// What is linked, each with its connection.
    pub linked: Vec<(Identity, Connection)>,
    /// Connections that nothing is linked over yet.
    pub connectable: Vec<Connection>,
}

impl WaysIn {
    /// Whether any of them may be removed. The store has the last word.
    pub fn can_remove_any(&self) -> bool {
        let usable = self.linked.iter().filter(|(_, connection)| connection.is_enabled_for(None)).count();
        usable + usize::from(self.has_password) > 1
    }
}

/// A user's ways in.
pub async fn ways_in(app: &App, user: &User) -> Result<WaysIn, Unexpected> {
    let id = user.id.clone();
    app.read(move |tx| {
        let id = id.clone();
        Box::pin(async move {
            let has_password = hashes::find(tx, &id).await?.is_some();
            let linked = identities::list(tx, &id).await?;
            let every = connections::list(tx).await?;
            let usable = connections::usable(tx, None, None).await?;
            let of = |identity: &Identity| every.iter().find(|way| way.id == identity.claims.connection).cloned();
            let is_linked = |way: &Connection| linked.iter().any(|identity| identity.claims.connection == way.id);
            let is_upstream = |way: &&Connection| way.strategy != Strategy::Database;
            Ok(WaysIn {
                has_password,
                offers_password: usable.iter().any(|way| way.strategy == Strategy::Database),
                connectable: usable.iter().filter(is_upstream).filter(|way| !is_linked(way)).cloned().collect(),
                linked: linked.iter().filter_map(|identity| Some((identity.clone(), of(identity)?))).collect(),
            })
        })
    })
    .await
}

/// Sets or changes the password. Whoever has one must know it; whoever has none must have signed in just now. Every other
/// session and every grant ends; this browser gets a new session, whose secret is the answer.
pub async fn change_password(
    app: &App,
    signed_in: &SignedIn,
    current: Option<&Sensitive>,
    new: Sensitive,
) -> Result<Secret, AccountError> {
    let now = app.now();
    let user = &signed_in.user;
    // First, because it costs nothing: a password that will not do is no reason to hash another (case 28).
    let new = NewPassword::choose(new, &user.email, user.profile.name.as_deref())?;
    check_current(app, signed_in, current, now).await?;
    let (phc, begun, house) = (passwords::hash(app, &new).await?, NewSession::mint(app, now), app.clone());
    let signed_in = signed_in.clone();
    let secret = app
        .write(move |tx| {
            let (app, phc, begun, signed_in) = (house.clone(), phc.clone(), begun.clone(), signed_in.clone());
            Box::pin(async move {
                let user = still_signed_in(tx, &signed_in, now).await?;
                let epoch = slate::epoch_after(&app, &user, Turn::PasswordChanged);
                let renewed = User { epoch, updated_at: now, last_password_reset_at: Some(now), ..user.clone() };
                users::save(tx, &renewed).await?;
                slate::wipe(&app, tx, &user, Turn::PasswordChanged, now).await?;
                hashes::set(tx, &user.id, phc.as_str(), now).await?;
                begun.begin(tx, &renewed, signed_in.session.method.clone(), now).await?;
                let about = About::user(&user.id);
                history::record(&app, tx, now, EventKind::PasswordChanged, &signed_in.actor(), about).await?;
                outbox::enqueue(&app, tx, Letter::to(&user, Occasion::PasswordChanged), now).await?;
                Ok::<_, AccountError>(begun.secret().clone())
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(secret)
}

async fn check_current(
    app: &App,
    signed_in: &SignedIn,
    current: Option<&Sensitive>,
    now: Timestamp,
) -> Result<(), AccountError> {
    let id = signed_in.user.id.clone();
    let stored = app
        .write(move |tx| {
            let id = id.clone();
            Box::pin(async move {
                let stored = hashes::find(tx, &id).await?;
                if stored.is_some()
                    && let Err(retry_after) = throttle::knock(tx, throttle::CHANGE_PASSWORD, id.as_str(), now).await?
                {
                    return Ok(Err(retry_after));
                }
                Ok::<_, AccountError>(Ok(stored))
            })
        })
        .await?
        .map_err(|retry_after| AccountError::TooMany { retry_after })?;
    if stored.is_none() {
        return if signed_in.session.is_fresh(now) { Ok(()) } else { Err(AccountError::NotFresh) };
    }
    let current = current.ok_or(AccountError::WrongPassword)?;
    match passwords::check(app, current, stored).await? {
        Check::Match { .. } => Ok(()),
        Check::NoMatch => Err(AccountError::WrongPassword),
    }
}

/// The user, if the session is as good as it was when the request came.
async fn still_signed_in(tx: &mut Tx<'_>, signed_in: &SignedIn, now: Timestamp) -> Result<User, AccountError> {
    let found = crate::sessions::get(tx, &signed_in.session.id, now).await?;
    found.map(|found| found.user).ok_or(AccountError::NotFresh)
}

/// Removes a linked identity, unless it is the last usable way in.
pub async fn remove_identity(app: &App, signed_in: &SignedIn, id: &IdentityId) -> Result<(), AccountError> {
    let (now, house, id, signed_in) = (app.now(), app.clone(), id.clone(), signed_in.clone());
    require_fresh(&signed_in, now)?;
    app.write(move |tx| {
        let (app, id, signed_in) = (house.clone(), id.clone(), signed_in.clone());
        Box::pin(async move {
            let user = still_signed_in(tx, &signed_in, now).await?;
            let removed = identities::delete(tx, &id, &user.id, now).await?.ok_or(AccountError::LastWayIn)?;
            let connection = connections::find(tx, &removed.connection).await?;
            let about = About::user(&user.id).with_connection(&removed.connection);
            history::record(&app, tx, now, EventKind::UserUnlinked, &signed_in.actor(), about).await?;
            let provider = connection.map(|connection| connection.display_name).unwrap_or_default();
            let why = (Rule::RemovedByOwner, &signed_in.actor());
            Ok::<_, AccountError>(ledger::changed(&app, tx, (&user, &removed, &provider), why, now).await?)
        })
    })
    .await?;
    app.outbox_has_work().notify_one();
    Ok(())
}

/// Removes the password, unless it is the last usable way in.
pub async fn remove_password(app: &App, signed_in: &SignedIn) -> Result<(), AccountError> {
    let (now, house, signed_in) = (app.now(), app.clone(), signed_in.clone());
    require_fresh(&signed_in, now)?;
    app.write(move |tx| {
        let (app, signed_in) = (house.clone(), signed_in.clone());
        Box::pin(async move {
            let user = still_signed_in(tx, &signed_in, now).await?;
            if !hashes::delete_guarded(tx, &user.id, now).await? {
                return Err(AccountError::LastWayIn);
            }
            slate::wipe(&app, tx, &user, Turn::PasswordRemoved, now).await?;
            let about = About::user(&user.id);
            history::record(&app, tx, now, EventKind::UserUnlinked, &signed_in.actor(), about).await?;
            let letter = Letter::to(&user, Occasion::WayInRemoved { provider: String::new(), entry: None });
            Ok::<_, AccountError>(outbox::enqueue(&app, tx, letter, now).await?)
        })
    })
    .await?;
    app.outbox_has_work().notify_one();
    Ok(())
}

fn require_fresh(signed_in: &SignedIn, now: Timestamp) -> Result<(), AccountError> {
    if signed_in.session.is_fresh(now) { Ok(()) } else { Err(AccountError::NotFresh) }
}
