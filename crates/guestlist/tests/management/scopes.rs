//! Who may do what: every door, every kind of token.

use axum::http::Method;
use guestlist_domain::permission::{Permission, management_scopes};
use guestlist_domain::time::hours;
use guestlist_testkit::house::{Api, Engine, House, ORIGIN};
use guestlist_testkit::on_both_engines;
use guestlist_web::management_policy;
use serde_json::{Value, json};

on_both_engines!(
    case_104_scope_matrix,
    what_a_scope_widens,
    case_108_no_door_opens_without_a_token,
    a_token_lasts_no_longer_than_its_grant,
    what_is_not_there_is_not_found_in_auth0s_words,
    bodies_have_limits,
);

/// A token with these scopes alone.
pub(crate) async fn token(house: &House, api: &Api, scopes: &[&str]) -> String {
    let body = json!({"grant_type": "client_credentials", "client_id": api.client_id, "client_secret": api.client_secret,
        "audience": format!("{ORIGIN}/api/v2/"), "scope": scopes.join(" ")});
    let answer = house.visitor().post_json("/oauth/token", None, &body).await;
    answer.assert_status(200);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// A request for a door with nothing sensible behind its placeholders.
async fn knock(house: &House, method: &str, path: &str, token: Option<&str>) -> (u16, Value) {
    let path = path.replace(['{', '}'], "");
    let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap();
    let body = (method != Method::GET && method != Method::DELETE).then(|| json!({}));
    let answer = house.visitor().json(method, &path, token, body.as_ref()).await;
    let json = if answer.body.is_empty() { Value::Null } else { answer.json() };
    (answer.status.as_u16(), json)
}

async fn case_104_scope_matrix(engine: Engine) {
    let house = House::on(engine).await;
    let api = house.api().await;
    for (method, path, any_of) in management_policy() {
        let is_asked_for = |scope: &&&str| any_of.iter().any(|permission| permission.as_str() == **scope);
        let others: Vec<&str> = management_scopes().iter().filter(|scope| !is_asked_for(scope)).copied().collect();
        let without = token(&house, &api, &others).await;
        let (status, error) = knock(&house, method, path, Some(&without)).await;
        assert_eq!((status, &error["errorCode"]), (403, &json!("insufficient_scope")), "{method} {path}");
        for permission in any_of {
            let with = token(&house, &api, &[permission.as_str()]).await;
            let (status, _) = knock(&house, method, path, Some(&with)).await;
            assert!(![401, 403].contains(&status) && status < 500, "{method} {path} with {permission:?}: {status}");
        }
    }
    let unused = Permission::ALL
        .iter()
        .filter(|permission| management_policy().iter().all(|(_, _, any_of)| !any_of.contains(permission)));
    let widening = [&Permission::CreateRoleMembers, &Permission::ReadConnectionsOptions];
    assert_eq!(unused.collect::<Vec<_>>(), widening, "they open no door of their own");
}

async fn what_a_scope_widens(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let with = async |scopes: &[&str], path: &str, body: Option<&Value>| {
        let token = token(&house, &api, scopes).await;
        let method = if body.is_some() { Method::POST } else { Method::GET };
        house.visitor().json(method, path, Some(&token), body).await
    };
    let administrator = json!({"email": "anna@example.org", "roles": ["admin"]});
    let refused = with(&["create:invitations"], "/api/v2/invitations", Some(&administrator)).await;
    refused.assert_status(403);
    assert!(refused.body.contains("create:role_members"));
    let both = ["create:invitations", "create:role_members"];
    with(&both, "/api/v2/invitations", Some(&administrator)).await.assert_status(201);
    assert!(!with(&["read:connections"], "/api/v2/connections", None).await.body.contains("options"));
    let both = ["read:connections", "read:connections_options"];
    assert!(with(&both, "/api/v2/connections", None).await.body.contains("options"));

    let user = json!({"connection": "Username-Password-Authentication", "email": "ben@example.org", "user_id": "ben"});
    api.post("/api/v2/users", &user).await.assert_status(201);
    let token = token(&house, &api, &["update:users_app_metadata"]).await;
    for (body, status) in [
        (json!({"app_metadata": {"plan": "gold"}}), 200),
        (json!({"app_metadata": {"plan": "gold"}, "email_verified": true}), 403),
        (json!({"password": "violet-anchor-12"}), 403),
    ] {
        let answer = house.visitor().json(Method::PATCH, "/api/v2/users/auth0%7Cben", Some(&token), Some(&body)).await;
        answer.assert_status(status);
    }
}

async fn case_108_no_door_opens_without_a_token(engine: Engine) {
    let house = House::on(engine).await;
    let api = house.api().await;
    let expired = api.token.clone();
    let forged = format!("{}x", api.token);
    house.clock.advance(hours(25));
    for (method, path, _) in management_policy() {
        for wrong in [None, Some("nonsense"), Some(forged.as_str()), Some(expired.as_str()), Some("gl_acc_x")] {
            let (status, error) = knock(&house, method, path, wrong).await;
            assert_eq!((status, &error["statusCode"]), (401, &json!(401)), "{method} {path} {wrong:?}");
            assert_eq!(error["error"], json!("Unauthorized"));
        }
    }
    let answer = house.visitor().get("/api/v2/users?access_token=x&user_id=auth0%7C1").await;
    answer.assert_status(401);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

async fn a_token_lasts_no_longer_than_its_grant(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let grants = api.get("/api/v2/client-grants").await.json();
    let id = grants[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(grants[0]["client_id"], json!(api.client_id));
    api.get("/api/v2/users").await.assert_status(200);
    let narrower = json!({"scope": ["read:client_grants", "delete:client_grants"]});
    api.patch(&format!("/api/v2/client-grants/{id}"), &narrower).await.assert_status(200);
    let refused = api.get("/api/v2/users").await;
    refused.assert_status(403);
    assert_eq!(
        refused.json(),
        json!({"statusCode": 403, "error": "Forbidden", "errorCode": "insufficient_scope",
            "message": "Insufficient scope, expected any of: read:users"})
    );
    api.delete(&format!("/api/v2/client-grants/{id}")).await.assert_status(204);
    api.get("/api/v2/client-grants").await.assert_status(401);
}

async fn what_is_not_there_is_not_found_in_auth0s_words(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    for path in
        ["/api/v2", "/api/v2/", "/api/v2/organizations", "/api/v2/roles", "/api/v2/logs/1", "/api/v2/users/a/b/c/d"]
    {
        let answer = api.get(path).await;
        answer.assert_status(404);
        assert_eq!(answer.json()["statusCode"], json!(404), "{path}");
    }
    for path in ["/api/v2/users/auth0%7C%00", "/api/v2/users?q=%00", "/api/v2/users/%ff"] {
        api.get(path).await.assert_status(400);
    }
    api.post("/api/v2/jobs/invitations-imports", &json!({})).await.assert_status(404);
    let odd = api.delete("/api/v2/users").await;
    odd.assert_status(405);
    assert_eq!(odd.json()["error"], json!("Method Not Allowed"));
}

async fn bodies_have_limits(engine: Engine) {
    let house = House::on(engine).await;
    let api = house.api().await;
    let bearer = format!("Bearer {}", api.token);
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let mut visitor = house.visitor();
    let mut post = async |body: &str| {
        let answer = visitor.send(Method::POST, "/api/v2/users", &headers, body.to_owned()).await;
        (answer.status.as_u16(), answer.json()["errorCode"].clone())
    };
    assert_eq!(post("{").await, (400, json!("invalid_body")));
    assert_eq!(post(r#"{"name":"\u0000"}"#).await, (400, json!("invalid_body")));
    assert_eq!(post("[]").await, (400, json!("invalid_body")));
    assert_eq!(post("").await, (400, json!("invalid_body")));
    assert_eq!(post("\u{feff}{}").await, (400, json!("invalid_body")));
    assert_eq!(post(&"[".repeat(200_000)).await, (400, json!("invalid_body")));
    let large = format!(r#"{{"user_metadata":{{"x":"{}"}}}}"#, "y".repeat(1 << 20));
    assert_eq!(post(&large).await, (413, Value::Null));
}
