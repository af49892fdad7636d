//! A connection's `options`, read from Auth0's names and written back.
//!
//! Owns those names. What has no meaning here is left alone, as tools send all of what they know. Must not know what the
//! options lead to.

use super::body::{Fields, invalid};
use crate::error::ApiError;
use guestlist_app::connections::UpstreamWish;
use guestlist_domain::connection::{Connection, MergeRule, PersonFields, Tenants};
use guestlist_domain::patch::Patch;
use guestlist_domain::secret::Sensitive;
use serde_json::{Value, json};

/// Longest address, in characters.
const MAX_URL: usize = 2_000;
/// A private key in PEM is longer than a shared secret.
const MAX_SECRET: usize = 8_000;
/// The most tenants, and the most domains.
const MAX_LISTED: usize = 100;

/// What is said about a provider. Most kinds want a client id and a secret and nothing else.
pub(super) fn upstream(mut options: Fields) -> Result<UpstreamWish, ApiError> {
    let mut url = |names: &[&str]| first(&mut options, names, 1..=MAX_URL);
    let (issuer, discovery_url) = (url(&["issuer"])?, url(&["discovery_url"])?);
    let (base_url, api_url) = (url(&["base_url"])?, url(&["api_url"])?);
    let authorization_url = url(&["authorization_url", "authorizationURL"])?;
    let token_url = url(&["token_url", "tokenURL"])?;
    let userinfo_url = url(&["userinfo_url", "userinfoURL"])?;
    // Okta's organization is said by its host alone.
    let domain = first(&mut options, &["domain"], 1..=253)?;
    let common = options.flag("use_common_endpoint")?.unwrap_or(false).then(|| "common".to_owned());
    Ok(UpstreamWish {
        issuer: issuer.or_else(|| domain.filter(|_| base_url.is_none()).map(|host| format!("https://{host}"))),
        discovery_url,
        base_url,
        api_url,
        client_id: options.text("client_id", 0..=1_000)?,
        client_secret: secret(&mut options)?,
        scope: scope(&mut options)?,
        tenant: first(&mut options, &["tenant", "tenant_id", "tenant_domain"], 1..=253)?.or(common),
        tenants: options.texts("tenants", MAX_LISTED)?.unwrap_or_default(),
        team_id: first(&mut options, &["team_id"], 0..=100)?,
        key_id: first(&mut options, &["key_id", "kid"], 0..=100)?,
        authorization_url,
        token_url,
        userinfo_url,
        fields: options.object("fields", "options.fields.")?.map(fields).transpose()?,
        authoritative_domains: options.texts("authoritative_domains", MAX_LISTED)?.unwrap_or_default(),
        merge_rule: options.word("merge_rule", merge_rule, "confirm, auto, never")?.unwrap_or_default(),
    })
}

/// The first of several names for the same thing.
fn first(
    options: &mut Fields,
    names: &[&str],
    length: std::ops::RangeInclusive<usize>,
) -> Result<Option<String>, ApiError> {
    let mut found = None;
    for name in names {
        let text = options.text(name, length.clone())?;
        found = found.or(text);
    }
    Ok(found)
}

fn secret(options: &mut Fields) -> Result<Option<Sensitive>, ApiError> {
    let shared = options.clearable("client_secret", 0..=MAX_SECRET)?;
    // Apple's, at Auth0: the private key.
    let key = options.secret("app_secret", MAX_SECRET)?;
    Ok(match shared {
        Patch::Keep => key,
        Patch::Clear => Some(Sensitive::new("")),
        Patch::Set(text) => Some(Sensitive::new(text)),
    })
}

/// One text, or a list of words.
fn scope(options: &mut Fields) -> Result<Option<String>, ApiError> {
    match options.any("scope") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= 1_000 => Ok(Some(text)),
        Some(Value::Array(words)) if words.iter().all(Value::is_string) && words.len() <= MAX_LISTED => {
            Ok(Some(words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")))
        }
        Some(_) => Err(options.invalid_property("Expected type string or array", "scope")),
    }
}

fn fields(mut named: Fields) -> Result<PersonFields, ApiError> {
    let usual = PersonFields::default();
    let mut name = |name: &str, usual: String| Ok::<_, ApiError>(named.text(name, 0..=200)?.unwrap_or(usual));
    let fields = PersonFields {
        subject: name("subject", usual.subject)?,
        email: name("email", usual.email)?,
        email_verified: name("email_verified", usual.email_verified)?,
        name: name("name", usual.name)?,
        nickname: name("nickname", usual.nickname)?,
        given_name: name("given_name", usual.given_name)?,
        family_name: name("family_name", usual.family_name)?,
        picture: name("picture", usual.picture)?,
    };
    named.nothing_more()?;
    if fields.subject.is_empty() { Err(named.missing("subject")) } else { Ok(fields) }
}

fn merge_rule(word: &str) -> Option<MergeRule> {
    match word {
        "confirm" => Some(MergeRule::Confirm),
        "auto" => Some(MergeRule::Auto),
        "never" => Some(MergeRule::Never),
        _ => None,
    }
}

/// The password database has one option that somebody could wish otherwise.
pub(super) fn check_database(mut options: Fields) -> Result<(), ApiError> {
    match options.flag("disable_signup")? {
        Some(false) => Err(invalid("'options.disable_signup' is always true: everyone here is invited")),
        Some(true) | None => Ok(()),
    }
}

/// The options as they are told; never a secret.
pub(super) fn shown(connection: &Connection) -> Value {
    let Some(upstream) = &connection.upstream else {
        return json!({ "disable_signup": true, "brute_force_protection": true, "passwordPolicy": "good" });
    };
    let settings = &upstream.settings;
    let endpoints = settings.endpoints.as_ref();
    super::wire::object(json!({
        "issuer": upstream.issuer,
        "base_url": settings.base_url,
        "api_url": settings.api_url,
        "client_id": upstream.client_id,
        "scope": upstream.scope,
        "tenant": match &settings.tenants {
            Some(Tenants::One(tenant)) => Some(tenant),
            Some(Tenants::Several(_)) | None => None,
        },
        "tenants": match &settings.tenants {
            Some(Tenants::Several(tenants)) => Some(tenants),
            Some(Tenants::One(_)) | None => None,
        },
        "team_id": settings.team_id,
        "key_id": settings.key_id,
        "authorization_url": endpoints.map(|endpoints| &endpoints.authorization_url),
        "token_url": endpoints.map(|endpoints| &endpoints.token_url),
        "userinfo_url": endpoints.map(|endpoints| &endpoints.userinfo_url),
        "fields": settings.fields,
        "authoritative_domains": connection.authoritative_domains,
        "merge_rule": match connection.merge_rule {
            MergeRule::Confirm => "confirm",
            MergeRule::Auto => "auto",
            MergeRule::Never => "never",
        },
        // Nobody becomes a user by coming over a connection.
        "set_user_root_attributes": "never_on_login",
    }))
}
