//! Linking and unlinking by the Management API.
//!
//! A machine cannot prove that two identities are one person (R9), so it may only put back what was unlinked from the
//! same user before. Unlinking makes no new user, and never takes the last way in (`product.md`, section 7).

use super::{LinkedIdentity, UserView, views};
use crate::app::App;
use crate::error::{Unexpected, act_errors};
use crate::history;
use crate::ledger;
use crate::linked::{self, NotPutBack};
use crate::merging::MergeError;
use guestlist_domain::connection::{Connection, Strategy};
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::identity::LinkRule;
use guestlist_domain::ids::{ConnectionId, DATABASE_PROVIDER, UserId};
use guestlist_domain::ledger::Rule;
use guestlist_domain::merging::Unmergeable;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Lifecycle, User};
use guestlist_store::{Tx, connections, identities, users};
use serde_json::json;
use thiserror::Error;

/// An identity as the API names it.
#[derive(Clone, Debug)]
pub struct IdentityRef {
    /// The provider's kind.
    pub provider: String,
    /// The provider's name for the person: with or without the provider in front, with or without the connection.
    pub user_id: String,
    /// The connection, where the caller says it.
    pub connection: Option<ConnectionId>,
}

/// Why an identity was not linked or unlinked.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// No such user.
    #[error("The user does not exist.")]
    UserNotFound,
    /// A pending user has nothing but its invitation.
    #[error("The user has not accepted the invitation yet; until then nothing can be linked.")]
    Pending,
    /// No such provider or connection.
    #[error("The provider or the connection is not configured.")]
    NotConfigured,
    /// The user's own primary identity was named.
    #[error("Main identity and the new one are the same.")]
    SameAsMain,
    /// The primary identity cannot go.
    #[error("Main identity cannot be removed.")]
    Main,
    /// Nobody ever had it here.
    #[error("Linking to an inexistent identity is not allowed")]
    Inexistent,
    /// It belongs to a user already.
    #[error("Specified identity already exists.")]
    Taken,
    /// A whole other user was named, and the two cannot be one.
    #[error(transparent)]
    Unmergeable(#[from] Unmergeable),
    /// The user has no such identity.
    #[error("The identity does not exist.")]
    NotFound,
    /// It is all the user has.
    #[error("The last way in cannot be removed: the user could not sign in any more.")]
    LastWayIn,
    /// No fault of the caller's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

act_errors!(IdentityError);

impl From<MergeError> for IdentityError {
    fn from(error: MergeError) -> Self {
        match error {
            MergeError::Unmergeable(why) => Self::Unmergeable(why),
            MergeError::Unexpected(error) => Self::Unexpected(error),
        }
    }
}

/// Puts an identity back that was unlinked from this user.
pub async fn link(app: &App, by: &Actor, id: &UserId, which: IdentityRef) -> Result<UserView, IdentityError> {
    let (now, house, by, id) = (app.now(), app.clone(), by.clone(), id.clone());
    let linked = app
        .write(move |tx| {
            let (app, by, id, which) = (house.clone(), by.clone(), id.clone(), which.clone());
            Box::pin(async move {
                let user = users::find(tx, &id).await?.ok_or(IdentityError::UserNotFound)?;
                if which.provider == DATABASE_PROVIDER {
                    return Err(IdentityError::Inexistent);
                }
                if user.lifecycle == Lifecycle::Pending {
                    return Err(IdentityError::Pending);
                }
                link_in(&app, tx, &by, user, &which, now).await
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(linked)
}

async fn link_in(
    app: &App,
    tx: &mut Tx<'_>,
    by: &Actor,
    user: User,
    which: &IdentityRef,
    now: Timestamp,
) -> Result<UserView, IdentityError> {
    let (connection, subject) = resolve(tx, which).await?;
    let issuer = connection.upstream.as_ref().map(|options| options.issuer.clone()).unwrap_or_default();
    if identities::find(tx, &issuer, &subject).await?.is_some() {
        return Err(IdentityError::Taken);
    }
    let put_back = linked::put_back(app, tx, (&user, &connection, &subject), LinkRule::Api, now).await?;
    let claims = put_back.map_err(|why| match why {
        NotPutBack::Unknown => IdentityError::Inexistent,
        NotPutBack::Taken => IdentityError::Taken,
    })?;
    let about = About::user(&user.id).with_connection(&connection.id);
    let facts = [("rule", json!(LinkRule::Api.as_str()))];
    history::record_with(app, tx, now, (EventKind::UserLinked, by, about), &facts).await?;
    let way = (&user, &claims, connection.display_name.as_str());
    ledger::changed(app, tx, way, (Rule::Link(LinkRule::Api), by), now).await?;
    view(tx, user).await
}

/// The connection and the subject behind what the caller wrote.
async fn resolve(tx: &mut Tx<'_>, which: &IdentityRef) -> Result<(Connection, String), IdentityError> {
    let known = connections::list(tx).await?;
    let of_provider = |connection: &&Connection| {
        connection.strategy != Strategy::Database && connection.strategy.as_str() == which.provider
    };
    let candidates: Vec<&Connection> = known.iter().filter(of_provider).collect();
    if candidates.is_empty() {
        return Err(IdentityError::NotConfigured);
    }
    let bare = without_provider(which);
    let by_name = bare.split_once('|').and_then(|(name, subject)| {
        let connection = candidates.iter().find(|connection| connection.name == name)?;
        Some(((*connection).clone(), subject.to_owned()))
    });
    match (&which.connection, by_name) {
        (None, Some(found)) => Ok(found),
        (Some(id), Some((connection, subject))) if connection.id == *id => Ok((connection, subject)),
        (Some(id), _) => {
            let connection = candidates.into_iter().find(|connection| connection.id == *id);
            connection.map(|connection| (connection.clone(), bare.to_owned())).ok_or(IdentityError::NotConfigured)
        }
        // With one connection of the kind there is no doubt which is meant.
        (None, None) => match candidates.as_slice() {
            [only] => Ok(((*only).clone(), bare.to_owned())),
            _ => Err(IdentityError::Inexistent),
        },
    }
}

/// The id without `oidc|` in front: Auth0's own tools send both forms (trap T21).
fn without_provider(which: &IdentityRef) -> &str {
    let rest = which.user_id.strip_prefix(which.provider.as_str());
    rest.and_then(|rest| rest.strip_prefix('|')).unwrap_or(&which.user_id)
}

/// Removes an identity. What remains is in the answer.
pub async fn unlink(app: &App, by: &Actor, id: &UserId, which: IdentityRef) -> Result<UserView, IdentityError> {
    let (now, house, by, id) = (app.now(), app.clone(), by.clone(), id.clone());
    let remaining = app
        .write(move |tx| {
            let (app, by, id, which) = (house.clone(), by.clone(), id.clone(), which.clone());
            Box::pin(async move {
                let user = users::find(tx, &id).await?.ok_or(IdentityError::UserNotFound)?;
                unlink_in(&app, tx, &by, user, &which, now).await
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(remaining)
}

async fn unlink_in(
    app: &App,
    tx: &mut Tx<'_>,
    by: &Actor,
    user: User,
    which: &IdentityRef,
    now: Timestamp,
) -> Result<UserView, IdentityError> {
    if which.provider == DATABASE_PROVIDER {
        let is_own = which.user_id == user.id.suffix() || which.user_id == user.id.as_str();
        return Err(if is_own { IdentityError::Main } else { IdentityError::NotFound });
    }
    let known = view(tx, user.clone()).await?.linked;
    let meant = known.into_iter().find(|linked| is_meant(linked, which)).ok_or(IdentityError::NotFound)?;
    // The guard of the last way in is part of the statement: two removals at once cannot each spare the other.
    let removed = identities::delete(tx, &meant.identity.id, &user.id, now).await?;
    let removed = removed.ok_or(IdentityError::LastWayIn)?;
    let about = About::user(&user.id).with_connection(&meant.identity.claims.connection);
    history::record(app, tx, now, EventKind::UserUnlinked, by, about).await?;
    let label = connections::find(tx, &meant.identity.claims.connection).await?;
    let provider = label.map_or(meant.connection, |connection| connection.display_name);
    ledger::changed(app, tx, (&user, &removed, &provider), (Rule::RemovedByApi, by), now).await?;
    view(tx, user).await
}

fn is_meant(linked: &LinkedIdentity, which: &IdentityRef) -> bool {
    let bare = without_provider(which);
    linked.provider.as_str() == which.provider
        && (bare == linked.provider_user_id() || bare == linked.identity.claims.subject)
}

pub(super) async fn view(tx: &mut Tx<'_>, user: User) -> Result<UserView, IdentityError> {
    views(tx, vec![user]).await?.pop().ok_or(IdentityError::UserNotFound)
}
