//! `/api/v2/users/{id}/link-ledger`: why these identities are one person. No API of Auth0's; the names are ours.
//!
//! Owns the fields of a line. Must not know what can be undone.

use super::auth::Caller;
use super::query::Segments;
use super::wire::moment;
use crate::WebState;
use crate::error::ApiError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use guestlist_app::undo::{self, LedgerLine, UndoError};
use guestlist_app::users::UserError;
use guestlist_domain::ids::{LedgerId, UserId};
use serde_json::{Value, json};

pub(super) async fn list(
    State(state): State<WebState>,
    Segments(id): Segments<String>,
) -> Result<Json<Value>, ApiError> {
    let lines = undo::ledger_of(&state.app, &UserId::new(id)).await?.ok_or(UserError::NotFound)?;
    Ok(Json(lines.iter().map(line).collect()))
}

fn line(line: &LedgerLine) -> Value {
    let entry = &line.entry;
    let way = entry.way.as_ref();
    json!({
        "id": entry.id,
        "kind": entry.rule.kind().as_str(),
        "connection_id": way.map(|way| &way.connection),
        "issuer": way.map(|way| &way.issuer),
        "subject": way.map(|way| &way.subject),
        "email": way.and_then(|way| way.email.as_ref()).map(ToString::to_string),
        "rule": entry.rule.as_str(),
        "proofs": entry.proofs,
        "actor": entry.actor,
        "at": moment(entry.at),
        "undoes": entry.undoes,
        "undone": line.undone,
        "undoable_until": line.undoable_until.map(moment),
        "details": entry.details,
    })
}

pub(super) async fn undo(
    State(state): State<WebState>,
    caller: Caller,
    Segments((id, entry)): Segments<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let user = UserId::new(id);
    undo::by_administrator(&state.app, &caller.actor(), &user, &LedgerId::new(entry)).await.map_err(refused)?;
    let lines = undo::ledger_of(&state.app, &user).await?.ok_or(UserError::NotFound)?;
    Ok(Json(lines.iter().map(line).collect()))
}

fn refused(error: UndoError) -> ApiError {
    let status = match &error {
        UndoError::NotFound => StatusCode::NOT_FOUND,
        UndoError::LastWayIn | UndoError::Blocked => StatusCode::BAD_REQUEST,
        UndoError::Refused(_) | UndoError::Changed | UndoError::Taken => StatusCode::CONFLICT,
        UndoError::Unexpected(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    match error {
        UndoError::Unexpected(error) => error.into(),
        told => ApiError::new(status, told.to_string()),
    }
}
