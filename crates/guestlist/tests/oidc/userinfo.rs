//! Who a token is about, what may not be taken for such a token, and what a library finds out before it asks.

use crate::stage::{ANNA, PAGE_ORIGIN, Stage, assert_error};
use guestlist_testkit::house::{Engine, ORIGIN};
use guestlist_testkit::on_both_engines;
use serde_json::json;
use std::time::Duration;

on_both_engines!(
    a_token_may_come_in_three_places,
    case_093_no_token_is_taken_for_another,
    discovery_and_keys_are_there_for_everybody,
    a_page_may_call_from_its_own_origin_alone,
    nobody_signs_up,
    case_138_keys_rotate_without_breaking_anything,
);

async fn a_token_may_come_in_three_places(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let tokens = stage.tokens(&[]).await;
    let token = tokens["access_token"].as_str().unwrap();
    let expected = stage.userinfo(token).await;
    assert_eq!(expected.header("cache-control"), Some("no-store"));
    let expected = expected.assert_status(200).json();
    assert_eq!((&expected["email"], &expected["email_verified"]), (&json!(ANNA), &json!(true)));
    assert_eq!(expected["sub"], stage.anna_id().await.as_str());
    let mut program = stage.house.visitor();
    let query = program.get(&format!("/userinfo?access_token={token}")).await;
    assert_eq!(query.json(), expected);
    let form = program.post_form("/userinfo", &[], &[("access_token", token)]).await;
    assert_eq!(form.json(), expected);
    let bearer = format!("Bearer {token}");
    let twice = program.post_form("/userinfo", &[("authorization", &bearer)], &[("access_token", token)]).await;
    assert_error(&twice, 400, "invalid_request");
    let none = program.get("/userinfo").await;
    assert_eq!((none.status.as_u16(), none.header("www-authenticate")), (401, Some("Bearer")));
    stage.house.clock.advance(Duration::from_hours(24));
    let over = stage.userinfo(token).await;
    assert_eq!(over.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    assert_error(&over, 401, "invalid_token");

    let silent = stage.tokens(&[("scope", "email")]).await;
    assert_error(&stage.userinfo(silent["access_token"].as_str().unwrap()).await, 403, "insufficient_scope");
}

async fn case_093_no_token_is_taken_for_another(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let tokens = stage.tokens(&[]).await;
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    for wrong in [text("id_token"), text("refresh_token"), stage.api.token.clone(), stage.app.secret.clone()] {
        stage.userinfo(&wrong).await.assert_status(401);
    }
    stage.api.get("/api/v2/users").await.assert_status(200);
    let machine = stage.api.token.clone();
    let (header, rest) = machine.split_once('.').unwrap();
    let other = text("id_token");
    let grafted = format!("{header}.{}", other.split_once('.').unwrap().1);
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", rest.split_once('.').unwrap().0);
    for wrong in [text("id_token"), text("access_token"), text("refresh_token"), grafted, unsigned, "x".to_owned()] {
        stage.api.token = wrong;
        stage.api.get("/api/v2/users").await.assert_status(401);
    }
    stage.api.token = machine;
    stage.house.clock.advance(Duration::from_hours(24));
    stage.api.get("/api/v2/users").await.assert_status(401);
}

async fn discovery_and_keys_are_there_for_everybody(engine: Engine) {
    let stage = Stage::on(engine).await;
    let mut anybody = stage.house.visitor();
    let document = anybody.get("/.well-known/openid-configuration").await;
    assert_eq!(document.header("access-control-allow-origin"), Some("*"));
    let document = document.assert_status(200).json();
    assert_eq!(document["issuer"], format!("{ORIGIN}/"));
    for (name, value) in document.as_object().unwrap() {
        let Some(path) = value.as_str().and_then(|text| text.strip_prefix(ORIGIN)) else { continue };
        assert_ne!(anybody.get(path).await.status.as_u16(), 404, "{name}");
    }
    let jwks = anybody.get("/.well-known/jwks.json").await;
    assert_eq!(jwks.header("access-control-allow-origin"), Some("*"));
    let jwks = jwks.json();
    let key = &jwks["keys"][0];
    assert_eq!((&key["kty"], &key["alg"], &key["use"]), (&json!("RSA"), &json!("RS256"), &json!("sig")));
    assert!(["d", "p", "q", "dp", "dq", "qi"].iter().all(|private| key.get(private).is_none()));
    for absent in ["/oidc/register", "/oauth/device/code", "/oauth/introspect"] {
        assert_eq!(anybody.post_json(absent, None, &json!({})).await.status.as_u16(), 404, "{absent}");
    }
}

async fn a_page_may_call_from_its_own_origin_alone(engine: Engine) {
    let stage = Stage::on(engine).await;
    let mut page = stage.house.visitor();
    for path in ["/oauth/token", "/userinfo", "/oauth/par", "/oauth/revoke", "/dbconnections/change_password"] {
        for (origin, allowed) in [(PAGE_ORIGIN, Some(PAGE_ORIGIN)), ("https://evil.example", None), ("null", None)] {
            let headers = [("origin", origin), ("access-control-request-method", "POST")];
            let answer = page.send("OPTIONS".parse().unwrap(), path, &headers, String::new()).await;
            assert_eq!(answer.header("access-control-allow-origin"), allowed, "{path} {origin}");
            let may = answer.assert_status(204).header("access-control-allow-headers").unwrap();
            assert_eq!(may, "auth0-client, content-type, authorization, dpop");
        }
    }
    let fields = [("grant_type", "refresh_token"), ("client_id", &stage.page.id), ("refresh_token", "gl_ref_x")];
    for (origin, allowed) in [(PAGE_ORIGIN, Some(PAGE_ORIGIN)), ("https://evil.example", None)] {
        let answer = page.post_form("/oauth/token", &[("origin", origin)], &fields).await;
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
        assert_eq!(answer.json()["error_description"], "Unknown or invalid refresh token.");
    }
}

async fn nobody_signs_up(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let mut stranger = stage.house.visitor();
    for body in [json!({"email": ANNA, "password": "x"}), json!({"email": "new@example.org"}), json!(null)] {
        let answer = stranger.post_json("/dbconnections/signup", None, &body).await;
        answer.assert_status(400);
        assert_eq!(answer.json()["error"], "public signup is disabled");
        assert_eq!(answer.json()["code"], "public_signup_disabled");
    }
    for email in [ANNA, "new@example.org", "no address"] {
        let body = json!({"email": email, "connection": "Username-Password-Authentication"});
        let answer = stranger.post_json("/dbconnections/change_password", None, &body).await;
        answer.assert_status(200);
        assert_eq!(answer.body, "We've just sent you an email to reset your password.");
        assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
    }
    assert_eq!(stage.house.mail().await.to, [ANNA]);
    assert_eq!(stage.api.get("/api/v2/users").await.json().as_array().unwrap().len(), 1);
}

async fn case_138_keys_rotate_without_breaking_anything(engine: Engine) {
    use guestlist_app::keys::{Rotation, rotate};
    use guestlist_domain::event::Actor;
    let mut stage = Stage::on(engine).await;
    let published = async |stage: &Stage| {
        stage.house.visitor().get("/.well-known/jwks.json").await.json()["keys"].as_array().unwrap().len()
    };
    let old = stage.tokens(&[]).await["id_token"].as_str().unwrap().to_owned();
    let next = rotate(&stage.house.app, Rotation::Planned, &Actor::Operator).await.unwrap();
    assert_eq!(published(&stage).await, 2);
    let kid = |jwt: &str| jsonwebtoken::decode_header(jwt).unwrap().kid.unwrap();
    let meanwhile = stage.tokens(&[]).await["id_token"].as_str().unwrap().to_owned();
    assert_eq!(kid(&meanwhile), kid(&old), "published before it signs");
    stage.house.clock.advance(Duration::from_hours(1));
    let new = stage.tokens(&[]).await["id_token"].as_str().unwrap().to_owned();
    assert_eq!(kid(&new), next);
    stage.claims(&old, &stage.app.id).await;
    stage.api.get("/api/v2/users").await.assert_status(200);

    rotate(&stage.house.app, Rotation::Emergency, &Actor::Operator).await.unwrap();
    assert_eq!(published(&stage).await, 1);
    stage.api.get("/api/v2/users").await.assert_status(401);
    let newest = stage.tokens(&[]).await["id_token"].as_str().unwrap().to_owned();
    assert_ne!(kid(&newest), next);
}
