//! Auth0's endpoints for database connections: the sign-up that does not exist, and the forgotten password.
//!
//! Owns their literal answers, which are the same whoever asks about whom (cases 32, 35). Must not look at an address.

use super::cors;
use super::fields::Body;
use crate::WebState;
use crate::error::OAuthError;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use guestlist_app::recover::{self, RecoverError};
use guestlist_domain::ids::ClientId;
use serde_json::json;

/// What Auth0 says, word for word: some clients look for it.
const MAILED: &str = "We've just sent you an email to reset your password.";

pub(super) fn router() -> Router<WebState> {
    Router::new()
        .route("/dbconnections/signup", post(sign_up).options(cors::preflight))
        .route("/dbconnections/change_password", post(change_password).options(cors::preflight))
}

/// Nobody comes in uninvited. The body is not even read.
async fn sign_up(State(state): State<WebState>, headers: HeaderMap) -> Response {
    let refusal = Json(json!({
        "error": "public signup is disabled",
        "code": "public_signup_disabled",
        "description": "public signup is disabled",
        "name": "BadRequestError",
        "statusCode": 400,
    }));
    let response = (StatusCode::BAD_REQUEST, [(header::CACHE_CONTROL, "no-store")], refusal).into_response();
    cors::for_any_client(response, &headers, &state.app).await
}

/// Whoever the address belongs to, and if to nobody: the same answer. A mail says the rest.
async fn change_password(State(state): State<WebState>, body: Result<Body, OAuthError>) -> Response {
    let Body { fields, headers, .. } = match body {
        Ok(body) => body,
        Err(error) => return error.into_response(),
    };
    let Some(address) = fields.get("email").or(fields.get("username")) else {
        return super::token::invalid_request("Missing required parameter: email").into_response();
    };
    let client = fields.get("client_id").map(ClientId::new);
    let response = match recover::forgot(&state.app, address, client.as_ref(), None).await {
        Ok(()) | Err(RecoverError::Dead | RecoverError::Weak(_)) => MAILED.into_response(),
        Err(RecoverError::Unexpected(error)) => OAuthError::from(error).into_response(),
    };
    cors::for_any_client(response, &headers, &state.app).await
}
