//! An upstream OpenID provider for tests, on a loopback socket, that says whatever a test wants it to say.
//!
//! Speaks the protocol for real: discovery, PKCE, client authentication, signed ID tokens. A browser's visit to its
//! log-in page is [`Provider::send_back`]: the test says who presses the button. A real browser finds a page with one
//! button for each account that the test offers.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a fixture that cannot start fails its test")]

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// Somebody who has an account at the provider.
#[derive(Clone, Debug)]
pub struct Account {
    /// The subject.
    pub subject: String,
    /// What the ID token says beside the subject, and instead of what it would say; what is `null` is left out.
    pub claims: Value,
}

impl Account {
    /// With a verified address.
    pub fn new(subject: &str, email: &str) -> Self {
        Self::with_claims(subject, json!({"email": email, "email_verified": true, "name": "Anna Berg"}))
    }

    /// With these claims.
    pub fn with_claims(subject: &str, claims: Value) -> Self {
        Self { subject: subject.to_owned(), claims }
    }
}

/// The provider.
#[derive(Clone)]
pub struct Provider {
    /// Its issuer.
    pub issuer: String,
    shared: Arc<Shared>,
}

struct Shared {
    issuer: String,
    key: EncodingKey,
    jwk: Value,
    codes: Mutex<HashMap<String, Pending>>,
    offered: Mutex<Vec<(String, Account)>>,
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
}

#[derive(Clone, Debug)]
struct Pending {
    account: Account,
    client_id: String,
    redirect_uri: String,
    nonce: String,
    challenge: String,
}

/// Our client id there.
pub const CLIENT_ID: &str = "guestlist-at-provider";
/// Our secret there.
pub const CLIENT_SECRET: &str = "a-secret_with.odd~characters";

impl Provider {
    /// Starts one on a free port of loopback; `clock` tells the time in seconds.
    pub async fn start(clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let der = pair.to_pkcs8v1().expect("a key in PKCS#8");
        let point = pair.public_key().as_ref().to_vec();
        let (x, y) = point.split_at(1).1.split_at(32);
        let jwk = json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "provider-1",
            "x": BASE64URL_NOPAD.encode(x), "y": BASE64URL_NOPAD.encode(y)});
        let shared = Arc::new(Shared {
            issuer: issuer.clone(),
            key: EncodingKey::from_ec_der(der.as_ref()),
            jwk,
            codes: Mutex::default(),
            offered: Mutex::default(),
            clock: Arc::new(clock),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(async |State(shared): State<Arc<Shared>>| Json(json!({"keys": [shared.jwk.clone()]}))))
            .route("/authorize", get(choose))
            .route("/enter", get(enter))
            .route("/token", post(token))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { issuer, shared }
    }

    /// The person behind `account` follows `authorization_url` and presses the button: the address that the browser is
    /// sent back to.
    pub fn send_back(&self, authorization_url: &str, account: &Account) -> String {
        let url = Url::parse(authorization_url).expect("an authorization request");
        self.shared.send_back(&url.query_pairs().into_owned().collect(), account)
    }

    /// Puts a button of that name on the log-in page; it belongs to `account`.
    pub fn offer(&self, button: &str, account: Account) {
        let mut offered = self.shared.offered.lock().unwrap_or_else(PoisonError::into_inner);
        offered.push((button.to_owned(), account));
    }

    /// The person presses "cancel".
    pub fn refuse(&self, authorization_url: &str) -> String {
        let url = Url::parse(authorization_url).expect("an authorization request");
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let mut back = Url::parse(asked.get("redirect_uri").expect("a redirect address")).expect("an address");
        let state = asked.get("state").map_or("", String::as_str);
        back.query_pairs_mut().append_pair("error", "access_denied").append_pair("state", state);
        back.into()
    }
}

/// The parameters of an authorization request.
type Asked = HashMap<String, String>;

impl Shared {
    fn send_back(&self, asked: &Asked, account: &Account) -> String {
        let asked = |name: &str| asked.get(name).cloned().unwrap_or_default();
        assert_eq!(asked("response_type"), "code");
        assert_eq!(asked("code_challenge_method"), "S256");
        assert!(asked("scope").split(' ').any(|scope| scope == "openid"));
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        let code = format!("code-{}-{}", codes.len(), account.subject);
        let pending = Pending {
            account: account.clone(),
            client_id: asked("client_id"),
            redirect_uri: asked("redirect_uri"),
            nonce: asked("nonce"),
            challenge: asked("code_challenge"),
        };
        codes.insert(code.clone(), pending);
        let mut back = Url::parse(&asked("redirect_uri")).expect("a redirect address");
        back.query_pairs_mut().append_pair("code", &code).append_pair("state", &asked("state"));
        back.into()
    }
}

/// The log-in page: a form that repeats what was asked, and a button for each account.
async fn choose(State(shared): State<Arc<Shared>>, Query(asked): Query<Asked>) -> Html<String> {
    let offered = shared.offered.lock().unwrap_or_else(PoisonError::into_inner);
    // Nothing that a test asks or offers needs escaping.
    let repeated: Vec<_> =
        asked.iter().map(|(name, value)| format!("<input type=hidden name='{name}' value='{value}'>")).collect();
    let buttons: Vec<_> =
        offered.iter().map(|(button, _)| format!("<button name=account value='{button}'>{button}</button>")).collect();
    let (repeated, buttons) = (repeated.concat(), buttons.concat());
    Html(format!(
        "<!doctype html><html lang=en><title>Acme</title><meta name=viewport content='width=device-width'>\
         <h1>Acme</h1><form action=/enter>{repeated}{buttons}</form></html>"
    ))
}

/// A press on one of its buttons.
async fn enter(State(shared): State<Arc<Shared>>, Query(asked): Query<Asked>) -> Redirect {
    let pressed = asked.get("account").cloned().unwrap_or_default();
    let offered = shared.offered.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let account = offered.into_iter().find_map(|(button, account)| (button == pressed).then_some(account));
    Redirect::to(&shared.send_back(&asked, &account.expect("a button of the page")))
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", shared.issuer);
    Json(json!({
        "issuer": shared.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    }))
}

async fn token(State(shared): State<Arc<Shared>>, _: HeaderMap, Form(form): Form<HashMap<String, String>>) -> Response {
    let sent = |name: &str| form.get(name).cloned().unwrap_or_default();
    let refuse = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    if sent("client_id") != CLIENT_ID || sent("client_secret") != CLIENT_SECRET {
        return refuse("invalid_client");
    }
    let pending = shared.codes.lock().unwrap_or_else(PoisonError::into_inner).remove(&sent("code"));
    let Some(pending) = pending else { return refuse("invalid_grant") };
    let challenge = BASE64URL_NOPAD.encode(digest(&SHA256, sent("code_verifier").as_bytes()).as_ref());
    if pending.client_id != CLIENT_ID || pending.redirect_uri != sent("redirect_uri") || pending.challenge != challenge
    {
        return refuse("invalid_grant");
    }
    let now = (shared.clock)();
    let mut claims = json!({"iss": shared.issuer, "aud": CLIENT_ID, "sub": pending.account.subject, "iat": now,
        "exp": now + 600, "nonce": pending.nonce});
    if let (Some(claims), Some(more)) = (claims.as_object_mut(), pending.account.claims.as_object()) {
        claims.extend(more.clone());
        claims.retain(|_, claim| !claim.is_null());
    }
    let header = Header { kid: Some("provider-1".to_owned()), ..Header::new(Algorithm::ES256) };
    let id_token = encode(&header, &claims, &shared.key).expect("a signature");
    Json(json!({"access_token": "at-provider", "token_type": "Bearer", "expires_in": 600, "id_token": id_token}))
        .into_response()
}
