//! The proof of a user's address, written down. A building block: acts call it, it calls no act.
//!
//! Owns the write and its event. Must not judge the evidence: whoever calls has it in hand (R1).

use crate::app::App;
use crate::history;
use guestlist_domain::connection::Connection;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::identity::ProvenIdentity;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use guestlist_store::{StoreError, Tx, users};
use serde_json::json;

/// What proved the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A code that was mailed to it.
    Code,
    /// A provider that is authoritative for its domain.
    Provider,
}

impl By {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "mailbox",
            Self::Provider => "provider",
        }
    }
}

/// The address is proven from now on. [`StoreError::Conflict`] if the row is not what it was.
pub(crate) async fn of_address(
    app: &App,
    tx: &mut Tx<'_>,
    user: User,
    by: By,
    now: Timestamp,
) -> Result<User, StoreError> {
    let proven = User { email_verified: true, email_proven_at: Some(now), updated_at: now, ..user };
    users::save(tx, &proven).await?;
    let (actor, about) = (Actor::User(proven.id.clone()), About::user(&proven.id));
    let facts = [("changed", json!(["email_verified"])), ("proof", json!(by.as_str()))];
    history::record_with(app, tx, now, (EventKind::UserUpdated, &actor, about), &facts).await?;
    Ok(User { version: proven.version + 1, ..proven })
}

/// [`of_address`], if nobody proved it yet and this provider, which opens the account, vouches for it.
pub(crate) async fn by_provider(
    app: &App,
    tx: &mut Tx<'_>,
    user: User,
    (who, connection): (&ProvenIdentity, &Connection),
    now: Timestamp,
) -> Result<User, StoreError> {
    if who.proves_address_of(&user, connection) { of_address(app, tx, user, By::Provider, now).await } else { Ok(user) }
}
