//! Pages of applications that call from a browser.
//!
//! Owns the headers that let them (Fetch, 3.2): origins that a client registered, and no cookies, ever. Must not decide
//! anything else by origin.

use crate::WebState;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use guestlist_app::{App, clients};
use guestlist_domain::client::Client;

/// What Auth0's libraries send along (T9).
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static("auth0-client, content-type, authorization, dpop");

/// Lets a page of `client` read the answer.
pub(super) fn for_client(mut response: Response, headers: &HeaderMap, client: &Client) -> Response {
    if let Some(origin) = origin(headers)
        && client.origins().any(|known| known.as_bytes() == origin.as_bytes())
    {
        allow(&mut response, origin.clone());
    }
    response
}

/// Lets a page of any client read the answer: where the answer is the same for all, or nobody has said who asks.
pub(super) async fn for_any_client(mut response: Response, headers: &HeaderMap, app: &App) -> Response {
    if let Some(origin) = origin(headers)
        && let Ok(text) = origin.to_str()
        && clients::is_origin(app, text).await.unwrap_or(false)
    {
        allow(&mut response, origin.clone());
    }
    response
}

/// The answer to the question that a browser asks first.
pub(super) async fn preflight(State(state): State<WebState>, headers: HeaderMap) -> Response {
    let may: [(HeaderName, HeaderValue); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200")),
    ];
    for_any_client((StatusCode::NO_CONTENT, may).into_response(), &headers, &state.app).await
}

fn origin(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers.get(header::ORIGIN)
}

fn allow(response: &mut Response, origin: HeaderValue) {
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
}
