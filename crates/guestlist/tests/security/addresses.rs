//! Cases 16, 18 and 20: to whom a mail goes, and for whom an invitation is.

use crate::guests::{happened, invite, invite_on, press};
use crate::scene::{ANNA, BOB, PASSWORD, Scene, TRACES, accept_by_password, assert_in, assert_out, leave};
use axum::http::Method;
use guestlist_app::jobs;
use guestlist_testkit::house::{Api, Engine, House, Options};
use guestlist_testkit::inbox::Letter;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use guestlist_testkit::smtp::{SmtpOptions, SmtpServer};
use guestlist_testkit::visitor::Answer;
use serde_json::{Value, json};

on_both_engines!(
    case_016_no_text_adds_a_recipient_or_a_header,
    case_016_no_address_adds_a_recipient_or_a_header,
    case_018_one_address_or_none,
    case_018_what_stands_beside_an_address_is_nobody,
    case_018_one_address_or_none_for_a_new_password,
    case_020_the_address_of_the_form_is_ignored,
    case_020_somebody_else_is_signed_in,
    case_020_another_address_at_the_provider_needs_a_press,
    case_020_another_address_may_be_refused_by_the_inviter,
);

/// A house that hands its mails to a real server.
struct PostOffice {
    house: House,
    api: Api,
    server: SmtpServer,
}

impl PostOffice {
    async fn on(engine: Engine) -> Self {
        let server = SmtpServer::start(SmtpOptions::default()).await;
        let house = House::with(engine, Options { smtp: Some(server.url()), ..Options::default() }).await;
        let api = house.api().await;
        Self { house, api, server }
    }

    /// The one message that the next delivery makes, with its recipients.
    async fn deliver(&self) -> (Vec<String>, Letter) {
        let before = self.server.envelopes().len();
        while jobs::deliver_due(&self.house.app).await.unwrap() > 0 {}
        let envelopes = self.server.envelopes();
        assert_eq!(envelopes.len(), before + 1, "one message");
        let envelope = &envelopes[before];
        (envelope.to.clone(), Letter::parse(&envelope.data))
    }
}

/// Text that would like to be more than text.
const HOSTILE: &[&str] = &[
    "Anna\r\nBcc: mallory@evil.example",
    "Anna\nBcc: mallory@evil.example",
    "Anna\rBcc: mallory@evil.example",
    "Anna\u{0}\r\n\r\n<b>body</b>",
    "Anna\u{85}Bcc: mallory@evil.example\u{2028}Cc: mallory@evil.example",
    "=?utf-8?q?Anna=0D=0ABcc:_mallory@evil.example?=",
    "\" <mallory@evil.example>, \"Anna",
    "Anna <mallory@evil.example>",
    "\r\n.\r\nMAIL FROM:<mallory@evil.example>\r\nRCPT TO:<mallory@evil.example>\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\n",
    "\r\n..\r\n.\r\nQUIT\r\n",
    "Anna\u{202e}\r\nContent-Type: text/html\r\nTo: mallory@evil.example",
];

/// The names of the headers, in order.
fn header_names(letter: &Letter) -> Vec<String> {
    letter.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect()
}

async fn case_016_no_text_adds_a_recipient_or_a_header(engine: Engine) {
    let mut post = PostOffice::on(engine).await;
    let plain = json!({"email": "plain@example.org", "name": "Anna", "message": "Come in", "inviter": {"name": "Ben"}});
    post.api.post("/api/v2/invitations", &plain).await.assert_status(201);
    let (_, plain) = post.deliver().await;
    let mut sent = 1;
    for (number, text) in HOSTILE.iter().enumerate() {
        if text.contains('\0') {
            // No text of ours has one: it is refused wherever it is told.
            let guest = json!({"email": "nul@example.org", "name": text, "message": text});
            post.api.post("/api/v2/invitations", &guest).await.assert_status(400);
            continue;
        }
        // An application's name has no angle brackets; whatever else is in it, it may have.
        let name = format!("Calendar {text}").replace(['<', '>'], "");
        let application = json!({"name": name, "app_type": "regular_web"});
        let application = post.api.post("/api/v2/clients", &application).await;
        let application = application.assert_status(201).json()["client_id"].clone();
        for (place, terms) in [
            ("name", json!({"name": text})),
            ("inviter", json!({"inviter": {"name": text}})),
            ("message", json!({"message": text})),
            ("application", json!({"client_id": application})),
            ("all", json!({"name": text, "inviter": {"name": text}, "message": text, "client_id": application})),
        ] {
            let email = format!("{place}{number}@example.org");
            let mut terms = terms;
            terms["email"] = json!(email);
            post.api.post("/api/v2/invitations", &terms).await.assert_status(201);
            let (recipients, letter) = post.deliver().await;
            sent += 1;
            assert_eq!((&recipients, &letter.to), (&vec![email.clone()], &vec![email]), "{place}: {text:?}");
            assert_eq!(header_names(&letter), header_names(&plain), "{place}: {text:?}");
            assert_eq!(letter.from, ["guestlist@example.org"]);
            assert!(letter.link("/i/").as_str().starts_with("https://id.example.org/i/gl_inv_"), "{place}: {text:?}");
            assert!(!letter.subject.contains(['\r', '\n', '\0']), "{:?}", letter.subject);
        }
    }
    // As the server heard it: one sender and one recipient for each message, and nothing of Mallory's.
    let commands = post.server.commands();
    let count = |word: &str| commands.iter().filter(|line| line.to_ascii_uppercase().starts_with(word)).count();
    assert_eq!((count("MAIL FROM"), count("RCPT TO"), count("DATA")), (sent, sent, sent));
    assert!(!commands.iter().any(|line| line.contains("mallory")), "{commands:?}");
}

async fn case_016_no_address_adds_a_recipient_or_a_header(engine: Engine) {
    let post = PostOffice::on(engine).await;
    let (mut api, cellar) = (post.api.clone(), post.house.cellar().await);
    let before = cellar.contents().await;
    for email in HOSTILE.iter().flat_map(|text| [format!("anna@example.org{text}"), format!("{text}@example.org")]) {
        api.post("/api/v2/invitations", &json!({"email": email})).await.assert_status(400);
        let user = json!({"email": email, "connection": "Username-Password-Authentication", "password": PASSWORD});
        api.post("/api/v2/users", &user).await.assert_status(400);
        let mut visitor = post.house.visitor();
        let forgot = visitor.open("/forgot").await.form("Send the link").with("email", &email);
        visitor.submit(&forgot).await.assert_status(400);
    }
    guestlist_testkit::cellar::Cellar::assert_same(&before, &cellar.contents().await, &[]);
    assert_eq!(jobs::deliver_due(&post.house.app).await.unwrap(), 0);
    assert!(post.server.envelopes().is_empty());
}

/// Bodies that name more than one address, or none, whoever reads them.
const CONFUSING: &[&str] = &[
    r#"{"email":["anna@example.org"]}"#,
    r#"{"email":["anna@example.org","mallory@evil.example"]}"#,
    r#"{"email":{"0":"anna@example.org","1":"mallory@evil.example"}}"#,
    r#"{"email":"anna@example.org","email":"mallory@evil.example"}"#,
    r#"{"email":"anna@example.org","\u0065mail":"mallory@evil.example"}"#,
    r#"{"email":"anna@example.org,mallory@evil.example"}"#,
    r#"{"email":"anna@example.org;mallory@evil.example"}"#,
    r#"{"email":"anna@example.org mallory@evil.example"}"#,
    r#"{"email":"<anna@example.org>"}"#,
    r#"{"email":"Anna <anna@example.org>"}"#,
    r#"{"email":"\"mallory@evil.example\"@example.org"}"#,
    r#"{"email":"mallory@evil.example@example.org"}"#,
    r#"{"email":"anna(mallory@evil.example)@example.org"}"#,
    r#"{"email":"anna@example.org(mallory@evil.example)"}"#,
    r#"{"email":"=?utf-8?q?anna=40example.org=3e?=@evil.example"}"#,
    r#"{"email":"anna\uff20example.org"}"#,
    r#"{"email":"anna@example.org\u0000@evil.example"}"#,
    r#"{"email":"anna@example\u3002org,x@evil.example"}"#,
    r#"{"email":"anna@example\u3002org"}"#,
    r#"{"email":"anna@xn--zzzzzzzzzzz999.org"}"#,
    r#"{"email":"anna@[127.0.0.1]"}"#,
    r#"{"email":"anna@127.0.0.1"}"#,
    r#"{"email":"anna@[IPv6:::1]"}"#,
    r#"{"email":"@evil.example:anna@example.org"}"#,
    r#"{"email":"anna%evil.example@"}"#,
    r#"{"email":"anna@example.org?bcc=mallory@evil.example"}"#,
    r#"{"email":null}"#,
    r#"{"email":7}"#,
    r#"{"email":""}"#,
    r#"[{"email":"anna@example.org"}]"#,
    r#"{"email":"anna@example.org"}{"email":"mallory@evil.example"}"#,
    r#"{"email":"anna@example.org"}&email=mallory@evil.example"#,
    "email=anna@example.org&email=mallory@evil.example",
];

/// Bodies that name one address, and another where none belongs.
const CROWDED: &[&str] = &[
    r#"{"email":"anna@example.org","emails":["mallory@evil.example"]}"#,
    r#"{"email":"anna@example.org","Email":"mallory@evil.example"}"#,
    r#"{"email":"anna@example.org","cc":"mallory@evil.example","to":["mallory@evil.example"]}"#,
];

/// A body byte for byte, as a backend's call.
async fn call(scene: &Scene, method: Method, path: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {}", scene.api.token);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    scene.house.visitor().send(method, path, &headers, body.to_owned()).await
}

async fn case_018_one_address_or_none(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let bob = invite(&mut scene, BOB).await;
    happened(&scene).await;
    let before = scene.contents().await;
    let one = format!("/api/v2/invitations/{}", bob.id);
    let user = format!("/api/v2/users/{}", bob.user_id.replace('|', "%7C"));
    for body in CONFUSING {
        let with_connection = body.replacen('{', r#"{"connection":"Username-Password-Authentication","#, 1);
        for (method, path, body) in [
            (Method::POST, "/api/v2/invitations", *body),
            (Method::PATCH, &one, body),
            (Method::PATCH, &user, body),
            (Method::POST, "/api/v2/users", &with_connection),
        ] {
            let answer = call(&scene, method.clone(), path, body).await;
            assert_eq!(answer.status.as_u16(), 400, "{method} {path} {body}: {}", answer.body);
        }
        scene.assert_same(&before, &[]).await;
    }
    for body in CROWDED {
        call(&scene, Method::POST, "/api/v2/invitations", body).await.assert_status(400);
        call(&scene, Method::PATCH, &one, body).await.assert_status(400);
        scene.assert_same(&before, &[]).await;
    }
    assert!(scene.house.mails().await.is_empty() && happened(&scene).await.is_empty());

    // What can only be read in one way is one address: the stored one, and the one that is mailed.
    for (written, stored) in [
        ("  Anna.Berg+list@Example.ORG", "anna.berg+list@example.org"),
        ("anna@BÜCHER.example\t", "anna@xn--bcher-kva.example"),
    ] {
        let made = scene.api.post("/api/v2/invitations", &json!({"email": written})).await;
        let made: Value = made.assert_status(201).json();
        assert_eq!(made["email"], json!(stored));
        assert_eq!(scene.house.mail().await.to, [stored]);
        assert_eq!(scene.cellar.user(stored).await.id.as_str(), made["user_id"].as_str().unwrap());
    }
}

/// As at Auth0, a change of a user tolerates what it does not know; it means nothing.
async fn case_018_what_stands_beside_an_address_is_nobody(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let bob = invite(&mut scene, BOB).await;
    let user = format!("/api/v2/users/{}", bob.user_id.replace('|', "%7C"));
    for body in CROWDED {
        let changed = call(&scene, Method::PATCH, &user, body).await;
        assert_eq!(changed.assert_status(200).json()["email"], json!(ANNA));
        let link = bob.resend(&mut scene).await;
        assert!(scene.house.visitor().open(&link).await.body.contains(ANNA));
        scene.api.patch(&user, &json!({"email": BOB})).await.assert_status(200);
        assert!(scene.house.mails().await.is_empty());
        assert!(scene.cellar.find_user("mallory@evil.example").await.is_none());
    }
}

async fn case_018_one_address_or_none_for_a_new_password(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.guest(ANNA).await;
    scene.guest("mallory@evil.example").await;
    happened(&scene).await;
    for body in CONFUSING.iter().chain(CROWDED) {
        let json_type = [("content-type", "application/json")];
        let path = "/dbconnections/change_password";
        let mut anybody = scene.house.visitor();
        anybody.send(Method::POST, path, &json_type, (*body).to_owned()).await;
        assert_one_mail_or_none(&scene).await;
        let form_type = [("content-type", "application/x-www-form-urlencoded")];
        anybody.send(Method::POST, path, &form_type, (*body).to_owned()).await;
        assert_one_mail_or_none(&scene).await;
        // Five in an hour are allowed for one address.
        scene.house.clock.advance(std::time::Duration::from_hours(1));
    }
    // On the page: the field twice, the field as a list.
    let mut visitor = scene.house.visitor();
    let form = visitor.open("/forgot").await.form("Send the link");
    let token = &form.values["form_token"];
    for fields in ["email=anna%40example.org&email=mallory%40evil.example", "email[]=anna%40example.org", "email="] {
        let own = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
        let refused = visitor.send(Method::POST, "/forgot", &own, format!("form_token={token}&{fields}")).await;
        refused.assert_status(400);
        assert!(scene.house.mails().await.is_empty());
    }
}

/// Nobody, or one person whose own address it is.
async fn assert_one_mail_or_none(scene: &Scene) {
    let mails = scene.house.mails().await;
    assert!(mails.len() <= 1, "{} mails", mails.len());
    for mail in mails {
        assert_eq!(mail.to.len(), 1);
        let stored = scene.cellar.user(&mail.to[0]).await;
        let mut visitor = scene.house.visitor();
        let page = visitor.open(mail.link("/reset/").as_str()).await;
        assert!(page.body.contains(stored.email.as_str()), "{}", page.body);
    }
}

async fn case_020_the_address_of_the_form_is_ignored(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.guest(BOB).await;
    let bob = scene.cellar.user(BOB).await;
    for (number, chosen) in [BOB, "mallory@evil.example", "ANNA@EXAMPLE.ORG", "not an address"].iter().enumerate() {
        let email = format!("guest{number}@example.org");
        let guest = invite(&mut scene, &email).await;
        happened(&scene).await;
        let mut visitor = scene.house.visitor();
        let page = visitor.open(&guest.link).await;
        let form = page.form("Set password").with("password", PASSWORD).with("email", chosen).with("username", chosen);
        let account = press(&mut visitor, &form).await;
        assert_in(&account);
        account.assert_says(&email);
        assert_eq!(scene.house.mail().await.to, [email.as_str()]);
        let user = scene.cellar.user(&email).await;
        assert_eq!(user.id.as_str(), guest.user_id);
        assert_eq!(happened(&scene).await, ["invitation.accepted", "login.succeeded"]);
    }
    assert_eq!(scene.cellar.user(BOB).await, bob);
    assert!(scene.cellar.find_user("mallory@evil.example").await.is_none());
}

async fn case_020_somebody_else_is_signed_in(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut browser = scene.guest(BOB).await;
    let anna = invite(&mut scene, ANNA).await;
    // The form of a browser in which nobody was signed in yet, and the page that names both.
    let page = browser.open(&anna.link).await;
    page.assert_says("You are signed in as somebody else").assert_says(BOB).assert_says(ANNA);
    assert!(!page.offers("Set password") && !page.offers("Continue with Acme"));
    happened(&scene).await;
    let before = scene.contents().await;
    for path in ["/accept", "/accept/with/acme", "/accept/confirm"] {
        let mut form = page.form("Switch account").with("password", PASSWORD);
        form.action.set_path(path);
        let answer = press(&mut browser, &form).await;
        assert!(answer.url.path() != "/account", "{path}: {}", answer.text());
    }
    scene.assert_same(&before, &[]).await;
    assert!(happened(&scene).await.is_empty());
    browser.open("/account").await.assert_says(BOB);

    // Switching is a press of its own; it ends the other session and spends nothing.
    let page = browser.press(&page, "Switch account", &[]).await;
    assert!(page.offers("Set password"), "{}", page.text());
    assert_eq!(anna.status(&scene).await, "pending");
    assert_in(&browser.press(&page, "Set password", &[("password", PASSWORD)]).await);
    browser.open("/account").await.assert_says(ANNA);
}

async fn case_020_another_address_at_the_provider_needs_a_press(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    let mut visitor = scene.house.visitor();
    let page = visitor.open(&anna.link).await;
    let away = leave(&mut visitor, &page, "Continue with Acme").await;
    happened(&scene).await;
    let before = scene.contents().await;
    let back = scene.acme.send_back(&away, &Account::new("anna-at-acme", "anna@work.example"));
    let page = visitor.open(&back).await;
    assert_eq!(page.url.path(), "/accept/confirm");
    page.assert_says(ANNA).assert_says("anna@work.example");
    // Neither coming back nor looking again is a press.
    for _ in 0..3 {
        visitor.open("/accept/confirm").await;
        visitor.open(&back).await.assert_status(400);
    }
    assert_out(&mut visitor).await;
    scene.assert_same(&before, TRACES).await;
    assert!(happened(&scene).await.is_empty() && scene.house.mails().await.is_empty());

    assert_in(&visitor.press(&page, "Continue as anna@work.example", &[]).await);
    assert_eq!(happened(&scene).await, ["invitation.accepted", "login.succeeded"]);
    assert_eq!(scene.house.mail().await.to, [ANNA], "the invited mailbox is told");
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
    assert!(scene.cellar.find_user("anna@work.example").await.is_none());
}

async fn case_020_another_address_may_be_refused_by_the_inviter(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    for (number, (policy, came)) in
        [("same_email", "guest0@work.example"), ("same_domain", "guest1@work.example")].iter().enumerate()
    {
        let email = format!("guest{number}@example.org");
        let guest = invite_on(&mut scene, &json!({"email": email, "email_match": policy})).await;
        let mut visitor = scene.house.visitor();
        let page = visitor.open(&guest.link).await;
        let away = leave(&mut visitor, &page, "Continue with Acme").await;
        happened(&scene).await;
        let before = scene.contents().await;
        let back = scene.acme.send_back(&away, &Account::new(came, came));
        let refused = visitor.open(&back).await;
        refused.assert_status(403).assert_says(&email).assert_says(came);
        visitor.get("/accept/confirm").await;
        assert_out(&mut visitor).await;
        scene.assert_same(&before, TRACES).await;
        scene.assert_login_failed("other_email").await;
        // The invitation is not spent.
        accept_by_password(&mut scene.house.visitor(), &guest.link).await;
        scene.house.mails().await;
    }
}
