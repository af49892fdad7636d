//! The clean slate carried out. A building block: acts call it, it calls no act.
//!
//! Owns the writes that `domain::slate` asks for. Must not know which belongings a turn takes; the table says it.

use crate::app::App;
use crate::error::Unexpected;
use crate::rules::Rule as Switch;
use crate::{history, ledger};
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::identity::UpstreamIdentity;
use guestlist_domain::ledger::Rule;
use guestlist_domain::slate::{Belonging, Fate, Turn, is_covered};
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use guestlist_store::{StoreError, Tx, address_codes, connections, grants, identities, passwords, sessions, tickets};
use serde_json::json;

/// The epoch that `user`, as it was before the turn, has after it.
pub(crate) fn epoch_after(app: &App, user: &User, turn: Turn) -> i64 {
    user.epoch + i64::from(turn.raises_epoch() && !is_switched_off(app, turn))
}

/// Only acceptance can be tried without its slate: cases 64 to 68 are about it.
fn is_switched_off(app: &App, turn: Turn) -> bool {
    turn == Turn::Accepted && !app.keeps(Switch::CleanSlate)
}

/// Takes from `user`, as it was before the turn, what the turn takes. The answer is the identities that went because the
/// mailbox had not been proven since they came; their owner must hear of it. Where others may link at this moment, the
/// user's row must be held already.
pub(crate) async fn wipe(
    app: &App,
    tx: &mut Tx<'_>,
    user: &User,
    turn: Turn,
    now: Timestamp,
) -> Result<Vec<UpstreamIdentity>, StoreError> {
    let mut unproven = Vec::new();
    if is_switched_off(app, turn) {
        return Ok(unproven);
    }
    for what in Belonging::EVERY {
        match (turn.takes(what), what) {
            (Fate::Stays, _) => {}
            (Fate::GoesIfUnproven, Belonging::Identities) => {
                for identity in identities::list(tx, &user.id).await? {
                    if !is_covered(&identity, user.email_proven_at) && identities::evict(tx, &identity, now).await? {
                        unproven.push(identity.claims);
                    }
                }
            }
            // Of the rest nobody knows since when it is there: it goes.
            (Fate::Goes | Fate::GoesIfUnproven, what) => take(tx, user, what, now).await?,
        }
    }
    Ok(unproven)
}

/// [`wipe`], for a turn after which the mailbox alone is trusted: the owner hears of every way in that went because it was
/// newer than the mailbox's last proof, and can connect it again. `before` is the user as that mailbox knew them.
pub(crate) async fn recover(
    app: &App,
    tx: &mut Tx<'_>,
    (before, now_is): (&User, &User),
    turn: Turn,
    now: Timestamp,
) -> Result<(), Unexpected> {
    for gone in wipe(app, tx, before, turn, now).await? {
        let about = About::user(&now_is.id).with_connection(&gone.connection);
        let facts = [("reason", json!("recovery"))];
        history::record_with(app, tx, now, (EventKind::UserUnlinked, &Actor::System, about), &facts).await?;
        let connection = connections::find(tx, &gone.connection).await?;
        let provider = connection.map(|connection| connection.display_name).unwrap_or_default();
        let why = (Rule::RemovedByRecovery, &Actor::System);
        ledger::changed(app, tx, (now_is, &gone, &provider), why, now).await?;
    }
    Ok(())
}

async fn take(tx: &mut Tx<'_>, user: &User, what: Belonging, now: Timestamp) -> Result<(), StoreError> {
    match what {
        Belonging::Password => passwords::delete(tx, &user.id).await,
        Belonging::Identities => identities::delete_of_user(tx, &user.id).await.map(drop),
        Belonging::Sessions => sessions::delete_of_user(tx, &user.id).await.map(drop),
        Belonging::Grants => grants::revoke_of_user(tx, &user.id, now).await.map(drop),
        Belonging::ResetLinks => tickets::replace_open(tx, &user.id).await.map(drop),
        Belonging::AddressCodes => address_codes::forget(tx, &user.id).await,
    }
}
