//! A change of the address is taken back: by whoever reads the mailbox before, or by somebody who may change users.
//!
//! Owns what comes with it. It is a recovery by that mailbox: what was begun since is dead, the password goes, and so does
//! every way in that came since that mailbox was last proven; the owner sets a new password by it. Links that undo what
//! was done meanwhile went to the other mailbox and are forgotten.

use super::{Look, UndoError, Undoing};
use crate::app::App;
use crate::error::Unexpected;
use crate::history;
use crate::outbox::{self, Letter};
use crate::slate;
use guestlist_domain::address_change::{AddressChange, Claim, undoable_since};
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::ids::{AddressChangeId, UserId};
use guestlist_domain::ledger::NotUndone;
use guestlist_domain::mail::Occasion;
use guestlist_domain::slate::Turn;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Standing, User};
use guestlist_store::{Tx, address_changes, link_ledger, users};
use serde_json::json;

/// How many changes are shown.
const MOST_MOVES: i64 = 20;

/// A change of a user's address for a reader.
#[derive(Clone, Debug)]
pub struct Move {
    /// What it says.
    pub change: AddressChange,
    /// Until when it can be undone, if it can now.
    pub undoable_until: Option<Timestamp>,
}

/// The last 20 changes of a user's address by its owner, newest first.
pub async fn moves_of(app: &App, user: &UserId) -> Result<Vec<Move>, Unexpected> {
    let (now, user) = (app.now(), user.clone());
    app.read(move |tx| {
        let user = user.clone();
        Box::pin(async move {
            let changes = address_changes::of_user(tx, &user, MOST_MOVES).await?;
            let told = |change: AddressChange| {
                let undoable_until = change.undo(now).ok().map(|()| change.undoable_until());
                Move { change, undoable_until }
            };
            Ok(changes.into_iter().map(told).collect())
        })
    })
    .await
}

pub(super) fn look(change: AddressChange, now: Timestamp) -> Look {
    match change.undo(now) {
        Ok(()) => Look::Open(Box::new(Undoing::Move { back_to: change.from, from: change.to })),
        Err(why) => Look::Dead(why),
    }
}

/// An administrator takes back a change of that user's address.
pub async fn by_administrator(app: &App, by: &Actor, user: &UserId, id: &AddressChangeId) -> Result<(), UndoError> {
    let (now, house, by, user, id) = (app.now(), app.clone(), by.clone(), user.clone(), id.clone());
    app.write(move |tx| {
        let (app, by, user, id) = (house.clone(), by.clone(), user.clone(), id.clone());
        Box::pin(async move {
            let found = address_changes::find(tx, &id).await?;
            let change = found.filter(|change| change.user == user).ok_or(UndoError::NotFound)?;
            carry_out(&app, tx, &change, (Claim::Authority, &by), now).await.map(drop)
        })
    })
    .await?;
    app.outbox_has_work().notify_one();
    Ok(())
}

pub(super) async fn carry_out(
    app: &App,
    tx: &mut Tx<'_>,
    change: &AddressChange,
    (claim, actor): (Claim, &Actor),
    now: Timestamp,
) -> Result<User, UndoError> {
    let user = users::find(tx, &change.user).await?.ok_or(UndoError::NotFound)?;
    if user.standing() != Standing::Active {
        return Err(UndoError::Blocked);
    }
    change.undo(now).map_err(UndoError::Refused)?;
    if !address_changes::undo(tx, change, undoable_since(now), now).await? {
        return Err(UndoError::Refused(NotUndone::Already));
    }
    if users::find_by_email(tx, &change.from).await?.is_some_and(|holder| holder.id != user.id) {
        return Err(UndoError::Taken);
    }
    let epoch = slate::epoch_after(app, &user, Turn::MovedBack);
    let restored = User { epoch, ..change.restore(user.clone(), claim, now) };
    users::save_moved(tx, &restored, now).await?;
    link_ledger::forget_links_since(tx, &user.id, change.at).await?;
    let before = change.as_before(user);
    slate::recover(app, tx, (&before, &restored), Turn::MovedBack, now).await?;
    let facts = [("changed", json!(["email"])), ("rule", json!("undo"))];
    let happened = (EventKind::UserUpdated, actor, About::user(&restored.id));
    history::record_with(app, tx, now, happened, &facts).await?;
    outbox::enqueue(app, tx, Letter::to(&restored, Occasion::AddressRestored), now).await?;
    Ok(restored)
}
