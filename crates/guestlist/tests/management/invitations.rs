//! `/api/v2/invitations`.

use axum::http::Method;
use guestlist_testkit::house::{Api, Engine, House, ORIGIN, Options};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::visitor::Answer;
use serde_json::{Value, json};

on_both_engines!(
    an_invitation_is_made_mailed_listed_and_shown,
    case_010_resend_kills_the_older_link,
    a_revoked_invitation_is_over,
    a_changed_address_gets_a_new_link,
    the_same_key_gives_the_same_answer,
    who_is_here_is_not_invited_again,
    case_015_links_come_from_configuration,
    case_018_one_address_or_none,
    case_022_terms_are_checked,
    without_mail_the_link_is_in_the_answer,
);

async fn invite(api: &mut Api, body: &Value) -> Value {
    let answer = api.post("/api/v2/invitations", body).await;
    answer.assert_status(201);
    answer.json()
}

async fn an_invitation_is_made_mailed_listed_and_shown(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let body = json!({"email": "Anna@Example.org", "name": "Anna", "inviter": {"name": "Ben"}, "message": "Come in",
        "locale": "de", "ttl_sec": 600, "app_metadata": {"seat": 4}});
    let made = invite(&mut api, &body).await;
    assert_eq!((&made["status"], &made["email"]), (&json!("pending"), &json!("anna@example.org")));
    assert_eq!(made["delivery"], json!({"status": "queued", "attempts": 0}));
    assert_eq!(made.get("invitation_url"), None, "the mail carries it");
    assert_eq!(made["expires_at"], json!("2026-12-01T12:10:00.000Z"));
    let mail = house.mail().await;
    assert_eq!(mail.to, ["anna@example.org"]);
    let id = made["id"].as_str().unwrap();
    let listed = api.get("/api/v2/invitations?status=pending&include_totals=true").await.json();
    assert_eq!((&listed["total"], &listed["invitations"][0]["id"]), (&json!(1), &json!(id)));
    assert_eq!(listed["invitations"][0]["delivery"]["status"], json!("sent"));
    assert_eq!(api.get("/api/v2/invitations?status=accepted").await.json(), json!([]));
    let shown = api.get(&format!("/api/v2/invitations/{id}")).await.json();
    let happened: Vec<&str> =
        shown["timeline"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(happened, ["invitation.created", "invitation.sent"]);
    assert_eq!((&shown["locale"], &shown["app_metadata"]), (&json!("de"), &json!({"seat": 4})));
    house.clock.advance(std::time::Duration::from_secs(601));
    assert_eq!(api.get("/api/v2/invitations?status=expired").await.json()[0]["id"], json!(id));
    api.get("/api/v2/invitations/inv_nothing").await.assert_status(404);
    api.get("/api/v2/invitations?status=lost").await.assert_status(400);
}

async fn case_010_resend_kills_the_older_link(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let first = house.invite(&mut api, "anna@example.org").await;
    let id = api.get("/api/v2/invitations").await.json()[0]["id"].as_str().unwrap().to_owned();
    let resent = api.post(&format!("/api/v2/invitations/{id}/resend"), &json!({})).await;
    resent.assert_status(200);
    assert_eq!(resent.json().get("invitation_url"), None);
    let second: String = house.mail().await.link("/i/").into();
    assert_ne!(first, second);
    assert!(!house.visitor().open(&first).await.offers("Set password"));
    assert!(house.visitor().open(&second).await.offers("Set password"));
}

async fn a_revoked_invitation_is_over(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let link = house.invite(&mut api, "anna@example.org").await;
    let id = api.get("/api/v2/invitations").await.json()[0]["id"].as_str().unwrap().to_owned();
    let revoked = api.post(&format!("/api/v2/invitations/{id}/revoke"), &json!({})).await;
    revoked.assert_status(200);
    assert_eq!(revoked.json()["status"], json!("revoked"));
    assert!(!house.visitor().open(&link).await.offers("Set password"));
    for (method, path) in [
        (Method::POST, format!("/api/v2/invitations/{id}/revoke")),
        (Method::POST, format!("/api/v2/invitations/{id}/resend")),
        (Method::PATCH, format!("/api/v2/invitations/{id}")),
    ] {
        let answer = api.call(method, &path, Some(&json!({"ttl_sec": 60}))).await;
        answer.assert_status(409);
        assert_eq!(answer.json()["errorCode"], json!("invitation_ended"));
    }
    invite(&mut api, &json!({"email": "anna@example.org"})).await;
}

async fn a_changed_address_gets_a_new_link(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let old = house.invite(&mut api, "ana@example.org").await;
    let id = api.get("/api/v2/invitations").await.json()[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v2/invitations/{id}");
    let changed = api.patch(&path, &json!({"email": "anna@example.org", "ttl_sec": 3600})).await;
    changed.assert_status(200);
    assert_eq!(changed.json()["email"], json!("anna@example.org"));
    let mail = house.mail().await;
    assert_eq!(mail.to, ["anna@example.org"]);
    assert!(!house.visitor().open(&old).await.offers("Set password"));
    assert!(house.visitor().open(mail.link("/i/").as_str()).await.offers("Set password"));
    api.patch(&path, &json!({})).await.assert_status(400);
    api.patch(&path, &json!({"status": "accepted"})).await.assert_status(400);
    api.patch(&path, &json!({"roles": ["emperor"]})).await.assert_status(400);
}

async fn keyed(house: &House, api: &Api, key: &str, body: &str) -> Answer {
    let bearer = format!("Bearer {}", api.token);
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str()), ("idempotency-key", key)];
    house.visitor().send(Method::POST, "/api/v2/invitations", &headers, body.to_owned()).await
}

async fn the_same_key_gives_the_same_answer(engine: Engine) {
    let house = House::on(engine).await;
    let api = house.api().await;
    let first = keyed(&house, &api, "k1", r#"{"email":"anna@example.org","send_email":false}"#).await;
    first.assert_status(201);
    assert!(first.json()["invitation_url"].is_string());
    let again = keyed(&house, &api, "k1", r#"{ "send_email": false, "email": "anna@example.org" }"#).await;
    again.assert_status(201);
    assert_eq!(first.json(), again.json());
    keyed(&house, &api, "k1", r#"{"email":"ben@example.org"}"#).await.assert_status(422);
    keyed(&house, &api, "", r#"{"email":"ben@example.org"}"#).await.assert_status(400);
    let other = keyed(&house, &api, "k2", r#"{"email":"anna@example.org"}"#).await;
    other.assert_status(409);
    assert_eq!(other.json()["id"], first.json()["id"]);
    assert!(house.mails().await.is_empty());
}

async fn who_is_here_is_not_invited_again(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let first = invite(&mut api, &json!({"email": "anna@example.org"})).await;
    let again = api.post("/api/v2/invitations", &json!({"email": "ANNA@example.org"})).await;
    again.assert_status(409);
    assert_eq!((&again.json()["id"], &again.json()["errorCode"]), (&first["id"], &json!("invitation_pending")));
    let mut anna = house.visitor();
    let page = anna.open(house.mail().await.link("/i/").as_str()).await;
    anna.press(&page, "Set password", &[("password", "kettle-orbit-9")]).await;
    house.mails().await;
    let active = api.post("/api/v2/invitations", &json!({"email": "anna@example.org"})).await;
    active.assert_status(409);
    assert_eq!((&active.json()["user_id"], &active.json()["errorCode"]), (&first["user_id"], &json!("user_exists")));
    let accepted = api.get("/api/v2/invitations?status=accepted").await.json();
    assert_eq!(accepted[0]["id"], first["id"]);
    let shown = api.get(&format!("/api/v2/invitations/{}", first["id"].as_str().unwrap())).await.json();
    assert_eq!(shown["proof"], json!("mailbox"));
}

async fn case_015_links_come_from_configuration(engine: Engine) {
    let house = House::on(engine).await;
    let api = house.api().await;
    let mut visitor = house.visitor();
    visitor.extra_headers = vec![
        ("x-forwarded-host", "evil.example".to_owned()),
        ("x-forwarded-proto", "http".to_owned()),
        ("forwarded", "host=evil.example;proto=http".to_owned()),
        ("x-original-host", "evil.example".to_owned()),
        ("auth0-custom-domain", "evil.example".to_owned()),
    ];
    let made = visitor.post_json("/api/v2/invitations", Some(&api.token), &json!({"email": "anna@example.org"})).await;
    made.assert_status(201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let mail = house.mail().await;
    assert!(mail.link("/i/").as_str().starts_with(&format!("{ORIGIN}/i/")));
    assert!(!mail.text.contains("evil.example") && !mail.html.contains("evil.example"));
    visitor
        .post_json(&format!("/api/v2/invitations/{id}/resend"), Some(&api.token), &json!({}))
        .await
        .assert_status(200);
    assert!(house.mail().await.link("/i/").as_str().starts_with(ORIGIN));
    let user_id = made.json()["user_id"].clone();
    let ticket =
        visitor.post_json("/api/v2/tickets/password-change", Some(&api.token), &json!({"user_id": user_id})).await;
    assert!(ticket.json()["ticket"].as_str().unwrap().starts_with(ORIGIN));
}

async fn case_018_one_address_or_none(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    for wrong in [
        json!(["a@example.org"]),
        json!("a@example.org,b@example.org"),
        json!("\"a@evil.org\"@example.org"),
        json!("a(comment)@example.org"),
        json!("=?utf-8?q?a?=@example.org\r\nBcc: m@evil.org"),
        json!("a\u{ff20}example.org"),
        json!("a@xn--\u{80}.org"),
        json!("a@[127.0.0.1]"),
        json!(null),
        json!(""),
    ] {
        api.post("/api/v2/invitations", &json!({"email": wrong})).await.assert_status(400);
    }
    let bearer = format!("Bearer {}", api.token);
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let twice = r#"{"email":"a@example.org","email":"b@evil.org"}"#.to_owned();
    house.visitor().send(Method::POST, "/api/v2/invitations", &headers, twice).await.assert_status(400);
    assert!(house.mails().await.is_empty());
    assert_eq!(api.get("/api/v2/users").await.json(), json!([]));
}

async fn case_022_terms_are_checked(engine: Engine) {
    let house = House::on(engine).await;
    let (mut api, _provider) = (house.api().await, house.provider().await);
    let client = json!({"name": "Calendar", "callbacks": ["https://app.example/callback"]});
    let client = api.post("/api/v2/clients", &client).await.json()["client_id"].clone();
    let mut refused = async |more: Value| {
        let mut body = json!({"email": "anna@example.org"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = api.post("/api/v2/invitations", &body).await;
        answer.assert_status(400);
        answer.json()["message"].as_str().unwrap().to_owned()
    };
    assert!(refused(json!({"result_url": "https://evil.example/"})).await.contains("callbacks"));
    assert!(
        refused(json!({"client_id": client, "result_url": "https://app.example/other"})).await.contains("callbacks")
    );
    assert!(refused(json!({"client_id": "nobody"})).await.contains("client"));
    assert!(refused(json!({"connections": ["github"]})).await.contains("github"));
    assert!(refused(json!({"roles": ["emperor"]})).await.contains("emperor"));
    assert!(refused(json!({"organization_id": "org_1"})).await.contains("Organizations"));
    assert!(refused(json!({"email_match": "some"})).await.contains("same_domain"));
    assert!(refused(json!({"user_id": "auth0|1"})).await.contains("Additional properties"));
    assert!(refused(json!({"app_metadata": {"user_id": "auth0|1"}})).await.contains("user_id"));
    assert!(refused(json!({"user_metadata": {"x": "y".repeat(70_000)}})).await.contains("bytes"));
    assert!(refused(json!({"inviter": {"name": "Ben", "id": 1}})).await.contains("inviter.id"));
    let good = json!({"email": "anna@example.org", "client_id": client, "connections": ["acme"], "roles": ["admin"],
        "result_url": "https://app.example/callback?kept=1", "email_match": "same_domain"});
    invite(&mut api, &good).await;
}

async fn without_mail_the_link_is_in_the_answer(engine: Engine) {
    let house = House::with(engine, Options { no_mail: true, ..Options::default() }).await;
    let mut api = house.api().await;
    let made = invite(&mut api, &json!({"email": "anna@example.org"})).await;
    assert_eq!(made["delivery"]["status"], json!("none"));
    let link = made["invitation_url"].as_str().unwrap().to_owned();
    assert!(house.visitor().open(&link).await.offers("Set password"));
    let path = format!("/api/v2/invitations/{}", made["id"].as_str().unwrap());
    assert_eq!(api.get(&path).await.json().get("invitation_url"), None);
    let resent = api.post(&format!("{path}/resend"), &json!({})).await.json();
    assert_ne!(resent["invitation_url"], json!(link));
}
