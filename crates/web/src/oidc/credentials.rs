//! How a client names itself and brings its secret: in the Authorization header or in the body, in one of them.
//!
//! Owns the two forms and the refusal of every other (case 88). Must not know whether a secret is right.

use super::fields::{Body, Fields};
use crate::error::OAuthError;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use guestlist_app::tokens::Credentials;
use guestlist_domain::ids::ClientId;
use guestlist_domain::secret::Sensitive;
use url::form_urlencoded;

/// A client that did not prove itself. One that tried Basic is asked for Basic (RFC 6749, 5.2).
pub(super) fn invalid_client(headers: &HeaderMap, description: &'static str) -> Response {
    let error = OAuthError::new("invalid_client", description).with_status(StatusCode::UNAUTHORIZED);
    let mut response = error.into_response();
    if headers.contains_key(header::AUTHORIZATION) {
        let challenge = HeaderValue::from_static("Basic realm=\"guestlist\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// What the client says about itself. The error is for developers.
pub(super) fn read(body: &Body) -> Result<Credentials, &'static str> {
    let fields = &body.fields;
    if body.query.get("client_secret").is_some() {
        return Err("The client secret must not be in the query.");
    }
    if fields.get("client_assertion").is_some() {
        return Err("Client assertions are not supported.");
    }
    let basic = basic(&body.headers)?;
    match (basic, fields.get("client_secret")) {
        (Some(_), Some(_)) => Err("Only one method of client authentication may be used."),
        (Some(basic), None) if is_other(fields, &basic) => Err("The client_id differs from that of the header."),
        (Some(basic), None) => Ok(basic),
        (None, secret) => {
            let client = fields.get("client_id").ok_or("Missing required parameter: client_id")?;
            Ok(Credentials { client: ClientId::new(client), secret: secret.map(Sensitive::new) })
        }
    }
}

fn is_other(fields: &Fields, basic: &Credentials) -> bool {
    fields.get("client_id").is_some_and(|id| id != basic.client.as_str())
}

/// The credentials of a Basic header. Both halves are form-encoded within (RFC 6749, 2.3.1; T7).
fn basic(headers: &HeaderMap) -> Result<Option<Credentials>, &'static str> {
    const MALFORMED: &str = "The Authorization header is malformed.";
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let (scheme, encoded) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(MALFORMED)?;
    if values.next().is_some() || !scheme.eq_ignore_ascii_case("Basic") {
        return Err(MALFORMED);
    }
    let decoded = BASE64.decode(encoded.trim().as_bytes()).map_err(|_| MALFORMED)?;
    let decoded = String::from_utf8(decoded).map_err(|_| MALFORMED)?;
    let (id, secret) = decoded.split_once(':').ok_or(MALFORMED)?;
    let (id, secret) = (form_decoded(id).ok_or(MALFORMED)?, form_decoded(secret).ok_or(MALFORMED)?);
    Ok(Some(Credentials { client: ClientId::new(id), secret: Some(Sensitive::new(secret)) }))
}

/// One form-encoded value. What parts a form's values cannot stand in one.
fn form_decoded(text: &str) -> Option<String> {
    if text.contains(['&', '=']) {
        return None;
    }
    Some(form_urlencoded::parse(text.as_bytes()).next().map_or_else(String::new, |(value, _)| value.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(authorization: &[&str], form: &str, query: &str) -> Body {
        let mut headers = HeaderMap::new();
        for value in authorization {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        Body { fields: Fields::of_form(form.as_bytes()), headers, query: Fields::of_form(query.as_bytes()) }
    }

    fn basic_of(text: &str) -> String {
        format!("Basic {}", BASE64.encode(text.as_bytes()))
    }

    fn read_as(authorization: &[&str], form: &str) -> Result<(String, Option<String>), &'static str> {
        let read = read(&body(authorization, form, ""))?;
        Ok((read.client.to_string(), read.secret.map(|secret| secret.expose().to_owned())))
    }

    #[test]
    fn case_088_one_method_at_a_time() {
        let known = || Ok(("app".to_owned(), Some("s-_.~".to_owned())));
        assert_eq!(read_as(&[], "client_id=app&client_secret=s-_.~"), known());
        assert_eq!(read_as(&[&basic_of("app:s-_.~")], ""), known());
        assert_eq!(read_as(&[&basic_of("app:s%2D%5F%2E%7E")], "client_id=app"), known());
        assert_eq!(read_as(&[], "client_id=app"), Ok(("app".to_owned(), None)));
        for (headers, form) in [
            (vec![basic_of("app:s")], "client_secret=s"),
            (vec![basic_of("app:s")], "client_id=other"),
            (vec![basic_of("app:s"), basic_of("app:s")], ""),
            (vec![basic_of("app")], ""),
            (vec![basic_of("app:a&b=c")], ""),
            (vec!["Basic !".to_owned()], ""),
            (vec!["Basic".to_owned()], ""),
            (vec!["Bearer x".to_owned()], "client_id=app&client_secret=s"),
            (vec![], "client_id=app&client_assertion=x"),
            (vec![], ""),
        ] {
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            assert!(read_as(&headers, form).is_err(), "{headers:?} {form}");
        }
    }

    #[test]
    fn case_088_a_secret_in_the_query_is_refused_even_if_it_is_right() {
        assert!(read(&body(&[], "client_id=app&client_secret=s", "client_secret=s")).is_err());
    }
}
