//! `POST /oauth/revoke` (RFC 7009).
//!
//! Owns the form of the request. Whether there was such a token is not told.

use super::cors;
use super::fields::Body;
use super::token::{authenticated, invalid_request};
use crate::WebState;
use crate::error::OAuthError;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use guestlist_app::tokens;

pub(super) fn router() -> Router<WebState> {
    Router::new().route("/oauth/revoke", post(revoke).options(cors::preflight))
}

async fn revoke(State(state): State<WebState>, body: Result<Body, OAuthError>) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(error) => return error.into_response(),
    };
    let client = match authenticated(&state.app, &body).await {
        Ok(client) => client,
        Err(refusal) => return cors::for_any_client(refusal, &body.headers, &state.app).await,
    };
    let response = match body.fields.get("token") {
        None => invalid_request("Missing required parameter: token").into_response(),
        Some(token) => match tokens::revoke(&state.app, &client, token).await {
            Ok(()) => StatusCode::OK.into_response(),
            Err(error) => OAuthError::from(error).into_response(),
        },
    };
    cors::for_client(response, &body.headers, client.client())
}
