//! What the model remembers: no more than the server's rows, and small enough to be counted.
//!
//! Anna is invited and owns the invited mailbox. Mallory has an account of his own, a token for rows that wait, and a
//! provider that says whatever he likes. Account, browser, address and subject of each go by the same name.

/// A person, and what is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    Anna,
    Mallory,
}

pub(crate) use Who::{Anna, Mallory};

impl Who {
    pub(crate) const BOTH: [Self; 2] = [Anna, Mallory];

    pub(crate) const fn at(self) -> usize {
        match self {
            Anna => 0,
            Mallory => 1,
        }
    }
}

/// An identity on an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Linked {
    /// It came with the acceptance.
    pub(crate) by_acceptance: bool,
    /// It came after the mailbox was last proven.
    pub(crate) is_newer: bool,
    /// It came after Anna's mailbox was last proven, wherever the account has moved since.
    pub(crate) is_newer_to_her: bool,
}

/// The address of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    /// Its owner's.
    #[default]
    Home,
    /// Mallory's, since before it was accepted.
    Taken,
    /// Mallory's, since whoever was signed in moved it there; the mailbox before can take it back.
    Away,
}

/// An account.
#[expect(clippy::struct_excessive_bools, reason = "as many as the rows it stands for")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Account {
    pub(crate) is_active: bool,
    /// Whether the mailbox was ever proven.
    pub(crate) is_proven: bool,
    /// Who set the password.
    pub(crate) password: Option<Who>,
    /// Mallory learned the password.
    pub(crate) is_phished: bool,
    /// By subject.
    pub(crate) linked: [Option<Linked>; 2],
    /// Which address the row says.
    pub(crate) address: Address,
    /// Mallory's mailbox has a code that moves the account there.
    pub(crate) has_his_code: bool,
    /// Mallory holds a link by which a password can be set.
    pub(crate) has_his_link: bool,
}

/// A signed-in browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Session {
    pub(crate) account: Who,
    pub(crate) is_fresh: bool,
}

/// Why a browser is at its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Errand {
    Accept(u8),
    SignIn,
    Link(Who),
}

/// A browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Browser {
    pub(crate) session: Option<Session>,
    /// The link that it opened.
    pub(crate) link: Option<u8>,
    pub(crate) trip: Option<Errand>,
}

/// Everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct State {
    /// How many links the invitation had; none before Anna is invited.
    pub(crate) generation: u8,
    /// How often it was accepted.
    pub(crate) accepted: u8,
    /// A scanner used it up.
    pub(crate) is_spent: bool,
    pub(crate) accounts: [Account; 2],
    pub(crate) browsers: [Browser; 2],
    /// The operator declared Anna's provider authoritative for her address.
    pub(crate) is_declared: bool,
    /// Mallory is in by what he stole, until Anna recovers.
    pub(crate) is_compromised: bool,
}

impl State {
    /// Before Anna is invited; Mallory was here before her. Her provider is authoritative, or not.
    pub(crate) fn first() -> [Self; 2] {
        let his = Account { is_active: true, is_proven: true, password: Some(Mallory), ..Account::default() };
        [true, false].map(|is_declared| Self { is_declared, accounts: [Account::default(), his], ..Self::default() })
    }

    pub(crate) fn of(&self, who: Who) -> &Account {
        &self.accounts[who.at()]
    }

    pub(crate) fn of_mut(&mut self, who: Who) -> &mut Account {
        &mut self.accounts[who.at()]
    }

    pub(crate) fn browser(&self, who: Who) -> &Browser {
        &self.browsers[who.at()]
    }

    pub(crate) fn browser_mut(&mut self, who: Who) -> &mut Browser {
        &mut self.browsers[who.at()]
    }

    /// Whether that browser is signed in to that account.
    pub(crate) fn is_in(&self, who: Who, account: Who) -> bool {
        self.browser(who).session.is_some_and(|session| session.account == account)
    }

    pub(crate) fn ways_in(&self, account: Who) -> usize {
        let account = self.of(account);
        usize::from(account.password.is_some()) + account.linked.iter().flatten().count()
    }

    /// I1: nothing of Mallory's is left on Anna's account, not even a link or an address.
    pub(crate) fn is_alone(&self) -> bool {
        let hers = self.of(Anna);
        let his_password = hers.password == Some(Mallory) || hers.is_phished;
        !(his_password
            || hers.linked[Mallory.at()].is_some()
            || hers.address != Address::Home
            || hers.has_his_link
            || hers.has_his_code
            || self.is_in(Mallory, Anna))
    }
}
