//! Who does what, and what comes of it.
//!
//! A step that the rules refuse leads nowhere, so that attempts cost no states.

use crate::asks::{self, Answer, Why};
use crate::rules::{A_WAY_IN, ALONE, NOT_CAPTURED, ONCE, ONE_OWNER, Off, Rule};
use crate::state::{Account, Address, Anna, Errand, Linked, Mallory, Session, State, Who};
use guestlist_domain::slate::Turn;
use guestlist_domain::user::Standing;
use stateright::{Model, Property};

/// How many links an invitation gets at most.
const MOST_LINKS: u8 = 2;

/// One thing that somebody does. Where it says who, it is done in that person's browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Act {
    /// The administrator invites Anna, or mails the invitation again; the older mail leaks.
    Invite,
    /// A mail scanner reads the newest link.
    Scan,
    /// Mallory's token gives the waiting row a password.
    GivePassword,
    /// Mallory's token hands him a link to a new password for the waiting row.
    HandLink,
    /// Mallory, signed in to the waiting row, moves it to his address.
    MoveRow,
    /// Mallory learns Anna's password.
    Phish,
    OpenLink(Who, u8),
    AcceptByPassword(Who),
    LogIn(Who, Who),
    /// Anna logs out.
    LogOut,
    /// Time passes for Anna's session.
    Age,
    Depart(Who, Errand),
    /// The answer to `asked`'s trip comes to `browser`, about the subject of whoever sits at the provider.
    Arrive {
        browser: Who,
        asked: Who,
        subject: Who,
    },
    /// Mallory sits down at Anna's browser, some time after she signed in, and connects his identity.
    BorrowBrowser,
    Unlink(Who, Who),
    RemovePassword(Who),
    ChangePassword(Who),
    /// Mallory uses the link that was handed to him.
    UseHisLink,
    /// Mallory, signed in to Anna's account, asks for his address in it; the code is in his mailbox.
    AskMove,
    /// Mallory types the code in, and the account is at his address.
    Move,
    /// Anna takes the account back by the link that was mailed to her, and sets a password at once.
    MoveBack,
    /// "Forgot your password?", by whoever reads the mail of Anna's account.
    Recover(Who),
}

impl Act {
    /// Whether Anna does it, or whoever invites her.
    pub(crate) fn is_hers(self) -> bool {
        match self {
            Self::Invite | Self::LogOut | Self::Age | Self::MoveBack => true,
            Self::OpenLink(who, _)
            | Self::AcceptByPassword(who)
            | Self::LogIn(who, _)
            | Self::Depart(who, _)
            | Self::Unlink(who, _)
            | Self::RemovePassword(who)
            | Self::ChangePassword(who)
            | Self::Recover(who) => who == Anna,
            Self::Arrive { browser, asked, .. } => browser == Anna && asked == Anna,
            Self::Scan
            | Self::GivePassword
            | Self::HandLink
            | Self::MoveRow
            | Self::Phish
            | Self::BorrowBrowser
            | Self::AskMove
            | Self::Move
            | Self::UseHisLink => false,
        }
    }
}

/// The world with some rules off.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) off: Off,
}

impl World {
    pub(crate) fn without(rules: &[Rule]) -> Self {
        Self { off: Off(rules.to_vec()) }
    }

    /// The state after an act, if the rules allow it and it changes anything.
    pub(crate) fn step(&self, state: &State, act: Act) -> Option<State> {
        let mut next = *state;
        self.carry_out(&mut next, act)?;
        (next != *state).then_some(next)
    }

    fn carry_out(&self, state: &mut State, act: Act) -> Option<()> {
        match act {
            Act::Invite => state.generation = asks::renew(state)?,
            Act::Scan => {
                asks::open(state, state.generation, &self.off)?;
                state.is_spent = !self.off.keeps(Rule::ReadingChangesNothing);
            }
            Act::GivePassword => {
                (!state.of(Anna).is_active).then_some(())?;
                state.of_mut(Anna).password = Some(Mallory);
            }
            Act::HandLink => {
                // A pending user gets an invitation and no reset, unless pending rows are usable.
                let is_waiting = !state.of(Anna).is_active && !self.is_inert(state);
                is_waiting.then(|| state.of_mut(Anna).has_his_link = true)?;
            }
            Act::MoveRow => {
                let is_waiting = !state.of(Anna).is_active && state.is_in(Mallory, Anna);
                is_waiting.then(|| state.of_mut(Anna).address = Address::Taken)?;
            }
            Act::Phish => {
                let knows = state.of(Anna).is_active && state.of(Anna).password == Some(Anna);
                knows.then(|| state.of_mut(Anna).is_phished = true)?;
                state.is_compromised = true;
            }
            Act::OpenLink(who, generation) => {
                asks::open(state, generation, &self.off)?;
                state.browser_mut(who).link = Some(generation);
            }
            Act::AcceptByPassword(who) => {
                let open = asks::still_open(state, state.browser(who).link?, &self.off)?;
                self.accept(state, who, asks::proves_mailbox(&open));
                state.of_mut(Anna).password = Some(who);
            }
            Act::Depart(who, errand) => {
                let is_ready = match errand {
                    Errand::Accept(generation) => state.browser(who).link == Some(generation),
                    Errand::SignIn => true,
                    Errand::Link(account) => self.may_change(state, who, account),
                };
                is_ready.then(|| state.browser_mut(who).trip = Some(errand))?;
            }
            Act::Arrive { browser, asked, subject } => self.arrive(state, browser, asked, subject)?,
            Act::UseHisLink => {
                let row = state.of(Anna);
                (row.is_active && row.has_his_link).then_some(())?;
                state.of_mut(Anna).has_his_link = false;
                asks::wipe(state, Anna, Turn::ResetByHandedLink, &self.off);
                state.of_mut(Anna).password = Some(Mallory);
            }
            Act::Recover(who) => self.recover(state, who)?,
            Act::MoveBack => self.move_back(state)?,
            _ => self.at_the_account(state, act)?,
        }
        Some(())
    }

    /// What is done with a password, or in a session.
    fn at_the_account(&self, state: &mut State, act: Act) -> Option<()> {
        match act {
            Act::LogIn(who, account) => {
                let row = state.of(account);
                let knows = row.password == Some(who) || (who == Mallory && row.is_phished);
                let may = asks::standing(state, account, &self.off) == Standing::Active;
                (knows && may).then(|| state.browser_mut(who).session = Some(Session { account, is_fresh: true }))?;
            }
            Act::LogOut => state.browser_mut(Anna).session = None,
            Act::Age => state.browser_mut(Anna).session.as_mut()?.is_fresh = false,
            Act::BorrowBrowser => {
                let session = state.browser(Anna).session.filter(|session| !session.is_fresh)?;
                self.may_change(state, Anna, session.account).then_some(())?;
                let answer = asks::come_back(state, Mallory, &Why::Link(session.account), &self.off);
                (answer == Answer::Link(session.account)).then(|| link(state, session.account, Mallory))?;
            }
            Act::Unlink(who, subject) => {
                let account = self.changing(state, who)?;
                (!self.off.keeps(Rule::LastWayInStays) || state.ways_in(account) > 1).then_some(())?;
                state.of_mut(account).linked[subject.at()] = None;
            }
            Act::RemovePassword(who) => {
                let account = self.changing(state, who)?;
                (!self.off.keeps(Rule::LastWayInStays) || state.ways_in(account) > 1).then_some(())?;
                asks::wipe(state, account, Turn::PasswordRemoved, &self.off);
            }
            Act::ChangePassword(who) => {
                let account = self.changing(state, who)?;
                let row = state.of(account);
                let knows = row.password.is_none_or(|set_by| set_by == who) || (who == Mallory && row.is_phished);
                knows.then(|| asks::wipe(state, account, Turn::PasswordChanged, &self.off))?;
                state.of_mut(account).password = Some(who);
                state.browser_mut(who).session = Some(Session { account, is_fresh: true });
            }
            Act::AskMove => {
                let account = self.changing(state, Mallory).filter(|account| *account == Anna)?;
                (state.of(account).address == Address::Home).then(|| state.of_mut(account).has_his_code = true)?;
            }
            Act::Move => {
                (state.is_in(Mallory, Anna) && state.of(Anna).has_his_code).then_some(())?;
                let session = state.browser(Mallory).session;
                asks::wipe(state, Anna, Turn::Moved, &self.off);
                let row = state.of_mut(Anna);
                row.address = Address::Away;
                // His mailbox was proven just now, and covers them all.
                each_linked(row, |linked| Linked { is_newer: false, ..linked });
                state.browser_mut(Mallory).session = session;
            }
            _ => return None,
        }
        Some(())
    }

    fn is_inert(&self, state: &State) -> bool {
        asks::standing(state, Anna, &self.off) == Standing::Pending
    }

    /// Whether that browser may change that account's ways in.
    fn may_change(&self, state: &State, who: Who, account: Who) -> bool {
        let session = state.browser(who).session.filter(|session| session.account == account);
        session.is_some_and(|session| asks::is_fresh(session, &self.off))
    }

    /// The account whose ways in that browser may change.
    fn changing(&self, state: &State, who: Who) -> Option<Who> {
        let account = state.browser(who).session?.account;
        (self.may_change(state, who, account) && state.of(account).is_active).then_some(account)
    }

    fn accept(&self, state: &mut State, who: Who, proves_mailbox: bool) {
        state.accepted += 1;
        asks::wipe(state, Anna, Turn::Accepted, &self.off);
        let keeps_address = !self.off.keeps(Rule::AcceptanceSetsAddress);
        let row = state.of_mut(Anna);
        row.is_active = true;
        row.is_proven = proves_mailbox;
        row.address = if keeps_address { row.address } else { Address::Home };
        let browser = state.browser_mut(who);
        browser.session = Some(Session { account: Anna, is_fresh: true });
        browser.trip = None;
    }

    fn arrive(&self, state: &mut State, browser: Who, asked: Who, subject: Who) -> Option<()> {
        let errand = state.browser(asked).trip?;
        if browser != asked {
            let rule = if matches!(errand, Errand::Accept(_)) { Rule::ProofIsBound } else { Rule::AnswerIsBound };
            (!self.off.keeps(rule)).then_some(())?;
        }
        state.browser_mut(asked).trip = None;
        let sign_in = |state: &mut State, account: Who| {
            state.browser_mut(browser).session = Some(Session { account, is_fresh: true });
        };
        match errand {
            Errand::Accept(generation) => {
                let open = asks::still_open(state, generation, &self.off)?;
                match asks::come_back(state, subject, &Why::Accept(&open), &self.off) {
                    Answer::Activate => self.activate(state, browser, subject, asks::proves_mailbox(&open)),
                    Answer::BringTo(account) => {
                        state.accepted += 1;
                        sign_in(state, account);
                    }
                    _ => return None,
                }
            }
            Errand::SignIn => match asks::come_back(state, subject, &Why::SignIn, &self.off) {
                Answer::Activate => self.activate(state, browser, subject, true),
                Answer::SignIn(account) => sign_in(state, account),
                Answer::Link(account) => {
                    link(state, account, subject);
                    sign_in(state, account);
                }
                _ => return None,
            },
            Errand::Link(account) => {
                // The session that left must still be there, and fresh.
                self.may_change(state, asked, account).then_some(())?;
                let answer = asks::come_back(state, subject, &Why::Link(account), &self.off);
                (answer == Answer::Link(account)).then(|| link(state, account, subject))?;
            }
        }
        Some(())
    }

    fn activate(&self, state: &mut State, browser: Who, subject: Who, proves_mailbox: bool) {
        self.accept(state, browser, proves_mailbox);
        let is_newer = !proves_mailbox;
        let came = Linked { by_acceptance: true, is_newer, is_newer_to_her: is_newer };
        state.of_mut(Anna).linked[subject.at()] = Some(came);
    }

    fn recover(&self, state: &mut State, who: Who) -> Option<()> {
        let row = state.of(Anna);
        let reads = (row.address == Address::Home) == (who == Anna);
        (row.is_active && reads && asks::mails_a_link(state, Anna, &self.off)).then_some(())?;
        asks::wipe(state, Anna, Turn::Recovered, &self.off);
        let row = state.of_mut(Anna);
        row.password = Some(who);
        row.is_proven = true;
        each_linked(row, |linked| Linked {
            is_newer: false,
            is_newer_to_her: linked.is_newer_to_her && who == Mallory,
            ..linked
        });
        state.is_compromised &= who == Mallory;
        Some(())
    }

    fn move_back(&self, state: &mut State) -> Option<()> {
        let row = state.of(Anna);
        let may = row.is_active && row.address == Address::Away && self.off.keeps(Rule::MoveIsUndone);
        may.then_some(())?;
        // Measured by her mailbox, as it was before.
        each_linked(state.of_mut(Anna), |linked| Linked { is_newer: linked.is_newer_to_her, ..linked });
        asks::wipe(state, Anna, Turn::MovedBack, &self.off);
        let row = state.of_mut(Anna);
        row.address = Address::Home;
        row.password = Some(Anna);
        each_linked(row, |linked| Linked { is_newer: false, is_newer_to_her: false, ..linked });
        state.is_compromised = false;
        Some(())
    }
}

fn each_linked(row: &mut Account, change: impl Fn(Linked) -> Linked) {
    for linked in row.linked.iter_mut().flatten() {
        *linked = change(*linked);
    }
}

fn link(state: &mut State, account: Who, subject: Who) {
    let linked = &mut state.of_mut(account).linked[subject.at()];
    *linked = linked.or(Some(Linked { by_acceptance: false, is_newer: true, is_newer_to_her: true }));
}

/// Everything that anybody could try. Mallory reads only mails that leaked; at a provider everybody is themselves, and
/// whose answer comes to whose browser is the attack.
pub(crate) fn attempts(state: &State) -> Vec<Act> {
    let mut acts = vec![
        Act::Scan,
        Act::GivePassword,
        Act::HandLink,
        Act::MoveRow,
        Act::Phish,
        Act::BorrowBrowser,
        Act::UseHisLink,
        Act::AskMove,
        Act::Move,
        Act::MoveBack,
        Act::LogOut,
        Act::Age,
    ];
    if state.generation < MOST_LINKS {
        acts.push(Act::Invite);
    }
    acts.extend((1..=state.generation).map(|generation| Act::OpenLink(Anna, generation)));
    acts.extend((1..state.generation).map(|generation| Act::OpenLink(Mallory, generation)));
    for who in Who::BOTH {
        acts.extend([Act::AcceptByPassword(who), Act::Recover(who)]);
        acts.extend([Act::RemovePassword(who), Act::ChangePassword(who), Act::Depart(who, Errand::SignIn)]);
        acts.extend(state.browser(who).link.map(|generation| Act::Depart(who, Errand::Accept(generation))));
        for other in Who::BOTH {
            acts.extend([Act::LogIn(who, other), Act::Unlink(who, other), Act::Depart(who, Errand::Link(other))]);
            acts.push(Act::Arrive { browser: who, asked: other, subject: who });
        }
    }
    // Mallory's own account is his to keep in order; nothing of this is about it.
    acts.retain(|act| match act {
        Act::RemovePassword(Mallory) | Act::ChangePassword(Mallory) | Act::Unlink(Mallory, _) => {
            state.is_in(Mallory, Anna)
        }
        _ => true,
    });
    acts
}

impl Model for World {
    type State = State;
    type Action = Act;

    fn init_states(&self) -> Vec<State> {
        State::first().to_vec()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Act>) {
        actions.extend(attempts(state));
    }

    fn next_state(&self, state: &State, act: Act) -> Option<State> {
        self.step(state, act)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ALONE, |_, state| broken(state) != Some(ALONE)),
            Property::always(ONE_OWNER, |_, state| broken(state) != Some(ONE_OWNER)),
            Property::always(NOT_CAPTURED, |_, state| broken(state) != Some(NOT_CAPTURED)),
            Property::always(ONCE, |_, state| broken(state) != Some(ONCE)),
            Property::always(A_WAY_IN, |_, state| broken(state) != Some(A_WAY_IN)),
            Property::sometimes("Anna comes in by password", |_, state: &State| {
                state.is_in(Anna, Anna) && state.of(Anna).password == Some(Anna)
            }),
            Property::sometimes("Anna comes in by her provider", |_, state: &State| {
                state.is_in(Anna, Anna) && state.of(Anna).linked[0].is_some_and(|linked| linked.by_acceptance)
            }),
            Property::sometimes("Anna has both", |_, state: &State| {
                state.of(Anna).password == Some(Anna) && state.of(Anna).linked[0].is_some() && state.is_alone()
            }),
            Property::sometimes("Mallory steals in", |_, state: &State| state.is_in(Mallory, Anna)),
        ]
    }
}

/// The first invariant that a state breaks.
pub(crate) fn broken(state: &State) -> Option<&'static str> {
    let is_shared = |who: &Who| Who::BOTH.iter().all(|one| state.of(*one).linked[who.at()].is_some());
    let is_shut = |who: &Who| state.of(*who).is_active && state.ways_in(*who) == 0;
    if state.accepted > 1 {
        Some(ONCE)
    } else if state.of(Mallory).linked[Anna.at()].is_some() || state.is_in(Anna, Mallory) {
        Some(NOT_CAPTURED)
    } else if Who::BOTH.iter().any(is_shared) {
        Some(ONE_OWNER)
    } else if Who::BOTH.iter().any(is_shut) {
        Some(A_WAY_IN)
    } else if state.of(Anna).is_active && !state.is_compromised && !state.is_alone() {
        Some(ALONE)
    } else {
        None
    }
}
