//! `/api/v2/event-streams`.

use guestlist_testkit::house::{Engine, House};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::receiver::Receiver;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

on_both_engines!(
    a_webhook_is_made_changed_and_deleted,
    a_signing_secret_is_shown_once,
    what_cannot_work_is_refused,
    a_password_does_not_follow_the_endpoint,
    there_is_an_end_to_their_number,
    a_test_goes_to_one_webhook_alone,
);

fn stream(endpoint: &str) -> Value {
    json!({"name": "Warehouse", "subscriptions": [{"event_type": "user.created"}, {"event_type": "user.deleted"}],
        "destination": {"type": "webhook", "configuration": {"webhook_endpoint": endpoint,
            "webhook_authorization": {"method": "basic", "username": "guestlist", "password": "keep-this-secret"}}}})
}

/// What is another one in every run, as words.
fn redacted(answer: &Value) -> Value {
    let mut answer = answer.clone();
    for name in ["id", "event_stream_id", "signing_secret"] {
        if let Some(value) = answer.get_mut(name) {
            *value = json!(format!("[{name}]"));
        }
    }
    answer
}

async fn a_webhook_is_made_changed_and_deleted(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let made = api.post("/api/v2/event-streams", &stream("https://hooks.example/in")).await;
    made.assert_status(201);
    assert!(!made.body.contains("keep-this-secret"));
    let made = made.json();
    let id = made["id"].as_str().unwrap();
    assert!(id.starts_with("est_") && id.len() == 20);
    assert_json_snapshot!("event_stream", redacted(&made));
    let path = format!("/api/v2/event-streams/{id}");
    let shown = api.get(&path).await.assert_status(200).json();
    assert_eq!(api.get("/api/v2/event-streams").await.json(), json!([shown]));
    assert_eq!(api.get("/api/v2/event-streams?take=5").await.json(), json!({"eventStreams": [shown]}));

    let change = json!({"name": "Depot", "status": "disabled", "subscriptions": [{"event_type": "*"}],
        "destination": {"type": "webhook", "configuration": {"webhook_endpoint": "https://hooks.example/other",
            "webhook_authorization": null}}});
    let changed = api.patch(&path, &change).await.assert_status(200).json();
    assert_json_snapshot!("event_stream_changed", redacted(&changed));
    assert_eq!(api.get(&path).await.json(), changed);
    api.post(&format!("{path}/test"), &json!({})).await.assert_status(409);
    api.delete(&path).await.assert_status(204);
    api.delete(&path).await.assert_status(204);
    api.get(&path).await.assert_status(404);
    api.patch(&path, &json!({"name": "x"})).await.assert_status(404);
    api.get(&format!("{path}/deliveries")).await.assert_status(404);
    api.post(&format!("{path}/rotate-secret"), &json!({})).await.assert_status(404);
}

async fn a_signing_secret_is_shown_once(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let made = api.post("/api/v2/event-streams", &stream("https://hooks.example/in")).await.json();
    let first = made["signing_secret"].as_str().unwrap().to_owned();
    assert!(first.starts_with("whsec_") && first.len() == "whsec_".len() + 44);
    let path = format!("/api/v2/event-streams/{}", made["id"].as_str().unwrap());
    let rotated = api.post(&format!("{path}/rotate-secret"), &json!({})).await.assert_status(200).json();
    let second = rotated["signing_secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    assert_eq!(rotated["old_secret_until"], json!("2026-12-02T12:00:00.000Z"), "for a day");
    let changed = api.patch(&path, &json!({"name": "Depot"})).await;
    for answer in [changed, api.get(&path).await, api.get("/api/v2/event-streams").await] {
        answer.assert_status(200);
        assert!(!answer.body.contains("whsec_") && !answer.body.contains("signing_secret"), "{}", answer.body);
    }
    let timeline: Vec<_> =
        house.cellar().await.news().await.into_iter().map(|event| format!("{:?}", event.data)).collect();
    let timeline = timeline.join("\n");
    assert!(timeline.contains("secret_rotated"), "{timeline}");
    assert!(!timeline.contains("whsec_") && !timeline.contains("keep-this-secret"), "{timeline}");
}

async fn what_cannot_work_is_refused(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let good = stream("https://hooks.example/in");
    let with = |pointer: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let mut extra = good.clone();
    extra["secret"] = json!("x");
    let configuration = "/destination/configuration";
    for (body, why) in [
        (extra, "Additional properties not allowed: secret"),
        (with("/name", json!("")), "too short"),
        (with("/name", json!("<b>")), "needs a name"),
        (with("/subscriptions", json!([])), "at least one event type"),
        (with("/subscriptions/0", json!({"event_type": "user.*"})), "There is no event type 'user.*'"),
        (with("/subscriptions/0", json!({"event_type": "webhook.tested"})), "There is no event type"),
        (with("/subscriptions/0", json!({"event_type": "user.created", "x": 1})), "Additional properties"),
        (with("/destination/type", json!("eventbridge")), "Expected one of: webhook"),
        (with(&format!("{configuration}/webhook_endpoint"), json!("http://hooks.example/")), "must be https"),
        (with(&format!("{configuration}/webhook_endpoint"), json!("https://a:b@hooks.example/")), "credentials"),
        (with(&format!("{configuration}/webhook_authorization"), json!({"method": "digest"})), "basic, bearer"),
        (with(&format!("{configuration}/webhook_authorization"), json!({"method": "bearer"})), "Missing required"),
        (
            with(&format!("{configuration}/webhook_authorization"), json!({"method": "bearer", "token": "a\r\nb: c"})),
            "must be printable",
        ),
        (
            with(
                &format!("{configuration}/webhook_authorization"),
                json!({"method": "basic", "username": "a:b", "password": "x"}),
            ),
            "must be printable",
        ),
        (json!({"name": "x", "subscriptions": [{"event_type": "*"}]}), "Missing required property: destination"),
    ] {
        let refused = api.post("/api/v2/event-streams", &body).await;
        refused.assert_status(400);
        assert!(refused.body.contains(why), "{body}: {}", refused.body);
    }
    assert_eq!(api.get("/api/v2/event-streams").await.json(), json!([]));
}

async fn a_password_does_not_follow_the_endpoint(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let made = api.post("/api/v2/event-streams", &stream("https://hooks.example/in")).await.json();
    let path = format!("/api/v2/event-streams/{}", made["id"].as_str().unwrap());
    let to = |configuration: Value| json!({"destination": {"type": "webhook", "configuration": configuration}});
    let stolen = api.patch(&path, &to(json!({"webhook_endpoint": "https://mallory.example/in"}))).await;
    stolen.assert_status(400);
    assert!(stolen.body.contains("given anew"), "{}", stolen.body);
    api.patch(&path, &to(json!({"webhook_endpoint": "https://hooks.example/elsewhere"}))).await.assert_status(200);
    let anew = json!({"webhook_endpoint": "https://other.example/in",
        "webhook_authorization": {"method": "bearer", "token": "another"}});
    let moved = api.patch(&path, &to(anew)).await.assert_status(200).json();
    assert_eq!(moved["destination"]["configuration"]["webhook_authorization"], json!({"method": "bearer"}));
}

async fn there_is_an_end_to_their_number(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    for _ in 0..50 {
        api.post("/api/v2/event-streams", &stream("https://hooks.example/in")).await.assert_status(201);
    }
    api.post("/api/v2/event-streams", &stream("https://hooks.example/in")).await.assert_status(409);
}

async fn a_test_goes_to_one_webhook_alone(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let receiver = Receiver::start().await;
    let made = api.post("/api/v2/event-streams", &stream(&receiver.url("/one"))).await.json();
    let mut all = stream(&receiver.url("/all"));
    all["subscriptions"] = json!([{"event_type": "*"}]);
    api.post("/api/v2/event-streams", &all).await.assert_status(201);
    house.tell_webhooks().await;
    receiver.take();
    let path = format!("/api/v2/event-streams/{}", made["id"].as_str().unwrap());
    let queued = api.post(&format!("{path}/test"), &json!({})).await.assert_status(202).json();
    assert_eq!((&queued["event_type"], &queued["status"]), (&json!("webhook.tested"), &json!("queued")));
    house.tell_webhooks().await;
    let told = receiver.take();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].path.as_str(), told[0].id()), ("/one", queued["id"].as_str().unwrap()));
    assert!(told[0].is_signed_by(made["signing_secret"].as_str().unwrap()));
    assert_eq!(told[0].header("authorization"), "Basic Z3Vlc3RsaXN0OmtlZXAtdGhpcy1zZWNyZXQ=");
    assert_eq!(told[0].header("content-type"), "application/json");
    let delivered = api.get(&format!("{path}/deliveries?status=delivered")).await.assert_status(200).json();
    assert_json_snapshot!("event_stream_deliveries", redacted(&delivered[0]));
    api.get(&format!("{path}/deliveries?status=lost")).await.assert_status(400);
}
