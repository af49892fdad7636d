//! What an administrator says about an upstream provider, checked until it can work.
//!
//! Owns the reading of Auth0's `options` into [`UpstreamOptions`] and a merge rule. What is the provider's own and need
//! not be said, its recipe knows. Must not know rows.

use super::address::{address, base_address, domain};
use crate::app::App;
use guestlist_domain::connection::{
    Audience, Connection, Endpoints, MergeRule, PersonFields, Strategy, Tenants, UpstreamOptions, UpstreamSettings,
    is_tenant_id,
};
use guestlist_domain::ids::ConnectionId;
use guestlist_domain::secret::Sensitive;
use guestlist_outbound::upstream::{Recipe, recipe};
use std::collections::BTreeSet;
use thiserror::Error;

const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";
/// Microsoft's words for "whoever has an account".
const ANY_TENANT: [&str; 2] = ["common", "organizations"];
/// The most tenants that a connection may list.
const MAX_TENANTS: usize = 100;

/// What was said about the provider; nothing of it checked yet.
#[derive(Clone, Debug, Default)]
pub struct UpstreamWish {
    /// The issuer, byte for byte as the provider's tokens say it.
    pub issuer: Option<String>,
    /// Or the address of its discovery document, from which the issuer is learned.
    pub discovery_url: Option<String>,
    /// Where the provider is, if not at its public address.
    pub base_url: Option<String>,
    /// Where its API is, if that does not follow.
    pub api_url: Option<String>,
    /// Our client id there.
    pub client_id: Option<String>,
    /// Our secret there. Left out of a change, the one that is kept stays.
    pub client_secret: Option<Sensitive>,
    /// What to ask for.
    pub scope: Option<String>,
    /// `waad`: the one tenant, by id or by domain; `common` or `organizations` for any.
    pub tenant: Option<String>,
    /// `waad`: the tenants, by id, of those that may come.
    pub tenants: Vec<String>,
    /// `apple`: the team that signs.
    pub team_id: Option<String>,
    /// `apple`: the name of the key that `client_secret` is.
    pub key_id: Option<String>,
    /// `oauth2`: the endpoints.
    pub authorization_url: Option<String>,
    /// `oauth2`: the endpoints.
    pub token_url: Option<String>,
    /// `oauth2`: the endpoints.
    pub userinfo_url: Option<String>,
    /// `oauth2`: what is where in the answer.
    pub fields: Option<PersonFields>,
    /// Domains for which the provider's verified addresses are proof.
    pub authoritative_domains: Vec<String>,
    /// What a new login with a proven address leads to.
    pub merge_rule: MergeRule,
}

/// Why the options cannot work. The texts are for the administrator.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OptionsError {
    /// Nobody to go to.
    #[error("options.issuer (or options.discovery_url, or options.base_url) is needed")]
    NoIssuer,
    /// Not an address that a provider can have.
    #[error("options.{0} must be an https URL without query, fragment or credentials")]
    Address(&'static str),
    /// A provider that proves no issuer cannot take another's name.
    #[error("options.issuer must be on the host of options.{0}: nothing else proves whose name it is")]
    ForeignIssuer(&'static str),
    /// The provider did not introduce itself.
    #[error("The issuer could not be learned from options.discovery_url; say it in options.issuer.")]
    NotDiscovered,
    /// The tenant is not known by that name.
    #[error(
        "options.tenant must be the tenant's id (a UUID), a domain of it that Microsoft knows, 'common' or 'organizations'"
    )]
    Tenant,
    /// Not there, and needed.
    #[error("options.{0} is needed")]
    Missing(&'static str),
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

/// Checks what was said about a provider of that kind. Asks it, if it has to be told from its own document who it is.
pub(super) async fn check(app: &App, strategy: Strategy, wish: UpstreamWish) -> Result<CheckedUpstream, OptionsError> {
    let recipe = recipe(strategy).ok_or(OptionsError::NoIssuer)?;
    let client_id = wish.client_id.clone().filter(|id| !id.is_empty()).ok_or(OptionsError::Missing("client_id"))?;
    within(&client_id, 1_000, "client_id")?;
    let scope = scope(wish.scope.as_deref(), recipe);
    within(&scope, 1_000, "scope")?;
    let authoritative_domains = wish.authoritative_domains.iter().map(|text| domain(text)).collect::<Result<_, _>>()?;
    let authoritative_domains: Vec<String> = distinct(authoritative_domains);
    if wish.merge_rule == MergeRule::Auto && authoritative_domains.is_empty() {
        return Err(OptionsError::AutoWithoutDomains);
    }
    let settings = settings(app, strategy, &wish)?;
    let merge_rule = wish.merge_rule;
    let client_secret = wish.client_secret.clone();
    let options = UpstreamOptions { issuer: String::new(), client_id, client_secret, scope, settings };
    let options = with_issuer(app, strategy, recipe, options, &wish).await?;
    Ok(CheckedUpstream { options, authoritative_domains, merge_rule })
}

/// The settings beside id and secret, of those that this kind has a use for.
fn settings(app: &App, strategy: Strategy, wish: &UpstreamWish) -> Result<UpstreamSettings, OptionsError> {
    let base = |text: &Option<String>, name| text.clone().map(|text| base_address(app, text, name)).transpose();
    let mut settings = UpstreamSettings {
        base_url: base(&wish.base_url, "base_url")?,
        api_url: base(&wish.api_url, "api_url")?,
        ..UpstreamSettings::default()
    };
    match strategy {
        Strategy::Apple => {
            settings.team_id = bounded(wish.team_id.as_deref(), "team_id")?;
            settings.key_id = bounded(wish.key_id.as_deref(), "key_id")?;
            // One without the other signs nothing.
            match (&settings.team_id, &settings.key_id) {
                (Some(_), None) => return Err(OptionsError::Missing("key_id")),
                (None, Some(_)) => return Err(OptionsError::Missing("team_id")),
                _ => {}
            }
        }
        Strategy::OAuth2 => {
            let needed = |text: &Option<String>, name: &'static str| {
                address(app, text.clone().ok_or(OptionsError::Missing(name))?, name)
            };
            settings.endpoints = Some(Endpoints {
                authorization_url: needed(&wish.authorization_url, "authorization_url")?,
                token_url: needed(&wish.token_url, "token_url")?,
                userinfo_url: needed(&wish.userinfo_url, "userinfo_url")?,
            });
            settings.fields.clone_from(&wish.fields);
        }
        Strategy::Waad => settings.tenants = Some(tenants(wish)?),
        _ => {}
    }
    Ok(settings)
}

/// One tenant by its id, or those that are listed, or any. A tenant's domain is resolved later, by asking.
fn tenants(wish: &UpstreamWish) -> Result<Tenants, OptionsError> {
    let listed: Vec<String> = wish.tenants.iter().map(|tenant| tenant.to_ascii_lowercase()).collect();
    if listed.len() > MAX_TENANTS || !listed.iter().all(|tenant| is_tenant_id(tenant)) {
        return Err(OptionsError::Tenant);
    }
    Ok(match wish.tenant.as_deref().map(str::to_ascii_lowercase) {
        Some(tenant) if is_tenant_id(&tenant) => Tenants::One(tenant),
        Some(tenant) if !ANY_TENANT.contains(&tenant.as_str()) => {
            Tenants::One(domain(&tenant).map_err(|_| OptionsError::Tenant)?)
        }
        Some(_) | None => Tenants::Several(distinct(listed)),
    })
}

/// The options with the issuer that was said, that follows, or that the provider says itself.
async fn with_issuer(
    app: &App,
    strategy: Strategy,
    recipe: &Recipe,
    mut options: UpstreamOptions,
    wish: &UpstreamWish,
) -> Result<UpstreamOptions, OptionsError> {
    if let Some(issuer) = &wish.issuer {
        options.issuer = address(app, issuer.clone(), "issuer")?;
        if !recipe.has_discovery() && !options.names_itself(recipe.base(&options.settings)) {
            let place = if options.settings.endpoints.is_some() { "userinfo_url" } else { "base_url" };
            return Err(OptionsError::ForeignIssuer(place));
        }
        // Said to the letter, it is one organization's.
        if strategy == Strategy::Waad {
            let tenant = options.issuer.strip_suffix("/v2.0").and_then(|rest| rest.rsplit('/').next());
            let tenant = tenant.filter(|tenant| is_tenant_id(tenant)).ok_or(OptionsError::Tenant)?;
            options.settings.tenants = Some(Tenants::One(tenant.to_owned()));
        }
        return Ok(options);
    }
    if let (Some(url), true) = (&wish.discovery_url, recipe.has_discovery()) {
        return discover(app, strategy, options, url.clone()).await;
    }
    if let Some(Tenants::One(tenant)) = &options.settings.tenants
        && !is_tenant_id(tenant)
    {
        let tenant = tenant.clone();
        return tenant_of_domain(app, recipe, options, &tenant).await;
    }
    // An OAuth provider without discovery has no name but its address; where its people are told is as good as any.
    let follows = recipe.issuer(&options.settings);
    let by_endpoint = || options.settings.endpoints.as_ref().map(|endpoints| endpoints.userinfo_url.clone());
    options.issuer = follows.or_else(by_endpoint).ok_or(OptionsError::NoIssuer)?;
    Ok(options)
}

/// The issuer behind a discovery document. Whether it ends with a slash only the document can say.
async fn discover(
    app: &App,
    strategy: Strategy,
    options: UpstreamOptions,
    discovery_url: String,
) -> Result<UpstreamOptions, OptionsError> {
    let discovery_url = address(app, discovery_url, "discovery_url")?;
    let base = discovery_url.strip_suffix(DISCOVERY_PATH).unwrap_or(&discovery_url).trim_end_matches('/');
    for issuer in [base.to_owned(), format!("{base}/")] {
        let candidate = UpstreamOptions { issuer, ..options.clone() };
        if introduces_itself(app, strategy, &candidate).await {
            return Ok(candidate);
        }
    }
    Err(OptionsError::NotDiscovered)
}

/// Microsoft knows its tenants by domain too, and tells the id of each in the document that it has for the domain.
async fn tenant_of_domain(
    app: &App,
    recipe: &Recipe,
    mut options: UpstreamOptions,
    domain: &str,
) -> Result<UpstreamOptions, OptionsError> {
    let base = recipe.base(&options.settings).ok_or(OptionsError::NoIssuer)?.to_owned();
    let told = app.upstreams().issuer_at(&format!("{base}/{domain}/v2.0")).await.map_err(|_| OptionsError::Tenant)?;
    let tenant = told.strip_prefix(&format!("{base}/")).and_then(|rest| rest.strip_suffix("/v2.0"));
    let tenant = tenant.filter(|tenant| is_tenant_id(tenant)).ok_or(OptionsError::Tenant)?;
    options.settings.tenants = Some(Tenants::One(tenant.to_owned()));
    options.issuer = told;
    Ok(options)
}

async fn introduces_itself(app: &App, strategy: Strategy, options: &UpstreamOptions) -> bool {
    let probe = Connection {
        id: ConnectionId::new("con_probe"),
        name: String::new(),
        display_name: String::new(),
        strategy,
        upstream: Some(options.clone()),
        enabled: true,
        audience: Audience::Everyone,
        authoritative_domains: Vec::new(),
        merge_rule: MergeRule::default(),
        created_at: app.now(),
    };
    app.upstreams().check(&probe, app.now()).await.is_ok()
}

/// What to ask for. Of an OpenID provider always `openid`: without it there is no ID token.
fn scope(wished: Option<&str>, recipe: &Recipe) -> String {
    let wished = wished.map(str::trim).filter(|text| !text.is_empty()).unwrap_or(recipe.scope);
    let mut words: Vec<&str> = wished.split_whitespace().collect();
    if recipe.has_discovery() && !words.contains(&"openid") {
        words.insert(0, "openid");
    }
    words.join(" ")
}

fn bounded(text: Option<&str>, name: &'static str) -> Result<Option<String>, OptionsError> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    text.map(|text| within(text, 100, name).map(|()| text.to_owned())).transpose()
}

fn distinct(texts: Vec<String>) -> Vec<String> {
    texts.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

pub(super) fn within(text: &str, limit: usize, name: &'static str) -> Result<(), OptionsError> {
    if text.len() <= limit { Ok(()) } else { Err(OptionsError::TooLong(name)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openid_is_always_asked_for_where_there_is_an_id_token() {
        let oidc = recipe(Strategy::Oidc).unwrap();
        assert_eq!(scope(None, oidc), "openid profile email");
        assert_eq!(scope(Some("  "), oidc), "openid profile email");
        assert_eq!(scope(Some("email  groups"), oidc), "openid email groups");
        assert_eq!(scope(Some("email openid"), oidc), "email openid");
        let github = recipe(Strategy::GitHub).unwrap();
        assert_eq!(scope(None, github), "read:user user:email");
        assert_eq!(scope(Some("user"), github), "user");
    }

    #[test]
    fn tenants_are_one_some_or_any() {
        const ID: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
        let read = |one: Option<&str>, listed: &[&str]| {
            let listed = listed.iter().map(|text| (*text).to_owned()).collect();
            tenants(&UpstreamWish { tenant: one.map(str::to_owned), tenants: listed, ..UpstreamWish::default() }).ok()
        };
        assert_eq!(read(Some(&ID.to_uppercase()), &[]), Some(Tenants::One(ID.to_owned())));
        assert_eq!(read(Some("contoso.example"), &[]), Some(Tenants::One("contoso.example".to_owned())));
        assert_eq!(read(Some("common"), &[]), Some(Tenants::Several(Vec::new())));
        assert_eq!(read(None, &[ID]), Some(Tenants::Several(vec![ID.to_owned()])));
        assert_eq!(read(None, &[]), Some(Tenants::Several(Vec::new())));
        assert_eq!(read(None, &["contoso.example"]), None);
        assert_eq!(read(Some("../evil"), &[]), None);
    }
}
