//! Signing in with a password, and what a log-in page offers.
//!
//! Owns the one check of a password at the door. Unknown, pending, social-only and wrong are the same answer after the
//! same time (case 32). Must not know cookies or pages.

use crate::app::App;
use crate::error::{Unexpected, act_errors};
use crate::history;
use crate::linked;
use crate::passwords::{self, Check};
use crate::rules::Rule;
use crate::sessions::NewSession;
use crate::throttle;
use guestlist_domain::connection::{Connection, Strategy};
use guestlist_domain::email::Email;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::ids::ClientId;
use guestlist_domain::secret::{Secret, Sensitive};
use guestlist_domain::session::Method;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Standing, User};
use guestlist_store::{Tx, connections, passwords as hashes, users};
use serde_json::json;
use std::time::Duration;
use thiserror::Error;

/// Why nobody was signed in.
#[derive(Debug, Error)]
pub enum SignInError {
    /// The address or the password is wrong, and nobody is told which.
    #[error("Wrong email or password.")]
    Wrong,
    /// The password is right, the user is blocked.
    #[error("user is blocked")]
    Blocked,
    /// Too many wrong passwords for this address. Other ways in are open.
    #[error("too many tries for this address")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// No fault of the person's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}
act_errors!(SignInError);

/// A browser that signed in.
#[derive(Clone, Debug)]
pub struct Entered {
    /// For the browser's cookie.
    pub session: Secret,
    /// The user.
    pub user: User,
    /// Whether a provider that waited for this proof was connected on the way.
    pub linked: bool,
}

/// The ways in that a log-in page offers to a client's people.
pub async fn ways_in(app: &App, client: Option<&ClientId>) -> Result<Vec<Connection>, Unexpected> {
    let client = client.cloned();
    app.read(move |tx| {
        let client = client.clone();
        Box::pin(async move { Ok(connections::usable(tx, client.as_ref(), None).await?) })
    })
    .await
}

/// Signs in with address and password, where the password database is open to `client`, or without one to anybody.
pub async fn with_password(
    app: &App,
    address: &str,
    password: &Sensitive,
    client: Option<&ClientId>,
    browser: &Secret,
) -> Result<Entered, SignInError> {
    let now = app.now();
    // Text that is no address is nobody's: as wrong as any other, and as slow.
    let email = Email::parse(address).ok();
    let (user, stored) = match &email {
        Some(email) => knock(app, email, client, now).await?,
        None => (None, None),
    };
    let checked = passwords::check(app, password, stored.clone()).await?;
    let (Some(user), Check::Match { rehashed }) = (user, checked) else {
        note_failure(app, email.as_ref(), "wrong_credentials", now).await?;
        return Err(SignInError::Wrong);
    };
    match user.standing() {
        Standing::Active => {}
        Standing::Pending if !app.keeps(Rule::PendingIsInert) => {}
        Standing::Blocked => {
            note_failure(app, email.as_ref(), "user_blocked", now).await?;
            return Err(SignInError::Blocked);
        }
        // The right password of somebody who is only on the list: as wrong as any other, and as slow.
        Standing::Pending => {
            note_failure(app, email.as_ref(), "not_accepted", now).await?;
            return Err(SignInError::Wrong);
        }
    }
    let raised = rehashed.and_then(|newer| stored.map(|older| (older, newer)));
    let (house, begun, browser) = (app.clone(), NewSession::mint(app, now), browser.hash());
    let entered = app
        .write(move |tx| {
            let (app, user, begun, raised) = (house.clone(), user.clone(), begun.clone(), raised.clone());
            Box::pin(async move {
                throttle::forgive(tx, throttle::SIGN_IN, user.email.as_str()).await?;
                // Blocked or reset between the check and now: the check was of another password.
                let counted = users::note_login(tx, &user, now).await?;
                if !counted && (user.standing() != Standing::Pending || app.keeps(Rule::PendingIsInert)) {
                    return Err(SignInError::Wrong);
                }
                if let Some((older, newer)) = &raised {
                    hashes::rehash(tx, &user.id, older, newer.as_str()).await?;
                }
                begun.begin(tx, &user, Method::Password, now).await?;
                let linked = linked::link_if_proven(&app, tx, browser, &user, now).await?;
                let actor = Actor::User(user.id.clone());
                let about = About::user(&user.id);
                history::record(&app, tx, now, EventKind::LoginSucceeded, &actor, about).await?;
                Ok(Entered { session: begun.secret().clone(), user, linked })
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(entered)
}

/// Counts the try before the password is looked at, so that many tries at once cannot slip past the limit, and fetches
/// what it will be compared with.
async fn knock(
    app: &App,
    email: &Email,
    client: Option<&ClientId>,
    now: Timestamp,
) -> Result<(Option<User>, Option<String>), SignInError> {
    let (email, client) = (email.clone(), client.cloned());
    app.write(move |tx| {
        let (email, client) = (email.clone(), client.clone());
        Box::pin(async move {
            if let Err(retry_after) = throttle::knock_for(tx, throttle::SIGN_IN, &email, now).await? {
                return Ok(Err(retry_after));
            }
            // Where passwords are switched off, every one of them is wrong (case 62).
            let usable = connections::usable(tx, client.as_ref(), None).await?;
            let user = users::find_by_email(tx, &email).await?;
            let stored = match &user {
                Some(user) if usable.iter().any(|way| way.strategy == Strategy::Database) => {
                    hashes::find(tx, &user.id).await?
                }
                Some(_) | None => None,
            };
            Ok::<_, SignInError>(Ok((user, stored)))
        })
    })
    .await?
    .map_err(|retry_after| SignInError::TooMany { retry_after })
}

async fn note_failure(
    app: &App,
    email: Option<&Email>,
    reason: &'static str,
    now: Timestamp,
) -> Result<(), SignInError> {
    let (house, email) = (app.clone(), email.cloned());
    app.write(move |tx| {
        let (app, email) = (house.clone(), email.clone());
        Box::pin(async move {
            let about = about_whom(tx, email.as_ref()).await?;
            let facts = [("reason", json!(reason))];
            let failed = (EventKind::LoginFailed, &Actor::Guest, about);
            Ok(history::record_with(&app, tx, now, failed, &facts).await?)
        })
    })
    .await
}

async fn about_whom(tx: &mut Tx<'_>, email: Option<&Email>) -> Result<About, SignInError> {
    let Some(email) = email else { return Ok(About::default()) };
    Ok(users::find_by_email(tx, email).await?.map_or_else(About::default, |user| About::user(&user.id)))
}
