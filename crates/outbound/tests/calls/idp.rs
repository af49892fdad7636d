//! An OpenID provider in which everything can be wrong.

use crate::server::{Asked, Reply, Server};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use data_encoding::BASE64URL_NOPAD;
use guestlist_domain::connection::{Audience, Connection, MergeRule, Strategy, UpstreamOptions, UpstreamSettings};
use guestlist_domain::identity::UpstreamIdentity;
use guestlist_domain::ids::ConnectionId;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::time::Timestamp;
use guestlist_outbound::http::{HttpClient, HttpSettings};
use guestlist_outbound::upstream::{AuthorizationRequest, Callback, UpstreamError, Upstreams};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};
use std::sync::LazyLock;
use url::Url;

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_392_000_000);
pub(crate) const CLIENT: &str = "guestlist-at-acme";
pub(crate) const NONCE: &str = "nonce-of-this-trip";
pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";

/// A signing key and what the provider says about it.
pub(crate) struct Key {
    pub(crate) algorithm: Algorithm,
    pub(crate) private: EncodingKey,
    pub(crate) public: Value,
}

impl Key {
    fn new(kid: &str, algorithm: Algorithm, private: EncodingKey) -> Self {
        let mut public = serde_json::to_value(Jwk::from_encoding_key(&private, algorithm).unwrap()).unwrap();
        public["kid"] = kid.into();
        public["use"] = "sig".into();
        Self { algorithm, private, public }
    }

    pub(crate) fn ec(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        Self::new(kid, Algorithm::ES256, EncodingKey::from_ec_der(pair.as_ref()))
    }

    pub(crate) fn ed(kid: &str) -> Self {
        let pair = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).unwrap();
        Self::new(kid, Algorithm::EdDSA, EncodingKey::from_ed_der(pair.as_ref()))
    }

    fn rsa(kid: &str) -> Self {
        // PKCS#8 of a 2048 bit key is a head of 26 bytes before the PKCS#1 form that is asked for here.
        let der = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = der.as_der().unwrap();
        Self::new(kid, Algorithm::RS256, EncodingKey::from_rsa_der(&der.as_ref()[26..]))
    }
}

pub(crate) static EC: LazyLock<Key> = LazyLock::new(|| Key::ec("ec"));
pub(crate) static RSA: LazyLock<Key> = LazyLock::new(|| Key::rsa("rsa"));
pub(crate) static ED: LazyLock<Key> = LazyLock::new(|| Key::ed("ed"));

fn encoded(part: &Value) -> String {
    BASE64URL_NOPAD.encode(part.to_string().as_bytes())
}

/// Header and claims as they are, with a signature by `key`.
pub(crate) fn signed_as(header: &Value, claims: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

pub(crate) fn with_signature(header: &Value, claims: &Value, signature: &[u8]) -> String {
    format!("{}.{}.{}", encoded(header), encoded(claims), BASE64URL_NOPAD.encode(signature))
}

pub(crate) fn header(key: &Key) -> Value {
    json!({"alg": key.algorithm, "kid": key.public["kid"], "typ": "JWT"})
}

pub(crate) struct Idp {
    pub(crate) server: Server,
    pub(crate) issuer: String,
    pub(crate) connection: Connection,
    upstreams: Upstreams,
}

impl Idp {
    /// A sound provider that knows us.
    pub(crate) async fn start() -> Self {
        let server = Server::start().await;
        let issuer = server.url("");
        let http = HttpClient::new(&HttpSettings { allow_private: true, ..HttpSettings::default() }).unwrap();
        let connection = connection(&issuer);
        let idp = Self { server, issuer, connection, upstreams: Upstreams::new(http) };
        idp.server.json(DISCOVERY, idp.document());
        idp.publish(&[&EC.public, &RSA.public, &ED.public]);
        idp.says(&idp.claims());
        idp
    }

    pub(crate) fn document(&self) -> Value {
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": self.server.url("/authorize"),
            "token_endpoint": self.server.url("/token"),
            "jwks_uri": self.server.url("/jwks"),
            "userinfo_endpoint": self.server.url("/userinfo"),
        })
    }

    /// Discovery with one member changed.
    pub(crate) fn document_with(&self, member: &str, value: Value) {
        let mut document = self.document();
        document[member] = value;
        self.server.json(DISCOVERY, document);
    }

    pub(crate) fn publish(&self, keys: &[&Value]) {
        self.server.json("/jwks", json!({"keys": keys}));
    }

    /// Claims that are all right.
    pub(crate) fn claims(&self) -> Value {
        json!({
            "iss": self.issuer,
            "sub": "248289761001",
            "aud": CLIENT,
            "nonce": NONCE,
            "iat": NOW.seconds(),
            "exp": NOW.seconds() + 300,
            "email": "anna@example.org",
            "email_verified": true,
            "name": "Anna Berg",
        })
    }

    /// Claims with some changed; `null` takes one away.
    pub(crate) fn claims_with(&self, changes: &Value) -> Value {
        let mut claims = self.claims();
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        claims
    }

    /// The next code brings these claims, soundly signed.
    pub(crate) fn says(&self, claims: &Value) {
        self.hands_out(&signed_as(&header(&EC), claims, &EC.private, EC.algorithm));
    }

    /// The next code brings this ID token.
    pub(crate) fn hands_out(&self, id_token: &str) {
        let answer = json!({"access_token": "access-token", "token_type": "Bearer", "id_token": id_token});
        self.server.json("/token", answer);
    }

    pub(crate) fn answers_the_code(&self, status: u16, answer: Value) {
        self.server.reply("/token", Reply::Json(status, answer));
    }

    pub(crate) async fn sends_to(&self, request: &AuthorizationRequest<'_>) -> Result<Url, UpstreamError> {
        self.upstreams.of(&self.connection)?.authorization_url(request, NOW).await
    }

    pub(crate) async fn check(&self) -> Result<(), UpstreamError> {
        self.upstreams.check(&self.connection, NOW).await
    }

    pub(crate) async fn who(&self) -> Result<UpstreamIdentity, UpstreamError> {
        self.who_at(NOW).await
    }

    pub(crate) async fn who_at(&self, now: Timestamp) -> Result<UpstreamIdentity, UpstreamError> {
        self.who_came_back(&callback(), now).await
    }

    pub(crate) async fn who_came_back(
        &self,
        callback: &Callback<'_>,
        now: Timestamp,
    ) -> Result<UpstreamIdentity, UpstreamError> {
        self.upstreams.of(&self.connection)?.who_came_back(callback, now).await
    }

    pub(crate) fn token_requests(&self) -> Vec<Asked> {
        self.server.asked("/token")
    }
}

pub(crate) fn callback() -> Callback<'static> {
    Callback {
        code: "the-code",
        iss: None,
        redirect_uri: "https://guests.example/login/callback",
        nonce: NONCE,
        code_verifier: "the-verifier-that-nobody-else-has-seen-0123",
        profile: None,
    }
}

pub(crate) fn connection(issuer: &str) -> Connection {
    Connection {
        id: ConnectionId::new("con_acme"),
        name: "acme".to_owned(),
        display_name: "Acme".to_owned(),
        strategy: Strategy::Oidc,
        upstream: Some(UpstreamOptions {
            issuer: issuer.to_owned(),
            client_id: CLIENT.to_owned(),
            client_secret: Some(Sensitive::new("the-secret")),
            scope: "email profile".to_owned(),
            settings: UpstreamSettings::default(),
        }),
        enabled: true,
        audience: Audience::Everyone,
        authoritative_domains: Vec::new(),
        merge_rule: MergeRule::Confirm,
        created_at: NOW,
    }
}
