//! Clients that prove themselves, and machines that ask for themselves.

use crate::stage::{Stage, assert_error};
use guestlist_app::clients;
use guestlist_domain::event::Actor;
use guestlist_domain::ids::ClientId;
use guestlist_testkit::house::{Engine, ORIGIN};
use guestlist_testkit::on_both_engines;
use serde_json::json;

on_both_engines!(
    case_088_one_way_to_prove_oneself,
    a_machine_gets_what_it_was_granted,
    a_machine_that_lost_its_grant_has_lost_its_token,
    a_new_secret_ends_the_old_one,
);

fn basic(id: &str, secret: &str) -> String {
    // As oauth4webapi does it: every character that is not a letter or a digit, encoded (T7).
    let encode = |text: &str| -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("%{:02X}", u32::from(c)) };
        text.chars().map(plain).collect()
    };
    format!("Basic {}", data_encoding::BASE64.encode(format!("{}:{}", encode(id), encode(secret)).as_bytes()))
}

async fn case_088_one_way_to_prove_oneself(engine: Engine) {
    let stage = Stage::on(engine).await;
    let machine = (stage.api.client_id.as_str(), stage.api.client_secret.as_str());
    let (id, secret) = machine;
    let mut program = stage.house.visitor();
    let grant = ("grant_type", "client_credentials");
    let right = basic(id, secret);
    program.post_form("/oauth/token", &[("authorization", &right)], &[grant]).await.assert_status(200);
    program
        .post_form("/oauth/token", &[("authorization", &right)], &[grant, ("client_id", id)])
        .await
        .assert_status(200);
    let in_query = format!("/oauth/token?client_secret={secret}");
    let two = [grant, ("client_id", id), ("client_secret", secret)];
    for (target, authorization, fields) in [
        ("/oauth/token", Some(right.clone()), two.to_vec()),
        ("/oauth/token", Some(basic(id, "wrong")), vec![grant]),
        ("/oauth/token", Some(basic("nobody", secret)), vec![grant]),
        ("/oauth/token", Some("Basic x".to_owned()), two.to_vec()),
        ("/oauth/token", Some(format!("Bearer {}", stage.api.token)), vec![grant]),
        ("/oauth/token", None, vec![grant, ("client_id", id)]),
        ("/oauth/token", None, vec![grant, ("client_id", id), ("client_secret", &secret[..secret.len() - 1])]),
        ("/oauth/token", None, vec![grant, ("client_id", id), ("client_secret", stage.app.secret.as_str())]),
        ("/oauth/token", None, vec![grant, ("client_id", "nobody"), ("client_secret", secret)]),
        ("/oauth/token", None, vec![grant, ("client_id", id), ("client_assertion", "x")]),
        ("/oauth/token", None, vec![grant]),
        (in_query.as_str(), None, two.to_vec()),
    ] {
        let headers: Vec<(&str, &str)> = authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        let answer = program.post_form(target, &headers, &fields).await;
        assert_error(&answer, 401, "invalid_client");
        let challenge = authorization.as_ref().map(|_| "Basic realm=\"guestlist\"");
        assert_eq!(answer.header("www-authenticate"), challenge);
    }
}

async fn a_machine_gets_what_it_was_granted(engine: Engine) {
    let stage = Stage::on(engine).await;
    let (id, secret) = (stage.api.client_id.clone(), stage.api.client_secret.clone());
    let fields = [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("client_secret", secret.as_str())];
    let with = |more: &[(&'static str, &'static str)]| [fields.as_slice(), more].concat();
    let tokens = stage.token(&with(&[("audience", "https://id.example.org/api/v2/")])).await.assert_status(200).json();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(86_400)));
    assert!(tokens.get("refresh_token").is_none() && tokens.get("id_token").is_none());
    let claims = stage.claims(tokens["access_token"].as_str().unwrap(), &format!("{ORIGIN}/api/v2/")).await;
    assert_eq!((&claims["sub"], &claims["azp"]), (&json!(format!("{id}@clients")), &json!(id)));
    assert_eq!((&claims["gty"], &claims["scope"]), (&json!("client-credentials"), &tokens["scope"]));
    let less = stage.token(&with(&[("scope", "read:users")])).await.assert_status(200).json();
    assert_eq!(less["scope"], "read:users");
    assert_error(&stage.token(&with(&[("scope", "read:users read:everything")])).await, 400, "invalid_scope");
    let unknown = stage.token(&with(&[("audience", "https://api.example")])).await;
    assert_error(&unknown, 400, "access_denied");
    assert_eq!(unknown.json()["error_description"], "Service not found: https://api.example");
    // An application for people is no machine.
    let app = [("client_id", stage.app.id.as_str()), ("client_secret", stage.app.secret.as_str()), fields[0]];
    assert_error(&stage.token(&app).await, 400, "unauthorized_client");
}

async fn a_machine_that_lost_its_grant_has_lost_its_token(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let app = stage.house.app.clone();
    let grant = clients::list_grants(&app).await.unwrap().remove(0);
    stage.api.get("/api/v2/users").await.assert_status(200);
    clients::update_grant(&app, &grant.id, vec!["create:users".to_owned()], &Actor::Operator).await.unwrap();
    stage.api.get("/api/v2/users").await.assert_status(403);
    clients::delete_grant(&app, &grant.id, &Actor::Operator).await.unwrap();
    stage.api.get("/api/v2/users").await.assert_status(401);
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", stage.api.client_id.as_str()),
        ("client_secret", stage.api.client_secret.as_str()),
    ];
    assert_error(&stage.token(&fields).await, 400, "access_denied");
}

async fn a_new_secret_ends_the_old_one(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let id = ClientId::new(stage.app.id.clone());
    let renewed = clients::rotate_secret(&stage.house.app, &id, &Actor::Operator).await.unwrap();
    let code = stage.code(&[]).await;
    assert_error(&stage.redeem(&code, &[]).await, 401, "invalid_client");
    let secret = renewed.secret.unwrap().expose().to_owned();
    stage.redeem(&code, &[("client_secret", &secret)]).await.assert_status(200);
}
