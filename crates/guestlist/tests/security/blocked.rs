//! Case 62: a provider that is switched off, and a user who is blocked, open nothing from that moment on.

use crate::guests::{opens, press};
use crate::recovery::{forgot, reset_form};
use crate::scene::{ANNA, BOB, PASSWORD, Scene, assert_in, assert_out, leave};
use guestlist_app::Clock as _;
use guestlist_domain::secret::Secret;
use guestlist_testkit::house::Engine;
use guestlist_testkit::house_clients::{Credentials, web_application};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use serde_json::{Value, json};

on_both_engines!(
    case_062_a_provider_switched_off_on_the_way_lets_nobody_in,
    case_062_a_provider_switched_off_before_the_press_lets_nobody_in,
    case_062_a_block_shuts_every_door_at_once,
);

async fn case_062_a_provider_switched_off_on_the_way_lets_nobody_in(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    let hers = Account::new("anna-at-acme", ANNA);
    assert_in(&scene.connect(&mut anna, &hers).await);
    scene.house.mails().await;
    let mut carla = scene.guest("carla@example.org").await;
    let link = scene.invite(BOB).await;
    // Three browsers are at the provider: one to sign in, one to accept, one to connect.
    let mut other = scene.house.visitor();
    let to_sign_in = scene.leave_to_sign_in(&mut other).await;
    let mut bob = scene.house.visitor();
    let page = bob.open(&link).await;
    let to_accept = leave(&mut bob, &page, "Continue with Acme").await;
    let page = carla.open("/account").await;
    let to_connect = leave(&mut carla, &page, "Connect Acme").await;
    scene.cellar.switch_off(&scene.cellar.connection("acme").await).await;

    let refused = other.open(&scene.acme.send_back(&to_sign_in, &hers)).await;
    assert!(refused.status.is_client_error(), "{}", refused.text());
    assert_out(&mut other).await;
    let refused = bob.open(&scene.acme.send_back(&to_accept, &Account::new("bob-at-acme", BOB))).await;
    assert!(refused.status.is_client_error(), "{}", refused.text());
    assert_out(&mut bob).await;
    assert!(scene.subjects(BOB).await.is_empty());
    let carlas = Account::new("carla-at-acme", "carla@example.org");
    let refused = carla.open(&scene.acme.send_back(&to_connect, &carlas)).await;
    assert!(refused.status.is_client_error(), "{}", refused.text());
    assert!(scene.subjects("carla@example.org").await.is_empty());
    assert!(!scene.house.visitor().open("/login").await.offers("Continue with Acme"));
    // What does not hang on it goes on.
    assert!(opens(&scene, ANNA, PASSWORD).await);
}

/// The provider answered while it was still welcome; the last step is on a page of ours.
async fn case_062_a_provider_switched_off_before_the_press_lets_nobody_in(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.guest(ANNA).await;
    scene.declare(&["example.org"], "confirm").await;
    let link = scene.invite(BOB).await;
    // One browser is asked whether another address will do, one for a log-in that completes a link.
    let mut bob = scene.house.visitor();
    let page = bob.open(&link).await;
    let away = leave(&mut bob, &page, "Continue with Acme").await;
    let confirm = bob.open(&scene.acme.send_back(&away, &Account::new("bob-at-acme", "bob@example.net"))).await;
    assert_eq!(confirm.url.path(), "/accept/confirm");
    let mut anna = scene.house.visitor();
    let prove = scene.sign_in(&mut anna, &Account::new("anna-at-acme", ANNA)).await;
    assert_eq!(prove.url.path(), "/login/prove");
    scene.cellar.switch_off(&scene.cellar.connection("acme").await).await;

    let refused = bob.press(&confirm, "Continue as bob@example.net", &[]).await;
    refused.assert_status(403);
    assert_out(&mut bob).await;
    assert!(scene.subjects(BOB).await.is_empty());
    // Her password lets her in, and links nothing.
    assert_in(&anna.press(&prove, "Log in", &[("password", PASSWORD)]).await);
    assert!(scene.subjects(ANNA).await.is_empty());
}

async fn refresh(scene: &Scene, client: &Credentials, token: &str) -> Value {
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", client.id.as_str()),
        ("client_secret", client.secret.as_str()),
        ("refresh_token", token),
    ];
    scene.house.visitor().post_form("/oauth/token", &[], &fields).await.json()
}

async fn userinfo(scene: &Scene, token: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    scene.house.visitor().send(axum::http::Method::GET, "/userinfo", &headers, String::new()).await.status.as_u16()
}

async fn case_062_a_block_shuts_every_door_at_once(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    let hers = Account::new("anna-at-acme", ANNA);
    assert_in(&scene.connect(&mut anna, &hers).await);
    scene.house.mails().await;
    let settings = json!({"callbacks": ["https://app.example/callback"],
        "grant_types": ["authorization_code", "refresh_token"]});
    let client = web_application(&scene.house.app, serde_json::from_value(settings).unwrap()).await;
    let user = scene.cellar.user(ANNA).await;
    let planted: Secret =
        scene.cellar.plant_refresh_token(&user, user.epoch, &client.id, scene.house.clock.now()).await;
    let tokens = refresh(&scene, &client, planted.expose()).await;
    let access = tokens["access_token"].as_str().unwrap();
    let newest = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(userinfo(&scene, access).await, 200);
    let link = forgot(&scene, ANNA).await;
    let mut early = scene.house.visitor();
    let form = reset_form(&mut early, &link, "granite-lantern-8").await;
    let mut other = scene.house.visitor();
    let on_the_way = scene.leave_to_sign_in(&mut other).await;
    let path = format!("/api/v2/users/{}", user.id.as_str().replace('|', "%7C"));
    scene.api.patch(&path, &json!({"blocked": true})).await.assert_status(200);

    for is_blocked in [true, false] {
        assert_out(&mut anna).await;
        assert_eq!(refresh(&scene, &client, newest).await["error"], "invalid_grant");
        assert_eq!(userinfo(&scene, access).await, 401);
        press(&mut early, &form).await.assert_status(410);
        if is_blocked {
            let refused = other.open(&scene.acme.send_back(&on_the_way, &hers)).await;
            assert!(refused.status.is_client_error(), "{}", refused.text());
            assert_out(&mut other).await;
            assert!(!opens(&scene, ANNA, PASSWORD).await);
            assert_ne!(scene.sign_in(&mut other, &hers).await.url.path(), "/account");
            let page = other.open("/forgot").await;
            other.press(&page, "Send the link", &[("email", ANNA)]).await.assert_status(200);
            assert!(scene.house.mails().await.is_empty(), "no way back by mail");
            scene.api.patch(&path, &json!({"blocked": false})).await.assert_status(200);
        }
    }
    // The end of the block brings nothing back that was begun before it; her ways in are what they were.
    assert!(opens(&scene, ANNA, PASSWORD).await);
    assert_in(&scene.sign_in(&mut other, &hers).await);
}
