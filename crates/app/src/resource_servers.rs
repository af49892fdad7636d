//! APIs that access tokens are made for: registered, changed, deleted.
//!
//! Owns that the Management API is nobody's to change, and that what was granted at an API ends with it. Must not know
//! whose word it was; the actor is told.

use crate::app::App;
use crate::audience;
use crate::error::{Unexpected, act_errors};
use crate::history;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::ids::ResourceServerId;
use guestlist_domain::resource_server::{ApiSettings, BadApi, ResourceServer, check_identifier, check_settings};
use guestlist_domain::time::Timestamp;
use guestlist_store::{StoreError, Tx, clients, grants, resource_servers};
use serde_json::json;
use std::sync::Arc;
use thiserror::Error;

/// Why an API is not as was wished.
#[derive(Debug, Error)]
pub enum ResourceServerError {
    /// It cannot be like that.
    #[error(transparent)]
    Bad(#[from] BadApi),
    /// There is one of that identifier.
    #[error("a resource server with the same identifier already exists")]
    Taken,
    /// Nobody changes the Management API.
    #[error("the Management API cannot be changed or deleted")]
    System,
    /// There is none of that id.
    #[error("the resource server does not exist")]
    NotFound,
    /// No fault of the caller's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}
act_errors!(ResourceServerError);

/// The API of that id or identifier: callers use either, as at Auth0.
pub async fn find(app: &App, name: &str) -> Result<Option<ResourceServer>, Unexpected> {
    let management = audience::management(app);
    if name == management.id.as_str() {
        return Ok(Some(management));
    }
    let (house, name) = (app.clone(), name.to_owned());
    app.read(move |tx| {
        let (app, name) = (house.clone(), name.clone());
        Box::pin(async move {
            match resource_servers::get(tx, &ResourceServerId::new(name.as_str())).await? {
                None => Ok(audience::find(&app, tx, &name).await?),
                found => Ok(found),
            }
        })
    })
    .await
}

/// Every API, the Management API first, then the oldest.
pub async fn list(app: &App) -> Result<Vec<ResourceServer>, Unexpected> {
    let made: Result<Vec<_>, Unexpected> =
        app.read(|tx| Box::pin(async move { Ok(resource_servers::list(tx).await?) })).await;
    Ok(std::iter::once(audience::management(app)).chain(made?).collect())
}

/// Registers an API.
pub async fn create(
    app: &App,
    name: String,
    identifier: String,
    settings: ApiSettings,
    actor: &Actor,
) -> Result<ResourceServer, ResourceServerError> {
    check_identifier(&identifier, &app.public_url().issuer())?;
    check_settings(&settings)?;
    let now = app.now();
    let id = ResourceServerId::mint(now, app.entropy().bytes());
    let api = ResourceServer { id, name, identifier, settings, created_at: now };
    let (house, actor) = (app.clone(), actor.clone());
    app.write(move |tx| {
        let (app, actor, api) = (house.clone(), actor.clone(), api.clone());
        Box::pin(async move {
            if !resource_servers::insert(tx, &api).await? {
                return Err(ResourceServerError::Taken);
            }
            record(&app, tx, &api.identifier, "created", &actor, now).await?;
            Ok(api)
        })
    })
    .await
}

/// Changes an API. `change` sees it as it is, and may run more than once; identifier and id stay. What it loses is in no
/// token that is made from now on.
pub async fn update<F>(app: &App, name: &str, change: F, actor: &Actor) -> Result<ResourceServer, ResourceServerError>
where
    F: Fn(&mut ResourceServer) + Send + Sync + 'static,
{
    let found = find(app, name).await?.ok_or(ResourceServerError::NotFound)?;
    if found.is_system() {
        return Err(ResourceServerError::System);
    }
    let (now, house, actor, change) = (app.now(), app.clone(), actor.clone(), Arc::new(change));
    app.write(move |tx| {
        let (app, id, actor, change) = (house.clone(), found.id.clone(), actor.clone(), Arc::clone(&change));
        Box::pin(async move {
            let before = resource_servers::get(tx, &id).await?.ok_or(ResourceServerError::NotFound)?;
            let mut changed = before.clone();
            change(&mut changed);
            let api = ResourceServer { name: changed.name, settings: changed.settings, ..before.clone() };
            check_settings(&api.settings)?;
            if api != before {
                resource_servers::save(tx, &api).await?;
                record(&app, tx, &api.identifier, "updated", &actor, now).await?;
            }
            Ok(api)
        })
    })
    .await
}

/// Deletes an API with what machines and people were granted there: another of its name begins with nothing. False if there
/// was none.
pub async fn delete(app: &App, name: &str, actor: &Actor) -> Result<bool, ResourceServerError> {
    let Some(found) = find(app, name).await? else { return Ok(false) };
    if found.is_system() {
        return Err(ResourceServerError::System);
    }
    let (now, house, actor) = (app.now(), app.clone(), actor.clone());
    app.write(move |tx| {
        let (app, id, actor) = (house.clone(), found.id.clone(), actor.clone());
        Box::pin(async move {
            let Some(identifier) = resource_servers::delete(tx, &id).await? else { return Ok(false) };
            clients::delete_grants_at(tx, &identifier).await?;
            grants::revoke_at(tx, &identifier, now).await?;
            record(&app, tx, &identifier, "deleted", &actor, now).await?;
            Ok(true)
        })
    })
    .await
}

async fn record(
    app: &App,
    tx: &mut Tx<'_>,
    identifier: &str,
    change: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    let happened = (EventKind::ResourceServerChanged, actor, About::default());
    let facts = [("identifier", json!(identifier)), ("change", json!(change))];
    history::record_with(app, tx, now, happened, &facts).await
}
