//! `POST /oauth/token`.
//!
//! Owns the forms of request and answer, and the error words of the wire (RFC 6749, 5). Must not decide what is issued.

use super::fields::{Body, Fields};
use super::{cors, credentials};
use crate::WebState;
use crate::error::OAuthError;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use guestlist_app::App;
use guestlist_app::tokens::{self, Ask, AuthenticatedClient, Issued, TokenError};
use guestlist_domain::secret::Sensitive;
use serde::Serialize;

pub(super) fn router() -> Router<WebState> {
    Router::new().route("/oauth/token", post(token).options(cors::preflight))
}

async fn token(State(state): State<WebState>, body: Result<Body, OAuthError>) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(error) => return error.into_response(),
    };
    match authenticated(&state.app, &body).await {
        Ok(client) => {
            let answer = issue(&state.app, &client, &body.fields).await;
            let response = answer.map_or_else(IntoResponse::into_response, |issued| answered(&issued));
            cors::for_client(response, &body.headers, client.client())
        }
        Err(refusal) => cors::for_any_client(refusal, &body.headers, &state.app).await,
    }
}

/// The client behind a request, or the answer for one that did not prove itself.
pub(super) async fn authenticated(app: &App, body: &Body) -> Result<AuthenticatedClient, Response> {
    let credentials = credentials::read(body).map_err(|why| credentials::invalid_client(&body.headers, why))?;
    tokens::authenticate(app, &credentials).await.map_err(|error| match error {
        TokenError::InvalidClient => credentials::invalid_client(&body.headers, "Client authentication failed."),
        other => OAuthError::from(other).into_response(),
    })
}

async fn issue(app: &App, client: &AuthenticatedClient, fields: &Fields) -> Result<Issued, OAuthError> {
    Ok(tokens::issue(app, client, ask(fields)?).await?)
}

fn ask(fields: &Fields) -> Result<Ask, OAuthError> {
    let required = |name: &str| fields.secret(name).ok_or_else(|| missing(name));
    match fields.get("grant_type").ok_or_else(|| missing("grant_type"))? {
        "authorization_code" => Ok(Ask::Code {
            code: required("code")?,
            redirect_uri: fields.text("redirect_uri"),
            verifier: fields.secret("code_verifier"),
        }),
        "refresh_token" => Ok(Ask::Refresh { token: required("refresh_token")?, scope: fields.text("scope") }),
        "client_credentials" => {
            Ok(Ask::ClientCredentials { audience: fields.text("audience"), scope: fields.text("scope") })
        }
        _ => Err(OAuthError::new("unsupported_grant_type", "This grant type is not supported.")),
    }
}

/// The answer, in which alone a token is shown.
fn answered(issued: &Issued) -> Response {
    #[derive(Serialize)]
    struct Answer<'a> {
        access_token: &'a str,
        token_type: &'static str,
        expires_in: u64,
        scope: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        id_token: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        refresh_token: Option<&'a str>,
    }
    let answer = Json(Answer {
        access_token: issued.access_token.expose(),
        token_type: "Bearer",
        expires_in: issued.expires_in.as_secs(),
        scope: issued.scope.to_string(),
        id_token: issued.id_token.as_ref().map(Sensitive::expose),
        refresh_token: issued.refresh_token.as_ref().map(Sensitive::expose),
    });
    ([(header::CACHE_CONTROL, "no-store")], answer).into_response()
}

impl From<TokenError> for OAuthError {
    fn from(error: TokenError) -> Self {
        let word = match &error {
            TokenError::InvalidClient => "invalid_client",
            TokenError::UnauthorizedClient => "unauthorized_client",
            TokenError::UnknownCode
            | TokenError::BadCode(_)
            | TokenError::UnknownRefreshToken
            | TokenError::Lapsed(_) => "invalid_grant",
            TokenError::UnknownAudience(_) | TokenError::NoClientGrant(_) => "access_denied",
            TokenError::InvalidScope => "invalid_scope",
            TokenError::Unexpected(unexpected) => return unexpected.clone().into(),
        };
        Self::new(word, error.to_string())
    }
}

fn missing(name: &str) -> OAuthError {
    OAuthError::new("invalid_request", format!("Missing required parameter: {name}"))
}

pub(super) fn invalid_request(description: &'static str) -> OAuthError {
    OAuthError::new("invalid_request", description)
}
