//! The owner moves the account to another address.
//!
//! Owns the asking, the code that is mailed to the new mailbox, and the move itself. Whoever asks is told the same whether
//! the address is free or somebody's; its mailbox hears the rest. The address before gets a mail with a link that undoes it
//! ([`crate::undo`]). Must not know pages.

use crate::address_code::{self, NewCode, Refused};
use crate::app::App;
use crate::error::{Unexpected, act_errors};
use crate::history;
use crate::outbox::{self, Letter};
use crate::sessions::{self, NewSession, SignedIn};
use crate::slate;
use crate::throttle;
use guestlist_domain::address_change::AddressChange;
use guestlist_domain::address_code::{Code, Errand};
use guestlist_domain::email::{Email, EmailError};
use guestlist_domain::event::{About, EventKind};
use guestlist_domain::ids::AddressChangeId;
use guestlist_domain::mail::Occasion;
use guestlist_domain::secret::{Purpose, Secret, Sensitive};
use guestlist_domain::slate::Turn;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use guestlist_store::address_codes::{self, Asked};
use guestlist_store::{StoreError, Tx, address_changes, users};
use serde_json::json;
use std::time::Duration;
use thiserror::Error;

/// Why the address stays as it is.
#[derive(Debug, Error)]
pub enum AddressChangeError {
    /// An address is changed only soon after a sign-in.
    #[error("a fresh sign-in is needed")]
    NotFresh,
    /// Nobody is signed in any more.
    #[error("nobody is signed in")]
    SignedOut,
    /// No mail can be sent from here, so no mailbox can be proven.
    #[error("no mail server is configured")]
    NoMail,
    /// The text is no address.
    #[error(transparent)]
    NotAnAddress(#[from] EmailError),
    /// It is the account's address already.
    #[error("it is the account's address already")]
    Same,
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
    /// Somebody else came to that address since the code was mailed.
    #[error("the address belongs to somebody else by now")]
    Taken,
    /// No fault of the person's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}
act_errors!(AddressChangeError);

/// The address whose code this user has to type in, if one waits.
pub async fn awaited(app: &App, user: &User) -> Result<Option<Email>, Unexpected> {
    let (now, id) = (app.now(), user.id.clone());
    app.read(move |tx| {
        let id = id.clone();
        Box::pin(async move {
            let waiting = address_codes::find(tx, &id).await?;
            Ok(waiting.and_then(|code| code.moves_to(now).cloned()))
        })
    })
    .await
}

/// Mails a code to the address that the account shall have; the one before dies. An address that is somebody else's, or
/// may be again, gets a mail that says so instead: whoever asked learns nothing.
pub async fn ask(
    app: &App,
    signed_in: &SignedIn,
    address: &str,
    locale: Option<&str>,
) -> Result<(), AddressChangeError> {
    let to = Email::parse(address)?;
    if !app.sends_mail() {
        return Err(AddressChangeError::NoMail);
    }
    if to == signed_in.user.email {
        return Err(AddressChangeError::Same);
    }
    let (now, house, signed_in) = (app.now(), app.clone(), signed_in.clone());
    if !signed_in.session.is_fresh(now) {
        return Err(AddressChangeError::NotFresh);
    }
    let (code, locale) = (NewCode::mint(app, now), locale.map(str::to_owned));
    let asked = app
        .write(move |tx| {
            let (app, signed_in, code) = (house.clone(), signed_in.clone(), code.clone());
            let (to, locale) = (to.clone(), locale.clone());
            Box::pin(async move { ask_in(&app, tx, &signed_in, &to, (&code, locale.as_deref()), now).await })
        })
        .await?;
    asked.map_err(|retry_after| AddressChangeError::TooMany { retry_after })?;
    app.outbox_has_work().notify_one();
    Ok(())
}

/// The inner refusal is too many knocks: they are counted even where the answer is no, so the count must be kept.
async fn ask_in(
    app: &App,
    tx: &mut Tx<'_>,
    signed_in: &SignedIn,
    to: &Email,
    (code, locale): (&NewCode, Option<&str>),
    now: Timestamp,
) -> Result<Result<(), Duration>, AddressChangeError> {
    let found = sessions::get(tx, &signed_in.session.id, now).await?;
    let user = found.ok_or(AddressChangeError::SignedOut)?.user;
    let by_this_user = throttle::knock(tx, throttle::CHANGE_ADDRESS, user.id.as_str(), now).await?;
    let at_this_mailbox = throttle::knock_for(tx, throttle::MOVE_CODE, to, now).await?;
    if let Err(wait) = by_this_user.and(at_this_mailbox) {
        return Ok(Err(wait));
    }
    let wish = Asked { user: &user.id, errand: Errand::Move, email: to };
    match users::holder_of(tx, to, now).await?.filter(|holder| holder.id != user.id) {
        None => code.mail(app, tx, wish, locale, now).await?,
        Some(holder) => {
            // A code that nobody was told waits all the same: the page must look no different.
            code.expect(app, tx, wish, now).await?;
            let letter = Letter { to, ..Letter::to(&holder, Occasion::AddressTaken) };
            outbox::enqueue(app, tx, letter, now).await?;
        }
    }
    let about = About::user(&user.id);
    history::record(app, tx, now, EventKind::AddressChangeRequested, &signed_in.actor(), about).await?;
    Ok(Ok(()))
}

/// The owner thinks better of it: the code that waits is forgotten.
pub async fn cancel(app: &App, signed_in: &SignedIn) -> Result<(), AddressChangeError> {
    let user = signed_in.user.id.clone();
    app.write(move |tx| {
        let user = user.clone();
        Box::pin(async move { Ok(address_codes::forget(tx, &user).await?) })
    })
    .await
}

/// What typing in a code came to, where the try must stay counted.
enum Entered {
    Moved,
    No(Refused),
    Taken,
}

/// What is minted before the transaction that may need it.
#[derive(Clone)]
struct Minted {
    change: AddressChangeId,
    undo: Secret,
    session: NewSession,
}

/// Somebody types in the code from the new mailbox. Every other session and every grant ends; this browser goes on in a new
/// session, as fresh as the old one was, whose secret is the answer.
pub async fn enter_code(app: &App, signed_in: &SignedIn, typed: &Sensitive) -> Result<Secret, AddressChangeError> {
    let Some(code) = Code::parse(typed.expose()) else { return Err(AddressChangeError::Wrong) };
    let (now, house, session) = (app.now(), app.clone(), signed_in.session.id.clone());
    let minted = Minted {
        change: AddressChangeId::mint(now, app.entropy().bytes()),
        undo: app.entropy().secret(Purpose::Undo),
        session: NewSession::mint(app, now),
    };
    let secret = minted.session.secret().clone();
    let entered = app
        .write(move |tx| {
            let (app, code, session, minted) = (house.clone(), code.clone(), session.clone(), minted.clone());
            Box::pin(async move {
                let found = sessions::get(tx, &session, now).await?;
                let signed_in = found.ok_or(AddressChangeError::SignedOut)?;
                try_code(&app, tx, &signed_in, &code, &minted, now).await
            })
        })
        .await?;
    match entered {
        Entered::Moved => {
            app.outbox_has_work().notify_one();
            Ok(secret)
        }
        Entered::No(Refused::Wrong) => Err(AddressChangeError::Wrong),
        Entered::No(Refused::Dead) => Err(AddressChangeError::Dead),
        Entered::Taken => Err(AddressChangeError::Taken),
    }
}

async fn try_code(
    app: &App,
    tx: &mut Tx<'_>,
    signed_in: &SignedIn,
    code: &Code,
    minted: &Minted,
    now: Timestamp,
) -> Result<Entered, AddressChangeError> {
    let user = &signed_in.user;
    let waiting = address_codes::find(tx, &user.id).await?;
    let Some(to) = waiting.and_then(|waiting| waiting.moves_to(now).cloned()) else {
        return Ok(Entered::No(Refused::Dead));
    };
    let wish = Asked { user: &user.id, errand: Errand::Move, email: &to };
    if let Err(refused) = address_code::enter(app, tx, wish, code, now).await? {
        return Ok(Entered::No(refused));
    }
    if users::holder_of(tx, &to, now).await?.is_some_and(|holder| holder.id != user.id) {
        return Ok(Entered::Taken);
    }
    throttle::forgive(tx, throttle::MOVE_CODE, to.as_str()).await?;
    throttle::forgive(tx, throttle::CHANGE_ADDRESS, user.id.as_str()).await?;
    change(app, tx, signed_in, to, minted, now).await?;
    Ok(Entered::Moved)
}

async fn change(
    app: &App,
    tx: &mut Tx<'_>,
    signed_in: &SignedIn,
    to: Email,
    minted: &Minted,
    now: Timestamp,
) -> Result<(), AddressChangeError> {
    let user = &signed_in.user;
    let change = AddressChange::new(minted.change.clone(), user, to, now);
    let moved = User { epoch: slate::epoch_after(app, user, Turn::Moved), ..change.apply(user.clone()) };
    match users::save_moved(tx, &moved, now).await {
        // Somebody else came to the address at this very moment.
        Err(StoreError::Unique { .. }) => return Err(AddressChangeError::Taken),
        saved => saved?,
    }
    slate::wipe(app, tx, user, Turn::Moved, now).await?;
    address_changes::insert(tx, &change, minted.undo.hash()).await?;
    minted.session.carry_on(tx, &moved, &signed_in.session, now).await?;
    let facts = [("changed", json!(["email"])), ("proof", json!("mailbox"))];
    let happened = (EventKind::UserUpdated, &signed_in.actor(), About::user(&user.id));
    history::record_with(app, tx, now, happened, &facts).await?;
    // To the address before: `user` is the row as it was.
    let letter = Letter::to(user, Occasion::AddressChanged { change: change.id });
    Ok(outbox::enqueue_link(app, tx, letter, &minted.undo, now).await?)
}
