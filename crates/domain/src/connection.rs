//! A connection: one way to prove who you are. The password database, or one upstream provider.
//!
//! Owns names, strategies and the merge rule's setting. Must not know how a provider is spoken to.

mod strategy;
mod upstream;

pub use strategy::Strategy;
pub use upstream::{Endpoints, PersonFields, Tenants, UpstreamOptions, UpstreamSettings, is_tenant_id};

use crate::email::Email;
use crate::ids::{ClientId, ConnectionId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The password database's connection, there from the first start and enabled for every client.
pub const DATABASE_CONNECTION: &str = "Username-Password-Authentication";

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
    /// What the operator said about the provider. `None` for the password database.
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

impl Connection {
    /// Whether the two would name their people in one space although one of them cannot prove whose it is. An issuer is
    /// half of every identity's key; `proves_issuer` says of which kinds the issuer answers for itself.
    pub fn clashes_with(&self, other: &Self, proves_issuer: impl Fn(Strategy) -> bool) -> bool {
        let issuer = |connection: &Self| connection.upstream.as_ref().map(|options| options.issuer.clone());
        let is_same = self.id != other.id && issuer(self).is_some() && issuer(self) == issuer(other);
        is_same && !(proves_issuer(self.strategy) && proves_issuer(other.strategy))
    }

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

    /// Whether the provider never says that it verified an address, and has no need to: one organization of Microsoft's,
    /// whose administrator writes the addresses. Where any organization may come, each could write anybody's (nOAuth).
    pub const fn speaks_for_its_addresses(&self) -> bool {
        match &self.upstream {
            Some(options) => matches!(options.settings.tenants, Some(Tenants::One(_))),
            None => false,
        }
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
