//! What happens around every request: an id, one line in the log, a page for what went wrong, the headers.
//!
//! Owns the outermost layer. Must not know what any request is about; a path that carries a secret is not written down.

use crate::error::Problem;
use crate::headers::{PagePolicy, dress_answer, dress_page};
use crate::state::WebState;
use crate::view::notice::NoticePage;
use crate::view::{Frame, render};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use guestlist_app::Unexpected;
use guestlist_app::i18n::{Language, accepted_tags};
use std::any::Any;
use std::fmt::Write as _;
use tracing::Instrument as _;

/// A request's name in the log, in its answer and on a page that must admit a defect.
#[derive(Clone, Debug)]
pub struct RequestId(String);

impl RequestId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The outermost layer.
pub async fn keep(State(state): State<WebState>, mut request: Request, next: Next) -> Response {
    let began = state.app.now();
    let id = mint(state.app.entropy().bytes());
    let language = language_of(request.headers());
    let line = Line { method: request.method().clone(), path: loggable_path(&request) };
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", request.id = id.as_str());
    let mut response = next.run(request).instrument(span.clone()).await;
    let _in_request = span.enter();
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = page_of(&problem, &id, language, response);
    }
    dress(&mut response, &id, state.app.public_url().is_secure());
    let milliseconds = state.app.now().since(began).as_millis();
    let status = response.status().as_u16();
    tracing::info!(http.method = %line.method, http.path = %line.path, http.status = status, milliseconds, "answered");
    response
}

/// A handler that panicked is a defect; the process and everybody else's request go on.
#[expect(clippy::needless_pass_by_value, reason = "the layer calls it with the payload itself")]
pub fn after_panic(payload: Box<dyn Any + Send + 'static>) -> Response {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
    Problem::Unexpected(Unexpected::Broken(format!("a handler panicked: {text}"))).into_response()
}

/// The language that the browser asks for.
pub fn language_of(headers: &HeaderMap) -> Language {
    let wishes = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Language::choose(accepted_tags(wishes))
}

struct Line {
    method: Method,
    path: String,
}

/// The path as the log may have it: no query, and no link's secret.
fn loggable_path(request: &Request) -> String {
    let path = request.uri().path();
    match request.extensions().get::<MatchedPath>() {
        Some(matched) if matched.as_str().contains("{token}") => matched.as_str().to_owned(),
        _ if path.contains("gl_") => "…".to_owned(),
        _ => path.chars().take(200).collect(),
    }
}

fn mint(entropy: [u8; 8]) -> RequestId {
    RequestId(entropy.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// The page of a problem, in place of the bare answer that carried it.
fn page_of(problem: &Problem, id: &RequestId, language: Language, bare: Response) -> Response {
    let page = NoticePage {
        notice: problem.notice(),
        provider: problem.provider(),
        request_id: problem.status().is_server_error().then(|| id.as_str().to_owned()),
        back: problem.back(),
    };
    match render(&Frame { language, ..Frame::default() }, &page) {
        Ok(html) => {
            let (parts, _) = bare.into_parts();
            (parts.status, parts.headers, Html(html)).into_response()
        }
        Err(error) => {
            tracing::error!(error = %format!("{error:#}"), "the page of a problem cannot be rendered");
            bare
        }
    }
}

fn dress(response: &mut Response, id: &RequestId, secure: bool) {
    let policy = response.extensions_mut().remove::<PagePolicy>().unwrap_or_default();
    let headers = response.headers_mut();
    let is_page =
        headers.get(header::CONTENT_TYPE).is_some_and(|media_type| media_type.as_bytes().starts_with(b"text/html"));
    if is_page {
        dress_page(headers, &policy);
    }
    dress_answer(headers, secure);
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn request(path: &str) -> Request {
        Request::builder().uri(path).body(Body::empty()).unwrap()
    }

    #[test]
    fn case_014_no_secret_and_no_query_is_written_down() {
        assert_eq!(loggable_path(&request("/login?resume=sealed")), "/login");
        assert_eq!(loggable_path(&request("/i/gl_inv_AAAA/and/more")), "…");
        assert_eq!(loggable_path(&request(&format!("/{}", "x".repeat(500)))).len(), 200);
    }

    #[test]
    fn ids_of_requests_are_hexadecimal() {
        assert_eq!(mint([0, 1, 2, 3, 4, 5, 6, 255]).as_str(), "00010203040506ff");
    }
}
