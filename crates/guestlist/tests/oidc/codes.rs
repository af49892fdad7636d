//! Codes: good once, for one client, one address, one verifier, one minute.

use crate::stage::{ANNA, CALLBACK, OTHER_CALLBACK, Stage, assert_error, sent_back};
use guestlist_testkit::house::{Engine, ORIGIN};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::visitor::Visitor;
use serde_json::json;
use std::time::Duration;

on_both_engines!(
    tokens_say_what_was_asked,
    a_page_without_a_secret_gets_tokens_too,
    case_083_a_second_use_ends_the_first,
    case_083_one_of_fifty_wins,
    case_084_a_code_is_bound,
    a_blocked_user_gets_nothing,
    malformed_requests_are_answered_in_json,
);

async fn tokens_say_what_was_asked(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let code = stage.code(&[]).await;
    let answer = stage.redeem(&code, &[]).await;
    answer.assert_status(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let tokens = answer.json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(86_400)));
    assert_eq!(tokens["scope"], "openid profile email offline_access");
    let claims = stage.claims(tokens["id_token"].as_str().unwrap(), &stage.app.id).await;
    let now = stage.house.app.now().seconds();
    assert_eq!(claims["iss"], format!("{ORIGIN}/"));
    assert_eq!(claims["aud"], json!(stage.app.id));
    assert_eq!(claims["sub"], stage.anna_id().await.as_str());
    assert_eq!((&claims["nonce"], &claims["auth_time"]), (&json!("n+/="), &json!(now)));
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(now), &json!(now + 36_000)));
    assert!(claims["sid"].as_str().unwrap().starts_with("ses_"));
    assert_eq!((&claims["email"], &claims["email_verified"]), (&json!(ANNA), &json!(true)));
    assert_eq!((&claims["name"], &claims["nickname"]), (&json!(ANNA), &json!("anna")));

    let tokens = stage.tokens(&[("scope", "openid"), ("nonce", "")]).await;
    assert_eq!((&tokens["scope"], &tokens["refresh_token"]), (&json!("openid"), &json!(null)));
    let claims = stage.claims(tokens["id_token"].as_str().unwrap(), &stage.app.id).await;
    assert!(claims.get("nonce").is_none() && claims.get("email").is_none() && claims.get("name").is_none());
    let tokens = stage.tokens(&[("scope", "")]).await;
    assert_eq!(tokens["id_token"], json!(null), "nobody asked who it is");
}

async fn a_page_without_a_secret_gets_tokens_too(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let page = stage.page.id.clone();
    let code = stage.code(&[("client_id", &page)]).await;
    let secret = [("client_id", page.as_str()), ("client_secret", stage.app.secret.as_str())];
    assert_error(&stage.redeem(&code, &secret).await, 401, "invalid_client");
    let answer = stage.redeem(&code, &[("client_id", &page), ("client_secret", "")]).await;
    answer.assert_status(200);
    assert_error(&stage.redeem("gl_cod_x", &[("client_secret", "")]).await, 401, "invalid_client");
}

async fn case_083_a_second_use_ends_the_first(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let code = stage.code(&[]).await;
    let tokens = stage.redeem(&code, &[]).await.assert_status(200).json();
    let access = tokens["access_token"].as_str().unwrap();
    stage.userinfo(access).await.assert_status(200);
    assert_error(&stage.redeem(&code, &[]).await, 400, "invalid_grant");
    stage.userinfo(access).await.assert_status(401);
    let refreshed = stage.refresh(tokens["refresh_token"].as_str().unwrap(), &[]).await;
    assert_error(&refreshed, 400, "invalid_grant");
    assert!(stage.events().await.iter().any(|kind| kind == "grant.reused"));
}

async fn case_083_one_of_fifty_wins(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let code = stage.code(&[]).await;
    let attempts = (0..50).map(|_| stage.redeem(&code, &[]));
    let answers = futures(attempts).await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.status.as_u16() == 200).collect();
    assert_eq!(winners.len(), 1);
    assert!(
        answers.iter().filter(|answer| answer.status.as_u16() != 200).all(|a| a.json()["error"] == "invalid_grant")
    );
    let access = winners[0].json()["access_token"].as_str().unwrap().to_owned();
    stage.userinfo(&access).await.assert_status(401);
}

/// All at once, each on a task of its own.
pub(crate) async fn futures<F: Future<Output = T>, T>(all: impl Iterator<Item = F>) -> Vec<T> {
    let mut waiting: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in waiting.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *slot = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

async fn case_084_a_code_is_bound(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let page = stage.page.id.clone();
    let others: [&[(&str, &str)]; 4] = [
        &[("client_id", &page), ("client_secret", "")],
        &[("redirect_uri", OTHER_CALLBACK)],
        &[("redirect_uri", "")],
        &[("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl")],
    ];
    for changes in others {
        let code = stage.code(&[]).await;
        assert_error(&stage.redeem(&code, changes).await, 400, "invalid_grant");
    }
    let code = stage.code(&[]).await;
    stage.house.clock.advance(Duration::from_secs(59));
    stage.redeem(&code, &[]).await.assert_status(200);
    let code = stage.code(&[]).await;
    stage.house.clock.advance(Duration::from_mins(1));
    assert_error(&stage.redeem(&code, &[]).await, 400, "invalid_grant");

    let code = stage.code(&[]).await;
    if engine == Engine::Postgres {
        let (_, router) = stage.house.another_node().await;
        stage.house.router = router;
    } else {
        stage.house.restart().await;
    }
    stage.redeem(&code, &[]).await.assert_status(200);
}

async fn a_blocked_user_gets_nothing(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let tokens = stage.tokens(&[]).await;
    let code = stage.code(&[]).await;
    let id = stage.anna_id().await;
    let path = format!("/api/v2/users/{}", id.as_str().replace('|', "%7C"));
    stage.api.patch(&path, &json!({"blocked": true})).await.assert_status(200);
    let refused = stage.redeem(&code, &[]).await;
    assert_error(&refused, 400, "invalid_grant");
    assert_eq!(refused.json()["error_description"], "user is blocked");
    let refused = stage.refresh(tokens["refresh_token"].as_str().unwrap(), &[]).await;
    assert_eq!(refused.json()["error_description"], "user is blocked");
    stage.userinfo(tokens["access_token"].as_str().unwrap()).await.assert_status(401);
    let back = sent_back(&stage.ask(&[("prompt", "none")]).await);
    assert_eq!(back["error"], "login_required");
    stage.api.patch(&path, &json!({"blocked": false})).await.assert_status(200);
    stage.userinfo(tokens["access_token"].as_str().unwrap()).await.assert_status(401);
}

async fn malformed_requests_are_answered_in_json(engine: Engine) {
    let stage = Stage::on(engine).await;
    let post = |media_type: &'static str, body: String| {
        let mut program: Visitor = stage.house.visitor();
        async move {
            let headers = [("content-type", media_type)];
            program.send("POST".parse().unwrap(), "/oauth/token", &headers, body).await
        }
    };
    assert_error(&post("application/json", "{".to_owned()).await, 400, "invalid_request");
    assert_error(&post("application/json", "[]".to_owned()).await, 400, "invalid_request");
    assert_error(&post("text/plain", String::new()).await, 401, "invalid_client");
    let twice = format!("client_id={0}&client_id={0}", stage.app.id);
    assert_error(&post("application/x-www-form-urlencoded", twice).await, 400, "invalid_request");
    assert_error(&post("application/json", " ".repeat(100_000)).await, 413, "invalid_request");
    let form = [("client_id", stage.app.id.as_str()), ("client_secret", stage.app.secret.as_str())];
    assert_error(&stage.token(&form).await, 400, "invalid_request");
    let password = [form[0], form[1], ("grant_type", "password"), ("username", ANNA), ("password", "x")];
    assert_error(&stage.token(&password).await, 400, "unsupported_grant_type");
    let body = json!({"grant_type": "authorization_code", "client_id": stage.app.id, "client_secret": stage.app.secret,
        "code": "gl_cod_x", "redirect_uri": CALLBACK});
    assert_error(&post("application/json; charset=utf-8", body.to_string()).await, 400, "invalid_grant");
}
