//! A user made by an administrator or a backend.
//!
//! Owns the two kinds: an address that is asserted makes an active user; one that is not makes a user who is only on the
//! list, inert until an invitation is accepted (R2). No mail goes out either way.

use super::{UserError, UserView, check_metadata};
use crate::app::App;
use crate::history;
use crate::passwords::{self, PasswordPhc};
use guestlist_domain::connection::DATABASE_CONNECTION;
use guestlist_domain::credential::NewPassword;
use guestlist_domain::email::Email;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::ids::UserId;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::user::{Lifecycle, Metadata, Profile, User};
use guestlist_store::{StoreError, Tx, connections, passwords as stored_passwords, users};
use serde_json::json;

/// A user to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Name of the connection; only the password database will do.
    pub connection: String,
    /// The address.
    pub email: Email,
    /// The caller's word that the address is the user's. Without it the user is only on the list.
    pub email_verified: bool,
    /// A password. Of no use to a user who is only on the list; it is wiped when the invitation is accepted.
    pub password: Option<Sensitive>,
    /// The id that the caller chose.
    pub id: Option<UserId>,
    /// Whether to begin blocked.
    pub blocked: bool,
    /// Profile.
    pub profile: Profile,
    /// The user's own data.
    pub user_metadata: Metadata,
    /// The application's data about the user.
    pub app_metadata: Metadata,
}

/// Makes a user.
pub async fn create(app: &App, by: &Actor, new: NewUser) -> Result<UserView, UserError> {
    check_metadata(&new.user_metadata, &new.app_metadata)?;
    check_connection(app, &new.connection).await?;
    let phc = match new.password {
        None => None,
        Some(text) => {
            let password = NewPassword::choose(text, &new.email, new.profile.name.as_deref())?;
            Some(passwords::hash(app, &password).await?)
        }
    };
    let now = app.now();
    let user = User {
        email_verified: new.email_verified,
        lifecycle: if new.email_verified { Lifecycle::Active } else { Lifecycle::Pending },
        blocked: new.blocked,
        profile: new.profile,
        user_metadata: new.user_metadata,
        app_metadata: new.app_metadata,
        last_password_reset_at: None,
        ..User::invited(new.id.unwrap_or_else(|| UserId::mint(now, app.entropy().bytes())), new.email, now)
    };
    let (house, by) = (app.clone(), by.clone());
    app.write(move |tx| {
        let (app, by, user, phc) = (house.clone(), by.clone(), user.clone(), phc.clone());
        Box::pin(async move { insert(&app, tx, &by, user, phc).await })
    })
    .await
}

async fn check_connection(app: &App, name: &str) -> Result<(), UserError> {
    if name == DATABASE_CONNECTION {
        return Ok(());
    }
    let name = name.to_owned();
    app.read(move |tx| {
        let name = name.clone();
        Box::pin(async move {
            match connections::find_by_name(tx, &name).await? {
                Some(_) => Err(UserError::NotTheDatabase),
                None => Err(UserError::UnknownConnection),
            }
        })
    })
    .await
}

async fn insert(
    app: &App,
    tx: &mut Tx<'_>,
    by: &Actor,
    user: User,
    phc: Option<PasswordPhc>,
) -> Result<UserView, UserError> {
    let is_taken = users::find(tx, &user.id).await?.is_some();
    if is_taken || users::holder_of(tx, &user.email, user.created_at).await?.is_some() {
        return Err(UserError::Exists);
    }
    match users::insert(tx, &user).await {
        // A new row cannot have been changed by anybody: the id was somebody's who was deleted, or the address just became
        // somebody's to come back to.
        Err(StoreError::Conflict) => return Err(UserError::Exists),
        done => done?,
    }
    if let Some(phc) = phc {
        stored_passwords::set(tx, &user.id, phc.as_str(), user.created_at).await?;
    }
    let facts = [("asserted", json!(user.email_verified))];
    let event = (EventKind::UserCreated, by, About::user(&user.id));
    history::record_with(app, tx, user.created_at, event, &facts).await?;
    Ok(UserView { user, linked: Vec::new() })
}
