//! The OAuth 2.0 code flow with an API that tells whose token it is.
//!
//! For providers without an ID token, or without one that proves anything. What binds the answer to this trip is the
//! state and PKCE; what binds it to the provider is that we ask it ourselves, over TLS, at the address that the operator
//! configured. Must not know flows, users or invitations.

use super::person::{self, Person};
use super::recipe::{Fields, OAuth2 as Quirks, Place};
use super::token_request::{AuthMethod, TokenRequest};
use super::{AuthorizationRequest, Callback, Upstream, UpstreamError, authorization_url};
use crate::http::{ClientAuth, HttpClient};
use async_trait::async_trait;
use guestlist_domain::connection::{Endpoints, UpstreamOptions};
use guestlist_domain::identity::UpstreamIdentity;
use guestlist_domain::ids::ConnectionId;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

/// One connection's client at its provider.
pub(super) struct OAuth2 {
    pub(super) connection: ConnectionId,
    pub(super) options: UpstreamOptions,
    /// The provider's base address.
    pub(super) base: String,
    pub(super) quirks: &'static Quirks,
    pub(super) http: HttpClient,
}

/// One line of GitHub's list of addresses.
#[derive(Deserialize)]
struct ListedAddress {
    email: Value,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    verified: bool,
}

impl OAuth2 {
    fn endpoint(&self, place: Place, told: impl Fn(&Endpoints) -> &String) -> Result<Url, UpstreamError> {
        let text = match (&self.options.settings.endpoints, place) {
            (Some(endpoints), _) => told(endpoints).clone(),
            (None, Place::Base(path)) => format!("{}{path}", self.base),
            (None, Place::Api(path)) => format!("{}{path}", self.api()),
        };
        let url = Url::parse(&text).map_err(|_| UpstreamError::Misconfigured("an endpoint is no URL".to_owned()))?;
        self.http.check(&url)?;
        Ok(url)
    }

    /// The API's address: the operator's, or below the operator's installation, or the public one.
    fn api(&self) -> String {
        let settings = &self.options.settings;
        match (&settings.api_url, &settings.base_url) {
            (Some(api), _) => api.clone(),
            (None, Some(base)) => format!("{base}{}", self.quirks.api_below_base),
            (None, None) => self.quirks.public_api.to_owned(),
        }
    }

    fn fields(&self) -> Fields<'_> {
        self.options.settings.fields.as_ref().map_or(self.quirks.fields, Fields::from)
    }

    /// The address from the list: the primary one, whatever else there is.
    async fn listed_address(&self, token: &Sensitive) -> Result<Option<ListedAddress>, UpstreamError> {
        let Some(place) = self.quirks.emails else { return Ok(None) };
        let endpoint = self.endpoint(place, |endpoints| &endpoints.userinfo_url)?;
        let list: Vec<ListedAddress> = self.http.get_json(&endpoint, ClientAuth::Bearer(token)).await?;
        Ok(list.into_iter().find(|listed| listed.primary))
    }
}

#[async_trait]
impl Upstream for OAuth2 {
    async fn authorization_url(&self, request: &AuthorizationRequest<'_>, _: Timestamp) -> Result<Url, UpstreamError> {
        let endpoint =
            self.endpoint(Place::Base(self.quirks.authorization), |endpoints| &endpoints.authorization_url)?;
        Ok(authorization_url(endpoint, &self.options.client_id, &self.options.scope, request, &[]))
    }

    async fn who_came_back(&self, callback: &Callback<'_>, _: Timestamp) -> Result<UpstreamIdentity, UpstreamError> {
        // RFC 9207, section 2.4: an answer that names another issuer is a mix-up.
        let answers_as = self.quirks.answers_as.map(|path| format!("{}{path}", self.base));
        let is_known = |iss: &str| iss == self.options.issuer || answers_as.as_deref() == Some(iss);
        if callback.iss.is_some_and(|iss| !is_known(iss)) {
            return Err(UpstreamError::InvalidToken("the answer names another issuer"));
        }
        let endpoint = self.endpoint(self.quirks.token, |endpoints| &endpoints.token_url)?;
        let secret = self.options.client_secret.as_ref();
        let request =
            TokenRequest { http: &self.http, endpoint: &endpoint, client_id: &self.options.client_id, secret };
        let answer = request.exchange(callback, &[AuthMethod::Post, AuthMethod::Basic]).await?;
        let token = answer.access_token.ok_or(UpstreamError::InvalidToken("there is no access token"))?;
        let endpoint = self.endpoint(self.quirks.userinfo, |endpoints| &endpoints.userinfo_url)?;
        let told: Value = self.http.get_json(&endpoint, ClientAuth::Bearer(&token)).await?;
        let subject = person::subject(person::at(&told, self.fields().subject));
        let subject = subject.ok_or(UpstreamError::InvalidToken("no usable subject"))?;
        let mut person = Person::from_fields(&told, &self.fields());
        if let Some(listed) = self.listed_address(&token).await? {
            person.set_address(listed.email, listed.verified);
        }
        let (email, email_verified) = person.address();
        Ok(UpstreamIdentity {
            connection: self.connection.clone(),
            issuer: self.options.issuer.clone(),
            subject,
            email,
            email_verified,
            profile: person.profile(),
        })
    }
}
