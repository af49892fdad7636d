//! An invitation and somebody who is here already; and an invited guest who comes to the door without the link.

use crate::scene::{ANNA, BOB, PASSWORD, Scene, TRACES, assert_in, assert_out, leave, log_in};
use guestlist_domain::event::EventKind;
use guestlist_domain::invitation::DEFAULT_LIFETIME;
use guestlist_domain::session::FRESH_FOR;
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use guestlist_testkit::visitor::{Answer, Visitor};
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    case_020_an_identity_of_another_account_brings_the_invitation_there_after_a_press,
    case_020_the_account_that_is_signed_in_takes_the_invitation_after_a_press,
    i_already_have_an_account_here,
    bringing_wants_a_fresh_log_in,
    bringing_keeps_to_the_invitations_policy,
    what_the_invitation_grants_the_account_gets,
    bringing_and_accepting_have_one_winner,
    an_invited_guest_comes_in_by_an_authoritative_provider,
    case_051_without_authority_nobody_comes_in_without_the_link,
    without_the_link_the_invitation_must_be_open,
);

const WORK: &str = "anna@work.example";

fn at_acme(email: &str) -> Account {
    Account::new("somebody-at-acme", email)
}

/// Bob has an account that Acme opens, and an invitation for another address of his.
async fn bob_is_invited_again(engine: Engine) -> (Scene, String) {
    let mut scene = Scene::on(engine).await;
    let mut bob = scene.guest(BOB).await;
    assert_in(&scene.connect(&mut bob, &at_acme(BOB)).await);
    scene.house.mails().await;
    let link = scene.invite(WORK).await;
    scene.house.mails().await;
    (scene, link)
}

async fn invitation(scene: &mut Scene) -> Value {
    let list = scene.api.get("/api/v2/invitations").await.assert_status(200).json();
    list.as_array().unwrap()[0].clone()
}

/// Bob's is the only account, it took the invitation, and both mailboxes were told.
async fn assert_brought(scene: &mut Scene) {
    let bob = scene.cellar.user(BOB).await;
    assert!(scene.cellar.find_user(WORK).await.is_none(), "whoever waited on the list is no more");
    let taken = invitation(scene).await;
    assert_eq!((&taken["status"], &taken["user_id"]), (&json!("accepted"), &json!(bob.id)));
    let accepted = scene.news_of(EventKind::InvitationAccepted).await;
    assert_eq!(accepted.about.user, Some(bob.id));
    assert_eq!(accepted.data["proof"], json!("mailbox"));
    let mut told: Vec<String> = scene.house.mails().await.into_iter().flat_map(|mail| mail.to).collect();
    told.sort();
    assert_eq!(told, [WORK, BOB]);
}

async fn case_020_an_identity_of_another_account_brings_the_invitation_there_after_a_press(engine: Engine) {
    let (mut scene, link) = bob_is_invited_again(engine).await;
    let mut browser = scene.house.visitor();
    let page = browser.open(&link).await;
    let away = leave(&mut browser, &page, "Continue with Acme").await;
    let before = scene.contents().await;
    let page = browser.open(&scene.acme.send_back(&away, &at_acme(BOB))).await;
    assert_eq!(page.url.path(), "/accept/confirm");
    page.assert_status(200).assert_says("Is this your account?").assert_says(BOB).assert_says(WORK);
    assert_out(&mut browser).await;
    scene.assert_same(&before, TRACES).await;

    // The other press: the invitation stays open.
    let another = browser.press(&page, "Use another account", &[]).await;
    assert_eq!(another.url.path(), "/accept");
    let away = leave(&mut browser, &another, "Continue with Acme").await;
    let page = browser.open(&scene.acme.send_back(&away, &at_acme(BOB))).await;
    scene.cellar.news().await;
    assert_in(&browser.press(&page, &format!("Accept as {BOB}"), &[]).await);
    assert_brought(&mut scene).await;
}

async fn case_020_the_account_that_is_signed_in_takes_the_invitation_after_a_press(engine: Engine) {
    let (mut scene, link) = bob_is_invited_again(engine).await;
    let mut browser = scene.house.visitor();
    assert_in(&log_in(&mut browser, BOB, PASSWORD).await);
    let page = browser.open(&link).await;
    page.assert_says("You are signed in as").assert_says(BOB).assert_says(WORK);
    scene.cellar.news().await;
    assert_in(&browser.press(&page, &format!("Accept as {BOB}"), &[]).await);
    assert_brought(&mut scene).await;
    browser.open(&link).await.assert_status(410);
}

async fn i_already_have_an_account_here(engine: Engine) {
    let (mut scene, link) = bob_is_invited_again(engine).await;
    let mut browser = scene.house.visitor();
    let page = browser.open(&link).await;
    let login = browser.open(&page.find_link("I already have an account here").unwrap()).await;
    // The way on survives a wrong password.
    let wrong = browser.press(&login, "Log in", &[("email", BOB), ("password", "not-his-at-all")]).await;
    let back = browser.press(&wrong, "Log in", &[("email", BOB), ("password", PASSWORD)]).await;
    assert_eq!(back.url.path(), "/accept");
    scene.cellar.news().await;
    assert_in(&browser.press(&back, &format!("Accept as {BOB}"), &[]).await);
    assert_brought(&mut scene).await;

    // And by a provider.
    let link = scene.invite("bob@third.example").await;
    let mut other = scene.house.visitor();
    let page = other.open(&link).await;
    let login = other.open(&page.find_link("I already have an account here").unwrap()).await;
    let away = leave(&mut other, &login, "Continue with Acme").await;
    let back = other.open(&scene.acme.send_back(&away, &at_acme(BOB))).await;
    assert_eq!(back.url.path(), "/accept");
    assert!(back.offers(&format!("Accept as {BOB}")), "{}", back.text());
}

async fn bringing_wants_a_fresh_log_in(engine: Engine) {
    let (mut scene, link) = bob_is_invited_again(engine).await;
    let mut browser = scene.house.visitor();
    assert_in(&log_in(&mut browser, BOB, PASSWORD).await);
    let page = browser.open(&link).await;
    scene.house.clock.advance(FRESH_FOR + Duration::from_millis(1));
    let before = scene.contents().await;
    let fresh = browser.press(&page, &format!("Accept as {BOB}"), &[]).await;
    assert_eq!(fresh.url.path(), "/account/fresh");
    scene.assert_same(&before, &[]).await;
    // Logged in once more, the browser is back at the invitation that it holds.
    let back = browser.press(&fresh, "Log in", &[("password", PASSWORD)]).await;
    assert_eq!(back.url.path(), "/accept");
    scene.cellar.news().await;
    assert_in(&browser.press(&back, &format!("Accept as {BOB}"), &[]).await);
    assert_brought(&mut scene).await;
}

async fn bringing_keeps_to_the_invitations_policy(engine: Engine) {
    for (policy, allowed) in [("same_domain", false), ("same_email", false), ("any", true)] {
        let (mut scene, _) = bob_is_invited_again(engine).await;
        let link = scene
            .invite_on(json!({"email": ANNA.replace("example.org", "third.example"), "email_match": policy}))
            .await;
        let mut browser = scene.house.visitor();
        assert_in(&log_in(&mut browser, BOB, PASSWORD).await);
        let page = browser.open(&link).await;
        assert_eq!(page.offers(&format!("Accept as {BOB}")), allowed, "{policy}");
        // By the provider: Bob's address there is not the invited one.
        let mut other = scene.house.visitor();
        let page = other.open(&link).await;
        let away = leave(&mut other, &page, "Continue with Acme").await;
        let back = other.open(&scene.acme.send_back(&away, &at_acme(BOB))).await;
        assert_eq!(back.status.as_u16(), if allowed { 200 } else { 403 }, "{policy}: {}", back.text());
    }
}

async fn what_the_invitation_grants_the_account_gets(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.guest(BOB).await;
    let bob = scene.cellar.user(BOB).await.id.to_string().replace('|', "%7C");
    let path = format!("/api/v2/users/{bob}");
    scene.api.patch(&path, &json!({"app_metadata": {"plan": "free", "seat": 4}})).await.assert_status(200);
    let terms = json!({"email": WORK, "app_metadata": {"plan": "team"}, "user_metadata": {"desk": "window"}});
    let link = scene.invite_on(terms).await;
    let mut browser = scene.house.visitor();
    assert_in(&log_in(&mut browser, BOB, PASSWORD).await);
    let page = browser.open(&link).await;
    assert_in(&browser.press(&page, &format!("Accept as {BOB}"), &[]).await);
    let user = scene.api.get(&path).await.json();
    assert_eq!(user["app_metadata"], json!({"plan": "team", "seat": 4}));
    assert_eq!(user["user_metadata"], json!({"desk": "window"}));
    assert_eq!(user["email"], json!(BOB), "the account keeps its own address");
}

async fn bringing_and_accepting_have_one_winner(engine: Engine) {
    for _ in 0..20 {
        let (mut scene, link) = bob_is_invited_again(engine).await;
        let mut bob = scene.house.visitor();
        assert_in(&log_in(&mut bob, BOB, PASSWORD).await);
        let (bring, mut anew) = (bob.open(&link).await, scene.house.visitor());
        let accept = anew.open(&link).await;
        let button = format!("Accept as {BOB}");
        let (brought, accepted) = tokio::join!(
            bob.press(&bring, &button, &[]),
            anew.press(&accept, "Set password", &[("password", "another-kettle-7")]),
        );
        let landed =
            [&brought, &accepted].map(|answer| (answer.status.as_u16(), answer.url.path()) == (200, "/account"));
        assert_eq!(landed.iter().filter(|landed| **landed).count(), 1, "{}\n{}", brought.text(), accepted.text());
        assert_eq!(anew.get("/account").await.status == 200, landed[1], "a session for the winner alone");
        let taken = invitation(&mut scene).await;
        assert_eq!(taken["status"], json!("accepted"));
        let bob_id = json!(scene.cellar.user(BOB).await.id);
        match scene.cellar.find_user(WORK).await {
            // Accepted anew: a user of its own, with the password that was set.
            Some(user) => {
                assert_eq!((&taken["user_id"], landed[1]), (&json!(user.id), true));
                assert!(scene.cellar.password(&user).await.is_some());
            }
            None => assert_eq!((&taken["user_id"], landed[0]), (&bob_id, true)),
        }
    }
}

/// Comes to the log-in page with Acme, as somebody of that address.
async fn knock(scene: &Scene, email: &str) -> (Visitor, Answer) {
    let mut browser = scene.house.visitor();
    let answer = scene.sign_in(&mut browser, &at_acme(email)).await;
    (browser, answer)
}

async fn an_invited_guest_comes_in_by_an_authoritative_provider(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.declare(&["example.org"], "confirm").await;
    scene.invite(ANNA).await;
    scene.cellar.news().await;
    let (_, account) = knock(&scene, ANNA).await;
    assert_in(&account);
    let anna = scene.cellar.user(ANNA).await;
    assert!(anna.email_verified && anna.email_proven_at.is_some());
    assert_eq!(scene.subjects(ANNA).await, ["somebody-at-acme"]);
    assert_eq!(scene.news_of(EventKind::InvitationAccepted).await.data["proof"], json!("provider"));
    assert_eq!(invitation(&mut scene).await["status"], json!("accepted"));
}

async fn case_051_without_authority_nobody_comes_in_without_the_link(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.invite(ANNA).await;
    let before = scene.contents().await;
    let refused = knock(&scene, ANNA).await.1;
    refused.assert_status(403).assert_says("You are not on the list");
    scene.assert_same(&before, TRACES).await;
    // Authoritative, but for another domain; and for this one, but it does not say that it verified the address.
    scene.declare(&["work.example"], "auto").await;
    knock(&scene, ANNA).await.1.assert_status(403);
    scene.declare(&["example.org"], "auto").await;
    let mut browser = scene.house.visitor();
    let unverified = Account::with_claims("somebody-at-acme", json!({"email": ANNA, "email_verified": false}));
    scene.sign_in(&mut browser, &unverified).await.assert_status(403);
    assert_eq!(invitation(&mut scene).await["status"], json!("pending"));
}

async fn without_the_link_the_invitation_must_be_open(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.declare(&["example.org"], "auto").await;
    // Not offered: the invitation names the password database alone.
    scene.invite_on(json!({"email": ANNA, "connections": ["Username-Password-Authentication"]})).await;
    knock(&scene, ANNA).await.1.assert_status(403);
    // Over.
    scene.invite(BOB).await;
    scene.house.clock.advance(DEFAULT_LIFETIME);
    scene.api = scene.house.api().await;
    knock(&scene, BOB).await.1.assert_status(403);
    // Open again, and taken back.
    let list = scene.api.get("/api/v2/invitations?status=expired").await.json();
    let mut overdue = list.as_array().unwrap().iter().filter(|invitation| invitation["email"] == BOB);
    let id = overdue.next().unwrap()["id"].as_str().unwrap().to_owned();
    scene.api.post(&format!("/api/v2/invitations/{id}/resend"), &json!({})).await.assert_status(200);
    scene.api.post(&format!("/api/v2/invitations/{id}/revoke"), &json!({})).await.assert_status(200);
    knock(&scene, BOB).await.1.assert_status(403);
    assert!(scene.subjects(BOB).await.is_empty() && scene.subjects(ANNA).await.is_empty());
}
