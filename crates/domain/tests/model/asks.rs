//! The questions of the model to the rules of this crate: its small state, told in the types that the rules take.
//!
//! No rule is written here a second time.

use crate::rules::{Off, Rule};
use crate::state::{Account, Address, Anna, Linked, Mallory, State, Who};
use guestlist_domain::connection::{Audience, Connection, MergeRule, Strategy};
use guestlist_domain::email::Email;
use guestlist_domain::event::Actor;
use guestlist_domain::identity::{Identity, LinkRule, ProvenIdentity, UpstreamIdentity};
use guestlist_domain::ids::{ConnectionId, IdentityId, InvitationId, SessionId, UserId};
use guestlist_domain::invitation::{self, Invitation, Link, OpenInvitation, Proof, Terms};
use guestlist_domain::linking::{Decision, Facts, Owner, Purpose, decide};
use guestlist_domain::session::{FRESH_FOR, Method, Session};
use guestlist_domain::slate::{self, Belonging, Fate, Turn};
use guestlist_domain::ticket::Channel;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Lifecycle, Profile, Standing, User};
use std::sync::LazyLock;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_millis(1_796_126_400_000);

/// Read once: the model asks some million times.
static ADDRESSES: LazyLock<[Email; 2]> =
    LazyLock::new(|| ["anna@example.org", "mallory@evil.example"].map(|text| Email::parse(text).unwrap()));

fn address(who: Who) -> Email {
    ADDRESSES[who.at()].clone()
}

fn id(who: Who) -> UserId {
    UserId::new(if who == Anna { "auth0|anna" } else { "auth0|mallory" })
}

/// Whose id that is.
fn whose(user: &UserId) -> Who {
    if *user == id(Anna) { Anna } else { Mallory }
}

fn user(state: &State, who: Who) -> User {
    let account = state.of(who);
    let lifecycle = if account.is_active { Lifecycle::Active } else { Lifecycle::Pending };
    let email = address(if account.address == Address::Home { who } else { Mallory });
    User { lifecycle, email_proven_at: proven_at(account), ..User::invited(id(who), email, NOW) }
}

fn proven_at(account: &Account) -> Option<Timestamp> {
    account.is_proven.then_some(NOW)
}

/// What a user may do; a pending one may do everything where that rule is off.
pub(crate) fn standing(state: &State, who: Who, off: &Off) -> Standing {
    match user(state, who).standing() {
        Standing::Pending if !off.keeps(Rule::PendingIsInert) => Standing::Active,
        standing => standing,
    }
}

fn invitation(state: &State) -> Invitation {
    let terms = Terms { lifetime_ms: 1000, ..Terms::default() };
    let mut invitation =
        Invitation::new(InvitationId::new("inv_1"), id(Anna), address(Anna), terms, Actor::Operator, NOW);
    invitation.generation = i64::from(state.generation);
    if let invitation::State::Pending { mailed, .. } = &mut invitation.state {
        *mailed = (state.generation > 0).then_some(i64::from(state.generation));
    }
    if state.accepted > 0 || state.is_spent {
        invitation.state = invitation::State::Accepted { at: NOW, by: Method::Password, proof: Proof::Mailbox };
    }
    invitation
}

/// A new link, if there can be one.
pub(crate) fn renew(state: &State) -> Option<u8> {
    let (renewed, _) = invitation(state).renew(Channel::Mailed, NOW).ok()?;
    u8::try_from(renewed.generation).ok()
}

/// What the link of that generation opens.
pub(crate) fn open(state: &State, generation: u8, off: &Off) -> Option<OpenInvitation> {
    let mut invitation = invitation(state);
    if !off.keeps(Rule::NewestLinkOnly)
        && let invitation::State::Pending { mailed, .. } = &mut invitation.state
    {
        *mailed = Some(i64::from(generation));
    }
    let link = Link { invitation: invitation.id.clone(), channel: Channel::Mailed, generation: i64::from(generation) };
    match invitation.standing(&link, NOW) {
        invitation::Standing::Open(open) => Some(*open),
        _ => None,
    }
}

/// What an acceptance by that link finds as it writes; where that is not asked again, what it found when it was opened.
pub(crate) fn still_open(state: &State, generation: u8, off: &Off) -> Option<OpenInvitation> {
    if off.keeps(Rule::AcceptedOnce) {
        return open(state, generation, off);
    }
    open(&State { accepted: 0, generation, ..*state }, generation, off)
}

/// Whether the acceptance proves the mailbox.
pub(crate) fn proves_mailbox(open: &OpenInvitation) -> bool {
    let accepted = Invitation::accept(open.clone(), Method::Password, NOW);
    let invitation::State::Accepted { proof, .. } = accepted.state else { return false };
    matches!(proof, Proof::Mailbox | Proof::Provider)
}

/// Anna's provider may be authoritative for her address. Mallory's asserts the same address, and nobody declared it so.
/// Both may merge by themselves: the weakest setting.
fn connection(subject: Who, is_declared: bool) -> Connection {
    let name = if subject == Anna { "honest" } else { "lax" };
    let domains = if is_declared && subject == Anna { vec!["example.org".to_owned()] } else { Vec::new() };
    Connection {
        id: ConnectionId::new(name),
        name: name.to_owned(),
        display_name: name.to_owned(),
        strategy: Strategy::Oidc,
        upstream: None,
        enabled: true,
        audience: Audience::Everyone,
        authoritative_domains: domains,
        merge_rule: MergeRule::Auto,
        created_at: NOW,
    }
}

fn claims(subject: Who) -> UpstreamIdentity {
    let connection = ConnectionId::new(if subject == Anna { "honest" } else { "lax" });
    UpstreamIdentity {
        issuer: format!("https://{connection}.example"),
        connection,
        subject: "1".to_owned(),
        email: Some(address(Anna)),
        email_verified: true,
        profile: Profile::default(),
    }
}

/// Why a provider sent somebody back.
pub(crate) enum Why<'a> {
    Accept(&'a OpenInvitation),
    SignIn,
    Link(Who),
}

/// What `decide` says, in the model's names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Activate,
    SignIn(Who),
    Link(Who),
    BringTo(Who),
    No,
}

/// Reads the facts as the server does, and asks.
pub(crate) fn come_back(state: &State, subject: Who, why: &Why<'_>, off: &Off) -> Answer {
    let (connection, who) = (connection(subject, state.is_declared), ProvenIdentity::from_upstream(claims(subject)));
    let as_owner = |account: Who| Owner { user: id(account), standing: standing(state, account, off) };
    let has = |account: &Who| state.of(*account).linked[subject.at()].is_some();
    let told = who.claims().email.clone();
    let lives_at = |account: &Who| Some(user(state, *account).email) == told;
    let mut owner = Who::BOTH.into_iter().find(has);
    if !off.keeps(Rule::IdentityIsSubject) {
        owner = owner.or_else(|| Who::BOTH.into_iter().find(lives_at));
    }
    let vouched =
        if off.keeps(Rule::AuthorityIsDeclared) { who.vouched_address(&connection).cloned() } else { told.clone() };
    let proved = |account: &Who| {
        let user = user(state, *account);
        user.email_proven_at.is_some() && Some(user.email) == vouched
    };
    let invited = invitation(state).open_to(&who, &connection, NOW).filter(|_| state.generation > 0);
    let facts = Facts {
        connection: &connection,
        allowed: true,
        owner: owner.map(as_owner),
        same_address: Who::BOTH.into_iter().find(proved).map(as_owner),
        // The model forgets what was taken off: it allows more than the server does.
        taken_off: false,
        invited: invited.as_ref().map(|open| (open, user(state, Anna).standing())),
    };
    let link_to;
    let purpose = match why {
        Why::Accept(open) => Purpose::Accept { open, standing: user(state, Anna).standing(), confirmed: true },
        Why::SignIn => Purpose::SignIn,
        Why::Link(account) => {
            link_to = id(*account);
            Purpose::Link { user: &link_to, standing: standing(state, *account, off), confirmed: false }
        }
    };
    match decide(&purpose, &who, &facts) {
        Decision::Activate(_) => Answer::Activate,
        Decision::SignIn(user) => Answer::SignIn(whose(&user)),
        Decision::Link(user) => Answer::Link(whose(&user)),
        Decision::BringTo(user) => Answer::BringTo(whose(&user)),
        Decision::Confirm(_)
        | Decision::ConfirmAccount(_)
        | Decision::AskProof(_)
        | Decision::OfferMerge(_)
        | Decision::Merge(_)
        | Decision::Refuse(_) => Answer::No,
    }
}

/// Whether a session is fresh enough to change ways in.
pub(crate) fn is_fresh(session: crate::state::Session, off: &Off) -> bool {
    let age = if session.is_fresh { Duration::ZERO } else { FRESH_FOR + Duration::from_millis(1) };
    let session = Session {
        id: SessionId::new("ses_1"),
        user: id(session.account),
        user_epoch: 0,
        method: Method::Password,
        authenticated_at: NOW,
        created_at: NOW,
        last_seen_at: NOW,
    };
    session.is_fresh(NOW.plus(age)) || !off.keeps(Rule::LinkingWantsFreshness)
}

fn identity(account: Who, subject: Who, linked: Linked) -> Identity {
    let moment = match (linked.is_newer, linked.by_acceptance) {
        (true, _) => NOW.plus(Duration::from_secs(1)),
        (false, true) => NOW,
        (false, false) => NOW.minus(Duration::from_secs(1)),
    };
    Identity {
        id: IdentityId::new("idn_1"),
        user: id(account),
        claims: claims(subject),
        linked_by: if linked.by_acceptance { LinkRule::Acceptance } else { LinkRule::OwnAccount },
        linked_at: moment,
        last_used_at: None,
    }
}

fn identities(state: &State, account: Who) -> Vec<(Who, Identity)> {
    let linked = |subject: Who| Some((subject, identity(account, subject, state.of(account).linked[subject.at()]?)));
    Who::BOTH.into_iter().filter_map(linked).collect()
}

/// Whether somebody who asks for a new password gets a link, and not the name of a provider.
pub(crate) fn mails_a_link(state: &State, account: Who, off: &Off) -> bool {
    let (row, linked) = (state.of(account), identities(state, account));
    let linked: Vec<Identity> = linked.into_iter().map(|(_, identity)| identity).collect();
    if !off.keeps(Rule::MailboxAlwaysRecovers) {
        return row.password.is_some() || linked.is_empty();
    }
    slate::mailbox_recovers(row.password.is_some(), &linked, proven_at(row))
}

/// Carries out the slate of a turn on an account, but for what the rules that are off would take.
pub(crate) fn wipe(state: &mut State, account: Who, turn: Turn, off: &Off) {
    let linked = identities(state, account);
    let proven = proven_at(state.of(account));
    for what in Belonging::EVERY {
        if is_off(turn, what, off) {
            continue;
        }
        let row = state.of_mut(account);
        match (turn.takes(what), what) {
            // No application is in the model.
            (Fate::Stays, _) | (_, Belonging::Grants) => {}
            (Fate::GoesIfUnproven, Belonging::Identities) => {
                for (subject, identity) in &linked {
                    if !slate::is_covered(identity, proven) {
                        row.linked[subject.at()] = None;
                    }
                }
            }
            (_, Belonging::Password) => (row.password, row.is_phished) = (None, false),
            (_, Belonging::Identities) => row.linked = [None; 2],
            (_, Belonging::ResetLinks) => row.has_his_link = false,
            (_, Belonging::AddressCodes) => row.has_his_code = false,
            (_, Belonging::Sessions) => {
                for browser in &mut state.browsers {
                    browser.session = browser.session.filter(|session| session.account != account);
                }
            }
        }
    }
}

fn is_off(turn: Turn, what: Belonging, off: &Off) -> bool {
    let rule = match (turn, what) {
        (Turn::Accepted, Belonging::Password) => Rule::AcceptanceTakesPassword,
        (Turn::Accepted, Belonging::Identities) => Rule::AcceptanceTakesIdentities,
        (Turn::Accepted, Belonging::Sessions) => Rule::AcceptanceTakesSessions,
        (Turn::Accepted, Belonging::ResetLinks) => Rule::AcceptanceTakesLinks,
        (Turn::Recovered, Belonging::Sessions) => Rule::RecoveryTakesSessions,
        (Turn::Recovered, Belonging::Identities) => Rule::RecoveryTakesIdentities,
        (Turn::Recovered, Belonging::AddressCodes) => Rule::RecoveryTakesCodes,
        (Turn::MovedBack, Belonging::Identities) => Rule::MovingBackTakesIdentities,
        (Turn::MovedBack, Belonging::Sessions) => Rule::MovingBackTakesSessions,
        _ => return false,
    };
    !off.keeps(rule)
}
