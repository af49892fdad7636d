//! Who came back from a provider, and what that is worth.
//!
//! Owns the evidence type [`ProvenIdentity`] and the reading of a provider's word about an address. An identity is
//! (issuer, subject); its address is a hint that never signs anybody in (R9). Must not know any protocol.

use crate::connection::Connection;
use crate::email::Email;
use crate::ids::{ConnectionId, IdentityId, UserId};
use crate::time::Timestamp;
use crate::user::{Profile, User};
use serde::{Deserialize, Serialize};

/// What an upstream provider said, after its answer was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamIdentity {
    /// The connection over which the answer came.
    pub connection: ConnectionId,
    /// Whose subject it is, byte for byte as configured and as verified; with Microsoft's tenant where there are several.
    pub issuer: String,
    /// The provider's name for the person; opaque, compared byte for byte.
    pub subject: String,
    /// The address the provider told, if it was one.
    pub email: Option<Email>,
    /// Whether the provider said, as a boolean, that it verified the address. Worth nothing by itself.
    pub email_verified: bool,
    /// The rest of the profile.
    pub profile: Profile,
}

/// Evidence that the person in front of this browser is the owner of an upstream identity. Comes from
/// [`ProvenIdentity::from_upstream`] with a verified answer, or from the flow row that kept it; has no public fields,
/// so that holding one means that a provider was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProvenIdentity(UpstreamIdentity);

impl ProvenIdentity {
    /// To be called with an answer whose signature, issuer, audience, nonce and times were checked, and nothing else.
    pub const fn from_upstream(answer: UpstreamIdentity) -> Self {
        Self(answer)
    }

    /// What the provider said.
    pub const fn claims(&self) -> &UpstreamIdentity {
        &self.0
    }

    /// The address, if this provider's word about it counts: it said that it verified it, or need not say so, and the
    /// operator declared the connection authoritative for the address's domain.
    pub fn vouched_address(&self, connection: &Connection) -> Option<&Email> {
        let email = self.0.email.as_ref()?;
        (self.says_verified(connection) && connection.is_authoritative_for(email)).then_some(email)
    }

    /// Whether it proves the user's address, which nobody proved yet. Whoever asks knows that the identity is this user's.
    pub fn proves_address_of(&self, user: &User, connection: &Connection) -> bool {
        user.email_proven_at.is_none() && self.vouched_address(connection) == Some(&user.email)
    }

    /// Whether the provider says that it verified the address, or need not say so. Worth nothing by itself.
    pub const fn says_verified(&self, connection: &Connection) -> bool {
        self.0.email_verified || connection.speaks_for_its_addresses()
    }
}

/// An identity that belongs to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The row's name.
    pub id: IdentityId,
    /// The owner.
    pub user: UserId,
    /// What the provider last said.
    pub claims: UpstreamIdentity,
    /// Which rule linked it, with the proofs it stood on.
    pub linked_by: LinkRule,
    /// When it was linked.
    pub linked_at: Timestamp,
    /// When it last signed in.
    pub last_used_at: Option<Timestamp>,
}

/// Why an identity belongs to its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkRule {
    /// The way in that accepted the invitation: the link, and the provider's answer.
    Acceptance,
    /// Connected from the account page: a fresh sign-in, and the provider's answer.
    OwnAccount,
    /// The merge rule's question was answered: the provider first, then a sign-in with a method the account had.
    ConfirmedAtSignIn,
    /// An authoritative connection, onto a proven address.
    Authoritative,
    /// The Management API said so.
    Api,
    /// A removal was undone.
    Restored,
    /// It came with another user that was merged into this one.
    Merged,
}

impl LinkRule {
    /// Every rule.
    pub const ALL: &[Self] = &[
        Self::Acceptance,
        Self::OwnAccount,
        Self::ConfirmedAtSignIn,
        Self::Authoritative,
        Self::Api,
        Self::Restored,
        Self::Merged,
    ];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acceptance => "acceptance",
            Self::OwnAccount => "own_account",
            Self::ConfirmedAtSignIn => "confirmed_at_sign_in",
            Self::Authoritative => "authoritative",
            Self::Api => "api",
            Self::Restored => "restored",
            Self::Merged => "merged",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{Audience, MergeRule, Strategy};
    use rstest::rstest;

    #[rstest]
    #[case(Some("anna@acme.example"), true, Some("anna@acme.example"))]
    #[case(Some("anna@acme.example"), false, None)]
    #[case(Some("anna@sub.acme.example"), true, None)]
    #[case(Some("anna@example.org"), true, None)]
    #[case(None, true, None)]
    fn case_051_a_word_counts_only_where_its_speaker_has_authority(
        #[case] address: Option<&str>,
        #[case] verified: bool,
        #[case] vouched: Option<&str>,
    ) {
        let connection = Connection {
            id: ConnectionId::new("con_1"),
            name: "acme".to_owned(),
            display_name: "Acme".to_owned(),
            strategy: Strategy::Oidc,
            upstream: None,
            enabled: true,
            audience: Audience::Everyone,
            authoritative_domains: vec!["acme.example".to_owned()],
            merge_rule: MergeRule::Auto,
            created_at: Timestamp::from_millis(0),
        };
        let who = ProvenIdentity::from_upstream(UpstreamIdentity {
            connection: connection.id.clone(),
            issuer: "https://acme.example/".to_owned(),
            subject: "1".to_owned(),
            email: address.map(|address| Email::parse(address).unwrap()),
            email_verified: verified,
            profile: Profile::default(),
        });
        assert_eq!(who.vouched_address(&connection).map(Email::as_str), vouched);
    }

    #[test]
    fn link_rules_survive_storage() {
        for rule in LinkRule::ALL {
            assert_eq!(LinkRule::parse(rule.as_str()), Some(*rule));
        }
        assert_eq!(LinkRule::parse("guess"), None);
    }
}
