//! An administrator and the connections: made, tried out, switched off, corrected, deleted.

use guestlist_testkit::house::{Api, Engine, House};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::{Account, CLIENT_ID, CLIENT_SECRET};
use guestlist_testkit::visitor::{Answer, Visitor};
use serde_json::{Value, json};

on_both_engines!(
    a_connection_is_made_tried_and_used,
    a_correction_keeps_what_the_form_does_not_show,
    switched_off_its_button_is_gone,
);

/// A browser in which an administrator is signed in.
pub(crate) async fn administrator(house: &House, api: &mut Api) -> Visitor {
    api.post("/api/v2/invitations", &json!({"email": "admin@example.org", "roles": ["admin"]}))
        .await
        .assert_status(201);
    let mut admin = house.visitor();
    let page = admin.open(house.mail().await.link("/i/").as_str()).await;
    admin.press(&page, "Set password", &[("password", "kettle-orbit-9")]).await.assert_status(200);
    admin
}

async fn trip(admin: &mut Visitor, page: &Answer, button: &str) -> String {
    let away = admin.submit(&page.form(button)).await;
    away.location().unwrap().to_owned()
}

async fn a_connection_is_made_tried_and_used(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let acme = house.provider().await;
    let mut admin = administrator(&house, &mut api).await;
    let page = admin.open("/admin/connections/new/oidc").await;
    assert!(
        page.body.replace("&#x2f;", "/").contains("https://id.example.org/login/callback"),
        "what to type at the provider"
    );
    let filled =
        [("name", "beta"), ("display_name", "Beta"), ("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    let wrong = admin.press(&page, "Save", &[&filled[..], &[("issuer", "nonsense")]].concat()).await;
    wrong.assert_status(400).assert_says("options.issuer must be an https URL");
    let made = admin.press(&wrong, "Save", &[("issuer", &acme.issuer), ("client_secret", CLIENT_SECRET)]).await;
    made.assert_status(200).assert_says("Saved");
    assert!(!made.body.contains(CLIENT_SECRET), "the secret is never shown again");

    // Trying it out signs nobody in and changes nothing.
    let users = api.get("/api/v2/users").await.json();
    let away = trip(&mut admin, &made, "Try it").await;
    let tried = admin.open(&acme.send_back(&away, &Account::new("nobody-here", "nobody@example.org"))).await;
    tried.assert_status(200).assert_says("nobody-here").assert_says("nobody@example.org");
    assert_eq!(api.get("/api/v2/users").await.json(), users);
    let away = trip(&mut admin, &made, "Try it").await;
    let failed = admin.open(&acme.refuse(&away)).await;
    failed.assert_status(502).assert_says("access_denied").assert_says("Beta");
    let back = admin.open(&failed.find_link("Back to the connection").unwrap()).await;
    assert!(back.assert_status(200).offers("Try it"), "{}", back.text());

    let unused = admin.press(&made, "Delete", &[]).await;
    assert_eq!(unused.url.path(), "/admin/connections");
    assert!(!unused.text().contains("beta"), "{}", unused.text());
}

async fn options_of(api: &mut Api, id: &str) -> Value {
    api.get(&format!("/api/v2/connections/{id}")).await.assert_status(200).json()["options"].clone()
}

async fn a_correction_keeps_what_the_form_does_not_show(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let mut admin = administrator(&house, &mut api).await;
    let tenants = ["9188040d-6c67-4c5b-b112-36a304b66dad", "72f988bf-86f1-41af-91ab-2d7cd011db47"];
    for (name, strategy, options) in [
        ("entra", "waad", json!({"tenants": tenants})),
        ("entra-one", "waad", json!({"tenant": tenants[0]})),
        ("entra-elsewhere", "waad", json!({"issuer": format!("https://login.microsoftonline.us/{}/v2.0", tenants[1])})),
        ("google", "google-oauth2", json!({"authoritative_domains": ["example.org"], "merge_rule": "auto"})),
        ("hub", "github", json!({"base_url": "https://github.example.org"})),
        ("okta", "okta", json!({"issuer": "https://acme.okta.example/oauth2/default"})),
        (
            "own",
            "oauth2",
            json!({"authorization_url": "https://own.example/a", "token_url": "https://own.example/t",
                "userinfo_url": "https://own.example/u", "issuer": "https://own.example", "scope": "me",
                "fields": {"subject": "id", "email": "mail", "email_verified": "mail_ok"}}),
        ),
    ] {
        let mut options = options;
        options["client_id"] = json!("x");
        options["client_secret"] = json!("secret-of-the-connection");
        let body = json!({"name": name, "strategy": strategy, "options": options});
        let made = api.post("/api/v2/connections", &body).await.assert_status(201).json();
        let id = made["id"].as_str().unwrap();
        let before = options_of(&mut api, id).await;
        let page = admin.open(&format!("/admin/connections/{id}")).await;
        let saved = admin.press(&page, "Save", &[("display_name", "Another button")]).await;
        saved.assert_status(200).assert_says("Saved");
        assert_eq!(options_of(&mut api, id).await, before, "{name}");
    }
}

async fn switched_off_its_button_is_gone(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    house.provider().await;
    let mut admin = administrator(&house, &mut api).await;
    let list = admin.open("/admin/connections").await;
    let page = admin.open(&list.find_link("acme").unwrap()).await;
    assert!(house.visitor().open("/login").await.offers("Continue with Acme"));
    let off = admin.press(&page, "Switch off", &[]).await;
    assert!(!house.visitor().open("/login").await.offers("Continue with Acme"));
    admin.press(&off, "Switch on", &[]).await.assert_status(200);
    assert!(house.visitor().open("/login").await.offers("Continue with Acme"));
}
