//! Applications: registered, changed, given a new secret, deleted; and what machines among them may ask for.
//!
//! Owns the pairing of kind, authentication and secret. A secret is shown once, by the act that made it. Must not know
//! whose word it was; the actor is told.

use crate::app::App;
use crate::audience;
use crate::error::{Unexpected, act_errors};
use crate::history;
use guestlist_domain::client::{AppType, AuthMethod, BadAddress, Client, ClientGrant, ClientSettings, check_addresses};
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::ids::{ClientGrantId, ClientId};
use guestlist_domain::permission::management_scopes;
use guestlist_domain::secret::{Purpose, Secret};
use guestlist_domain::time::Timestamp;
use guestlist_store::{StoreError, Tx, clients};
use serde_json::json;
use thiserror::Error;

/// A client that is about to be.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// What people read.
    pub name: String,
    /// Its kind.
    pub app_type: AppType,
    /// How it proves itself, if not as its kind does.
    pub auth_method: Option<AuthMethod>,
    /// What it may ask for. No grant types: those of its kind.
    pub settings: ClientSettings,
    /// Whether it may drive the whole Management API.
    pub all_scopes: bool,
}

/// A client, and its secret if one was made just now.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The client.
    pub client: Client,
    /// Shown once.
    pub secret: Option<Secret>,
}

/// Why a client is not as was wished.
#[derive(Debug, Error)]
pub enum ClientError {
    /// It needs a name.
    #[error("a client needs a name of at most 200 characters")]
    Name,
    /// An address in its settings is none that a browser may be sent to.
    #[error("{0}")]
    Address(#[from] BadAddress),
    /// A page or a program on a device cannot keep a secret.
    #[error("a client of this kind cannot keep a secret: token_endpoint_auth_method must be none")]
    CannotKeepSecret,
    /// Such a client has no secret to be replaced.
    #[error("a public client has no secret")]
    NoSecret,
    /// The API has no such scope.
    #[error("there is no such scope: {0}")]
    UnknownScope(String),
    /// There is no such API.
    #[error("there is no such API: {0}")]
    UnknownAudience(String),
    /// The client has a grant for that API.
    #[error("the client has a grant for this audience already")]
    HasGrant,
    /// There is none of that id.
    #[error("not found")]
    NotFound,
    /// No fault of the caller's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}
act_errors!(ClientError);

/// The client of that id.
pub async fn find(app: &App, id: &ClientId) -> Result<Option<Client>, Unexpected> {
    let id = id.clone();
    app.read(move |tx| {
        let id = id.clone();
        Box::pin(async move { Ok(clients::find(tx, &id).await?) })
    })
    .await
}

/// Up to `limit` clients behind the first `offset`, oldest first, and how many there are.
pub async fn list(app: &App, offset: i64, limit: i64) -> Result<(Vec<Client>, i64), Unexpected> {
    app.read(move |tx| {
        Box::pin(async move { Ok((clients::page(tx, offset, limit).await?, clients::count(tx).await?)) })
    })
    .await
}

/// Whether a page of any client may call from this origin: what can be said before a client has named itself.
pub async fn is_origin(app: &App, origin: &str) -> Result<bool, Unexpected> {
    let every = list_all(app).await?;
    Ok(every.iter().any(|client| client.origins().any(|known| known == origin)))
}

/// Whether a browser may be sent there after log-out, for the client that asks, or for any where none said who it is.
pub async fn is_log_out_address(app: &App, client: Option<&Client>, address: &str) -> Result<bool, Unexpected> {
    match client {
        Some(client) => Ok(client.may_log_out_to(address)),
        None => Ok(list_all(app).await?.iter().any(|client| client.may_log_out_to(address))),
    }
}

async fn list_all(app: &App) -> Result<Vec<Client>, Unexpected> {
    app.read(|tx| Box::pin(async move { Ok(clients::list_all(tx).await?) })).await
}

/// Registers a client, with its secret, and with a grant of every management scope if that was wished.
pub async fn create(app: &App, new: NewClient, actor: &Actor) -> Result<Registered, ClientError> {
    let now = app.now();
    let mut settings = new.settings;
    if settings.grant_types.is_empty() {
        settings.grant_types = usual_grant_types(new.app_type);
    }
    let mut client = Client {
        id: ClientId::mint(app.entropy().bytes()),
        name: new.name,
        app_type: new.app_type,
        auth_method: new.auth_method.unwrap_or_else(|| usual_auth_method(new.app_type)),
        secret: None,
        settings,
        created_at: now,
    };
    check(&client)?;
    let secret = settle_secret(app, &mut client);
    let grant = new.all_scopes.then(|| every_scope(app, &client.id, now));
    let (house, actor, made) = (app.clone(), actor.clone(), client.clone());
    app.write(move |tx| {
        let (app, actor, client, grant) = (house.clone(), actor.clone(), made.clone(), grant.clone());
        Box::pin(async move {
            clients::insert(tx, &client).await?;
            if let Some(grant) = &grant {
                clients::insert_grant(tx, grant).await?;
            }
            record(&app, tx, &client.id, "created", &actor, now).await?;
            Ok::<_, ClientError>(())
        })
    })
    .await?;
    Ok(Registered { client, secret })
}

/// Changes a client. `change` sees the client as it is, and may run more than once. Kind and authentication that keep a
/// secret get one if there was none; those that do not, lose it.
pub async fn update<F>(app: &App, id: &ClientId, change: F, actor: &Actor) -> Result<Registered, ClientError>
where
    F: Fn(&mut Client) + Send + Sync + 'static,
{
    let (now, house, id, actor) = (app.now(), app.clone(), id.clone(), actor.clone());
    let change = std::sync::Arc::new(change);
    app.write(move |tx| {
        let (app, id, actor, change) = (house.clone(), id.clone(), actor.clone(), std::sync::Arc::clone(&change));
        Box::pin(async move {
            let before = clients::find(tx, &id).await?.ok_or(ClientError::NotFound)?;
            let mut client = before.clone();
            change(&mut client);
            client.id = id;
            check(&client)?;
            let secret = settle_secret(&app, &mut client);
            if client != before {
                clients::save(tx, &client).await?;
                record(&app, tx, &client.id, "updated", &actor, now).await?;
            }
            Ok(Registered { client, secret })
        })
    })
    .await
}

/// Gives a client a new secret. The old one is dead at once.
pub async fn rotate_secret(app: &App, id: &ClientId, actor: &Actor) -> Result<Registered, ClientError> {
    let (now, house, id, actor) = (app.now(), app.clone(), id.clone(), actor.clone());
    let secret = app.entropy().secret(Purpose::ClientSecret);
    app.write(move |tx| {
        let (app, id, actor, secret) = (house.clone(), id.clone(), actor.clone(), secret.clone());
        Box::pin(async move {
            let mut client = clients::find(tx, &id).await?.ok_or(ClientError::NotFound)?;
            client.secret.ok_or(ClientError::NoSecret)?;
            client.secret = Some(secret.hash());
            clients::save(tx, &client).await?;
            record(&app, tx, &id, "secret_rotated", &actor, now).await?;
            Ok(Registered { client, secret: Some(secret) })
        })
    })
    .await
}

/// Deletes a client with all that was granted to it. False if there was none.
pub async fn delete(app: &App, id: &ClientId, actor: &Actor) -> Result<bool, Unexpected> {
    let (now, house, id, actor) = (app.now(), app.clone(), id.clone(), actor.clone());
    app.write(move |tx| {
        let (app, id, actor) = (house.clone(), id.clone(), actor.clone());
        Box::pin(async move {
            let is_deleted = clients::delete(tx, &id).await?;
            if is_deleted {
                record(&app, tx, &id, "deleted", &actor, now).await?;
            }
            Ok(is_deleted)
        })
    })
    .await
}

/// What machines may ask for, oldest first.
pub async fn list_grants(app: &App) -> Result<Vec<ClientGrant>, Unexpected> {
    app.read(|tx| Box::pin(async move { Ok(clients::list_grants(tx).await?) })).await
}

/// Allows a machine to ask an API for scopes.
pub async fn create_grant(
    app: &App,
    client: &ClientId,
    audience: &str,
    scope: Vec<String>,
    actor: &Actor,
) -> Result<ClientGrant, ClientError> {
    let now = app.now();
    let id = ClientGrantId::mint(now, app.entropy().bytes());
    let grant = ClientGrant { id, client: client.clone(), audience: audience.to_owned(), scope };
    let (house, actor) = (app.clone(), actor.clone());
    app.write(move |tx| {
        let (app, actor, grant) = (house.clone(), actor.clone(), grant.clone());
        Box::pin(async move {
            clients::find(tx, &grant.client).await?.ok_or(ClientError::NotFound)?;
            check_scopes(&app, tx, &grant).await?;
            if clients::find_grant(tx, &grant.client, &grant.audience).await?.is_some() {
                return Err(ClientError::HasGrant);
            }
            clients::insert_grant(tx, &grant).await?;
            record(&app, tx, &grant.client, "grant_created", &actor, now).await?;
            Ok(grant)
        })
    })
    .await
}

/// Changes the scopes that a machine may ask for. Tokens it holds lose what it lost.
pub async fn update_grant(
    app: &App,
    id: &ClientGrantId,
    scope: Vec<String>,
    actor: &Actor,
) -> Result<ClientGrant, ClientError> {
    let (now, house, id, actor) = (app.now(), app.clone(), id.clone(), actor.clone());
    app.write(move |tx| {
        let (app, id, actor, scope) = (house.clone(), id.clone(), actor.clone(), scope.clone());
        Box::pin(async move {
            let found = clients::get_grant(tx, &id).await?.ok_or(ClientError::NotFound)?;
            let grant = ClientGrant { scope, ..found };
            check_scopes(&app, tx, &grant).await?;
            clients::save_grant(tx, &grant).await?;
            record(&app, tx, &grant.client, "grant_updated", &actor, now).await?;
            Ok(grant)
        })
    })
    .await
}

/// Takes a client grant away; tokens made by it are dead. False if there was none.
pub async fn delete_grant(app: &App, id: &ClientGrantId, actor: &Actor) -> Result<bool, Unexpected> {
    let (now, house, id, actor) = (app.now(), app.clone(), id.clone(), actor.clone());
    app.write(move |tx| {
        let (app, id, actor) = (house.clone(), id.clone(), actor.clone());
        Box::pin(async move {
            let Some(grant) = clients::get_grant(tx, &id).await? else { return Ok(false) };
            clients::delete_grant(tx, &id).await?;
            record(&app, tx, &grant.client, "grant_deleted", &actor, now).await?;
            Ok(true)
        })
    })
    .await
}

fn usual_grant_types(kind: AppType) -> Vec<String> {
    let usual: &[&str] = match kind {
        AppType::RegularWeb | AppType::Spa | AppType::Native => &["authorization_code", "refresh_token"],
        AppType::NonInteractive => &["client_credentials"],
    };
    usual.iter().map(|word| (*word).to_owned()).collect()
}

const fn usual_auth_method(kind: AppType) -> AuthMethod {
    if kind.is_public() { AuthMethod::None } else { AuthMethod::ClientSecretPost }
}

fn check(client: &Client) -> Result<(), ClientError> {
    if client.name.trim().is_empty() || client.name.chars().count() > 200 {
        return Err(ClientError::Name);
    }
    if client.app_type.is_public() && client.auth_method != AuthMethod::None {
        return Err(ClientError::CannotKeepSecret);
    }
    Ok(check_addresses(&client.settings)?)
}

async fn check_scopes(app: &App, tx: &mut Tx<'_>, grant: &ClientGrant) -> Result<(), ClientError> {
    let api = audience::find(app, tx, &grant.audience).await?;
    let known = api.ok_or_else(|| ClientError::UnknownAudience(grant.audience.clone()))?.scopes();
    let unknown = grant.scope.iter().find(|word| !known.contains(word));
    unknown.map_or(Ok(()), |word| Err(ClientError::UnknownScope(word.clone())))
}

/// A client has a secret if, and only if, it authenticates by one. Answers the secret that had to be made.
fn settle_secret(app: &App, client: &mut Client) -> Option<Secret> {
    match (client.auth_method, client.secret) {
        (AuthMethod::None, _) => {
            client.secret = None;
            None
        }
        (AuthMethod::ClientSecretPost | AuthMethod::ClientSecretBasic, Some(_)) => None,
        (AuthMethod::ClientSecretPost | AuthMethod::ClientSecretBasic, None) => {
            let secret = app.entropy().secret(Purpose::ClientSecret);
            client.secret = Some(secret.hash());
            Some(secret)
        }
    }
}

fn every_scope(app: &App, client: &ClientId, now: Timestamp) -> ClientGrant {
    ClientGrant {
        id: ClientGrantId::mint(now, app.entropy().bytes()),
        client: client.clone(),
        audience: app.public_url().management_audience(),
        scope: management_scopes().iter().map(|word| (*word).to_owned()).collect(),
    }
}

async fn record(
    app: &App,
    tx: &mut Tx<'_>,
    client: &ClientId,
    change: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    let about = About::default().with_client(Some(client));
    history::record_with(app, tx, now, (EventKind::ClientChanged, actor, about), &[("change", json!(change))]).await
}
