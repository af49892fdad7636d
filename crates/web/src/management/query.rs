//! Query strings and path segments of the Management API.
//!
//! Owns their reading: each parameter once, unknown ones ignored, since Auth0's tools send some that have no meaning
//! here. Must not know what a parameter is for.

use crate::error::ApiError;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

/// Not every database can keep it, and it is in nobody's id.
const NUL: &str = "%00";

/// The parameters of a request.
#[derive(Debug, Default)]
pub(super) struct Query {
    parameters: Vec<(String, String)>,
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::read(parts.uri.query().unwrap_or_default())
    }
}

impl Query {
    pub(super) fn read(text: &str) -> Result<Self, ApiError> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        if text.contains(NUL) {
            return Err(invalid("U+0000 is not allowed"));
        }
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(invalid("a parameter comes twice"));
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self { parameters })
    }

    /// A parameter, unless it is missing or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(invalid(&format!("'Expected type boolean' on property {name}"))),
        }
    }

    /// A whole number from `least` to `most`.
    pub(super) fn number(&self, name: &str, least: i64, most: i64) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse::<i64>().ok().filter(|number| (least..=most).contains(number));
        number
            .map(Some)
            .ok_or_else(|| invalid(&format!("'Expected an integer from {least} to {most}' on property {name}")))
    }
}

/// Auth0's words for a query that is wrong.
pub(super) fn invalid(what: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, format!("Query validation error: {what}.")).with_code("invalid_query_string")
}

/// Segments of the path, percent-decoded once (trap T14).
pub(super) struct Segments<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path: Result<Path<T>, PathRejection> = Path::from_request_parts(parts, state).await;
        match path {
            Ok(Path(segments)) if !parts.uri.path().contains(NUL) => Ok(Self(segments)),
            _ => Err(ApiError::new(StatusCode::BAD_REQUEST, "Path validation error: the path is not valid.")
                .with_code("invalid_uri")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_once() {
        let query = Query::read("page=2&include_totals=true&email=anna%2Blist%40example.org&q=").unwrap();
        assert_eq!(query.number("page", 0, 10).unwrap(), Some(2));
        assert_eq!(query.flag("include_totals").unwrap(), Some(true));
        assert_eq!(query.text("email"), Some("anna+list@example.org"));
        assert_eq!((query.text("q"), query.text("nothing")), (None, None));
        assert!(query.number("page", 0, 1).is_err() && query.flag("page").is_err());
        assert_eq!(Query::read("a=1&a=2").unwrap_err().code, Some("invalid_query_string"));
    }
}
