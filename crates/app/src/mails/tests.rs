//! Every mail in every language: none fails, each says what it must, and nothing in it can be made to say more.

use super::*;
use guestlist_domain::ids::{AddressChangeId, AddressCodeId, InvitationId, TicketId};
use guestlist_domain::mail::Occasion;

const LINK: &str = "https://guests.example/i/gl_inv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const AT: Timestamp = Timestamp::from_millis(1_795_406_400_000);

fn invitation() -> Invitation {
    Invitation {
        guest: Some("Anna Berg".to_owned()),
        inviter: Some("Bert Tal".to_owned()),
        application: Some("Field Notes".to_owned()),
        message: Some("Hi Anna,\n\nthis is where we keep the notes.\nSee you on Monday!".to_owned()),
        link: Sensitive::new(LINK),
        expires_at: AT,
    }
}

fn way_in(support: Option<&str>) -> WayIn {
    WayIn {
        provider: "Google".to_owned(),
        at: AT,
        account_url: "https://guests.example/account".to_owned(),
        undo: support.map(|_| UndoLink { link: Sensitive::new("https://guests.example/undo/gl_und_A"), until: AT }),
        support: support.map(ToOwned::to_owned),
    }
}

/// Every mail, with everything said and with as little said as can be.
fn samples() -> Vec<(&'static str, Mail)> {
    let bare = Invitation { guest: None, inviter: None, application: None, message: None, ..invitation() };
    let account_url = "https://guests.example/account".to_owned();
    let forgot_url = "https://guests.example/forgot".to_owned();
    let welcome = Welcome {
        application: Some("Field Notes".to_owned()),
        account_url,
        support: Some("help@guests.example".to_owned()),
    };
    let brought = InvitationBrought {
        invited: "anna@example.org".to_owned(),
        account: "a…@example.net".to_owned(),
        at: AT,
        support: None,
    };
    let changed = AddressChanged {
        to: "a…@example.net".to_owned(),
        at: AT,
        undo: Some(UndoLink { link: Sensitive::new("https://guests.example/undo/gl_und_A"), until: AT }),
        support: Some("help@guests.example".to_owned()),
    };
    vec![
        ("invitation", Mail::Invitation(invitation())),
        ("invitation_bare", Mail::Invitation(bare.clone())),
        ("invitation_note", Mail::Invitation(Invitation { message: Some("Come in!".to_owned()), ..bare })),
        ("reset", Mail::Reset(Reset { link: Sensitive::new("https://guests.example/r/gl_rst_A"), expires_at: AT })),
        (
            "address_code",
            Mail::AddressCode(AddressCode {
                code: Sensitive::new("1234 5678"),
                account_url: "https://guests.example/account".to_owned(),
                expires_at: AT,
            }),
        ),
        (
            "move_code",
            Mail::MoveCode(AddressCode {
                code: Sensitive::new("1234 5678"),
                account_url: "https://guests.example/account/address/change".to_owned(),
                expires_at: AT,
            }),
        ),
        ("address_taken", Mail::AddressTaken(AddressTaken { login_url: "https://guests.example/login".to_owned() })),
        ("address_changed", Mail::AddressChanged(changed.clone())),
        ("address_changed_late", Mail::AddressChanged(AddressChanged { undo: None, support: None, ..changed })),
        (
            "address_restored",
            Mail::AddressRestored(AddressRestored { at: AT, forgot_url: forgot_url.clone(), support: None }),
        ),
        (
            "no_password",
            Mail::NoPassword(NoPassword {
                providers: vec!["Google".to_owned(), "GitHub".to_owned()],
                login_url: "https://guests.example/login".to_owned(),
            }),
        ),
        ("welcome", Mail::Welcome(welcome.clone())),
        ("welcome_bare", Mail::Welcome(Welcome { application: None, support: None, ..welcome })),
        ("password_changed", Mail::PasswordChanged(PasswordChanged { at: AT, forgot_url, support: None })),
        ("way_in_added", Mail::WayInAdded(way_in(Some("help@guests.example")))),
        ("way_in_removed", Mail::WayInRemoved(way_in(None))),
        ("invitation_brought", Mail::InvitationBrought(brought)),
        (
            "accounts_merged",
            Mail::AccountsMerged(AccountsMerged {
                kept: "anna@example.org".to_owned(),
                merged: "a…@example.net".to_owned(),
                at: AT,
                support: None,
            }),
        ),
        ("test", Mail::Test(Test { at: AT })),
    ]
}

fn rendered(mail: &Mail, language: Language) -> Words {
    let recipient = Email::parse("anna@example.org").unwrap();
    mail.render(&Letterhead { language, recipient: &recipient, site: "guests.example" }).unwrap()
}

fn english(mail: &Mail) -> Words {
    rendered(mail, Language::English)
}

#[test]
fn every_mail_in_english() {
    for (name, mail) in samples() {
        let Words { subject, text, html } = english(&mail);
        insta::assert_snapshot!(name, format!("Subject: {subject}\n\n{text}\n=====\n{html}"));
    }
}

#[test]
fn every_mail_in_every_language() {
    for language in Language::ALL {
        for (name, mail) in samples() {
            let Words { subject, text, html } = rendered(&mail, *language);
            assert!(!subject.is_empty() && !subject.contains(['\n', '\r']), "{name}: {subject:?}");
            assert!(text.contains("anna@example.org") && text.contains("guests.example"), "{name}: {text}");
            assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())), "{name}");
            for both in [&text, &html] {
                assert!(!both.contains("mail-") && !both.contains("{{") && !both.contains("{%"), "{name}: {both}");
            }
            for absent in ["<img", "<script", "<table", "<style", "http-equiv"] {
                assert!(!html.contains(absent), "{name} has {absent}");
            }
        }
    }
}

#[test]
fn every_occasion_has_its_mail() {
    let provider = || "Google".to_owned();
    let occasions = [
        Occasion::Invitation { invitation: InvitationId::new("inv_1"), generation: 1 },
        Occasion::Reset { ticket: TicketId::new("tkt_1") },
        Occasion::AddressCode { code: AddressCodeId::new("adc_1") },
        Occasion::MoveCode { code: AddressCodeId::new("adc_1") },
        Occasion::AddressTaken,
        Occasion::AddressChanged { change: AddressChangeId::new("ach_1") },
        Occasion::AddressRestored,
        Occasion::NoPassword { providers: Vec::new() },
        Occasion::Welcome,
        Occasion::PasswordChanged,
        Occasion::WayInAdded { provider: provider(), entry: None },
        Occasion::WayInRemoved { provider: provider(), entry: None },
        Occasion::InvitationBrought {
            invited: Email::parse("anna@example.org").unwrap(),
            account: Email::parse("anna@example.net").unwrap(),
        },
        Occasion::AccountsMerged {
            kept: Email::parse("anna@example.org").unwrap(),
            merged: Email::parse("anna@example.net").unwrap(),
        },
        Occasion::Test,
    ];
    let mut folders: Vec<&str> = samples().iter().map(|(_, mail)| mail.folder()).collect();
    folders.dedup();
    assert_eq!(folders, occasions.iter().map(Occasion::as_str).collect::<Vec<_>>());
}

#[test]
fn an_invitation_says_who_invites_to_what_for_whom_and_until_when() {
    let Words { subject, text, html } = english(&Mail::Invitation(invitation()));
    assert_eq!(subject, "Bert Tal invites you to Field Notes");
    for both in [text, html] {
        for said in ["Bert Tal", "Field Notes", "anna@example.org", "23 November 2026, 04:00 UTC", LINK, "ignore it"] {
            assert!(both.contains(said), "{said} is not in {both}");
        }
    }
}

#[test]
fn case_016_names_stay_names() {
    let hostile = "Eve\r\nBcc: m@evil.example\r\n\r\n<script>alert(1)</script> & \"Co\"\u{202e}";
    let mail = Mail::Invitation(Invitation {
        guest: Some(hostile.to_owned()),
        inviter: Some(hostile.to_owned()),
        application: Some(hostile.to_owned()),
        message: Some("Fine.\r\n\r\nOpen this instead:\nhttps://evil.example/<b>".to_owned()),
        ..invitation()
    });
    let Words { subject, text, html } = english(&mail);
    let name = "Eve Bcc: m@evil.example <script>alert(1)</script> & \"Co\"";
    assert_eq!(subject, format!("{name} invites you to {name}"));
    assert!(text.starts_with(&format!("Hello {name},\n\n")), "{text}");
    assert!(text.contains("\n> Fine.\n>\n> Open this instead:\n> https://evil.example/<b>\n"), "{text}");
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    assert!(html.contains("&lt;script&gt;"), "{html}");
    // The only addresses that can be pressed are ours.
    assert!(html.split("href=\"").skip(1).all(|rest| rest.starts_with("https://guests.example/")), "{html}");
}

#[test]
fn a_mail_prints_no_link() {
    let mail = Mail::Invitation(invitation());
    assert!(!format!("{mail:?} {:?}", english(&mail)).contains("gl_inv_"));
}
