//! What an administrator says about an upstream provider, checked until it can work.
//!
//! Owns the reading of Auth0's `options` into [`UpstreamOptions`] and a merge rule. Must not know rows.

use crate::app::App;
use guestlist_domain::connection::{Audience, Connection, MergeRule, Strategy, UpstreamOptions};
use guestlist_domain::email::Email;
use guestlist_domain::ids::ConnectionId;
use guestlist_domain::secret::Sensitive;
use std::collections::BTreeSet;
use thiserror::Error;
use url::Url;

/// What is asked for when nobody says.
const DEFAULT_SCOPE: &str = "openid profile email";
const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";

/// What was said about the provider; nothing of it checked yet.
#[derive(Clone, Debug, Default)]
pub struct UpstreamWish {
    /// The issuer, byte for byte as the provider's tokens say it.
    pub issuer: Option<String>,
    /// Or the address of its discovery document, from which the issuer is learned.
    pub discovery_url: Option<String>,
    /// Our client id there.
    pub client_id: Option<String>,
    /// Our secret there. Left out of a change, the one that is kept stays.
    pub client_secret: Option<Sensitive>,
    /// What to ask for.
    pub scope: Option<String>,
    /// Domains for which the provider's verified addresses are proof.
    pub authoritative_domains: Vec<String>,
    /// What a new login with a proven address leads to.
    pub merge_rule: MergeRule,
}

/// Why the options cannot work. The texts are for the administrator.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OptionsError {
    /// Nobody to go to.
    #[error("options.issuer (or options.discovery_url) is needed")]
    NoIssuer,
    /// Not an address that a provider can have.
    #[error("options.{0} must be an https URL without query, fragment or credentials")]
    Address(&'static str),
    /// The provider did not introduce itself.
    #[error("The issuer could not be learned from options.discovery_url; say it in options.issuer.")]
    NotDiscovered,
    /// No client id.
    #[error("options.client_id is needed")]
    NoClientId,
    /// Longer than any of these are.
    #[error("options.{0} is too long")]
    TooLong(&'static str),
    /// Not a domain name.
    #[error("options.authoritative_domains: '{0}' is not a domain name")]
    Domain(String),
    /// `auto` for a provider whose word proves nothing.
    #[error("options.merge_rule 'auto' is for connections with authoritative_domains")]
    AutoWithoutDomains,
}

/// What holds after the checks.
pub(super) struct CheckedUpstream {
    pub(super) options: UpstreamOptions,
    pub(super) authoritative_domains: Vec<String>,
    pub(super) merge_rule: MergeRule,
}

/// Checks what was said. Asks the provider, if it has to be told from its discovery document who it is.
pub(super) async fn check(app: &App, wish: UpstreamWish) -> Result<CheckedUpstream, OptionsError> {
    let client_id = wish.client_id.filter(|id| !id.is_empty()).ok_or(OptionsError::NoClientId)?;
    within(&client_id, 1_000, "client_id")?;
    let scope = scope(wish.scope.as_deref());
    within(&scope, 1_000, "scope")?;
    let authoritative_domains = wish.authoritative_domains.iter().map(|text| domain(text)).collect::<Result<_, _>>()?;
    let authoritative_domains: Vec<String> = distinct(authoritative_domains);
    if wish.merge_rule == MergeRule::Auto && authoritative_domains.is_empty() {
        return Err(OptionsError::AutoWithoutDomains);
    }
    let options = UpstreamOptions { issuer: String::new(), client_id, client_secret: wish.client_secret, scope };
    let options = match (wish.issuer, wish.discovery_url) {
        (Some(issuer), _) => {
            let issuer = address(app, issuer, "issuer")?;
            UpstreamOptions { issuer, ..options }
        }
        (None, Some(discovery_url)) => discover(app, options, discovery_url).await?,
        (None, None) => return Err(OptionsError::NoIssuer),
    };
    Ok(CheckedUpstream { options, authoritative_domains, merge_rule: wish.merge_rule })
}

/// The issuer behind a discovery document. Whether it ends with a slash only the document can say.
async fn discover(app: &App, options: UpstreamOptions, discovery_url: String) -> Result<UpstreamOptions, OptionsError> {
    let discovery_url = address(app, discovery_url, "discovery_url")?;
    let base = discovery_url.strip_suffix(DISCOVERY_PATH).unwrap_or(&discovery_url).trim_end_matches('/');
    for issuer in [base.to_owned(), format!("{base}/")] {
        let probe = Connection {
            id: ConnectionId::new("con_probe"),
            name: String::new(),
            display_name: String::new(),
            strategy: Strategy::Oidc,
            upstream: Some(UpstreamOptions { issuer, ..options.clone() }),
            enabled: true,
            audience: Audience::Everyone,
            authoritative_domains: Vec::new(),
            merge_rule: MergeRule::default(),
            created_at: app.now(),
        };
        if app.upstreams().check(&probe, app.now()).await.is_ok() {
            return probe.upstream.ok_or(OptionsError::NotDiscovered);
        }
    }
    Err(OptionsError::NotDiscovered)
}

/// An address that may be called at all: https, or http on loopback where the operator allows it.
fn address(app: &App, text: String, name: &'static str) -> Result<String, OptionsError> {
    within(&text, 2_000, name)?;
    let url = Url::parse(&text).map_err(|_| OptionsError::Address(name))?;
    let bare = url.query().is_none() && url.fragment().is_none();
    if bare && app.upstreams().may_call(&url) { Ok(text) } else { Err(OptionsError::Address(name)) }
}

/// `openid` is always among what is asked for; without it there is no ID token.
fn scope(wished: Option<&str>) -> String {
    let wished = wished.map(str::trim).filter(|text| !text.is_empty()).unwrap_or(DEFAULT_SCOPE);
    let mut words: Vec<&str> = wished.split_whitespace().collect();
    if !words.contains(&"openid") {
        words.insert(0, "openid");
    }
    words.join(" ")
}

/// A domain as addresses have it: ASCII, lower case.
fn domain(text: &str) -> Result<String, OptionsError> {
    Email::parse(&format!("somebody@{text}"))
        .map(|email| email.domain().to_owned())
        .map_err(|_| OptionsError::Domain(text.chars().take(80).collect()))
}

fn distinct(domains: Vec<String>) -> Vec<String> {
    domains.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

fn within(text: &str, limit: usize, name: &'static str) -> Result<(), OptionsError> {
    if text.len() <= limit { Ok(()) } else { Err(OptionsError::TooLong(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openid_is_always_asked_for() {
        assert_eq!(scope(None), "openid profile email");
        assert_eq!(scope(Some("  ")), "openid profile email");
        assert_eq!(scope(Some("email  groups")), "openid email groups");
        assert_eq!(scope(Some("email openid")), "email openid");
    }

    #[test]
    fn domains_are_read_as_addresses_have_them() {
        assert_eq!(domain("Bücher.Example").as_deref(), Ok("xn--bcher-kva.example"));
        assert_eq!(domain("localhost"), Err(OptionsError::Domain("localhost".to_owned())));
        assert!(domain("evil@example.org").is_err());
    }
}
