//! Refresh tokens and grants over the Management API: seen, ended one by one, by user, by application, by API.

use crate::stage::{Stage, assert_error};
use guestlist_domain::event::EventKind;
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    what_can_be_renewed_is_shown_without_the_token,
    a_refresh_token_is_ended_by_its_id,
    refresh_tokens_are_ended_by_user_and_application,
    grants_are_listed_and_taken_away,
);

async fn anna(stage: &Stage) -> String {
    format!("/api/v2/users/{}", stage.anna_id().await.to_string().replace('|', "%7C"))
}

async fn renewable(stage: &mut Stage) -> Vec<Value> {
    let path = format!("{}/refresh-tokens", anna(stage).await);
    stage.api.get(&path).await.assert_status(200).json()["tokens"].as_array().unwrap().clone()
}

fn refresh_token(tokens: &Value) -> &str {
    tokens["refresh_token"].as_str().unwrap()
}

async fn what_can_be_renewed_is_shown_without_the_token(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let first = stage.tokens(&[]).await;
    stage.house.clock.advance(Duration::from_mins(1));
    let first = stage.refresh(refresh_token(&first), &[]).await.assert_status(200).json();
    stage.tokens(&[("scope", "openid")]).await;
    stage.house.clock.advance(Duration::from_mins(1));
    stage.tokens(&[]).await;
    let found = renewable(&mut stage).await;
    assert_eq!(found.len(), 2, "what has no refresh token is not among them");
    let shown = &found[1];
    assert_eq!(
        (&shown["user_id"], &shown["client_id"], &shown["rotating"], &shown["resource_servers"]),
        (&json!(stage.anna_id().await), &json!(stage.app.id), &json!(true), &json!([]))
    );
    assert_ne!(shown["last_exchanged_at"], shown["created_at"], "{shown}");
    assert_eq!(found[0]["last_exchanged_at"], found[0]["created_at"], "{found:?}");
    assert!(!json!(found).to_string().contains(refresh_token(&first)));
    let one = format!("/api/v2/refresh-tokens/{}", shown["id"].as_str().unwrap());
    assert_eq!(&stage.api.get(&one).await.assert_status(200).json(), shown);
    let path = format!("{}/refresh-tokens?take=1", anna(&stage).await);
    let page = stage.api.get(&path).await.json();
    let rest = stage.api.get(&format!("{path}&from={}", page["next"].as_str().unwrap())).await.json();
    assert_eq!((&page["tokens"], &rest), (&json!([found[0]]), &json!({"tokens": [shown]})));
    stage.api.get("/api/v2/users/auth0%7Cnobody/refresh-tokens").await.assert_status(404);
    stage.api.get("/api/v2/refresh-tokens/grt_unknown").await.assert_status(404);
    // Whoever is blocked renews nothing.
    let path = anna(&stage).await;
    stage.api.patch(&path, &json!({"blocked": true})).await.assert_status(200);
    assert_eq!(renewable(&mut stage).await, Vec::<Value>::new());
    stage.api.get(&one).await.assert_status(404);
}

async fn a_refresh_token_is_ended_by_its_id(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let (first, second) = (stage.tokens(&[]).await, {
        stage.house.clock.advance(Duration::from_secs(1));
        stage.tokens(&[]).await
    });
    let found = renewable(&mut stage).await;
    let path = format!("/api/v2/refresh-tokens/{}", found[1]["id"].as_str().unwrap());
    for _ in 0..2 {
        stage.api.delete(&path).await.assert_status(202);
    }
    assert_error(&stage.refresh(refresh_token(&first), &[]).await, 400, "invalid_grant");
    stage.userinfo(first["access_token"].as_str().unwrap()).await.assert_status(401);
    let revoked = stage.events().await.into_iter().filter(|kind| kind == EventKind::GrantRevoked.as_str()).count();
    assert_eq!(revoked, 1, "the second time nothing happened");
    assert_eq!(renewable(&mut stage).await, vec![found[0].clone()]);
    let ids = json!({"ids": [found[0]["id"], "grt_unknown"]});
    stage.api.post("/api/v2/refresh-tokens/revoke", &ids).await.assert_status(202);
    assert_error(&stage.refresh(refresh_token(&second), &[]).await, 400, "invalid_grant");
}

async fn refresh_tokens_are_ended_by_user_and_application(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let (lasting, short) = (stage.tokens(&[]).await, stage.tokens(&[("scope", "openid")]).await);
    let user = stage.anna_id().await;
    let revoke = "/api/v2/refresh-tokens/revoke";
    for wrong in [
        json!({}),
        json!({"client_id": stage.app.id}),
        json!({"ids": ["grt_1"], "user_id": user}),
        json!({"ids": ["grt_1"], "client_id": stage.app.id}),
        json!({"user_id": user, "session": "ses_1"}),
        json!({"ids": vec!["grt_1"; 101]}),
    ] {
        stage.api.post(revoke, &wrong).await.assert_status(400);
    }
    for others in
        [json!({"user_id": user, "client_id": "nobody"}), json!({"user_id": user, "audience": "https://api.example"})]
    {
        stage.api.post(revoke, &others).await.assert_status(202);
    }
    let lasting = stage.refresh(refresh_token(&lasting), &[]).await.assert_status(200).json();
    stage.api.post(revoke, &json!({"user_id": user, "client_id": stage.app.id})).await.assert_status(202);
    assert_error(&stage.refresh(refresh_token(&lasting), &[]).await, 400, "invalid_grant");
    stage.userinfo(short["access_token"].as_str().unwrap()).await.assert_status(200);
    let lasting = stage.tokens(&[]).await;
    let path = format!("{}/refresh-tokens", anna(&stage).await);
    stage.api.delete(&path).await.assert_status(202);
    assert_error(&stage.refresh(refresh_token(&lasting), &[]).await, 400, "invalid_grant");
    stage.api.delete("/api/v2/users/auth0%7Cnobody/refresh-tokens").await.assert_status(404);
    stage.api.post(revoke, &json!({"user_id": "auth0|nobody"})).await.assert_status(404);
}

async fn grants_are_listed_and_taken_away(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let (first, second) = (stage.tokens(&[]).await, stage.tokens(&[("scope", "openid email")]).await);
    let user = stage.anna_id().await.to_string().replace('|', "%7C");
    let found = stage.api.get("/api/v2/grants?include_totals=true").await.assert_status(200).json();
    assert_eq!((&found["total"], &found["length"]), (&json!(2), &json!(2)), "{found}");
    let all = stage.api.get(&format!("/api/v2/grants?user_id={user}")).await.json();
    assert_eq!(all.as_array().unwrap().len(), 2);
    let shorter = all.as_array().unwrap().iter().find(|grant| grant["scope"] == json!(["openid", "email"])).unwrap();
    assert_eq!((&shorter["clientID"], &shorter["audience"]), (&json!(stage.app.id), &Value::Null));
    for (query, count) in [
        (format!("client_id={}", stage.app.id), 2),
        ("client_id=nobody".to_owned(), 0),
        ("audience=https%3A%2F%2Fapi.example".to_owned(), 0),
        (format!("user_id={user}&per_page=1&page=1"), 1),
        (format!("user_id={user}&page=2"), 0),
    ] {
        let found = stage.api.get(&format!("/api/v2/grants?{query}")).await.assert_status(200).json();
        assert_eq!(found.as_array().unwrap().len(), count, "{query}: {found}");
    }
    stage.api.delete(&format!("/api/v2/grants/{}", shorter["id"].as_str().unwrap())).await.assert_status(204);
    stage.userinfo(second["access_token"].as_str().unwrap()).await.assert_status(401);
    stage.userinfo(first["access_token"].as_str().unwrap()).await.assert_status(200);
    stage.api.delete("/api/v2/grants").await.assert_status(400);
    stage.api.delete(&format!("/api/v2/grants?user_id={user}")).await.assert_status(204);
    assert_error(&stage.refresh(refresh_token(&first), &[]).await, 400, "invalid_grant");
    assert_eq!(stage.api.get("/api/v2/grants").await.json(), json!([]));
}
