//! `/api/v2/refresh-tokens` and `/api/v2/grants`: what applications were granted by users.
//!
//! Owns Auth0's fields of both. A refresh token is named by its grant; the token itself is told to nobody. Must not decide
//! what is granted.

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
use guestlist_app::users;
use guestlist_domain::grant::Which;
use guestlist_domain::ids::{ClientId, GrantId, UserId};
use serde_json::Value;

/// Auth0's limit on how many are revoked by one call.
const MOST_IDS: usize = 100;

pub(super) async fn list(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let paging = Paging::checkpoint(&query)?;
    let found = users::list_refresh_tokens(&state.app, &UserId::new(id), (paging.offset, paging.fetch())).await?;
    Ok(paging.answer("tokens", found.iter().map(wire::refresh_token).collect(), None))
}

pub(super) async fn show(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let found = users::find_refresh_token(&state.app, &GrantId::new(id)).await?;
    let unknown = || ApiError::new(StatusCode::NOT_FOUND, "The refresh token does not exist.");
    Ok(Json(wire::refresh_token(&found.ok_or_else(unknown)?)))
}

pub(super) async fn end(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    users::revoke_grants(&state.app, &caller.actor(), vec![GrantId::new(id)]).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn end_all(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    users::end_refresh_tokens(&state.app, &caller.actor(), &UserId::new(id), (None, None)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Those of a list, or those of a user, which an application or an API narrows.
pub(super) async fn revoke(
    State(state): State<WebState>,
    caller: Caller,
    mut body: Fields,
) -> Result<StatusCode, ApiError> {
    let ids = body.texts("ids", MOST_IDS)?;
    let user = body.text("user_id", 1..=255)?.map(UserId::new);
    let client = body.text("client_id", 1..=128)?.map(ClientId::new);
    let audience = body.text("audience", 1..=600)?;
    body.nothing_more()?;
    match (ids, user) {
        (Some(ids), None) if client.is_none() && audience.is_none() => {
            let ids = ids.into_iter().map(GrantId::new).collect();
            users::revoke_grants(&state.app, &caller.actor(), ids).await?;
        }
        (None, Some(user)) => {
            users::end_refresh_tokens(&state.app, &caller.actor(), &user, (client, audience)).await?;
        }
        _ => return Err(invalid("either 'ids' alone, or 'user_id', must be given")),
    }
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn grants(State(state): State<WebState>, query: Query) -> Result<Json<Value>, ApiError> {
    let paging = Paging::offset(&query)?;
    let text = |name| query.text(name).map(str::to_owned);
    let which = Which {
        user: text("user_id").map(UserId::new),
        client: text("client_id").map(ClientId::new),
        audience: text("audience"),
    };
    let page = (paging.offset, paging.fetch());
    let (found, total) = users::list_grants(&state.app, which, page, paging.wants_total()).await?;
    Ok(paging.answer("grants", found.iter().map(wire::grant).collect(), total))
}

/// Without a user it would mean everybody.
pub(super) async fn revoke_grants_of(
    State(state): State<WebState>,
    caller: Caller,
    query: Query,
) -> Result<StatusCode, ApiError> {
    let user = query.text("user_id").ok_or_else(|| query::invalid("'user_id' must be given"))?;
    users::revoke_grants_of(&state.app, &caller.actor(), &UserId::new(user)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn revoke_grant(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    users::revoke_grants(&state.app, &caller.actor(), vec![GrantId::new(id)]).await?;
    Ok(StatusCode::NO_CONTENT)
}
