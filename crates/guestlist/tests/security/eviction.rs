//! Case 39: whoever recovers an account by its mailbox is alone in it afterwards.

use crate::guests::{happened, opens, press};
use crate::recovery::{forgot, reset_form};
use crate::scene::{ANNA, PASSWORD, Scene, assert_in, assert_out, log_in};
use guestlist_app::Clock as _;
use guestlist_testkit::house::Engine;
use guestlist_testkit::house_clients::web_application;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use serde_json::json;
use std::time::Duration;

on_both_engines!(
    case_039_recovery_leaves_the_owner_alone,
    case_039_what_came_with_the_last_proof_stays,
    case_039_a_handed_link_proves_no_mailbox,
    case_039_the_mailbox_opens_to_an_owner_who_was_shut_out,
    case_039_whoever_has_a_way_in_of_their_own_is_told_which,
);

const NEW: &str = "granite-lantern-8";
const MALLORY: &str = "mallory@evil.example";

fn later(scene: &Scene) {
    scene.house.clock.advance(Duration::from_secs(1));
}

async fn case_039_recovery_leaves_the_owner_alone(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.guest(ANNA).await;
    later(&scene);
    // Mallory learned the password: a session, an identity of his own, tokens, and a link on its way.
    let mut mallory = scene.house.visitor();
    assert_in(&log_in(&mut mallory, ANNA, PASSWORD).await);
    let his = Account::new("mallory-at-acme", MALLORY);
    assert_in(&scene.connect(&mut mallory, &his).await);
    let settings = json!({"callbacks": ["https://app.example/callback"],
        "grant_types": ["authorization_code", "refresh_token"]});
    let client = web_application(&scene.house.app, serde_json::from_value(settings).unwrap()).await;
    let user = scene.cellar.user(ANNA).await;
    scene.cellar.plant_refresh_token(&user, user.epoch, &client.id, scene.house.clock.now()).await;
    scene.house.mails().await;
    let older = forgot(&scene, ANNA).await;
    let link = forgot(&scene, ANNA).await;
    happened(&scene).await;

    let mut anna = scene.house.visitor();
    let form = reset_form(&mut anna, &link, NEW).await;
    press(&mut anna, &form).await.assert_status(200);

    assert_eq!(happened(&scene).await, ["user.password_changed", "user.unlinked"]);
    let mails = scene.house.mails().await;
    assert!(mails.len() == 2 && mails.iter().all(|mail| mail.to == [ANNA]), "the owner hears of both");
    assert!(mails.iter().any(|mail| mail.text.contains("Acme")), "and of which way in");
    assert_out(&mut mallory).await;
    assert!(scene.contents().await["sessions"].is_empty());
    assert_eq!(scene.cellar.open_grants().await, (vec![], 1), "the grant is revoked");
    scene.house.visitor().open(&older).await.assert_status(410);
    assert!(scene.subjects(ANNA).await.is_empty());
    let refused = scene.sign_in(&mut mallory, &his).await;
    refused.assert_status(403).assert_says("You are not on the list");
    assert!(opens(&scene, ANNA, NEW).await && !opens(&scene, ANNA, PASSWORD).await);
}

async fn case_039_what_came_with_the_last_proof_stays(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let link = scene.invite(ANNA).await;
    let hers = Account::new("anna-at-acme", ANNA);
    let mut anna = scene.house.visitor();
    let page = anna.open(&link).await;
    let away = crate::scene::leave(&mut anna, &page, "Continue with Acme").await;
    assert_in(&anna.open(&scene.acme.send_back(&away, &hers)).await);
    later(&scene);
    let form = anna.open("/account").await.form("Set password").with("password", PASSWORD);
    assert_in(&press(&mut anna, &form).await);
    for password in [NEW, "willow-candle-31"] {
        later(&scene);
        scene.house.mails().await;
        let link = forgot(&scene, ANNA).await;
        let form = reset_form(&mut anna, &link, password).await;
        press(&mut anna, &form).await.assert_status(200);
        assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
        assert_in(&scene.sign_in(&mut anna, &hers).await);
    }
}

async fn case_039_a_handed_link_proves_no_mailbox(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    later(&scene);
    let hers = Account::new("anna-at-acme", ANNA);
    assert_in(&scene.connect(&mut anna, &hers).await);
    let user = scene.cellar.user(ANNA).await;
    let ticket = scene.api.post("/api/v2/tickets/password-change", &json!({"user_id": user.id})).await;
    let link = ticket.assert_status(201).json()["ticket"].as_str().unwrap().to_owned();
    let mut other = scene.house.visitor();
    let form = reset_form(&mut other, &link, NEW).await;
    press(&mut other, &form).await.assert_status(200);
    assert_out(&mut anna).await;
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"], "nothing is known about who added it");
    assert_eq!(scene.cellar.user(ANNA).await.email_proven_at, user.email_proven_at);
}

/// Found by the model: Mallory, in by a learned password, adds his provider and removes the password. Nothing of Anna's is
/// left, and "you sign in with Acme" would shut her out for good.
async fn case_039_the_mailbox_opens_to_an_owner_who_was_shut_out(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.guest(ANNA).await;
    later(&scene);
    let mut mallory = scene.house.visitor();
    assert_in(&log_in(&mut mallory, ANNA, PASSWORD).await);
    let his = Account::new("mallory-at-acme", MALLORY);
    assert_in(&scene.connect(&mut mallory, &his).await);
    let page = mallory.open("/account").await;
    mallory.press(&page, "Remove password", &[]).await.assert_says("Removed");
    assert!(!opens(&scene, ANNA, PASSWORD).await);
    scene.house.mails().await;

    let link = forgot(&scene, ANNA).await;
    let mut anna = scene.house.visitor();
    let form = reset_form(&mut anna, &link, NEW).await;
    press(&mut anna, &form).await.assert_status(200);
    assert!(opens(&scene, ANNA, NEW).await);
    assert_out(&mut mallory).await;
    assert!(scene.subjects(ANNA).await.is_empty());
    scene.sign_in(&mut mallory, &his).await.assert_status(403);
}

async fn case_039_whoever_has_a_way_in_of_their_own_is_told_which(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let link = scene.invite(ANNA).await;
    let mut anna = scene.house.visitor();
    let page = anna.open(&link).await;
    let away = crate::scene::leave(&mut anna, &page, "Continue with Acme").await;
    assert_in(&anna.open(&scene.acme.send_back(&away, &Account::new("anna-at-acme", ANNA))).await);
    scene.house.mails().await;
    let page = anna.open("/forgot").await;
    anna.press(&page, "Send the link", &[("email", ANNA)]).await.assert_status(200);
    let mail = scene.house.mail().await;
    assert!(mail.text.contains("Acme") && !mail.text.contains("/reset/"), "{}", mail.text);
}
