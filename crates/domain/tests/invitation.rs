//! An invitation's life: no order of verbs, at no time, breaks its rules.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use guestlist_domain::email::Email;
use guestlist_domain::event::Actor;
use guestlist_domain::ids::{InvitationId, UserId};
use guestlist_domain::invitation::{
    DEFAULT_LIFETIME, Ended, Invitation, Key, Link, MAX_LIFETIME, OpenInvitation, Proof, Standing, State, Status,
    Terms, lifetime,
};
use guestlist_domain::session::Method;
use guestlist_domain::ticket::Channel;
use guestlist_domain::time::{Timestamp, days, hours};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseResult;
use rstest::rstest;
use std::time::Duration;

const BIRTH: Timestamp = Timestamp::from_millis(1_796_126_400_000);

/// One thing done to an invitation, some time after the one before.
#[derive(Clone, Debug)]
struct Step {
    wait: Duration,
    verb: Verb,
}

#[derive(Clone, Debug)]
enum Verb {
    Renew(Channel),
    HandOut,
    ChangeAddress(String),
    ChangeLifetime(Duration),
    Revoke,
    /// By one of all the links there ever were.
    Decline(Index),
    Accept(Index, Method),
}

/// An invitation, every link it ever had, and what a reader of the rules would expect of them.
struct Life {
    invitation: Invitation,
    now: Timestamp,
    links: Vec<(Link, Liveness)>,
    ends_at: Timestamp,
    mails: i64,
    ended: Option<State>,
}

fn link_of(open: &OpenInvitation) -> Link {
    match open.key() {
        Key::Link(link) => link.clone(),
        Key::ProvenAddress => panic!("it was opened by a link"),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Liveness {
    Newest,
    Dead,
}

impl Life {
    fn begin(terms: Terms) -> Self {
        let ends_at = BIRTH.plus(Duration::from_millis(terms.lifetime_ms));
        let (id, user, email) = (InvitationId::new("inv_1"), UserId::new("auth0|1"), email("anna"));
        let invitation = Invitation::new(id, user, email, terms, Actor::Operator, BIRTH);
        Self { invitation, now: BIRTH, links: Vec::new(), ends_at, mails: 0, ended: None }
    }

    fn live(&mut self, step: &Step) -> TestCaseResult {
        self.now = self.now.plus(step.wait);
        let (now, before) = (self.now, self.invitation.clone());
        match &step.verb {
            Verb::Renew(channel) => self.renew(before.renew(*channel, now), *channel)?,
            Verb::HandOut => self.hand_out(before.hand_out(now))?,
            Verb::ChangeAddress(name) => {
                if self.changed(before.change_address(email(name)))? {
                    prop_assert_eq!(&self.invitation.email, &email(name));
                    self.bury(None);
                }
            }
            Verb::ChangeLifetime(span) => {
                if self.changed(before.change_lifetime(*span, now))? {
                    self.ends_at = now.plus(*span);
                }
            }
            Verb::Revoke => {
                if self.changed(before.revoke(Actor::Operator, now))? {
                    self.end(State::Revoked { at: now, by: Actor::Operator });
                }
            }
            Verb::Decline(which) => {
                if let Some(Standing::Open(open)) = self.look(*which) {
                    self.invitation = Invitation::decline(*open, now);
                    self.end(State::Declined { at: now });
                }
            }
            Verb::Accept(which, by) => {
                if let Some(Standing::Open(open)) = self.look(*which) {
                    let proof = self.proof_by(link_of(&open).channel);
                    self.invitation = Invitation::accept(*open, by.clone(), now);
                    self.end(State::Accepted { at: now, by: by.clone(), proof });
                }
            }
        }
        self.is_sound()
    }

    fn look(&self, which: Index) -> Option<Standing> {
        let (link, _) = self.links.get(which.index(self.links.len().max(1)))?;
        Some(self.invitation.standing(link, self.now))
    }

    fn proof_by(&self, channel: Channel) -> Proof {
        match (channel, self.invitation.terms.mark_email_as_verified) {
            (Channel::Mailed, _) => Proof::Mailbox,
            (Channel::Handed, true) => Proof::Vouched,
            (Channel::Handed, false) => Proof::Possession,
        }
    }

    fn renew(&mut self, done: Result<(Invitation, Link), Ended>, channel: Channel) -> TestCaseResult {
        let (renewed, link) = split(done);
        if self.changed(renewed)? {
            self.bury(None);
            self.links.extend(link.map(|link| (link, Liveness::Newest)));
            self.ends_at = self.now.plus(Duration::from_millis(self.invitation.terms.lifetime_ms));
            self.mails += i64::from(channel == Channel::Mailed);
        }
        Ok(())
    }

    fn hand_out(&mut self, done: Result<(Invitation, Link), Ended>) -> TestCaseResult {
        let was_over = self.now >= self.ends_at;
        let (handed, link) = split(done);
        if self.changed(handed)? {
            self.bury(if was_over { None } else { Some(Channel::Handed) });
            self.links.extend(link.map(|link| (link, Liveness::Newest)));
            if was_over {
                self.ends_at = self.now.plus(Duration::from_millis(self.invitation.terms.lifetime_ms));
            }
        }
        Ok(())
    }

    /// Takes what a transition gave. One that was refused must name the end that the invitation has had.
    fn changed(&mut self, done: Result<Invitation, Ended>) -> Result<bool, TestCaseError> {
        match done {
            Ok(changed) => {
                prop_assert_eq!(&self.ended, &None, "an end is final");
                self.invitation = changed;
                Ok(true)
            }
            Err(told) => {
                let known = match &self.ended {
                    Some(State::Accepted { at, .. }) => Some(Ended::Accepted { at: *at }),
                    Some(State::Revoked { at, .. }) => Some(Ended::Revoked { at: *at }),
                    Some(State::Declined { at }) => Some(Ended::Declined { at: *at }),
                    Some(State::Pending { .. }) | None => None,
                };
                prop_assert_eq!(Some(told), known);
                Ok(false)
            }
        }
    }

    /// The links of this channel die, or all.
    fn bury(&mut self, channel: Option<Channel>) {
        let dies = |link: &Link| channel.is_none_or(|channel| link.channel == channel);
        self.links.iter_mut().filter(|(link, _)| dies(link)).for_each(|(_, alive)| *alive = Liveness::Dead);
    }

    fn end(&mut self, state: State) {
        self.bury(None);
        self.ended = Some(state);
    }

    fn is_sound(&self) -> TestCaseResult {
        let Invitation { state, generation, sends, .. } = &self.invitation;
        prop_assert_eq!(usize::try_from(*generation).unwrap(), self.links.len(), "every link has its number");
        prop_assert_eq!(*sends, self.mails);
        if let Some(ended) = &self.ended {
            prop_assert_eq!(state, ended, "an end is final");
        }
        prop_assert_eq!(self.invitation.expires_at(), self.ended.is_none().then_some(self.ends_at));
        let millisecond = Duration::from_millis(1);
        for moment in [BIRTH, self.now, self.ends_at.minus(millisecond), self.ends_at, self.ends_at.plus(days(365))] {
            self.is_sound_at(moment)?;
        }
        Ok(())
    }

    fn is_sound_at(&self, moment: Timestamp) -> TestCaseResult {
        let status = match &self.ended {
            None if moment >= self.ends_at => Status::Expired,
            None => Status::Pending,
            Some(State::Accepted { .. }) => Status::Accepted,
            Some(State::Revoked { .. }) => Status::Revoked,
            Some(State::Declined { .. } | State::Pending { .. }) => Status::Declined,
        };
        prop_assert_eq!(self.invitation.status(moment), status);
        let mut open = Vec::new();
        for (link, alive) in &self.links {
            let standing = self.invitation.standing(link, moment);
            let expected = match (status, alive) {
                (Status::Pending, Liveness::Newest) => "open",
                (Status::Expired, Liveness::Newest) => "expired",
                (Status::Pending | Status::Expired, Liveness::Dead) => "replaced",
                (ended, _) => ended.as_str(),
            };
            prop_assert_eq!(word(&standing), expected, "{:?} at {:?}", link, moment);
            if let Standing::Open(evidence) = standing {
                prop_assert_eq!(evidence.proof(), self.proof_by(link.channel));
                prop_assert_eq!((evidence.invitation(), evidence.key()), (&self.invitation, &Key::Link(link.clone())));
                open.push(link);
            }
            let foreign = Link { invitation: InvitationId::new("inv_2"), ..link.clone() };
            prop_assert!(!matches!(self.invitation.standing(&foreign, moment), Standing::Open(_)));
        }
        for channel in [Channel::Mailed, Channel::Handed] {
            let newest = self.links.iter().map(|(link, _)| link).rfind(|link| link.channel == channel);
            let opens: Vec<&Link> = open.iter().copied().filter(|link| link.channel == channel).collect();
            prop_assert!(opens.is_empty() || opens == newest.into_iter().collect::<Vec<_>>(), "{opens:?}");
        }
        Ok(())
    }
}

fn split(done: Result<(Invitation, Link), Ended>) -> (Result<Invitation, Ended>, Option<Link>) {
    match done {
        Ok((invitation, link)) => (Ok(invitation), Some(link)),
        Err(ended) => (Err(ended), None),
    }
}

fn word(standing: &Standing) -> &'static str {
    match standing {
        Standing::Open(_) => "open",
        Standing::Expired => "expired",
        Standing::Replaced => "replaced",
        Standing::Accepted { .. } => "accepted",
        Standing::Revoked { .. } => "revoked",
        Standing::Declined { .. } => "declined",
    }
}

fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@example.org")).unwrap()
}

fn terms() -> impl Strategy<Value = Terms> {
    (any::<bool>(), 1..3_u64).prop_map(|(mark_email_as_verified, length)| Terms {
        mark_email_as_verified,
        lifetime_ms: length * 3_600_000,
        ..Terms::default()
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let verb = prop_oneof![
        6 => select(vec![Channel::Mailed, Channel::Handed]).prop_map(Verb::Renew),
        4 => Just(Verb::HandOut),
        2 => "[a-z]{1,8}".prop_map(Verb::ChangeAddress),
        2 => (1..200_u64).prop_map(|minutes| Verb::ChangeLifetime(Duration::from_secs(minutes * 60))),
        1 => Just(Verb::Revoke),
        1 => any::<Index>().prop_map(Verb::Decline),
        3 => (any::<Index>(), any::<bool>()).prop_map(|(which, by_password)| {
            let upstream = Method::Upstream("acme".to_owned());
            Verb::Accept(which, if by_password { Method::Password } else { upstream })
        }),
    ];
    let wait = prop_oneof![3 => Just(Duration::ZERO), 3 => (1..1_800_000_u64).prop_map(Duration::from_millis), 1 => Just(hours(1))];
    prop::collection::vec((wait, verb).prop_map(|(wait, verb)| Step { wait, verb }), 0..40)
}

proptest! {
    /// Cases 7, 9 and 10 as rules: nothing leaves Accepted, Revoked or Declined; at most the newest link of each
    /// channel is open, and only before the end of its time; what an acceptance proves is what its link proves.
    #[test]
    fn no_order_of_verbs_breaks_a_rule(terms in terms(), steps in steps()) {
        let mut life = Life::begin(terms);
        for step in &steps {
            life.live(step)?;
        }
    }
}

#[rstest]
#[case(None, DEFAULT_LIFETIME)]
#[case(Some(Duration::ZERO), DEFAULT_LIFETIME)]
#[case(Some(hours(5)), hours(5))]
#[case(Some(MAX_LIFETIME), MAX_LIFETIME)]
#[case(Some(days(31)), MAX_LIFETIME)]
#[case(Some(Duration::MAX), MAX_LIFETIME)]
fn a_lifetime_keeps_its_limits(#[case] wished: Option<Duration>, #[case] given: Duration) {
    assert_eq!(lifetime(wished, DEFAULT_LIFETIME), given);
}

#[rstest]
#[case(0, "open")]
#[case(3_599_999, "open")]
#[case(3_600_000, "expired")]
#[case(3_600_001, "expired")]
fn case_007_the_end_is_computed_when_a_link_is_looked_at(#[case] after_ms: u64, #[case] expected: &str) {
    let life = Life::begin(Terms { lifetime_ms: 3_600_000, ..Terms::default() });
    let (invitation, link) = life.invitation.renew(Channel::Mailed, BIRTH).unwrap();
    assert_eq!(word(&invitation.standing(&link, BIRTH.plus(Duration::from_millis(after_ms)))), expected);
}

#[test]
fn a_copied_link_lives_beside_the_mailed_one() {
    let life = Life::begin(Terms { lifetime_ms: 1_000, ..Terms::default() });
    let (invitation, mailed) = life.invitation.renew(Channel::Mailed, BIRTH).unwrap();
    let (invitation, first_copy) = invitation.hand_out(BIRTH).unwrap();
    let (invitation, second_copy) = invitation.hand_out(BIRTH).unwrap();
    let words = [&mailed, &first_copy, &second_copy].map(|link| word(&invitation.standing(link, BIRTH)));
    assert_eq!(words, ["open", "replaced", "open"]);
    let (invitation, _) = invitation.renew(Channel::Mailed, BIRTH).unwrap();
    let words = [&mailed, &second_copy].map(|link| word(&invitation.standing(link, BIRTH)));
    assert_eq!(words, ["replaced", "replaced"]);
}

#[test]
fn words_survive_storage() {
    for proof in [Proof::Mailbox, Proof::Possession, Proof::Vouched] {
        assert_eq!(Proof::parse(proof.as_str()), Some(proof));
    }
    for status in [Status::Pending, Status::Expired, Status::Accepted, Status::Revoked, Status::Declined] {
        assert_eq!(Status::parse(status.as_str()), Some(status));
    }
    assert_eq!((Proof::parse("guess"), Status::parse("any")), (None, None));
}
