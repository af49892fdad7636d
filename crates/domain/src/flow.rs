//! A browser's way through a proof: out to a provider and back, or on to the next question.
//!
//! Owns the one proof object of `security.md` (R7): purpose, browser, connection, expiry, consumed by compare-and-set.
//! The same row serves acceptance, sign-in and linking, so that a callback has one place to look at. Must not know
//! protocols or cookies; the browser is known by the digest of a secret in its cookie.

use crate::identity::ProvenIdentity;
use crate::ids::{ClientId, ConnectionId, FlowId, InvitationId, SessionId, UserId};
use crate::secret::SecretHash;
use crate::ticket::Channel;
use crate::time::{Timestamp, minutes};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A browser that needs longer at the provider, or on one of our pages, starts again.
pub const LIFETIME: Duration = minutes(15);

/// A flow as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Its id.
    pub id: FlowId,
    /// The browser that began it, and alone may go on (R8).
    pub browser: SecretHash,
    /// The digest of the `state` that went to the provider.
    pub state: SecretHash,
    /// What it is for.
    pub purpose: Purpose,
    /// The connection it went to.
    pub connection: ConnectionId,
    /// That connection's issuer when it began: the answer must come from the same.
    pub issuer: String,
    /// Where it stands.
    pub step: Step,
    /// Counts changes, for compare-and-set.
    pub version: i64,
    /// Birth.
    pub created_at: Timestamp,
    /// End.
    pub expires_at: Timestamp,
}

/// What a flow is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum Purpose {
    /// To accept an invitation by the link of this channel and generation.
    Accept {
        /// Which invitation.
        invitation: InvitationId,
        /// How its link travelled.
        channel: Channel,
        /// Which of its links.
        generation: i64,
    },
    /// To sign in, for this application if one asked.
    SignIn {
        /// The application that sent the browser.
        client: Option<ClientId>,
        /// The sealed authorization request to go on with.
        resume: Option<String>,
    },
    /// To connect another way in.
    Link {
        /// To whom.
        user: UserId,
        /// In which session; it must still be there, and fresh, when the browser returns.
        session: SessionId,
    },
    /// To see whether a connection works: nobody is signed in, nothing is linked.
    Try {
        /// Which administrator wants to know.
        user: UserId,
        /// In which session.
        session: SessionId,
    },
}

impl Purpose {
    /// The stored word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Accept { .. } => "accept",
            Self::SignIn { .. } => "sign_in",
            Self::Link { .. } => "link",
            Self::Try { .. } => "try",
        }
    }
}

/// Where a flow stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// At the provider; the callback moves it on, once.
    AtUpstream,
    /// Back, with an address that differs; waits for a deliberate press.
    Confirming {
        /// Who came back.
        identity: ProvenIdentity,
    },
    /// Back, as somebody whose address is proven here; waits for a sign-in by a method that user has.
    ProvingUser {
        /// Who must sign in.
        user: UserId,
        /// Who came back.
        identity: ProvenIdentity,
    },
    /// Over.
    Done,
}

impl Step {
    /// The stored word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::AtUpstream => "at_upstream",
            Self::Confirming { .. } => "confirming",
            Self::ProvingUser { .. } => "proving_user",
            Self::Done => "done",
        }
    }
}

impl Flow {
    /// Whether this browser may go on with it at `now`.
    pub fn is_open_to(&self, browser: SecretHash, now: Timestamp) -> bool {
        self.browser == browser && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::UpstreamIdentity;
    use crate::user::Profile;
    use rstest::rstest;

    const BORN: Timestamp = Timestamp::from_millis(0);

    fn identity() -> ProvenIdentity {
        ProvenIdentity::from_upstream(UpstreamIdentity {
            connection: ConnectionId::new("con_1"),
            issuer: "https://acme.example/".to_owned(),
            subject: "1".to_owned(),
            email: None,
            email_verified: false,
            profile: Profile::default(),
        })
    }

    #[rstest]
    #[case("this browser", 0, true)]
    #[case("this browser", 899_999, true)]
    #[case("this browser", 900_000, false)]
    #[case("another browser", 0, false)]
    fn a_flow_goes_on_in_its_browser_and_in_time(#[case] browser: &str, #[case] after_ms: u64, #[case] open: bool) {
        let flow = Flow {
            id: FlowId::new("flw_1"),
            browser: SecretHash::of(b"this browser"),
            state: SecretHash::of(b"state"),
            purpose: Purpose::SignIn { client: None, resume: None },
            connection: ConnectionId::new("con_1"),
            issuer: "https://acme.example/".to_owned(),
            step: Step::AtUpstream,
            version: 0,
            created_at: BORN,
            expires_at: BORN.plus(LIFETIME),
        };
        let now = BORN.plus(Duration::from_millis(after_ms));
        assert_eq!(flow.is_open_to(SecretHash::of(browser.as_bytes()), now), open);
    }

    /// The stored word is a column of its own, by which a waiting flow is found; it must be the tag of the JSON beside it.
    #[test]
    fn the_word_is_the_tag() {
        let (user, session) = (UserId::new("auth0|1"), SessionId::new("ses_1"));
        let invitation = InvitationId::new("inv_1");
        let purposes = [
            Purpose::Accept { invitation, channel: Channel::Mailed, generation: 1 },
            Purpose::SignIn { client: None, resume: Some("sealed".to_owned()) },
            Purpose::Link { user: user.clone(), session: session.clone() },
            Purpose::Try { user: user.clone(), session },
        ];
        for purpose in purposes {
            let stored = serde_json::to_value(&purpose).unwrap();
            assert_eq!(stored["purpose"], purpose.as_str());
            assert_eq!(serde_json::from_value::<Purpose>(stored).unwrap(), purpose);
        }
        let steps = [
            Step::AtUpstream,
            Step::Confirming { identity: identity() },
            Step::ProvingUser { user, identity: identity() },
            Step::Done,
        ];
        for step in steps {
            let stored = serde_json::to_value(&step).unwrap();
            assert_eq!(stored["step"], step.as_str());
            assert_eq!(serde_json::from_value::<Step>(stored).unwrap(), step);
        }
    }
}
