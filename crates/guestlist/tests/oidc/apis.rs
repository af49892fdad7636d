//! APIs of the house: tokens that they check by themselves, and what still ends them here.

use crate::stage::{ANNA, CALLBACK, LOGGED_OUT, Pairs, Stage, assert_error, sent_back};
use axum::http::Method;
use guestlist_testkit::house::{Engine, ORIGIN};
use guestlist_testkit::on_both_engines;
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    a_person_brings_an_api_a_token_that_it_checks_itself,
    a_machine_brings_an_api_one_too,
    case_093_a_token_for_one_api_opens_no_other,
    a_token_for_an_api_ends_here_at_once,
    an_api_decides_whether_tokens_are_renewed,
    what_an_api_loses_its_tokens_lose,
    an_api_that_is_gone_takes_everything_with_it,
    an_api_that_goes_while_somebody_logs_in_is_not_answered_for,
);

const CALENDAR: &str = "https://calendar.example";
const WANTED: &str = "openid profile email offline_access read:dates write:dates";
const AT_CALENDAR: Pairs<'_> = &[("audience", CALENDAR), ("scope", WANTED)];

/// The calendar's API, with what is said on top.
async fn calendar(stage: &mut Stage, more: Value) -> String {
    let mut body = json!({"name": "Calendar", "identifier": CALENDAR, "allow_offline_access": true,
        "scopes": [{"value": "read:dates", "description": "Look at dates"}, {"value": "write:dates"}]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = stage.api.post("/api/v2/resource-servers", &body).await.assert_status(201).json();
    format!("/api/v2/resource-servers/{}", made["id"].as_str().unwrap())
}

fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

fn refresh(tokens: &Value) -> &str {
    tokens["refresh_token"].as_str().unwrap()
}

async fn a_person_brings_an_api_a_token_that_it_checks_itself(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    calendar(&mut stage, json!({})).await;
    let tokens = stage.tokens(AT_CALENDAR).await;
    assert_eq!((&tokens["expires_in"], &tokens["scope"]), (&json!(3600), &json!(WANTED)));
    let claims = stage.claims(access(&tokens), CALENDAR).await;
    let anna = stage.anna_id().await;
    assert_eq!((&claims["sub"], &claims["azp"]), (&json!(anna), &json!(stage.app.id)));
    assert_eq!(claims["aud"], json!([CALENDAR, format!("{ORIGIN}/userinfo")]));
    assert_eq!(claims["scope"], json!(WANTED));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    assert!(claims.get("email").is_none() && claims.get("sid").is_none() && claims.get("gty").is_none());
    assert_eq!(jsonwebtoken::decode_header(access(&tokens)).unwrap().typ.as_deref(), Some("JWT"));
    // It opens /userinfo as well, and the ID token vouches for it.
    assert_eq!(stage.userinfo(access(&tokens)).await.assert_status(200).json()["email"], ANNA);
    let id_token = stage.claims(tokens["id_token"].as_str().unwrap(), &stage.app.id).await;
    let digest = guestlist_domain::secret::SecretHash::of(access(&tokens).as_bytes());
    assert_eq!(id_token["at_hash"], json!(data_encoding::BASE64URL_NOPAD.encode(&digest.as_bytes()[..16])));

    // Who it is was not asked: then it is for the API alone.
    let silent = stage.tokens(&[("audience", CALENDAR), ("scope", "read:dates")]).await;
    assert_eq!(stage.claims(access(&silent), CALENDAR).await["aud"], json!(CALENDAR));
    assert_error(&stage.userinfo(access(&silent)).await, 403, "insufficient_scope");

    // The next token is for the same API.
    let next = stage.refresh(refresh(&tokens), &[("scope", "openid read:dates")]).await.assert_status(200).json();
    assert_eq!(stage.claims(access(&next), CALENDAR).await["scope"], "openid read:dates");
}

async fn a_machine_brings_an_api_one_too(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let path = calendar(&mut stage, json!({"token_lifetime": 60, "token_dialect": "rfc9068_profile"})).await;
    let (id, secret) = (stage.api.client_id.clone(), stage.api.client_secret.clone());
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
        ("audience", CALENDAR),
    ];
    assert_error(&stage.token(&fields).await, 400, "access_denied");
    let mut grant = json!({"client_id": id, "audience": CALENDAR, "scope": ["read:dates", "delete:dates"]});
    let unknown = stage.api.post("/api/v2/client-grants", &grant).await;
    assert!(unknown.assert_status(400).body.contains("delete:dates"), "{}", unknown.body);
    grant["scope"] = json!(["read:dates"]);
    stage.api.post("/api/v2/client-grants", &grant).await.assert_status(201);
    stage.api.post("/api/v2/client-grants", &grant).await.assert_status(409);
    let tokens = stage.token(&fields).await.assert_status(200).json();
    assert_eq!((&tokens["expires_in"], &tokens["scope"]), (&json!(60), &json!("read:dates")));
    let claims = stage.claims(access(&tokens), CALENDAR).await;
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(format!("{id}@clients")), &json!(id)));
    assert_eq!((&claims["gty"], &claims["aud"]), (&json!("client-credentials"), &json!(CALENDAR)));
    assert!(claims["jti"].is_string() && claims.get("azp").is_none());
    assert_eq!(jsonwebtoken::decode_header(access(&tokens)).unwrap().typ.as_deref(), Some("at+jwt"));
    assert_ne!(access(&stage.token(&fields).await.json()), access(&tokens), "each has its own jti");
    // A scope that the API loses is in no new token, though the grant still names it.
    stage.api.patch(&path, &json!({"scopes": []})).await.assert_status(200);
    assert_eq!(stage.token(&fields).await.assert_status(200).json()["scope"], "");
}

async fn case_093_a_token_for_one_api_opens_no_other(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    calendar(&mut stage, json!({})).await;
    let (id, secret) = (stage.api.client_id.clone(), stage.api.client_secret.clone());
    let grant = json!({"client_id": id, "audience": CALENDAR, "scope": ["read:dates"]});
    stage.api.post("/api/v2/client-grants", &grant).await.assert_status(201);
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
        ("audience", CALENDAR),
    ];
    let machine = access(&stage.token(&fields).await.json()).to_owned();
    let tokens = stage.tokens(AT_CALENDAR).await;
    stage.userinfo(&machine).await.assert_status(401);
    for wrong in [machine.as_str(), access(&tokens)] {
        stage.house.visitor().json(Method::GET, "/api/v2/users", Some(wrong), None).await.assert_status(401);
    }
    // Nor is it taken for an ID token of the application that has it.
    let mut browser = stage.house.visitor();
    let hinted = browser.get(&stage.request(&[("id_token_hint", access(&tokens)), ("prompt", "none")])).await;
    assert_eq!(sent_back(&hinted)["error"], "invalid_request");
    let out = format!("/oidc/logout?id_token_hint={}&post_logout_redirect_uri={LOGGED_OUT}", access(&tokens));
    assert!(stage.anna.get(&out).await.location().is_none(), "somebody must be asked first");
    // The Management API is for machines alone.
    let asked = stage.ask(&[("audience", &format!("{ORIGIN}/api/v2/"))]).await;
    let refused = sent_back(&asked);
    assert_eq!((refused["error"].as_str(), refused.contains_key("code")), ("access_denied", false));
}

async fn a_token_for_an_api_ends_here_at_once(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    calendar(&mut stage, json!({})).await;
    let revoked = stage.tokens(AT_CALENDAR).await;
    let fields =
        [("client_id", stage.app.id.as_str()), ("client_secret", &stage.app.secret), ("token", access(&revoked))];
    stage.house.visitor().post_form("/oauth/revoke", &[], &fields).await.assert_status(200);
    stage.userinfo(access(&revoked)).await.assert_status(401);
    assert_error(&stage.refresh(refresh(&revoked), &[]).await, 400, "invalid_grant");

    let blocked = stage.tokens(AT_CALENDAR).await;
    stage.userinfo(access(&blocked)).await.assert_status(200);
    let anna = format!("/api/v2/users/{}", stage.anna_id().await.to_string().replace('|', "%7C"));
    stage.api.patch(&anna, &json!({"blocked": true})).await.assert_status(200);
    stage.userinfo(access(&blocked)).await.assert_status(401);
    stage.api.patch(&anna, &json!({"blocked": false})).await.assert_status(200);

    let page = stage.anna.open("/login").await;
    if page.offers("Log in") {
        let fields = [("email", ANNA), ("password", crate::stage::PASSWORD)];
        stage.anna.press(&page, "Log in", &fields).await;
    }
    let over = stage.tokens(AT_CALENDAR).await;
    stage.house.clock.advance(Duration::from_hours(1));
    stage.userinfo(access(&over)).await.assert_status(401);
}

async fn an_api_decides_whether_tokens_are_renewed(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let path = calendar(&mut stage, json!({"allow_offline_access": false})).await;
    let short = stage.tokens(AT_CALENDAR).await;
    assert!(short.get("refresh_token").is_none() && !short["scope"].as_str().unwrap().contains("offline_access"));
    stage.api.patch(&path, &json!({"allow_offline_access": true})).await.assert_status(200);
    let lasting = stage.tokens(AT_CALENDAR).await;
    let lasting = stage.refresh(refresh(&lasting), &[]).await.assert_status(200).json();
    stage.api.patch(&path, &json!({"allow_offline_access": false})).await.assert_status(200);
    let refused = stage.refresh(refresh(&lasting), &[]).await;
    assert_error(&refused, 400, "invalid_grant");
    assert_eq!(refused.json()["error_description"], "Unknown or invalid refresh token.");
}

async fn what_an_api_loses_its_tokens_lose(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let path = calendar(&mut stage, json!({})).await;
    let code = stage.code(AT_CALENDAR).await;
    let tokens = stage.tokens(AT_CALENDAR).await;
    let less = json!({"scopes": [{"value": "read:dates"}], "token_lifetime": 120});
    stage.api.patch(&path, &less).await.assert_status(200);
    for answer in [stage.redeem(&code, &[]).await, stage.refresh(refresh(&tokens), &[]).await] {
        let tokens = answer.assert_status(200).json();
        assert_eq!(
            (&tokens["scope"], &tokens["expires_in"]),
            (&json!(WANTED.replace(" write:dates", "")), &json!(120))
        );
    }
}

async fn an_api_that_is_gone_takes_everything_with_it(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let path = calendar(&mut stage, json!({})).await;
    let (id, code, tokens) =
        (stage.api.client_id.clone(), stage.code(AT_CALENDAR).await, stage.tokens(AT_CALENDAR).await);
    let grant = json!({"client_id": id, "audience": CALENDAR, "scope": ["read:dates"]});
    stage.api.post("/api/v2/client-grants", &grant).await.assert_status(201);
    stage.api.delete(&path).await.assert_status(204);
    stage.api.get(&path).await.assert_status(404);
    let grants = stage.api.get(&format!("/api/v2/client-grants?audience={CALENDAR}")).await.json();
    assert_eq!(grants, json!([]));
    // Another API of that name begins with nothing.
    calendar(&mut stage, json!({})).await;
    stage.userinfo(access(&tokens)).await.assert_status(401);
    assert_error(&stage.redeem(&code, &[]).await, 400, "invalid_grant");
    assert_error(&stage.refresh(refresh(&tokens), &[]).await, 400, "invalid_grant");
}

async fn an_api_that_goes_while_somebody_logs_in_is_not_answered_for(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let path = calendar(&mut stage, json!({})).await;
    let mut browser = stage.house.visitor();
    let login = browser.open(&stage.request(AT_CALENDAR)).await;
    let code = stage.code(AT_CALENDAR).await;
    stage.api.delete(&path).await.assert_status(204);
    let done = browser.press(&login, "Log in", &[("email", ANNA), ("password", crate::stage::PASSWORD)]).await;
    done.assert_status(400).assert_says("We lost track of where you were");
    assert_error(&stage.redeem(&code, &[]).await, 400, "invalid_grant");
    let refused = sent_back(&stage.ask(AT_CALENDAR).await);
    assert_eq!((refused["error"].as_str(), refused["state"].as_str()), ("access_denied", "s+/="));
    assert_eq!(refused["error_description"], format!("Service not found: {CALENDAR}"));
    assert!(stage.ask(&[]).await.location().unwrap().starts_with(CALLBACK));
}
