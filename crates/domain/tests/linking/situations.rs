//! Every situation that `decide` can meet, for each of the three purposes.
//!
//! Knows how a situation is put to the rule. Users are named by the part they play, so that an answer tells who is meant.

use crate::table::{Column, Table};
use guestlist_domain::connection::{Audience, Connection, MergeRule, Strategy};
use guestlist_domain::email::Email;
use guestlist_domain::event::Actor;
use guestlist_domain::identity::{ProvenIdentity, UpstreamIdentity};
use guestlist_domain::ids::{ConnectionId, InvitationId, UserId};
use guestlist_domain::invitation::{EmailMatch, Invitation, OpenInvitation, Standing as LinkStanding, Terms};
use guestlist_domain::linking::{Account, Decision, Facts, OtherAddress, Owner, Purpose, Refusal, bring, decide};
use guestlist_domain::ticket::Channel;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Profile, Standing};

const NOW: Timestamp = Timestamp::from_millis(1_796_126_400_000);
const INVITED: &str = "anna@example.org";

/// To whom (issuer, subject) belongs.
#[derive(Clone, Copy)]
enum Whose {
    Nobody,
    This,
    Another,
}

const YES_NO: &[(&str, bool)] = &[("yes", true), ("no", false)];
const NO_YES: &[(&str, bool)] = &[("no", false), ("yes", true)];
const STANDINGS: &[(&str, Standing)] =
    &[("pending", Standing::Pending), ("active", Standing::Active), ("blocked", Standing::Blocked)];
const POLICIES: &[(&str, EmailMatch)] =
    &[("any", EmailMatch::Any), ("same_domain", EmailMatch::SameDomain), ("same_email", EmailMatch::SameEmail)];
const MERGE_RULES: &[(&str, MergeRule)] =
    &[("confirm", MergeRule::Confirm), ("auto", MergeRule::Auto), ("never", MergeRule::Never)];
const THREE_OWNERS: &[(&str, Whose)] =
    &[("nobody", Whose::Nobody), ("this user", Whose::This), ("somebody else", Whose::Another)];
const TWO_OWNERS: &[(&str, Whose)] = &[("nobody", Whose::Nobody), ("somebody", Whose::Another)];
const ADDRESSES: &[(&str, Option<&str>)] = &[
    ("the invited one", Some(INVITED)),
    ("its domain", Some("ben@example.org")),
    ("another", Some("anna@example.net")),
    ("none", None),
];
const INVITED_ADDRESS: &[(&str, Option<Standing>)] =
    &[("nobody", None), ("pending", Some(Standing::Pending)), ("blocked", Some(Standing::Blocked))];
const PROVEN: &[(&str, Option<&str>)] = &[
    ("the invited one", Some(INVITED)),
    ("its domain", Some("ben@example.org")),
    ("another", Some("anna@example.net")),
    ("none", None),
];
const SAME_ADDRESS: &[(&str, Option<Standing>)] = &[
    ("nobody", None),
    ("active", Some(Standing::Active)),
    ("pending", Some(Standing::Pending)),
    ("blocked", Some(Standing::Blocked)),
];

/// What is alike for all purposes: who came back, and what the database knows.
struct Situation {
    allowed: bool,
    whose: Whose,
    owner_is: Standing,
    same_address: Option<Standing>,
    taken_off: bool,
    invited: Option<Standing>,
    merge_rule: MergeRule,
    address: Option<&'static str>,
    verified: bool,
}

impl Situation {
    fn put(&self, purpose: &Purpose<'_>, this: &str) -> String {
        let owner = match self.whose {
            Whose::Nobody => None,
            Whose::This => Some(UserId::new(this)),
            Whose::Another => Some(UserId::new("owner of the identity")),
        };
        let (connection, who) = (connection(self.merge_rule), came_back(self.address, self.verified));
        let open = open_invitation(EmailMatch::Any, "the invited user");
        let facts = Facts {
            connection: &connection,
            allowed: self.allowed,
            owner: owner.map(|user| Owner { user, standing: self.owner_is }),
            same_address: self
                .same_address
                .map(|standing| Owner { user: UserId::new("owner of the address"), standing }),
            taken_off: self.taken_off,
            invited: self.invited.map(|standing| (&open, standing)),
        };
        words(&decide(purpose, &who, &facts), self.address)
    }
}

/// The decision in words, after a look at the addresses that it names.
fn words(decision: &Decision, came: Option<&str>) -> String {
    let check = |other: &OtherAddress| {
        assert_eq!((other.invited.as_str(), other.came.as_ref().map(Email::as_str)), (INVITED, came));
    };
    match decision {
        Decision::Activate(user) => format!("Activate({user})"),
        Decision::SignIn(user) => format!("SignIn({user})"),
        Decision::Link(user) => format!("Link({user})"),
        Decision::AskProof(user) => format!("AskProof({user})"),
        Decision::BringTo(user) => format!("BringTo({user})"),
        Decision::ConfirmAccount(user) => format!("ConfirmAccount({user})"),
        Decision::OfferMerge(user) => format!("OfferMerge({user})"),
        Decision::Merge(user) => format!("Merge({user})"),
        Decision::Confirm(other) => {
            check(other);
            "Confirm(both addresses)".to_owned()
        }
        Decision::Refuse(Refusal::OtherEmail(other)) => {
            check(other);
            "Refuse(OtherEmail)".to_owned()
        }
        Decision::Refuse(refusal) => format!("Refuse({refusal:?})"),
    }
}

fn connection(merge_rule: MergeRule) -> Connection {
    Connection {
        id: ConnectionId::new("con_acme"),
        name: "acme".to_owned(),
        display_name: "Acme".to_owned(),
        strategy: Strategy::Oidc,
        upstream: None,
        enabled: true,
        audience: Audience::Everyone,
        authoritative_domains: Vec::new(),
        merge_rule,
        created_at: NOW,
    }
}

fn came_back(address: Option<&str>, verified: bool) -> ProvenIdentity {
    ProvenIdentity::from_upstream(UpstreamIdentity {
        connection: ConnectionId::new("con_acme"),
        issuer: "https://acme.example/".to_owned(),
        subject: "248289761001".to_owned(),
        email: address.map(|address| Email::parse(address).unwrap()),
        email_verified: verified,
        profile: Profile::default(),
    })
}

fn open_invitation(email_match: EmailMatch, user: &str) -> OpenInvitation {
    let terms = Terms { email_match, lifetime_ms: 1, ..Terms::default() };
    let (id, user) = (InvitationId::new("inv_1"), UserId::new(user));
    let invitation = Invitation::new(id, user, Email::parse(INVITED).unwrap(), terms, Actor::Operator, NOW);
    let (invitation, link) = invitation.renew(Channel::Mailed, NOW).unwrap();
    let LinkStanding::Open(open) = invitation.standing(&link, NOW) else { panic!("a new link is open") };
    *open
}

/// The situations of a guest who comes back from a provider to accept an invitation.
pub(crate) fn to_accept() -> Table {
    let columns = vec![
        Column::of("open here", NO_YES),
        Column::of("invited user", STANDINGS),
        Column::of("identity of", THREE_OWNERS),
        Column::of("policy", POLICIES),
        Column::of("provider's address", ADDRESSES),
        Column::of("verified", YES_NO),
        Column::of("pressed", NO_YES),
        Column::of("the owner is", STANDINGS),
        Column::of("the merge rule", MERGE_RULES),
        Column::of("who proved the same address", SAME_ADDRESS),
        Column::of("taken off before", NO_YES),
    ];
    Table::ask(columns, |at| {
        let &[
            allowed,
            standing,
            whose,
            policy,
            address,
            verified,
            confirmed,
            owner_is,
            merge_rule,
            same_address,
            taken_off,
        ] = at
        else {
            panic!("a value of each column")
        };
        let open = open_invitation(POLICIES[policy].1, "this user");
        let (standing, confirmed) = (STANDINGS[standing].1, NO_YES[confirmed].1);
        let situation = Situation {
            allowed: NO_YES[allowed].1,
            whose: THREE_OWNERS[whose].1,
            owner_is: STANDINGS[owner_is].1,
            same_address: SAME_ADDRESS[same_address].1,
            taken_off: NO_YES[taken_off].1,
            invited: None,
            merge_rule: MERGE_RULES[merge_rule].1,
            address: ADDRESSES[address].1,
            verified: YES_NO[verified].1,
        };
        situation.put(&Purpose::Accept { open: &open, standing, confirmed }, "this user")
    })
}

/// The situations of somebody who comes back to sign in.
pub(crate) fn to_sign_in() -> Table {
    let columns = vec![
        Column::of("open here", NO_YES),
        Column::of("identity of", TWO_OWNERS),
        Column::of("its owner", STANDINGS),
        Column::of("same address proven by", SAME_ADDRESS),
        Column::of("merge rule", MERGE_RULES),
        Column::of("taken off before", NO_YES),
        Column::of("invitation open for", INVITED_ADDRESS),
        Column::of("which address the provider tells", ADDRESSES),
        Column::of("whether it says that it verified it", YES_NO),
    ];
    Table::ask(columns, |at| {
        let &[allowed, whose, owner_is, same_address, merge_rule, taken_off, invited, address, verified] = at else {
            panic!("a value of each column")
        };
        let situation = Situation {
            allowed: NO_YES[allowed].1,
            whose: TWO_OWNERS[whose].1,
            owner_is: STANDINGS[owner_is].1,
            same_address: SAME_ADDRESS[same_address].1,
            taken_off: NO_YES[taken_off].1,
            invited: INVITED_ADDRESS[invited].1,
            merge_rule: MERGE_RULES[merge_rule].1,
            address: ADDRESSES[address].1,
            verified: YES_NO[verified].1,
        };
        situation.put(&Purpose::SignIn, "nobody plays this part")
    })
}

/// The situations of a signed-in user who comes back to connect another way in.
pub(crate) fn to_link() -> Table {
    let columns = vec![
        Column::of("open here", NO_YES),
        Column::of("signed-in user", STANDINGS),
        Column::of("identity of", THREE_OWNERS),
        Column::of("the owner's standing", STANDINGS),
        Column::of("pressed", NO_YES),
        Column::of("who proved the same address", SAME_ADDRESS),
        Column::of("the merge rule", MERGE_RULES),
        Column::of("taken off before", NO_YES),
        Column::of("which address the provider tells", ADDRESSES),
        Column::of("whether it says that it verified it", YES_NO),
    ];
    let this = UserId::new("this user");
    Table::ask(columns, |at| {
        let &[allowed, standing, whose, owner_is, confirmed, same_address, merge_rule, taken_off, address, verified] =
            at
        else {
            panic!("a value of each column")
        };
        let situation = Situation {
            allowed: NO_YES[allowed].1,
            whose: THREE_OWNERS[whose].1,
            owner_is: STANDINGS[owner_is].1,
            same_address: SAME_ADDRESS[same_address].1,
            taken_off: NO_YES[taken_off].1,
            invited: None,
            merge_rule: MERGE_RULES[merge_rule].1,
            address: ADDRESSES[address].1,
            verified: YES_NO[verified].1,
        };
        let (standing, confirmed) = (STANDINGS[standing].1, NO_YES[confirmed].1);
        situation.put(&Purpose::Link { user: &this, standing, confirmed }, "this user")
    })
}

/// The situations of somebody who holds a link and is signed in as somebody else than the invited user.
pub(crate) fn to_bring() -> Table {
    let columns = vec![
        Column::of("signed-in user", STANDINGS),
        Column::of("policy", POLICIES),
        Column::of("proven address", PROVEN),
    ];
    let this = UserId::new("this user");
    Table::ask(columns, |at| {
        let &[standing, policy, proven] = at else { panic!("a value of each column") };
        let open = open_invitation(POLICIES[policy].1, "the invited user");
        let (standing, address) = (STANDINGS[standing].1, PROVEN[proven].1);
        let proven = address.map(|address| Email::parse(address).unwrap());
        words(&bring(&open, &Account { user: &this, standing, proven: proven.as_ref() }), address)
    })
}
