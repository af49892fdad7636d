//! Every page in several states: rendered in every language, and kept as snapshots in English.

use super::accept::{
    AcceptPage, ConfirmAddressPage, DeadLink, DeadLinkPage, DeclinedPage, LinkSentPage, WrongUserPage,
};
use super::account::{AccountPage, Confirmed, Done, PasswordWay, SessionFacts, Way};
use super::address::{AddressPage, ChangeAddressPage};
use super::merge::{Differs, MergePage};
use super::notice::{Notice, NoticePage};
use super::parts::{Masked, Problem, Provider};
use super::recover::{DeadReset, DeadResetPage, ForgotPage, ForgotSentPage, ResetDonePage, ResetPage};
use super::sign_in::{
    AskProofPage, Back, FreshSignInPage, LoggedOutPage, LoginPage, LogoutPage, RefusalPage, RefusalReason,
};
use super::undo::{DeadUndo, DeadUndoPage, UndoDonePage, UndoPage};
use super::{Frame, Page, assets, render};
use guestlist_app::i18n::Language;
use guestlist_domain::email::Email;
use guestlist_domain::time::Timestamp;

mod answer;
mod connections;
mod console;
mod webhooks;

/// A page with examples of itself.
pub(super) trait Samples: Page + Sized {
    /// Examples, each with the name of its state.
    fn samples() -> Vec<(&'static str, Self)>;
}

#[expect(clippy::unnecessary_wraps, reason = "samples are read more easily with it")]
pub(super) fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub(super) const NOON: Timestamp = Timestamp::from_millis(1_795_435_200_000);

fn anna() -> Email {
    Email::parse("anna@example.org").unwrap()
}

fn providers() -> Vec<Provider> {
    let provider =
        |connection: &str, label: &str| Provider { connection: connection.to_owned(), label: label.to_owned() };
    vec![provider("google-oauth2", "Google"), provider("acme", "Acme & <Sons>")]
}

impl Samples for AcceptPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let full = Self {
            inviter: some("Mara Lindqvist"),
            application: some("Harbour"),
            email: "anna@example.org".to_owned(),
            message: some("Welcome aboard, Anna!\nYour desk is the one by the window."),
            expires_at: NOON,
            password: true,
            providers: providers(),
            problem: None,
        };
        let bare = Self { inviter: None, application: None, message: None, providers: vec![], ..full.clone() };
        vec![
            ("weak_password", Self { problem: Some(Problem::PasswordGuessable), message: None, ..full.clone() }),
            ("by_inviter", Self { inviter: some("Mara Lindqvist"), ..bare.clone() }),
            ("to_application", Self { application: some("<script>alert(1)</script>"), ..bare.clone() }),
            ("by_provider_only", Self { password: false, problem: None, ..full.clone() }),
            ("no_way", Self { password: false, ..bare.clone() }),
            ("bare", bare),
            ("full", full),
        ]
    }
}

impl Samples for ConfirmAddressPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let full = Self {
            trip: "flw_1".to_owned(),
            invited: "anna@example.org".to_owned(),
            came: some("anna.berg@gmail.example"),
            provider: "Google".to_owned(),
            account: None,
        };
        let account = Self { account: some("anna@example.net"), ..full.clone() };
        vec![("no_address", Self { came: None, ..full.clone() }), ("full", full), ("account", account)]
    }
}

impl Samples for DeadLinkPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |reason, mail| Self {
            reason,
            mail_to: mail,
            inviter: some("Mara Lindqvist"),
            application: some("Harbour"),
        };
        vec![
            ("expired", page(DeadLink::Expired, Some(Masked::new(anna())))),
            ("replaced", page(DeadLink::Replaced, Some(Masked::new(anna())))),
            ("used", page(DeadLink::Used, None)),
            ("revoked", page(DeadLink::Revoked, None)),
            ("declined", Self { inviter: None, ..page(DeadLink::Declined, None) }),
            ("unknown", Self { inviter: None, application: None, ..page(DeadLink::Unknown, None) }),
        ]
    }
}

impl Samples for LinkSentPage {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("sent", Self { mail_to: Masked::new(anna()) })]
    }
}

impl Samples for WrongUserPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = Self {
            signed_in_as: "bo@example.org".to_owned(),
            invited: "anna@example.org".to_owned(),
            application: some("Harbour"),
            may_bring: false,
        };
        vec![("may_bring", Self { may_bring: true, ..page.clone() }), ("wrong", page)]
    }
}

impl Samples for DeclinedPage {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("by_inviter", Self { inviter: some("Mara Lindqvist") }), ("bare", Self { inviter: None })]
    }
}

impl Samples for LoginPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let full = Self {
            application: some("Harbour"),
            email: String::new(),
            password: true,
            providers: providers(),
            problem: None,
            wanted_signup: false,
            resume: some("sealed"),
            to: None,
        };
        let bare = Self { password: true, to: Some("console"), ..Self::default() };
        let wrong = Some(Problem::WrongCredentials);
        let typed = "anna@example.org\"><b>".to_owned();
        vec![
            ("wrong", Self { problem: wrong, email: typed, ..full.clone() }),
            ("too_many", Self { problem: Some(Problem::TooManyAttempts), ..bare.clone() }),
            ("signup", Self { wanted_signup: true, ..full.clone() }),
            ("by_provider_only", Self { password: false, ..full.clone() }),
            ("bare", bare),
            ("full", full),
        ]
    }
}

impl Samples for AskProofPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let full = Self {
            provider: "Acme".to_owned(),
            email: "anna@example.org".to_owned(),
            password: true,
            providers: providers(),
            problem: None,
        };
        let wrong = Self { problem: Some(Problem::WrongCredentials), providers: vec![], ..full.clone() };
        vec![("wrong", wrong), ("by_provider_only", Self { password: false, ..full.clone() }), ("full", full)]
    }
}

impl Samples for FreshSignInPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let full = Self { email: "anna@example.org".to_owned(), password: true, providers: providers(), problem: None };
        let wrong = Self { problem: Some(Problem::WrongCredentials), providers: vec![], ..full.clone() };
        vec![("wrong", wrong), ("by_provider_only", Self { password: false, ..full.clone() }), ("full", full)]
    }
}

impl Samples for RefusalPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let back =
            Back::Application { name: "Harbour".to_owned(), url: "https://harbour.example/back?a=b&c".to_owned() };
        let page =
            |reason| Self { reason, provider: some("Google"), came: None, invited: None, back: Back::Invitation };
        let came = || some("anna.berg@gmail.example");
        let plain = |reason, back| Self { reason, provider: None, came: None, invited: None, back };
        vec![
            ("not_invited", Self { came: came(), back, ..page(RefusalReason::NotInvited) }),
            ("not_invited_plain", plain(RefusalReason::NotInvited, Back::Login)),
            ("linked_elsewhere", Self { back: Back::Account, ..page(RefusalReason::LinkedElsewhere) }),
            ("linked_elsewhere_plain", plain(RefusalReason::LinkedElsewhere, Back::Account)),
            ("not_allowed", page(RefusalReason::ConnectionNotAllowed)),
            ("not_allowed_plain", plain(RefusalReason::ConnectionNotAllowed, Back::Login)),
            ("not_verified", Self { came: came(), ..page(RefusalReason::EmailNotVerified) }),
            ("not_verified_plain", plain(RefusalReason::EmailNotVerified, Back::Invitation)),
            ("other", Self { came: came(), invited: some("anna@example.org"), ..page(RefusalReason::OtherEmail) }),
            ("other_plain", plain(RefusalReason::OtherEmail, Back::Invitation)),
            ("blocked", Self { back: Back::Login, ..page(RefusalReason::UserBlocked) }),
            ("blocked_plain", plain(RefusalReason::UserBlocked, Back::Login)),
        ]
    }
}

impl Samples for LogoutPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = Self { email: "anna@example.org".to_owned(), resume: some("sealed") };
        vec![("bare", Self { resume: None, ..page.clone() }), ("full", page)]
    }
}

impl Samples for LoggedOutPage {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("out", Self {})]
    }
}

impl Samples for ForgotPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let problem = Some(Problem::NotAnAddress);
        vec![("empty", Self::default()), ("wrong", Self { email: "anna".to_owned(), problem })]
    }
}

impl Samples for ForgotSentPage {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("sent", Self { email: "anna@example.org".to_owned() })]
    }
}

impl Samples for ResetPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let problems = [
            ("empty", None),
            ("too_short", Some(Problem::PasswordTooShort)),
            ("too_long", Some(Problem::PasswordTooLong)),
            ("personal", Some(Problem::PasswordPersonal)),
        ];
        problems.map(|(state, problem)| (state, Self { email: "anna@example.org".to_owned(), problem })).to_vec()
    }
}

impl Samples for DeadResetPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let reasons = [
            ("expired", DeadReset::Expired),
            ("replaced", DeadReset::Replaced),
            ("used", DeadReset::Used),
            ("unknown", DeadReset::Unknown),
        ];
        reasons.map(|(state, reason)| (state, Self { reason })).to_vec()
    }
}

impl Samples for ResetDonePage {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("done", Self {})]
    }
}

impl Samples for NoticePage {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |notice| Self { notice, provider: None, request_id: None, back: None };
        let google = some("Google");
        let request_id = some("7f3c9a1e");
        vec![
            ("not_found", page(Notice::NotFound)),
            ("bad_request", Self { request_id: request_id.clone(), ..page(Notice::BadRequest) }),
            ("stale_form", page(Notice::StaleForm)),
            ("lost_way", Self { back: Some(Back::Login), ..page(Notice::LostWay) }),
            ("too_many", page(Notice::TooManyAttempts)),
            ("busy", page(Notice::Busy)),
            ("upstream_failed", page(Notice::UpstreamFailed)),
            ("upstream_failed_named", Self { provider: google.clone(), ..page(Notice::UpstreamFailed) }),
            ("upstream_denied", page(Notice::UpstreamDenied)),
            ("upstream_denied_named", Self { provider: google, ..page(Notice::UpstreamDenied) }),
            ("not_admin", Self { back: Some(Back::Account), ..page(Notice::NotAdmin) }),
            ("internal", Self { request_id, ..page(Notice::Internal) }),
        ]
    }
}

impl Samples for AddressPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let ask = Self { email: "anna@example.org".to_owned(), is_mailed: false, problem: None };
        let enter = Self { is_mailed: true, ..ask.clone() };
        vec![
            ("wrong_code", Self { problem: Some(Problem::WrongCode), ..enter.clone() }),
            ("dead_code", Self { problem: Some(Problem::DeadCode), ..ask.clone() }),
            ("ask", ask),
            ("enter", enter),
        ]
    }
}

impl Samples for ChangeAddressPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let email = "anna@example.org".to_owned();
        let ask = Self { email, mailed_to: None, typed: String::new(), problem: None };
        let enter = Self { mailed_to: some("anna@example.net"), ..ask.clone() };
        let again = |problem| Self { typed: "anna@example".to_owned(), problem: Some(problem), ..ask.clone() };
        vec![
            ("not_an_address", again(Problem::NotAnAddress)),
            ("same", again(Problem::SameAddress)),
            ("taken", again(Problem::AddressTaken)),
            ("wrong_code", Self { problem: Some(Problem::WrongCode), ..enter.clone() }),
            ("enter", enter),
            ("ask", ask),
        ]
    }
}

impl Samples for UndoPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let page =
            |how| Self { how, provider: "Google".to_owned(), email: "anna@example.org".to_owned(), moved_to: None };
        let moved_to = Email::parse("mallory@example.net").ok().map(Masked::new);
        vec![
            ("unlink", page("unlink")),
            ("relink", page("relink")),
            ("move", Self { provider: String::new(), moved_to, ..page("move") }),
        ]
    }
}

impl Samples for UndoDonePage {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![("done", Self::default()), ("moved_back", Self { moved_back_to: some("anna@example.org") })]
    }
}

impl Samples for DeadUndoPage {
    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("over", Self { reason: DeadUndo::Over }),
            ("already", Self { reason: DeadUndo::Already }),
            ("changed", Self { reason: DeadUndo::Changed }),
            ("last_way", Self { reason: DeadUndo::LastWay }),
            ("kept", Self { reason: DeadUndo::Kept }),
            ("unknown", Self { reason: DeadUndo::Unknown }),
        ]
    }
}

impl Samples for MergePage {
    fn samples() -> Vec<(&'static str, Self)> {
        let line = |field: &str, kept: &str, dropped: &str| Differs {
            field: field.to_owned(),
            kept: kept.to_owned(),
            dropped: dropped.to_owned(),
        };
        let bare = Self {
            trip: "flw_1".to_owned(),
            provider: "Google".to_owned(),
            first: "anna@example.org".to_owned(),
            second: "anna@example.net".to_owned(),
            differs: vec![],
            drops_password: false,
        };
        let differs = vec![line("email", "anna@example.org", "anna@example.net"), line("name", "Anna Berg", "A. Berg")];
        vec![("full", Self { differs, drops_password: true, ..bare.clone() }), ("bare", bare)]
    }
}

impl Samples for AccountPage {
    fn samples() -> Vec<(&'static str, Self)> {
        let google = Way {
            id: "idn_1".to_owned(),
            label: "Google".to_owned(),
            email: some("anna.berg@gmail.example"),
            linked_at: NOON,
            last_used_at: Some(NOON),
            removable: true,
        };
        let full = Self {
            name: some("Anna Berg"),
            email: "anna@example.org".to_owned(),
            confirmed: Confirmed::Yes,
            can_change_address: true,
            admin: true,
            offers_password: true,
            password: Some(PasswordWay { set_at: Some(NOON), removable: true }),
            ways: vec![google.clone()],
            connectable: vec![Provider { connection: "acme".to_owned(), label: "Acme".to_owned() }],
            session: SessionFacts { provider: None, authenticated_at: NOON },
            done: None,
            problem: None,
        };
        let last = Way { removable: false, last_used_at: None, email: None, ..google };
        let by_google = SessionFacts { provider: some("Google"), authenticated_at: NOON };
        let provider_only = Self {
            name: None,
            confirmed: Confirmed::No,
            can_change_address: false,
            admin: false,
            password: None,
            ways: vec![last],
            session: by_google,
            ..full.clone()
        };
        let unset = Some(PasswordWay { set_at: None, removable: false });
        vec![
            (
                "confirmable",
                Self { confirmed: Confirmed::Possible, done: Some(Done::AddressConfirmed), ..provider_only.clone() },
            ),
            ("no_passwords_here", Self { offers_password: false, ..provider_only.clone() }),
            ("password_only", Self { password: unset, ways: vec![], ..full.clone() }),
            ("connected", Self { done: Some(Done::Connected), ..full.clone() }),
            ("removed", Self { done: Some(Done::Removed), ..full.clone() }),
            ("saved", Self { done: Some(Done::PasswordSaved), ..full.clone() }),
            ("address_changed", Self { done: Some(Done::AddressChanged), ..full.clone() }),
            ("merged", Self { done: Some(Done::Merged), ..full.clone() }),
            ("not_merged", Self { done: Some(Done::NotMerged), ..full.clone() }),
            ("kept", Self { done: Some(Done::LastWayKept), ..provider_only.clone() }),
            ("wrong_password", Self { problem: Some(Problem::WrongPassword), ..full.clone() }),
            ("weak_password", Self { problem: Some(Problem::PasswordGuessable), ..full.clone() }),
            ("provider_only", provider_only),
            ("full", full),
        ]
    }
}

fn check<P: Samples>() {
    let page = P::TEMPLATE.rsplit('/').next().unwrap().trim_end_matches(".html");
    for (state, sample) in P::samples() {
        for language in Language::ALL {
            let frame = Frame { language: *language, form_token: some("t0ken"), viewer: some("Mara Lindqvist") };
            let html = render(&frame, &sample).unwrap_or_else(|error| panic!("{page} {state} {language:?}: {error:#}"));
            assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())));
            assert!(!html.contains("<script") && !html.contains("style="), "{page} {state}");
            assert_eq!(html.matches("<h1>").count(), 1, "{page} {state}");
            for form in html.split("<form").skip(1).filter(|form| form.contains("method=\"post\"")) {
                let form = form.split("</form>").next().unwrap();
                assert!(form.contains("name=\"form_token\" value=\"t0ken\""), "{page} {state}: {form}");
            }
            if *language == Language::English {
                let html = html.replace(assets::stylesheet_path(), "/static/[digest]/style.css");
                insta::assert_snapshot!(format!("{page}__{state}"), html);
            }
        }
    }
}

#[test]
fn every_page_on_the_way_in_renders() {
    check::<AcceptPage>();
    check::<ConfirmAddressPage>();
    check::<DeadLinkPage>();
    check::<LinkSentPage>();
    check::<WrongUserPage>();
    check::<DeclinedPage>();
    check::<NoticePage>();
}

#[test]
fn every_page_around_signing_in_renders() {
    check::<LoginPage>();
    check::<AskProofPage>();
    check::<FreshSignInPage>();
    check::<RefusalPage>();
    check::<LogoutPage>();
    check::<LoggedOutPage>();
    check::<AccountPage>();
    check::<AddressPage>();
    check::<ChangeAddressPage>();
    check::<MergePage>();
    check::<UndoPage>();
    check::<UndoDonePage>();
    check::<DeadUndoPage>();
}

#[test]
fn every_page_for_a_forgotten_password_renders() {
    check::<ForgotPage>();
    check::<ForgotSentPage>();
    check::<ResetPage>();
    check::<DeadResetPage>();
    check::<ResetDonePage>();
}
