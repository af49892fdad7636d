//! The owner moves the account to another address, and the mailbox before can take it back.
//!
//! Owns what a change remembers, for how long it can be undone, and what undoing restores. The mailbox is the way back to an
//! account (R4): whoever stole a session for a minute must not be able to take it away for good (case 80). Must not know
//! how the mailboxes are asked.

use crate::email::Email;
use crate::ids::{AddressChangeId, UserId};
use crate::ledger::{NotUndone, UNDOABLE_FOR};
use crate::time::Timestamp;
use crate::user::User;

/// One change, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressChange {
    /// Its id, ordered by time.
    pub id: AddressChangeId,
    /// Whose.
    pub user: UserId,
    /// The address before.
    pub from: Email,
    /// What was said of it then.
    pub from_verified: bool,
    /// When its mailbox was last proven.
    pub from_proven_at: Option<Timestamp>,
    /// The address since.
    pub to: Email,
    /// When.
    pub at: Timestamp,
    /// When it was undone, itself or with an earlier one, or stopped being anybody's to undo.
    pub closed_at: Option<Timestamp>,
}

/// Who takes an account back to its address before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Whoever reads the mailbox before: the link was mailed there.
    Mailbox,
    /// Somebody who may change users, by their word.
    Authority,
}

impl AddressChange {
    /// A change of `user`, as they were before, to an address that was proven just now.
    pub fn new(id: AddressChangeId, user: &User, to: Email, now: Timestamp) -> Self {
        Self {
            id,
            user: user.id.clone(),
            from: user.email.clone(),
            from_verified: user.email_verified,
            from_proven_at: user.email_proven_at,
            to,
            at: now,
            closed_at: None,
        }
    }

    /// The user after the change. Everything that was begun before is dead (`slate`), so the epoch is the caller's.
    #[must_use]
    pub fn apply(&self, user: User) -> User {
        let email = self.to.clone();
        User { email, email_verified: true, email_proven_at: Some(self.at), updated_at: self.at, ..user }
    }

    /// Whether it can be undone at `now`.
    pub fn undo(&self, now: Timestamp) -> Result<(), NotUndone> {
        if self.closed_at.is_some() {
            return Err(NotUndone::Already);
        }
        if now >= self.undoable_until() { Err(NotUndone::Over) } else { Ok(()) }
    }

    /// When it is too late.
    pub fn undoable_until(&self) -> Timestamp {
        self.at.plus(UNDOABLE_FOR)
    }

    /// The user as the mailbox before knew them: what the slate takes of ways in is measured by that mailbox's last proof.
    #[must_use]
    pub fn as_before(&self, user: User) -> User {
        User { email: self.from.clone(), email_proven_at: self.from_proven_at, ..user }
    }

    /// The user after the undoing. The link was mailed to the address before: whoever has it reads that mailbox (R1).
    /// An authority's word proves nothing; the address is what it was.
    #[must_use]
    pub fn restore(&self, user: User, by: Claim, now: Timestamp) -> User {
        let (email_verified, email_proven_at) = match by {
            Claim::Mailbox => (true, Some(now)),
            Claim::Authority => (self.from_verified, self.from_proven_at),
        };
        User { email: self.from.clone(), email_verified, email_proven_at, updated_at: now, ..user }
    }
}

/// Changes later than this can still be undone at `now`; until then the address before is nobody else's.
pub fn undoable_since(now: Timestamp) -> Timestamp {
    now.minus(UNDOABLE_FOR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::time::Duration;

    const DAY: i64 = 24 * 3_600_000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn anna() -> User {
        let email = Email::parse("anna@example.org").unwrap();
        User {
            email_verified: true,
            email_proven_at: Some(at(1)),
            ..User::invited(UserId::new("auth0|1"), email, at(0))
        }
    }

    fn change() -> AddressChange {
        AddressChange::new(AddressChangeId::new("ach_1"), &anna(), Email::parse("anna@example.net").unwrap(), at(DAY))
    }

    #[rstest]
    #[case(None, DAY, Ok(()))]
    #[case(None, 8 * DAY - 1, Ok(()))]
    #[case(None, 8 * DAY, Err(NotUndone::Over))]
    #[case(Some(DAY), DAY, Err(NotUndone::Already))]
    fn case_080_a_change_can_be_undone_for_seven_days(
        #[case] closed_ms: Option<i64>,
        #[case] now_ms: i64,
        #[case] expected: Result<(), NotUndone>,
    ) {
        let change = AddressChange { closed_at: closed_ms.map(at), ..change() };
        assert_eq!(change.undo(at(now_ms)), expected);
        // The same border, asked from the other side.
        assert_eq!(change.at > undoable_since(at(now_ms)), expected != Err(NotUndone::Over));
    }

    #[test]
    fn case_080_the_new_address_is_proven_and_the_old_one_remembered() {
        let (change, moved) = (change(), change().apply(anna()));
        assert_eq!((moved.email.as_str(), moved.email_proven_at), ("anna@example.net", Some(at(DAY))));
        assert_eq!((change.from, change.from_proven_at), (anna().email, Some(at(1))));
    }

    #[test]
    fn case_080_undoing_measures_by_the_old_mailbox_and_proves_it_only_by_its_own_link() {
        let (change, later) = (change(), at(2 * DAY));
        let moved = change.apply(anna());
        assert_eq!(change.as_before(moved.clone()).email_proven_at, Some(at(1)));
        let back = change.restore(moved.clone(), Claim::Mailbox, later);
        assert_eq!((back.email.clone(), back.email_proven_at), (anna().email, Some(later)));
        let back = change.restore(moved, Claim::Authority, later);
        assert_eq!((back.email.clone(), back.email_verified, back.email_proven_at), (anna().email, true, Some(at(1))));
        let unproven = AddressChange { from_verified: false, from_proven_at: None, ..change };
        let back = unproven.restore(back, Claim::Authority, later.plus(Duration::from_secs(1)));
        assert!(!back.email_verified && back.email_proven_at.is_none());
    }
}
