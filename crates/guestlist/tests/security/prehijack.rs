//! Cases 64 to 68: an attacker is at the pending user before its guest is.
//!
//! Two layers stand in the way: a pending user is inert (R2), and acceptance begins with a clean slate (R3). The second
//! must hold alone, so the rows that the first forbids are planted in the database, with the epoch that the user will
//! have afterwards: nothing but the wiping can make them dead.

use crate::scene::{ANNA, PASSWORD, Scene, TRACES, accept_by_password, assert_in, assert_out, leave, log_in};
use guestlist_app::Clock as _;
use guestlist_domain::event::EventKind;
use guestlist_domain::secret::Secret;
use guestlist_domain::user::User;
use guestlist_testkit::house::Engine;
use guestlist_testkit::house_clients::{Credentials, web_application};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use guestlist_testkit::visitor::Visitor;
use serde_json::{Value, json};

on_both_engines!(
    case_064_a_password_set_before_acceptance_is_dead,
    case_064_a_password_planted_at_a_pending_user_is_dead,
    case_064_a_user_made_whole_by_the_api_cannot_be_invited,
    case_065_a_pending_user_cannot_sign_in,
    case_065_sessions_and_tokens_from_before_die_at_acceptance,
    case_065_an_identity_from_before_dies_at_acceptance,
    case_067_links_from_before_are_dead,
    case_067_the_address_is_the_invited_one_even_if_the_row_was_moved,
    case_068_a_first_sign_in_by_a_lax_provider_leaves_nothing,
);

pub(crate) const HIS_PASSWORD: &str = "orchid-lantern-7";
pub(crate) const MALLORY: &str = "mallory@evil.example";

/// How the guest accepts.
#[derive(Clone, Copy)]
pub(crate) enum By {
    Password,
    Acme,
}

const BOTH_WAYS: [By; 2] = [By::Password, By::Acme];

pub(crate) async fn accept(scene: &Scene, link: &str, by: By) -> Visitor {
    let mut anna = scene.house.visitor();
    match by {
        By::Password => accept_by_password(&mut anna, link).await,
        By::Acme => {
            let page = anna.open(link).await;
            let away = leave(&mut anna, &page, "Continue with Acme").await;
            assert_in(&anna.open(&scene.acme.send_back(&away, &Account::new("anna-at-acme", ANNA))).await);
        }
    }
    anna
}

/// Exactly the one method just proven is there, and the line says which.
async fn assert_clean_slate(scene: &Scene, by: By) {
    let user = scene.cellar.user(ANNA).await;
    let accepted = scene.news_of(EventKind::InvitationAccepted).await;
    assert_eq!(accepted.about.user.as_ref(), Some(&user.id));
    let (word, subjects): (&str, &[&str]) = match by {
        By::Password => ("password", &[]),
        By::Acme => ("connection:acme", &["anna-at-acme"]),
    };
    assert_eq!(accepted.data["method"], json!(word));
    assert_eq!(scene.subjects(ANNA).await, subjects);
    assert_eq!(scene.cellar.password(&user).await.is_some(), matches!(by, By::Password));
    assert_eq!(scene.contents().await["sessions"].len(), 1, "the guest's own session, and no other");
}

async fn assert_cannot_log_in(scene: &Scene, password: &str) {
    let mut mallory = scene.house.visitor();
    let refused = log_in(&mut mallory, ANNA, password).await;
    refused.assert_status(400).assert_says("This email and password do not match.");
    assert_out(&mut mallory).await;
}

async fn case_064_a_password_set_before_acceptance_is_dead(engine: Engine) {
    for by in BOTH_WAYS {
        let mut scene = Scene::on(engine).await;
        let made = json!({"connection": "Username-Password-Authentication", "email": ANNA, "password": HIS_PASSWORD,
            "email_verified": false});
        let made = scene.api.post("/api/v2/users", &made).await.assert_status(201).json();
        let path = format!("/api/v2/users/{}", made["user_id"].as_str().unwrap().replace('|', "%7C"));
        // A later word that the address is verified does not make the user whole.
        scene.api.patch(&path, &json!({"email_verified": true})).await.assert_status(200);
        assert_cannot_log_in(&scene, HIS_PASSWORD).await;
        let link = scene.invite(ANNA).await;
        scene.api.patch(&path, &json!({"password": HIS_PASSWORD})).await.assert_status(200);
        assert!(scene.cellar.password(&scene.cellar.user(ANNA).await).await.is_some(), "there is something to wipe");
        assert_cannot_log_in(&scene, HIS_PASSWORD).await;
        scene.cellar.news().await;
        accept(&scene, &link, by).await;
        assert_clean_slate(&scene, by).await;
        assert_eq!(scene.cellar.user(ANNA).await.id.as_str(), made["user_id"], "it is the user who was made");
        assert_cannot_log_in(&scene, HIS_PASSWORD).await;
    }
}

async fn case_064_a_password_planted_at_a_pending_user_is_dead(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    // Whole users are made by the API with a password that Mallory knows; their hash is planted at the pending one.
    let whole = json!({"connection": "Username-Password-Authentication", "email": MALLORY, "password": HIS_PASSWORD,
        "email_verified": true});
    scene.api.post("/api/v2/users", &whole).await.assert_status(201);
    let link = scene.invite(ANNA).await;
    let (mallory, pending) = (scene.cellar.user(MALLORY).await, scene.cellar.user(ANNA).await);
    let phc = scene.cellar.password(&mallory).await.unwrap();
    scene.cellar.plant_password(&pending, &phc, scene.house.clock.now()).await;
    scene.cellar.news().await;
    accept(&scene, &link, By::Acme).await;
    assert_clean_slate(&scene, By::Acme).await;
    assert_cannot_log_in(&scene, HIS_PASSWORD).await;
}

async fn case_064_a_user_made_whole_by_the_api_cannot_be_invited(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let whole = json!({"connection": "Username-Password-Authentication", "email": ANNA, "password": HIS_PASSWORD,
        "email_verified": true});
    scene.api.post("/api/v2/users", &whole).await.assert_status(201);
    let user = scene.cellar.user(ANNA).await;
    assert!(user.email_verified && user.email_proven_at.is_none(), "an assertion is no proof");
    let before = scene.contents().await;
    let refused = scene.api.post("/api/v2/invitations", &json!({"email": ANNA})).await;
    refused.assert_status(409);
    assert_eq!(refused.json()["user_id"], user.id.as_str());
    scene.assert_same(&before, &[]).await;
    // And what its provider proves is never merged into an account whose mailbox nobody proved.
    scene.declare(&["example.org"], "auto").await;
    let refused = scene.sign_in(&mut scene.house.visitor(), &Account::new("anna-at-acme", ANNA)).await;
    refused.assert_status(403).assert_says("You are not on the list");
    assert!(scene.subjects(ANNA).await.is_empty());
}

async fn case_065_a_pending_user_cannot_sign_in(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.invite(ANNA).await;
    let (pending, now) = (scene.cellar.user(ANNA).await, scene.house.clock.now());
    let acme = scene.cellar.connection("acme").await;
    scene.cellar.plant_identity(&pending, &acme, "mallory-at-acme", now).await;
    let session = scene.cellar.plant_session(&pending, pending.epoch, now).await;
    let before = scene.contents().await;
    assert_not_signed_in(&scene, &session).await;
    scene.assert_same(&before, &[]).await;

    scene.cellar.news().await;
    let mut mallory = scene.house.visitor();
    let refused = scene.sign_in(&mut mallory, &Account::new("mallory-at-acme", MALLORY)).await;
    refused.assert_status(403).assert_says("You are not on the list");
    scene.assert_same(&before, TRACES).await;
    scene.assert_login_failed("not_invited").await;
    assert_out(&mut mallory).await;

    // "Forgot password" for a pending user mails the invitation again, to its own address, and opens no reset.
    let page = mallory.open("/forgot").await;
    mallory.press(&page, "Send the link", &[("email", ANNA)]).await.assert_status(200);
    let mail = scene.house.mail().await;
    assert_eq!(mail.to, [ANNA]);
    assert_eq!(mail.link("/i/").host_str(), Some("id.example.org"));
    assert!(scene.contents().await["reset_tickets"].is_empty());
}

async fn assert_not_signed_in(scene: &Scene, session: &Secret) {
    let mut mallory = scene.house.visitor();
    mallory.set_cookie("__Host-guestlist_session", session.expose());
    assert_out(&mut mallory).await;
}

/// The epoch that a pending user will have once the invitation is accepted.
fn epoch_to_come(pending: &User) -> i64 {
    pending.epoch + 1
}

async fn application(scene: &Scene) -> Credentials {
    let settings = json!({"callbacks": ["https://app.example/callback"],
        "grant_types": ["authorization_code", "refresh_token"]});
    web_application(&scene.house.app, serde_json::from_value(settings).unwrap()).await
}

async fn refresh(scene: &Scene, client: &Credentials, token: &Secret) -> (u16, Value) {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", client.id.as_str()),
        ("client_secret", client.secret.as_str()),
        ("refresh_token", token.expose()),
    ];
    let answer = scene.house.visitor().post_form("/oauth/token", &[], &fields).await;
    (answer.status.as_u16(), answer.json()["error"].clone())
}

async fn case_065_sessions_and_tokens_from_before_die_at_acceptance(engine: Engine) {
    for by in BOTH_WAYS {
        let mut scene = Scene::on(engine).await;
        let client = application(&scene).await;
        let link = scene.invite(ANNA).await;
        let (pending, now) = (scene.cellar.user(ANNA).await, scene.house.clock.now());
        let mut sessions = Vec::new();
        let mut tokens = Vec::new();
        for epoch in [pending.epoch, epoch_to_come(&pending)] {
            sessions.push(scene.cellar.plant_session(&pending, epoch, now).await);
            tokens.push(scene.cellar.plant_refresh_token(&pending, epoch, &client.id, now).await);
        }
        scene.cellar.news().await;
        accept(&scene, &link, by).await;
        assert_clean_slate(&scene, by).await;
        assert_eq!(scene.cellar.user(ANNA).await.epoch, epoch_to_come(&pending), "the planted epoch is the real one");
        for session in &sessions {
            assert_not_signed_in(&scene, session).await;
        }
        for token in &tokens {
            assert_eq!(refresh(&scene, &client, token).await, (400, json!("invalid_grant")));
        }
    }
}

async fn case_065_an_identity_from_before_dies_at_acceptance(engine: Engine) {
    for by in BOTH_WAYS {
        let mut scene = Scene::on(engine).await;
        let link = scene.invite(ANNA).await;
        let (pending, now) = (scene.cellar.user(ANNA).await, scene.house.clock.now());
        let acme = scene.cellar.connection("acme").await;
        scene.cellar.plant_identity(&pending, &acme, "mallory-at-acme", now).await;
        scene.cellar.news().await;
        accept(&scene, &link, by).await;
        assert_clean_slate(&scene, by).await;
        let mut mallory = scene.house.visitor();
        let refused = scene.sign_in(&mut mallory, &Account::new("mallory-at-acme", MALLORY)).await;
        refused.assert_status(403).assert_says("You are not on the list");
        assert_out(&mut mallory).await;
    }
}

async fn case_067_links_from_before_are_dead(engine: Engine) {
    for by in BOTH_WAYS {
        let mut scene = Scene::on(engine).await;
        scene.invite(ANNA).await;
        let (pending, now) = (scene.cellar.user(ANNA).await, scene.house.clock.now());
        // What the API hands out for a pending user is a link to the invitation; the next mail makes it an older one.
        let ticket = json!({"user_id": pending.id, "mark_email_as_verified": true});
        let ticket = scene.api.post("/api/v2/tickets/password-change", &ticket).await.assert_status(201).json();
        let ticket = ticket["ticket"].as_str().unwrap().to_owned();
        let mut mallory = scene.house.visitor();
        mallory.open(&ticket).await.assert_status(200);
        let link = scene.resend(ANNA).await;
        // What no door hands out: a link to a new password. Only the newest of a user lives, so the other one is of
        // the epoch that there is now.
        let now_dead = scene.cellar.plant_reset_ticket(&pending, pending.epoch, now).await;
        let to_come = scene.cellar.plant_reset_ticket(&pending, epoch_to_come(&pending), now).await;
        scene.cellar.news().await;
        accept(&scene, &link, by).await;
        assert_clean_slate(&scene, by).await;
        let before = scene.contents().await;

        assert!(!mallory.open("/accept").await.assert_status(410).offers("Set password"));
        mallory.open(&ticket).await.assert_status(410);
        for reset in [&now_dead, &to_come] {
            let mut mallory = scene.house.visitor();
            let dead = mallory.open(&format!("/reset/{}", reset.expose())).await;
            dead.assert_status(410);
            assert!(!dead.offers("Set password"));
            // The form of the page for a link that lives, sent with this one in its place.
            let form = scene.house.visitor().open("/forgot").await.form("Send the link");
            let token = mallory.open("/forgot").await.form("Send the link").values["form_token"].clone();
            let forged = guestlist_testkit::visitor::Form {
                action: form.action.join("/reset").unwrap(),
                values: [("form_token", token.as_str()), ("password", HIS_PASSWORD)]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
                ..form
            };
            let refused = mallory.submit(&forged).await;
            assert_eq!(refused.location(), Some("/reset"));
            mallory.follow(refused).await.assert_status(410);
        }
        scene.assert_same(&before, &["throttles"]).await;
        assert_cannot_log_in(&scene, HIS_PASSWORD).await;
    }
}

async fn case_067_the_address_is_the_invited_one_even_if_the_row_was_moved(engine: Engine) {
    for by in BOTH_WAYS {
        let mut scene = Scene::on(engine).await;
        let link = scene.invite(ANNA).await;
        let pending = scene.cellar.user(ANNA).await;
        scene.cellar.move_user(&pending, MALLORY).await;
        scene.cellar.news().await;
        accept(&scene, &link, by).await;
        assert_clean_slate(&scene, by).await;
        assert!(scene.cellar.find_user(MALLORY).await.is_none(), "the recovery address is the invited one");
        let mut mallory = scene.house.visitor();
        let page = mallory.open("/forgot").await;
        scene.house.mails().await;
        mallory.press(&page, "Send the link", &[("email", MALLORY)]).await;
        assert!(scene.house.mails().await.is_empty(), "nothing is sent to him");
    }
    // By the API, address and invitation move together, and the older link is dead.
    let mut scene = Scene::on(engine).await;
    let link = scene.invite(ANNA).await;
    let id = scene.cellar.user(ANNA).await.id.to_string().replace('|', "%7C");
    scene.api.patch(&format!("/api/v2/users/{id}"), &json!({"email": MALLORY})).await.assert_status(200);
    let before = scene.contents().await;
    scene.house.visitor().open(&link).await.assert_status(410).assert_says("There is a newer link");
    scene.assert_same(&before, &[]).await;
}

async fn case_068_a_first_sign_in_by_a_lax_provider_leaves_nothing(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let lax = Account::new("mallory-at-acme", ANNA);
    let before = scene.contents().await;
    let mut mallory = scene.house.visitor();
    let refused = scene.sign_in(&mut mallory, &lax).await;
    refused.assert_status(403).assert_says("You are not on the list").assert_says("No account was made");
    scene.assert_same(&before, TRACES).await;
    scene.assert_login_failed("not_invited").await;
    assert!(scene.cellar.find_user(ANNA).await.is_none(), "no account, no reservation");

    let link = scene.invite(ANNA).await;
    scene.cellar.news().await;
    accept(&scene, &link, By::Password).await;
    assert_clean_slate(&scene, By::Password).await;
    assert_in(&log_in(&mut scene.house.visitor(), ANNA, PASSWORD).await);
    scene.cellar.news().await;
    let refused = scene.sign_in(&mut mallory, &lax).await;
    refused.assert_status(403).assert_says("You are not on the list");
    scene.assert_login_failed("not_invited").await;
    assert_out(&mut mallory).await;
    assert!(scene.subjects(ANNA).await.is_empty());
}
