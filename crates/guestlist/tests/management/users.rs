//! `/api/v2/users`: made, found, changed, blocked, deleted.

use guestlist_testkit::house::{Api, Engine, House};
use guestlist_testkit::on_both_engines;
use serde_json::{Value, json};

on_both_engines!(
    a_user_is_made_found_and_deleted,
    strict_bodies_and_auth0s_refusals,
    lists_are_paged_sorted_and_searched,
    metadata_merges_on_the_first_level,
    case_107_nothing_but_the_listed_fields_changes,
    a_password_set_here_ends_what_was_begun,
    a_block_ends_everything_at_once,
    a_new_address_is_not_proven,
    case_064_a_password_of_a_pending_user_opens_nothing,
    case_064_an_asserted_address_does_not_keep_its_owner_out,
    case_067_a_changed_address_kills_the_links_made_for_the_old_one,
    case_109_no_answer_holds_a_secret,
);

const DATABASE: &str = "Username-Password-Authentication";

/// Makes an active user with a password.
async fn active(api: &mut Api, email: &str) -> String {
    let body = json!({"connection": DATABASE, "email": email, "email_verified": true, "password": "kettle-orbit-9"});
    let made = api.post("/api/v2/users", &body).await;
    made.assert_status(201);
    made.json()["user_id"].as_str().unwrap().to_owned()
}

fn path(id: &str) -> String {
    format!("/api/v2/users/{}", id.replace('|', "%7C"))
}

/// Whether a password signs in.
async fn signs_in(house: &House, email: &str, password: &str) -> bool {
    let mut visitor = house.visitor();
    let login = visitor.open("/login").await;
    let answer = visitor.press(&login, "Log in", &[("email", email), ("password", password)]).await;
    answer.url.path() == "/account"
}

async fn a_user_is_made_found_and_deleted(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let body = json!({"connection": DATABASE, "email": "Anna@Example.org", "email_verified": true, "user_id": "custom-7",
        "name": "Anna Berg", "picture": "https://pictures.example/anna.png", "user_metadata": {"theme": "dark"},
        "app_metadata": {"plan": "gold"}});
    let made = api.post("/api/v2/users", &body).await;
    made.assert_status(201);
    let user = made.json();
    assert_eq!(user["user_id"], json!("auth0|custom-7"));
    assert_eq!(user["email"], json!("anna@example.org"), "one canonical form");
    assert_eq!(
        user["identities"],
        json!([{"connection": DATABASE, "provider": "auth0", "user_id": "custom-7", "isSocial": false}])
    );
    assert!(house.mails().await.is_empty(), "nobody was mailed");
    for id in ["auth0%7Ccustom-7", "auth0|custom-7"] {
        assert_eq!(api.get(&format!("/api/v2/users/{id}")).await.json(), user, "T14: {id}");
    }
    assert_eq!(api.get("/api/v2/users-by-email?email=ANNA%40example.org").await.json(), json!([user]));
    assert_eq!(api.get("/api/v2/users/auth0|custom-7?fields=email").await.json(), json!({"email": "anna@example.org"}));
    api.delete("/api/v2/users/auth0%7Ccustom-7").await.assert_status(204);
    api.delete("/api/v2/users/auth0%7Ccustom-7").await.assert_status(204);
    let gone = api.get("/api/v2/users/auth0%7Ccustom-7").await;
    gone.assert_status(404);
    assert_eq!(gone.json()["message"], json!("The user does not exist."));
    assert_eq!(api.get("/api/v2/users-by-email?email=anna%40example.org").await.json(), json!([]));
    let again = api.post("/api/v2/users", &body).await;
    again.assert_status(409);
    assert_eq!(again.json()["message"], json!("The user already exists."), "a subject is never given out twice");
}

async fn strict_bodies_and_auth0s_refusals(engine: Engine) {
    let house = House::on(engine).await;
    let (mut api, _provider) = (house.api().await, house.provider().await);
    active(&mut api, "taken@example.org").await;
    let mut refused = async |body: Value| {
        let answer = api.post("/api/v2/users", &body).await;
        (answer.status.as_u16(), answer.json()["message"].as_str().unwrap().to_owned())
    };
    let base = |more: Value| {
        let mut body = json!({"connection": DATABASE, "email": "new@example.org"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let (status, message) = refused(json!({"email": "new@example.org"})).await;
    assert_eq!((status, message.as_str()), (400, "Payload validation error: 'Missing required property: connection'."));
    let (status, message) = refused(base(json!({"roles": ["admin"]}))).await;
    assert_eq!(
        (status, message.as_str()),
        (400, "Payload validation error: 'Additional properties not allowed: roles'.")
    );
    let (status, message) = refused(base(json!({"password": "12345678"}))).await;
    assert_eq!(status, 400);
    assert!(message.starts_with("PasswordDictionaryError: "), "{message}");
    assert!(refused(base(json!({"password": "x"}))).await.1.starts_with("PasswordStrengthError: "));
    assert!(refused(base(json!({"password": "new@example.org"}))).await.1.starts_with("PasswordNoUserInfoError: "));
    assert_eq!(
        refused(base(json!({"email": "taken@example.org"}))).await,
        (409, "The user already exists.".to_owned())
    );
    assert_eq!(refused(base(json!({"connection": "nothing"}))).await.0, 400);
    assert!(refused(base(json!({"connection": "acme"}))).await.1.contains("invited"));
    for more in [
        json!({"user_id": "a b"}),
        json!({"user_id": "a|b"}),
        json!({"picture": "javascript:alert(1)"}),
        json!({"email_verified": "true"}),
        json!({"app_metadata": {"user_id": "x"}}),
        json!({"user_metadata": []}),
        json!({"user_metadata": {"x": "y".repeat(70_000)}}),
        json!({"name": ""}),
        json!({"email": ["a@example.org"]}),
        json!({"email": "a@example.org,b@example.org"}),
    ] {
        assert_eq!(refused(base(more.clone())).await.0, 400, "{more}");
    }
    let nobody = api.get("/api/v2/users?q=email:new@example.org").await.json();
    assert_eq!(nobody, json!([]), "nothing was written");
}

async fn lists_are_paged_sorted_and_searched(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    for n in 1..=5 {
        active(&mut api, &format!("guest{n}@example.org")).await;
        house.clock.advance(std::time::Duration::from_mins(1));
    }
    let blocked = json!({"connection": DATABASE, "email": "other@example.com", "blocked": true, "name": "Zoë Other"});
    api.post("/api/v2/users", &blocked).await.assert_status(201);
    let mut get = async |query: &str| api.get(&format!("/api/v2/users?{query}")).await.json();
    let emails = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect()
    };
    let page = get("page=1&per_page=4&include_totals=true").await;
    assert_eq!(
        (&page["start"], &page["limit"], &page["length"], &page["total"]),
        (&json!(4), &json!(4), &json!(2), &json!(6))
    );
    assert_eq!(emails(&page["users"]), ["guest5@example.org", "other@example.com"]);
    assert_eq!(get("page=20&per_page=100&include_totals=true").await["users"], json!([]), "T11");
    assert_eq!(get("page=20").await, json!([]));
    assert_eq!(emails(&get("sort=email:-1&per_page=2").await), ["other@example.com", "guest5@example.org"]);
    assert_eq!(emails(&get("q=blocked:true&search_engine=v3").await), ["other@example.com"]);
    assert_eq!(emails(&get("q=email:guest3*").await), ["guest3@example.org"]);
    assert_eq!(emails(&get("q=email.domain:example.org%20AND%20NOT%20email:(guest1*%20OR%20guest2*)").await).len(), 3);
    assert_eq!(emails(&get("q=name:%22zo%C3%AB%20other%22").await), ["other@example.com"]);
    assert_eq!(emails(&get("q=identities.connection:%22Username-Password-Authentication%22").await).len(), 6);
    assert_eq!(emails(&get("q=created_at:%5B2026-12-01T12:03:00Z%20TO%20*%5D").await).len(), 3);
    for wrong in ["q=nonsense:1", "q=(", "sort=password:1", "per_page=101", "page=-1", "include_totals=yes"] {
        assert_eq!(get(wrong).await["errorCode"], json!("invalid_query_string"), "{wrong}");
    }
}

async fn metadata_merges_on_the_first_level(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let id = active(&mut api, "anna@example.org").await;
    let first = json!({"user_metadata": {"a": 1, "b": {"x": 1}}, "app_metadata": {"plan": "gold"}});
    api.patch(&path(&id), &first).await.assert_status(200);
    let second =
        api.patch(&path(&id), &json!({"user_metadata": {"a": null, "b": {"y": 2}}, "app_metadata": {}})).await.json();
    assert_eq!(second["user_metadata"], json!({"b": {"y": 2}}));
    assert_eq!(second.get("app_metadata"), None);
    let named = api.patch(&path(&id), &json!({"name": "Anna Berg", "nickname": "annie"})).await.json();
    assert_eq!((&named["name"], &named["nickname"]), (&json!("Anna Berg"), &json!("annie")));
    let cleared = api.patch(&path(&id), &json!({"name": null, "nickname": null})).await.json();
    assert_eq!((&cleared["name"], &cleared["nickname"]), (&json!("anna@example.org"), &json!("anna")));
    api.patch(&path("auth0|nobody"), &json!({"name": "x"})).await.assert_status(404);
    api.patch(&path(&id), &json!({"app_metadata": {"blocked": true}})).await.assert_status(400);
}

async fn case_107_nothing_but_the_listed_fields_changes(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let body = json!({"connection": DATABASE, "email": "pending@example.org"});
    let before = api.post("/api/v2/users", &body).await.json();
    let id = before["user_id"].as_str().unwrap().to_owned();
    let greedy = json!({"user_id": "auth0|other", "identities": [], "roles": ["admin"], "lifecycle": "active", "epoch": 0,
        "password_hash": "x", "created_at": "2000-01-01T00:00:00.000Z", "logins_count": 99, "__proto__": {"admin": true},
        "organization_id": "org_1", "email_verified": true});
    let after = api.patch(&path(&id), &greedy).await;
    after.assert_status(200);
    let mut expected = before.clone();
    expected["email_verified"] = json!(true);
    expected["updated_at"] = after.json()["updated_at"].clone();
    assert_eq!(after.json(), expected, "the assertion is shown, and nothing else changed");
    let ticket = api.post("/api/v2/tickets/password-change", &json!({"user_id": id})).await.json();
    assert!(ticket["ticket"].as_str().unwrap().contains("/i/"), "still only on the list");
}

async fn a_password_set_here_ends_what_was_begun(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let id = active(&mut api, "anna@example.org").await;
    let mut anna = house.visitor();
    let login = anna.open("/login").await;
    anna.press(&login, "Log in", &[("email", "anna@example.org"), ("password", "kettle-orbit-9")]).await;
    assert_eq!(anna.open("/account").await.url.path(), "/account");
    let ticket = api.post("/api/v2/tickets/password-change", &json!({"user_id": id})).await.json();
    let link = ticket["ticket"].as_str().unwrap().to_owned();
    let changed = api.patch(&path(&id), &json!({"password": "violet-anchor-12"})).await;
    changed.assert_status(200);
    assert!(changed.json()["last_password_reset"].is_string());
    assert_eq!(anna.open("/account").await.url.path(), "/login", "the session is over");
    assert!(!house.visitor().open(&link).await.offers("Set password"), "the ticket is dead");
    assert!(!signs_in(&house, "anna@example.org", "kettle-orbit-9").await);
    assert!(signs_in(&house, "anna@example.org", "violet-anchor-12").await);
    assert_eq!(house.mail().await.to, ["anna@example.org"], "the owner is told");
    let weak = api.patch(&path(&id), &json!({"password": "password"})).await;
    weak.assert_status(400);
}

async fn a_block_ends_everything_at_once(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let id = active(&mut api, "anna@example.org").await;
    let mut anna = house.visitor();
    let login = anna.open("/login").await;
    anna.press(&login, "Log in", &[("email", "anna@example.org"), ("password", "kettle-orbit-9")]).await;
    assert_eq!(api.patch(&path(&id), &json!({"blocked": true})).await.json()["blocked"], json!(true));
    assert_eq!(anna.open("/account").await.url.path(), "/login");
    assert!(!signs_in(&house, "anna@example.org", "kettle-orbit-9").await);
    api.post("/api/v2/tickets/password-change", &json!({"user_id": id})).await.assert_status(400);
    api.patch(&path(&id), &json!({"blocked": false})).await.assert_status(200);
    assert_eq!(anna.open("/account").await.url.path(), "/login", "what was ended stays ended");
    assert!(signs_in(&house, "anna@example.org", "kettle-orbit-9").await);
}

async fn a_new_address_is_not_proven(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let link = house.invite(&mut api, "anna@example.org").await;
    let mut anna = house.visitor();
    let page = anna.open(&link).await;
    anna.press(&page, "Set password", &[("password", "kettle-orbit-9")]).await;
    active(&mut api, "ben@example.org").await;
    let users = api.get("/api/v2/users-by-email?email=anna%40example.org").await.json();
    assert_eq!(users[0]["email_verified"], json!(true));
    let id = users[0]["user_id"].as_str().unwrap().to_owned();
    let moved = api.patch(&path(&id), &json!({"email": "anna@example.com"})).await.json();
    assert_eq!((&moved["email"], &moved["email_verified"]), (&json!("anna@example.com"), &json!(false)));
    assert_eq!(anna.open("/account").await.url.path(), "/login");
    api.patch(&path(&id), &json!({"email": "BEN@example.org"})).await.assert_status(409);
    api.patch(&path(&id), &json!({"email": "not an address"})).await.assert_status(400);
}

async fn case_064_a_password_of_a_pending_user_opens_nothing(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let body = json!({"connection": DATABASE, "email": "victim@example.org", "password": "planted-by-mallory-7"});
    let id = api.post("/api/v2/users", &body).await.json()["user_id"].as_str().unwrap().to_owned();
    assert!(!signs_in(&house, "victim@example.org", "planted-by-mallory-7").await);
    let link = house.invite(&mut api, "victim@example.org").await;
    api.patch(&path(&id), &json!({"password": "planted-again-77"})).await.assert_status(200);
    let mut victim = house.visitor();
    let page = victim.open(&link).await;
    let account = victim.press(&page, "Set password", &[("password", "kettle-orbit-9")]).await;
    assert_eq!(account.url.path(), "/account", "{}", account.text());
    assert!(!signs_in(&house, "victim@example.org", "planted-by-mallory-7").await);
    assert!(!signs_in(&house, "victim@example.org", "planted-again-77").await);
    assert!(signs_in(&house, "victim@example.org", "kettle-orbit-9").await);
}

async fn case_064_an_asserted_address_does_not_keep_its_owner_out(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let body = json!({"connection": DATABASE, "email": "victim@example.org", "email_verified": true,
        "password": "planted-by-mallory-7"});
    let id = api.post("/api/v2/users", &body).await.json()["user_id"].clone();
    let invited = api.post("/api/v2/invitations", &json!({"email": "victim@example.org"})).await;
    invited.assert_status(409);
    assert_eq!(invited.json()["user_id"], id, "the administrator learns of the account");
    let ticket = api.post("/api/v2/tickets/password-change", &json!({"user_id": id})).await.json();
    let mut victim = house.visitor();
    let page = victim.open(ticket["ticket"].as_str().unwrap()).await;
    victim.press(&page, "Set password", &[("password", "kettle-orbit-9")]).await;
    assert!(!signs_in(&house, "victim@example.org", "planted-by-mallory-7").await);
    assert!(signs_in(&house, "victim@example.org", "kettle-orbit-9").await);
}

async fn case_067_a_changed_address_kills_the_links_made_for_the_old_one(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let old = house.invite(&mut api, "old@example.org").await;
    let users = api.get("/api/v2/users-by-email?email=old%40example.org").await.json();
    let id = users[0]["user_id"].as_str().unwrap().to_owned();
    api.patch(&path(&id), &json!({"email": "new@example.org"})).await.assert_status(200);
    assert!(house.mails().await.is_empty());
    assert!(!house.visitor().open(&old).await.offers("Set password"));
    let listed = api.get("/api/v2/invitations").await.json();
    assert_eq!((&listed[0]["email"], &listed[0]["status"]), (&json!("new@example.org"), &json!("pending")));
}

async fn case_109_no_answer_holds_a_secret(engine: Engine) {
    let house = House::on(engine).await;
    let (mut api, _provider) = (house.api().await, house.provider().await);
    active(&mut api, "anna@example.org").await;
    let link = house.invite(&mut api, "ben@example.org").await;
    let secret = link.rsplit('/').next().unwrap().to_owned();
    let mut all = String::new();
    for path in ["users", "invitations", "connections", "clients", "client-grants", "resource-servers"] {
        let list = api.get(&format!("/api/v2/{path}")).await;
        list.assert_status(200);
        all.push_str(&list.body);
        for item in list.json().as_array().unwrap() {
            let id = item.get("id").or(item.get("client_id")).or(item.get("user_id")).and_then(Value::as_str).unwrap();
            all.push_str(&api.get(&format!("/api/v2/{path}/{}", id.replace('|', "%7C"))).await.body);
        }
    }
    for hidden in ["$argon2", "kettle-orbit-9", &secret, "gl_", "a-secret_with.odd~characters", &api.client_secret] {
        assert!(!all.contains(hidden), "{hidden} was told");
    }
}
