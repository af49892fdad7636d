//! A made-up OpenID provider: small, but correct where an application looks.
//!
//! Owns its one client, which is Guestlist, its signing key, and the codes and tokens it handed out; all of it in
//! memory. Must not know Guestlist but by the address that the browser is sent back to.

mod signing;

use super::pages::{Pages, redirect};
use super::people::{Choice, Person, everybody};
use super::{Dev, fresh_secret};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use guestlist_app::clock::Clock as _;
use guestlist_domain::time::{Timestamp, minutes};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use signing::SigningKey;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use url::{Url, form_urlencoded};

pub(super) const PATH: &str = "/dev/provider";
pub(super) const CLIENT_ID: &str = "guestlist";
const CODE_LIFETIME: Duration = minutes(1);
const TOKEN_LIFETIME: Duration = minutes(10);

/// As every page's, but for where forms may lead: from here the browser goes on to Guestlist and from there to whatever
/// application it came for, and Chromium holds the form's page to account for all of it.
const ANY_FORM_TARGET: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
);

/// The provider's memory.
pub(super) struct Provider {
    pub(super) issuer: String,
    pub(super) client_secret: String,
    redirect_uri: String,
    key: SigningKey,
    codes: Mutex<HashMap<String, Issued>>,
    tokens: Mutex<HashMap<String, (Person, Timestamp)>>,
}

/// What a code stands for.
struct Issued {
    person: Person,
    asked: Asked,
    at: Timestamp,
}

/// The authorization request (OpenID Connect Core 1.0, section 3.1.2.1).
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Asked {
    #[serde(default)]
    response_type: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    code_challenge: String,
    #[serde(default)]
    code_challenge_method: String,
}

/// What the page sends back: the request as it came, and who was chosen.
#[derive(Deserialize)]
struct Chosen {
    request: String,
    #[serde(flatten)]
    choice: Choice,
}

/// The token request (RFC 6749, section 4.1.3).
#[derive(Deserialize)]
struct Exchange {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    code_verifier: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
}

impl Provider {
    /// A provider at `issuer` that knows one client.
    pub(super) fn new(issuer: String, redirect_uri: String) -> Option<Self> {
        Some(Self {
            issuer,
            client_secret: fresh_secret(),
            redirect_uri,
            key: SigningKey::generate()?,
            codes: Mutex::default(),
            tokens: Mutex::default(),
        })
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// The redirect address is checked first: until it is known to be the client's, nothing may be sent there.
    fn objection(&self, asked: &Asked) -> Option<&'static str> {
        if asked.client_id != CLIENT_ID || asked.redirect_uri != self.redirect_uri {
            return Some("unknown client or redirect address");
        }
        let sound = asked.response_type == "code"
            && asked.code_challenge_method == "S256"
            && !asked.code_challenge.is_empty()
            && asked.scope.split(' ').any(|word| word == "openid");
        (!sound).then_some("only the code flow with openid and S256 is spoken here")
    }

    /// A code for the person who was chosen. Codes are spent by being taken out of the map.
    fn issue(&self, person: Person, asked: Asked, at: Timestamp) -> String {
        let code = fresh_secret();
        let mut codes = lock(&self.codes);
        codes.retain(|_, issued| at.since(issued.at) < CODE_LIFETIME);
        codes.insert(code.clone(), Issued { person, asked, at });
        code
    }

    fn redeem(&self, exchange: &Exchange, now: Timestamp) -> Option<Issued> {
        let issued = lock(&self.codes).remove(&exchange.code)?;
        let challenge = BASE64URL_NOPAD.encode(digest(&SHA256, exchange.code_verifier.as_bytes()).as_ref());
        let sound = now.since(issued.at) < CODE_LIFETIME
            && exchange.redirect_uri == issued.asked.redirect_uri
            && challenge == issued.asked.code_challenge;
        sound.then_some(issued)
    }

    fn tokens_for(&self, issued: Issued, now: Timestamp) -> Option<Value> {
        let Issued { person, asked, at } = issued;
        let claims = json!({
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": person.sub,
            "nonce": asked.nonce,
            "iat": now.seconds(),
            "exp": now.plus(TOKEN_LIFETIME).seconds(),
            "auth_time": at.seconds(),
            "name": person.name,
            "email": person.email,
            "email_verified": person.email_verified,
        });
        let id_token = self.key.sign(&claims)?;
        let access_token = fresh_secret();
        let mut tokens = lock(&self.tokens);
        tokens.retain(|_, (_, until)| *until > now);
        tokens.insert(access_token.clone(), (person, now.plus(TOKEN_LIFETIME)));
        Some(json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME.as_secs(),
            "id_token": id_token,
        }))
    }
}

/// A map is whole after every statement, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The provider's doors.
pub(super) fn router() -> Router<Dev> {
    Router::new()
        .route("/", get(people))
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks", get(async |State(dev): State<Dev>| Json(json!({"keys": [dev.provider.key.public()]}))))
        .route("/authorize", get(ask).post(choose))
        .route("/token", post(token))
        .route("/userinfo", get(userinfo))
}

async fn discovery(State(dev): State<Dev>) -> Json<Value> {
    let provider = &dev.provider;
    Json(json!({
        "issuer": provider.issuer,
        "authorization_endpoint": provider.at("/authorize"),
        "token_endpoint": provider.at("/token"),
        "jwks_uri": provider.at("/jwks"),
        "userinfo_endpoint": provider.at("/userinfo"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "email"],
        "claims_supported": ["sub", "name", "email", "email_verified"],
    }))
}

async fn people(State(dev): State<Dev>) -> Response {
    #[derive(Serialize)]
    struct Page {
        people: Vec<Person>,
        issuer: String,
    }
    dev.pages.answer("dev/people.html", Page { people: everybody(), issuer: dev.provider.issuer.clone() })
}

async fn ask(State(dev): State<Dev>, Query(asked): Query<Asked>) -> Response {
    #[derive(Serialize)]
    struct Page {
        people: Vec<Person>,
        request: String,
    }
    if let Some(why) = dev.provider.objection(&asked) {
        return refused(&dev.pages, why);
    }
    let Ok(request) = serde_json::to_string(&asked) else { return refused(&dev.pages, "the request is broken") };
    let mut response = dev.pages.answer("dev/provider.html", Page { people: everybody(), request });
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, ANY_FORM_TARGET);
    response
}

async fn choose(State(dev): State<Dev>, Form(chosen): Form<Chosen>) -> Response {
    let Ok(asked) = serde_json::from_str::<Asked>(&chosen.request) else {
        return refused(&dev.pages, "the form is broken");
    };
    if let Some(why) = dev.provider.objection(&asked) {
        return refused(&dev.pages, why);
    }
    let Ok(mut back) = Url::parse(&asked.redirect_uri) else {
        return refused(&dev.pages, "the redirect address is broken");
    };
    let state = asked.state.clone();
    match chosen.choice.person() {
        Some(person) => {
            let code = dev.provider.issue(person, asked, dev.clock.now());
            back.query_pairs_mut().append_pair("code", &code);
        }
        None => {
            back.query_pairs_mut().append_pair("error", "access_denied");
        }
    }
    back.query_pairs_mut().append_pair("state", &state);
    redirect(back.as_str())
}

fn refused(pages: &Pages, why: &str) -> Response {
    pages.message(StatusCode::BAD_REQUEST, "The made-up provider does not understand this request", why)
}

async fn token(State(dev): State<Dev>, headers: HeaderMap, Form(exchange): Form<Exchange>) -> Response {
    let provider = &dev.provider;
    let (id, secret) = basic(&headers).unwrap_or_else(|| (exchange.client_id.clone(), exchange.client_secret.clone()));
    let known = verify_slices_are_equal(secret.as_bytes(), provider.client_secret.as_bytes()).is_ok();
    if id != CLIENT_ID || !known {
        return no(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    if exchange.grant_type != "authorization_code" {
        return no(StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    let now = dev.clock.now();
    let tokens = provider.redeem(&exchange, now).and_then(|issued| provider.tokens_for(issued, now));
    match tokens {
        Some(tokens) => ([(header::CACHE_CONTROL, "no-store")], Json(tokens)).into_response(),
        None => no(StatusCode::BAD_REQUEST, "invalid_grant"),
    }
}

/// Name and secret of the `Authorization` header; both are form-encoded there (RFC 6749, section 2.3.1).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let decoded = BASE64.decode(encoded.trim().as_bytes()).ok()?;
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let plain = |text: &str| form_urlencoded::parse(text.as_bytes()).next().map(|(text, _)| text.into_owned());
    Some((plain(id)?, plain(secret)?))
}

fn no(status: StatusCode, error: &str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], Json(json!({"error": error}))).into_response()
}

async fn userinfo(State(dev): State<Dev>, headers: HeaderMap) -> Response {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let now = dev.clock.now();
    let person =
        lock(&dev.provider.tokens).get(token).filter(|(_, until)| *until > now).map(|(person, _)| person.clone());
    match person {
        Some(person) => Json(json!(person)).into_response(),
        None => no(StatusCode::UNAUTHORIZED, "invalid_token"),
    }
}

#[cfg(test)]
mod tests;
