//! The claims of an ID token and of the userinfo answer, as strictly typed as they must be and no more.
//!
//! What decides (issuer, audience, times, subject, nonce, tenant) has one type or the answer is refused; what merely
//! describes a person is read leniently.

use crate::upstream::person::Person;
use serde::Deserialize;

/// The claims of an ID token. A member that occurs twice is an error, as is a number that is not whole.
#[derive(Debug, Deserialize)]
pub(super) struct IdToken {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: Audience,
    pub(super) azp: Option<String>,
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) nbf: Option<i64>,
    pub(super) nonce: Option<String>,
    /// Microsoft's tenant.
    pub(super) tid: Option<String>,
    #[serde(rename = "https://slack.com/team_id")]
    pub(super) slack_team: Option<String>,
    #[serde(flatten)]
    pub(super) person: Person,
}

/// One audience or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub(super) fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// The answer of the userinfo endpoint.
#[derive(Debug, Deserialize)]
pub(super) struct UserInfo {
    pub(super) sub: Option<String>,
    #[serde(flatten)]
    pub(super) person: Person,
}
