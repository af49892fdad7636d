//! The ledger of links: why these identities are one person.
//!
//! Owns what an entry says and what of it can be undone, for how long. Entries are added and never changed; an undo is an
//! entry of its own. Must not know how they are stored or who may ask.

use crate::email::Email;
use crate::event::Actor;
use crate::identity::LinkRule;
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

/// By which rule an entry came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// An identity was linked.
    Link(LinkRule),
    /// Its owner removed it under `/account`.
    RemovedByOwner,
    /// A recovery over the mailbox took what had come since the address was last proven.
    RemovedByRecovery,
    /// The Management API removed it.
    RemovedByApi,
    /// A link was undone.
    Undone,
    /// The owner of two users brought them together.
    MergedByOwner,
    /// The Management API brought two users together.
    MergedByApi,
}

impl Rule {
    const NOT_LINKS: [Self; 6] = [
        Self::RemovedByOwner,
        Self::RemovedByRecovery,
        Self::RemovedByApi,
        Self::Undone,
        Self::MergedByOwner,
        Self::MergedByApi,
    ];

    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link(rule) => rule.as_str(),
            Self::RemovedByOwner => "removed_by_owner",
            Self::RemovedByRecovery => "removed_by_recovery",
            Self::RemovedByApi => "removed_by_api",
            Self::Undone => "undone",
            Self::MergedByOwner => "merged_by_owner",
            Self::MergedByApi => "merged_by_api",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        let other = Self::NOT_LINKS.into_iter().find(|rule| rule.as_str() == word);
        other.or_else(|| LinkRule::parse(word).map(Self::Link))
    }

    /// What it does to the user's ways in.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Link(_) => Kind::Linked,
            Self::RemovedByOwner | Self::RemovedByRecovery | Self::RemovedByApi | Self::Undone => Kind::Unlinked,
            Self::MergedByOwner | Self::MergedByApi => Kind::Merged,
        }
    }

    /// What such an entry stands on; for an undo, beside the link or the authority by which it was asked.
    pub const fn proofs(self) -> &'static [Proof] {
        match self {
            Self::Link(LinkRule::Acceptance) => &[Proof::Invitation, Proof::Provider],
            Self::Link(LinkRule::OwnAccount) | Self::MergedByOwner => &[Proof::FreshSignIn, Proof::Provider],
            Self::Link(LinkRule::ConfirmedAtSignIn) => &[Proof::Provider, Proof::SignIn],
            Self::Link(LinkRule::Authoritative) => &[Proof::AuthoritativeProvider, Proof::ProvenAddress],
            Self::Link(LinkRule::Api) => &[Proof::Authorized, Proof::LinkedBefore],
            Self::Link(LinkRule::Restored | LinkRule::Merged) | Self::Undone => &[Proof::LinkedBefore],
            Self::RemovedByOwner => &[Proof::FreshSignIn],
            Self::RemovedByRecovery => &[Proof::Mailbox],
            Self::RemovedByApi | Self::MergedByApi => &[Proof::Authorized],
        }
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
    /// To which way in. A merge has several, and tells them in its details.
    pub way: Option<LedgerWay>,
    /// By which rule.
    pub rule: Rule,
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
        let how = match self.rule.kind() {
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
        self.rule == Rule::Link(LinkRule::Acceptance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn entry(rule: Rule, proofs: &[Proof]) -> Entry {
        Entry {
            id: LedgerId::new("lgr_1"),
            user: UserId::new("auth0|1"),
            way: Some(LedgerWay {
                connection: ConnectionId::new("con_1"),
                issuer: "https://acme.example".to_owned(),
                subject: "1".to_owned(),
                email: None,
            }),
            rule,
            proofs: proofs.to_vec(),
            actor: Actor::Guest,
            at: Timestamp::from_millis(0),
            undoes: None,
            details: Map::new(),
        }
    }

    const OWN_ACCOUNT: Rule = Rule::Link(LinkRule::OwnAccount);
    const OWN: &[Proof] = &[Proof::FreshSignIn, Proof::Provider];

    #[rstest]
    #[case(OWN_ACCOUNT, OWN, false, 0, Ok(Undo::Unlink))]
    #[case(Rule::RemovedByOwner, &[Proof::FreshSignIn], false, 0, Ok(Undo::Relink))]
    #[case(OWN_ACCOUNT, OWN, false, 7 * 24 * 3_600_000 - 1, Ok(Undo::Unlink))]
    #[case(OWN_ACCOUNT, OWN, false, 7 * 24 * 3_600_000, Err(NotUndone::Over))]
    #[case(OWN_ACCOUNT, OWN, true, 0, Err(NotUndone::Already))]
    #[case(Rule::Link(LinkRule::Acceptance), &[Proof::Invitation, Proof::Provider], false, 0, Err(NotUndone::Never))]
    #[case(Rule::MergedByOwner, OWN, false, 0, Err(NotUndone::Never))]
    fn what_can_be_undone(
        #[case] rule: Rule,
        #[case] proofs: &[Proof],
        #[case] undone: bool,
        #[case] after_ms: i64,
        #[case] expected: Result<Undo, NotUndone>,
    ) {
        assert_eq!(entry(rule, proofs).undo(undone, Timestamp::from_millis(after_ms)), expected);
    }

    #[test]
    fn an_undo_is_final() {
        let now = Timestamp::from_millis(0);
        for rule in [OWN_ACCOUNT, Rule::RemovedByApi] {
            let undo = Entry { undoes: Some(LedgerId::new("lgr_0")), ..entry(rule, &[Proof::UndoLink]) };
            assert_eq!(undo.undo(false, now), Err(NotUndone::Never));
        }
        assert_eq!(Entry { way: None, ..entry(Rule::RemovedByOwner, OWN) }.undo(false, now), Err(NotUndone::Never));
    }

    #[test]
    fn words_survive_storage() {
        assert!(Kind::ALL.iter().all(|kind| Kind::parse(kind.as_str()) == Some(*kind)));
        assert!(Proof::ALL.iter().all(|proof| Proof::parse(proof.as_str()) == Some(*proof)));
        let links = LinkRule::ALL.iter().copied().map(Rule::Link);
        assert!(links.chain(Rule::NOT_LINKS).all(|rule| Rule::parse(rule.as_str()) == Some(rule)));
        assert_eq!(Rule::parse("guess"), None);
        assert_eq!((Kind::parse("guess"), Proof::parse("guess")), (None, None));
    }
}
