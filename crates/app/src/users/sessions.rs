//! The sessions of a user, as a backend sees and ends them.
//!
//! Owns what ends with what: a session that is ended leaves applications what they were granted, one that is revoked
//! takes it along (as at Auth0). Must not begin one.

use super::UserError;
use crate::app::App;
use crate::error::Unexpected;
use crate::history;
use crate::sessions::{self as browsers, SignedIn};
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::ids::{ClientId, SessionId, UserId};
use guestlist_domain::session::Session;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::Standing;
use guestlist_store::{StoreError, Tx, grants, sessions, users};

/// A session that is good for something, and the applications that have something of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// The session.
    pub session: Session,
    /// Which applications.
    pub clients: Vec<ClientId>,
}

/// What ends with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The session alone: applications keep what they have.
    Session,
    /// Whatever applications were granted in it as well.
    AndItsGrants,
}

/// Up to `limit` sessions of a user behind the first `offset`, newest first.
pub async fn list_sessions(
    app: &App,
    user: &UserId,
    (offset, limit): (i64, i64),
) -> Result<Vec<OpenSession>, UserError> {
    let (now, user) = (app.now(), user.clone());
    app.read(move |tx| {
        let user = user.clone();
        Box::pin(async move {
            let found = users::find(tx, &user).await?.ok_or(UserError::NotFound)?;
            if found.standing() != Standing::Active {
                return Ok(Vec::new());
            }
            let mut open = Vec::new();
            for session in sessions::list_of_user(tx, &user, (offset, limit), now).await? {
                open.push(opened(tx, session, now).await?);
            }
            Ok(open)
        })
    })
    .await
}

/// The session of that id, unless it is over.
pub async fn find_session(app: &App, id: &SessionId) -> Result<Option<OpenSession>, Unexpected> {
    let (now, id) = (app.now(), id.clone());
    app.read(move |tx| {
        let id = id.clone();
        Box::pin(async move {
            let Some(SignedIn { session, .. }) = browsers::get(tx, &id, now).await? else { return Ok(None) };
            Ok(Some(opened(tx, session, now).await?))
        })
    })
    .await
}

async fn opened(tx: &mut Tx<'_>, session: Session, now: Timestamp) -> Result<OpenSession, StoreError> {
    let clients = grants::clients_of_session(tx, &session.id, now).await?;
    Ok(OpenSession { session, clients })
}

/// Ends the session of that id. That there is none is no error: it is over, though applications may still have something
/// of it. Where a user is named, somebody else's is left alone.
pub async fn end_session(
    app: &App,
    by: &Actor,
    (id, of): (&SessionId, Option<&UserId>),
    ending: Ending,
) -> Result<(), Unexpected> {
    let (now, house, by, id, of) = (app.now(), app.clone(), by.clone(), id.clone(), of.cloned());
    app.write(move |tx| {
        let (app, by, id, of) = (house.clone(), by.clone(), id.clone(), of.clone());
        Box::pin(async move {
            let owner = sessions::get(tx, &id).await?.map(|(session, _)| session.user);
            if of.is_some() && of != owner {
                return Ok(());
            }
            if let Some(user) = owner
                && sessions::delete(tx, &id).await?
            {
                history::record(&app, tx, now, EventKind::LoggedOut, &by, About::user(&user)).await?;
            }
            if ending == Ending::AndItsGrants
                && let Some(user) = grants::revoke_of_session(tx, &id, now).await?
            {
                history::record(&app, tx, now, EventKind::GrantRevoked, &by, About::user(&user)).await?;
            }
            Ok(())
        })
    })
    .await
}

/// Ends every session of a user.
pub async fn end_sessions(app: &App, by: &Actor, user: &UserId, ending: Ending) -> Result<(), UserError> {
    let (now, house, by, user) = (app.now(), app.clone(), by.clone(), user.clone());
    app.write(move |tx| {
        let (app, by, user) = (house.clone(), by.clone(), user.clone());
        Box::pin(async move {
            users::find(tx, &user).await?.ok_or(UserError::NotFound)?;
            let about = About::user(&user);
            if sessions::delete_of_user(tx, &user).await? > 0 {
                history::record(&app, tx, now, EventKind::LoggedOut, &by, about.clone()).await?;
            }
            if ending == Ending::AndItsGrants && grants::revoke_of_user(tx, &user, now).await? > 0 {
                history::record(&app, tx, now, EventKind::GrantRevoked, &by, about).await?;
            }
            Ok(())
        })
    })
    .await
}
