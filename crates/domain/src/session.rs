//! A signed-in browser.
//!
//! Owns lifetimes and freshness. Must not know cookies.

use crate::ids::{SessionId, UserId};
use crate::time::{Timestamp, days, hours, minutes};
use std::time::Duration;

/// A session ends this long after it began, whatever happens (Auth0's default).
pub const ABSOLUTE_LIFETIME: Duration = days(7);
/// A session ends when it was not used for this long (Auth0's default).
pub const IDLE_LIFETIME: Duration = hours(72);
/// Ways in may be changed only so long after a sign-in (R10).
pub const FRESH_FOR: Duration = minutes(10);
/// `last_seen_at` is written at most this often, so that reading pages costs no write.
pub const TOUCH_EVERY: Duration = minutes(15);

/// A session as stored. The cookie's secret is known here only by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Public id; the `sid` claim.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The user's epoch when it began; dead once the user's is higher (R20).
    pub user_epoch: i64,
    /// How the person signed in.
    pub method: Method,
    /// When the person last proved who they are; `auth_time`.
    pub authenticated_at: Timestamp,
    /// Birth.
    pub created_at: Timestamp,
    /// Last use, give or take [`TOUCH_EVERY`].
    pub last_seen_at: Timestamp,
}

impl Session {
    /// Whether it is within both lifetimes. The user's standing and epoch are checked beside it.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        now < self.created_at.plus(ABSOLUTE_LIFETIME) && now < self.last_seen_at.plus(IDLE_LIFETIME)
    }

    /// Whether the last proof is recent enough to change ways in.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now <= self.authenticated_at.plus(FRESH_FOR)
    }

    /// Whether it is time to note that it was used.
    pub fn wants_touch(&self, now: Timestamp) -> bool {
        now >= self.last_seen_at.plus(TOUCH_EVERY)
    }
}

/// How somebody proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// The password.
    Password,
    /// An upstream provider, by its connection's name.
    Upstream(String),
}

impl Method {
    /// The stored word: `password`, or `connection:` and the name.
    pub fn to_word(&self) -> String {
        match self {
            Self::Password => "password".to_owned(),
            Self::Upstream(connection) => format!("connection:{connection}"),
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        match word.split_once(':') {
            None if word == "password" => Some(Self::Password),
            Some(("connection", name)) if !name.is_empty() => Some(Self::Upstream(name.to_owned())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const BORN: Timestamp = Timestamp::from_millis(0);

    fn session() -> Session {
        Session {
            id: SessionId::new("ses_1"),
            user: UserId::new("auth0|1"),
            user_epoch: 0,
            method: Method::Password,
            authenticated_at: BORN,
            created_at: BORN,
            last_seen_at: BORN,
        }
    }

    #[rstest]
    #[case(0, 0, true)]
    #[case(0, 71, true)]
    #[case(0, 72, false)]
    #[case(160, 167, true)]
    #[case(160, 168, false)]
    fn both_lifetimes_hold(#[case] seen_h: u64, #[case] now_h: u64, #[case] alive: bool) {
        let session = Session { last_seen_at: BORN.plus(hours(seen_h)), ..session() };
        assert_eq!(session.is_alive(BORN.plus(hours(now_h))), alive);
    }

    #[rstest]
    #[case(minutes(0), true)]
    #[case(FRESH_FOR, true)]
    #[case(FRESH_FOR + Duration::from_millis(1), false)]
    fn freshness_counts_from_the_last_proof(#[case] since: Duration, #[case] fresh: bool) {
        let proven = BORN.plus(hours(30));
        let session = Session { authenticated_at: proven, last_seen_at: proven.plus(since), ..session() };
        assert_eq!(session.is_fresh(proven.plus(since)), fresh);
    }

    #[rstest]
    #[case(minutes(0), false)]
    #[case(TOUCH_EVERY.saturating_sub(Duration::from_millis(1)), false)]
    #[case(TOUCH_EVERY, true)]
    fn use_is_noted_now_and_then(#[case] since: Duration, #[case] noted: bool) {
        assert_eq!(session().wants_touch(BORN.plus(since)), noted);
    }

    #[rstest]
    #[case(Method::Password)]
    #[case(Method::Upstream("acme".to_owned()))]
    fn methods_survive_storage(#[case] method: Method) {
        assert_eq!(Method::parse(&method.to_word()), Some(method));
    }

    #[rstest]
    #[case("")]
    #[case("passkey")]
    #[case("password:")]
    #[case("connection:")]
    #[case("connection")]
    fn other_words_are_no_methods(#[case] word: &str) {
        assert_eq!(Method::parse(word), None);
    }
}
