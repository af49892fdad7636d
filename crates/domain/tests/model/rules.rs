//! The rules that the model can do without, and what each of them holds.

use std::fmt;

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    AcceptanceTakesPassword,
    AcceptanceTakesIdentities,
    AcceptanceTakesSessions,
    AcceptanceTakesLinks,
    AcceptanceSetsAddress,
    PendingIsInert,
    IdentityIsSubject,
    AuthorityIsDeclared,
    ProofIsBound,
    AnswerIsBound,
    AcceptedOnce,
    ReadingChangesNothing,
    NewestLinkOnly,
    LinkingWantsFreshness,
    LastWayInStays,
    RecoveryTakesSessions,
    RecoveryTakesIdentities,
    RecoveryTakesCodes,
    MovingBackTakesIdentities,
    MovingBackTakesSessions,
    MoveIsUndone,
    MailboxAlwaysRecovers,
}

/// What is broken without a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// An invariant, by its name.
    Invariant(&'static str),
    /// From some state the owner never gets in again, or never gets in at all.
    LockedOut,
    /// Nothing: another rule stands in the same way.
    None,
}

pub(crate) const ALONE: &str = "the owner is alone";
pub(crate) const ONE_OWNER: &str = "an identity opens one account";
pub(crate) const NOT_CAPTURED: &str = "the owner is never in the attacker's account";
pub(crate) const ONCE: &str = "an invitation is accepted once";
pub(crate) const A_WAY_IN: &str = "an active account keeps a way in";

/// A rule, what it says, and what happens without it.
pub(crate) struct Entry {
    pub(crate) rule: Rule,
    pub(crate) says: &'static str,
    pub(crate) harm: Harm,
    /// Inertness (R2) stands in the same way: without this rule alone nothing happens.
    pub(crate) is_second: bool,
}

const fn breaks(rule: Rule, says: &'static str, invariant: &'static str) -> Entry {
    Entry { rule, says, harm: Harm::Invariant(invariant), is_second: false }
}

const fn second(rule: Rule, says: &'static str) -> Entry {
    Entry { rule, says, harm: Harm::Invariant(ALONE), is_second: true }
}

const fn locks_out(rule: Rule, says: &'static str) -> Entry {
    Entry { rule, says, harm: Harm::LockedOut, is_second: false }
}

/// All of them.
pub(crate) const EVERY: &[Entry] = &[
    Entry { rule: Rule::PendingIsInert, says: "a pending user is inert (R2)", harm: Harm::None, is_second: false },
    breaks(Rule::AcceptanceTakesPassword, "acceptance takes the password (R3)", ALONE),
    second(Rule::AcceptanceTakesIdentities, "acceptance takes the identities (R3)"),
    second(Rule::AcceptanceTakesSessions, "acceptance ends the sessions (R3)"),
    second(Rule::AcceptanceTakesLinks, "acceptance kills the reset links (R3)"),
    second(Rule::AcceptanceSetsAddress, "acceptance sets the invited address (R3)"),
    breaks(Rule::IdentityIsSubject, "an identity is issuer and subject, never an address (R9)", ALONE),
    breaks(Rule::AuthorityIsDeclared, "a provider's word counts where it was declared (R1)", ALONE),
    breaks(Rule::ProofIsBound, "a proof is finished by the browser that began it (R7)", ALONE),
    breaks(Rule::AnswerIsBound, "an answer is taken by the browser that asked (R8)", NOT_CAPTURED),
    breaks(Rule::AcceptedOnce, "acceptance asks again as it writes (R11)", ONCE),
    breaks(Rule::NewestLinkOnly, "only the newest link lives (R5)", ALONE),
    breaks(Rule::LinkingWantsFreshness, "connecting wants a fresh sign-in (R10)", ALONE),
    breaks(Rule::LastWayInStays, "the last way in stays (R10)", A_WAY_IN),
    breaks(Rule::RecoveryTakesSessions, "recovery ends the sessions (R4)", ALONE),
    breaks(Rule::RecoveryTakesIdentities, "recovery takes what the mailbox never covered (R4)", ALONE),
    breaks(Rule::RecoveryTakesCodes, "recovery ends a change of the address that waits (R4)", ALONE),
    breaks(Rule::MovingBackTakesSessions, "undoing a change of the address ends the sessions (R4)", ALONE),
    breaks(Rule::MovingBackTakesIdentities, "undoing it takes what the old mailbox never covered (R4)", ALONE),
    locks_out(Rule::MoveIsUndone, "the old mailbox can undo a change of the address (R4)"),
    locks_out(Rule::ReadingChangesNothing, "reading changes nothing (R6)"),
    locks_out(Rule::MailboxAlwaysRecovers, "the mailbox recovers whatever others added (R4)"),
];

/// The rules that do not hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Off(pub(crate) Vec<Rule>);

impl Off {
    pub(crate) fn keeps(&self, rule: Rule) -> bool {
        !self.0.contains(&rule)
    }
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invariant(name) => write!(f, "not: {name}"),
            Self::LockedOut => f.write_str("the owner is locked out for good"),
            Self::None => f.write_str("nothing"),
        }
    }
}
