//! APIs over the Management API: made, read by either name, changed, refused, deleted.

use guestlist_testkit::house::{Engine, House, ORIGIN};
use guestlist_testkit::on_both_engines;
use serde_json::{Value, json};

on_both_engines!(
    an_api_is_made_changed_and_deleted,
    an_api_that_cannot_be_is_refused,
    nobody_changes_the_management_api,
    apis_are_listed_in_auth0s_forms,
);

const PATH: &str = "/api/v2/resource-servers";
const CALENDAR: &str = "https://calendar.example/v1";

fn calendar() -> Value {
    json!({"name": "Calendar", "identifier": CALENDAR, "scopes": [{"value": "read:dates", "description": "Look"}]})
}

async fn an_api_is_made_changed_and_deleted(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let made = api.post(PATH, &calendar()).await.assert_status(201).json();
    let id = made["id"].as_str().unwrap().to_owned();
    assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert_eq!(
        made,
        json!({"id": id, "name": "Calendar", "identifier": CALENDAR, "is_system": false, "signing_alg": "RS256",
            "scopes": [{"value": "read:dates", "description": "Look"}], "allow_offline_access": false,
            "token_lifetime": 3600, "token_dialect": "access_token", "enforce_policies": false})
    );
    // By its id or its identifier, encoded as the libraries do.
    let by_identifier = format!("{PATH}/https%3A%2F%2Fcalendar.example%2Fv1");
    for path in [format!("{PATH}/{id}"), by_identifier.clone()] {
        assert_eq!(api.get(&path).await.assert_status(200).json(), made);
    }
    let wish = json!({"name": "Dates", "token_lifetime": 60, "token_dialect": "rfc9068_profile",
        "allow_offline_access": true, "scopes": [{"value": "read:dates"}, {"value": "write:dates"}],
        "signing_alg": "RS256", "enforce_policies": false, "skip_consent_for_verifiable_first_party_clients": true});
    let changed = api.patch(&by_identifier, &wish).await.assert_status(200).json();
    assert_eq!((&changed["id"], &changed["identifier"]), (&json!(id), &json!(CALENDAR)));
    for name in ["name", "token_lifetime", "token_dialect", "allow_offline_access", "scopes"] {
        assert_eq!(changed[name], wish[name], "{name}");
    }
    let one = json!({"name": "Days"});
    let kept = api.patch(&format!("{PATH}/{id}"), &one).await.assert_status(200).json();
    assert_eq!((&kept["name"], &kept["scopes"]), (&json!("Days"), &wish["scopes"]));
    for _ in 0..2 {
        api.delete(&format!("{PATH}/{id}")).await.assert_status(204);
    }
    let gone = api.get(&by_identifier).await.assert_status(404).json();
    assert_eq!(gone["errorCode"], "inexistent_resource_server");
    api.patch(&by_identifier, &one).await.assert_status(404);
    assert_eq!(api.get(PATH).await.json().as_array().unwrap().len(), 1);
}

async fn an_api_that_cannot_be_is_refused(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let made = api.post(PATH, &calendar()).await.assert_status(201).json();
    let taken = api.post(PATH, &calendar()).await.assert_status(409).json();
    assert_eq!(taken["message"], "a resource server with the same identifier already exists");
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    for (name, value) in [
        ("identifier", json!("")),
        ("identifier", json!("two words")),
        ("identifier", json!(format!("{ORIGIN}/userinfo"))),
        ("identifier", json!(format!("{ORIGIN}/api/v2/"))),
        ("identifier", json!(api.client_id)),
        ("identifier", json!(7)),
        ("identifier", Value::Null),
        ("name", json!("")),
        ("name", json!("<b>")),
        ("scopes", json!("read:dates")),
        ("scopes", json!(["read:dates"])),
        ("scopes", json!([{"description": "Look"}])),
        ("scopes", json!([{"value": "read dates"}])),
        ("scopes", json!([{"value": "openid"}])),
        ("scopes", json!([{"value": "read:dates"}, {"value": "read:dates"}])),
        ("scopes", json!([{"value": "read:dates", "secret": 1}])),
        ("token_lifetime", json!(0)),
        ("token_lifetime", json!(2_592_001)),
        ("token_lifetime", json!("60")),
        ("signing_alg", json!("HS256")),
        ("signing_secret", json!("0123456789abcdef")),
        ("token_dialect", json!("access_token_authz")),
        ("enforce_policies", json!(true)),
        ("unknown", json!(1)),
    ] {
        let mut new = json!({"identifier": "https://other.example"});
        new[name] = value.clone();
        let refused = api.post(PATH, &new).await.assert_status(400).json();
        assert_eq!(refused["errorCode"], "invalid_body", "{name} {value}: {refused}");
        // An identifier is not changed, whatever it is.
        let refused = api.patch(&path, &json!({name: value})).await;
        assert_eq!(refused.status.as_u16(), 400, "{name} {value}: {}", refused.body);
    }
    assert_eq!(api.get(&path).await.json(), made);
    assert_eq!(api.get(PATH).await.json().as_array().unwrap().len(), 2);
}

async fn nobody_changes_the_management_api(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let identifier = format!("{PATH}/https%3A%2F%2Fid.example.org%2Fapi%2Fv2%2F");
    for path in [format!("{PATH}/management"), identifier] {
        let shown = api.get(&path).await.assert_status(200).json();
        assert_eq!((&shown["is_system"], &shown["name"]), (&json!(true), &json!("Management API")));
        api.patch(&path, &json!({"token_lifetime": 60})).await.assert_status(400);
        api.delete(&path).await.assert_status(400);
    }
    api.get("/api/v2/users").await.assert_status(200);
}

async fn apis_are_listed_in_auth0s_forms(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    for number in 0..3 {
        let new = json!({"identifier": format!("urn:api:{number}")});
        let made = api.post(PATH, &new).await.assert_status(201).json();
        house.clock.advance(std::time::Duration::from_millis(1));
        assert_eq!(made["name"], made["identifier"], "an API without a name is called by its identifier");
    }
    let names = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["identifier"].as_str().unwrap().to_owned()).collect()
    };
    let all = api.get(PATH).await.assert_status(200).json();
    assert_eq!(names(&all)[1..], ["urn:api:0", "urn:api:1", "urn:api:2"]);
    assert_eq!(all[0]["is_system"], true);
    let page = api.get(&format!("{PATH}?page=1&per_page=3&include_totals=true")).await.json();
    assert_eq!((names(&page["resource_servers"]), &page["total"]), (vec!["urn:api:2".to_owned()], &json!(4)));
    let past = api.get(&format!("{PATH}?page=9")).await.assert_status(200).json();
    assert_eq!(past, json!([]));
    let first = api.get(&format!("{PATH}?take=3")).await.json();
    let rest = api.get(&format!("{PATH}?take=3&from={}", first["next"].as_str().unwrap())).await.json();
    assert_eq!((names(&rest["resource_servers"]), rest.get("next")), (vec!["urn:api:2".to_owned()], None));
    let one = api.get(&format!("{PATH}?identifiers=urn:api:1&fields=identifier")).await.json();
    assert_eq!(one, json!([{"identifier": "urn:api:1"}]));
}
