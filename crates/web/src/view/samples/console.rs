//! The pages of the console in several states.

use super::{NOON, Samples, check, some};
use crate::view::console::{
    ByWhom, Choice, DeliveryFacts, InvitationDone, InvitationPage, InvitationRow, InvitationsPage, InviteForm,
    InvitePage, InviteProblem, LedgerRow, Moment, MoveRow, PeoplePage, PersonPage, PersonRow, PersonState, PersonWay,
    RevokePage,
};
use crate::view::parts::Pages;
use guestlist_domain::event::EventKind;
use guestlist_domain::identity::LinkRule;
use guestlist_domain::invitation::Status;
use guestlist_domain::ledger::{Kind, Proof};
use guestlist_domain::mail::DeliveryStatus;

const USER: &str = "auth0|0123456789abcdef01234567";

impl Samples for InvitationsPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let row = |email: &str, status, delivery| InvitationRow {
            id: format!("inv_{}", &email[..3]),
            email: email.to_owned(),
            application: some("Harbour"),
            status,
            delivery,
            created_at: NOON,
        };
        let rows = vec![
            row("anna@example.org", Status::Pending, DeliveryStatus::Queued),
            row("bela@example.org", Status::Pending, DeliveryStatus::Sent),
            row("cleo@example.org", Status::Accepted, DeliveryStatus::Sent),
            row("dara.with.a.rather.long.name@department.example.org", Status::Expired, DeliveryStatus::Bounced),
            row("emil@example.org", Status::Revoked, DeliveryStatus::Cancelled),
            row("faye@example.org", Status::Declined, DeliveryStatus::Failed),
            InvitationRow { application: None, ..row("gwen@example.org", Status::Pending, DeliveryStatus::None) },
        ];
        let pages = Pages { previous: some("/admin?page=0"), next: some("/admin?status=pending&page=2") };
        vec![
            ("empty", Self { status: None, rows: vec![], pages: Pages::default() }),
            ("none_such", Self { status: Some(Status::Revoked), rows: vec![], pages: Pages::default() }),
            ("full", Self { status: None, rows, pages }),
        ]
    }
}

impl Samples for InvitePage {
    fn samples() -> Vec<(&'static str, Self)> {
        let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
        let form = InviteForm {
            email: "anna@example.org".to_owned(),
            name: "Anna Berg".to_owned(),
            application: "harbour".to_owned(),
            message: "Welcome\n</textarea><b>".to_owned(),
            language: "de".to_owned(),
        };
        let full = Self {
            form: InviteForm::default(),
            applications: vec![choice("harbour", "Harbour"), choice("desk", "Help desk")],
            languages: vec![choice("en", "English"), choice("de", "Deutsch")],
            mails: true,
            problem: None,
        };
        let with = |problem| Self { form: form.clone(), problem: Some(problem), ..full.clone() };
        vec![
            ("no_mail", Self { applications: vec![], mails: false, ..full.clone() }),
            ("not_an_address", with(InviteProblem::NotAnAddress)),
            ("pending", with(InviteProblem::AlreadyPending { invitation: "inv_1".to_owned() })),
            ("here", with(InviteProblem::AlreadyHere { user: USER.to_owned() })),
            ("too_many", with(InviteProblem::TooMany)),
            ("empty", full),
        ]
    }
}

fn mara() -> ByWhom {
    ByWhom::User { name: "Mara Lindqvist".to_owned() }
}

fn moment(event: EventKind, by: ByWhom) -> Moment {
    Moment { at: NOON, event: event.as_str().to_owned(), by }
}

impl Samples for InvitationPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let delivery =
            DeliveryFacts { status: DeliveryStatus::Sent, attempts: 1, sent_at: Some(NOON), last_error: None };
        let full = Self {
            id: "inv_1".to_owned(),
            user: USER.to_owned(),
            email: "anna@example.org".to_owned(),
            name: some("Anna Berg"),
            application: some("Harbour"),
            inviter: some("Mara Lindqvist"),
            message: some("Welcome aboard, Anna!\nYour desk is the one by the window."),
            status: Status::Pending,
            expires_at: Some(NOON),
            delivery,
            timeline: vec![
                moment(EventKind::InvitationCreated, mara()),
                moment(EventKind::InvitationSent, ByWhom::System),
            ],
            link: None,
            mails: true,
            done: Some(InvitationDone::Invited),
        };
        let refused = DeliveryFacts {
            status: DeliveryStatus::Queued,
            attempts: 3,
            sent_at: None,
            last_error: some("450 4.2.0 Greylisted"),
        };
        let every_event = EventKind::ALL.iter().map(|kind| moment(*kind, ByWhom::Operator)).collect();
        let accepted = Self {
            status: Status::Accepted,
            expires_at: None,
            name: None,
            application: None,
            inviter: None,
            message: None,
            timeline: every_event,
            done: None,
            ..full.clone()
        };
        let link = Self {
            link: some("https://id.example.org/i/gl_inv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            done: Some(InvitationDone::LinkMade),
            mails: false,
            ..full.clone()
        };
        let revoked = Self { status: Status::Revoked, done: Some(InvitationDone::Revoked), ..full.clone() };
        let resent = Self { delivery: refused, done: Some(InvitationDone::Resent), ..full.clone() };
        vec![("link", link), ("accepted", accepted), ("resent", resent), ("revoked", revoked), ("pending", full)]
    }
}

impl Samples for RevokePage {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("ask", Self { id: "inv_1".to_owned(), email: "anna@example.org".to_owned() })]
    }
}

impl Samples for PeoplePage {
    fn samples() -> Vec<(&'static str, Self)> {
        let row = |email: &str, state, last_login_at| PersonRow {
            id: USER.to_owned(),
            name: some("Anna Berg"),
            email: email.to_owned(),
            state,
            last_login_at,
        };
        let rows = vec![
            row("anna@example.org", PersonState::Active, Some(NOON)),
            PersonRow { name: None, ..row("bela@example.org", PersonState::Pending, None) },
            row("cleo@example.org", PersonState::Blocked, Some(NOON)),
        ];
        vec![
            ("none", Self { search: "zoe\"".to_owned(), rows: vec![], pages: Pages::default() }),
            (
                "full",
                Self {
                    search: String::new(),
                    rows,
                    pages: Pages { previous: None, next: some("/admin/people?page=1") },
                },
            ),
        ]
    }
}

/// A change of the address that can be undone, and one that was.
fn moves() -> Vec<MoveRow> {
    let moved = MoveRow {
        id: "ach_1".to_owned(),
        at: NOON,
        from: "anna@example.com".to_owned(),
        to: "anna@example.org".to_owned(),
        closed: false,
        undoable_until: Some(NOON),
    };
    vec![moved.clone(), MoveRow { closed: true, undoable_until: None, ..moved }]
}

impl Samples for PersonPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let way = |rule: LinkRule| PersonWay {
            label: "Google".to_owned(),
            email: some("anna.berg@gmail.example"),
            linked_at: NOON,
            rule: rule.as_str().to_owned(),
        };
        let rules = [
            LinkRule::Acceptance,
            LinkRule::OwnAccount,
            LinkRule::ConfirmedAtSignIn,
            LinkRule::Authoritative,
            LinkRule::Api,
            LinkRule::Restored,
            LinkRule::Merged,
        ];
        let client = ByWhom::Client { name: "Backend".to_owned() };
        let line = |kind: Kind, rule: &str, by: ByWhom| LedgerRow {
            id: "lgr_1".to_owned(),
            at: NOON,
            kind: kind.as_str().to_owned(),
            provider: some("Google"),
            email: some("anna.berg@gmail.example"),
            rule: rule.to_owned(),
            proofs: Proof::ALL.iter().map(|proof| proof.as_str().to_owned()).collect(),
            by,
            undone: false,
            undoable_until: Some(NOON),
        };
        let merged = line(Kind::Merged, "merged", ByWhom::System);
        let ledger = vec![
            line(Kind::Linked, "own_account", client.clone()),
            LedgerRow { undone: true, undoable_until: None, ..line(Kind::Unlinked, "removed_by_owner", ByWhom::Guest) },
            line(Kind::Unlinked, "removed_by_api", client.clone()),
            line(Kind::Unlinked, "undone", ByWhom::Guest),
            LedgerRow { provider: None, email: None, undoable_until: None, ..merged },
        ];
        let full = Self {
            id: USER.to_owned(),
            name: some("Anna Berg"),
            email: "anna@example.org".to_owned(),
            email_verified: true,
            state: PersonState::Active,
            admin: true,
            own: true,
            created_at: NOON,
            last_login_at: Some(NOON),
            logins_count: 2,
            password: true,
            ways: rules.map(way).to_vec(),
            invitation: some("inv_1"),
            timeline: vec![moment(EventKind::LoginSucceeded, ByWhom::Guest), moment(EventKind::UserCreated, client)],
            ledger,
            moves: moves(),
            problem: None,
        };
        let pending = Self {
            name: None,
            email_verified: false,
            state: PersonState::Pending,
            admin: false,
            own: false,
            last_login_at: None,
            logins_count: 0,
            password: false,
            ways: vec![],
            ledger: vec![],
            moves: vec![],
            invitation: None,
            ..full.clone()
        };
        let blocked = Self { state: PersonState::Blocked, logins_count: 1, own: false, ..full.clone() };
        let refused = Self { problem: some("It is the last way in, so it stays."), ..full.clone() };
        vec![("pending", pending), ("blocked", blocked), ("refused", refused), ("own", full)]
    }
}

#[test]
fn every_page_of_the_console_renders() {
    check::<InvitationsPage>();
    check::<InvitePage>();
    check::<InvitationPage>();
    check::<RevokePage>();
    check::<PeoplePage>();
    check::<PersonPage>();
}
