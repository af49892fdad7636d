//! Users, as administrators see and change them.
//!
//! Owns creation without an invitation, changes, blocks, deletion and the list. Whoever changes what a user signs in
//! with ends everything that was begun with the old (R4, R20). Must not know Auth0's bodies.

mod change;
mod create;
mod granted;
mod identities;
mod merge;
mod sessions;

pub use change::{ProfileChange, UserChange, block, change, delete, unblock};
pub use create::{NewUser, create};
pub use granted::{
    end_refresh_tokens, find_refresh_token, list_grants, list_refresh_tokens, revoke_grants, revoke_grants_of,
};
pub use identities::{IdentityError, IdentityRef, link, unlink};
pub use merge::{MergeWish, Merged, merge};
pub use sessions::{Ending, OpenSession, end_session, end_sessions, find_session, list_sessions};

use crate::app::App;
use crate::error::{Unexpected, act_errors};
use guestlist_domain::connection::{Connection, Strategy};
use guestlist_domain::credential::WeakPassword;
use guestlist_domain::email::Email;
use guestlist_domain::identity::Identity;
use guestlist_domain::ids::UserId;
use guestlist_domain::user::{Metadata, User};
use guestlist_domain::user_filter::{UserFilter, UserOrder};
use guestlist_store::{StoreError, Tx, connections, user_search, users};
use thiserror::Error;

/// The most that each of a user's two metadata may have as JSON, in bytes.
pub const MAX_METADATA_BYTES: usize = 64 * 1024;

/// Why a user was not made or changed.
#[derive(Debug, Error)]
pub enum UserError {
    /// There is none of that id.
    #[error("The user does not exist.")]
    NotFound,
    /// The address belongs to another user, or the id did once.
    #[error("The user already exists.")]
    Exists,
    /// There is no connection of that name.
    #[error("The connection does not exist.")]
    UnknownConnection,
    /// Only the password database takes users that did not come by themselves.
    #[error("Users are created on the password database; people with other providers are invited.")]
    NotTheDatabase,
    /// The password is not good enough.
    #[error(transparent)]
    Password(#[from] WeakPassword),
    /// A key of `app_metadata` that would be read as something else.
    #[error("app_metadata must not contain '{0}'")]
    ReservedKey(String),
    /// More than a user's metadata may have.
    #[error("metadata must not exceed {MAX_METADATA_BYTES} bytes")]
    MetadataTooLarge,
    /// No fault of the caller's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

act_errors!(UserError);

/// A user with the ways in that providers vouch for.
#[derive(Clone, Debug)]
pub struct UserView {
    /// The user.
    pub user: User,
    /// Linked identities, the oldest first. The password database's is not among them: every user has it.
    pub linked: Vec<LinkedIdentity>,
}

/// An identity with the names of where it came from.
#[derive(Clone, Debug)]
pub struct LinkedIdentity {
    /// The identity.
    pub identity: Identity,
    /// The connection's name.
    pub connection: String,
    /// The provider's kind.
    pub provider: Strategy,
}

impl LinkedIdentity {
    /// The provider's name for the person; where an organization's own provider gave it, told apart from those of other
    /// connections of the same kind.
    pub fn provider_user_id(&self) -> String {
        let subject = &self.identity.claims.subject;
        if self.provider.is_social() { subject.clone() } else { format!("{}|{subject}", self.connection) }
    }
}

/// A page of users.
#[derive(Clone, Debug)]
pub struct UserPage {
    /// The users on it.
    pub users: Vec<UserView>,
    /// How many there are in all, if that was asked.
    pub total: Option<i64>,
}

/// Which users to list.
#[derive(Clone, Debug)]
pub struct UserQuery {
    /// Who.
    pub filter: UserFilter,
    /// In which order.
    pub order: UserOrder,
    /// At most so many.
    pub limit: i64,
    /// Behind so many.
    pub offset: i64,
    /// Whether to count them all.
    pub with_total: bool,
}

/// One page of users. Every change that was answered before is in it.
pub async fn list(app: &App, query: UserQuery) -> Result<UserPage, Unexpected> {
    app.read(move |tx| {
        let query = query.clone();
        Box::pin(async move {
            let found = user_search::list(tx, &query.filter, query.order, query.limit, query.offset).await?;
            let total = if query.with_total { Some(user_search::count(tx, &query.filter).await?) } else { None };
            Ok(UserPage { users: views(tx, found).await?, total })
        })
    })
    .await
}

/// The user of that id.
pub async fn find(app: &App, id: &UserId) -> Result<Option<UserView>, Unexpected> {
    let id = id.clone();
    app.read(move |tx| {
        let id = id.clone();
        Box::pin(async move {
            let found = users::find(tx, &id).await?;
            Ok(views(tx, found.into_iter().collect()).await?.pop())
        })
    })
    .await
}

/// The user of that address.
pub async fn find_by_email(app: &App, email: &Email) -> Result<Option<UserView>, Unexpected> {
    let email = email.clone();
    app.read(move |tx| {
        let email = email.clone();
        Box::pin(async move {
            let found = users::find_by_email(tx, &email).await?;
            Ok(views(tx, found.into_iter().collect()).await?.pop())
        })
    })
    .await
}

async fn views(tx: &mut Tx<'_>, found: Vec<User>) -> Result<Vec<UserView>, StoreError> {
    let ids: Vec<&UserId> = found.iter().map(|user| &user.id).collect();
    let identities = user_search::identities_of(tx, &ids).await?;
    let known = if identities.is_empty() { Vec::new() } else { connections::list(tx).await? };
    let mut linked: Vec<LinkedIdentity> =
        identities.into_iter().filter_map(|identity| named(identity, &known)).collect();
    Ok(found
        .into_iter()
        .map(|user| {
            let (own, others) = linked.drain(..).partition(|linked| linked.identity.user == user.id);
            linked = others;
            UserView { user, linked: own }
        })
        .collect())
}

/// An identity's connection cannot be deleted while the identity is there.
fn named(identity: Identity, known: &[Connection]) -> Option<LinkedIdentity> {
    let connection = known.iter().find(|connection| connection.id == identity.claims.connection)?;
    Some(LinkedIdentity { identity, connection: connection.name.clone(), provider: connection.strategy })
}

/// Names that an application would take for the user's own fields (Auth0 refuses the same).
const RESERVED_KEYS: &[&str] = &[
    "__proto__",
    "blocked",
    "clientID",
    "created_at",
    "email",
    "email_verified",
    "globalClientID",
    "global_client_id",
    "identities",
    "lastIP",
    "lastLogin",
    "loginsCount",
    "metadata",
    "multifactor",
    "multifactor_last_modified",
    "updated_at",
    "user_id",
];

/// Checks the two metadata that somebody is given from the start.
pub fn check_metadata(user_metadata: &Metadata, app_metadata: &Metadata) -> Result<(), UserError> {
    check_reserved(app_metadata)?;
    check_size(app_metadata)?;
    check_size(user_metadata)
}

fn check_reserved(app_metadata: &Metadata) -> Result<(), UserError> {
    let reserved = RESERVED_KEYS.iter().find(|key| app_metadata.contains_key(**key));
    reserved.map_or(Ok(()), |key| Err(UserError::ReservedKey((*key).to_owned())))
}

fn check_size(metadata: &Metadata) -> Result<(), UserError> {
    let size = serde_json::to_string(metadata).map_or(usize::MAX, |text| text.len());
    if size <= MAX_METADATA_BYTES { Ok(()) } else { Err(UserError::MetadataTooLarge) }
}
