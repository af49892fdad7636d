//! Making, changing and deleting a webhook.
//!
//! Owns the transactions.

use super::keys::{AuthorizationWish, seal_authorization, seal_signing};
use super::{WebhookError, record};
use crate::app::App;
use guestlist_domain::event::Actor;
use guestlist_domain::ids::WebhookId;
use guestlist_domain::patch::Patch;
use guestlist_domain::webhook::{
    Authorization, Endpoint, MAX_NAME, MAX_WEBHOOKS, ROTATION, SigningSecret, Subscriptions, Webhook,
};
use guestlist_store::webhooks::{self, Sealed};

/// A webhook to be made.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    /// What administrators call it.
    pub name: String,
    /// Where it is told.
    pub endpoint: String,
    /// Event types, or `*`.
    pub event_types: Vec<String>,
    /// What the `Authorization` header says.
    pub authorization: Option<AuthorizationWish>,
    /// Whether it is told from the start.
    pub enabled: bool,
}

/// What to change of a webhook; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// What administrators call it.
    pub name: Option<String>,
    /// Where it is told.
    pub endpoint: Option<String>,
    /// Event types, or `*`.
    pub event_types: Option<Vec<String>>,
    /// What the `Authorization` header says.
    pub authorization: Patch<AuthorizationWish>,
    /// Whether it is told at all.
    pub enabled: Option<bool>,
}

/// A webhook and the signing secret that was made just now.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The webhook.
    pub webhook: Webhook,
    /// Shown once.
    pub secret: SigningSecret,
}

/// Makes a webhook, with its signing secret.
pub async fn create(app: &App, new: NewWebhook, actor: &Actor) -> Result<Registered, WebhookError> {
    let now = app.now();
    let secret = SigningSecret::mint(app.entropy().bytes());
    let (authorization, sealed_authorization) = settle(app, new.authorization)?.unzip();
    let webhook = Webhook {
        id: WebhookId::mint(app.entropy().bytes()),
        name: check_name(new.name)?,
        endpoint: check_endpoint(app, &new.endpoint)?,
        subscriptions: Subscriptions::parse(new.event_types.iter().map(String::as_str))?,
        enabled: new.enabled,
        authorization,
        old_secret_until: None,
        created_at: now,
        updated_at: now,
    };
    let sealed = Sealed { secret: seal_signing(app, &secret)?, old_secret: None, authorization: sealed_authorization };
    let (house, actor, made) = (app.clone(), actor.clone(), webhook.clone());
    app.write(move |tx| {
        let (app, actor, webhook, sealed) = (house.clone(), actor.clone(), made.clone(), sealed.clone());
        Box::pin(async move {
            if webhooks::count(tx).await? >= MAX_WEBHOOKS {
                return Err(WebhookError::TooMany);
            }
            // Before it is there: it need not hear of its own making.
            record(&app, tx, &webhook.id, "created", &actor, now).await?;
            webhooks::insert(tx, &webhook, &sealed).await?;
            Ok(())
        })
    })
    .await?;
    Ok(Registered { webhook, secret })
}

/// Changes a webhook. A password or token stays with the host it was given for.
pub async fn update(app: &App, id: &WebhookId, change: WebhookChange, actor: &Actor) -> Result<Webhook, WebhookError> {
    let name = change.name.map(check_name).transpose()?;
    let endpoint = change.endpoint.as_deref().map(|text| check_endpoint(app, text)).transpose()?;
    let subscriptions = match &change.event_types {
        Some(words) => Some(Subscriptions::parse(words.iter().map(String::as_str))?),
        None => None,
    };
    let authorization = match change.authorization {
        Patch::Keep => None,
        Patch::Clear => Some(None),
        Patch::Set(wish) => Some(settle(app, Some(wish))?),
    };
    let (now, house, id, actor) = (app.now(), app.clone(), id.clone(), actor.clone());
    app.write(move |tx| {
        let (app, id, actor) = (house.clone(), id.clone(), actor.clone());
        let (name, endpoint, subscriptions) = (name.clone(), endpoint.clone(), subscriptions.clone());
        let authorization = authorization.clone();
        Box::pin(async move {
            let before = webhooks::find(tx, &id).await?.ok_or(WebhookError::NotFound)?;
            let mut sealed = webhooks::sealed(tx, &id).await?.ok_or(WebhookError::NotFound)?;
            let mut webhook = before.clone();
            webhook.name = name.unwrap_or(webhook.name);
            webhook.endpoint = endpoint.unwrap_or(webhook.endpoint);
            webhook.subscriptions = subscriptions.unwrap_or(webhook.subscriptions);
            webhook.enabled = change.enabled.unwrap_or(webhook.enabled);
            match authorization {
                Some(new) => (webhook.authorization, sealed.authorization) = new.unzip(),
                None if webhook.authorization.is_some() && !webhook.endpoint.is_same_origin(&before.endpoint) => {
                    return Err(WebhookError::AuthorizationStays);
                }
                None => {}
            }
            webhook.updated_at = now;
            webhooks::save(tx, &webhook, &sealed).await?;
            record(&app, tx, &id, "updated", &actor, now).await?;
            Ok(webhook)
        })
    })
    .await
}

/// Gives a webhook a new signing secret. The one before signs beside it for [`ROTATION`]; one before that is dead.
pub async fn rotate_secret(app: &App, id: &WebhookId, actor: &Actor) -> Result<Registered, WebhookError> {
    let secret = SigningSecret::mint(app.entropy().bytes());
    let fresh = seal_signing(app, &secret)?;
    let (now, house, id, actor) = (app.now(), app.clone(), id.clone(), actor.clone());
    let webhook = app.write(move |tx| {
        let (app, id, actor, fresh) = (house.clone(), id.clone(), actor.clone(), fresh.clone());
        Box::pin(async move {
            let mut webhook = webhooks::find(tx, &id).await?.ok_or(WebhookError::NotFound)?;
            let mut sealed = webhooks::sealed(tx, &id).await?.ok_or(WebhookError::NotFound)?;
            sealed.old_secret = Some(std::mem::replace(&mut sealed.secret, fresh));
            webhook.old_secret_until = Some(now.plus(ROTATION));
            webhook.updated_at = now;
            webhooks::save(tx, &webhook, &sealed).await?;
            record(&app, tx, &id, "secret_rotated", &actor, now).await?;
            Ok::<_, WebhookError>(webhook)
        })
    });
    Ok(Registered { webhook: webhook.await?, secret })
}

/// Deletes a webhook with its deliveries. False if there was none.
pub async fn delete(app: &App, id: &WebhookId, actor: &Actor) -> Result<bool, WebhookError> {
    let (now, house, id, actor) = (app.now(), app.clone(), id.clone(), actor.clone());
    app.write(move |tx| {
        let (app, id, actor) = (house.clone(), id.clone(), actor.clone());
        Box::pin(async move {
            let is_deleted = webhooks::delete(tx, &id).await?;
            if is_deleted {
                record(&app, tx, &id, "deleted", &actor, now).await?;
            }
            Ok(is_deleted)
        })
    })
    .await
}

fn check_name(name: String) -> Result<String, WebhookError> {
    let fits = (1..=MAX_NAME).contains(&name.chars().count());
    let clean = !name.chars().any(|c| c.is_control() || c == '<' || c == '>');
    if fits && clean { Ok(name) } else { Err(WebhookError::Name) }
}

/// The rule, and what the address guard can say before the name is resolved. It has its say again at every delivery.
fn check_endpoint(app: &App, text: &str) -> Result<Endpoint, WebhookError> {
    let endpoint = Endpoint::parse(text.trim(), app.allows_private_upstreams())?;
    app.messenger().check(&endpoint).map_err(|_| WebhookError::Blocked)?;
    Ok(endpoint)
}

type Settled = Option<(Authorization, Vec<u8>)>;

fn settle(app: &App, wish: Option<AuthorizationWish>) -> Result<Settled, WebhookError> {
    let Some(wish) = wish else { return Ok(None) };
    let (method, secret) = wish.split()?;
    Ok(Some((method, seal_authorization(app, &secret)?)))
}
