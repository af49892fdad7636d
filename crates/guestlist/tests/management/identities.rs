//! `/api/v2/users/{id}/identities`: unlinked, linked back, and never the last.

use guestlist_testkit::house::{Api, Engine, House, continue_with};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::{Account, Provider};
use guestlist_testkit::visitor::Visitor;
use serde_json::{Value, json};

on_both_engines!(
    an_identity_is_unlinked_and_linked_back,
    nobody_elses_identity_is_linked,
    the_last_way_in_stays,
    case_078_a_link_needs_more_than_a_word,
);

const DATABASE: &str = "Username-Password-Authentication";

fn anna_at_acme() -> Account {
    Account::new("7", "anna@work.example")
}

/// Anna, who came by password and connected Acme.
async fn anna(house: &House, api: &mut Api, provider: &Provider) -> (Visitor, String) {
    let link = house.invite(api, "anna@example.org").await;
    let mut anna = house.visitor();
    let page = anna.open(&link).await;
    let account = anna.press(&page, "Set password", &[("password", "kettle-orbit-9")]).await;
    let away = anna.submit(&account.form("Connect Acme")).await;
    let back = provider.send_back(away.location().unwrap(), &anna_at_acme());
    anna.open(&back).await;
    house.mails().await;
    let users = api.get("/api/v2/users-by-email?email=anna%40example.org").await.json();
    (anna, users[0]["user_id"].as_str().unwrap().to_owned())
}

fn path(id: &str) -> String {
    format!("/api/v2/users/{}/identities", id.replace('|', "%7C"))
}

/// Where a sign-in over Acme ends.
async fn sign_in(house: &House, provider: &Provider, account: &Account) -> String {
    let mut visitor = house.visitor();
    let login = visitor.open("/login").await;
    continue_with(&mut visitor, &login, provider, account).await.url.path().to_owned()
}

async fn an_identity_is_unlinked_and_linked_back(engine: Engine) {
    let house = House::on(engine).await;
    let (mut api, provider) = (house.api().await, house.provider().await);
    let (_, id) = anna(&house, &mut api, &provider).await;
    let primary =
        json!({"connection": DATABASE, "provider": "auth0", "user_id": &id["auth0|".len()..], "isSocial": false});
    for form in
        [json!({"provider": "oidc", "user_id": "acme|7"}), json!({"provider": "oidc", "user_id": "oidc|acme|7"})]
    {
        let left = api.delete(&format!("{}/oidc/acme%7C7", path(&id))).await;
        left.assert_status(200);
        assert_eq!(left.json(), json!([primary]));
        assert_eq!(house.mail().await.to, ["anna@example.org"], "the owner is told");
        assert_ne!(sign_in(&house, &provider, &anna_at_acme()).await, "/account");
        assert_eq!(api.get("/api/v2/users").await.json().as_array().unwrap().len(), 1, "no second user came of it");
        let linked = api.post(&path(&id), &form).await;
        linked.assert_status(201);
        assert_eq!((&linked.json()[0], &linked.json()[1]["user_id"]), (&primary, &json!("acme|7")));
        assert_eq!(linked.json()[1]["profileData"]["email"], json!("anna@work.example"));
        house.mail().await;
        assert_eq!(sign_in(&house, &provider, &anna_at_acme()).await, "/account");
    }
    let missing = api.delete(&format!("{}/oidc/acme%7C8", path(&id))).await;
    missing.assert_status(404);
    let main = api.delete(&format!("{}/auth0/{}", path(&id), &id["auth0|".len()..])).await;
    main.assert_status(400);
    assert_eq!(main.json()["message"], json!("Main identity cannot be removed."));
}

async fn nobody_elses_identity_is_linked(engine: Engine) {
    let house = House::on(engine).await;
    let (mut api, provider) = (house.api().await, house.provider().await);
    let (_, anna) = anna(&house, &mut api, &provider).await;
    let ben = json!({"connection": DATABASE, "email": "ben@example.org", "email_verified": true});
    let ben = api.post("/api/v2/users", &ben).await.json()["user_id"].as_str().unwrap().to_owned();
    let form = json!({"provider": "oidc", "user_id": "acme|7"});
    let taken = api.post(&path(&ben), &form).await;
    taken.assert_status(409);
    assert_eq!(taken.json()["message"], json!("Specified identity already exists."));
    api.delete(&format!("{}/oidc/acme%7C7", path(&anna))).await.assert_status(200);
    let stolen = api.post(&path(&ben), &form).await;
    stolen.assert_status(400);
    assert_eq!(stolen.json()["message"], json!("Linking to an inexistent identity is not allowed"));
    let nobody = api.post(&path("auth0|nobody"), &form).await;
    nobody.assert_status(404);
}

async fn the_last_way_in_stays(engine: Engine) {
    let house = House::on(engine).await;
    let (mut api, provider) = (house.api().await, house.provider().await);
    let link = house.invite(&mut api, "anna@example.org").await;
    let mut anna = house.visitor();
    let page = anna.open(&link).await;
    continue_with(&mut anna, &page, &provider, &Account::new("7", "anna@example.org")).await;
    let users = api.get("/api/v2/users").await.json();
    let id = users[0]["user_id"].as_str().unwrap();
    assert_eq!(users[0]["identities"][0]["provider"], json!("auth0"), "also where no password is set");
    let refused = api.delete(&format!("{}/oidc/acme%7C7", path(id))).await;
    refused.assert_status(400);
    assert!(refused.json()["message"].as_str().unwrap().contains("last way in"));
}

async fn case_078_a_link_needs_more_than_a_word(engine: Engine) {
    let house = House::on(engine).await;
    let (mut api, provider) = (house.api().await, house.provider().await);
    let (_, id) = anna(&house, &mut api, &provider).await;
    let other = json!({"connection": DATABASE, "email": "ben@example.org", "email_verified": true, "user_id": "ben"});
    api.post("/api/v2/users", &other).await.assert_status(201);
    let pending = json!({"connection": DATABASE, "email": "cleo@example.org", "user_id": "cleo"});
    api.post("/api/v2/users", &pending).await.assert_status(201);
    let mut refused = async |id: &str, body: Value| {
        let answer = api.post(&path(id), &body).await;
        answer.assert_status(400);
        answer.json()["message"].as_str().unwrap().to_owned()
    };
    assert!(refused(&id, json!({"link_with": "eyJ.a.b"})).await.contains("link_with"));
    assert!(refused(&id, json!({"provider": "oidc", "user_id": "acme|never-seen"})).await.contains("inexistent"));
    assert!(refused(&id, json!({"provider": "oidc", "user_id": 123})).await.contains("inexistent"));
    assert!(refused(&id, json!({"provider": "github", "user_id": "1"})).await.contains("not configured"));
    assert!(refused(&id, json!({"provider": "auth0", "user_id": "cleo"})).await.contains("has not accepted"));
    assert!(refused(&id, json!({"provider": "auth0", "user_id": "nobody"})).await.contains("inexistent"));
    assert!(refused(&id, json!({"provider": "auth0", "user_id": id})).await.contains("the same"));
    assert!(refused(&id, json!({"provider": "oidc", "user_id": "acme|7", "admin": true})).await.contains("Additional"));
    assert!(refused("auth0|cleo", json!({"provider": "oidc", "user_id": "acme|8"})).await.contains("invitation"));
}
