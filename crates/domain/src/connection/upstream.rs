//! What an operator says about an upstream provider.
//!
//! Owns the options of a connection as they are stored. Must not know how a provider is spoken to.

use crate::secret::Sensitive;
use serde::{Deserialize, Serialize};
use url::Url;

/// How to reach an upstream provider.
#[derive(Clone, Debug)]
pub struct UpstreamOptions {
    /// Whose subjects they are: half of every identity's key. For an OpenID provider the issuer, byte for byte as its
    /// tokens say it; for a provider of Microsoft's that takes every organization, the address before the tenant.
    pub issuer: String,
    /// Our client id there.
    pub client_id: String,
    /// Our secret there, or our private key where the provider wants signed assertions; sealed at rest.
    pub client_secret: Option<Sensitive>,
    /// What we ask for.
    pub scope: String,
    /// What single strategies want beside.
    pub settings: UpstreamSettings,
}

impl UpstreamOptions {
    /// Whether other servers than before would say who somebody is: with these options instead of `before`, the subjects
    /// of the issuer may be other people's. An OpenID provider's issuer answers for itself, wherever the rest is.
    pub fn moves_from(&self, before: &Self, answers_for_itself: bool) -> bool {
        let (now, then) = (&self.settings, &before.settings);
        let same_servers =
            now.base_url == then.base_url && now.api_url == then.api_url && now.endpoints == then.endpoints;
        self.issuer != before.issuer || !(answers_for_itself || same_servers)
    }

    /// Whether our secret would be told to somebody else than before: it goes to the token endpoint, which is named by
    /// itself, follows from the base address, or is what the issuer says.
    pub fn tells_others_than(&self, before: &Self) -> bool {
        let told = |options: &Self| {
            let settings = &options.settings;
            let token_url = settings.endpoints.as_ref().map(|endpoints| endpoints.token_url.as_str());
            let (base, api) = (settings.base_url.as_deref(), settings.api_url.as_deref());
            [Some(options.issuer.as_str()), base, api, token_url].map(|place| place.and_then(origin))
        };
        told(self) != told(before)
    }

    /// Whether the issuer's name is the provider's own: on the host that tells who somebody is, or, where no endpoint is
    /// named, at `base`. To be asked of providers that have no document in which an issuer says that it is one: else
    /// whoever may make connections could speak for any provider's people.
    pub fn names_itself(&self, base: Option<&str>) -> bool {
        let userinfo_url = self.settings.endpoints.as_ref().map(|endpoints| endpoints.userinfo_url.as_str());
        let place = userinfo_url.or(base).and_then(origin);
        place.is_some() && place == origin(&self.issuer)
    }

    /// Where the browser is sent, or an address of the same origin.
    pub fn browser_goes_to(&self) -> &str {
        self.settings.endpoints.as_ref().map_or(&self.issuer, |endpoints| &endpoints.authorization_url)
    }
}

fn origin(text: &str) -> Option<String> {
    Url::parse(text).ok().map(|url| url.origin().ascii_serialization())
}

/// What single strategies want beside client id and secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpstreamSettings {
    /// Where the provider is, if not at its public address: an installation of one's own, a sovereign cloud, an emulator.
    /// Without a slash at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Where its API is, if not where it follows from `base_url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_url: Option<String>,
    /// `waad`: whose accounts may come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Tenants>,
    /// `apple`: the developer team that signs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<String>,
    /// `apple`: the name of its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// `oauth2`: where to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Endpoints>,
    /// `oauth2`: where in the answer to look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<PersonFields>,
}

/// Of which of Microsoft's organizations the accounts may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tenants {
    /// One, by its id. The issuer names it.
    One(String),
    /// These, by id; none listed: any that Microsoft knows.
    Several(Vec<String>),
}

/// Whether a text is a tenant's id: a UUID, and nothing that could lead elsewhere in an address.
pub fn is_tenant_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// The endpoints of an OAuth 2.0 provider that has no discovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Where the browser is sent (RFC 6749, section 3.1).
    pub authorization_url: String,
    /// Where codes are exchanged (RFC 6749, section 3.2).
    pub token_url: String,
    /// Where the bearer of an access token is told whose it is.
    pub userinfo_url: String,
}

/// The names of the members that describe a person, dotted where they lie deeper: `user.mail`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonFields {
    /// The provider's name for the person. A text or a whole number, never changing and never given to another.
    pub subject: String,
    /// The address.
    pub email: String,
    /// Whether it is verified: counts only if it is `true`.
    pub email_verified: String,
    /// Full name.
    pub name: String,
    /// Short name.
    pub nickname: String,
    /// First name.
    pub given_name: String,
    /// Last name.
    pub family_name: String,
    /// Address of a picture.
    pub picture: String,
}

impl Default for PersonFields {
    /// The names of OpenID Connect Core 1.0, section 5.1.
    fn default() -> Self {
        Self {
            subject: "sub".to_owned(),
            email: "email".to_owned(),
            email_verified: "email_verified".to_owned(),
            name: "name".to_owned(),
            nickname: "nickname".to_owned(),
            given_name: "given_name".to_owned(),
            family_name: "family_name".to_owned(),
            picture: "picture".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_named_by_its_uuid() {
        assert!(is_tenant_id("9188040d-6c67-4c5b-b112-36a304b66dad"));
        for other in ["", "common", "contoso.example", "9188040d-6c67-4c5b-b112-36a304b66da/", "{tenantid}"] {
            assert!(!is_tenant_id(other), "{other}");
        }
    }

    #[test]
    fn what_is_not_said_is_not_stored() {
        assert_eq!(serde_json::to_string(&UpstreamSettings::default()).unwrap(), "{}");
        let read: UpstreamSettings = serde_json::from_str(r#"{"fields": {"subject": "id"}}"#).unwrap();
        assert_eq!(read.fields.unwrap(), PersonFields { subject: "id".to_owned(), ..PersonFields::default() });
    }

    /// A used connection may not be moved: the subjects of its issuer would be other people's.
    #[test]
    fn other_servers_are_a_move_where_no_issuer_answers_for_itself() {
        let at = |issuer: &str, api_url: Option<&str>| UpstreamOptions {
            issuer: issuer.to_owned(),
            client_id: "us".to_owned(),
            client_secret: None,
            scope: String::new(),
            settings: UpstreamSettings { api_url: api_url.map(str::to_owned), ..UpstreamSettings::default() },
        };
        let before = at("https://github.com", None);
        assert!(!before.moves_from(&before, false));
        assert!(at("https://github.com", Some("https://evil.example")).moves_from(&before, false));
        assert!(!at("https://github.com", Some("https://api.example")).moves_from(&before, true));
        assert!(at("https://acme.example", None).moves_from(&before, true));
    }
}
