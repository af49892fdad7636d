//! What is known about a provider: its metadata (OpenID Connect Discovery 1.0, section 4) and its keys.
//!
//! Owns the two caches and their clocks. Everything comes from the configured issuer: the document must name that
//! issuer byte for byte, and keys come from the address in that document alone (case 57).

use super::id_token::Signed;
use super::issuer::Issuer;
use super::keys::{KeySet, Keys, Unsigned};
use crate::http::{ClientAuth, HttpClient};
use crate::upstream::UpstreamError;
use crate::upstream::token_request::AuthMethod;
use guestlist_domain::time::{Timestamp, hours, minutes};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex as AsyncMutex;
use url::Url;

/// How long metadata and keys are believed.
const MAX_AGE: Duration = hours(1);
/// How long to wait before asking for new keys again, however many tokens name unknown ones.
const REFETCH_AFTER: Duration = minutes(1);

/// All providers, by issuer. As many as connections name, which only administrators write.
#[derive(Debug)]
pub(crate) struct Providers {
    http: HttpClient,
    known: Mutex<HashMap<Issuer, Arc<Provider>>>,
}

impl Providers {
    pub(crate) fn new(http: HttpClient) -> Self {
        Self { http, known: Mutex::default() }
    }

    /// The provider of this issuer, byte for byte.
    pub(in crate::upstream) fn of(&self, issuer: &Issuer) -> Arc<Provider> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let provider = known.entry(issuer.clone()).or_insert_with(|| Arc::new(Provider::new(&self.http, issuer)));
        Arc::clone(provider)
    }

    pub(in crate::upstream) const fn http(&self) -> &HttpClient {
        &self.http
    }

    /// The issuer that is named in the document below that address.
    pub(in crate::upstream) async fn issuer_at(&self, address: &str) -> Result<String, UpstreamError> {
        let document: Document = self.http.get_json(&discovery_url(address)?, ClientAuth::Anonymous).await?;
        Ok(document.issuer)
    }

    /// Whether a provider may have that address.
    pub(crate) fn may_call(&self, url: &Url) -> bool {
        self.http.check(url).is_ok()
    }
}

/// One provider. The locks are held while asking it, so that many who want to know ask once.
#[derive(Debug)]
pub(crate) struct Provider {
    http: HttpClient,
    issuer: Issuer,
    metadata: AsyncMutex<Option<Aged<Arc<Metadata>>>>,
    keys: AsyncMutex<Option<Aged<Keys>>>,
}

#[derive(Debug)]
struct Aged<T> {
    value: T,
    learned_at: Timestamp,
}

impl<T> Aged<T> {
    fn is_younger_than(&self, age: Duration, now: Timestamp) -> bool {
        now.since(self.learned_at) < age
    }
}

impl Provider {
    fn new(http: &HttpClient, issuer: &Issuer) -> Self {
        Self {
            http: http.clone(),
            issuer: issuer.clone(),
            metadata: AsyncMutex::default(),
            keys: AsyncMutex::default(),
        }
    }

    pub(super) const fn http(&self) -> &HttpClient {
        &self.http
    }

    /// The metadata, at most an hour old.
    pub(super) async fn metadata(&self, now: Timestamp) -> Result<Arc<Metadata>, UpstreamError> {
        let mut cached = self.metadata.lock().await;
        match &*cached {
            Some(known) if known.is_younger_than(MAX_AGE, now) => Ok(Arc::clone(&known.value)),
            _ => {
                let value = Arc::new(self.fetch_metadata().await?);
                *cached = Some(Aged { value: Arc::clone(&value), learned_at: now });
                Ok(value)
            }
        }
    }

    /// Asks for metadata and keys, whatever is known.
    pub(super) async fn introduce(&self, now: Timestamp) -> Result<Arc<Metadata>, UpstreamError> {
        let metadata = Arc::new(self.fetch_metadata().await?);
        let keys = self.fetch_keys(&metadata).await?;
        if keys.is_empty() {
            return Err(UpstreamError::Misconfigured("the provider has no key that could sign".to_owned()));
        }
        *self.metadata.lock().await = Some(Aged { value: Arc::clone(&metadata), learned_at: now });
        *self.keys.lock().await = Some(Aged { value: keys, learned_at: now });
        Ok(metadata)
    }

    /// The claims of a token that this provider signed. When no key fits, the provider is asked for new ones, but not
    /// more than once a minute.
    pub(super) async fn verified(&self, token: &str, now: Timestamp) -> Result<Signed, UpstreamError> {
        let metadata = self.metadata(now).await?;
        let mut cached = self.keys.lock().await;
        let first = match &*cached {
            Some(keys) if keys.is_younger_than(MAX_AGE, now) => keys.value.verify(token),
            _ => Err(Unsigned::NoKeyFits("an unknown key")),
        };
        let may_ask = cached.as_ref().is_none_or(|keys| !keys.is_younger_than(REFETCH_AFTER, now));
        let second = match first {
            Err(Unsigned::NoKeyFits(_)) if may_ask => {
                let keys = self.fetch_keys(&metadata).await?;
                let verified = keys.verify(token);
                *cached = Some(Aged { value: keys, learned_at: now });
                verified
            }
            other => other,
        };
        second.map_err(|unsigned| UpstreamError::InvalidToken(unsigned.why()))
    }

    async fn fetch_metadata(&self) -> Result<Metadata, UpstreamError> {
        let url = discovery_url(&self.issuer.introduces_itself_at())?;
        let document: Document = self.http.get_json(&url, ClientAuth::Anonymous).await?;
        if !self.issuer.may_introduce(&document.issuer) {
            return Err(UpstreamError::Misconfigured("the provider calls itself by another issuer".to_owned()));
        }
        Metadata::read(document, &self.issuer, &self.http)
    }

    async fn fetch_keys(&self, metadata: &Metadata) -> Result<Keys, UpstreamError> {
        let set: KeySet = self.http.get_json(&metadata.jwks_uri, ClientAuth::Anonymous).await?;
        Ok(set.into())
    }
}

/// OpenID Connect Discovery 1.0, section 4.1: a slash at the issuer's end is taken off for this, and for this only.
fn discovery_url(issuer: &str) -> Result<Url, UpstreamError> {
    let wrong = || UpstreamError::Misconfigured("the issuer is no URL without query and fragment".to_owned());
    let parsed = Url::parse(issuer).map_err(|_| wrong())?;
    if parsed.query().is_some() || parsed.fragment().is_some() || parsed.cannot_be_a_base() {
        return Err(wrong());
    }
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    Url::parse(&format!("{base}/.well-known/openid-configuration")).map_err(|_| wrong())
}

/// The discovery document, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    jwks_uri: Option<String>,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    authorization_response_iss_parameter_supported: Option<bool>,
}

/// A provider's metadata, checked: every address in it is one that may be called.
#[derive(Debug)]
pub(super) struct Metadata {
    issuer: Issuer,
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) jwks_uri: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    auth_methods: Option<Vec<String>>,
    names_itself: bool,
}

impl Metadata {
    fn read(document: Document, issuer: &Issuer, http: &HttpClient) -> Result<Self, UpstreamError> {
        let endpoint = |name: &str, value: Option<String>| {
            let missing = || UpstreamError::Misconfigured(format!("the provider has no usable {name}"));
            let url = value.and_then(|text| Url::parse(&text).ok()).ok_or_else(missing)?;
            http.check(&url)?;
            Ok::<_, UpstreamError>(url)
        };
        let userinfo = document.userinfo_endpoint;
        Ok(Self {
            issuer: issuer.clone(),
            authorization_endpoint: endpoint("authorization_endpoint", document.authorization_endpoint)?,
            token_endpoint: endpoint("token_endpoint", document.token_endpoint)?,
            jwks_uri: endpoint("jwks_uri", document.jwks_uri)?,
            userinfo_endpoint: userinfo.map(|text| endpoint("userinfo_endpoint", Some(text))).transpose()?,
            auth_methods: document.token_endpoint_auth_methods_supported,
            names_itself: document.authorization_response_iss_parameter_supported.unwrap_or(false),
        })
    }

    /// The ways to authenticate that both sides have, in the order to try them. Basic is what a provider takes that
    /// does not say (OpenID Connect Discovery 1.0, section 3).
    pub(super) fn auth_methods(&self, has_secret: bool) -> Result<Vec<AuthMethod>, UpstreamError> {
        if !has_secret {
            return Ok(vec![AuthMethod::None]);
        }
        let Some(taken) = &self.auth_methods else {
            return Ok(vec![AuthMethod::Basic]);
        };
        let ours = [("client_secret_basic", AuthMethod::Basic), ("client_secret_post", AuthMethod::Post)];
        let both: Vec<AuthMethod> = ours
            .into_iter()
            .filter(|(name, _)| taken.iter().any(|word| word == name))
            .map(|(_, method)| method)
            .collect();
        if both.is_empty() {
            return Err(UpstreamError::Misconfigured("the provider takes no client secret".to_owned()));
        }
        Ok(both)
    }

    /// RFC 9207, section 2.4: an answer that names another issuer, or none where one was promised, is a mix-up.
    pub(super) fn check_issuer_parameter(&self, came: Option<&str>) -> Result<(), UpstreamError> {
        match came {
            Some(issuer) if self.issuer.may_answer(issuer) => Ok(()),
            Some(_) => Err(UpstreamError::InvalidToken("the answer names another issuer")),
            None if self.names_itself => Err(UpstreamError::InvalidToken("the answer names no issuer")),
            None => Ok(()),
        }
    }
}
