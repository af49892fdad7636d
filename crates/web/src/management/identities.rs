//! `/api/v2/users/{id}/identities`.
//!
//! Owns the forms in which an identity is named (trap T21). Must not know what may be linked.

use super::auth::Caller;
use super::body::{Fields, invalid};
use super::query::{Query, Segments};
use super::users::identities;
use crate::WebState;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use guestlist_app::users::{self, IdentityRef, MergeWish, Merged};
use guestlist_domain::ids::{ConnectionId, DATABASE_PROVIDER, UserId};
use guestlist_domain::merging::MetadataWish;
use serde_json::{Value, json};

pub(super) async fn link(
    State(state): State<WebState>,
    caller: Caller,
    Segments(id): Segments<String>,
    query: Query,
    mut body: Fields,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let dry_run = query.flag("dry_run")?.unwrap_or(false);
    if body.any("link_with").is_some() {
        return Err(invalid("'link_with' is for a token of the user's own, which this API does not take"));
    }
    let which = IdentityRef {
        provider: body.needed("provider", 1..=128)?,
        user_id: match body.any("user_id") {
            Some(Value::String(text)) if !text.is_empty() && text.chars().count() <= 1_000 => text,
            // GitHub's ids are numbers, and callers pass them as such.
            Some(Value::Number(number)) if number.is_u64() => number.to_string(),
            Some(_) => return Err(body.invalid_property("Expected a string or an integer", "user_id")),
            None => return Err(body.missing("user_id")),
        },
        connection: body.text("connection_id", 1..=128)?.map(ConnectionId::new),
    };
    // Ours: Auth0 drops the other user's metadata.
    let metadata = match body.flag("merge_metadata")? {
        Some(true) => MetadataWish::Fill,
        Some(false) | None => MetadataWish::Keep,
    };
    body.nothing_more()?;
    if which.provider == DATABASE_PROVIDER {
        let wish = MergeWish { dry_run, metadata };
        let merged = users::merge(&state.app, &caller.actor(), &UserId::new(id), &which.user_id, wish).await?;
        return Ok(if dry_run {
            (StatusCode::OK, planned(&merged))
        } else {
            (StatusCode::CREATED, identities(&merged.user))
        });
    }
    if dry_run {
        return Err(invalid("'dry_run' is for merging a whole user, whose provider is auth0"));
    }
    let linked = users::link(&state.app, &caller.actor(), &UserId::new(id), which).await?;
    Ok((StatusCode::CREATED, identities(&linked)))
}

/// What a merge would come to.
fn planned(merged: &Merged) -> Json<Value> {
    Json(json!({
        "dry_run": true,
        "user_id": merged.user.user.id,
        "merges": merged.second,
        "conflicts": merged.plan.conflicts,
        "left_out": merged.plan.left_out,
    }))
}

pub(super) async fn unlink(
    State(state): State<WebState>,
    caller: Caller,
    Segments((id, provider, user_id)): Segments<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let which = IdentityRef { provider, user_id, connection: None };
    let remaining = users::unlink(&state.app, &caller.actor(), &UserId::new(id), which).await?;
    Ok(identities(&remaining))
}
