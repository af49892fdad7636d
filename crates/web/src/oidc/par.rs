//! `POST /oauth/par`: an authorization request that an application pushes before it sends a browser (RFC 9126).
//!
//! Owns the form of request and answer. Must not know how a pushed request is kept.

use super::cors;
use super::fields::Body;
use super::token::authenticated;
use crate::WebState;
use crate::error::OAuthError;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use guestlist_app::App;
use guestlist_app::authorize;
use guestlist_domain::authorization::{PUSHED_LIFETIME, Parameters};
use guestlist_domain::client::Client;
use serde_json::json;

pub(super) fn router() -> Router<WebState> {
    Router::new().route("/oauth/par", post(push).options(cors::preflight))
}

async fn push(State(state): State<WebState>, body: Result<Body, OAuthError>) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(error) => return error.into_response(),
    };
    match authenticated(&state.app, &body).await {
        Err(refusal) => cors::for_any_client(refusal, &body.headers, &state.app).await,
        Ok(client) => {
            let Body { fields, headers, .. } = body;
            let answer = answer(&state.app, client.client(), &Parameters::new(fields.into_pairs())).await;
            cors::for_client(answer.unwrap_or_else(IntoResponse::into_response), &headers, client.client())
        }
    }
}

async fn answer(app: &App, client: &Client, parameters: &Parameters) -> Result<Response, OAuthError> {
    let pushed = authorize::push(app, client, parameters).await?;
    let name = pushed.map_err(|refused| OAuthError::new(refused.code.as_str(), refused.description))?;
    let body = Json(json!({ "request_uri": name, "expires_in": PUSHED_LIFETIME.as_secs() }));
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], body).into_response())
}
