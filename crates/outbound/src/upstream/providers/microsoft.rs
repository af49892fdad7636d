//! Microsoft: personal accounts are one tenant, known by its id; organizations have a tenant each.
//!
//! The issuer names the tenant, and so does every identity's key: the same person number in two tenants is two people.
//! An address in a token is whatever the tenant's administrator wrote. Only `xms_edov` says that the tenant owns its
//! domain (case 52).

use crate::upstream::recipe::{IssuerForm, OpenId, Protocol, Recipe, TO_THE_LETTER, VerifiedWord};
use crate::upstream::token_request::AuthMethod;

const BASE: &str = "https://login.microsoftonline.com";
/// The tenant of personal accounts, the same everywhere.
const PERSONAL_TENANT: &str = "/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";

const QUIRKS: OpenId = OpenId { verified: VerifiedWord::DomainOwner, auth: Some(AuthMethod::Post), ..TO_THE_LETTER };

pub(super) const PERSONAL: Recipe = Recipe {
    label: "Microsoft",
    base_url: Some(BASE),
    scope: "openid profile email",
    protocol: Protocol::OpenId(OpenId { issuer: IssuerForm::Base(PERSONAL_TENANT), ..QUIRKS }),
};

pub(super) const ORGANIZATIONS: Recipe = Recipe {
    label: "Microsoft",
    base_url: Some(BASE),
    scope: "openid profile email",
    protocol: Protocol::OpenId(OpenId { issuer: IssuerForm::Tenant, ..QUIRKS }),
};
