//! A connection: one way to prove who you are. The password database, or one upstream provider.
//!
//! Owns names, strategies and the merge rule's setting. Must not know how a provider is spoken to.

use crate::email::Email;
use crate::ids::{ClientId, ConnectionId};
use crate::secret::Sensitive;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The password database's connection, there from the first start and enabled for every client.
pub const DATABASE_CONNECTION: &str = "Username-Password-Authentication";

/// How a connection proves somebody. Auth0's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Strategy {
    /// The password database.
    #[serde(rename = "auth0")]
    Database,
    /// Any OpenID provider.
    #[serde(rename = "oidc")]
    Oidc,
}

impl Strategy {
    /// Auth0's word; also the `provider` of identities that came this way.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "auth0",
            Self::Oidc => "oidc",
        }
    }

    /// Reads Auth0's word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Database, Self::Oidc].into_iter().find(|strategy| strategy.as_str() == word)
    }
}

/// What happens when a new social login carries an address that is proven here (`product.md`, section 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MergeRule {
    /// Ask for one sign-in with a method the account already has, then link.
    #[default]
    Confirm,
    /// Link at once; only where the connection is authoritative for the domain.
    Auto,
    /// Never.
    Never,
}

/// A connection as stored.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Its name: unique, Auth0's alphabet.
    pub name: String,
    /// What the button says: `Continue with {display_name}`.
    pub display_name: String,
    /// How it proves somebody.
    pub strategy: Strategy,
    /// For `oidc`: what the operator configured. `None` for the password database.
    pub upstream: Option<UpstreamOptions>,
    /// Switched off for everybody, whatever the clients say.
    pub enabled: bool,
    /// For whom it is enabled.
    pub audience: Audience,
    /// Domains for which this provider's verified addresses count as proof. In ASCII and lower case.
    pub authoritative_domains: Vec<String>,
    /// What a new login with a proven address leads to.
    pub merge_rule: MergeRule,
    /// Birth of the row.
    pub created_at: Timestamp,
}

/// Which clients a connection serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Every client, also those made later.
    Everyone,
    /// These, as at Auth0.
    Clients(Vec<ClientId>),
}

/// How to reach an OpenID provider.
#[derive(Clone, Debug)]
pub struct UpstreamOptions {
    /// The issuer, byte for byte as its tokens say it.
    pub issuer: String,
    /// Our client id there.
    pub client_id: String,
    /// Our secret there; sealed at rest.
    pub client_secret: Option<Sensitive>,
    /// What we ask for; `openid` is always among it.
    pub scope: String,
}

impl Connection {
    /// Whether a way in by this connection is open to `client`; with no client, whether it is open to any.
    pub fn is_enabled_for(&self, client: Option<&ClientId>) -> bool {
        self.enabled
            && match (&self.audience, client) {
                (Audience::Everyone, _) => true,
                (Audience::Clients(clients), Some(client)) => clients.contains(client),
                (Audience::Clients(clients), None) => !clients.is_empty(),
            }
    }

    /// Whether the operator declared this provider's word about such an address to be proof.
    pub fn is_authoritative_for(&self, email: &Email) -> bool {
        self.authoritative_domains.iter().any(|domain| domain == email.domain())
    }
}

/// Auth0's rule for names: letters and digits, single hyphens inside, at most 128 characters.
pub fn is_valid_name(name: &str) -> bool {
    let sound_part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    name.len() <= 128 && name.split('-').all(sound_part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn connection(enabled: bool, audience: Audience) -> Connection {
        Connection {
            id: ConnectionId::new("con_1"),
            name: "acme".to_owned(),
            display_name: "Acme".to_owned(),
            strategy: Strategy::Oidc,
            upstream: None,
            enabled,
            audience,
            authoritative_domains: Vec::new(),
            merge_rule: MergeRule::default(),
            created_at: Timestamp::from_millis(0),
        }
    }

    #[rstest]
    #[case(true, Audience::Everyone, Some("a"), true)]
    #[case(true, Audience::Everyone, None, true)]
    #[case(false, Audience::Everyone, Some("a"), false)]
    #[case(true, Audience::Clients(vec![ClientId::new("a")]), Some("a"), true)]
    #[case(true, Audience::Clients(vec![ClientId::new("a")]), Some("b"), false)]
    #[case(true, Audience::Clients(vec![ClientId::new("a")]), None, true)]
    #[case(true, Audience::Clients(Vec::new()), None, false)]
    #[case(false, Audience::Clients(vec![ClientId::new("a")]), Some("a"), false)]
    fn a_way_in_is_open_where_it_is_enabled(
        #[case] enabled: bool,
        #[case] audience: Audience,
        #[case] client: Option<&str>,
        #[case] open: bool,
    ) {
        let client = client.map(ClientId::new);
        assert_eq!(connection(enabled, audience).is_enabled_for(client.as_ref()), open);
    }

    #[rstest]
    #[case("google-oauth2", true)]
    #[case("acme", true)]
    #[case("", false)]
    #[case("-acme", false)]
    #[case("a--b", false)]
    #[case("a b", false)]
    #[case("a/b", false)]
    fn names(#[case] name: &str, #[case] valid: bool) {
        assert_eq!(is_valid_name(name), valid);
    }
}
