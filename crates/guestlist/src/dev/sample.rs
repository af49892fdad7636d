//! A small application that signs its people in here, by plain OpenID Connect.
//!
//! Owns its own sessions, in memory, and the checks that every application owes its people: state, nonce, PKCE, and a
//! verified ID token. Must not know Guestlist but by its public documents.

mod id_token;
mod trip;

use super::back_channel::{CallError, Caller};
use super::pages::redirect;
use super::{Dev, fresh_secret};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use id_token::{Expected, TokenError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use thiserror::Error;
use trip::Trip;
use url::Url;

pub(super) const PATH: &str = "/dev/app";
pub(super) const NAME: &str = "Sample application";
const SESSION_COOKIE: &str = "sample_session";
const TRIP_COOKIE: &str = "sample_trip";

/// The application's memory, and what it was registered with.
pub(super) struct Sample {
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    /// Where it is, with its path.
    pub(super) home: String,
    pub(super) trips: Mutex<HashMap<String, Trip>>,
    pub(super) sessions: Mutex<HashMap<String, Session>>,
}

/// Somebody who is signed in at the application.
#[derive(Clone)]
pub(super) struct Session {
    id_token: String,
    claims: Value,
    userinfo: Value,
}

/// The members of the discovery document that it needs.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: Option<String>,
}

/// Why nobody was signed in.
#[derive(Debug, Error)]
enum Refusal {
    #[error("the answer does not belong to a sign-in that began in this browser")]
    Stranger,
    #[error("the identity provider said no: {0}")]
    Denied(String),
    #[error("the identity provider could not be reached: {0}")]
    Call(#[from] CallError),
    #[error("the answer of the identity provider makes no sense: {0}")]
    Shape(&'static str),
    #[error("the ID token was refused: {0}")]
    Token(#[from] TokenError),
}

impl Sample {
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.home)
    }

    fn callback(&self) -> String {
        self.at("/callback")
    }

    fn session(&self, headers: &HeaderMap) -> Option<Session> {
        lock(&self.sessions).get(&cookie(headers, SESSION_COOKIE)?).cloned()
    }
}

/// A map is whole after every statement, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The application's doors.
pub(super) fn router() -> Router<Dev> {
    Router::new()
        .route("/", get(home))
        .route("/login", get(login))
        .route("/callback", get(callback))
        .route("/logout", post(logout))
}

#[derive(Serialize)]
struct SamplePage {
    person: Option<Shown>,
}

/// What the application knows about whoever is signed in.
#[derive(Serialize)]
struct Shown {
    name: String,
    sub: String,
    email: String,
    email_verified: bool,
    claims: String,
    userinfo: String,
}

impl From<Session> for Shown {
    fn from(session: Session) -> Self {
        let text = |member: &str| {
            let of = |document: &Value| document.get(member).and_then(Value::as_str).map(str::to_owned);
            of(&session.userinfo).or_else(|| of(&session.claims)).unwrap_or_default()
        };
        let pretty = |document: &Value| serde_json::to_string_pretty(document).unwrap_or_default();
        let verified =
            [&session.userinfo, &session.claims].into_iter().find_map(|document| document.get("email_verified"));
        Self {
            name: text("name"),
            sub: text("sub"),
            email: text("email"),
            email_verified: verified == Some(&Value::Bool(true)),
            claims: pretty(&session.claims),
            userinfo: pretty(&session.userinfo),
        }
    }
}

async fn home(State(dev): State<Dev>, headers: HeaderMap) -> Response {
    let person = dev.sample.session(&headers).map(Shown::from);
    let leaves = person.is_some();
    let mut response = dev.pages.answer("dev/sample.html", SamplePage { person });
    if leaves {
        // The form's answer leads to the log-out of our own origin, which may speak TLS where this page does not.
        response.extensions_mut().insert(guestlist_web::headers::PagePolicy::default().and(&dev.sample.issuer));
    }
    response
}

/// Begins to sign in; also the `initiate_login_uri` on which an accepted guest lands.
async fn login(State(dev): State<Dev>) -> Response {
    match begin(&dev).await {
        Ok((to, trip)) => with_cookie(redirect(to.as_str()), TRIP_COOKIE, &trip, &dev),
        Err(refusal) => refused(&dev, &refusal),
    }
}

async fn begin(dev: &Dev) -> Result<(Url, String), Refusal> {
    let sample = &dev.sample;
    let metadata = discover(dev).await?;
    let trip = Trip::new();
    let mut to = Url::parse(&metadata.authorization_endpoint).map_err(|_| Refusal::Shape("authorization_endpoint"))?;
    to.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &sample.client_id)
        .append_pair("redirect_uri", &sample.callback())
        .append_pair("scope", "openid profile email")
        .append_pair("state", &trip.state)
        .append_pair("nonce", &trip.nonce)
        .append_pair("code_challenge", &trip.code_challenge())
        .append_pair("code_challenge_method", "S256");
    let cookie = fresh_secret();
    trip::remember(&mut lock(&sample.trips), cookie.clone(), trip);
    Ok((to, cookie))
}

/// The authorization response (RFC 6749, section 4.1.2; RFC 9207).
#[derive(Deserialize)]
struct CameBack {
    #[serde(default)]
    state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

async fn callback(State(dev): State<Dev>, headers: HeaderMap, Query(answer): Query<CameBack>) -> Response {
    let cookie = cookie(&headers, TRIP_COOKIE).unwrap_or_default();
    let trip = lock(&dev.sample.trips).remove(&cookie);
    match finish(&dev, trip, answer).await {
        Ok(session) => {
            let cookie = fresh_secret();
            lock(&dev.sample.sessions).insert(cookie.clone(), session);
            with_cookie(redirect(&dev.sample.home), SESSION_COOKIE, &cookie, &dev)
        }
        Err(refusal) => refused(&dev, &refusal),
    }
}

async fn finish(dev: &Dev, trip: Option<Trip>, answer: CameBack) -> Result<Session, Refusal> {
    let sample = &dev.sample;
    let trip = trip.filter(|trip| trip.state == answer.state).ok_or(Refusal::Stranger)?;
    if let Some(error) = answer.error {
        return Err(Refusal::Denied(answer.error_description.unwrap_or(error)));
    }
    let code = answer.code.ok_or(Refusal::Shape("no code"))?;
    let metadata = discover(dev).await?;
    if answer.iss.is_some_and(|issuer| issuer != metadata.issuer) {
        return Err(Refusal::Shape("another issuer"));
    }
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &sample.callback()),
        ("code_verifier", trip.code_verifier.as_str()),
    ];
    let client = Caller::Client { id: &sample.client_id, secret: &sample.client_secret };
    let tokens = dev.back_channel.post(&metadata.token_endpoint, client, &form).await?;
    let token = |name| tokens.get(name).and_then(Value::as_str).ok_or(Refusal::Shape("a token is missing"));
    let (id_token, access_token) = (token("id_token")?, token("access_token")?);
    let keys = dev.back_channel.get(&metadata.jwks_uri, Caller::Anonymous).await?;
    let expected = Expected { issuer: &metadata.issuer, client_id: &sample.client_id, nonce: &trip.nonce };
    let claims = id_token::verify(id_token, keys, &expected)?;
    let userinfo = dev.back_channel.get(&metadata.userinfo_endpoint, Caller::Bearer(access_token)).await?;
    // OpenID Connect Core 1.0, section 5.3.2: without this, the answer may be about somebody else.
    if userinfo.get("sub") != claims.get("sub") {
        return Err(Refusal::Shape("userinfo is about somebody else"));
    }
    Ok(Session { id_token: id_token.to_owned(), claims, userinfo })
}

/// Ends the session here and at the identity provider (OpenID Connect RP-Initiated Logout 1.0, section 2).
async fn logout(State(dev): State<Dev>, headers: HeaderMap) -> Response {
    let cookie = cookie(&headers, SESSION_COOKIE).unwrap_or_default();
    let session = lock(&dev.sample.sessions).remove(&cookie);
    let end = discover(&dev).await.ok().and_then(|metadata| Url::parse(&metadata.end_session_endpoint?).ok());
    let (Some(session), Some(mut end)) = (session, end) else { return redirect(&dev.sample.home) };
    end.query_pairs_mut()
        .append_pair("id_token_hint", &session.id_token)
        .append_pair("client_id", &dev.sample.client_id)
        .append_pair("post_logout_redirect_uri", &dev.sample.home);
    redirect(end.as_str())
}

/// Asks for the discovery document each time: a sample may be slow, but should be easy to follow.
async fn discover(dev: &Dev) -> Result<Metadata, Refusal> {
    let url = format!("{}.well-known/openid-configuration", dev.sample.issuer);
    let document = dev.back_channel.get(&url, Caller::Anonymous).await?;
    let metadata: Metadata = serde_json::from_value(document).map_err(|_| Refusal::Shape("discovery"))?;
    if metadata.issuer == dev.sample.issuer { Ok(metadata) } else { Err(Refusal::Shape("another issuer")) }
}

fn refused(dev: &Dev, refusal: &Refusal) -> Response {
    dev.pages.message(StatusCode::BAD_REQUEST, "The sample application could not sign you in", &refusal.to_string())
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

fn with_cookie(mut response: Response, name: &str, value: &str, dev: &Dev) -> Response {
    let secure = if dev.sample.home.starts_with("https:") { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path={PATH}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
