//! The one place where what went wrong becomes an answer: a page, Auth0's JSON or OAuth's JSON, each with its status
//! and its level in the log.
//!
//! Owns [`Problem`] (pages), [`ApiError`] (the Management API) and [`OAuthError`] (protocol endpoints). A page is
//! rendered later, by [`crate::door`], which knows the reader's language. Must not know what an act does.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use guestlist_app::Unexpected;
use guestlist_app::accept::AcceptError;
use serde::Serialize;
use std::borrow::Cow;

use crate::view::notice::Notice;
use crate::view::sign_in::Back;

/// How long a caller should wait when we are too busy, in seconds.
const BUSY_RETRY_AFTER: u64 = 2;

/// What stops a page.
#[derive(Clone, Debug)]
pub enum Problem {
    /// No such page, or nothing of that name.
    NotFound,
    /// A known page, asked in a way it does not answer.
    MethodNotAllowed,
    /// The request makes no sense; the reason is for the log.
    BadRequest(Cow<'static, str>),
    /// More than a form can be.
    TooLarge,
    /// The form did not come from a page of ours in this browser, or that page is too old.
    StaleForm,
    /// The cookie that carries the way through is gone, or what it stands for is over.
    LostWay,
    /// Too many tries.
    TooManyAttempts,
    /// The provider did not answer as it should.
    UpstreamFailed {
        /// The name on its button, if known.
        provider: Option<String>,
        /// The way back to where the trip began.
        back: Option<Back>,
    },
    /// The person, or the provider, said no.
    UpstreamDenied {
        /// The name on its button, if known.
        provider: Option<String>,
        /// The way back to where the trip began.
        back: Option<Back>,
    },
    /// Signed in, but not as an administrator.
    NotAdmin,
    /// Our fault, or too busy.
    Unexpected(Unexpected),
}

impl From<Unexpected> for Problem {
    fn from(error: Unexpected) -> Self {
        Self::Unexpected(error)
    }
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Unexpected(error) => error.into(),
            AcceptError::TooMany { .. } => Self::TooManyAttempts,
            // Only acts that change something answer so, and their pages have words of their own for it.
            other => Self::BadRequest(other.to_string().into()),
        }
    }
}

impl From<minijinja::Error> for Problem {
    fn from(error: minijinja::Error) -> Self {
        Self::Unexpected(Unexpected::Broken(format!("a page cannot be rendered: {error:#}")))
    }
}

impl Problem {
    /// The status of its page.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadRequest(_) | Self::LostWay => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::StaleForm | Self::NotAdmin | Self::UpstreamDenied { .. } => StatusCode::FORBIDDEN,
            Self::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            Self::UpstreamFailed { .. } => StatusCode::BAD_GATEWAY,
            Self::Unexpected(Unexpected::Busy) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unexpected(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What its page says.
    pub const fn notice(&self) -> Notice {
        match self {
            Self::NotFound => Notice::NotFound,
            Self::MethodNotAllowed | Self::BadRequest(_) | Self::TooLarge => Notice::BadRequest,
            Self::StaleForm => Notice::StaleForm,
            Self::LostWay => Notice::LostWay,
            Self::TooManyAttempts => Notice::TooManyAttempts,
            Self::UpstreamFailed { .. } => Notice::UpstreamFailed,
            Self::UpstreamDenied { .. } => Notice::UpstreamDenied,
            Self::NotAdmin => Notice::NotAdmin,
            Self::Unexpected(Unexpected::Busy) => Notice::Busy,
            Self::Unexpected(_) => Notice::Internal,
        }
    }

    /// The provider its page names.
    pub fn provider(&self) -> Option<String> {
        match self {
            Self::UpstreamFailed { provider, .. } | Self::UpstreamDenied { provider, .. } => provider.clone(),
            _ => None,
        }
    }

    /// The way on that its page offers.
    pub fn back(&self) -> Option<Back> {
        match self {
            Self::UpstreamFailed { back, .. } | Self::UpstreamDenied { back, .. } => {
                Some(back.clone().unwrap_or(Back::Login))
            }
            Self::LostWay => Some(Back::Login),
            Self::NotAdmin => Some(Back::Account),
            _ => None,
        }
    }

    fn log(&self) {
        match self {
            Self::Unexpected(error) => log_unexpected(error),
            Self::BadRequest(reason) => tracing::debug!(%reason, "bad request"),
            Self::UpstreamFailed { provider, .. } => {
                tracing::warn!(provider = provider.as_deref(), "an upstream provider failed");
            }
            _ => {}
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.log();
        let mut response = self.status().into_response();
        if let Self::Unexpected(Unexpected::Busy) = self {
            insert_retry_after(&mut response, BUSY_RETRY_AFTER);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// An error of the Management API, in Auth0's form: `{statusCode, error, message, errorCode}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The status.
    pub status: StatusCode,
    /// What a developer reads.
    pub message: Cow<'static, str>,
    /// What a program branches on.
    pub code: Option<&'static str>,
    /// Facts beside it, under names of their own: the id of what is already there, for one.
    pub facts: Vec<(&'static str, String)>,
    /// How long to wait before another try, in seconds.
    pub retry_after: Option<u64>,
}

impl ApiError {
    /// An error without a code.
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into(), code: None, facts: Vec::new(), retry_after: None }
    }

    /// With a code for programs.
    #[must_use]
    pub const fn with_code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// With a fact beside it.
    #[must_use]
    pub fn with_fact(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.facts.push((name, value.into()));
        self
    }

    /// With a time to wait.
    #[must_use]
    pub const fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl From<Unexpected> for ApiError {
    fn from(error: Unexpected) -> Self {
        log_unexpected(&error);
        match error {
            Unexpected::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "Too busy right now. Try again.")
                .with_retry_after(BUSY_RETRY_AFTER),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side."),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut body = serde_json::Map::new();
        body.insert("statusCode".to_owned(), self.status.as_u16().into());
        body.insert("error".to_owned(), self.status.canonical_reason().unwrap_or("Error").into());
        body.insert("message".to_owned(), self.message.into_owned().into());
        if let Some(code) = self.code {
            body.insert("errorCode".to_owned(), code.into());
        }
        for (name, value) in self.facts {
            body.insert(name.to_owned(), value.into());
        }
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            insert_retry_after(&mut response, seconds);
        }
        response
    }
}

/// An error of a protocol endpoint: `{error, error_description}` (RFC 6749, 5.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    /// The status: 400, or 401 where client authentication failed.
    pub status: StatusCode,
    /// The registered word.
    pub error: Cow<'static, str>,
    /// What a developer reads.
    pub description: Cow<'static, str>,
    /// How long to wait before another try, in seconds.
    pub retry_after: Option<u64>,
}

impl OAuthError {
    /// An error answered with 400.
    pub fn new(error: impl Into<Cow<'static, str>>, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error: error.into(),
            description: description.into(),
            retry_after: None,
        }
    }

    /// With another status.
    #[must_use]
    pub const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

impl From<Unexpected> for OAuthError {
    fn from(error: Unexpected) -> Self {
        log_unexpected(&error);
        match error {
            Unexpected::Busy => Self {
                retry_after: Some(BUSY_RETRY_AFTER),
                ..Self::new("temporarily_unavailable", "Too busy right now. Try again.")
                    .with_status(StatusCode::SERVICE_UNAVAILABLE)
            },
            _ => Self::new("server_error", "Something went wrong on our side.")
                .with_status(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body<'a> {
            error: &'a str,
            error_description: &'a str,
        }
        let body = Json(Body { error: &self.error, error_description: &self.description });
        let mut response = (self.status, [(header::CACHE_CONTROL, "no-store")], body).into_response();
        if let Some(seconds) = self.retry_after {
            insert_retry_after(&mut response, seconds);
        }
        response
    }
}

/// Busy is the weather; everything else is a defect or a database that is gone, and somebody should look.
fn log_unexpected(error: &Unexpected) {
    match error {
        Unexpected::Busy => tracing::warn!("too busy: a caller was sent away"),
        other => tracing::error!(error = %other, "an act failed"),
    }
}

fn insert_retry_after(response: &mut Response, seconds: u64) {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    async fn body(response: Response) -> serde_json::Value {
        serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
    }

    #[tokio::test]
    async fn the_management_api_answers_as_auth0_does() {
        let error = ApiError::new(StatusCode::CONFLICT, "Already invited.")
            .with_code("invitation_exists")
            .with_fact("invitation_id", "inv_1");
        let response = error.into_response();
        assert_eq!(response.status(), StatusCode::CONFLICT);
        let expected = serde_json::json!({
            "statusCode": 409, "error": "Conflict", "message": "Already invited.",
            "errorCode": "invitation_exists", "invitation_id": "inv_1",
        });
        assert_eq!(body(response).await, expected);
    }

    #[tokio::test]
    async fn protocol_endpoints_answer_as_the_rfc_says() {
        let response = OAuthError::new("invalid_grant", "The code is spent.").into_response();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        let expected = serde_json::json!({ "error": "invalid_grant", "error_description": "The code is spent." });
        assert_eq!(body(response).await, expected);
    }

    #[test]
    fn too_busy_is_said_with_a_time_to_come_back_everywhere() {
        let answers = [
            Problem::from(Unexpected::Busy).into_response(),
            ApiError::from(Unexpected::Busy).into_response(),
            OAuthError::from(Unexpected::Busy).into_response(),
        ];
        for answer in answers {
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(answer.headers()[header::RETRY_AFTER], "2");
        }
    }

    #[tokio::test]
    async fn what_broke_stays_in_the_log() {
        let secret = || Unexpected::Broken("inner detail".to_owned());
        for answer in [ApiError::from(secret()).into_response(), OAuthError::from(secret()).into_response()] {
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert!(!body(answer).await.to_string().contains("inner detail"));
        }
    }
}
