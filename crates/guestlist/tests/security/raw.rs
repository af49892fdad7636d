//! Requests that no browser of ours sends: odd hosts, odd targets, bodies byte for byte.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use guestlist_testkit::visitor::Visitor;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// What came back.
pub(crate) struct RawAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl RawAnswer {
    /// Everything, to be searched.
    pub(crate) fn everything(&self) -> String {
        format!("{:?} {:?} {}", self.status, self.headers, self.body)
    }
}

/// Hands a request to the router as it is.
pub(crate) async fn send(router: &Router, request: Request<Body>) -> RawAnswer {
    let response = router.clone().oneshot(request).await.expect("a router always answers");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    RawAnswer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
}

/// A request with those headers, `Host` among them or not.
pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let request = Request::builder().method(method).uri(target);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(body.into()).expect("a request")
}

/// What a browser says of its cookies.
pub(crate) fn cookie_line(visitor: &Visitor) -> String {
    let pairs: Vec<String> = visitor.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("; ")
}

/// The names of the cookies that an answer sets.
pub(crate) fn cookies_set(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::SET_COOKIE).iter();
    let names = lines.filter_map(|line| line.to_str().ok()?.split_once('=').map(|(name, _)| name.to_owned()));
    names.collect()
}
