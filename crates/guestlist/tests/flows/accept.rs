//! Invited, accepted, signed in; the next day by the other way in; always the same subject.

use guestlist_domain::client::ClientSettings;
use guestlist_testkit::house::{Engine, House, ORIGIN, continue_with};
use guestlist_testkit::house_clients::web_application;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use serde_json::json;

on_both_engines!(
    accept_by_password_then_connect_the_provider,
    accept_by_provider_then_set_a_password,
    an_application_that_names_a_provider_skips_our_page,
);

async fn accept_by_password_then_connect_the_provider(engine: Engine) {
    let house = House::on(engine).await;
    let (mut api, provider) = (house.api().await, house.provider().await);
    let link = house.invite(&mut api, "anna@example.org").await;
    let mut anna = house.visitor();
    let page = anna.open(&link).await;
    assert!(page.body.contains("anna@example.org"), "for whom it is:\n{}", page.text());
    assert_eq!(page.url.path(), "/accept", "the secret left the address bar");
    let account = anna.press(&page, "Set password", &[("password", "kettle-orbit-9")]).await;
    assert_eq!(account.url.path(), "/account", "{}", account.text());

    let page = anna.open("/account").await;
    let away = anna.submit(&page.form("Connect Acme")).await;
    let back = provider.send_back(away.location().unwrap(), &Account::new("anna-at-acme", "anna@work.example"));
    let page = anna.open(&back).await;
    page.assert_says("Acme");
    assert!(page.offers("Remove Acme"), "{}", page.text());

    let users = api.get("/api/v2/users-by-email?email=anna%40example.org").await.json();
    assert_eq!(users.as_array().unwrap().len(), 1);
    let identities = users[0]["identities"].as_array().unwrap();
    assert_eq!(identities.len(), 2, "{identities:?}");
    assert_eq!(users[0]["email_verified"], json!(true));

    let out = anna.press(&page, "Log out", &[]).await;
    assert!(!out.text().is_empty());
    let login = anna.open("/login").await;
    let account = continue_with(&mut anna, &login, &provider, &Account::new("anna-at-acme", "anna@work.example")).await;
    assert_eq!(account.url.path(), "/account", "{}", account.text());

    let mut later = house.visitor();
    let login = later.open("/login").await;
    let account = later.press(&login, "Log in", &[("email", "anna@example.org"), ("password", "kettle-orbit-9")]).await;
    assert_eq!(account.url.path(), "/account", "{}", account.text());
    assert!(ORIGIN.starts_with("https"));
}

async fn accept_by_provider_then_set_a_password(engine: Engine) {
    let house = House::on(engine).await;
    let (mut api, provider) = (house.api().await, house.provider().await);
    let link = house.invite(&mut api, "anna@example.org").await;
    let mut anna = house.visitor();
    let page = anna.open(&link).await;
    let account = continue_with(&mut anna, &page, &provider, &Account::new("anna-at-acme", "anna@example.org")).await;
    assert_eq!(account.url.path(), "/account", "{}", account.text());
    house.mails().await;

    let account = anna.press(&account, "Set password", &[("password", "kettle-orbit-9")]).await;
    assert_eq!(account.url.path(), "/account", "{}", account.text());
    let mut later = house.visitor();
    let login = later.open("/login").await;
    let account = later.press(&login, "Log in", &[("email", "anna@example.org"), ("password", "kettle-orbit-9")]).await;
    assert_eq!(account.url.path(), "/account", "{}", account.text());
    let users = api.get("/api/v2/users-by-email?email=anna%40example.org").await.json();
    assert_eq!(users[0]["identities"].as_array().unwrap().len(), 2);
}

async fn an_application_that_names_a_provider_skips_our_page(engine: Engine) {
    let house = House::on(engine).await;
    let (mut api, provider) = (house.api().await, house.provider().await);
    let callback = "https://app.example/callback";
    let settings = ClientSettings { callbacks: vec![callback.to_owned()], ..ClientSettings::default() };
    let application = web_application(&house.app, settings).await;
    let link = house.invite(&mut api, "anna@example.org").await;
    let (mut anna, account) = (house.visitor(), Account::new("anna-at-acme", "anna@example.org"));
    let page = anna.open(&link).await;
    continue_with(&mut anna, &page, &provider, &account).await;

    let mut later = house.visitor();
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let ask = format!(
        "/authorize?response_type=code&client_id={}&redirect_uri={callback}&scope=openid&state=s1&connection=acme\
         &code_challenge={challenge}&code_challenge_method=S256",
        application.id
    );
    let away = later.get(&ask).await;
    let there = away.location().unwrap();
    assert!(there.starts_with(&provider.issuer), "{there}");
    let back = provider.send_back(there, &account);
    let answer = later.open(&back).await;
    let there = answer.location().unwrap();
    assert!(there.starts_with(callback) && there.contains("code=") && there.contains("state=s1"), "{there}");

    let refused = house.visitor().get(&ask.replace("connection=acme", "connection=nobody")).await;
    assert!(!refused.location().unwrap_or_default().starts_with(&provider.issuer));
}
