//! A password-reset ticket: a single-use secret for a user who is already active.
//!
//! Owns when it is open. Only the newest of a user is (R5). A pending user never has one: its ticket is an invitation.

use crate::ids::{ClientId, TicketId, UserId};
use crate::time::{Timestamp, days, hours};
use crate::user::User;
use std::time::Duration;

/// How the secret reached its user, which decides what using it proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Mailed from here to the address: using it proves the mailbox.
    Mailed,
    /// Shown to whoever asked for it: using it proves possession, no more.
    Handed,
}

impl Channel {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mailed => "mailed",
            Self::Handed => "handed",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Mailed, Self::Handed].into_iter().find(|channel| channel.as_str() == word)
    }
}

/// Life of a mailed reset link.
pub const MAILED_LIFETIME: Duration = hours(1);
/// Life of a ticket made by the API, where it does not say (Auth0's default).
pub const API_LIFETIME: Duration = days(5);

/// A reset ticket as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetTicket {
    /// Its id.
    pub id: TicketId,
    /// For whom.
    pub user: UserId,
    /// The user's epoch when it was made: a block or another reset kills it.
    pub user_epoch: i64,
    /// How it travels.
    pub channel: Channel,
    /// Whether using it sets `email_verified` although it was handed out: the caller's word, recorded as such.
    pub mark_email_as_verified: bool,
    /// Which application to go back to.
    pub client: Option<ClientId>,
    /// Where to go afterwards; checked when the ticket was made.
    pub result_url: Option<String>,
    /// Whether to tell `result_url` the address.
    pub include_email_in_redirect: bool,
    /// Birth.
    pub created_at: Timestamp,
    /// End.
    pub expires_at: Timestamp,
    /// When it was used, or replaced by a newer one.
    pub closed: Option<Closed>,
}

/// Why a ticket is no longer good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// A password was set with it.
    Used,
    /// A newer one was made, or the address or the password changed.
    Replaced,
}

/// What a ticket is good for right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A password may be set with it.
    Open,
    /// Its time is over.
    Expired,
    /// It was used.
    Used,
    /// There is a newer one.
    Replaced,
}

impl ResetTicket {
    /// A ticket for whoever reads the user's mailbox; the user as they are when it is written.
    pub fn mailed(id: TicketId, user: &User, client: Option<ClientId>, now: Timestamp) -> Self {
        Self {
            id,
            user: user.id.clone(),
            user_epoch: user.epoch,
            channel: Channel::Mailed,
            mark_email_as_verified: false,
            client,
            result_url: None,
            include_email_in_redirect: false,
            created_at: now,
            expires_at: now.plus(MAILED_LIFETIME),
            closed: None,
        }
    }

    /// What it is good for at `now`, for a user whose epoch is `user_epoch`.
    pub fn standing(&self, user_epoch: i64, now: Timestamp) -> Standing {
        match self.closed {
            Some(Closed::Used) => Standing::Used,
            Some(Closed::Replaced) => Standing::Replaced,
            None if self.user_epoch != user_epoch => Standing::Replaced,
            None if now >= self.expires_at => Standing::Expired,
            None => Standing::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(None, 3, 0, Standing::Open)]
    #[case(None, 3, 3_599_999, Standing::Open)]
    #[case(None, 3, 3_600_000, Standing::Expired)]
    #[case(None, 4, 0, Standing::Replaced)]
    #[case(None, 4, 3_600_000, Standing::Replaced)]
    #[case(Some(Closed::Replaced), 3, 0, Standing::Replaced)]
    #[case(Some(Closed::Replaced), 3, 3_600_000, Standing::Replaced)]
    #[case(Some(Closed::Used), 3, 0, Standing::Used)]
    #[case(Some(Closed::Used), 4, 3_600_000, Standing::Used)]
    fn a_ticket_says_why_it_is_dead(
        #[case] closed: Option<Closed>,
        #[case] epoch_now: i64,
        #[case] after_ms: u64,
        #[case] standing: Standing,
    ) {
        let born = Timestamp::from_millis(0);
        let ticket = ResetTicket {
            id: TicketId::new("tkt_1"),
            user: UserId::new("auth0|1"),
            user_epoch: 3,
            channel: Channel::Mailed,
            mark_email_as_verified: false,
            client: None,
            result_url: None,
            include_email_in_redirect: false,
            created_at: born,
            expires_at: born.plus(MAILED_LIFETIME),
            closed,
        };
        assert_eq!(ticket.standing(epoch_now, born.plus(Duration::from_millis(after_ms))), standing);
    }

    #[test]
    fn channels_survive_storage() {
        for channel in [Channel::Mailed, Channel::Handed] {
            assert_eq!(Channel::parse(channel.as_str()), Some(channel));
        }
        assert_eq!(Channel::parse("shouted"), None);
    }
}
