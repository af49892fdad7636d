//! Undoing a link, an unlink or a change of the address within seven days: by the link in the mail that told of it, or by
//! an administrator.
//!
//! Owns the undo and the reading of the ledger. Undoing is also an eviction: somebody did what the owner did not want, so
//! every session, grant and ticket of the user ends with it. Must not know pages.

mod move_back;

pub use move_back::{Move, by_administrator as move_back, moves_of};

use crate::app::App;
use crate::error::{Unexpected, act_errors};
use crate::history;
use crate::ledger::{self, Line};
use crate::linked::{self, NotPutBack};
use crate::outbox::{self, Letter};
use crate::passwords;
use crate::slate;
use guestlist_domain::address_change::Claim;
use guestlist_domain::email::Email;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::identity::LinkRule;
use guestlist_domain::ids::{LedgerId, TicketId, UserId};
use guestlist_domain::ledger::{Entry, LedgerWay, NotUndone, Proof, Rule, Undo};
use guestlist_domain::secret::{Purpose, Secret};
use guestlist_domain::slate::Turn;
use guestlist_domain::ticket::ResetTicket;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Standing, User};
use guestlist_store::{Tx, address_changes, connections, identities, link_ledger, tickets, users};
use serde_json::json;
use std::collections::HashSet;
use thiserror::Error;

/// How many lines of a ledger are read at once.
const MOST_LINES: i64 = 200;

/// Why nothing was undone.
#[derive(Debug, Error)]
pub enum UndoError {
    /// There is no such line.
    #[error("The entry does not exist.")]
    NotFound,
    /// It cannot be undone, or not any more.
    #[error("{}", reason(*.0))]
    Refused(NotUndone),
    /// What was done then is not how things are now: nothing is left to undo.
    #[error("Things have changed since: there is nothing left to undo.")]
    Changed,
    /// Without it, nobody could come in.
    #[error("It is the last way in, so it stays.")]
    LastWayIn,
    /// The identity, or the address, belongs to somebody else by now.
    #[error("It belongs to another user by now.")]
    Taken,
    /// The user is blocked.
    #[error("The user is blocked.")]
    Blocked,
    /// No fault of the person's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}
act_errors!(UndoError);

const fn reason(why: NotUndone) -> &'static str {
    match why {
        NotUndone::Already => "This was undone already.",
        NotUndone::Over => "This can be undone for seven days; they are over.",
        NotUndone::Never => "This cannot be undone.",
    }
}

/// A line of the ledger for a reader.
#[derive(Clone, Debug)]
pub struct LedgerLine {
    /// What it says.
    pub entry: Entry,
    /// The name on the provider's button, while there is such a connection.
    pub provider: Option<String>,
    /// Whether it was undone.
    pub undone: bool,
    /// Until when it can be undone, if it can now.
    pub undoable_until: Option<Timestamp>,
}

/// What an undo link leads to.
#[derive(Clone, Debug)]
pub enum Look {
    /// It can be undone.
    Open(Box<Undoing>),
    /// It cannot, and why.
    Dead(NotUndone),
    /// Nobody made this link.
    Unknown,
}

/// What would be undone.
#[derive(Clone, Debug)]
pub enum Undoing {
    /// A change of ways in.
    Way {
        /// How.
        how: Undo,
        /// The name on the provider's button.
        provider: String,
        /// The account's address.
        email: String,
    },
    /// A change of the address.
    Move {
        /// The address that the account would have again.
        back_to: Email,
        /// The one that it moved to.
        from: Email,
    },
}

/// A user's ledger, newest first; the last 200 lines. It outlives its user, who may have been merged into another; `None`
/// if there never was one.
pub async fn ledger_of(app: &App, user: &UserId) -> Result<Option<Vec<LedgerLine>>, Unexpected> {
    let (now, user) = (app.now(), user.clone());
    app.read(move |tx| {
        let user = user.clone();
        Box::pin(async move {
            let entries = link_ledger::of_user(tx, &user, MOST_LINES).await?;
            let is_here = users::find(tx, &user).await?.is_some();
            if entries.is_empty() && !is_here {
                return Ok(None);
            }
            let known = connections::list(tx).await?;
            let undone: HashSet<LedgerId> = entries.iter().filter_map(|entry| entry.undoes.clone()).collect();
            let line = |entry: Entry| {
                let connection = entry.way.as_ref().map(|way| &way.connection);
                let provider = known.iter().find(|way| Some(&way.id) == connection).map(|way| way.display_name.clone());
                let undone = undone.contains(&entry.id);
                let undoable_until = entry.undo(undone, now).ok().filter(|_| is_here).map(|_| entry.undoable_until());
                LedgerLine { entry, provider, undone, undoable_until }
            };
            Ok(Some(entries.into_iter().map(line).collect()))
        })
    })
    .await
}

/// Looks at an undo link. Writes nothing (R6).
pub async fn look(app: &App, link: &Secret) -> Result<Look, UndoError> {
    let (now, hash) = (app.now(), link.hash());
    app.read(move |tx| {
        Box::pin(async move {
            let Some(entry) = link_ledger::find_by_undo(tx, hash).await? else {
                let change = address_changes::find_by_undo(tx, hash).await?;
                return Ok(change.map_or(Look::Unknown, |change| move_back::look(change, now)));
            };
            let Some(user) = users::find(tx, &entry.user).await? else { return Ok(Look::Unknown) };
            let undone = link_ledger::is_undone(tx, &entry.id).await?;
            match entry.undo(undone, now) {
                Ok(how) => {
                    let (provider, email) = (label(tx, &entry).await?, user.email.to_string());
                    Ok(Look::Open(Box::new(Undoing::Way { how, provider, email })))
                }
                Err(why) => Ok(Look::Dead(why)),
            }
        })
    })
    .await
}

async fn label(tx: &mut Tx<'_>, entry: &Entry) -> Result<String, UndoError> {
    let Some(way) = &entry.way else { return Ok(String::new()) };
    let connection = connections::find(tx, &way.connection).await?;
    Ok(connection.map(|connection| connection.display_name).unwrap_or_default())
}

/// What the press on the page of an undo link did.
#[derive(Clone, Debug)]
pub enum Undone {
    /// A change of ways in is undone.
    Way,
    /// The account is back at its address before.
    Move {
        /// That address.
        email: Email,
        /// A link by which this browser sets a new password, where passwords are a way in.
        reset: Option<Secret>,
    },
}

/// The press on the page of an undo link.
pub async fn by_link(app: &App, link: &Secret) -> Result<Undone, UndoError> {
    let (now, house, hash) = (app.now(), app.clone(), link.hash());
    let (id, reset) = (TicketId::mint(now, app.entropy().bytes()), app.entropy().secret(Purpose::Reset));
    let undone = app
        .write(move |tx| {
            let (app, id, reset) = (house.clone(), id.clone(), reset.clone());
            Box::pin(async move {
                if let Some(entry) = link_ledger::find_by_undo(tx, hash).await? {
                    carry_out(&app, tx, &entry, (Proof::UndoLink, &Actor::Guest), now).await?;
                    return Ok::<_, UndoError>(Undone::Way);
                }
                let change = address_changes::find_by_undo(tx, hash).await?.ok_or(UndoError::NotFound)?;
                let back = move_back::carry_out(&app, tx, &change, (Claim::Mailbox, &Actor::Guest), now).await?;
                let is_offered = passwords::are_offered(tx).await?;
                if is_offered {
                    // Whoever pressed reads the mailbox: the new password need not wait for another mail.
                    tickets::insert(tx, &ResetTicket::mailed(id, &back, None, now), reset.hash()).await?;
                }
                Ok(Undone::Move { email: back.email, reset: is_offered.then_some(reset) })
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(undone)
}

/// An administrator, or a program that may change users, undoes a line of that user's ledger.
pub async fn by_administrator(app: &App, by: &Actor, user: &UserId, id: &LedgerId) -> Result<(), UndoError> {
    let (now, house, by, user, id) = (app.now(), app.clone(), by.clone(), user.clone(), id.clone());
    app.write(move |tx| {
        let (app, by, user, id) = (house.clone(), by.clone(), user.clone(), id.clone());
        Box::pin(async move {
            let found = link_ledger::find(tx, &id).await?;
            let entry = found.filter(|entry| entry.user == user).ok_or(UndoError::NotFound)?;
            carry_out(&app, tx, &entry, (Proof::Authorized, &by), now).await
        })
    })
    .await?;
    app.outbox_has_work().notify_one();
    Ok(())
}

async fn carry_out(
    app: &App,
    tx: &mut Tx<'_>,
    entry: &Entry,
    (proof, actor): (Proof, &Actor),
    now: Timestamp,
) -> Result<(), UndoError> {
    let user = users::find(tx, &entry.user).await?.ok_or(UndoError::NotFound)?;
    if user.standing() != Standing::Active {
        return Err(UndoError::Blocked);
    }
    let undone = link_ledger::is_undone(tx, &entry.id).await?;
    let how = entry.undo(undone, now).map_err(UndoError::Refused)?;
    let way = entry.way.clone().ok_or(UndoError::Refused(NotUndone::Never))?;
    let rule = match how {
        Undo::Unlink => Rule::Undone,
        Undo::Relink => Rule::Link(LinkRule::Restored),
    };
    let line = Line { user: &user.id, way: Some(way.clone()), rule, besides: Some(proof), actor };
    let mut undo = ledger::entry(app, line, now);
    undo.undoes = Some(entry.id.clone());
    // Of two who undo the same at once, one finds the other's line.
    if !link_ledger::append(tx, &undo, None).await? {
        return Err(UndoError::Refused(NotUndone::Already));
    }
    let event = match how {
        Undo::Unlink => unlink(tx, &user, &way, now).await?,
        Undo::Relink => relink(app, tx, &user, &way, now).await?,
    };
    let about = About::user(&user.id).with_connection(&way.connection);
    history::record_with(app, tx, now, (event, actor, about), &[("rule", json!("undo"))]).await?;
    let provider = label(tx, entry).await?;
    outbox::enqueue(app, tx, Letter::to(&user, ledger::news(rule, &provider, None)), now).await?;
    evict(app, tx, &user, now).await
}

async fn unlink(tx: &mut Tx<'_>, user: &User, way: &LedgerWay, now: Timestamp) -> Result<EventKind, UndoError> {
    let linked = identities::find(tx, &way.issuer, &way.subject).await?;
    let identity = linked.filter(|identity| identity.user == user.id).ok_or(UndoError::Changed)?;
    identities::delete(tx, &identity.id, &user.id, now).await?.ok_or(UndoError::LastWayIn)?;
    Ok(EventKind::UserUnlinked)
}

async fn relink(
    app: &App,
    tx: &mut Tx<'_>,
    user: &User,
    way: &LedgerWay,
    now: Timestamp,
) -> Result<EventKind, UndoError> {
    // A connection that was deleted meanwhile leads nowhere.
    let connection = connections::find(tx, &way.connection).await?.ok_or(UndoError::Changed)?;
    let which = (user, &connection, way.subject.as_str());
    match linked::put_back(app, tx, which, LinkRule::Restored, now).await? {
        Ok(claims) if claims.issuer == way.issuer => Ok(EventKind::UserLinked),
        // The same subject at another issuer is another person.
        Ok(_) | Err(NotPutBack::Unknown) => Err(UndoError::Changed),
        Err(NotPutBack::Taken) => Err(UndoError::Taken),
    }
}

/// Whoever did what is undone now may still be in the house.
async fn evict(app: &App, tx: &mut Tx<'_>, user: &User, now: Timestamp) -> Result<(), UndoError> {
    slate::wipe(app, tx, user, Turn::Undone, now).await?;
    // The removal of an identity moved the row's version on.
    let current = users::find(tx, &user.id).await?.ok_or(UndoError::NotFound)?;
    let renewed = User { epoch: slate::epoch_after(app, &current, Turn::Undone), updated_at: now, ..current };
    Ok(users::save(tx, &renewed).await?)
}
