//! `/.well-known/openid-configuration` and `/.well-known/jwks.json`.
//!
//! Owns the description of ourselves: what works, and nothing else (OpenID Connect Discovery 1.0, 3). Both are bytes in
//! memory. Must not know keys; the act hands out their public halves.

use crate::WebState;
use crate::error::OAuthError;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use guestlist_app::i18n::Language;
use guestlist_app::keys;
use guestlist_app::settings::PublicUrl;
use serde_json::json;

/// Long enough to spare us, short enough that the next key is seen before it signs.
const CACHING: HeaderValue = HeaderValue::from_static("public, max-age=300");

pub(super) fn router() -> Router<WebState> {
    Router::new()
        .route("/.well-known/openid-configuration", get(configuration).options(preflight))
        .route("/.well-known/jwks.json", get(jwks).options(preflight))
}

async fn configuration(State(state): State<WebState>) -> Response {
    public_json(state.discovery.clone())
}

async fn jwks(State(state): State<WebState>) -> Response {
    match keys::jwks(&state.app).await {
        Ok(jwks) => public_json(Bytes::from_owner(Shared(jwks))),
        Err(error) => OAuthError::from(error).into_response(),
    }
}

/// Anybody's page may read these.
async fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "auth0-client, content-type"),
        (header::ACCESS_CONTROL_MAX_AGE, "7200"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn public_json(body: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, CACHING),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ];
    (headers, body).into_response()
}

/// Text that many answers share.
struct Shared(std::sync::Arc<str>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// What we can do, for libraries that ask.
pub(crate) fn document(public_url: &PublicUrl) -> Bytes {
    let languages: Vec<&str> = Language::ALL.iter().map(|language| language.tag()).collect();
    let document = json!({
        "issuer": public_url.issuer(),
        "authorization_endpoint": public_url.at("/authorize"),
        "pushed_authorization_request_endpoint": public_url.at("/oauth/par"),
        "require_pushed_authorization_requests": false,
        "token_endpoint": public_url.at("/oauth/token"),
        "userinfo_endpoint": public_url.at("/userinfo"),
        "jwks_uri": public_url.at("/.well-known/jwks.json"),
        "revocation_endpoint": public_url.at("/oauth/revoke"),
        "end_session_endpoint": public_url.at("/oidc/logout"),
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "response_types_supported": ["code", "id_token", "code id_token"],
        "response_modes_supported": ["query", "form_post", "web_message"],
        "grant_types_supported": ["authorization_code", "implicit", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "claims_supported": [
            "iss", "sub", "aud", "iat", "exp", "auth_time", "nonce", "sid", "at_hash", "c_hash", "name", "nickname",
            "given_name", "family_name", "picture", "updated_at", "email", "email_verified",
        ],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": languages,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": false,
    });
    Bytes::from(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_say_about_ourselves() {
        let public_url = PublicUrl::parse("https://id.example.org").unwrap();
        let document: serde_json::Value = serde_json::from_slice(&document(&public_url)).unwrap();
        insta::assert_json_snapshot!(document);
    }
}
