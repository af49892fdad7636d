//! `/api/v2/event-streams`: webhooks, in Auth0's words.
//!
//! Owns Auth0's fields of an event stream whose destination is a webhook. The signing secret is in the one answer that
//! made it; a password or token is never told. Must not know how an event gets there.

use super::auth::Caller;
use super::body::{Fields, invalid};
use super::page::Paging;
use super::query::{self, Query, Segments};
use super::wire;
use crate::WebState;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use guestlist_app::webhooks::{self, AuthorizationWish, NewWebhook, Registered, WebhookChange, WebhookError};
use guestlist_domain::ids::{EventId, WebhookId};
use guestlist_domain::patch::Patch;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::webhook::{DeliveryStatus, MAX_ENDPOINT, MAX_NAME};
use serde_json::{Value, json};

/// The most subscriptions that one body may name.
const MAX_SUBSCRIPTIONS: usize = 100;
/// The longest user name, password or token, in characters.
const MAX_CREDENTIAL: usize = 2_000;

pub(super) async fn list(State(state): State<WebState>, query: Query) -> Result<Json<Value>, ApiError> {
    let paging = Paging::either(&query)?;
    let (found, total) = paging.cut(webhooks::list(&state.app).await?);
    Ok(paging.answer("eventStreams", found.iter().map(wire::event_stream).collect(), total))
}

pub(super) async fn show(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let found = webhooks::find(&state.app, &WebhookId::new(id)).await?.ok_or(WebhookError::NotFound)?;
    Ok(Json(wire::event_stream(&found)))
}

pub(super) async fn create(
    State(state): State<WebState>,
    caller: Caller,
    mut body: Fields,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let name = body.needed("name", 1..=MAX_NAME)?;
    let event_types = subscriptions(&mut body)?.ok_or_else(|| body.missing("subscriptions"))?;
    let wish = destination(&mut body)?.ok_or_else(|| body.missing("destination"))?;
    let enabled = enabled(&mut body)?.unwrap_or(true);
    body.nothing_more()?;
    let new = NewWebhook {
        name,
        endpoint: wish.endpoint.ok_or_else(|| invalid("'Missing required property: webhook_endpoint'"))?,
        event_types,
        authorization: wish.authorization.apply(None),
        enabled,
    };
    let made = webhooks::create(&state.app, new, &caller.actor()).await?;
    Ok((StatusCode::CREATED, with_secret(&made)))
}

pub(super) async fn change(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
    mut body: Fields,
) -> Result<Json<Value>, ApiError> {
    let name = body.text("name", 1..=MAX_NAME)?;
    let event_types = subscriptions(&mut body)?;
    let wish = destination(&mut body)?.unwrap_or_default();
    let enabled = enabled(&mut body)?;
    body.nothing_more()?;
    let change =
        WebhookChange { name, endpoint: wish.endpoint, event_types, authorization: wish.authorization, enabled };
    let changed = webhooks::update(&state.app, &WebhookId::new(id), change, &caller.actor()).await?;
    Ok(Json(wire::event_stream(&changed)))
}

pub(super) async fn delete(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    // As at Auth0, what is gone need not be deleted.
    webhooks::delete(&state.app, &WebhookId::new(id), &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn rotate_secret(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let rotated = webhooks::rotate_secret(&state.app, &WebhookId::new(id), &caller.actor()).await?;
    Ok(with_secret(&rotated))
}

pub(super) async fn test(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let queued = webhooks::test(&state.app, &WebhookId::new(id), &caller.actor()).await?;
    Ok((StatusCode::ACCEPTED, Json(wire::delivery_of(&queued))))
}

pub(super) async fn deliveries(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let paging = Paging::either(&query)?;
    let status = match query.text("status") {
        Some(word) => {
            let unknown = || query::invalid("'status' is one of: queued, delivered, failed");
            Some(DeliveryStatus::parse(word).ok_or_else(unknown)?)
        }
        None => None,
    };
    let span = (paging.offset, paging.fetch());
    let found = webhooks::deliveries(&state.app, &WebhookId::new(id), status, span).await?;
    Ok(paging.answer("deliveries", found.iter().map(wire::delivery_of).collect(), None))
}

pub(super) async fn redeliver(
    State(state): State<WebState>,
    Segments((id, event)): Segments<(String, String)>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let queued = webhooks::redeliver(&state.app, &WebhookId::new(id), &EventId::new(event)).await?;
    Ok((StatusCode::ACCEPTED, Json(wire::delivery_of(&queued))))
}

fn with_secret(registered: &Registered) -> Json<Value> {
    let mut body = wire::event_stream(&registered.webhook);
    if let Some(body) = body.as_object_mut() {
        body.insert("signing_secret".to_owned(), json!(registered.secret.expose().as_str()));
    }
    Json(body)
}

fn subscriptions(body: &mut Fields) -> Result<Option<Vec<String>>, ApiError> {
    let items = match body.any("subscriptions") {
        None => return Ok(None),
        Some(Value::Array(items)) if items.len() <= MAX_SUBSCRIPTIONS => items,
        Some(_) => {
            let what = format!("Expected an array of at most {MAX_SUBSCRIPTIONS} subscriptions");
            return Err(body.invalid_property(&what, "subscriptions"));
        }
    };
    let words = items.into_iter().map(|item| {
        let mut item = Fields::of(item, "subscriptions[].")?;
        let word = item.needed("event_type", 1..=100)?;
        item.nothing_more()?;
        Ok(word)
    });
    words.collect::<Result<Vec<_>, ApiError>>().map(Some)
}

fn enabled(body: &mut Fields) -> Result<Option<bool>, ApiError> {
    let read = |word: &str| match word {
        "enabled" => Some(true),
        "disabled" => Some(false),
        _ => None,
    };
    body.word("status", read, "enabled, disabled")
}

/// What a body says about where to.
#[derive(Default)]
struct Destination {
    endpoint: Option<String>,
    authorization: Patch<AuthorizationWish>,
}

fn destination(body: &mut Fields) -> Result<Option<Destination>, ApiError> {
    let Some(mut destination) = body.object("destination", "destination.")? else { return Ok(None) };
    let only = |word: &str| (word == "webhook").then_some(());
    if destination.word("type", only, "webhook")?.is_none() {
        return Err(destination.missing("type"));
    }
    let mut wish = Destination::default();
    if let Some(mut configuration) = destination.object("configuration", "destination.configuration.")? {
        wish.endpoint = configuration.text("webhook_endpoint", 1..=MAX_ENDPOINT)?;
        wish.authorization = match configuration.any("webhook_authorization") {
            None => Patch::Keep,
            Some(Value::Null) => Patch::Clear,
            Some(value) => Patch::Set(authorization(value)?),
        };
        configuration.nothing_more()?;
    }
    destination.nothing_more()?;
    Ok(Some(wish))
}

fn authorization(value: Value) -> Result<AuthorizationWish, ApiError> {
    let mut fields = Fields::of(value, "destination.configuration.webhook_authorization.")?;
    let secret = |fields: &mut Fields, name: &str| -> Result<Sensitive, ApiError> {
        fields.secret(name, MAX_CREDENTIAL)?.ok_or_else(|| fields.missing(name))
    };
    let wish = match fields.needed("method", 1..=20)?.as_str() {
        "basic" => AuthorizationWish::Basic {
            username: fields.needed("username", 1..=MAX_CREDENTIAL)?,
            password: secret(&mut fields, "password")?,
        },
        "bearer" => AuthorizationWish::Bearer(secret(&mut fields, "token")?),
        _ => return Err(fields.invalid_property("Expected one of: basic, bearer", "method")),
    };
    fields.nothing_more()?;
    Ok(wish)
}
