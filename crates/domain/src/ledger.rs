//! The ledger of links: why these identities are one person.
//!
//! Owns what an entry says and what of it can be undone, for how long. Entries are added and never changed; an undo is an
//! entry of its own. Must not know how they are stored or who may ask.

use crate::email::Email;
use crate::event::Actor;
use crate::ids::{ConnectionId, LedgerId, UserId};
use crate::time::{Timestamp, days};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// How long a link or an unlink can be undone.
pub const UNDOABLE_FOR: Duration = days(7);

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$each])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stored word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the stored word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }
    };
}

words! {
    /// What happened to the user's ways in.
    Kind {
        /// An identity was added.
        Linked = "linked",
        /// An identity was taken away.
        Unlinked = "unlinked",
        /// Another user became a part of this one.
        Merged = "merged",
    }
}

words! {
    /// What an entry stands on. Two make a link (R9), unless an operator's program answers for it.
    Proof {
        /// The link of an invitation.
        Invitation = "invitation",
        /// The provider's answer in this very browser.
        Provider = "provider",
        /// A provider that is authoritative for the address.
        AuthoritativeProvider = "authoritative_provider",
        /// The address was proven here before.
        ProvenAddress = "proven_address",
        /// A sign-in a few minutes ago, in the same browser.
        FreshSignIn = "fresh_sign_in",
        /// A sign-in that followed in the same browser.
        SignIn = "sign_in",
        /// It had been this user's before.
        LinkedBefore = "linked_before",
        /// A program or an administrator that may say so.
        Authorized = "authorized",
        /// A link that was mailed to the address.
        Mailbox = "mailbox",
        /// The link in the mail about the change.
        UndoLink = "undo_link",
    }
}

/// The way in that an entry is about, as it was then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerWay {
    /// Over which connection.
    pub connection: ConnectionId,
    /// Who answers for it.
    pub issuer: String,
    /// The provider's name for the person.
    pub subject: String,
    /// The address it told.
    pub email: Option<Email>,
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its id, ordered by time.
    pub id: LedgerId,
    /// Whose ledger.
    pub user: UserId,
    /// What happened.
    pub kind: Kind,
    /// To which way in. A merge has several, and tells them in its details.
    pub way: Option<LedgerWay>,
    /// By which rule: a [`crate::identity::LinkRule`]'s word, or who took it away.
    pub rule: String,
    /// On which proofs.
    pub proofs: Vec<Proof>,
    /// Who did it.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// The entry that this one undoes.
    pub undoes: Option<LedgerId>,
    /// The rest, for the reader: what a merge brought and left out. Never a secret.
    pub details: Map<String, Value>,
}

/// How an entry is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// The identity goes again.
    Unlink,
    /// The identity comes back.
    Relink,
}

/// Why an entry is not undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotUndone {
    /// It was already.
    Already,
    /// Its time is over.
    Over,
    /// It founded the account, merged two, or is an undo itself.
    Never,
}

impl Entry {
    /// How it is undone at `now`, if `undone` says that nobody did so yet.
    pub fn undo(&self, undone: bool, now: Timestamp) -> Result<Undo, NotUndone> {
        let how = match self.kind {
            Kind::Linked if !self.founds_the_account() => Undo::Unlink,
            Kind::Unlinked => Undo::Relink,
            Kind::Linked | Kind::Merged => return Err(NotUndone::Never),
        };
        if self.undoes.is_some() || self.way.is_none() {
            return Err(NotUndone::Never);
        }
        if undone {
            return Err(NotUndone::Already);
        }
        if now >= self.undoable_until() { Err(NotUndone::Over) } else { Ok(how) }
    }

    /// When it is too late.
    pub fn undoable_until(&self) -> Timestamp {
        self.at.plus(UNDOABLE_FOR)
    }

    fn founds_the_account(&self) -> bool {
        self.proofs.contains(&Proof::Invitation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn entry(kind: Kind, proofs: &[Proof]) -> Entry {
        Entry {
            id: LedgerId::new("lgr_1"),
            user: UserId::new("auth0|1"),
            kind,
            way: Some(LedgerWay {
                connection: ConnectionId::new("con_1"),
                issuer: "https://acme.example".to_owned(),
                subject: "1".to_owned(),
                email: None,
            }),
            rule: "own_account".to_owned(),
            proofs: proofs.to_vec(),
            actor: Actor::Guest,
            at: Timestamp::from_millis(0),
            undoes: None,
            details: Map::new(),
        }
    }

    const OWN: &[Proof] = &[Proof::FreshSignIn, Proof::Provider];

    #[rstest]
    #[case(Kind::Linked, OWN, false, 0, Ok(Undo::Unlink))]
    #[case(Kind::Unlinked, &[Proof::FreshSignIn], false, 0, Ok(Undo::Relink))]
    #[case(Kind::Linked, OWN, false, 7 * 24 * 3_600_000 - 1, Ok(Undo::Unlink))]
    #[case(Kind::Linked, OWN, false, 7 * 24 * 3_600_000, Err(NotUndone::Over))]
    #[case(Kind::Linked, OWN, true, 0, Err(NotUndone::Already))]
    #[case(Kind::Linked, &[Proof::Invitation, Proof::Provider], false, 0, Err(NotUndone::Never))]
    #[case(Kind::Merged, OWN, false, 0, Err(NotUndone::Never))]
    fn what_can_be_undone(
        #[case] kind: Kind,
        #[case] proofs: &[Proof],
        #[case] undone: bool,
        #[case] after_ms: i64,
        #[case] expected: Result<Undo, NotUndone>,
    ) {
        assert_eq!(entry(kind, proofs).undo(undone, Timestamp::from_millis(after_ms)), expected);
    }

    #[test]
    fn an_undo_is_final() {
        let now = Timestamp::from_millis(0);
        for kind in [Kind::Linked, Kind::Unlinked] {
            let undo = Entry { undoes: Some(LedgerId::new("lgr_0")), ..entry(kind, &[Proof::UndoLink]) };
            assert_eq!(undo.undo(false, now), Err(NotUndone::Never));
        }
        assert_eq!(Entry { way: None, ..entry(Kind::Unlinked, OWN) }.undo(false, now), Err(NotUndone::Never));
    }

    #[test]
    fn words_survive_storage() {
        assert!(Kind::ALL.iter().all(|kind| Kind::parse(kind.as_str()) == Some(*kind)));
        assert!(Proof::ALL.iter().all(|proof| Proof::parse(proof.as_str()) == Some(*proof)));
        assert_eq!((Kind::parse("guess"), Proof::parse("guess")), (None, None));
    }
}
