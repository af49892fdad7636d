//! `/userinfo`.
//!
//! Owns the three places where a token may be (RFC 6750, 2; passport-auth0 knows only the query, T5), one at a time.
//! Must not know what a token shows.

use super::cors;
use super::fields::{Body, Fields};
use crate::WebState;
use crate::error::OAuthError;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use guestlist_app::tokens::{self, UserInfo, UserInfoError};
use guestlist_app::{App, clients};

pub(super) fn router() -> Router<WebState> {
    Router::new().route("/userinfo", get(by_query).post(by_body).options(cors::preflight))
}

async fn by_query(State(state): State<WebState>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let query = Fields::of_form(query.unwrap_or_default().as_bytes());
    let token = token(&headers, &[&query]);
    answer(&state.app, &headers, token).await
}

async fn by_body(State(state): State<WebState>, body: Result<Body, OAuthError>) -> Response {
    match body {
        Ok(body) => {
            let token = token(&body.headers, &[&body.query, &body.fields]);
            answer(&state.app, &body.headers, token).await
        }
        Err(error) => error.into_response(),
    }
}

/// What is wrong with the way a token was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoToken {
    /// There is none.
    Missing,
    /// There are several, or the header is malformed.
    Malformed,
}

fn token(headers: &HeaderMap, places: &[&Fields]) -> Result<String, NoToken> {
    let mut found: Vec<String> = places.iter().filter_map(|fields| fields.text("access_token")).collect();
    for value in headers.get_all(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(NoToken::Malformed)?;
        if !scheme.eq_ignore_ascii_case("Bearer") {
            return Err(NoToken::Malformed);
        }
        found.push(token.trim().to_owned());
    }
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(NoToken::Missing),
        (Some(token), true) => Ok(token),
        (Some(_), false) => Err(NoToken::Malformed),
    }
}

async fn answer(app: &App, headers: &HeaderMap, token: Result<String, NoToken>) -> Response {
    let shown = match token {
        Ok(token) => tokens::userinfo(app, &token).await,
        Err(NoToken::Missing) => return challenge(StatusCode::UNAUTHORIZED, None, "An access token is needed."),
        Err(NoToken::Malformed) => {
            return challenge(StatusCode::BAD_REQUEST, Some("invalid_request"), "One access token is needed.");
        }
    };
    match shown {
        Ok(info) => shown_to(app, headers, info).await,
        Err(UserInfoError::Unexpected(error)) => OAuthError::from(error).into_response(),
        Err(error @ UserInfoError::Invalid) => {
            let response = challenge(StatusCode::UNAUTHORIZED, Some("invalid_token"), &error.to_string());
            cors::for_any_client(response, headers, app).await
        }
        Err(error @ UserInfoError::Scope) => {
            let response = challenge(StatusCode::FORBIDDEN, Some("insufficient_scope"), &error.to_string());
            cors::for_any_client(response, headers, app).await
        }
    }
}

async fn shown_to(app: &App, headers: &HeaderMap, info: UserInfo) -> Response {
    let response = ([(header::CACHE_CONTROL, "no-store")], Json(info.claims)).into_response();
    if !headers.contains_key(header::ORIGIN) {
        return response;
    }
    match clients::find(app, &info.client).await {
        Ok(Some(client)) => cors::for_client(response, headers, &client),
        Ok(None) | Err(_) => response,
    }
}

/// RFC 6750, 3: without a token the challenge says no more than that one is needed.
fn challenge(status: StatusCode, error: Option<&'static str>, description: &str) -> Response {
    let text = error.map_or_else(|| "Bearer".to_owned(), |error| format!("Bearer error=\"{error}\""));
    let body = OAuthError::new(error.unwrap_or("invalid_token"), description.to_owned()).with_status(status);
    let mut response = body.into_response();
    if let Ok(text) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, text);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_in_one_place() {
        let with = |values: &[&'static str]| {
            values.iter().map(|value| (header::AUTHORIZATION, HeaderValue::from_static(value))).collect::<HeaderMap>()
        };
        let none = Fields::of_form(b"");
        let some = Fields::of_form(b"access_token=t");
        assert_eq!(token(&with(&["Bearer t"]), &[&none]), Ok("t".to_owned()));
        assert_eq!(token(&with(&[]), &[&some]), Ok("t".to_owned()));
        assert_eq!(token(&with(&[]), &[&none, &some]), Ok("t".to_owned()));
        assert_eq!(token(&with(&[]), &[&none]), Err(NoToken::Missing));
        assert_eq!(token(&with(&["Bearer t"]), &[&some]), Err(NoToken::Malformed));
        assert_eq!(token(&with(&["Bearer t", "Bearer t"]), &[&none]), Err(NoToken::Malformed));
        assert_eq!(token(&with(&["Basic t"]), &[&none]), Err(NoToken::Malformed));
    }
}
