//! A client: an application that signs people in, or a backend that drives the Management API.
//!
//! Owns what a client may use. Must not know requests.

use crate::ids::{ClientGrantId, ClientId};
use crate::permission::Permission;
use crate::secret::SecretHash;
use crate::time::{Timestamp, days, hours};
use crate::user::Metadata;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use thiserror::Error;
use url::Url;

/// Life of an ID token that does not say (Auth0's default).
pub const ID_TOKEN_LIFETIME: Duration = hours(10);
/// Life of a refresh token since it was issued.
pub const REFRESH_IDLE_LIFETIME: Duration = days(15);
/// Life of a family of refresh tokens.
pub const REFRESH_ABSOLUTE_LIFETIME: Duration = days(30);

/// Auth0's kinds of application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppType {
    /// A server that keeps a secret.
    RegularWeb,
    /// A page in a browser.
    Spa,
    /// A program on a device.
    Native,
    /// A machine without people.
    NonInteractive,
}

impl AppType {
    /// Auth0's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RegularWeb => "regular_web",
            Self::Spa => "spa",
            Self::Native => "native",
            Self::NonInteractive => "non_interactive",
        }
    }

    /// Reads Auth0's word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::RegularWeb, Self::Spa, Self::Native, Self::NonInteractive].into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether it cannot keep a secret.
    pub const fn is_public(self) -> bool {
        matches!(self, Self::Spa | Self::Native)
    }
}

/// How a client proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// A public client: PKCE is all it has.
    None,
    /// The secret in the body. Basic is accepted too: the libraries disagree about which is their default.
    ClientSecretPost,
    /// The secret in the Authorization header; the body is accepted too.
    ClientSecretBasic,
}

impl AuthMethod {
    /// The registered word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretBasic => "client_secret_basic",
        }
    }

    /// Reads the registered word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::None, Self::ClientSecretPost, Self::ClientSecretBasic].into_iter().find(|method| method.as_str() == word)
    }
}

/// A client as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    /// `client_id`.
    pub id: ClientId,
    /// What people read.
    pub name: String,
    /// Its kind.
    pub app_type: AppType,
    /// How it proves itself.
    pub auth_method: AuthMethod,
    /// The digest of its secret, unless it is public.
    pub secret: Option<SecretHash>,
    /// What it may ask for.
    pub settings: ClientSettings,
    /// Birth.
    pub created_at: Timestamp,
}

/// The settings of a client that the Management API shows under these very names.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientSettings {
    /// Redirect URIs, compared byte for byte.
    pub callbacks: Vec<String>,
    /// Where log-out may lead.
    pub allowed_logout_urls: Vec<String>,
    /// Origins that may call the token endpoint from a page.
    pub web_origins: Vec<String>,
    /// More of them.
    pub allowed_origins: Vec<String>,
    /// `authorization_code`, `refresh_token`, `client_credentials`, ...
    pub grant_types: Vec<String>,
    /// Where an invited guest lands: the application's own log-in route.
    pub initiate_login_uri: Option<String>,
    /// A sentence about it.
    pub description: Option<String>,
    /// Its logo.
    pub logo_uri: Option<String>,
    /// Life of its ID tokens in seconds.
    pub id_token_lifetime_secs: Option<u64>,
    /// The caller's own data.
    pub client_metadata: Metadata,
}

impl Client {
    /// Whether it may use a grant type.
    pub fn may_use(&self, grant_type: &str) -> bool {
        self.settings.grant_types.iter().any(|allowed| allowed == grant_type)
    }

    /// Whether a browser may be sent there with a code: byte for byte one of `callbacks` (R13; RFC 9700, 2.1).
    pub fn may_redirect_to(&self, uri: &str) -> bool {
        self.settings.callbacks.iter().any(|allowed| allowed == uri)
    }

    /// Whether a browser may be sent there after log-out.
    pub fn may_log_out_to(&self, uri: &str) -> bool {
        self.settings.allowed_logout_urls.iter().any(|allowed| allowed == uri)
    }

    /// Whether a guest may be sent there after acceptance or a reset: scheme, host, port and path equal a registered
    /// address; query and fragment are not compared (`product.md`, section 7).
    pub fn may_land_on(&self, url: &Url) -> bool {
        let registered = self.settings.callbacks.iter().chain(&self.settings.allowed_logout_urls);
        registered
            .chain(&self.settings.initiate_login_uri)
            .filter_map(|text| Url::parse(text).ok())
            .any(|allowed| is_same_place(&allowed, url))
    }

    /// Whether the client declared that origin for its pages: a message may go to it.
    pub fn declares_origin(&self, origin: &str) -> bool {
        let declared = self.settings.web_origins.iter().chain(&self.settings.allowed_origins);
        declared.filter_map(|text| Url::parse(text).ok()).any(|url| url.origin().ascii_serialization() == origin)
    }

    /// Origins from which a page of this client may call. An application's own scheme has none (`null`).
    pub fn origins(&self) -> impl Iterator<Item = String> + '_ {
        let declared = self.settings.web_origins.iter().chain(&self.settings.allowed_origins);
        declared
            .chain(&self.settings.callbacks)
            .filter_map(|text| Url::parse(text).ok())
            .map(|url| url.origin())
            .filter(url::Origin::is_tuple)
            .map(|origin| origin.ascii_serialization())
    }
}

/// Whether two addresses are the same but for query and fragment. Credentials in an address are never the same place.
pub fn is_same_place(registered: &Url, url: &Url) -> bool {
    let clean = url.username().is_empty() && url.password().is_none();
    clean
        && registered.scheme() == url.scheme()
        && registered.host() == url.host()
        && registered.port_or_known_default() == url.port_or_known_default()
        && registered.path() == url.path()
}

/// Why an address cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{0:?} is not an address that a browser can be sent to: https, http, or a scheme of the application's own, \
         without credentials, spaces or a fragment"
)]
pub struct BadAddress(pub String);

/// Checks every address in a client's settings (RFC 6749, 3.1.2; RFC 8252, 7.1).
pub fn check_addresses(settings: &ClientSettings) -> Result<(), BadAddress> {
    let lists = [&settings.callbacks, &settings.allowed_logout_urls, &settings.web_origins, &settings.allowed_origins];
    let mut all = lists.into_iter().flatten().chain(&settings.initiate_login_uri);
    all.find(|text| !is_address(text)).map_or(Ok(()), |text| Err(BadAddress(text.clone())))
}

fn is_address(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let is_clean = text.chars().all(|c| c.is_ascii_graphic()) && url.fragment().is_none();
    let is_bare = url.username().is_empty() && url.password().is_none();
    // An application's own scheme is a domain name turned around, which no scheme that runs script is.
    let is_safe = match url.scheme() {
        "http" | "https" => url.has_host(),
        scheme => scheme.contains('.'),
    };
    is_clean && is_bare && is_safe
}

/// What a machine may ask of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientGrant {
    /// Its id.
    pub id: ClientGrantId,
    /// Which machine.
    pub client: ClientId,
    /// Which API, by its identifier.
    pub audience: String,
    /// Which scopes of it.
    pub scope: Vec<String>,
}

impl ClientGrant {
    /// Whether it lets the machine do that at the Management API.
    pub fn allows(&self, permission: Permission) -> bool {
        self.scope.iter().any(|scope| scope == permission.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://app.example/callback?kept=1", true)]
    #[case("http://127.0.0.1:3000/callback", true)]
    #[case("com.example.app:/callback", true)]
    #[case("com.example.app://callback", true)]
    #[case("https://app.example/callback#f", false)]
    #[case("https://user:pw@app.example/callback", false)]
    #[case("https://app.example/a b", false)]
    #[case(" https://app.example/", false)]
    #[case("/callback", false)]
    #[case("javascript:alert(1)", false)]
    #[case("data:text/html,x", false)]
    #[case("file:///etc/passwd", false)]
    fn case_082_addresses_that_can_be_registered(#[case] text: &str, #[case] good: bool) {
        let settings = ClientSettings { callbacks: vec![text.to_owned()], ..ClientSettings::default() };
        assert_eq!(check_addresses(&settings).is_ok(), good, "{text}");
    }

    #[rstest]
    #[case("https://app.example/done?x=1#y", true)]
    #[case("https://app.example:443/done", true)]
    #[case("https://app.example/done/", false)]
    #[case("https://app.example/other", false)]
    #[case("http://app.example/done", false)]
    #[case("https://app.example@evil.example/done", false)]
    #[case("https://user@app.example/done", false)]
    #[case("https://app.example:444/done", false)]
    fn landing_places(#[case] url: &str, #[case] same: bool) {
        let registered = Url::parse("https://app.example/done").unwrap();
        assert_eq!(is_same_place(&registered, &Url::parse(url).unwrap()), same);
    }
}
