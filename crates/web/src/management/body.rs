//! Bodies of requests: JSON read strictly, then field by field.
//!
//! Owns the limits on a body and Auth0's words about one that is wrong. A field that is not asked for does not exist
//! (R16), and no message repeats a value. Must not know what a field means.

use crate::error::ApiError;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use guestlist_domain::email::Email;
use guestlist_domain::patch::Patch;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::user::Metadata;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;
use std::ops::RangeInclusive;

/// The largest body, in bytes.
pub(super) const BODY_LIMIT: usize = 1024 * 1024;

/// A JSON object that came as a body, its fields still to be asked for.
#[derive(Debug)]
pub(super) struct Fields {
    fields: Map<String, Value>,
    /// Where the object stands in the body, for messages: empty, or `identity.`.
    place: &'static str,
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match read(request, state).await? {
            Value::Object(fields) => Ok(Self { fields, place: "" }),
            other => Err(wrong_type("object", &other, "the body")),
        }
    }
}

/// A JSON array that came as a body.
pub(super) struct Items(pub(super) Vec<Value>);

impl<S: Send + Sync> FromRequest<S> for Items {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match read(request, state).await? {
            Value::Array(items) => Ok(Self(items)),
            other => Err(wrong_type("array", &other, "the body")),
        }
    }
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Value, ApiError> {
    let bytes = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("Payload content length greater than maximum allowed: {BODY_LIMIT}"),
        ),
        _ => invalid("the body could not be read"),
    })?;
    parse(&bytes)
}

/// Reads JSON in which no object says anything twice. How deep it may go is limited by the parser.
fn parse(bytes: &[u8]) -> Result<Value, ApiError> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let strict = Strict::deserialize(&mut parser).and_then(|strict| parser.end().map(|()| strict));
    strict.map(|strict| strict.0).map_err(|error| match error.classify() {
        serde_json::error::Category::Data if error.to_string().starts_with(NUL) => invalid(NUL),
        serde_json::error::Category::Data => invalid(TWICE),
        _ => invalid("the body is not valid JSON"),
    })
}

const TWICE: &str = "an object has a property twice";
const NUL: &str = "U+0000 is not allowed";

/// Not every database can keep it, and nobody's name has it.
fn without_nul<E: serde::de::Error>(text: &str) -> Result<&str, E> {
    if text.contains('\0') { Err(E::custom(NUL)) } else { Ok(text) }
}

/// JSON without duplicate properties: two readers of one body could otherwise see two different ones (case 18).
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        without_nul(value).map(Value::from)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut found = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            found.push(item);
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut found = Map::new();
        while let Some((name, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if found.insert(without_nul(&name)?.to_owned(), value).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(Value::Object(found))
    }
}

impl Fields {
    /// The object that stands in a list or in another object.
    pub(super) fn of(value: Value, place: &'static str) -> Result<Self, ApiError> {
        match value {
            Value::Object(fields) => Ok(Self { fields, place }),
            other => Err(wrong_type("object", &other, place.trim_end_matches('.'))),
        }
    }

    /// The whole of it as text, the same for the same content: for a digest.
    pub(super) fn fingerprint(&self) -> String {
        let mut entries: Vec<_> = self.fields.iter().collect();
        entries.sort_by_key(|(name, _)| name.as_str());
        serde_json::to_string(&entries).unwrap_or_default()
    }

    /// Whether nothing of it was left out or is left over.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The names that are still to be asked for.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// Whatever stands there.
    pub(super) fn any(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name)
    }

    /// Text within a length in characters.
    pub(super) fn text(&mut self, name: &str, length: RangeInclusive<usize>) -> Result<Option<String>, ApiError> {
        match self.any(name) {
            None => Ok(None),
            Some(Value::String(text)) => self.fitting(name, text, length).map(Some),
            Some(other) => Err(self.wrong("string", &other, name)),
        }
    }

    /// Text within a length, or `null` to clear it.
    pub(super) fn clearable(&mut self, name: &str, length: RangeInclusive<usize>) -> Result<Patch<String>, ApiError> {
        match self.any(name) {
            None => Ok(Patch::Keep),
            Some(Value::Null) => Ok(Patch::Clear),
            Some(Value::String(text)) => self.fitting(name, text, length).map(Patch::Set),
            Some(other) => Err(self.wrong("string", &other, name)),
        }
    }

    /// Text that must be there.
    pub(super) fn needed(&mut self, name: &str, length: RangeInclusive<usize>) -> Result<String, ApiError> {
        self.text(name, length)?.ok_or_else(|| self.missing(name))
    }

    /// Text that must not be shown again.
    pub(super) fn secret(&mut self, name: &str, most: usize) -> Result<Option<Sensitive>, ApiError> {
        Ok(self.text(name, 0..=most)?.map(Sensitive::new))
    }

    /// One address.
    pub(super) fn email(&mut self, name: &str) -> Result<Option<Email>, ApiError> {
        let Some(text) = self.text(name, 0..=320)? else { return Ok(None) };
        Email::parse(&text).map(Some).map_err(|error| self.invalid_property(&error.to_string(), name))
    }

    /// True or false.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.any(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(self.wrong("boolean", &other, name)),
        }
    }

    /// A whole number that is not negative.
    pub(super) fn count(&mut self, name: &str) -> Result<Option<u64>, ApiError> {
        match self.any(name) {
            None => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| self.wrong("non-negative integer", &value, name)),
        }
    }

    /// An object of the caller's own.
    pub(super) fn metadata(&mut self, name: &str) -> Result<Option<Metadata>, ApiError> {
        match self.any(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(other) => Err(self.wrong("object", &other, name)),
        }
    }

    /// An object whose fields we know.
    pub(super) fn object(&mut self, name: &str, place: &'static str) -> Result<Option<Self>, ApiError> {
        self.any(name).map(|value| Self::of(value, place)).transpose()
    }

    /// A list of at most `most` objects whose fields we know.
    pub(super) fn objects(
        &mut self,
        name: &str,
        place: &'static str,
        most: usize,
    ) -> Result<Option<Vec<Self>>, ApiError> {
        let Some(items) = self.items(name, most)? else { return Ok(None) };
        items.into_iter().map(|item| Self::of(item, place)).collect::<Result<_, _>>().map(Some)
    }

    /// A list of at most `most` texts.
    pub(super) fn texts(&mut self, name: &str, most: usize) -> Result<Option<Vec<String>>, ApiError> {
        let Some(items) = self.items(name, most)? else { return Ok(None) };
        let texts = items.into_iter().map(|item| match item {
            Value::String(text) => Ok(text),
            other => Err(self.wrong("string", &other, name)),
        });
        texts.collect::<Result<Vec<_>, _>>().map(Some)
    }

    fn items(&mut self, name: &str, most: usize) -> Result<Option<Vec<Value>>, ApiError> {
        match self.any(name) {
            None => Ok(None),
            Some(Value::Array(items)) if items.len() > most => {
                Err(self.invalid_property(&format!("Array is too long ({}), maximum {most}", items.len()), name))
            }
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(other) => Err(self.wrong("array", &other, name)),
        }
    }

    /// One of the words that `read` knows.
    pub(super) fn word<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
        known: &str,
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name, 0..=200)? else { return Ok(None) };
        read(&text).map(Some).ok_or_else(|| self.invalid_property(&format!("Expected one of: {known}"), name))
    }

    /// Refuses what nobody asked for.
    pub(super) fn nothing_more(&self) -> Result<(), ApiError> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(name) => {
                let name: String = name.chars().take(60).collect();
                Err(invalid(&format!("'Additional properties not allowed: {}{name}'", self.place)))
            }
        }
    }

    /// The error for a property that is missing.
    pub(super) fn missing(&self, name: &str) -> ApiError {
        invalid(&format!("'Missing required property: {}{name}'", self.place))
    }

    /// The error for a property that is not as it should be.
    pub(super) fn invalid_property(&self, what: &str, name: &str) -> ApiError {
        invalid(&format!("'{what}' on property {}{name}", self.place))
    }

    fn fitting(&self, name: &str, text: String, length: RangeInclusive<usize>) -> Result<String, ApiError> {
        let count = text.chars().count();
        let what = match count {
            _ if length.contains(&count) => return Ok(text),
            _ if count < *length.start() => format!("String is too short ({count} chars), minimum {}", length.start()),
            _ => format!("String is too long ({count} chars), maximum {}", length.end()),
        };
        Err(self.invalid_property(&what, name))
    }

    fn wrong(&self, expected: &str, found: &Value, name: &str) -> ApiError {
        wrong_type(expected, found, &format!("property {}{name}", self.place))
    }
}

/// Auth0's words for a body that is wrong.
pub(super) fn invalid(what: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, format!("Payload validation error: {what}.")).with_code("invalid_body")
}

fn wrong_type(expected: &str, found: &Value, place: &str) -> ApiError {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    invalid(&format!("'Expected type {expected} but found type {found}' on {place}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(text: &str) -> Fields {
        Fields::of(parse(text.as_bytes()).unwrap(), "").unwrap()
    }

    fn refused(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err().message.into_owned()
    }

    #[test]
    fn case_018_nothing_is_said_twice() {
        assert!(refused(r#"{"email":"a@x.org","email":"b@y.org"}"#).contains("twice"));
        assert!(refused(r#"{"a":[{"b":1,"b":2}]}"#).contains("twice"));
        assert!(refused(r#"{"a":1} {"a":2}"#).contains("not valid JSON"));
        assert!(refused("{").contains("not valid JSON"));
        assert!(refused(r#"{"a":"\u0000"}"#).contains("U+0000"));
        assert!(refused(r#"{"a\u0000":1}"#).contains("U+0000"));
        assert!(refused(&"[".repeat(100_000)).contains("not valid JSON"));
    }

    #[test]
    fn case_018_an_address_is_one_text() {
        for wrong in
            [r#"{"email":["a@x.org"]}"#, r#"{"email":{"a":1}}"#, r#"{"email":"a@x.org,b@y.org"}"#, r#"{"email":null}"#]
        {
            let error = fields(wrong).email("email").unwrap_err();
            assert_eq!((error.status, error.code), (StatusCode::BAD_REQUEST, Some("invalid_body")), "{wrong}");
        }
    }

    #[test]
    fn messages_name_the_property_and_no_value() {
        let mut body = fields(r#"{"password":12345,"name":"","extra":"secret"}"#);
        let message = |error: ApiError| error.message.into_owned();
        assert_eq!(
            message(body.secret("password", 100).unwrap_err()),
            "Payload validation error: 'Expected type string but found type number' on property password."
        );
        assert_eq!(
            message(body.text("name", 1..=300).unwrap_err()),
            "Payload validation error: 'String is too short (0 chars), minimum 1' on property name."
        );
        assert_eq!(
            message(body.nothing_more().unwrap_err()),
            "Payload validation error: 'Additional properties not allowed: extra'."
        );
        assert_eq!(
            message(body.needed("email", 1..=10).unwrap_err()),
            "Payload validation error: 'Missing required property: email'."
        );
    }

    #[test]
    fn a_fingerprint_does_not_depend_on_the_order() {
        let (one, other) = (fields(r#"{"a":1,"b":{"c":2}}"#), fields(r#"{ "b":{"c":2}, "a":1 }"#));
        assert_eq!(one.fingerprint(), other.fingerprint());
        assert_ne!(one.fingerprint(), fields(r#"{"a":1}"#).fingerprint());
    }

    proptest! {
        #[test]
        fn what_is_read_strictly_is_what_is_read_loosely(text in r#"[\[\]{}:,"ab01 .\-eE\\ntrufals]{0,60}"#) {
            if let Ok(strict) = parse(text.as_bytes()) {
                prop_assert_eq!(Some(strict), serde_json::from_str::<Value>(&text).ok());
            }
        }
    }
}
