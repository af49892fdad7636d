//! The merge rule, the invited address, the wrong account and the dead link: what the pages around a proof ask.

use crate::scene::{ANNA, BOB, PASSWORD, Scene, TRACES, accept_by_password, assert_in, assert_out, leave, log_in};
use guestlist_domain::event::EventKind;
use guestlist_domain::invitation::DEFAULT_LIFETIME;
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use guestlist_testkit::visitor::{Answer, Visitor};
use serde_json::json;
use std::time::Duration;

on_both_engines!(
    rule_confirm_links_after_a_second_proof_in_the_same_browser,
    rule_confirm_links_nothing_without_that_proof,
    rule_confirm_leads_back_to_an_invitation_that_is_open_here,
    rule_confirm_takes_another_provider_as_the_second_proof,
    rule_auto_links_onto_a_proven_address_and_tells_its_owner,
    rule_auto_asks_before_what_was_taken_off_comes_back,
    rule_auto_leaves_an_address_alone_that_nobody_proved,
    rule_never_is_never,
    case_020_any_address_will_do_after_a_press_on_the_page_that_names_both,
    case_020_a_press_is_about_the_address_that_its_page_showed,
    case_020_same_domain_and_same_email_refuse_the_rest,
    case_020_somebody_else_is_signed_in,
    a_dead_link_heals_by_one_press,
    a_link_that_cannot_heal_says_why,
);

fn anna_at_acme() -> Account {
    Account::new("anna-at-acme", ANNA)
}

/// Anna, who has a password, and a provider whose word counts for her domain.
async fn merging(engine: Engine, merge_rule: &str) -> Scene {
    let mut scene = Scene::on(engine).await;
    scene.guest(ANNA).await;
    scene.declare(&["example.org"], merge_rule).await;
    scene.cellar.news().await;
    scene
}

async fn assert_asked(scene: &Scene, browser: &mut Visitor) -> Answer {
    let page = scene.sign_in(browser, &anna_at_acme()).await;
    assert_eq!((page.status.as_u16(), page.url.path()), (200, "/login/prove"), "{}", page.text());
    page.assert_says("Is this your account?").assert_says(ANNA);
    assert_out(browser).await;
    page
}

async fn rule_confirm_links_after_a_second_proof_in_the_same_browser(engine: Engine) {
    let scene = merging(engine, "confirm").await;
    let mut anna = scene.house.visitor();
    let before = scene.contents().await;
    let page = assert_asked(&scene, &mut anna).await;
    scene.assert_same(&before, TRACES).await;

    let wrong = anna.press(&page, "Log in", &[("password", "not-hers-at-all")]).await;
    wrong.assert_status(400).assert_says("do not match");
    assert!(scene.subjects(ANNA).await.is_empty());
    scene.cellar.news().await;
    let account = anna.press(&wrong, "Log in", &[("password", PASSWORD)]).await;
    assert_in(&account);
    account.assert_says("Connected. It opens your account from now on.");
    let linked = scene.news_of(EventKind::UserLinked).await;
    assert_eq!(linked.data["rule"], json!("confirmed_at_sign_in"));
    assert_eq!(linked.about.user, Some(scene.cellar.user(ANNA).await.id));
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
    assert_eq!(scene.house.mail().await.to, [ANNA], "the owner is told");
    assert_in(&scene.sign_in(&mut scene.house.visitor(), &anna_at_acme()).await);
}

async fn rule_confirm_links_nothing_without_that_proof(engine: Engine) {
    let mut scene = merging(engine, "confirm").await;
    scene.guest(BOB).await;
    let mut asked = scene.house.visitor();
    let page = assert_asked(&scene, &mut asked).await;

    // Anna signs in, in another browser: that browser was not asked.
    assert_in(&log_in(&mut scene.house.visitor(), ANNA, PASSWORD).await);
    assert!(scene.subjects(ANNA).await.is_empty());
    // Another browser cannot answer for this one, and has no question of its own.
    let mut other = scene.house.visitor();
    assert_eq!(other.open("/login/prove").await.status, 400, "a browser that was never here");
    other.open("/login").await;
    assert_eq!(other.open("/login/prove").await.url.path(), "/login");
    // Somebody else signs in, in the browser that was asked.
    let bobs = log_in(&mut asked, BOB, PASSWORD).await;
    assert_in(&bobs);
    assert!(scene.subjects(BOB).await.is_empty() && scene.subjects(ANNA).await.is_empty());
    asked.press(&bobs, "Log out", &[]).await;
    // The question is forgotten after a while; the right answer is then a sign-in like any other.
    scene.house.clock.advance(Duration::from_mins(16));
    assert!(page.offers("Log in"));
    assert_in(&log_in(&mut asked, ANNA, PASSWORD).await);
    assert!(scene.subjects(ANNA).await.is_empty());
    assert!(scene.house.mails().await.is_empty(), "nobody was told of a link that there is not");
}

/// "I already have an account here": the way over a provider and the proof leads back to the invitation.
async fn rule_confirm_leads_back_to_an_invitation_that_is_open_here(engine: Engine) {
    let mut scene = merging(engine, "confirm").await;
    let link = scene.invite(BOB).await;
    let mut anna = scene.house.visitor();
    anna.open(&link).await.assert_says("You are invited");
    let page = assert_asked(&scene, &mut anna).await;
    let back = anna.press(&page, "Log in", &[("password", PASSWORD)]).await;
    assert_eq!(back.url.path(), "/accept");
    back.assert_says(&format!("Accept as {ANNA}"));
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
}

async fn rule_confirm_takes_another_provider_as_the_second_proof(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let beta = scene.another_provider("beta", "Beta").await;
    let link = scene.invite(ANNA).await;
    let mut anna = scene.house.visitor();
    let page = anna.open(&link).await;
    let away = leave(&mut anna, &page, "Continue with Beta").await;
    assert_in(&anna.open(&beta.send_back(&away, &Account::new("anna-at-beta", ANNA))).await);
    scene.house.mails().await;
    scene.declare(&["example.org"], "confirm").await;

    let mut later = scene.house.visitor();
    let page = assert_asked(&scene, &mut later).await;
    assert!(!page.offers("Log in"), "Anna has no password");
    let away = leave(&mut later, &page, "Continue with Beta").await;
    scene.cellar.news().await;
    // Beta knows the browser as somebody who is not Anna: no proof.
    later.open(&beta.send_back(&away, &Account::new("bob-at-beta", BOB))).await.assert_status(403);
    scene.assert_login_failed("not_invited").await;
    let page = later.open("/login/prove").await;
    let away = leave(&mut later, &page, "Continue with Beta").await;
    assert_in(&later.open(&beta.send_back(&away, &Account::new("anna-at-beta", ANNA))).await);
    assert_eq!(scene.news_of(EventKind::UserLinked).await.data["rule"], json!("confirmed_at_sign_in"));
    assert_eq!(scene.subjects(ANNA).await.len(), 2);
}

async fn rule_auto_links_onto_a_proven_address_and_tells_its_owner(engine: Engine) {
    let scene = merging(engine, "auto").await;
    assert_in(&scene.sign_in(&mut scene.house.visitor(), &anna_at_acme()).await);
    assert_eq!(scene.news_of(EventKind::UserLinked).await.data["rule"], json!("authoritative"));
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
    let mail = scene.house.mail().await;
    assert_eq!(mail.to, [ANNA]);
    assert!(mail.text.contains("Acme"), "{}", mail.text);
    // A second identity with that address is no stranger's only because the first one came the same way.
    let before = scene.contents().await;
    let refused = scene.sign_in(&mut scene.house.visitor(), &Account::new("carol", "carol@example.org")).await;
    refused.assert_status(403).assert_says("You are not on the list");
    scene.assert_same(&before, TRACES).await;
}

async fn rule_auto_asks_before_what_was_taken_off_comes_back(engine: Engine) {
    let scene = merging(engine, "auto").await;
    assert_in(&scene.sign_in(&mut scene.house.visitor(), &anna_at_acme()).await);
    // The mail said so, and its owner did not want it.
    let link = scene.house.mail().await.link("/undo/");
    let mut owner = scene.house.visitor();
    let page = owner.open(link.as_str()).await;
    owner.press(&page, "Undo it", &[]).await.assert_says("Undone");
    assert_asked(&scene, &mut scene.house.visitor()).await;
    assert!(scene.subjects(ANNA).await.is_empty());
    // Whoever proves the account may have it back, and take it off again.
    let mut anna = scene.house.visitor();
    let page = assert_asked(&scene, &mut anna).await;
    let account = anna.press(&page, "Log in", &[("password", PASSWORD)]).await;
    assert_in(&account);
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
    anna.press(&account, "Remove Acme", &[]).await.assert_says("Removed");
    assert_asked(&scene, &mut scene.house.visitor()).await;
    assert!(scene.subjects(ANNA).await.is_empty());
}

async fn rule_auto_leaves_an_address_alone_that_nobody_proved(engine: Engine) {
    for merge_rule in ["auto", "confirm"] {
        let mut scene = Scene::on(engine).await;
        scene.declare(&["example.org"], merge_rule).await;
        // Accepted by a link that was handed over: possession is no proof of the mailbox.
        let link = scene.handed_link(ANNA).await;
        accept_by_password(&mut scene.house.visitor(), &link).await;
        assert!(!scene.cellar.user(ANNA).await.email_verified);
        scene.house.mails().await;
        let before = scene.contents().await;
        scene.cellar.news().await;
        let refused = scene.sign_in(&mut scene.house.visitor(), &anna_at_acme()).await;
        refused.assert_status(403).assert_says("You are not on the list");
        scene.assert_same(&before, TRACES).await;
        scene.assert_login_failed("not_invited").await;
    }
}

async fn rule_never_is_never(engine: Engine) {
    let scene = merging(engine, "never").await;
    let before = scene.contents().await;
    let mut anna = scene.house.visitor();
    let refused = scene.sign_in(&mut anna, &anna_at_acme()).await;
    refused.assert_status(403).assert_says("You are not on the list");
    scene.assert_same(&before, TRACES).await;
    scene.assert_login_failed("not_invited").await;
    // Signing in afterwards, in the same browser, links nothing either.
    assert_in(&log_in(&mut anna, ANNA, PASSWORD).await);
    assert!(scene.subjects(ANNA).await.is_empty());
}

/// Opens an invitation on these terms and comes back from Acme as that account.
async fn come_back(scene: &mut Scene, email_match: &str, account: &Account) -> (Visitor, Answer) {
    let link = scene.invite_on(json!({"email": ANNA, "email_match": email_match})).await;
    let mut anna = scene.house.visitor();
    let page = anna.open(&link).await;
    let away = leave(&mut anna, &page, "Continue with Acme").await;
    scene.cellar.news().await;
    let answer = anna.open(&scene.acme.send_back(&away, account)).await;
    (anna, answer)
}

async fn case_020_any_address_will_do_after_a_press_on_the_page_that_names_both(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let account = Account::new("anna-at-acme", "anna@work.example");
    let (mut anna, page) = come_back(&mut scene, "any", &account).await;
    assert_eq!(page.url.path(), "/accept/confirm");
    page.assert_says(ANNA).assert_says("anna@work.example");
    assert!(scene.cellar.news().await.is_empty(), "nothing happened yet");
    assert_out(&mut anna).await;
    let before = scene.contents().await;

    // Another browser has nothing to press; this one may choose somebody else.
    let mut other = scene.house.visitor();
    let form = other.open("/login").await.form("Log in");
    let stray = guestlist_testkit::visitor::Form { action: form.action.join("/accept/confirm").unwrap(), ..form };
    other.submit(&stray).await.assert_status(400);
    scene.assert_same(&before, &[]).await;
    let open = anna.press(&page, "Use another account", &[]).await;
    assert!(open.offers("Set password") && open.url.path() == "/accept", "{}", open.text());
    scene.assert_same(&before, TRACES).await;
    anna.submit(&page.form("Continue as anna@work.example")).await.assert_status(400);
    assert_out(&mut anna).await;

    let away = leave(&mut anna, &open, "Continue with Acme").await;
    let page = anna.open(&scene.acme.send_back(&away, &account)).await;
    assert_in(&anna.press(&page, "Continue as anna@work.example", &[]).await);
    assert_eq!(scene.news_of(EventKind::InvitationAccepted).await.data["proof"], json!("mailbox"));
    let user = scene.cellar.user(ANNA).await;
    assert!(user.email_verified, "the link was mailed to it");
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
    assert!(scene.cellar.find_user("anna@work.example").await.is_none());
}

async fn case_020_a_press_is_about_the_address_that_its_page_showed(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let landing = "http://127.0.0.1:3000/in";
    let client = json!({"name": "Desk", "app_type": "regular_web", "callbacks": [landing]});
    let client = scene.api.post("/api/v2/clients", &client).await.assert_status(201).json()["client_id"].clone();
    let connection = scene.cellar.connection("acme").await.id;
    let enabled = json!([{"client_id": client, "status": true}]);
    scene.api.patch(&format!("/api/v2/connections/{connection}/clients"), &enabled).await.assert_status(204);
    let terms = json!({"email": ANNA, "client_id": client, "result_url": landing});
    let link = scene.invite_on(terms).await;
    let mut anna = scene.house.visitor();
    let (first, second) = ("anna@work.example", "anna@home.example");
    let page = anna.open(&link).await;
    let mut pages = Vec::new();
    for (subject, address) in [("1", first), ("2", second)] {
        let away = leave(&mut anna, &page, "Continue with Acme").await;
        pages.push(anna.open(&scene.acme.send_back(&away, &Account::new(subject, address))).await);
        scene.house.clock.advance(Duration::from_secs(1));
    }
    let before = scene.contents().await;
    let stale = anna.submit(&pages[0].form(&format!("Continue as {first}"))).await;
    assert_eq!(stale.location(), Some("/accept/confirm"));
    anna.submit(&pages[0].form("Use another account")).await;
    scene.assert_same(&before, &[]).await;
    let shown = anna.open("/accept/confirm").await;
    shown.assert_says(second);
    assert!(
        shown.header("content-security-policy").unwrap().contains("http://127.0.0.1:3000"),
        "its press leads there"
    );
    let landed = anna.submit(&pages[1].form(&format!("Continue as {second}"))).await;
    assert!(landed.location().unwrap().starts_with(landing), "{:?}", landed.location());
    assert_eq!(scene.subjects(ANNA).await, ["2"]);
}

async fn case_020_same_domain_and_same_email_refuse_the_rest(engine: Engine) {
    let told = |email: &str, verified: bool| {
        Account::with_claims("anna-at-acme", json!({"email": email, "email_verified": verified}))
    };
    let (other, unverified) = ("This is another address", "The address is not confirmed");
    let refusals = [
        ("same_domain", told("anna@work.example", true), other, "other_email"),
        ("same_domain", told("boss@example.org.evil.example", true), other, "other_email"),
        ("same_domain", told("boss@example.org", false), unverified, "email_not_verified"),
        ("same_email", told("boss@example.org", true), other, "other_email"),
        ("same_email", told("annA.@example.org", true), other, "other_email"),
        ("same_email", told(ANNA, false), unverified, "email_not_verified"),
        ("same_email", Account::with_claims("anna-at-acme", json!({})), other, "other_email"),
    ];
    for (email_match, account, words, reason) in refusals {
        let mut scene = Scene::on(engine).await;
        let (mut anna, page) = come_back(&mut scene, email_match, &account).await;
        page.assert_status(403).assert_says(words);
        scene.assert_login_failed(reason).await;
        assert_out(&mut anna).await;
        assert!(scene.subjects(ANNA).await.is_empty());
        assert!(anna.open("/accept").await.offers("Set password"), "the invitation is still open");
    }
    let mut scene = Scene::on(engine).await;
    let (_, page) = come_back(&mut scene, "same_domain", &told("boss@example.org", true)).await;
    assert_eq!(page.url.path(), "/accept/confirm", "allowed, but another address: it takes a press");
    let mut scene = Scene::on(engine).await;
    let (_, page) = come_back(&mut scene, "same_email", &told("Anna@Example.org", true)).await;
    assert_in(&page);
}

async fn case_020_somebody_else_is_signed_in(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut browser = scene.guest(BOB).await;
    let link = scene.invite(ANNA).await;
    let before = scene.contents().await;
    let page = browser.open(&link).await;
    page.assert_says("You are signed in as somebody else").assert_says(BOB).assert_says(ANNA);
    assert!(!page.offers("Set password") && !page.offers("Continue with Acme"));
    // The forms of the page for nobody, sent by somebody: neither accepts as Bob nor over his head.
    for path in ["/accept", "/accept/with/acme"] {
        let mut form = page.form("Switch account").with("password", PASSWORD);
        form.action.set_path(path);
        assert_eq!(browser.submit(&form).await.location(), Some("/accept"));
        scene.assert_same(&before, &[]).await;
    }
    scene.cellar.news().await;
    let open = browser.press(&page, "Switch account", &[]).await;
    scene.news_of(EventKind::LoggedOut).await;
    assert!(open.offers("Set password"), "the invitation was not spent: {}", open.text());
    assert_in(&browser.press(&open, "Set password", &[("password", PASSWORD)]).await);
    let accepted = scene.news_of(EventKind::InvitationAccepted).await;
    assert_eq!(accepted.about.user, Some(scene.cellar.user(ANNA).await.id));
}

async fn a_dead_link_heals_by_one_press(engine: Engine) {
    for (reason, title) in [("expired", "This link has expired"), ("replaced", "There is a newer link")] {
        let mut scene = Scene::on(engine).await;
        let link = scene.invite(ANNA).await;
        if reason == "expired" {
            scene.house.clock.advance(DEFAULT_LIFETIME);
        } else {
            scene.resend(ANNA).await;
        }
        let mut anna = scene.house.visitor();
        let before = scene.contents().await;
        let page = anna.open(&link).await;
        page.assert_status(410).assert_says(title).assert_says("a•••@example.org");
        assert!(!page.body.contains(ANNA), "whoever found the link does not learn the address");
        scene.assert_same(&before, &[]).await;

        scene.cellar.news().await;
        let form = page.form("Send me a new link").with("email", "mallory@evil.example");
        anna.submit(&form).await.assert_status(200).assert_says("Look into your mailbox");
        scene.news_of(EventKind::InvitationResent).await;
        let mail = scene.house.mail().await;
        assert_eq!(mail.to, [ANNA], "to the invited address, and nowhere else");
        scene.house.visitor().open(&link).await.assert_status(410);
        accept_by_password(&mut anna, mail.link("/i/").as_str()).await;
        assert!(scene.cellar.user(ANNA).await.email_verified);
    }
}

async fn a_link_that_cannot_heal_says_why(engine: Engine) {
    for reason in ["used", "revoked", "declined"] {
        let mut scene = Scene::on(engine).await;
        let link = scene.invite(ANNA).await;
        let id = scene.news_of(EventKind::InvitationCreated).await.about.invitation.unwrap();
        let mut first = scene.house.visitor();
        let title = match reason {
            "used" => {
                accept_by_password(&mut first, &link).await;
                "This link was already used"
            }
            "revoked" => {
                scene.api.post(&format!("/api/v2/invitations/{id}/revoke"), &json!({})).await.assert_status(200);
                "This invitation was withdrawn"
            }
            _ => {
                let page = first.open(&link).await;
                first.press(&page, "Decline the invitation", &[]).await.assert_says("You declined");
                "This invitation was declined"
            }
        };
        scene.house.mails().await;
        let mut later = scene.house.visitor();
        let page = later.open(&link).await;
        page.assert_status(410).assert_says(title);
        assert!(!page.offers("Send me a new link") && !page.body.contains(ANNA));
        assert_eq!(page.offers("Log in"), reason == "used");
        // The press of the page that heals, sent with a link that must not.
        let before = scene.contents().await;
        let mut form = later.open("/login").await.form("Log in");
        form.action.set_path("/accept/renew");
        let sent = later.submit(&form).await;
        assert_eq!(sent.location(), Some("/accept"));
        scene.assert_same(&before, &[]).await;
        assert!(scene.house.mails().await.is_empty());
    }
}
