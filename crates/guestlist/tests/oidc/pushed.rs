//! Requests that are pushed beforehand (RFC 9126): named, bound to their client, gone after a minute.

use crate::stage::{CALLBACK, CHALLENGE, Pairs, Stage, assert_error, changed, sent_back};
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::visitor::Answer;
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    a_pushed_request_counts_and_nothing_else,
    a_pushed_request_is_its_clients_and_for_a_minute,
    what_authorize_would_refuse_is_refused_at_once,
    who_pushes_must_prove_who_it_is,
);

/// What the application pushes.
async fn push(stage: &Stage, changes: Pairs<'_>) -> Answer {
    let usual = [
        ("client_id", stage.app.id.as_str()),
        ("client_secret", stage.app.secret.as_str()),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("state", "pushed"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    stage.house.visitor().post_form("/oauth/par", &[], &changed(&usual, changes)).await
}

async fn pushed(stage: &Stage, changes: Pairs<'_>) -> String {
    let answer = push(stage, changes).await.assert_status(201).json();
    assert_eq!(answer["expires_in"], json!(60));
    answer["request_uri"].as_str().unwrap().to_owned()
}

/// Anna's browser brings a name.
async fn bring(stage: &mut Stage, pairs: Pairs<'_>) -> Answer {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    stage.anna.get(&format!("/authorize?{query}")).await
}

async fn a_pushed_request_counts_and_nothing_else(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let answer = push(&stage, &[]).await;
    answer.assert_status(201);
    assert_eq!(
        (answer.header("content-type"), answer.header("cache-control")),
        (Some("application/json"), Some("no-store"))
    );
    let name = answer.json()["request_uri"].as_str().unwrap().to_owned();
    assert!(name.starts_with("urn:ietf:params:oauth:request_uri:"), "{name}");
    let client = stage.app.id.clone();
    let brought = [
        ("client_id", client.as_str()),
        ("request_uri", name.as_str()),
        ("state", "other"),
        ("scope", "openid profile offline_access"),
        ("redirect_uri", "https://evil.example/"),
        ("prompt", "login"),
    ];
    let sent = sent_back(&bring(&mut stage, &brought).await);
    assert_eq!(sent["state"], "pushed");
    let tokens = stage.redeem(&sent["code"], &[]).await.assert_status(200).json();
    assert_eq!((&tokens["scope"], &tokens["refresh_token"]), (&json!("openid email"), &Value::Null));
    // A browser that reloads, and a client that says who it is in the header alone.
    sent_back(&bring(&mut stage, &[("client_id", &client), ("request_uri", &name)]).await);
    let document = stage.house.visitor().get("/.well-known/openid-configuration").await.json();
    assert!(document["pushed_authorization_request_endpoint"].as_str().unwrap().ends_with("/oauth/par"));
    // The log-in page is on the way of whoever is not signed in.
    let mut stranger = stage.house.visitor();
    let name = pushed(&stage, &[("prompt", "login")]).await;
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("client_id", client.as_str()), ("request_uri", name.as_str())])
        .finish();
    let page = stranger.get(&format!("/authorize?{query}")).await;
    assert!(page.location().unwrap().starts_with("/login?resume="), "{:?}", page.location());
}

async fn a_pushed_request_is_its_clients_and_for_a_minute(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let name = pushed(&stage, &[]).await;
    let (app, page) = (stage.app.id.clone(), stage.page.id.clone());
    let (head, sealed) = name.rsplit_once(':').unwrap();
    let forged = format!("{head}:A{}", &sealed[1..]);
    for pairs in [
        vec![("request_uri", name.as_str())],
        vec![("client_id", page.as_str()), ("request_uri", &name)],
        vec![("client_id", &app), ("request_uri", &name), ("request_uri", &name)],
        vec![("client_id", &app), ("request_uri", &forged)],
    ] {
        let answer = bring(&mut stage, &pairs).await;
        assert!(answer.location().is_none() && answer.status.is_client_error(), "{pairs:?}: {}", answer.status);
    }
    // What is elsewhere is still not fetched.
    let elsewhere = [("client_id", app.as_str()), ("redirect_uri", CALLBACK), ("request_uri", "https://app.example/r")];
    assert_eq!(sent_back(&bring(&mut stage, &elsewhere).await)["error"], "request_uri_not_supported");
    let ours = [("client_id", app.as_str()), ("request_uri", name.as_str())];
    stage.house.clock.advance(Duration::from_secs(59));
    sent_back(&bring(&mut stage, &ours).await);
    stage.house.clock.advance(Duration::from_secs(1));
    let answer = bring(&mut stage, &ours).await;
    assert!(answer.location().is_none() && answer.status.is_client_error(), "{}", answer.status);
    // What is taken from the client meanwhile is taken from its request.
    let name = pushed(&stage, &[]).await;
    let path = format!("/api/v2/clients/{app}");
    stage.api.patch(&path, &json!({"callbacks": ["https://app.example/new"]})).await.assert_status(200);
    let answer = bring(&mut stage, &[("client_id", &app), ("request_uri", &name)]).await;
    assert!(answer.location().is_none() && answer.status.is_client_error(), "{}", answer.status);
}

async fn what_authorize_would_refuse_is_refused_at_once(engine: Engine) {
    let stage = Stage::on(engine).await;
    let name = pushed(&stage, &[]).await;
    for (changes, error) in [
        (("redirect_uri", "https://evil.example/"), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
        (("audience", "https://nowhere.example"), "access_denied"),
        (("connection", "nowhere"), "invalid_request"),
        (("request_uri", name.as_str()), "invalid_request"),
        (("request", "x.y.z"), "request_not_supported"),
    ] {
        assert_error(&push(&stage, &[changes]).await, 400, error);
    }
}

async fn who_pushes_must_prove_who_it_is(engine: Engine) {
    let stage = Stage::on(engine).await;
    for changes in [("client_secret", "wrong"), ("client_secret", ""), ("client_id", "nobody")] {
        assert_error(&push(&stage, &[changes]).await, 401, "invalid_client");
    }
    // A page has no secret, and its request is still nobody else's.
    let page = [("client_id", stage.page.id.as_str()), ("client_secret", "")];
    pushed(&stage, &page).await;
}
