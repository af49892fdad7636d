//! An API of the house that access tokens are made for. Auth0 calls it a resource server.
//!
//! Owns what an API may be called, which scopes it has and how its tokens look. Must not know who asks for them.

use crate::grant::{ACCESS_LIFETIME, LONGEST_JWT_LIFETIME, Scopes, USER_SCOPES};
use crate::ids::ResourceServerId;
use crate::permission::management_scopes;
use crate::time::{Timestamp, hours};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use thiserror::Error;

/// Life of an access token for an API that does not say. Nobody can take such a token back, so it is short; Auth0's is a day.
pub const API_ACCESS_LIFETIME: Duration = hours(1);
/// The longest identifier, in characters (Auth0's limit).
pub const LONGEST_IDENTIFIER: usize = 600;
/// The most scopes of one API (Auth0's limit).
pub const MOST_SCOPES: usize = 1_000;
/// The id of the API that nobody made: the Management API.
const MANAGEMENT: &str = "management";

/// How an API's tokens look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenDialect {
    /// As Auth0 made them first: `azp`, and a header that says `JWT`.
    #[default]
    AccessToken,
    /// As the standard has them: `client_id`, and a header that says `at+jwt` (RFC 9068).
    Rfc9068Profile,
}

impl TokenDialect {
    /// Auth0's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::Rfc9068Profile => "rfc9068_profile",
        }
    }

    /// Reads Auth0's word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::AccessToken, Self::Rfc9068Profile].into_iter().find(|dialect| dialect.as_str() == word)
    }
}

/// One thing that an API lets somebody do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiScope {
    /// Its word, as tokens carry it.
    pub value: String,
    /// What it allows, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What can be set about an API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiSettings {
    /// What it lets somebody do.
    pub scopes: Vec<ApiScope>,
    /// Whether its tokens can be had anew while nobody is there.
    pub allow_offline_access: bool,
    /// Life of its access tokens in seconds.
    pub token_lifetime_secs: u64,
    /// How they look.
    pub token_dialect: TokenDialect,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            scopes: Vec::new(),
            allow_offline_access: false,
            token_lifetime_secs: API_ACCESS_LIFETIME.as_secs(),
            token_dialect: TokenDialect::default(),
        }
    }
}

/// An API as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceServer {
    /// Its id.
    pub id: ResourceServerId,
    /// What people read.
    pub name: String,
    /// Its name in tokens: the audience. It never changes.
    pub identifier: String,
    /// What can be set about it.
    pub settings: ApiSettings,
    /// Birth.
    pub created_at: Timestamp,
}

impl ResourceServer {
    /// The API that is always there, for machines alone.
    pub fn management(identifier: String) -> Self {
        let scope = |word: &&str| ApiScope { value: (*word).to_owned(), description: None };
        Self {
            id: ResourceServerId::new(MANAGEMENT),
            name: "Management API".to_owned(),
            identifier,
            settings: ApiSettings {
                scopes: management_scopes().iter().map(scope).collect(),
                token_lifetime_secs: ACCESS_LIFETIME.as_secs(),
                ..ApiSettings::default()
            },
            created_at: Timestamp::from_millis(0),
        }
    }

    /// Whether nobody made it, and so nobody changes it.
    pub fn is_system(&self) -> bool {
        self.id.as_str() == MANAGEMENT
    }

    /// Its scopes' words.
    pub fn scopes(&self) -> Scopes {
        self.settings.scopes.iter().map(|scope| scope.value.as_str()).collect()
    }

    /// How long its access tokens live.
    pub const fn token_lifetime(&self) -> Duration {
        Duration::from_secs(self.settings.token_lifetime_secs)
    }
}

/// Why an API cannot be as it was wished.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadApi {
    /// It could be taken for something else in a token.
    #[error(
        "{0:?} cannot be an API's identifier: it has 1 to 600 printable characters without spaces, does not lie below this \
         service's own address, and is not 32 letters and digits, as client ids are"
    )]
    Identifier(String),
    /// No scope has that form, or the word means something else already.
    #[error("{0:?} cannot be a scope of an API")]
    Scope(String),
    /// The same scope twice.
    #[error("the scope {0:?} is there twice")]
    Twice(String),
    /// Too many scopes.
    #[error("an API has at most 1000 scopes")]
    TooMany,
    /// Too short or too long a life.
    #[error("token_lifetime is a number of seconds from 1 to 2592000")]
    Lifetime,
}

/// Checks an identifier. An audience tells one kind of token from another: an ID token is for a client id, a machine's
/// and `/userinfo`'s are for addresses below `issuer`, and neither may be an API's as well (RFC 8725, 3.9).
pub fn check_identifier(text: &str, issuer: &str) -> Result<(), BadApi> {
    let is_printable = text.chars().all(|c| !c.is_control() && !c.is_whitespace());
    let fits = (1..=LONGEST_IDENTIFIER).contains(&text.chars().count());
    let is_ours =
        text.strip_prefix(issuer.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_client_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_printable && fits && !is_ours && !is_client_id { Ok(()) } else { Err(BadApi::Identifier(text.to_owned())) }
}

/// Checks what was set.
pub fn check_settings(settings: &ApiSettings) -> Result<(), BadApi> {
    if settings.scopes.len() > MOST_SCOPES {
        return Err(BadApi::TooMany);
    }
    if !(1..=LONGEST_JWT_LIFETIME.as_secs()).contains(&settings.token_lifetime_secs) {
        return Err(BadApi::Lifetime);
    }
    let mut seen = std::collections::HashSet::new();
    for ApiScope { value, .. } in &settings.scopes {
        let is_one = Scopes::parse(value).is_some_and(|scopes| scopes.iter().eq([value.as_str()]));
        if !is_one || USER_SCOPES.contains(&value.as_str()) {
            return Err(BadApi::Scope(value.clone()));
        }
        if !seen.insert(value.as_str()) {
            return Err(BadApi::Twice(value.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://api.example", true)]
    #[case("urn:calendar", true)]
    #[case("calendar", true)]
    #[case("https://id.example.org.evil.example/", true)]
    #[case("", false)]
    #[case("two words", false)]
    #[case("line\nfeed", false)]
    #[case("https://id.example.org/", false)]
    #[case("https://id.example.org", false)]
    #[case("https://id.example.org/api/v2/", false)]
    #[case("https://id.example.org/userinfo", false)]
    #[case("abcdefghijklmnopABCDEFGHIJ012345", false)]
    #[case("abcdefghijklmnopABCDEFGHIJ01234-", true)]
    fn an_audience_is_one_thing_only(#[case] identifier: &str, #[case] good: bool) {
        assert_eq!(check_identifier(identifier, "https://id.example.org/").is_ok(), good, "{identifier}");
        assert!(check_identifier(&"x".repeat(600), "https://id.example.org/").is_ok());
        assert!(check_identifier(&"x".repeat(601), "https://id.example.org/").is_err());
    }

    #[rstest]
    #[case(&["read:dates", "write:dates"], 60, None)]
    #[case(&["read:dates", "read:dates"], 60, Some(BadApi::Twice("read:dates".into())))]
    #[case(&["read dates"], 60, Some(BadApi::Scope("read dates".into())))]
    #[case(&[""], 60, Some(BadApi::Scope(String::new())))]
    #[case(&["openid"], 60, Some(BadApi::Scope("openid".into())))]
    #[case(&["offline_access"], 60, Some(BadApi::Scope("offline_access".into())))]
    #[case(&[], 0, Some(BadApi::Lifetime))]
    #[case(&[], 2_592_000, None)]
    #[case(&[], 2_592_001, Some(BadApi::Lifetime))]
    fn what_can_be_set(#[case] scopes: &[&str], #[case] lifetime: u64, #[case] bad: Option<BadApi>) {
        let scopes = scopes.iter().map(|word| ApiScope { value: (*word).to_owned(), description: None }).collect();
        let settings = ApiSettings { scopes, token_lifetime_secs: lifetime, ..ApiSettings::default() };
        assert_eq!(check_settings(&settings).err(), bad);
    }

    #[test]
    fn there_is_an_end_of_scopes() {
        let scope = |number| ApiScope { value: format!("do:{number}"), description: None };
        let with = |count| ApiSettings { scopes: (0..count).map(scope).collect(), ..ApiSettings::default() };
        assert_eq!(check_settings(&with(MOST_SCOPES)), Ok(()));
        assert_eq!(check_settings(&with(MOST_SCOPES + 1)), Err(BadApi::TooMany));
    }

    #[test]
    fn the_management_api_is_nobodys_and_has_every_scope() {
        let management = ResourceServer::management("https://id.example.org/api/v2/".into());
        assert!(management.is_system());
        assert_eq!(management.scopes().into_vec(), management_scopes());
        assert_eq!(check_settings(&management.settings), Ok(()));
    }
}
