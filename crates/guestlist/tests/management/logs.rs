//! `/api/v2/logs`: what happened, in Auth0's words.

use crate::scopes::token;
use guestlist_domain::permission::management_scopes;
use guestlist_domain::time::{hours, minutes};
use guestlist_testkit::house::{Api, Engine, House};
use guestlist_testkit::on_both_engines;
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    a_record_has_auth0s_fields,
    the_log_is_turned_and_followed,
    the_log_is_searched,
    the_log_of_a_user,
    a_stranger_and_a_wrong_password_have_codes_of_their_own,
    no_record_has_a_secret,
    either_scope_opens_the_log,
);

const LOGS: &str = "/api/v2/logs";
const PASSWORD: &str = "correct horse battery staple";

async fn create(api: &mut Api, name: &str) -> String {
    let body = json!({"connection": "Username-Password-Authentication", "email": format!("{name}@example.org"),
        "user_id": name});
    let made = api.post("/api/v2/users", &body).await.assert_status(201).json();
    made["user_id"].as_str().unwrap().to_owned()
}

async fn records(api: &mut Api, query: &str) -> Vec<Value> {
    let answer = api.get(&format!("{LOGS}?{query}")).await.assert_status(200).json();
    answer.as_array().unwrap().clone()
}

fn column(records: &[Value], name: &str) -> Vec<String> {
    records.iter().map(|record| record[name].as_str().unwrap_or_default().to_owned()).collect()
}

async fn types(api: &mut Api, query: &str) -> Vec<String> {
    column(&records(api, query).await, "type")
}

async fn a_record_has_auth0s_fields(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let anna = create(&mut api, "anna").await;
    let record = records(&mut api, "q=type:ss").await.pop().unwrap();
    let id = record["log_id"].as_str().unwrap().to_owned();
    assert_eq!((&record["_id"], &record["user_id"]), (&json!(id), &json!(anna)));
    let shown = api.get(&format!("{LOGS}/{id}")).await.assert_status(200).json();
    assert_eq!(shown, record);
    let mut redacted = record;
    for name in ["log_id", "_id"] {
        redacted[name] = json!("[id]");
    }
    redacted["details"]["actor"]["id"] = json!("[client]");
    assert_json_snapshot!("log_record", redacted);
    for unknown in ["nothing", "900000000000000000000000000000000000000000000000000000"] {
        let missing = api.get(&format!("{LOGS}/{unknown}")).await.assert_status(404).json();
        assert_eq!(missing["errorCode"], "inexistent_log");
    }
}

async fn the_log_is_turned_and_followed(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    for n in 0..5 {
        house.clock.advance(minutes(1));
        create(&mut api, &format!("guest{n}")).await;
    }
    let newest = column(&records(&mut api, "q=type:ss").await, "user_id");
    assert_eq!(newest, ["auth0|guest4", "auth0|guest3", "auth0|guest2", "auth0|guest1", "auth0|guest0"]);
    let mut oldest = newest.clone();
    oldest.reverse();
    assert_eq!(column(&records(&mut api, "q=type:ss&sort=date:1").await, "user_id"), oldest);
    assert_eq!(column(&records(&mut api, "q=type:ss&per_page=2&page=1").await, "user_id"), newest[2..4]);
    assert_eq!(records(&mut api, "per_page=100&page=4000").await, Vec::<Value>::new(), "past the end, and past 1,000");
    let wrapped = api.get(&format!("{LOGS}?q=type:ss&per_page=2&page=2&include_totals=true")).await.json();
    let numbers = ["start", "limit", "length", "total"].map(|name| wrapped[name].as_i64().unwrap());
    assert_eq!((numbers, &wrapped["logs"][0]["user_id"]), ([4, 2, 1, 5], &json!("auth0|guest0")));
    let none = api.get(&format!("{LOGS}?per_page=0&include_totals=true&q=type:ss")).await.json();
    assert_eq!(none, json!({"start": 0, "limit": 0, "length": 0, "total": 5, "logs": []}));

    // What is newer than five seconds may still get a neighbour before it, and who follows would never see that.
    let settled = column(&records(&mut api, "take=100&q=type:ss").await, "user_id");
    assert_eq!(settled, oldest[..4]);
    house.clock.advance(Duration::from_millis(5_001));

    // From a record on, in the order of ids, until there is no more: an array each time.
    let (mut followed, mut from) = (Vec::new(), String::new());
    loop {
        let page = records(&mut api, &format!("take=2{from}")).await;
        let Some(last) = page.last() else { break };
        from = format!("&from={}", last["log_id"].as_str().unwrap());
        followed.extend(page);
    }
    let mut whole = records(&mut api, "sort=date:1&per_page=100").await;
    assert_eq!(followed, whole);
    let after_first = format!("from={}&q=type:ss", whole.remove(0)["log_id"].as_str().unwrap());
    assert_eq!(column(&records(&mut api, &after_first).await, "user_id"), oldest, "a question can be followed as well");
    // One that is not there has a place all the same.
    assert_eq!(records(&mut api, "from=evt_00000000000000000000000000").await, followed);
    assert_eq!(records(&mut api, "from=evt_zzzzzzzzzzzzzzzzzzzzzzzzzz").await, Vec::<Value>::new());

    let only = records(&mut api, "q=type:ss&per_page=1&fields=type,log_id").await.remove(0);
    assert_eq!(only.as_object().unwrap().len(), 2);
    let without = records(&mut api, "q=type:ss&per_page=1&fields=details,date&include_fields=false").await.remove(0);
    assert!(without.get("details").is_none() && without.get("date").is_none() && without["type"] == "ss");
    for wrong in ["per_page=101", "page=-1", "take=0", "take=101", "from=90020260101", "sort=user_id:1", "sort=date"] {
        let refused = api.get(&format!("{LOGS}?{wrong}")).await.assert_status(400).json();
        assert_eq!(refused["errorCode"], "invalid_query_string", "{wrong}");
    }
}

async fn the_log_is_searched(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let anna = create(&mut api, "anna").await;
    house.clock.advance(hours(24));
    api.token = token(&house, &api, management_scopes()).await;
    let ben = create(&mut api, "ben").await;
    api.patch(&format!("/api/v2/users/{ben}"), &json!({"blocked": true})).await.assert_status(200);
    house.clock.advance(minutes(1));
    api.delete(&format!("/api/v2/users/{ben}")).await.assert_status(204);
    let of_ben = ["sdu", "gl_user_blocked", "sapi", "ss"];
    let mut found = types(&mut api, r#"q=user_id:"auth0|ben""#).await;
    let mut expected: Vec<&str> = of_ben.to_vec();
    found.sort();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(types(&mut api, r#"search=user_id:"auth0|ben"+AND+type:sdu"#).await, ["sdu"]);
    assert_eq!(types(&mut api, r#"q=user_id:"auth0|ben"+AND+type:(ss+OR+sdu)&sort=date:1"#).await, ["ss", "sdu"]);
    assert_eq!(types(&mut api, "q=type:seacft").await, Vec::<String>::new());
    let since = "q=type:ss+AND+date:[2026-12-02+TO+*]";
    let first = records(&mut api, "q=type:ss&sort=date:1").await;
    let day = first[0]["date"].as_str().unwrap()[..10].to_owned();
    assert_eq!(column(&records(&mut api, &format!("q=type:ss+AND+date:{day}")).await, "user_id"), [anna.as_str()]);
    assert_eq!(column(&records(&mut api, &format!("q=type:ss+AND+NOT+date:{day}")).await, "user_id"), [ben.as_str()]);
    assert_eq!(column(&records(&mut api, since).await, "user_id"), [ben.as_str()]);
    let id = first[0]["log_id"].as_str().unwrap();
    assert_eq!(column(&records(&mut api, &format!("q=log_id:{id}")).await, "user_id"), [anna]);
    assert!(records(&mut api, "q=client_id:nobody+OR+connection_id:nothing").await.is_empty());
    assert!(!records(&mut api, "q=_exists_:user_id").await.is_empty());
    for wrong in
        ["q=anna", "q=user_name:anna", "q=ip:127.0.0.1", "q=type:s*", "q=user_id:[a+TO+b]", "q=type:(s", "q=date:soon"]
    {
        let refused = api.get(&format!("{LOGS}?{wrong}")).await.assert_status(400).json();
        assert_eq!(refused["errorCode"], "invalid_query_string", "{wrong}");
    }
}

async fn the_log_of_a_user(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let (anna, ben) = (create(&mut api, "anna").await, create(&mut api, "ben").await);
    house.clock.advance(minutes(1));
    api.patch(&format!("/api/v2/users/{anna}"), &json!({"nickname": "Anni"})).await.assert_status(200);
    let path = format!("/api/v2/users/{anna}/logs");
    let found = api.get(&path).await.assert_status(200).json();
    assert_eq!(column(found.as_array().unwrap(), "type"), ["sapi", "ss"]);
    let wrapped = api.get(&format!("{path}?per_page=1&page=1&include_totals=true&sort=date:-1")).await.json();
    assert_eq!((&wrapped["total"], &wrapped["logs"][0]["type"]), (&json!(2), &json!("ss")));
    assert_eq!(api.get(&format!("{path}?q=user_id:\"{ben}\"")).await.json(), json!([]), "no question leads out of it");
    // What happened to somebody stays when they are gone, without their address.
    api.delete(&format!("/api/v2/users/{anna}")).await.assert_status(204);
    let left = api.get(&path).await;
    left.assert_status(200);
    assert_eq!(left.json().as_array().unwrap().len(), 3);
    assert!(!left.body.contains("anna@example.org"));
    assert_eq!(api.get("/api/v2/users/auth0%7Cnobody/logs").await.assert_status(200).json(), json!([]));
}

async fn a_stranger_and_a_wrong_password_have_codes_of_their_own(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let link = house.invite(&mut api, "anna@example.org").await;
    let mut visitor = house.visitor();
    let page = visitor.open(&link).await;
    visitor.press(&page, "Set password", &[("password", PASSWORD)]).await;
    for (email, password) in [("anna@example.org", "wrong horse"), ("nobody@example.org", PASSWORD)] {
        house.clock.advance(minutes(1));
        let mut visitor = house.visitor();
        let login = visitor.open("/login").await;
        visitor.press(&login, "Log in", &[("email", email), ("password", password)]).await;
    }
    let types = types(&mut api, "per_page=100").await;
    for code in ["gl_invitation_created", "gl_invitation_sent", "si", "s", "fp", "fu"] {
        assert!(types.contains(&code.to_owned()), "{code} is not in {types:?}");
    }
    let failed = records(&mut api, "q=type:(fp+OR+fu)").await;
    assert_eq!((&failed[1]["type"], &failed[1]["user_name"]), (&json!("fp"), &json!("anna@example.org")));
    assert!(failed[0].get("user_id").is_none() && !failed[0].to_string().contains("nobody@"));
}

async fn no_record_has_a_secret(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let link = house.invite(&mut api, "anna@example.org").await;
    let client = api.post("/api/v2/clients", &json!({"name": "Backend"})).await.assert_status(201).json();
    let ben = create(&mut api, "ben").await;
    api.patch(&format!("/api/v2/users/{ben}"), &json!({"password": PASSWORD})).await.assert_status(200);
    let ticket = api.post("/api/v2/tickets/password-change", &json!({"user_id": ben})).await.assert_status(201).json();
    let stream = json!({"name": "Hook", "subscriptions": [{"event_type": "*"}],
        "destination": {"type": "webhook", "configuration": {"webhook_endpoint": "https://hooks.example/keep-this",
            "webhook_authorization": {"method": "bearer", "token": "keep-this-too"}}}});
    let stream = api.post("/api/v2/event-streams", &stream).await.assert_status(201).json();
    let answer = api.get(&format!("{LOGS}?per_page=100")).await.assert_status(200).body.clone();
    let last = |url: &str| url.rsplit('/').next().unwrap().trim_end_matches('#').to_owned();
    let secret = |value: &Value| value.as_str().unwrap().to_owned();
    for secret in [
        last(&link),
        last(ticket["ticket"].as_str().unwrap()),
        secret(&client["client_secret"]),
        secret(&stream["signing_secret"]),
        "keep-this".to_owned(),
        PASSWORD.to_owned(),
    ] {
        assert!(secret.len() > 8 && !answer.contains(&secret), "{secret}");
    }
}

async fn either_scope_opens_the_log(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let anna = create(&mut api, "anna").await;
    let id = records(&mut api, "per_page=1").await[0]["log_id"].as_str().unwrap().to_owned();
    for scope in ["read:logs", "read:logs_users"] {
        let token = token(&house, &api, &[scope]).await;
        for path in [LOGS.to_owned(), format!("{LOGS}/{id}"), format!("/api/v2/users/{anna}/logs")] {
            house.visitor().json(axum::http::Method::GET, &path, Some(&token), None).await.assert_status(200);
        }
    }
}
