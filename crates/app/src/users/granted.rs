//! What applications were granted by users, as a backend sees it and takes it away.
//!
//! Owns that a refresh token is known by its grant: of a family one is good at a time, and whoever revokes it means them
//! all. Must not issue anything.

use super::UserError;
use crate::app::App;
use crate::error::Unexpected;
use crate::history;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::grant::{Grant, Lasting, Which};
use guestlist_domain::ids::{ClientId, GrantId, UserId};
use guestlist_store::{grants, users};

/// Up to `limit` grants of a user that applications can renew, behind the first `offset`, newest first.
pub async fn list_refresh_tokens(app: &App, user: &UserId, page: (i64, i64)) -> Result<Vec<Lasting>, UserError> {
    let (now, user) = (app.now(), user.clone());
    app.read(move |tx| {
        let user = user.clone();
        Box::pin(async move {
            users::find(tx, &user).await?.ok_or(UserError::NotFound)?;
            Ok(grants::lasting_of_user(tx, &user, page, now).await?)
        })
    })
    .await
}

/// The grant of that id, if an application can still renew it.
pub async fn find_refresh_token(app: &App, id: &GrantId) -> Result<Option<Lasting>, Unexpected> {
    let (now, id) = (app.now(), id.clone());
    app.read(move |tx| {
        let id = id.clone();
        Box::pin(async move { Ok(grants::find_lasting(tx, &id, now).await?) })
    })
    .await
}

/// Takes from applications what they could renew of a user: from all, from one, or at one API.
pub async fn end_refresh_tokens(
    app: &App,
    by: &Actor,
    user: &UserId,
    (client, audience): (Option<ClientId>, Option<String>),
) -> Result<(), UserError> {
    let (now, house, by, user) = (app.now(), app.clone(), by.clone(), user.clone());
    app.write(move |tx| {
        let (app, by, user) = (house.clone(), by.clone(), user.clone());
        let (client, audience) = (client.clone(), audience.clone());
        Box::pin(async move {
            users::find(tx, &user).await?.ok_or(UserError::NotFound)?;
            let narrowed = (client.as_ref(), audience.as_deref());
            if grants::revoke_lasting(tx, &user, narrowed, now).await? > 0 {
                history::record(&app, tx, now, EventKind::GrantRevoked, &by, About::user(&user)).await?;
            }
            Ok(())
        })
    })
    .await
}

/// Up to `limit` grants that are good for something, behind the first `offset`, newest first; and how many there are in
/// all, if that is asked for.
pub async fn list_grants(
    app: &App,
    which: Which,
    page: (i64, i64),
    is_counted: bool,
) -> Result<(Vec<Grant>, Option<i64>), Unexpected> {
    let now = app.now();
    app.read(move |tx| {
        let which = which.clone();
        Box::pin(async move {
            let total = if is_counted { Some(grants::count_open(tx, &which, now).await?) } else { None };
            Ok((grants::open(tx, &which, page, now).await?, total))
        })
    })
    .await
}

/// Takes these grants away, with everything that came from them. What is over already is left as it is.
pub async fn revoke_grants(app: &App, by: &Actor, ids: Vec<GrantId>) -> Result<(), Unexpected> {
    let (now, house, by) = (app.now(), app.clone(), by.clone());
    app.write(move |tx| {
        let (app, by, ids) = (house.clone(), by.clone(), ids.clone());
        Box::pin(async move {
            for id in &ids {
                if let Some(user) = grants::revoke(tx, id, now).await? {
                    history::record(&app, tx, now, EventKind::GrantRevoked, &by, About::user(&user)).await?;
                }
            }
            Ok(())
        })
    })
    .await
}

/// Takes away whatever applications were granted by a user.
pub async fn revoke_grants_of(app: &App, by: &Actor, user: &UserId) -> Result<(), Unexpected> {
    let (now, house, by, user) = (app.now(), app.clone(), by.clone(), user.clone());
    app.write(move |tx| {
        let (app, by, user) = (house.clone(), by.clone(), user.clone());
        Box::pin(async move {
            if grants::revoke_of_user(tx, &user, now).await? > 0 {
                history::record(&app, tx, now, EventKind::GrantRevoked, &by, About::user(&user)).await?;
            }
            Ok(())
        })
    })
    .await
}
