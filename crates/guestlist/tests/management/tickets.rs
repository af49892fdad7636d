//! `/api/v2/tickets/password-change`.

use guestlist_testkit::house::{Api, Engine, House};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::visitor::Answer;
use serde_json::{Value, json};

on_both_engines!(
    a_ticket_of_an_active_user_sets_a_new_password,
    a_ticket_names_its_user_in_one_of_two_ways,
    the_newest_ticket_wins_and_odd_fields_are_refused,
    a_handed_link_proves_no_mailbox,
);

const DATABASE: &str = "Username-Password-Authentication";

async fn user(api: &mut Api, email: &str, email_verified: bool) -> String {
    let body = json!({"connection": DATABASE, "email": email, "email_verified": email_verified});
    api.post("/api/v2/users", &body).await.json()["user_id"].as_str().unwrap().to_owned()
}

async fn ask(api: &mut Api, body: &Value) -> Answer {
    api.post("/api/v2/tickets/password-change", body).await
}

async fn ticket(api: &mut Api, body: &Value) -> String {
    let answer = ask(api, body).await;
    answer.assert_status(201);
    answer.json()["ticket"].as_str().unwrap().to_owned()
}

async fn a_ticket_of_an_active_user_sets_a_new_password(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let client = json!({"name": "Calendar", "callbacks": ["https://app.example/callback"]});
    let client = api.post("/api/v2/clients", &client).await.json()["client_id"].clone();
    let id = user(&mut api, "anna@example.org", true).await;
    let link = ticket(
        &mut api,
        &json!({"user_id": id, "client_id": client, "result_url": "https://app.example/callback?a=1#end",
            "includeEmailInRedirect": true, "ttl_sec": 60}),
    )
    .await;
    assert!(house.mails().await.is_empty(), "the caller mails it");
    let mut anna = house.visitor();
    let page = anna.open(&link).await;
    let done = anna.press(&page, "Set password", &[("password", "kettle-orbit-9")]).await;
    let to = done.location().map(str::to_owned).or_else(|| done.find_link("Continue")).unwrap_or_default();
    assert!(to.starts_with("https://app.example/callback?a=1&success=true&message="), "{to} {}", done.text());
    assert!(to.contains("email=anna%40example.org") && to.ends_with("#end"), "{to}");
    assert!(!house.visitor().open(&link).await.offers("Set password"), "a ticket is spent once");
}

async fn a_ticket_names_its_user_in_one_of_two_ways(engine: Engine) {
    let house = House::on(engine).await;
    let (mut api, _provider) = (house.api().await, house.provider().await);
    let id = user(&mut api, "anna@example.org", true).await;
    let connections = api.get("/api/v2/connections").await.json();
    let (database, acme) = (connections[0]["id"].clone(), connections[1]["id"].clone());
    ticket(&mut api, &json!({"connection_id": database, "email": "Anna@example.org"})).await;
    for wrong in [
        json!({}),
        json!({"email": "anna@example.org"}),
        json!({"connection_id": database}),
        json!({"user_id": id, "connection_id": database, "email": "anna@example.org"}),
        json!({"connection_id": acme, "email": "anna@example.org"}),
        json!({"connection_id": "con_nothing", "email": "anna@example.org"}),
    ] {
        ask(&mut api, &wrong).await.assert_status(400);
    }
    let nobody = ask(&mut api, &json!({"user_id": "auth0|nobody"})).await;
    nobody.assert_status(404);
    assert_eq!(nobody.json()["message"], json!("The user does not exist."));
    ask(&mut api, &json!({"connection_id": database, "email": "nobody@example.org"})).await.assert_status(404);
}

async fn the_newest_ticket_wins_and_odd_fields_are_refused(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    for verified in [true, false] {
        let id = user(&mut api, &format!("anna.{verified}@example.org"), verified).await;
        let first = ticket(&mut api, &json!({"user_id": id})).await;
        let second = ticket(&mut api, &json!({"user_id": id, "ttl_sec": 0})).await;
        assert!(!house.visitor().open(&first).await.offers("Set password"));
        let page = house.visitor().open(&format!("{second}?type=invite#")).await;
        assert!(page.offers("Set password"), "odd queries and fragments are tolerated: {}", page.text());
        for (body, says) in [
            (json!({"user_id": id, "organization_id": "org_1"}), "Organizations"),
            (json!({"user_id": id, "client_id": "nobody"}), "client"),
            (json!({"user_id": id, "result_url": "https://evil.example"}), "callbacks"),
            (json!({"user_id": id, "send_email": true}), "Additional properties"),
            (json!({"user_id": id, "ttl_sec": -1}), "ttl_sec"),
            (json!({"user_id": id, "identity": {"provider": "oidc", "user_id": "acme|1"}}), "identity"),
        ] {
            let refused = ask(&mut api, &body).await;
            refused.assert_status(400);
            assert!(refused.json()["message"].as_str().unwrap().contains(says), "{}", refused.body);
        }
        let own = json!({"user_id": id, "identity": {"provider": "auth0", "user_id": &id["auth0|".len()..]}});
        ticket(&mut api, &own).await;
    }
}

async fn a_handed_link_proves_no_mailbox(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    for (vouched, email) in [(false, "anna@example.org"), (true, "ben@example.org")] {
        let id = user(&mut api, email, false).await;
        let link = ticket(&mut api, &json!({"user_id": id, "mark_email_as_verified": vouched})).await;
        let mut guest = house.visitor();
        let page = guest.open(&link).await;
        assert!(page.body.contains(email));
        guest.press(&page, "Set password", &[("password", "kettle-orbit-9")]).await;
        let user = api.get(&format!("/api/v2/users/{}", id.replace('|', "%7C"))).await.json();
        assert_eq!(user["email_verified"], json!(vouched), "case 23: the caller's word, or nothing");
    }
}
