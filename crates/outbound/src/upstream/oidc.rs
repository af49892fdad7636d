//! The OpenID Connect code flow, seen from the application's side (OpenID Connect Core 1.0, section 3.1).
//!
//! Owns the two halves of a trip: the address that the browser is sent to, and the exchange of what it brings back for
//! a checked identity. Always PKCE with S256, always a nonce. Must not know flows, users or invitations.

mod assertion;
mod claims;
mod id_token;
mod issuer;
mod keys;
pub(super) mod provider;

use super::person;
use super::recipe::{OpenId as Quirks, SubjectForm};
use super::token_request::{AuthMethod, TokenAnswer, TokenRequest};
use super::{AuthorizationRequest, Callback, Upstream, UpstreamError, authorization_url};
use crate::http::ClientAuth;
use async_trait::async_trait;
use claims::{IdToken, UserInfo};
use guestlist_domain::connection::{Tenants, UpstreamOptions};
use guestlist_domain::identity::UpstreamIdentity;
use guestlist_domain::ids::ConnectionId;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::time::Timestamp;
use id_token::Expected;
pub(super) use issuer::Issuer;
use provider::{Metadata, Provider};
use std::sync::Arc;
use url::Url;

/// One connection's client at its provider.
pub(super) struct Oidc {
    connection: ConnectionId,
    options: UpstreamOptions,
    quirks: &'static Quirks,
    issuer: Issuer,
    provider: Arc<Provider>,
}

impl Oidc {
    pub(super) fn new(
        connection: ConnectionId,
        options: UpstreamOptions,
        quirks: &'static Quirks,
        provider: impl Fn(&Issuer) -> Arc<Provider>,
    ) -> Self {
        let issuer = Issuer::of(&options);
        let provider = provider(&issuer);
        Self { connection, options, quirks, issuer, provider }
    }

    /// Discovery and keys, fresh; and whether we have what it wants of us.
    pub(super) async fn check(&self, now: Timestamp) -> Result<(), UpstreamError> {
        let metadata = self.provider.introduce(now).await?;
        self.auth_methods(&metadata)?;
        assertion::client_secret(&self.options, now).map(drop)
    }

    fn auth_methods(&self, metadata: &Metadata) -> Result<Vec<AuthMethod>, UpstreamError> {
        match (self.quirks.auth, self.options.client_secret.is_some()) {
            (Some(method), true) => Ok(vec![method]),
            (_, has_secret) => metadata.auth_methods(has_secret),
        }
    }

    async fn exchange(
        &self,
        metadata: &Metadata,
        callback: &Callback<'_>,
        now: Timestamp,
    ) -> Result<TokenAnswer, UpstreamError> {
        let secret = assertion::client_secret(&self.options, now)?;
        let request = TokenRequest {
            http: self.provider.http(),
            endpoint: &metadata.token_endpoint,
            client_id: &self.options.client_id,
            secret: secret.as_ref(),
        };
        request.exchange(callback, &self.auth_methods(metadata)?).await
    }

    /// The tenants whose people may come; all, if none is listed.
    fn tenants(&self) -> &[String] {
        match &self.options.settings.tenants {
            Some(Tenants::Several(tenants)) => tenants,
            Some(Tenants::One(_)) | None => &[],
        }
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

    fn identity(
        &self,
        token: IdToken,
        told: Option<UserInfo>,
        callback: &Callback<'_>,
    ) -> Result<UpstreamIdentity, UpstreamError> {
        let subject = match (self.quirks.subject, token.slack_team) {
            (SubjectForm::Sub, _) => token.sub,
            (SubjectForm::TeamAndSub, Some(team)) if !team.is_empty() => format!("{team}.{}", token.sub),
            (SubjectForm::TeamAndSub, _) => return Err(UpstreamError::InvalidToken("no team")),
        };
        let (address, profile) = match told {
            // One source for both: an address from here must not meet a "verified" from there.
            Some(told) => {
                (told.person.address_in(self.quirks.verified), token.person.profile().or(told.person.profile()))
            }
            None => (token.person.address_in(self.quirks.verified), token.person.profile()),
        };
        let (email, email_verified) = address;
        // What is posted beside the code is signed by nobody: a name to greet with, from those who send it that way.
        let posted =
            callback.profile.filter(|_| self.quirks.response_mode.is_some()).map(person::posted).unwrap_or_default();
        Ok(UpstreamIdentity {
            connection: self.connection.clone(),
            issuer: token.iss,
            subject,
            email,
            email_verified,
            profile: profile.or(posted),
        })
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
        let more: Vec<(&str, &str)> = [("nonce", request.nonce)]
            .into_iter()
            .chain(self.quirks.response_mode.map(|mode| ("response_mode", mode)))
            .collect();
        let endpoint = metadata.authorization_endpoint.clone();
        Ok(authorization_url(endpoint, &self.options.client_id, &scope(&self.options.scope), request, &more))
    }

    async fn who_came_back(&self, callback: &Callback<'_>, now: Timestamp) -> Result<UpstreamIdentity, UpstreamError> {
        let metadata = self.provider.metadata(now).await?;
        metadata.check_issuer_parameter(callback.iss)?;
        let answer = self.exchange(&metadata, callback, now).await?;
        let token = answer.id_token.ok_or(UpstreamError::InvalidToken("there is no ID token"))?;
        let expected = Expected {
            issuer: &self.issuer,
            tenants: self.tenants(),
            client_id: &self.options.client_id,
            nonce: callback.nonce,
        };
        let token = self.provider.verified(&token, now).await?.accept(&expected, now)?;
        let told = if token.person.has_address() {
            None
        } else {
            self.told_in_person(&metadata, answer.access_token.as_ref(), &token.sub).await?
        };
        self.identity(token, told, callback)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openid_is_always_asked_for() {
        assert_eq!(scope("openid email"), "openid email");
        assert_eq!(scope(" email  profile "), "openid email profile");
        assert_eq!(scope(""), "openid");
    }
}
