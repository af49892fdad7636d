//! `/api/v2/client-grants`: what machines may ask for, and of which API.
//!
//! Owns their fields. Must not know what a scope allows.

use super::auth::Caller;
use super::body::Fields;
use super::page::Paging;
use super::query::{Query, Segments};
use super::wire;
use crate::WebState;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use guestlist_app::clients;
use guestlist_domain::ids::{ClientGrantId, ClientId};
use serde_json::Value;

/// The most scopes that one grant may list.
const MAX_SCOPES: usize = 1_000;

pub(super) async fn list(State(state): State<WebState>, query: Query) -> Result<Json<Value>, ApiError> {
    let paging = Paging::either(&query)?;
    let (client, audience) = (query.text("client_id"), query.text("audience"));
    let mut found = clients::list_grants(&state.app).await?;
    found.retain(|grant| {
        client.is_none_or(|id| grant.client.as_str() == id) && audience.is_none_or(|api| grant.audience == api)
    });
    let (found, total) = paging.cut(found);
    Ok(paging.answer("client_grants", found.iter().map(wire::client_grant).collect(), total))
}

pub(super) async fn create(
    State(state): State<WebState>,
    caller: Caller,
    mut body: Fields,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let client = ClientId::new(body.needed("client_id", 1..=128)?);
    let audience = body.needed("audience", 1..=600)?;
    let scope = body.texts("scope", MAX_SCOPES)?.ok_or_else(|| body.missing("scope"))?;
    let made = clients::create_grant(&state.app, &client, &audience, scope, &caller.actor()).await?;
    Ok((StatusCode::CREATED, Json(wire::client_grant(&made))))
}

pub(super) async fn change(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
    mut body: Fields,
) -> Result<Json<Value>, ApiError> {
    let scope = body.texts("scope", MAX_SCOPES)?.ok_or_else(|| body.missing("scope"))?;
    let changed = clients::update_grant(&state.app, &ClientGrantId::new(id), scope, &caller.actor()).await?;
    Ok(Json(wire::client_grant(&changed)))
}

pub(super) async fn delete(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    clients::delete_grant(&state.app, &ClientGrantId::new(id), &caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
