//! Refresh tokens: every one is good for one use, and one that comes again ends its family.

use crate::codes::futures;
use crate::stage::{Stage, assert_error};
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    a_refresh_rotates_and_says_who_it_is_again,
    case_086_reuse_ends_the_family,
    case_086_one_of_fifty_wins,
    case_086_other_clients_and_other_text_get_nothing,
    a_family_ends_in_time,
    a_revoked_family_is_over,
);

fn refresh_token(tokens: &Value) -> String {
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

async fn a_refresh_rotates_and_says_who_it_is_again(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let first = stage.tokens(&[]).await;
    stage.house.clock.advance(Duration::from_hours(1));
    let second = stage.refresh(&refresh_token(&first), &[]).await.assert_status(200).json();
    assert_ne!(refresh_token(&first), refresh_token(&second));
    let before = stage.claims(first["id_token"].as_str().unwrap(), &stage.app.id).await;
    let after = stage.claims(second["id_token"].as_str().unwrap(), &stage.app.id).await;
    for name in ["sub", "sid", "auth_time", "email"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert!(after.get("nonce").is_none());
    assert!(after["iat"].as_i64() > before["iat"].as_i64());
    stage.userinfo(second["access_token"].as_str().unwrap()).await.assert_status(200);

    let less = stage.refresh(&refresh_token(&second), &[("scope", "openid email phone")]).await.json();
    assert_eq!(less["scope"], "openid email");
    let whole = stage.refresh(&refresh_token(&less), &[]).await.json();
    assert_eq!(whole["scope"], "openid profile email offline_access", "less this time is not less for good");
}

async fn case_086_reuse_ends_the_family(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let first = stage.tokens(&[]).await;
    let second = stage.refresh(&refresh_token(&first), &[]).await.json();
    if engine == Engine::Sqlite {
        stage.house.restart().await;
    }
    let again = stage.refresh(&refresh_token(&first), &[]).await;
    assert_error(&again, 400, "invalid_grant");
    assert_eq!(again.json()["error_description"], "Unknown or invalid refresh token.");
    assert_error(&stage.refresh(&refresh_token(&second), &[]).await, 400, "invalid_grant");
    stage.userinfo(second["access_token"].as_str().unwrap()).await.assert_status(401);
    assert!(stage.events().await.iter().any(|kind| kind == "grant.reused"));
}

async fn case_086_one_of_fifty_wins(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let token = refresh_token(&stage.tokens(&[]).await);
    let answers = futures((0..50).map(|_| stage.refresh(&token, &[]))).await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.status.as_u16() == 200).collect();
    assert_eq!(winners.len(), 1);
    let next = refresh_token(&winners[0].json());
    assert_error(&stage.refresh(&next, &[]).await, 400, "invalid_grant");
}

async fn case_086_other_clients_and_other_text_get_nothing(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let token = refresh_token(&stage.tokens(&[]).await);
    let page = [("client_id", stage.page.id.as_str()), ("client_secret", "")];
    assert_error(&stage.refresh(&token, &page).await, 400, "invalid_grant");
    for other in [&token[..token.len() - 1], &format!("{token}A"), "x", "gl_ref_"] {
        assert_error(&stage.refresh(other, &[]).await, 400, "invalid_grant");
    }
    stage.refresh(&token, &[]).await.assert_status(200);
}

async fn a_family_ends_in_time(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let idle = refresh_token(&stage.tokens(&[]).await);
    let mut used = refresh_token(&stage.tokens(&[]).await);
    for _ in 0..2 {
        stage.house.clock.advance(Duration::from_hours(14 * 24));
        used = refresh_token(&stage.refresh(&used, &[]).await.assert_status(200).json());
    }
    assert_error(&stage.refresh(&idle, &[]).await, 400, "invalid_grant");
    stage.house.clock.advance(Duration::from_hours(2 * 24));
    assert_error(&stage.refresh(&used, &[]).await, 400, "invalid_grant");
}

async fn a_revoked_family_is_over(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let tokens = stage.tokens(&[]).await;
    let token = refresh_token(&tokens);
    let mut program = stage.house.visitor();
    let revoke =
        |token: &str, client: &str, secret: &str| json!({"token": token, "client_id": client, "client_secret": secret});
    let (app, page) = (stage.app.clone(), stage.page.clone());
    let not_its_own = json!({"token": token, "client_id": page.id});
    for body in [revoke("gl_ref_unknown", &app.id, &app.secret), revoke("x", &app.id, &app.secret), not_its_own] {
        let answer = program.post_json("/oauth/revoke", None, &body).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""), "nobody is told");
    }
    stage.userinfo(tokens["access_token"].as_str().unwrap()).await.assert_status(200);
    let wrong = program.post_json("/oauth/revoke", None, &revoke(&token, &app.id, "wrong")).await;
    assert_error(&wrong, 401, "invalid_client");
    let answer = program.post_json("/oauth/revoke", None, &revoke(&token, &app.id, &app.secret)).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    stage.userinfo(tokens["access_token"].as_str().unwrap()).await.assert_status(401);
    assert_error(&stage.refresh(&token, &[]).await, 400, "invalid_grant");
    assert!(stage.events().await.iter().any(|kind| kind == "grant.revoked"));
}
