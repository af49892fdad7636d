//! Proving one's own address: a code is mailed to it and typed in by whoever is signed in.
//!
//! Owns the asking and the answer. It is for accounts that were opened without the mailbox: by a link that was handed
//! over, or by an administrator's word (R1). Must not know pages.

use crate::address_code::{self, NewCode, Refused};
use crate::app::App;
use crate::error::{Unexpected, act_errors};
use crate::proof::{self, By};
use crate::sessions::{self, SignedIn};
use crate::throttle;
use guestlist_domain::address_code::{Code, Errand};
use guestlist_domain::ids::{AddressCodeId, UserId};
use guestlist_domain::secret::Sensitive;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Standing, User};
use guestlist_store::address_codes::{self, Asked};
use guestlist_store::{Tx, users};
use std::time::Duration;
use thiserror::Error;

/// Why nothing was proven, or no code was mailed.
#[derive(Debug, Error)]
pub enum AddressError {
    /// There is no such user.
    #[error("the user does not exist")]
    NotFound,
    /// The user is only on the list, or blocked.
    #[error("the user is not active")]
    NotActive,
    /// Nobody is signed in any more.
    #[error("nobody is signed in")]
    SignedOut,
    /// No mail can be sent from here.
    #[error("no mail server is configured")]
    NoMail,
    /// Too many codes were asked for.
    #[error("too many codes were asked for")]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// It is another code.
    #[error("the code is wrong")]
    Wrong,
    /// No code waits, or the time or the tries of the one that did are over.
    #[error("no code waits any more")]
    Dead,
    /// No fault of the person's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}
act_errors!(AddressError);

/// A mail that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailed {
    /// The code's id.
    pub id: AddressCodeId,
    /// When.
    pub at: Timestamp,
}

/// What a person can do about the own address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressStep {
    /// It is confirmed, or no mail can be sent to confirm it.
    Nothing,
    /// Ask for a code.
    Ask,
    /// Type in the code that was mailed.
    Enter,
}

/// What this user can do next.
pub async fn next_step(app: &App, user: &User) -> Result<AddressStep, Unexpected> {
    if user.email_verified || !app.sends_mail() {
        return Ok(AddressStep::Nothing);
    }
    let (now, id, email) = (app.now(), user.id.clone(), user.email.clone());
    app.read(move |tx| {
        let (id, email) = (id.clone(), email.clone());
        Box::pin(async move {
            let waits = address_codes::find(tx, &id).await?.is_some_and(|code| code.confirms(&email, now));
            Ok(if waits { AddressStep::Enter } else { AddressStep::Ask })
        })
    })
    .await
}

/// Mails a code to a user's own address; the one before dies. Does nothing where the address is proven already.
pub async fn mail_code(app: &App, user: &UserId, locale: Option<&str>) -> Result<Mailed, AddressError> {
    if !app.sends_mail() {
        return Err(AddressError::NoMail);
    }
    let (now, house) = (app.now(), app.clone());
    let (code, user, locale) = (NewCode::mint(app, now), user.clone(), locale.map(str::to_owned));
    let answer = Mailed { id: code.id.clone(), at: now };
    let asked = app
        .write(move |tx| {
            let (app, code, user, locale) = (house.clone(), code.clone(), user.clone(), locale.clone());
            Box::pin(async move {
                let user = users::find(tx, &user).await?.ok_or(AddressError::NotFound)?;
                if user.standing() != Standing::Active {
                    return Err(AddressError::NotActive);
                }
                if user.email_proven_at.is_some() {
                    return Ok(Ok(()));
                }
                // Counted even where the answer is no, so the count must be kept.
                if let Err(wait) = throttle::knock_for(tx, throttle::ADDRESS_CODE, &user.email, now).await? {
                    return Ok(Err(wait));
                }
                code.mail(&app, tx, own_address(&user), locale.as_deref(), now).await?;
                Ok(Ok(()))
            })
        })
        .await?;
    asked.map_err(|retry_after| AddressError::TooMany { retry_after })?;
    app.outbox_has_work().notify_one();
    Ok(answer)
}

fn own_address(user: &User) -> Asked<'_> {
    Asked { user: &user.id, errand: Errand::Confirm, email: &user.email }
}

/// Somebody types in a code.
pub async fn enter_code(app: &App, signed_in: &SignedIn, typed: &Sensitive) -> Result<(), AddressError> {
    let Some(code) = Code::parse(typed.expose()) else { return Err(AddressError::Wrong) };
    let (now, house, session) = (app.now(), app.clone(), signed_in.session.id.clone());
    let entered = app
        .write(move |tx| {
            let (app, code, session) = (house.clone(), code.clone(), session.clone());
            Box::pin(async move {
                let found = sessions::get(tx, &session, now).await?.ok_or(AddressError::SignedOut)?;
                try_code(&app, tx, found.user, &code, now).await
            })
        })
        .await?;
    entered.map_err(|refused| match refused {
        Refused::Wrong => AddressError::Wrong,
        Refused::Dead => AddressError::Dead,
    })
}

async fn try_code(
    app: &App,
    tx: &mut Tx<'_>,
    user: User,
    code: &Code,
    now: Timestamp,
) -> Result<Result<(), Refused>, AddressError> {
    if let Err(refused) = address_code::enter(app, tx, own_address(&user), code, now).await? {
        return Ok(Err(refused));
    }
    throttle::forgive(tx, throttle::ADDRESS_CODE, user.email.as_str()).await?;
    proof::of_address(app, tx, user, By::Code, now).await?;
    Ok(Ok(()))
}
