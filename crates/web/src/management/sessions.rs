//! `/api/v2/sessions`, and the sessions of a user.
//!
//! Owns Auth0's fields of a session. The secret by which a browser has it is told to nobody. Must not decide who is signed in.

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
use guestlist_app::users::{self, Ending};
use guestlist_domain::ids::{SessionId, UserId};
use serde_json::Value;

pub(super) async fn list(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
    query: Query,
) -> Result<Json<Value>, ApiError> {
    let paging = Paging::checkpoint(&query)?;
    let found = users::list_sessions(&state.app, &UserId::new(id), (paging.offset, paging.fetch())).await?;
    Ok(paging.answer("sessions", found.iter().map(wire::session).collect(), None))
}

pub(super) async fn show(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let found = users::find_session(&state.app, &SessionId::new(id)).await?;
    let unknown = || ApiError::new(StatusCode::NOT_FOUND, "The session does not exist.");
    Ok(Json(wire::session(&found.ok_or_else(unknown)?)))
}

pub(super) async fn end(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    users::end_session(&state.app, &caller.actor(), (&SessionId::new(id), None), Ending::Session).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn revoke(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    users::end_session(&state.app, &caller.actor(), (&SessionId::new(id), None), Ending::AndItsGrants).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn end_all(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<StatusCode, ApiError> {
    users::end_sessions(&state.app, &caller.actor(), &UserId::new(id), Ending::Session).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Everything that is open to a user, or one session of theirs; with what applications have, unless they shall keep it.
pub(super) async fn revoke_access(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
    mut body: Fields,
) -> Result<StatusCode, ApiError> {
    let session = body.text("session_id", 1..=128)?.map(SessionId::new);
    let keep = body.flag("preserve_refresh_tokens")?.unwrap_or(false);
    body.nothing_more()?;
    let (user, ending) = (UserId::new(id), if keep { Ending::Session } else { Ending::AndItsGrants });
    match session {
        None => users::end_sessions(&state.app, &caller.actor(), &user, ending).await?,
        Some(session) => {
            users::end_session(&state.app, &caller.actor(), (&session, Some(&user)), ending).await?;
        }
    }
    Ok(StatusCode::ACCEPTED)
}
