//! Upstream providers: where to send the browser, and who came back.
//!
//! Owns the trait that every provider's protocol fulfils, and the caches that its connections share. Must not know
//! what a login is for: invitation, sign-in and link look the same from here.

mod oidc;

use crate::http::{HttpClient, HttpError};
use async_trait::async_trait;
use guestlist_domain::connection::{Connection, Strategy};
use guestlist_domain::identity::UpstreamIdentity;
use guestlist_domain::time::Timestamp;
use oidc::Oidc;
use oidc::provider::Providers;
use std::sync::Arc;
use thiserror::Error;
use url::Url;

/// What a browser takes along to the provider. Does not print: it is made of secrets.
#[derive(Clone, Copy)]
pub struct AuthorizationRequest<'a> {
    /// Where the provider sends the browser back to; the same in [`Callback`].
    pub redirect_uri: &'a str,
    /// Binds the answer to the browser.
    pub state: &'a str,
    /// Binds the ID token to this trip.
    pub nonce: &'a str,
    /// The S256 challenge of the verifier that the caller keeps (RFC 7636, section 4.2).
    pub code_challenge: &'a str,
    /// The address to suggest.
    pub login_hint: Option<&'a str>,
    /// `login`, `select_account`, ...
    pub prompt: Option<&'a str>,
    /// How old the provider's own session may be, in seconds.
    pub max_age: Option<u64>,
}

/// What a browser brought back, with what was kept about its trip. Does not print either.
#[derive(Clone, Copy)]
pub struct Callback<'a> {
    /// The authorization code.
    pub code: &'a str,
    /// The issuer that the answer names (RFC 9207).
    pub iss: Option<&'a str>,
    /// As in the request.
    pub redirect_uri: &'a str,
    /// As in the request.
    pub nonce: &'a str,
    /// What the challenge was made of.
    pub code_verifier: &'a str,
}

/// Why nobody came back.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UpstreamError {
    /// What the operator configured, or what the provider says about itself, cannot work.
    #[error("the connection is misconfigured: {0}")]
    Misconfigured(String),
    /// The provider did not give a usable answer.
    #[error("the provider cannot be reached: {0}")]
    Unreachable(HttpError),
    /// The provider is, or points to, an address that may not be called.
    #[error("the provider's address is not one that may be called")]
    Blocked,
    /// The provider said no, in OAuth's words.
    #[error("the provider refused: {error}")]
    Refused {
        /// The `error` code.
        error: String,
    },
    /// The provider's answer does not prove anything.
    #[error("the provider's answer cannot be trusted: {0}")]
    InvalidToken(&'static str),
}

impl From<HttpError> for UpstreamError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::BlockedAddress => Self::Blocked,
            other => Self::Unreachable(other),
        }
    }
}

/// A provider, seen from a browser's trip.
#[async_trait]
pub trait Upstream: Send + Sync {
    /// Where to send the browser.
    async fn authorization_url(&self, request: &AuthorizationRequest<'_>, now: Timestamp)
    -> Result<Url, UpstreamError>;

    /// Who came back. The caller has already matched `state` to this browser and this connection.
    async fn who_came_back(&self, callback: &Callback<'_>, now: Timestamp) -> Result<UpstreamIdentity, UpstreamError>;
}

/// All providers, with what was learned about them. One for the whole process.
#[derive(Clone, Debug)]
pub struct Upstreams {
    providers: Arc<Providers>,
}

impl Upstreams {
    /// With nothing learned yet.
    pub fn new(http: HttpClient) -> Self {
        Self { providers: Arc::new(Providers::new(http)) }
    }

    /// The provider behind a connection.
    pub fn of(&self, connection: &Connection) -> Result<Arc<dyn Upstream>, UpstreamError> {
        Ok(Arc::new(self.oidc(connection)?))
    }

    /// Asks the provider to introduce itself again, past the caches: for a connection just made, and for the doctor.
    pub async fn check(&self, connection: &Connection, now: Timestamp) -> Result<(), UpstreamError> {
        self.oidc(connection)?.check(now).await
    }

    /// Whether a provider may have that address: https, or http on loopback where private addresses are allowed.
    pub fn may_call(&self, url: &Url) -> bool {
        self.providers.may_call(url)
    }

    fn oidc(&self, connection: &Connection) -> Result<Oidc, UpstreamError> {
        match (connection.strategy, &connection.upstream) {
            (Strategy::Oidc, Some(options)) => {
                Ok(Oidc::new(connection.id.clone(), options.clone(), self.providers.of(&options.issuer)))
            }
            (Strategy::Oidc, None) => Err(UpstreamError::Misconfigured("it has no upstream options".to_owned())),
            (Strategy::Database, _) => Err(UpstreamError::Misconfigured("it is the password database".to_owned())),
        }
    }
}
