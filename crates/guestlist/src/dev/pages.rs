//! How the pages of `guestlist dev` are made: our layout and style sheet, templates of their own.
//!
//! Owns their templates. English only: nobody but a developer reads them. Must not know what they show.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use guestlist_web::view::{Frame, environment, render_in};
use minijinja::{Environment, Error};
use serde::Serialize;
use std::sync::Arc;

const TEMPLATES: &[(&str, &str)] = &[
    ("dev/hub.html", include_str!("../../templates/dev/hub.html")),
    ("dev/mailbox.html", include_str!("../../templates/dev/mailbox.html")),
    ("dev/message.html", include_str!("../../templates/dev/message.html")),
    ("dev/people.html", include_str!("../../templates/dev/people.html")),
    ("dev/provider.html", include_str!("../../templates/dev/provider.html")),
    ("dev/sample.html", include_str!("../../templates/dev/sample.html")),
];

/// The pages. Clones share them.
#[derive(Clone)]
pub(super) struct Pages {
    environment: Arc<Environment<'static>>,
}

impl Pages {
    /// Reads the templates.
    pub(super) fn new() -> Result<Self, Error> {
        let mut environment = environment();
        for (name, source) in TEMPLATES {
            environment.add_template(name, source)?;
        }
        Ok(Self { environment: Arc::new(environment) })
    }

    /// Answers with a page.
    pub(super) fn answer(&self, template: &str, page: impl Serialize) -> Response {
        self.answer_with(StatusCode::OK, template, page)
    }

    /// Answers with a page and another status than 200.
    pub(super) fn answer_with(&self, status: StatusCode, template: &str, page: impl Serialize) -> Response {
        match render_in(&self.environment, template, &Frame::default(), page) {
            Ok(html) => (status, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(error = %format!("{error:#}"), template, "a page cannot be rendered");
                (StatusCode::INTERNAL_SERVER_ERROR, "this page cannot be rendered; the log says why").into_response()
            }
        }
    }

    /// Says in one sentence what cannot be done, and why.
    pub(super) fn message(&self, status: StatusCode, title: &str, text: &str) -> Response {
        #[derive(Serialize)]
        struct Message<'a> {
            title: &'a str,
            text: &'a str,
        }
        self.answer_with(status, "dev/message.html", Message { title, text })
    }
}

/// Sends the browser on.
pub(super) fn redirect(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => (StatusCode::BAD_REQUEST, "an address that no header can carry").into_response(),
    }
}
