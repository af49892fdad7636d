//! Names of stored things. A type each, so that a user's id cannot stand where an invitation's belongs.
//!
//! Ids are not secrets and prove nothing. Those that are keys of busy tables start with their time of birth, so that
//! neighbours in time are neighbours in the index.

use crate::time::Timestamp;
use data_encoding::{Encoding, HEXLOWER, Specification};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::LazyLock;

/// Crockford's alphabet in lower case: no i, l, o, u, so that an id read aloud survives.
static BASE32: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    spec.encoding().ok()
});

/// The last moment that fits into a time-ordered id.
const LAST_MILLIS: i64 = (1 << 48) - 1;

fn time_ordered(now: Timestamp, entropy: [u8; 10]) -> String {
    let [_, _, time @ ..] = now.millis().to_be_bytes();
    let mut bytes = [0_u8; 16];
    for (slot, byte) in bytes.iter_mut().zip(time.into_iter().chain(entropy)) {
        *slot = byte;
    }
    BASE32.as_ref().map_or_else(|| HEXLOWER.encode(&bytes), |encoding| encoding.encode(&bytes))
}

/// 24 hexadecimal digits, as Auth0's ids have them.
fn auth0_hex(now: Timestamp, entropy: [u8; 6]) -> String {
    let [_, _, time @ ..] = now.millis().to_be_bytes();
    format!("{}{}", HEXLOWER.encode(&time), HEXLOWER.encode(&entropy))
}

/// `entropy` as letters and digits, one character a byte. The slight bias does not matter: ids are not secrets.
fn alphanumeric(entropy: &[u8]) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    entropy
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
        .map(|byte| char::from(*byte))
        .collect()
}

macro_rules! text_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as it was stored or sent. Whether anything has that name only the store can say.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

macro_rules! time_ordered_id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        text_id!($(#[$meta])* $name);

        impl $name {
            /// A fresh id, ordered by `now`.
            pub fn mint(now: Timestamp, entropy: [u8; 10]) -> Self {
                Self(format!(concat!($prefix, "{}"), time_ordered(now, entropy)))
            }
        }
    };
}

text_id!(
    /// A user's id and subject (`sub`), in Auth0's form `auth0|` and 24 hexadecimal digits. Never reused.
    UserId
);
text_id!(
    /// A connection's id: `con_` and 16 letters or digits.
    ConnectionId
);
text_id!(
    /// A webhook's id: `est_` and 16 letters or digits. Auth0 calls it an event stream.
    WebhookId
);
text_id!(
    /// The id of an API that tokens are made for: 24 hexadecimal digits.
    ResourceServerId
);
text_id!(
    /// An application's `client_id`: 32 letters or digits.
    ClientId
);
time_ordered_id!(
    /// An invitation's id.
    InvitationId, "inv_"
);
time_ordered_id!(
    /// A session's public id; the `sid` of ID tokens.
    SessionId, "ses_"
);
time_ordered_id!(
    /// One trip of a browser to an upstream provider, or a proof that waits for its next step.
    FlowId, "flw_"
);
time_ordered_id!(
    /// A password-reset ticket's id.
    TicketId, "tkt_"
);
time_ordered_id!(
    /// The id of a code that proves a mailbox.
    AddressCodeId, "adc_"
);
time_ordered_id!(
    /// The id of a change of an address by its owner.
    AddressChangeId, "ach_"
);
time_ordered_id!(
    /// A line of the link ledger.
    LedgerId, "lgr_"
);
time_ordered_id!(
    /// A mail's id; the left half of its Message-ID.
    MailId, "mail_"
);
time_ordered_id!(
    /// An event's id.
    EventId, "evt_"
);
time_ordered_id!(
    /// A grant: the family of codes and tokens that came from one authorization.
    GrantId, "grt_"
);
time_ordered_id!(
    /// A linked identity's id.
    IdentityId, "idn_"
);
time_ordered_id!(
    /// A client grant: what a machine may ask of an API.
    ClientGrantId, "cgr_"
);

/// The prefix of user ids, and the `provider` of their primary identity.
pub const DATABASE_PROVIDER: &str = "auth0";

impl UserId {
    /// A fresh id: `auth0|` and 24 hexadecimal digits, ordered by `now`.
    pub fn mint(now: Timestamp, entropy: [u8; 6]) -> Self {
        Self(format!("{DATABASE_PROVIDER}|{}", auth0_hex(now, entropy)))
    }

    /// The id with a suffix chosen by the caller of the Management API (1 to 255 characters, no white space or bar).
    pub fn with_suffix(suffix: &str) -> Option<Self> {
        let fits = (1..=255 - DATABASE_PROVIDER.len() - 1).contains(&suffix.chars().count());
        let clean = suffix.chars().all(|c| c.is_ascii_graphic() && c != '|');
        (fits && clean).then(|| Self(format!("{DATABASE_PROVIDER}|{suffix}")))
    }

    /// The id without its provider prefix, as the primary identity shows it.
    pub fn suffix(&self) -> &str {
        self.0.split_once('|').map_or(self.0.as_str(), |(_, suffix)| suffix)
    }
}

impl EventId {
    /// The least id that an event at `at` can have: ids are ordered by time, so moments are places among them.
    pub fn least(at: Timestamp) -> Self {
        let at = at.millis().clamp(0, LAST_MILLIS);
        Self::mint(Timestamp::from_millis(at), [0; 10])
    }

    /// Whether it has the form of our ids, which alone have a place in their order.
    pub fn is_well_formed(&self) -> bool {
        let digits = self.0.strip_prefix("evt_").map(str::as_bytes).unwrap_or_default();
        digits.len() == 26 && digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'z'))
    }
}

impl ConnectionId {
    /// A fresh id.
    pub fn mint(entropy: [u8; 16]) -> Self {
        Self(format!("con_{}", alphanumeric(&entropy)))
    }
}

impl WebhookId {
    /// A fresh id.
    pub fn mint(entropy: [u8; 16]) -> Self {
        Self(format!("est_{}", alphanumeric(&entropy)))
    }
}

impl ResourceServerId {
    /// A fresh id, ordered by `now`.
    pub fn mint(now: Timestamp, entropy: [u8; 6]) -> Self {
        Self(auth0_hex(now, entropy))
    }
}

impl ClientId {
    /// A fresh id.
    pub fn mint(entropy: [u8; 32]) -> Self {
        Self(alphanumeric(&entropy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time() {
        let early = InvitationId::mint(Timestamp::from_millis(1_000), [255; 10]);
        let late = InvitationId::mint(Timestamp::from_millis(1_001), [0; 10]);
        assert!(early < late);
        assert_eq!(early.as_str().len(), "inv_".len() + 26);
    }

    #[test]
    fn moments_are_places_among_ids() {
        let at = Timestamp::from_millis(1_764_000_000_000);
        let (before, event) = (Timestamp::from_millis(at.millis() - 1), EventId::mint(at, [7; 10]));
        assert!(EventId::mint(before, [255; 10]) < EventId::least(at) && EventId::least(at) <= event);
        assert!(EventId::least(Timestamp::from_millis(i64::MIN)) < event);
        assert!(EventId::least(Timestamp::from_millis(i64::MAX)) > event);
        assert!(event.is_well_formed() && EventId::least(at).is_well_formed());
        for other in ["", "evt_", "evt_0", "mail_0123456789abcdefghjkmnpqrs", "evt_0123456789ABCDEFGHJKMNPQRS"] {
            assert!(!EventId::new(other).is_well_formed(), "{other}");
        }
    }

    #[test]
    fn user_ids_have_auth0s_form() {
        let id = UserId::mint(Timestamp::from_millis(1_764_000_000_000), [1, 2, 3, 4, 5, 6]);
        assert_eq!(id.as_str().len(), "auth0|".len() + 24);
        assert!(id.suffix().bytes().all(|b| b.is_ascii_hexdigit()));
        assert_eq!(UserId::with_suffix("a b"), None);
        assert_eq!(UserId::with_suffix(""), None);
    }
}
