//! Webhooks: who outside is told what happened, and how often we try.
//!
//! Owns what a webhook is, where it may point, what it hears of, and when a delivery is tried again. Must not know
//! sockets, signatures or rows.

mod delivery;
mod secret;

pub use delivery::{
    Delivery, DeliveryStatus, FIRST_WAIT, LONGEST_WAIT, Leased, MAX_TRIES, MOST_AT_ONCE, NextStep, Verdict,
    WEBHOOK_LEASE, after_failure, body, judge, subject,
};
pub use secret::{ROTATION, SIGNING_SECRET_BYTES, SigningSecret};

use crate::event::EventKind;
use crate::ids::WebhookId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;
use url::{Host, Url};

/// The most webhooks that there can be: every event is written once for each that hears of it.
pub const MAX_WEBHOOKS: i64 = 50;
/// The longest endpoint, in bytes.
pub const MAX_ENDPOINT: usize = 2_000;
/// The longest name, in characters.
pub const MAX_NAME: usize = 100;

/// Somebody outside who is told what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// What administrators call it.
    pub name: String,
    /// Where it is told.
    pub endpoint: Endpoint,
    /// What it hears of.
    pub subscriptions: Subscriptions,
    /// Whether it is told at all. What waits while it is not, waits.
    pub enabled: bool,
    /// How we prove who we are beside the signature. The proof itself is sealed and no part of this.
    pub authorization: Option<Authorization>,
    /// Until when the secret before this one signs too.
    pub old_secret_until: Option<Timestamp>,
    /// Birth.
    pub created_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
}

/// Which `Authorization` header goes along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "lowercase")]
pub enum Authorization {
    /// A name and a password (RFC 7617).
    Basic {
        /// The name.
        username: String,
    },
    /// A token (RFC 6750).
    Bearer,
}

/// Why nobody can be told there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// Not an address at all, or too long.
    #[error("The endpoint must be an absolute URL of at most {MAX_ENDPOINT} characters.")]
    Malformed,
    /// Anything but https, apart from loopback where the operator allows it.
    #[error("The endpoint must be https.")]
    Insecure,
    /// A name or a password in the address would be read by whoever may look at webhooks.
    #[error("The endpoint must not have credentials or a fragment.")]
    Credentials,
}

/// Where a webhook is told: https, or http on loopback where private addresses are allowed. Whether a name may be
/// called is known only when it is resolved, each time anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// Reads what an administrator typed.
    pub fn parse(text: &str, allow_private: bool) -> Result<Self, EndpointError> {
        let url = Self::stored(text).ok_or(EndpointError::Malformed)?;
        let loopback = match url.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => return Err(EndpointError::Malformed),
        };
        match url.0.scheme() {
            "https" => {}
            "http" if loopback && allow_private => {}
            _ => return Err(EndpointError::Insecure),
        }
        let bare = url.0.username().is_empty() && url.0.password().is_none() && url.0.fragment().is_none();
        if bare { Ok(url) } else { Err(EndpointError::Credentials) }
    }

    /// Reads what was stored.
    pub fn stored(text: &str) -> Option<Self> {
        let short = text.len() <= MAX_ENDPOINT;
        Url::parse(text).ok().filter(|_| short).map(Self)
    }

    /// The address.
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether whoever is told there is whoever is told here.
    pub fn is_same_origin(&self, other: &Self) -> bool {
        self.0.origin() == other.0.origin()
    }
}

/// What a webhook hears of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscriptions {
    /// Everything, also what later versions add.
    All,
    /// These kinds, at least one.
    Kinds(BTreeSet<EventKind>),
}

/// The word for all of them.
const ALL: &str = "*";

/// Why a webhook cannot hear of that.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SubscriptionError {
    /// Not one of ours.
    #[error("There is no event type '{0}'.")]
    Unknown(String),
    /// Nothing at all.
    #[error("A webhook needs at least one event type, or '*' for all.")]
    Nothing,
}

impl Subscriptions {
    /// Reads a list of event types; `*` among them means all.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, SubscriptionError> {
        let (mut kinds, mut all) = (BTreeSet::new(), false);
        for word in words {
            match EventKind::parse(word) {
                // A test goes to the webhook that is tested and to no other.
                Some(kind) if kind != EventKind::WebhookTested => drop(kinds.insert(kind)),
                _ if word == ALL => all = true,
                _ => return Err(SubscriptionError::Unknown(word.chars().take(60).collect())),
            }
        }
        match kinds {
            _ if all => Ok(Self::All),
            kinds if kinds.is_empty() => Err(SubscriptionError::Nothing),
            kinds => Ok(Self::Kinds(kinds)),
        }
    }

    /// The words, in the order of the table of kinds.
    pub fn words(&self) -> Vec<&'static str> {
        match self {
            Self::All => vec![ALL],
            Self::Kinds(kinds) => kinds.iter().map(|kind| kind.as_str()).collect(),
        }
    }
}

/// Every event type that can be subscribed to.
pub fn subscribable() -> impl Iterator<Item = EventKind> {
    EventKind::ALL.iter().copied().filter(|kind| *kind != EventKind::WebhookTested)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://hooks.example/in?key=1", false, Ok(()))]
    #[case("https://hooks.example:8443/", false, Ok(()))]
    #[case("http://127.0.0.1:9000/in", true, Ok(()))]
    #[case("http://localhost:9000/in", true, Ok(()))]
    #[case("http://127.0.0.1:9000/in", false, Err(EndpointError::Insecure))]
    #[case("http://hooks.example/in", true, Err(EndpointError::Insecure))]
    #[case("http://10.0.0.1/in", true, Err(EndpointError::Insecure))]
    #[case("file:///etc/passwd", true, Err(EndpointError::Malformed))]
    #[case("data:,x", true, Err(EndpointError::Malformed))]
    #[case("ftp://hooks.example/", true, Err(EndpointError::Insecure))]
    #[case("/in", true, Err(EndpointError::Malformed))]
    #[case("https://me:secret@hooks.example/", false, Err(EndpointError::Credentials))]
    #[case("https://hooks.example/#x", false, Err(EndpointError::Credentials))]
    fn an_endpoint_is_https(
        #[case] text: &str,
        #[case] allow_private: bool,
        #[case] expected: Result<(), EndpointError>,
    ) {
        assert_eq!(Endpoint::parse(text, allow_private).map(drop), expected);
    }

    #[test]
    fn an_endpoint_has_an_end() {
        let long = format!("https://hooks.example/{}", "x".repeat(MAX_ENDPOINT));
        assert_eq!(Endpoint::parse(&long, false), Err(EndpointError::Malformed));
    }

    #[test]
    fn a_subscription_is_a_list_of_known_words_or_everything() {
        let read = |words: &[&str]| Subscriptions::parse(words.iter().copied()).map(|read| read.words());
        assert_eq!(read(&["user.deleted", "user.created", "user.created"]), Ok(vec!["user.created", "user.deleted"]));
        assert_eq!(read(&["user.created", "*"]), Ok(vec!["*"]));
        assert_eq!(read(&[]), Err(SubscriptionError::Nothing));
        assert_eq!(read(&["user.*"]), Err(SubscriptionError::Unknown("user.*".to_owned())));
        assert_eq!(read(&["webhook.tested"]), Err(SubscriptionError::Unknown("webhook.tested".to_owned())));
        assert_eq!(subscribable().count() + 1, EventKind::ALL.len());
    }
}
