//! What a strategy's recipe is made of: the few things in which providers differ, as data.
//!
//! Owns the vocabulary of quirks. The recipes themselves are in [`super::providers`], one small file each; the two
//! protocols that read them are in [`super::oidc`] and [`super::oauth2`]. Must not know connections' rows.

use super::token_request::AuthMethod;
use guestlist_domain::connection::{PersonFields, Tenants, UpstreamSettings};

/// How one strategy is spoken to, and what it is called.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// What the button says when the operator does not.
    pub label: &'static str,
    /// The provider's public address, without a slash at its end. `None`: every operator has another.
    pub base_url: Option<&'static str>,
    /// What is asked for when the operator does not say.
    pub scope: &'static str,
    pub(super) protocol: Protocol,
}

/// The protocol, with the provider's departures from it.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "these are constants, one for each provider, and only referred to")]
pub(super) enum Protocol {
    OpenId(OpenId),
    OAuth2(OAuth2),
}

/// Departures from OpenID Connect.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenId {
    pub(super) issuer: IssuerForm,
    pub(super) verified: VerifiedWord,
    /// The claim that makes the subject one person's, where `sub` alone does not.
    pub(super) subject: SubjectForm,
    /// `form_post`, where the provider insists. Its answer then may carry the name, beside the token.
    pub(super) response_mode: Option<&'static str>,
    /// How it wants us to authenticate, whatever its metadata says.
    pub(super) auth: Option<AuthMethod>,
}

/// OpenID Connect, to the letter.
pub(super) const TO_THE_LETTER: OpenId = OpenId {
    issuer: IssuerForm::Base(""),
    verified: VerifiedWord::Boolean,
    subject: SubjectForm::Sub,
    response_mode: None,
    auth: None,
};

/// How the issuer follows from the base address.
#[derive(Clone, Copy, Debug)]
pub(super) enum IssuerForm {
    /// The base address and this path.
    Base(&'static str),
    /// The base address, the tenant, and `/v2.0`.
    Tenant,
}

/// How a provider says that it verified an address. Anything else says that it did not (case 50).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VerifiedWord {
    /// `email_verified: true`.
    Boolean,
    /// `email_verified: true` or `"true"`.
    BooleanOrText,
    /// `xms_edov`: Microsoft checked that the tenant owns the address's domain. Nothing else that it says about an address
    /// binds anybody (case 52).
    DomainOwner,
}

/// What names a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SubjectForm {
    /// `sub`.
    Sub,
    /// Slack's team and `sub`: the same user name may be given in two teams.
    TeamAndSub,
}

/// OAuth 2.0 with an API that tells whose token it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct OAuth2 {
    /// The name by which it answers (RFC 9207), below the base address where it is not the issuer itself.
    pub(super) answers_as: Option<&'static str>,
    /// Below the base address; empty where the operator names every endpoint.
    pub(super) authorization: &'static str,
    /// The token endpoint.
    pub(super) token: Place,
    /// Who the bearer is.
    pub(super) userinfo: Place,
    /// GitHub's list of addresses.
    pub(super) emails: Option<Place>,
    /// Where the API is for an installation of one's own, below its base address.
    pub(super) api_below_base: &'static str,
    /// Where it is in public.
    pub(super) public_api: &'static str,
    pub(super) fields: Fields<'static>,
}

/// Where an endpoint is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Base(&'static str),
    Api(&'static str),
}

/// Where in an answer the person is described; an empty name is never there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    pub(super) subject: &'a str,
    pub(super) email: &'a str,
    pub(super) email_verified: &'a str,
    pub(super) name: &'a str,
    pub(super) nickname: &'a str,
    pub(super) given_name: &'a str,
    pub(super) family_name: &'a str,
    pub(super) picture: &'a str,
}

/// The names of OpenID Connect Core 1.0, section 5.1.
pub(super) const STANDARD_FIELDS: Fields<'static> = Fields {
    subject: "sub",
    email: "email",
    email_verified: "email_verified",
    name: "name",
    nickname: "nickname",
    given_name: "given_name",
    family_name: "family_name",
    picture: "picture",
};

impl<'a> From<&'a PersonFields> for Fields<'a> {
    fn from(fields: &'a PersonFields) -> Self {
        Self {
            subject: &fields.subject,
            email: &fields.email,
            email_verified: &fields.email_verified,
            name: &fields.name,
            nickname: &fields.nickname,
            given_name: &fields.given_name,
            family_name: &fields.family_name,
            picture: &fields.picture,
        }
    }
}

impl Recipe {
    /// The base address: the operator's, or the public one. `None` if the operator must say it and did not.
    pub fn base<'a>(&'a self, settings: &'a UpstreamSettings) -> Option<&'a str> {
        settings.base_url.as_deref().or(self.base_url)
    }

    /// The half of an identity's key that the connection contributes, when the operator names no issuer.
    pub fn issuer(&self, settings: &UpstreamSettings) -> Option<String> {
        let base = self.base(settings)?;
        let path = match &self.protocol {
            Protocol::OAuth2(_) => "",
            Protocol::OpenId(OpenId { issuer: IssuerForm::Base(path), .. }) => path,
            Protocol::OpenId(OpenId { issuer: IssuerForm::Tenant, .. }) => {
                return match &settings.tenants {
                    Some(Tenants::One(tenant)) => Some(format!("{base}/{tenant}/v2.0")),
                    Some(Tenants::Several(_)) | None => Some(base.to_owned()),
                };
            }
        };
        Some(format!("{base}{path}"))
    }

    /// Whether it is an OpenID provider, which can be asked about itself.
    pub const fn has_discovery(&self) -> bool {
        matches!(self.protocol, Protocol::OpenId(_))
    }
}
