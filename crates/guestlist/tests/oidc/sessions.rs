//! Sessions over the Management API: seen, ended, revoked with what applications have of them.

use crate::stage::{ANNA, PASSWORD, Stage, assert_error};
use guestlist_domain::event::EventKind;
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::visitor::Visitor;
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    sessions_are_shown_without_their_secrets,
    a_session_that_is_ended_leaves_applications_what_they_have,
    a_session_that_is_revoked_takes_it_along,
    access_is_revoked_as_a_whole_or_in_part,
);

async fn anna(stage: &Stage) -> String {
    format!("/api/v2/users/{}", stage.anna_id().await.to_string().replace('|', "%7C"))
}

/// Anna's sessions, newest first.
async fn sessions(stage: &mut Stage) -> Vec<Value> {
    let path = format!("{}/sessions", anna(stage).await);
    let found = stage.api.get(&path).await.assert_status(200).json();
    found["sessions"].as_array().unwrap().clone()
}

/// Anna in another browser.
async fn elsewhere(stage: &Stage) -> Visitor {
    stage.house.clock.advance(Duration::from_secs(1));
    let mut browser = stage.house.visitor();
    let login = browser.open("/login").await;
    let done = browser.press(&login, "Log in", &[("email", ANNA), ("password", PASSWORD)]).await;
    assert_eq!(done.url.path(), "/account", "{}", done.text());
    browser
}

async fn is_in(browser: &mut Visitor) -> bool {
    browser.get("/account").await.status.as_u16() == 200
}

async fn sessions_are_shown_without_their_secrets(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let tokens = stage.tokens(&[]).await;
    let first = stage.claims(tokens["id_token"].as_str().unwrap(), &stage.app.id).await["sid"].clone();
    let browser = elsewhere(&stage).await;
    let found = sessions(&mut stage).await;
    assert_eq!((found.len(), &found[1]["id"]), (2, &first));
    assert_eq!(found[1]["clients"], json!([{"client_id": stage.app.id}]));
    assert_eq!(found[0]["clients"], json!([]));
    let shown = &found[0];
    assert_eq!(
        (&shown["user_id"], &shown["authentication"]["methods"][0]["name"]),
        (&json!(stage.anna_id().await), &json!("pwd"))
    );
    for name in ["created_at", "updated_at", "authenticated_at", "last_interacted_at", "idle_expires_at", "expires_at"]
    {
        assert!(shown[name].as_str().unwrap().ends_with('Z'), "{name}: {shown}");
    }
    let secret = browser.cookies().values().max_by_key(|value| value.len()).unwrap().clone();
    assert!(!json!(found).to_string().contains(&secret));
    let path = format!("/api/v2/sessions/{}", shown["id"].as_str().unwrap());
    assert_eq!(&stage.api.get(&path).await.assert_status(200).json(), shown);
    let page = stage.api.get(&format!("{}/sessions?take=1", anna(&stage).await)).await.json();
    let rest = format!("{}/sessions?take=1&from={}", anna(&stage).await, page["next"].as_str().unwrap());
    let rest = stage.api.get(&rest).await.json();
    assert_eq!(
        (&page["sessions"], &rest["sessions"], rest.get("next")),
        (&json!([found[0]]), &json!([found[1]]), None)
    );
    stage.api.get("/api/v2/users/auth0%7Cnobody/sessions").await.assert_status(404);
    stage.api.get("/api/v2/sessions/ses_unknown").await.assert_status(404);
    // Whoever is blocked is signed in nowhere.
    let path = anna(&stage).await;
    stage.api.patch(&path, &json!({"blocked": true})).await.assert_status(200);
    assert_eq!(sessions(&mut stage).await, Vec::<Value>::new());
    stage.api.get(&format!("/api/v2/sessions/{}", first.as_str().unwrap())).await.assert_status(404);
}

async fn a_session_that_is_ended_leaves_applications_what_they_have(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let tokens = stage.tokens(&[]).await;
    let mut browser = elsewhere(&stage).await;
    let found = sessions(&mut stage).await;
    let path = format!("/api/v2/sessions/{}", found[1]["id"].as_str().unwrap());
    for _ in 0..2 {
        stage.api.delete(&path).await.assert_status(202);
    }
    assert!(!is_in(&mut stage.anna).await && is_in(&mut browser).await);
    stage.userinfo(tokens["access_token"].as_str().unwrap()).await.assert_status(200);
    let tokens = stage.refresh(tokens["refresh_token"].as_str().unwrap(), &[]).await.assert_status(200).json();
    let ended = stage.events().await.into_iter().filter(|kind| kind == EventKind::LoggedOut.as_str()).count();
    assert_eq!(ended, 1, "the second time nothing happened");
    // All at once, and applications keep theirs.
    let path = format!("{}/sessions", anna(&stage).await);
    stage.api.delete(&path).await.assert_status(202);
    assert!(!is_in(&mut browser).await && sessions(&mut stage).await.is_empty());
    stage.refresh(tokens["refresh_token"].as_str().unwrap(), &[]).await.assert_status(200);
    stage.api.delete("/api/v2/users/auth0%7Cnobody/sessions").await.assert_status(404);
}

async fn a_session_that_is_revoked_takes_it_along(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let tokens = stage.tokens(&[]).await;
    let (access, refresh) = (tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap());
    let mut browser = elsewhere(&stage).await;
    let found = sessions(&mut stage).await;
    let path = format!("/api/v2/sessions/{}", found[1]["id"].as_str().unwrap());
    // Also where the session itself is over already.
    stage.api.delete(&path).await.assert_status(202);
    stage.api.post(&format!("{path}/revoke"), &json!({})).await.assert_status(202);
    stage.userinfo(access).await.assert_status(401);
    assert_error(&stage.refresh(refresh, &[]).await, 400, "invalid_grant");
    assert!(is_in(&mut browser).await);
    assert!(stage.events().await.contains(&EventKind::GrantRevoked.as_str().to_owned()));
}

async fn access_is_revoked_as_a_whole_or_in_part(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let tokens = stage.tokens(&[]).await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let mut browser = elsewhere(&stage).await;
    let found = sessions(&mut stage).await;
    let path = format!("{}/revoke-access", anna(&stage).await);
    stage.api.post(&path, &json!({"sessions": "all"})).await.assert_status(400);
    // A session of somebody else is not ended by the way.
    let other = json!({"connection": "Username-Password-Authentication", "email": "ben@example.org", "user_id": "ben"});
    stage.api.post("/api/v2/users", &other).await.assert_status(201);
    let one = json!({"session_id": found[0]["id"]});
    stage.api.post("/api/v2/users/auth0%7Cben/revoke-access", &one).await.assert_status(202);
    assert!(is_in(&mut browser).await);
    stage.api.post(&path, &one).await.assert_status(202);
    assert!(!is_in(&mut browser).await && is_in(&mut stage.anna).await);
    stage.api.post(&path, &json!({"preserve_refresh_tokens": true})).await.assert_status(202);
    assert!(!is_in(&mut stage.anna).await);
    let next = stage.refresh(refresh, &[]).await.assert_status(200).json();
    stage.api.post(&path, &json!({})).await.assert_status(202);
    assert_error(&stage.refresh(next["refresh_token"].as_str().unwrap(), &[]).await, 400, "invalid_grant");
    stage.api.post("/api/v2/users/auth0%7Cnobody/revoke-access", &json!({})).await.assert_status(404);
}
