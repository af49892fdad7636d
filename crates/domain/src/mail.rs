//! A mail on its way, as the outbox knows it.
//!
//! Owns what a delivery is and when to try again. Must not know words, templates or SMTP.

use crate::email::Email;
use crate::ids::{AddressChangeId, AddressCodeId, InvitationId, LedgerId, MailId, TicketId, UserId};
use crate::time::{Timestamp, hours, minutes};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Tries before a mail is given up into the list of dead letters. With the spacing below: about two days.
pub const MAX_ATTEMPTS: i64 = 10;
/// How long a worker may take for one mail before another may try.
pub const LEASE: Duration = minutes(2);

/// What a mail says. Data only; words are found when it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Occasion {
    /// You are invited; carries the link's secret, sealed, until sent.
    Invitation {
        /// Which invitation.
        invitation: InvitationId,
        /// Which of its links. Not sent if a newer one lives.
        generation: i64,
    },
    /// You asked for a new password; carries the link's secret, sealed, until sent.
    Reset {
        /// Which ticket. Not sent if it was replaced.
        ticket: TicketId,
    },
    /// A code that proves the mailbox; carries it, sealed, until sent.
    AddressCode {
        /// Which code. Not sent if it was replaced or used.
        code: AddressCodeId,
    },
    /// A code that moves an account to this mailbox; carries it, sealed, until sent.
    MoveCode {
        /// Which code. Not sent if it was replaced or used.
        code: AddressCodeId,
    },
    /// Somebody wanted to move an account to this mailbox, which has one already, or an invitation.
    AddressTaken,
    /// The account has another address now; goes to the one before, with the secret that undoes it, sealed, until sent.
    AddressChanged {
        /// Which change.
        change: AddressChangeId,
    },
    /// The account is back at this address.
    AddressRestored,
    /// You asked for a new password, but you sign in with a provider.
    NoPassword {
        /// The names on the provider's buttons.
        providers: Vec<String>,
    },
    /// You are in.
    Welcome,
    /// Your password was changed.
    PasswordChanged,
    /// A way in was added.
    WayInAdded {
        /// The name on its button.
        provider: String,
        /// The ledger's line; the mail carries the secret that undoes it, sealed, until sent.
        #[serde(default)]
        entry: Option<LedgerId>,
    },
    /// A way in was removed.
    WayInRemoved {
        /// The name on its button.
        provider: String,
        /// The ledger's line, as above.
        #[serde(default)]
        entry: Option<LedgerId>,
    },
    /// An invitation was accepted with an account that was there already; both addresses hear of it.
    InvitationBrought {
        /// The invited address.
        invited: Email,
        /// The account's.
        account: Email,
    },
    /// Two accounts became one; both addresses hear of it.
    AccountsMerged {
        /// The address of the account that stays.
        kept: Email,
        /// The address of the one that is a part of it now.
        merged: Email,
    },
    /// A test, from the operator.
    Test,
}

impl Occasion {
    /// The stored word; also the template's folder.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Invitation { .. } => "invitation",
            Self::Reset { .. } => "reset",
            Self::AddressCode { .. } => "address_code",
            Self::MoveCode { .. } => "move_code",
            Self::AddressTaken => "address_taken",
            Self::AddressChanged { .. } => "address_changed",
            Self::AddressRestored => "address_restored",
            Self::NoPassword { .. } => "no_password",
            Self::Welcome => "welcome",
            Self::PasswordChanged => "password_changed",
            Self::WayInAdded { .. } => "way_in_added",
            Self::WayInRemoved { .. } => "way_in_removed",
            Self::InvitationBrought { .. } => "invitation_brought",
            Self::AccountsMerged { .. } => "accounts_merged",
            Self::Test => "test",
        }
    }

    /// The invitation whose delivery this is.
    pub const fn invitation(&self) -> Option<&InvitationId> {
        match self {
            Self::Invitation { invitation, .. } => Some(invitation),
            _ => None,
        }
    }
}

/// A mail as the outbox keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxMail {
    /// Its id; with the public host it makes the Message-ID, the same at every try.
    pub id: MailId,
    /// What it says.
    pub occasion: Occasion,
    /// To whom.
    pub recipient: Email,
    /// The user it is about.
    pub user: Option<UserId>,
    /// In which language.
    pub locale: Option<String>,
    /// A link's secret, sealed with the master key; erased once sent or given up.
    pub sealed_secret: Option<Vec<u8>>,
    /// Tries so far.
    pub attempts: i64,
    /// Birth.
    pub created_at: Timestamp,
}

/// Where a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// Waiting for its turn, or for the next try.
    Queued,
    /// The mail server took it.
    Sent,
    /// The mail server refused it for good.
    Bounced,
    /// Given up after [`MAX_ATTEMPTS`].
    Failed,
    /// Its link died before it was sent.
    Cancelled,
    /// No mail was asked for, or none can be sent.
    None,
}

impl DeliveryStatus {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Bounced => "bounced",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::None => "none",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Queued, Self::Sent, Self::Bounced, Self::Failed, Self::Cancelled, Self::None]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// How a mail's delivery went so far, as shown on its invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Tries so far.
    pub attempts: i64,
    /// When the mail server took it.
    pub sent_at: Option<Timestamp>,
    /// What the mail server last said against it.
    pub last_error: Option<String>,
}

/// How a try ended badly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Worth another try: no connection, a 4xx answer, greylisting.
    Transient(String),
    /// A 5xx answer to this recipient.
    Permanent(String),
}

/// What to do after try number `attempts` failed.
pub fn after_failure(failure: &Failure, attempts: i64, now: Timestamp) -> NextStep {
    match failure {
        Failure::Permanent(_) => NextStep::GiveUp(DeliveryStatus::Bounced),
        Failure::Transient(_) if attempts >= MAX_ATTEMPTS => NextStep::GiveUp(DeliveryStatus::Failed),
        Failure::Transient(_) => {
            let exponent = u32::try_from(attempts.clamp(1, 12) - 1).unwrap_or(0);
            let wait = Duration::from_secs(30).saturating_mul(4_u32.saturating_pow(exponent));
            NextStep::TryAgainAt(now.plus(wait.min(hours(12))))
        }
    }
}

/// What happens to a mail that could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// Another try, not before then.
    TryAgainAt(Timestamp),
    /// A dead letter, visible on the invitation.
    GiveUp(DeliveryStatus),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_spaced_and_bounded() {
        let now = Timestamp::from_millis(0);
        let failure = Failure::Transient("451 later".to_owned());
        let waits: Vec<i64> = (1..MAX_ATTEMPTS)
            .map(|attempts| match after_failure(&failure, attempts, now) {
                NextStep::TryAgainAt(at) => at.seconds(),
                NextStep::GiveUp(_) => panic!("gave up early"),
            })
            .collect();
        assert_eq!(waits, [30, 120, 480, 1_920, 7_680, 30_720, 43_200, 43_200, 43_200]);
        assert_eq!(after_failure(&failure, MAX_ATTEMPTS, now), NextStep::GiveUp(DeliveryStatus::Failed));
    }

    #[test]
    fn a_refused_recipient_is_not_asked_twice() {
        let failure = Failure::Permanent("550 unknown".to_owned());
        assert_eq!(after_failure(&failure, 1, Timestamp::from_millis(0)), NextStep::GiveUp(DeliveryStatus::Bounced));
    }
}
