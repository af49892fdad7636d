//! `/api/v2/connections` and `/api/v2/clients`.

use guestlist_testkit::house::{Engine, House};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::{CLIENT_ID, CLIENT_SECRET, Provider};
use serde_json::{Value, json};

on_both_engines!(
    a_connection_is_made_changed_and_deleted,
    a_connection_is_enabled_client_by_client,
    the_password_database_stays,
    an_issuer_is_learned_from_discovery,
    what_cannot_work_is_refused,
    our_secret_does_not_follow_an_address,
    case_048_a_provider_that_proves_no_name_takes_nobody_elses,
    a_client_is_made_changed_and_deleted,
);

const DATABASE: &str = "Username-Password-Authentication";

fn acme(issuer: &str) -> Value {
    json!({"name": "acme", "display_name": "Acme", "strategy": "oidc",
        "options": {"issuer": issuer, "client_id": "us", "client_secret": "keep-this-secret", "type": "back_channel"}})
}

async fn a_connection_is_made_changed_and_deleted(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let made = api.post("/api/v2/connections", &acme("https://acme.example/")).await;
    made.assert_status(201);
    let connection = made.json();
    assert_eq!(connection["options"]["scope"], json!("openid profile email"));
    assert!(!made.body.contains("keep-this-secret"));
    let id = connection["id"].as_str().unwrap();
    assert!(id.starts_with("con_") && id.len() == 20);
    let path = format!("/api/v2/connections/{id}");
    assert_eq!(api.get(&path).await.json(), connection);
    api.post("/api/v2/connections", &acme("https://acme.example/")).await.assert_status(409);
    let options = json!({"options": {"issuer": "https://acme.example/", "client_id": "them", "scope": "openid groups",
        "authoritative_domains": ["Acme.Example"], "merge_rule": "auto"}});
    let changed = api.patch(&path, &options).await;
    changed.assert_status(200);
    assert_eq!(changed.json()["display_name"], json!("Acme"));
    assert_eq!(changed.json()["options"]["authoritative_domains"], json!(["acme.example"]));
    assert_eq!(changed.json()["options"]["client_id"], json!("them"));
    assert_eq!(api.get("/api/v2/connections?strategy=oidc").await.json().as_array().unwrap().len(), 1);
    assert_eq!(api.get("/api/v2/connections?name=acme&fields=name").await.json(), json!([{"name": "acme"}]));
    let page = api.get("/api/v2/connections?take=1").await.json();
    assert_eq!(page["connections"][0]["name"], json!(DATABASE));
    let next = page["next"].as_str().unwrap();
    let rest = api.get(&format!("/api/v2/connections?take=1&from={next}")).await.json();
    assert_eq!((&rest["connections"][0]["name"], rest.get("next")), (&json!("acme"), None));
    api.delete(&path).await.assert_status(204);
    api.delete(&path).await.assert_status(204);
    api.get(&path).await.assert_status(404);
}

async fn a_connection_is_enabled_client_by_client(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let client = api.post("/api/v2/clients", &json!({"name": "Calendar"})).await.json()["client_id"].clone();
    let made = api.post("/api/v2/connections", &acme("https://acme.example/")).await.json();
    assert_eq!(made["enabled_clients"], json!([]));
    let path = format!("/api/v2/connections/{}/clients", made["id"].as_str().unwrap());
    api.patch(&path, &json!([{"client_id": client, "status": true}])).await.assert_status(204);
    assert_eq!(api.get(&path).await.json(), json!([{"client_id": client}]));
    let of_client = api.get(&format!("/api/v2/clients/{}/connections", client.as_str().unwrap())).await.json();
    assert_eq!(of_client.as_array().unwrap().len(), 2);
    assert_eq!(of_client[1].get("options"), None);
    api.patch(&path, &json!([{"client_id": client, "status": false}])).await.assert_status(204);
    assert_eq!(api.get(&path).await.json(), json!([]));
    for wrong in [
        json!([]),
        json!([{"client_id": "nobody", "status": true}]),
        json!([{"client_id": client}]),
        json!({}),
        json!([1]),
    ] {
        api.patch(&path, &wrong).await.assert_status(400);
    }
}

async fn the_password_database_stays(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let found = api.get(&format!("/api/v2/connections?name={DATABASE}")).await.json();
    let id = found[0]["id"].as_str().unwrap().to_owned();
    assert_eq!((&found[0]["strategy"], &found[0]["enabled_for_every_client"]), (&json!("auth0"), &json!(true)));
    let path = format!("/api/v2/connections/{id}");
    api.delete(&path).await.assert_status(400);
    let client = json!([{"client_id": api.client_id, "status": false}]);
    api.patch(&format!("{path}/clients"), &client).await.assert_status(400);
    let open = json!({"options": {"disable_signup": false}});
    let refused = api.patch(&path, &open).await;
    refused.assert_status(400);
    assert!(refused.json()["message"].as_str().unwrap().contains("everyone here is invited"));
    api.patch(&path, &json!({"options": {"disable_signup": true, "passwordPolicy": "good"}})).await.assert_status(200);
    api.post("/api/v2/connections", &json!({"name": DATABASE, "strategy": "auth0"})).await.assert_status(409);
    api.post("/api/v2/connections", &json!({"name": "second", "strategy": "auth0"})).await.assert_status(400);
}

async fn an_issuer_is_learned_from_discovery(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let clock = std::sync::Arc::clone(&house.clock);
    let provider = Provider::start(move || guestlist_app::Clock::now(&*clock).seconds()).await;
    let discovery = format!("{}/.well-known/openid-configuration", provider.issuer);
    let body = json!({"name": "learned", "strategy": "oidc",
        "options": {"discovery_url": discovery, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}});
    let made = api.post("/api/v2/connections", &body).await;
    made.assert_status(201);
    assert_eq!(made.json()["options"]["issuer"], json!(provider.issuer));
}

async fn what_cannot_work_is_refused(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let mut refused = async |body: Value| {
        let answer = api.post("/api/v2/connections", &body).await;
        answer.assert_status(400);
        answer.json()["message"].as_str().unwrap().to_owned()
    };
    let with = |options: Value| json!({"name": "acme", "strategy": "oidc", "options": options});
    let unknown = refused(json!({"name": "acme", "strategy": "samlp", "options": {}})).await;
    let known = "apple, facebook, linkedin, gitlab, discord, slack, okta";
    assert!(
        unknown.starts_with("The strategy 'samlp' is not supported. Supported: auth0, oidc, oauth2, "),
        "{unknown}"
    );
    assert!(unknown.ends_with(&format!("{known}.")), "{unknown}");
    let github = refused(json!({"name": "github", "strategy": "github", "options": {}})).await;
    assert_eq!(github, "options.client_id is needed");
    assert!(
        refused(
            json!({"name": "a b", "strategy": "oidc", "options": {"issuer": "https://a.example", "client_id": "x"}})
        )
        .await
        .contains("name")
    );
    assert!(refused(with(json!({"client_id": "x"}))).await.contains("issuer"));
    assert!(refused(with(json!({"issuer": "https://acme.example"}))).await.contains("client_id"));
    for issuer in [
        "http://acme.example",
        "javascript:alert(1)",
        "https://u:p@acme.example",
        "https://acme.example?x=1",
        "nonsense",
    ] {
        assert!(
            refused(with(json!({"issuer": issuer, "client_id": "x"}))).await.contains("options.issuer"),
            "{issuer}"
        );
    }
    let unreachable = json!({"discovery_url": "http://127.0.0.1:1/.well-known/openid-configuration", "client_id": "x"});
    assert!(refused(with(unreachable)).await.contains("discovery_url"));
    let auto = json!({"issuer": "https://acme.example", "client_id": "x", "merge_rule": "auto"});
    assert!(refused(with(auto)).await.contains("authoritative_domains"));
    let domain = json!({"issuer": "https://acme.example", "client_id": "x", "authoritative_domains": ["not a domain"]});
    assert!(refused(with(domain)).await.contains("domain"));
}

/// Whoever may change a connection may not read its secret by having it sent elsewhere.
async fn our_secret_does_not_follow_an_address(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let at = |host: &str| {
        json!({"client_id": "x", "authorization_url": "https://idp.example/a", "userinfo_url": "https://idp.example/me",
            "token_url": format!("https://{host}/t")})
    };
    let with_secret = |mut options: Value, secret: &str| {
        options["client_secret"] = json!(secret);
        options
    };
    let body = json!({"name": "idp", "strategy": "oauth2", "options": with_secret(at("idp.example"), "ours")});
    let made = api.post("/api/v2/connections", &body).await.assert_status(201).json();
    let path = format!("/api/v2/connections/{}", made["id"].as_str().unwrap());
    let refused = api.patch(&path, &json!({"options": at("evil.example")})).await;
    assert!(refused.assert_status(400).body.contains("client_secret"), "{}", refused.body);
    assert_eq!(api.get(&path).await.json()["options"]["token_url"], json!("https://idp.example/t"));
    // The same host may tell it, and so may whoever knows it.
    api.patch(&path, &json!({"options": at("idp.example")})).await.assert_status(200);
    let known = with_secret(at("other.example"), "ours");
    api.patch(&path, &json!({"options": known})).await.assert_status(200);
    let forgotten = with_secret(at("third.example"), "");
    api.patch(&path, &json!({"options": forgotten})).await.assert_status(200);
    api.patch(&path, &json!({"options": at("fourth.example")})).await.assert_status(200);
}

/// OAuth 2.0 proves no issuer: what it says would be believed of the people of whoever it claims to be.
async fn case_048_a_provider_that_proves_no_name_takes_nobody_elses(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let evil = |name: &str, issuer: &str| {
        json!({"name": name, "strategy": "oauth2", "options": {"issuer": issuer, "client_id": "x",
            "authorization_url": "https://evil.example/a", "token_url": "https://evil.example/t",
            "userinfo_url": "https://evil.example/me"}})
    };
    for issuer in ["https://accounts.google.com", "https://evil.example.org/", "https://evil.example:8443/"] {
        let refused = api.post("/api/v2/connections", &evil("evil", issuer)).await;
        assert!(refused.assert_status(400).body.contains("options.issuer"), "{issuer}: {}", refused.body);
    }
    api.post("/api/v2/connections", &evil("own", "https://evil.example/")).await.assert_status(201);
    api.post("/api/v2/connections", &evil("own-again", "https://evil.example/")).await.assert_status(409);
    let github = |name: &str, more: Value| {
        let mut options = json!({"client_id": "x", "client_secret": "y"});
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"name": name, "strategy": "github", "options": options})
    };
    api.post("/api/v2/connections", &github("github", json!({}))).await.assert_status(201);
    let elsewhere = github("imitation", json!({"api_url": "https://evil.example"}));
    api.post("/api/v2/connections", &elsewhere).await.assert_status(409);
    let claimed = github("claimed", json!({"base_url": "https://evil.example", "issuer": "https://github.com"}));
    api.post("/api/v2/connections", &claimed).await.assert_status(400);
}

async fn a_client_is_made_changed_and_deleted(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let body = json!({"name": "Calendar", "app_type": "regular_web", "callbacks": ["https://app.example/callback"],
        "initiate_login_uri": "https://app.example/login", "is_first_party": true, "client_metadata": {"team": "a"}});
    let made = api.post("/api/v2/clients", &body).await;
    made.assert_status(201);
    let mut client = made.json();
    let secret = client.as_object_mut().unwrap().remove("client_secret").unwrap();
    let path = format!("/api/v2/clients/{}", client["client_id"].as_str().unwrap());
    assert_eq!(api.get(&path).await.json(), client, "the secret is shown once");
    let rotated = api.post(&format!("{path}/rotate-secret"), &json!({})).await.json();
    assert_ne!(rotated["client_secret"], secret);
    let changed = api.patch(&path, &json!({"name": "Diary", "initiate_login_uri": null, "callbacks": []})).await.json();
    assert_eq!((&changed["name"], changed.get("initiate_login_uri")), (&json!("Diary"), None));
    assert_eq!((&changed["callbacks"], &changed["client_metadata"]), (&json!([]), &json!({"team": "a"})));
    assert_eq!(changed.get("client_secret"), None);
    let listed = api.get("/api/v2/clients?include_totals=true&per_page=1&page=1").await.json();
    assert_eq!((&listed["total"], listed["clients"].as_array().unwrap().len()), (&json!(2), 1));
    for wrong in [
        json!({"name": "<b>"}),
        json!({"callbacks": ["javascript:alert(1)"]}),
        json!({"callbacks": "https://app.example"}),
        json!({"app_type": "toaster"}),
        json!({"app_type": "spa", "token_endpoint_auth_method": "client_secret_post"}),
    ] {
        api.patch(&path, &wrong).await.assert_status(400);
    }
    api.delete(&path).await.assert_status(204);
    api.get(&path).await.assert_status(404);
    api.patch(&path, &json!({"name": "x"})).await.assert_status(404);
}
