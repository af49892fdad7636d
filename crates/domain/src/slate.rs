//! The clean slate: what a user loses when something happens to the account (R3, R4, R20).
//!
//! Owns one table, [`Turn::takes`]: event by what stands on the user. No rule about what is wiped stands anywhere else.
//! Must not know how rows are removed; it answers, and whoever asks carries the answer out in the same transaction.

use crate::identity::{Identity, LinkRule};
use crate::ticket::Channel;
use crate::time::Timestamp;

/// Something happened to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// An invitation was accepted: the user who waited for it becomes active, or is retired.
    Accepted,
    /// A new password by a link that had been mailed: the mailbox is proven once more.
    Recovered,
    /// A new password by a link that had been handed to somebody: nothing is proven.
    ResetByHandedLink,
    /// The owner changed the password, knowing the old one or soon after a sign-in.
    PasswordChanged,
    /// The Management API set a password.
    PasswordSetByApi,
    /// The owner removed the password.
    PasswordRemoved,
    /// The Management API changed the address.
    AddressChanged,
    /// The owner moved to another address, whose mailbox was proven.
    Moved,
    /// The mailbox before took the account back: it was not its owner who moved.
    MovedBack,
    /// An administrator blocked the user.
    Blocked,
    /// An administrator ended the block.
    Unblocked,
    /// A change of ways in was undone: it was not the owner who made it.
    Undone,
}

/// What stands on a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belonging {
    /// The password.
    Password,
    /// Identities at providers.
    Identities,
    /// Signed-in browsers.
    Sessions,
    /// What applications hold: codes, access tokens, refresh tokens.
    Grants,
    /// Links by which a password could be set.
    ResetLinks,
    /// Codes that prove an address, or move the account to another.
    AddressCodes,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Stays,
    /// It goes if it came after the mailbox was last proven.
    GoesIfUnproven,
    /// It goes.
    Goes,
}

impl Turn {
    /// Everything that can happen.
    pub const EVERY: [Self; 12] = [
        Self::Accepted,
        Self::Recovered,
        Self::ResetByHandedLink,
        Self::PasswordChanged,
        Self::PasswordSetByApi,
        Self::PasswordRemoved,
        Self::AddressChanged,
        Self::Moved,
        Self::MovedBack,
        Self::Blocked,
        Self::Unblocked,
        Self::Undone,
    ];

    /// A new password by a link of that channel.
    pub const fn reset_by(channel: Channel) -> Self {
        match channel {
            Channel::Mailed => Self::Recovered,
            Channel::Handed => Self::ResetByHandedLink,
        }
    }

    /// The table. Where a turn brings a new password, the old one goes with everything else before it is set. Whoever takes
    /// the account back to the mailbox before recovers it: the last proof is that mailbox's, not the one's it had moved to.
    pub const fn takes(self, what: Belonging) -> Fate {
        use Belonging::{AddressCodes, Grants, Identities, Password, ResetLinks, Sessions};
        match (self, what) {
            (Self::Recovered | Self::MovedBack, Identities) => Fate::GoesIfUnproven,
            (Self::PasswordRemoved, Sessions | Grants) => Fate::Stays,
            (
                Self::Recovered
                | Self::ResetByHandedLink
                | Self::PasswordChanged
                | Self::PasswordSetByApi
                | Self::PasswordRemoved
                | Self::MovedBack,
                Password,
            )
            | (Self::Accepted, _)
            | (_, Sessions | Grants | ResetLinks | AddressCodes) => Fate::Goes,
            (_, Password | Identities) => Fate::Stays,
        }
    }

    /// Whether the user's epoch rises, so that what was begun before is dead on every node whatever row is left (R20).
    pub const fn raises_epoch(self) -> bool {
        matches!(self.takes(Belonging::Sessions), Fate::Goes)
    }

    /// The words of the table in the book.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "invitation accepted",
            Self::Recovered => "password reset by a mailed link",
            Self::ResetByHandedLink => "password reset by a handed link",
            Self::PasswordChanged => "password changed by its owner",
            Self::PasswordSetByApi => "password set by the API",
            Self::PasswordRemoved => "password removed by its owner",
            Self::AddressChanged => "address changed by the API",
            Self::Moved => "address changed by its owner",
            Self::MovedBack => "a change of the address undone",
            Self::Blocked => "blocked",
            Self::Unblocked => "block ended",
            Self::Undone => "a change of ways in undone",
        }
    }
}

impl Belonging {
    /// All of it.
    pub const EVERY: [Self; 6] =
        [Self::Password, Self::Identities, Self::Sessions, Self::Grants, Self::ResetLinks, Self::AddressCodes];

    /// The words of the table in the book.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Identities => "identities",
            Self::Sessions => "sessions",
            Self::Grants => "codes and tokens",
            Self::ResetLinks => "reset links",
            Self::AddressCodes => "address codes",
        }
    }
}

impl Fate {
    /// The words of the table in the book.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stays => "stays",
            Self::GoesIfUnproven => "goes if newer than the last proof of the mailbox",
            Self::Goes => "goes",
        }
    }
}

/// Whether an identity was there when the mailbox was last proven (`proven_at`, before this turn). The one that came with
/// the proof was; of any other that came at the same moment nobody knows.
pub fn is_covered(identity: &Identity, proven_at: Option<Timestamp>) -> bool {
    proven_at.is_some_and(|proven_at| {
        identity.linked_at < proven_at
            || (identity.linked_at == proven_at && identity.linked_by == LinkRule::Acceptance)
    })
}

/// Whether a link to a new password is mailed to somebody who asks for one. Where all that opens the account is identities
/// that the mailbox covers, their owner is told which they are instead. Where somebody added another one since, the owner
/// may be shut out, and the mailbox is the way back.
pub fn mailbox_recovers(has_password: bool, identities: &[Identity], proven_at: Option<Timestamp>) -> bool {
    has_password || identities.is_empty() || identities.iter().any(|identity| !is_covered(identity, proven_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::UpstreamIdentity;
    use crate::ids::{ConnectionId, IdentityId, UserId};
    use crate::user::Profile;
    use rstest::rstest;

    #[test]
    fn acceptance_takes_everything() {
        for what in Belonging::EVERY {
            assert_eq!(Turn::Accepted.takes(what), Fate::Goes);
        }
    }

    #[test]
    fn whoever_changes_what_opens_the_door_ends_what_was_begun() {
        for turn in Turn::EVERY {
            let ends = turn != Turn::PasswordRemoved;
            assert_eq!(turn.raises_epoch(), ends, "{turn:?}");
            assert_eq!(turn.takes(Belonging::Grants) == Fate::Goes, ends, "{turn:?}");
            for what in [Belonging::ResetLinks, Belonging::AddressCodes] {
                assert_eq!(turn.takes(what), Fate::Goes, "{turn:?}");
            }
        }
    }

    #[test]
    fn only_proofs_of_the_mailbox_take_identities() {
        for turn in Turn::EVERY {
            let expected = match turn {
                Turn::Accepted => Fate::Goes,
                Turn::Recovered | Turn::MovedBack => Fate::GoesIfUnproven,
                _ => Fate::Stays,
            };
            assert_eq!(turn.takes(Belonging::Identities), expected, "{turn:?}");
        }
    }

    fn identity(rule: LinkRule, linked_ms: i64) -> Identity {
        Identity {
            id: IdentityId::new("idn_1"),
            user: UserId::new("auth0|1"),
            claims: UpstreamIdentity {
                connection: ConnectionId::new("con_1"),
                issuer: "https://acme.example".to_owned(),
                subject: "1".to_owned(),
                email: None,
                email_verified: false,
                profile: Profile::default(),
            },
            linked_by: rule,
            linked_at: Timestamp::from_millis(linked_ms),
            last_used_at: None,
        }
    }

    #[rstest]
    #[case(LinkRule::Acceptance, 5, Some(5), true)]
    #[case(LinkRule::OwnAccount, 5, Some(5), false)]
    #[case(LinkRule::OwnAccount, 4, Some(5), true)]
    #[case(LinkRule::OwnAccount, 6, Some(5), false)]
    #[case(LinkRule::Authoritative, 6, Some(5), false)]
    #[case(LinkRule::Acceptance, 5, None, false)]
    fn case_039_what_came_before_the_last_proof_is_covered(
        #[case] rule: LinkRule,
        #[case] linked_ms: i64,
        #[case] proven_ms: Option<i64>,
        #[case] covered: bool,
    ) {
        assert_eq!(is_covered(&identity(rule, linked_ms), proven_ms.map(Timestamp::from_millis)), covered);
    }

    #[rstest]
    #[case(true, &[], true)]
    #[case(false, &[], true)]
    #[case(true, &[4], true)]
    #[case(false, &[4], false)]
    #[case(false, &[4, 6], true)]
    fn case_039_the_mailbox_recovers_unless_all_ways_in_are_its_owners(
        #[case] has_password: bool,
        #[case] linked_ms: &[i64],
        #[case] recovers: bool,
    ) {
        let identities: Vec<Identity> = linked_ms.iter().map(|ms| identity(LinkRule::OwnAccount, *ms)).collect();
        assert_eq!(mailbox_recovers(has_password, &identities, Some(Timestamp::from_millis(5))), recovers);
    }
}
