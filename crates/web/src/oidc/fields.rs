//! The parameters of a protocol request, from a form, a query or a JSON object.
//!
//! Owns their reading. Must not know what any of them means.

use super::token::invalid_request;
use crate::WebState;
use crate::error::OAuthError;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use guestlist_domain::secret::Sensitive;
use serde_json::Value;
use std::time::Duration;
use url::form_urlencoded;

/// A body that takes longer to arrive is holding the door.
const ARRIVES_WITHIN: Duration = Duration::from_secs(15);

/// Parameters, decoded, in the order in which they came. Without `Debug`: secrets are among them.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Those of a query or a form.
    pub(super) fn of_form(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// A parameter's value; one without a value counts as left out (RFC 6749, 3.1).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A parameter's value, to keep.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// A parameter's value that must not be shown.
    pub(super) fn secret(&self, name: &str) -> Option<Sensitive> {
        self.get(name).map(Sensitive::new)
    }

    /// The parameters, one by one.
    pub(super) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }

    /// The parameters as a query.
    pub(super) fn to_query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    fn is_repetitive(&self) -> bool {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| matches!(pair, [one, other] if one == other))
    }
}

/// The parameters of a POST: a form, or a flat JSON object, as some of Auth0's libraries send (T8).
pub(super) struct Body {
    pub(super) fields: Fields,
    pub(super) headers: HeaderMap,
    /// The query, which must not carry what belongs into the body.
    pub(super) query: Fields,
}

impl FromRequest<WebState> for Body {
    type Rejection = OAuthError;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, OAuthError> {
        let headers = request.headers().clone();
        let query = Fields::of_form(request.uri().query().unwrap_or_default().as_bytes());
        let arrived = tokio::time::timeout(ARRIVES_WITHIN, Bytes::from_request(request, state)).await;
        let bytes = arrived.map_err(|_| invalid_request("The body arrived too slowly."))?.map_err(|rejection| {
            let error = invalid_request("The body cannot be read.");
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                error.with_status(rejection.status())
            } else {
                error
            }
        })?;
        let fields = if is_json(&headers) { of_json(&bytes)? } else { Fields::of_form(&bytes) };
        if fields.is_repetitive() {
            return Err(invalid_request("A parameter must not be repeated."));
        }
        Ok(Self { fields, headers, query })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (essence, _) = media_type.split_once(';').unwrap_or((media_type, ""));
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// Text as it is, numbers and flags as they are written, nothing for null; nothing else fits a parameter.
fn of_json(bytes: &[u8]) -> Result<Fields, OAuthError> {
    let Ok(Value::Object(object)) = serde_json::from_slice(bytes) else {
        return Err(invalid_request("The body is not a JSON object."));
    };
    let field = |(name, value): (String, Value)| match value {
        Value::String(text) => Some((name, text)),
        Value::Number(number) => Some((name, number.to_string())),
        Value::Bool(flag) => Some((name, flag.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    Ok(Fields(object.into_iter().filter_map(field).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_json_say_the_same() {
        let form = Fields::of_form(b"a=1&b=x+y%2B&c=");
        let json = of_json(br#"{"a":1,"b":"x y+","c":null,"d":{"e":1}}"#).unwrap_or(Fields(Vec::new()));
        for fields in [form, json] {
            assert_eq!((fields.get("a"), fields.get("b"), fields.get("c")), (Some("1"), Some("x y+"), None));
        }
        assert!(of_json(b"[]").is_err() && of_json(b"{").is_err());
    }

    #[test]
    fn a_name_that_comes_twice_is_noticed() {
        assert!(Fields::of_form(b"code=1&x=2&code=3").is_repetitive());
        assert!(!Fields::of_form(b"code=1&x=1").is_repetitive());
    }
}
