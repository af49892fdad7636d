//! The two driver commands that the client library lacks.
//!
//! They know their endpoints and bodies, and nothing of what is done with the answers.

use axum::http::Method;
use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// The name by which assistive technology knows an element (WebDriver, "Get Computed Label").
#[derive(Debug)]
pub(super) struct ComputedLabel {
    element: String,
}

impl ComputedLabel {
    pub(super) fn of(element: &Element) -> Self {
        Self { element: element.element_id().as_ref().to_owned() }
    }
}

impl WebDriverCompatibleCommand for ComputedLabel {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let (session, element) = (session.unwrap_or_default(), &self.element);
        base.join(&format!("session/{session}/element/{element}/computedlabel"))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::GET, None)
    }
}

/// One command of the Chrome DevTools protocol.
#[derive(Debug)]
pub(super) struct DevTools {
    pub(super) method: String,
    pub(super) parameters: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "cmd": self.method, "params": self.parameters }).to_string()))
    }
}
