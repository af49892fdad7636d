//! From the application to the house and back.

use crate::stage::{ANNA, CALLBACK, CHALLENGE, PASSWORD, Pairs, Stage, sent_back};
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use std::time::Duration;

on_both_engines!(
    a_stranger_signs_in_and_comes_back_with_a_code,
    case_082_no_browser_goes_to_an_address_that_is_not_registered,
    case_085_nobody_goes_without_pkce,
    case_089_only_the_code_flow,
    case_090_prompts_are_kept,
    a_hint_of_somebody_else_switches_nobody,
    an_unfinished_request_ends_after_an_hour,
    a_post_is_answered_as_a_get,
    what_is_not_a_get_makes_no_code,
);

async fn a_stranger_signs_in_and_comes_back_with_a_code(engine: Engine) {
    let stage = Stage::on(engine).await;
    let mut browser = stage.house.visitor();
    let request = stage.request(&[("login_hint", ANNA), ("screen_hint", "signup"), ("ui_locales", "en")]);
    let login = browser.open(&request).await;
    assert_eq!(login.url.path(), "/login", "{}", login.text());
    login.assert_says("Team Calendar");
    assert_eq!(login.form("Log in").values.get("email").map(String::as_str), Some(ANNA));
    let policy = login.header("content-security-policy").unwrap();
    assert!(policy.contains("https://app.example"), "Chromium holds it against the redirect: {policy}");
    let back = browser.press(&login, "Log in", &[("password", PASSWORD)]).await;
    let back = sent_back(&back);
    assert_eq!(back["state"], "s+/=");
    stage.redeem(&back["code"], &[]).await.assert_status(200);
}

async fn case_082_no_browser_goes_to_an_address_that_is_not_registered(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let strange = [
        "https://app.example/callback/",
        "https://app.example/callback?extra=1",
        "https://app.example/callback#fragment",
        "https://app.example/callback/..;/x",
        "https://app.example/%2e/callback",
        "https://app.example:443/callback",
        "https://APP.example/callback",
        "http://app.example/callback",
        "https://user@app.example/callback",
        "https://app.example@evil.example/callback",
        "https://app.example.evil.example/callback",
        "https://127.0.0.1/callback",
        "javascript:alert(1)",
        "//app.example/callback",
    ];
    for uri in strange {
        assert_page(&mut stage, &[("redirect_uri", uri)]).await;
    }
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.example%2F", stage.request(&[]));
    let answer = stage.anna.get(&twice).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (400, None));
    // Two are registered, so none can be left out; and an unknown client has none at all.
    assert_page(&mut stage, &[("redirect_uri", "")]).await;
    assert_page(&mut stage, &[("client_id", "nobody")]).await;
    assert_page(&mut stage, &[("client_id", "")]).await;
}

async fn assert_page(stage: &mut Stage, changes: Pairs<'_>) {
    let answer = stage.ask(changes).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (400, None), "{changes:?}");
    assert!(answer.header("content-type").unwrap().starts_with("text/html"), "{changes:?}");
    assert!(!answer.body.contains("evil.example"));
}

async fn case_085_nobody_goes_without_pkce(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    for changes in [
        [("code_challenge", ""), ("code_challenge_method", "")],
        [("code_challenge", ""), ("code_challenge_method", "S256")],
        [("code_challenge", CHALLENGE), ("code_challenge_method", "")],
        [("code_challenge", CHALLENGE), ("code_challenge_method", "plain")],
        [("code_challenge", "short"), ("code_challenge_method", "S256")],
    ] {
        let back = sent_back(&stage.ask(&changes).await);
        assert_eq!((back["error"].as_str(), back["state"].as_str()), ("invalid_request", "s+/="), "{changes:?}");
        assert!(!back.contains_key("code"));
    }
    // A challenge without its verifier, and the other way round.
    let code = stage.code(&[]).await;
    stage.redeem(&code, &[("code_verifier", "")]).await.assert_status(400);
    let code = stage.code(&[]).await;
    stage.redeem(&code, &[("code_verifier", CHALLENGE)]).await.assert_status(400);
}

async fn case_089_only_the_code_flow(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let html = "\"><script>alert(1)</script>";
    for (response_type, error) in [
        ("token", "unsupported_response_type"),
        ("id_token token", "unsupported_response_type"),
        ("none", "unsupported_response_type"),
        ("id_token", "unauthorized_client"),
        ("code id_token", "unauthorized_client"),
    ] {
        let back = sent_back(&stage.ask(&[("response_type", response_type), ("state", html)]).await);
        assert_eq!((back["error"].as_str(), back["state"].as_str()), (error, html));
    }
    for mode in ["fragment", "jwt"] {
        let back = sent_back(&stage.ask(&[("response_mode", mode)]).await);
        assert_eq!(back["error"], "invalid_request", "{mode}");
    }
}

async fn case_090_prompts_are_kept(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let mut stranger = stage.house.visitor();
    let back = sent_back(&stranger.get(&stage.request(&[("prompt", "none")])).await);
    assert_eq!((back["error"].as_str(), back["error_description"].as_str()), ("login_required", "Login required"));
    stage.code(&[("prompt", "none")]).await;

    stage.house.clock.advance(Duration::from_mins(2));
    let back = sent_back(&stage.ask(&[("prompt", "none"), ("max_age", "60")]).await);
    assert_eq!(back["error"], "login_required");
    for changes in [("prompt", "login"), ("prompt", "select_account"), ("max_age", "0"), ("max_age", "119")] {
        let first = stage.tokens(&[]).await;
        let before = stage.claims(first["id_token"].as_str().unwrap(), &stage.app.id).await["auth_time"].clone();
        let login = stage.anna.open(&stage.request(&[changes])).await;
        assert_eq!(login.url.path(), "/login", "{changes:?}");
        let sent_again = login.url.to_string().replace("/login", "/authorize/resume");
        let again = stage.anna.get(&sent_again).await;
        assert!(again.location().unwrap().starts_with("/login"), "the session of before does not do: {changes:?}");
        let back = stage.anna.press(&login, "Log in", &[("email", ANNA), ("password", PASSWORD)]).await;
        let tokens = stage.redeem(&sent_back(&back)["code"], &[]).await.json();
        let after = stage.claims(tokens["id_token"].as_str().unwrap(), &stage.app.id).await["auth_time"].clone();
        assert!(after.as_i64() > before.as_i64(), "{changes:?}: {before} {after}");
        stage.house.clock.advance(Duration::from_mins(2));
    }
    let back = sent_back(&stage.ask(&[("prompt", "create")]).await);
    assert_eq!(back["error"], "access_denied");
}

async fn a_hint_of_somebody_else_switches_nobody(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let tokens = stage.tokens(&[]).await;
    let hint = tokens["id_token"].as_str().unwrap();
    stage.code(&[("id_token_hint", hint), ("prompt", "none")]).await;

    let link = stage.house.invite(&mut stage.api, "berta@example.org").await;
    let mut berta = stage.house.visitor();
    let accept = berta.open(&link).await;
    berta.press(&accept, "Set password", &[("password", PASSWORD)]).await;
    let back = sent_back(&berta.get(&stage.request(&[("id_token_hint", hint), ("prompt", "none")])).await);
    assert_eq!(back["error"], "login_required");
    stage.house.clock.advance(Duration::from_secs(1));
    let login = berta.open(&stage.request(&[("id_token_hint", hint)])).await;
    assert_eq!(login.url.path(), "/login");
    let back = berta.press(&login, "Log in", &[("email", "berta@example.org"), ("password", PASSWORD)]).await;
    assert_eq!(sent_back(&back)["error"], "login_required", "she is still not Anna");

    let forged = format!("{}x", &hint[..hint.len() - 1]);
    let back = sent_back(&stage.ask(&[("id_token_hint", &forged)]).await);
    assert_eq!(back["error"], "invalid_request");
}

async fn an_unfinished_request_ends_after_an_hour(engine: Engine) {
    let stage = Stage::on(engine).await;
    let mut browser = stage.house.visitor();
    let to_login = browser.get(&stage.request(&[])).await.location().unwrap().to_owned();
    let resume = to_login.replace("/login", "/authorize/resume");
    stage.house.clock.advance(Duration::from_hours(1));
    let answer = browser.get(&resume).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (400, None));
    let damaged = resume.replace("resume=", "resume=x");
    let answer = browser.get(&damaged).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (400, None));
}

async fn a_post_is_answered_as_a_get(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let request = stage.request(&[]);
    let (path, query) = request.split_once('?').unwrap();
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", "https://app.example")];
    let answer = stage.anna.send(axum_method("POST"), path, &headers, query.to_owned()).await;
    let back = stage.anna.follow(answer).await;
    assert_eq!(sent_back(&back)["state"], "s+/=");
}

async fn what_is_not_a_get_makes_no_code(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    for method in ["HEAD", "OPTIONS", "PUT", "DELETE"] {
        let request = stage.request(&[]);
        let answer = stage.anna.send(axum_method(method), &request, &[], String::new()).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (405, None), "{method}");
    }
    assert!(stage.ask(&[]).await.location().unwrap().starts_with(CALLBACK));
}

fn axum_method(name: &str) -> axum::http::Method {
    name.parse().unwrap()
}
