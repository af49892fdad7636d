//! The OpenID Connect code flow, seen from the application's side (OpenID Connect Core 1.0, section 3.1).
//!
//! Owns the two halves of a trip: the address that the browser is sent to, and the exchange of what it brings back for
//! a checked identity. Always PKCE with S256, always a nonce. Must not know flows, users or invitations.

mod claims;
mod id_token;
mod keys;
pub(super) mod provider;

use super::{AuthorizationRequest, Callback, Upstream, UpstreamError};
use crate::http::ClientAuth;
use async_trait::async_trait;
use claims::{IdToken, UserInfo};
use guestlist_domain::connection::UpstreamOptions;
use guestlist_domain::identity::UpstreamIdentity;
use guestlist_domain::ids::ConnectionId;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::time::Timestamp;
use id_token::Expected;
use provider::{AuthMethod, Metadata, Provider};
use serde::Deserialize;
use std::sync::Arc;
use url::Url;

/// One connection's client at its provider.
pub(super) struct Oidc {
    connection: ConnectionId,
    options: UpstreamOptions,
    provider: Arc<Provider>,
}

/// What the token endpoint says. Some say no with status 200, so `error` is read first.
#[derive(Deserialize)]
struct TokenAnswer {
    error: Option<String>,
    id_token: Option<String>,
    access_token: Option<Sensitive>,
}

impl Oidc {
    pub(super) const fn new(connection: ConnectionId, options: UpstreamOptions, provider: Arc<Provider>) -> Self {
        Self { connection, options, provider }
    }

    /// Discovery and keys, fresh.
    pub(super) async fn check(&self, now: Timestamp) -> Result<(), UpstreamError> {
        let metadata = self.provider.introduce(now).await?;
        metadata.auth_methods(self.options.client_secret.is_some())?;
        Ok(())
    }

    /// Exchanges the code. A client is registered for one way to authenticate and cannot tell us which, so when the
    /// provider takes several and does not know us by the first, the next is tried: a refused client spends no code.
    async fn exchange(&self, metadata: &Metadata, callback: &Callback<'_>) -> Result<TokenAnswer, UpstreamError> {
        let mut refused = UpstreamError::Misconfigured("no way to authenticate".to_owned());
        for method in metadata.auth_methods(self.options.client_secret.is_some())? {
            let answer = self.ask_for_tokens(&metadata.token_endpoint, callback, method).await?;
            let Some(error) = answer.error else {
                return Ok(answer);
            };
            let another_way = error == "invalid_client";
            refused = UpstreamError::Refused { error: error_code(&error) };
            if !another_way {
                break;
            }
        }
        Err(refused)
    }

    async fn ask_for_tokens(
        &self,
        endpoint: &Url,
        callback: &Callback<'_>,
        method: AuthMethod,
    ) -> Result<TokenAnswer, UpstreamError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", callback.code),
            ("redirect_uri", callback.redirect_uri),
            ("code_verifier", callback.code_verifier),
        ];
        let id = self.options.client_id.as_str();
        let auth = match (method, &self.options.client_secret) {
            (AuthMethod::Basic, Some(secret)) => ClientAuth::Basic { id, secret },
            (AuthMethod::Post, Some(secret)) => {
                form.extend([("client_id", id), ("client_secret", secret.expose())]);
                ClientAuth::Anonymous
            }
            (AuthMethod::None, _) | (_, None) => {
                form.push(("client_id", id));
                ClientAuth::Anonymous
            }
        };
        Ok(self.provider.http().post_form::<TokenAnswer>(endpoint, &form, auth).await?.body)
    }

    /// Some providers keep the address out of the ID token and tell it to the bearer of the access token only.
    async fn told_in_person(
        &self,
        metadata: &Metadata,
        access_token: Option<&Sensitive>,
        subject: &str,
    ) -> Result<Option<UserInfo>, UpstreamError> {
        let (Some(endpoint), Some(token)) = (&metadata.userinfo_endpoint, access_token) else {
            return Ok(None);
        };
        let told: UserInfo = self.provider.http().get_json(endpoint, ClientAuth::Bearer(token)).await?;
        // OpenID Connect Core 1.0, section 5.3.2: without this, the answer may be about somebody else.
        if told.sub.as_deref() == Some(subject) {
            Ok(Some(told))
        } else {
            Err(UpstreamError::InvalidToken("userinfo is about another subject"))
        }
    }

    fn identity(&self, token: IdToken, told: Option<UserInfo>) -> UpstreamIdentity {
        let (address, profile) = match told {
            // One source for both: an address from here must not meet a "verified" from there.
            Some(told) => (told.person.address(), token.person.profile().or(told.person.profile())),
            None => (token.person.address(), token.person.profile()),
        };
        let (email, email_verified) = address;
        UpstreamIdentity {
            connection: self.connection.clone(),
            issuer: self.options.issuer.clone(),
            subject: token.sub,
            email,
            email_verified,
            profile,
        }
    }
}

#[async_trait]
impl Upstream for Oidc {
    async fn authorization_url(
        &self,
        request: &AuthorizationRequest<'_>,
        now: Timestamp,
    ) -> Result<Url, UpstreamError> {
        let metadata = self.provider.metadata(now).await?;
        let mut url = metadata.authorization_endpoint.clone();
        let max_age = request.max_age.map(|seconds| seconds.to_string());
        let optional =
            [("login_hint", request.login_hint), ("prompt", request.prompt), ("max_age", max_age.as_deref())];
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.options.client_id)
            .append_pair("redirect_uri", request.redirect_uri)
            .append_pair("scope", &scope(&self.options.scope))
            .append_pair("state", request.state)
            .append_pair("nonce", request.nonce)
            .append_pair("code_challenge", request.code_challenge)
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(optional.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))));
        Ok(url)
    }

    async fn who_came_back(&self, callback: &Callback<'_>, now: Timestamp) -> Result<UpstreamIdentity, UpstreamError> {
        let metadata = self.provider.metadata(now).await?;
        metadata.check_issuer_parameter(callback.iss)?;
        let answer = self.exchange(&metadata, callback).await?;
        let token = answer.id_token.ok_or(UpstreamError::InvalidToken("there is no ID token"))?;
        let expected =
            Expected { issuer: &self.options.issuer, client_id: &self.options.client_id, nonce: callback.nonce };
        let token = self.provider.verified(&token, now).await?.accept(&expected, now)?;
        let told = if token.person.has_address() {
            None
        } else {
            self.told_in_person(&metadata, answer.access_token.as_ref(), &token.sub).await?
        };
        Ok(self.identity(token, told))
    }
}

/// The configured scope; `openid` is what makes the answer an ID token.
fn scope(configured: &str) -> String {
    let mut words: Vec<&str> = configured.split_whitespace().collect();
    if !words.contains(&"openid") {
        words.insert(0, "openid");
    }
    words.join(" ")
}

/// An error code as OAuth spells them. What is none is not repeated: it would end up on pages and in logs.
fn error_code(said: &str) -> String {
    let sound =
        (1..=64).contains(&said.len()) && said.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if sound { said.to_owned() } else { "unknown_error".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openid_is_always_asked_for() {
        assert_eq!(scope("openid email"), "openid email");
        assert_eq!(scope(" email  profile "), "openid email profile");
        assert_eq!(scope(""), "openid");
    }

    #[test]
    fn only_error_codes_are_repeated() {
        assert_eq!(error_code("invalid_grant"), "invalid_grant");
        for said in ["", "a b", "<script>", "secret=abc", &"x".repeat(65)] {
            assert_eq!(error_code(said), "unknown_error");
        }
    }
}
