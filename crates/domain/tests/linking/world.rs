//! A small world in which `decide` is carried out as the server does it, and what must hold there whatever happens.
//!
//! The world has no unique index and no second check: if an identity had two owners, it would show.

use guestlist_domain::connection::{Audience, Connection, MergeRule, Strategy as Provider};
use guestlist_domain::email::Email;
use guestlist_domain::event::Actor;
use guestlist_domain::identity::{ProvenIdentity, UpstreamIdentity};
use guestlist_domain::ids::{ConnectionId, InvitationId, UserId};
use guestlist_domain::invitation::{
    EmailMatch, Invitation, Link, OpenInvitation, Proof, Standing as LinkStanding, Terms,
};
use guestlist_domain::linking::{Decision, Facts, Owner, Purpose, decide};
use guestlist_domain::session::Method;
use guestlist_domain::ticket::Channel;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Lifecycle, Profile, Standing, User};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseResult, TestRunner};
use std::collections::BTreeSet;

const NOW: Timestamp = Timestamp::from_millis(1_796_126_400_000);
const ADDRESSES: [&str; 4] = ["anna@example.org", "ben@example.org", "cleo@example.net", "mallory@example.net"];
/// The first three are on the list; the last address is a stranger's.
const PEOPLE: usize = 3;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Deed {
    /// Somebody comes back from a provider.
    Return(Return),
    /// A user signs in by a method of their own, and so answers the question that waits in that browser.
    Answer(Index),
    Block(usize),
    Unblock(usize),
    Revoke(usize),
    Unlink(Index),
}

#[derive(Clone, Debug)]
struct Return {
    why: Why,
    subject: usize,
    address: Option<usize>,
    verified: bool,
    setting: Setting,
}

#[derive(Clone, Copy, Debug)]
enum Why {
    Accept { person: usize, confirmed: bool },
    SignIn,
    Link { person: usize, confirmed: bool },
}

/// How the connection is set that day.
#[derive(Clone, Copy, Debug)]
struct Setting {
    allowed: bool,
    authoritative: bool,
    merge_rule: MergeRule,
}

struct Person {
    user: User,
    invitation: Invitation,
    link: Link,
}

/// Who owns what: each entry is a user and a subject at the one issuer.
#[derive(Default)]
struct World {
    people: Vec<Person>,
    owned: Vec<(usize, usize)>,
    /// What was taken off whom.
    taken_off: BTreeSet<(usize, usize)>,
    /// Questions that wait for a sign-in: who was asked, and the subject that came back.
    questions: Vec<(usize, usize)>,
    seen: BTreeSet<&'static str>,
}

impl World {
    fn new(policies: [EmailMatch; PEOPLE]) -> Self {
        let people = policies.into_iter().zip(ADDRESSES).enumerate().map(|(n, (email_match, address))| {
            let (id, email) = (UserId::new(format!("auth0|{n}")), Email::parse(address).unwrap());
            let terms = Terms { email_match, lifetime_ms: 1, ..Terms::default() };
            let invitation = InvitationId::new(format!("inv_{n}"));
            let invitation = Invitation::new(invitation, id.clone(), email.clone(), terms, Actor::Operator, NOW);
            let (invitation, link) = invitation.renew(Channel::Mailed, NOW).unwrap();
            Person { user: User::invited(id, email, NOW), invitation, link }
        });
        Self { people: people.collect(), ..Self::default() }
    }

    fn number(&self, id: &UserId) -> usize {
        self.people.iter().position(|person| person.user.id == *id).unwrap()
    }

    fn standing(&self, person: usize) -> Standing {
        self.people[person].user.standing()
    }

    fn owner_of(&self, subject: usize) -> Option<usize> {
        self.owned.iter().find(|(_, owned)| *owned == subject).map(|(person, _)| *person)
    }

    fn happen(&mut self, deed: &Deed) -> TestCaseResult {
        match deed {
            Deed::Return(back) => self.come_back(back)?,
            Deed::Answer(which) => self.answer(*which),
            Deed::Block(person) => self.people[*person].user.blocked = true,
            Deed::Unblock(person) => self.people[*person].user.blocked = false,
            Deed::Revoke(person) => {
                if let Ok(revoked) = self.people[*person].invitation.clone().revoke(Actor::Operator, NOW) {
                    self.people[*person].invitation = revoked;
                }
            }
            Deed::Unlink(which) => {
                if !self.owned.is_empty() {
                    let gone = self.owned.remove(which.index(self.owned.len()));
                    self.taken_off.insert(gone);
                }
            }
        }
        self.is_sound()
    }

    fn come_back(&mut self, back: &Return) -> TestCaseResult {
        let (connection, who) = (connection(back.setting), who(back));
        let as_owner =
            |person: usize| Owner { user: UserId::new(format!("auth0|{person}")), standing: self.standing(person) };
        let proved =
            |person: &Person, address: &Email| person.user.email == *address && person.user.email_proven_at.is_some();
        let same_address = who.vouched_address(&connection);
        let same_address = same_address.and_then(|address| self.people.iter().position(|one| proved(one, address)));
        let opened = |person: &Person| {
            let open = person.invitation.open_to(&who, &connection, NOW)?;
            Some((open, person.user.standing()))
        };
        let invited = self.people.iter().find_map(opened);
        let facts = Facts {
            connection: &connection,
            allowed: back.setting.allowed,
            owner: self.owner_of(back.subject).map(as_owner),
            same_address: same_address.map(as_owner),
            taken_off: same_address.is_some_and(|person| self.taken_off.contains(&(person, back.subject))),
            invited: invited.as_ref().map(|(open, standing)| (open, *standing)),
        };
        match back.why {
            Why::Accept { person, confirmed } => {
                let Person { user, invitation, link } = &self.people[person];
                let LinkStanding::Open(open) = invitation.standing(link, NOW) else { return Ok(()) };
                let purpose = Purpose::Accept { open: &open, standing: user.standing(), confirmed };
                let decision = decide(&purpose, &who, &facts);
                self.accept(person, back, decision)
            }
            Why::SignIn => {
                let decision = decide(&Purpose::SignIn, &who, &facts);
                self.sign_in(back, same_address, invited.map(|(open, _)| open), decision)
            }
            Why::Link { person, confirmed } => {
                let (user, standing) = (self.people[person].user.id.clone(), self.standing(person));
                let decision = decide(&Purpose::Link { user: &user, standing, confirmed }, &who, &facts);
                self.link(person, confirmed, back.subject, decision)
            }
        }
    }

    fn accept(&mut self, person: usize, back: &Return, decision: Decision) -> TestCaseResult {
        match decision {
            Decision::Activate(user) => {
                self.seen.insert("activate");
                prop_assert_eq!(self.number(&user), person, "an invitation opens for the invited user alone");
                prop_assert_eq!(self.standing(person), Standing::Pending);
                let same = back.address == Some(person);
                let confirmed = matches!(back.why, Why::Accept { confirmed: true, .. });
                prop_assert!(same || confirmed, "another address needs a deliberate press");
                let Person { invitation, link, .. } = &self.people[person];
                let LinkStanding::Open(open) = invitation.standing(link, NOW) else { panic!("it was open") };
                self.activate(person, back.subject, *open);
            }
            Decision::BringTo(user) => {
                self.seen.insert("bring");
                let account = self.number(&user);
                prop_assert_eq!(self.owner_of(back.subject), Some(account), "only the identity's owner gets it");
                prop_assert_eq!(self.standing(account), Standing::Active);
                prop_assert!(matches!(back.why, Why::Accept { confirmed: true, .. }), "a deliberate press");
                let Person { invitation, link, .. } = &mut self.people[person];
                let LinkStanding::Open(open) = invitation.standing(link, NOW) else { panic!("it was open") };
                *invitation = Invitation::bring_to(*open, user, Method::Upstream("acme".to_owned()), NOW);
            }
            Decision::ConfirmAccount(user) => {
                self.seen.insert("confirm the account");
                prop_assert_eq!(self.owner_of(back.subject), Some(self.number(&user)));
            }
            Decision::Confirm(_) => _ = self.seen.insert("confirm"),
            Decision::Refuse(_) => _ = self.seen.insert("refuse to accept"),
            other => prop_assert!(false, "nobody who accepts gets {other:?}"),
        }
        Ok(())
    }

    fn activate(&mut self, person: usize, subject: usize, open: OpenInvitation) {
        self.owned.retain(|(owner, _)| *owner != person);
        self.owned.push((person, subject));
        let Person { user, invitation, .. } = &mut self.people[person];
        *invitation = Invitation::accept(open, Method::Upstream("acme".to_owned()), NOW);
        (user.lifecycle, user.email_verified, user.email_proven_at) = (Lifecycle::Active, true, Some(NOW));
    }

    fn sign_in(
        &mut self,
        back: &Return,
        same_address: Option<usize>,
        invited: Option<OpenInvitation>,
        decision: Decision,
    ) -> TestCaseResult {
        match decision {
            Decision::Activate(user) => {
                self.seen.insert("activate without a link");
                let person = self.number(&user);
                prop_assert_eq!(self.standing(person), Standing::Pending);
                prop_assert!(back.setting.authoritative && back.verified && back.address == Some(person));
                prop_assert_eq!(self.owner_of(back.subject), None);
                let Some(open) = invited else { panic!("it was open") };
                prop_assert_eq!(open.proof(), Proof::Provider);
                self.activate(person, back.subject, open);
            }
            Decision::SignIn(user) => {
                self.seen.insert("sign in");
                let person = self.number(&user);
                prop_assert_eq!(self.standing(person), Standing::Active);
                prop_assert_eq!(self.owner_of(back.subject), Some(person), "only an identity signs in");
            }
            Decision::Link(user) => {
                self.seen.insert("merge at once");
                let person = self.number(&user);
                prop_assert_eq!(self.standing(person), Standing::Active);
                prop_assert!(back.setting.authoritative && back.setting.merge_rule == MergeRule::Auto);
                prop_assert!(back.verified && same_address == Some(person), "only onto a proven address");
                prop_assert_eq!(self.owner_of(back.subject), None);
                prop_assert!(
                    !self.taken_off.contains(&(person, back.subject)),
                    "what was taken off comes back by itself"
                );
                self.owned.push((person, back.subject));
            }
            Decision::AskProof(user) => {
                self.seen.insert("ask for proof");
                let person = self.number(&user);
                if back.setting.merge_rule == MergeRule::Auto {
                    self.seen.insert("ask about what was taken off");
                    prop_assert!(self.taken_off.contains(&(person, back.subject)));
                }
                prop_assert_eq!(self.standing(person), Standing::Active);
                prop_assert_eq!(same_address, Some(person));
                self.questions.push((person, back.subject));
            }
            Decision::Refuse(_) => _ = self.seen.insert("refuse to sign in"),
            other => prop_assert!(false, "nobody who signs in gets {other:?}"),
        }
        Ok(())
    }

    fn link(&mut self, person: usize, confirmed: bool, subject: usize, decision: Decision) -> TestCaseResult {
        match decision {
            Decision::Link(user) => {
                self.seen.insert("link");
                prop_assert_eq!(self.number(&user), person, "nobody links for somebody else");
                prop_assert_eq!(self.standing(person), Standing::Active);
                if self.owner_of(subject) != Some(person) {
                    self.owned.push((person, subject));
                }
            }
            Decision::OfferMerge(user) => {
                self.seen.insert("offer to merge");
                prop_assert_eq!(self.owner_of(subject), Some(self.number(&user)), "whose identity it is");
                prop_assert_ne!(self.number(&user), person);
                prop_assert_eq!(self.standing(person), Standing::Active);
                prop_assert!(!confirmed);
            }
            Decision::Merge(user) => {
                self.seen.insert("merge two users");
                let second = self.number(&user);
                prop_assert_eq!(self.owner_of(subject), Some(second), "whose identity it is");
                prop_assert_ne!(second, person);
                prop_assert_eq!((self.standing(person), self.standing(second)), (Standing::Active, Standing::Active));
                prop_assert!(confirmed, "a deliberate press");
                for (owner, _) in &mut self.owned {
                    *owner = if *owner == second { person } else { *owner };
                }
                // The row is gone; here it is nobody's any more.
                self.people[second].user.blocked = true;
            }
            Decision::Refuse(_) => _ = self.seen.insert("refuse to link"),
            other => prop_assert!(false, "nobody who links gets {other:?}"),
        }
        Ok(())
    }

    /// The one link that is not decided when it is made: it was decided when the question was asked. What was taken
    /// meanwhile stays where it is.
    fn answer(&mut self, which: Index) {
        if self.questions.is_empty() {
            return;
        }
        let (person, subject) = self.questions.remove(which.index(self.questions.len()));
        if self.standing(person) == Standing::Active && self.owner_of(subject).is_none() {
            self.seen.insert("answer");
            self.owned.push((person, subject));
        }
    }

    fn is_sound(&self) -> TestCaseResult {
        let mut subjects: Vec<usize> = self.owned.iter().map(|(_, subject)| *subject).collect();
        subjects.sort_unstable();
        let count = subjects.len();
        subjects.dedup();
        prop_assert_eq!(subjects.len(), count, "an identity belongs to two users: {:?}", &self.owned);
        for (person, _) in &self.owned {
            prop_assert_eq!(self.people[*person].user.lifecycle, Lifecycle::Active, "a pending user owns nothing");
        }
        Ok(())
    }
}

fn connection(setting: Setting) -> Connection {
    let domains = ["example.org", "example.net"].map(str::to_owned).to_vec();
    Connection {
        id: ConnectionId::new("con_acme"),
        name: "acme".to_owned(),
        display_name: "Acme".to_owned(),
        strategy: Provider::Oidc,
        upstream: None,
        enabled: true,
        audience: Audience::Everyone,
        authoritative_domains: if setting.authoritative { domains } else { Vec::new() },
        merge_rule: setting.merge_rule,
        created_at: NOW,
    }
}

fn who(back: &Return) -> ProvenIdentity {
    ProvenIdentity::from_upstream(UpstreamIdentity {
        connection: ConnectionId::new("con_acme"),
        issuer: "https://acme.example/".to_owned(),
        subject: back.subject.to_string(),
        email: back.address.map(|address| Email::parse(ADDRESSES[address]).unwrap()),
        email_verified: back.verified,
        profile: Profile::default(),
    })
}

fn policies() -> impl Strategy<Value = [EmailMatch; PEOPLE]> {
    prop::array::uniform3(prop::sample::select(vec![EmailMatch::Any, EmailMatch::SameDomain, EmailMatch::SameEmail]))
}

fn returns() -> impl Strategy<Value = Return> {
    let why = prop_oneof![
        3 => (0..PEOPLE, any::<bool>()).prop_map(|(person, confirmed)| Why::Accept { person, confirmed }),
        3 => Just(Why::SignIn),
        2 => (0..PEOPLE, any::<bool>()).prop_map(|(person, confirmed)| Why::Link { person, confirmed }),
    ];
    let merge_rule = prop::sample::select(vec![MergeRule::Confirm, MergeRule::Auto, MergeRule::Never]);
    let setting = (prop::bool::weighted(0.9), any::<bool>(), merge_rule)
        .prop_map(|(allowed, authoritative, merge_rule)| Setting { allowed, authoritative, merge_rule });
    (why, 0..5_usize, prop::option::weighted(0.9, 0..ADDRESSES.len()), any::<bool>(), setting)
        .prop_map(|(why, subject, address, verified, setting)| Return { why, subject, address, verified, setting })
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        12 => returns().prop_map(Deed::Return),
        2 => any::<Index>().prop_map(Deed::Answer),
        1 => (0..PEOPLE).prop_map(Deed::Block),
        1 => (0..PEOPLE).prop_map(Deed::Unblock),
        1 => (0..PEOPLE).prop_map(Deed::Revoke),
        1 => any::<Index>().prop_map(Deed::Unlink),
    ];
    prop::collection::vec(deed, 0..60)
}

proptest! {
    /// Cases 68 and 74 in the small: whatever happens, an identity has one owner, nobody who is pending or blocked
    /// signs in, and nothing is linked but by a rule that allows it.
    #[test]
    fn no_identity_has_two_owners(policies in policies(), deeds in deeds()) {
        let mut world = World::new(policies);
        for deed in &deeds {
            world.happen(deed)?;
        }
    }
}

/// The property above would hold in a world where nothing ever happens.
#[test]
fn everything_happens_in_the_small_world() {
    let (mut runner, strategy) = (TestRunner::deterministic(), (policies(), deeds()));
    let mut seen = BTreeSet::new();
    for _ in 0..300 {
        let (policies, deeds) = strategy.new_tree(&mut runner).unwrap().current();
        let mut world = World::new(policies);
        for deed in &deeds {
            world.happen(deed).unwrap();
        }
        seen.append(&mut world.seen);
    }
    let all = [
        "activate",
        "activate without a link",
        "answer",
        "ask about what was taken off",
        "ask for proof",
        "bring",
        "confirm",
        "confirm the account",
        "link",
        "merge at once",
        "merge two users",
        "offer to merge",
        "refuse to accept",
        "refuse to link",
        "refuse to sign in",
        "sign in",
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), all);
}
