//! Upstream providers: where to send the browser, and who came back.
//!
//! Owns the trait that every provider's protocol fulfils, and the caches that its connections share. Must not know
//! what a login is for: invitation, sign-in and link look the same from here.

mod oauth2;
mod oidc;
mod person;
mod providers;
mod recipe;
mod token_request;

pub use person::posted_name;
pub use providers::recipe;
pub use recipe::Recipe;

use crate::http::{HttpClient, HttpError};
use async_trait::async_trait;
use guestlist_domain::connection::Connection;
use guestlist_domain::identity::UpstreamIdentity;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::Profile;
use oauth2::OAuth2;
use oidc::Oidc;
use oidc::provider::Providers;
use recipe::Protocol;
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
    /// The name that came beside the code, from a provider that posts its answer. Signed by nobody.
    pub profile: Option<&'a Profile>,
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
    /// The provider sent the browser back with a no, in OAuth's words: most often the person's own.
    #[error("the provider sent the browser back with: {error}")]
    Denied {
        /// The `error` code, as the browser brought it.
        error: String,
    },
    /// The provider said no to us, in OAuth's words.
    #[error("the provider refused: {error}")]
    Refused {
        /// The `error` code.
        error: String,
    },
    /// The provider's answer does not prove anything.
    #[error("the provider's answer cannot be trusted: {0}")]
    InvalidToken(&'static str),
}

impl UpstreamError {
    /// Whether the no is about this one arrival, and not about how the connection is set up: the person's, or the code's
    /// (RFC 6749, section 5.2; GitHub has its own word).
    pub fn is_about_this_arrival(&self) -> bool {
        match self {
            Self::Denied { .. } => true,
            Self::Refused { error } => ["invalid_grant", "bad_verification_code"].contains(&error.as_str()),
            Self::Misconfigured(_) | Self::Unreachable(_) | Self::Blocked | Self::InvalidToken(_) => false,
        }
    }
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
        Ok(match self.spoken_to(connection)? {
            Spoken::OpenId(oidc) => Arc::new(oidc),
            Spoken::OAuth2(oauth2) => Arc::new(oauth2),
        })
    }

    /// Asks the provider to introduce itself again, past the caches: for a connection just made, and for the doctor. One
    /// without discovery has nothing to say.
    pub async fn check(&self, connection: &Connection, now: Timestamp) -> Result<(), UpstreamError> {
        match self.spoken_to(connection)? {
            Spoken::OpenId(oidc) => oidc.check(now).await,
            Spoken::OAuth2(_) => Ok(()),
        }
    }

    /// The issuer that is named in the discovery document below that address, whatever it is.
    pub async fn issuer_at(&self, address: &str) -> Result<String, UpstreamError> {
        self.providers.issuer_at(address).await
    }

    /// Whether a provider may have that address: https, or http on loopback where private addresses are allowed.
    pub fn may_call(&self, url: &Url) -> bool {
        self.providers.may_call(url)
    }

    fn spoken_to(&self, connection: &Connection) -> Result<Spoken, UpstreamError> {
        let misconfigured = |what: &str| UpstreamError::Misconfigured(what.to_owned());
        let recipe = recipe(connection.strategy).ok_or_else(|| misconfigured("it is the password database"))?;
        let options = connection.upstream.clone().ok_or_else(|| misconfigured("it has no upstream options"))?;
        let id = connection.id.clone();
        Ok(match &recipe.protocol {
            Protocol::OpenId(quirks) => {
                Spoken::OpenId(Oidc::new(id, options, quirks, |issuer| self.providers.of(issuer)))
            }
            Protocol::OAuth2(quirks) => {
                let base = recipe.base(&options.settings).unwrap_or_default().to_owned();
                Spoken::OAuth2(OAuth2 { connection: id, options, base, quirks, http: self.providers.http().clone() })
            }
        })
    }
}

/// A provider, by the protocol it is spoken to in.
enum Spoken {
    OpenId(Oidc),
    OAuth2(OAuth2),
}

/// The address that every provider's browser trip begins with (RFC 6749, section 4.1.1; RFC 7636, section 4.3).
fn authorization_url(
    mut endpoint: Url,
    client_id: &str,
    scope: &str,
    request: &AuthorizationRequest<'_>,
    more: &[(&str, &str)],
) -> Url {
    let max_age = request.max_age.map(|seconds| seconds.to_string());
    let optional = [
        ("scope", Some(scope).filter(|scope| !scope.is_empty())),
        ("login_hint", request.login_hint),
        ("prompt", request.prompt),
        ("max_age", max_age.as_deref()),
    ];
    endpoint
        .query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", client_id)
        .append_pair("redirect_uri", request.redirect_uri)
        .append_pair("state", request.state)
        .append_pair("code_challenge", request.code_challenge)
        .append_pair("code_challenge_method", "S256")
        .extend_pairs(more)
        .extend_pairs(optional.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))));
    endpoint
}
