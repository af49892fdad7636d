//! A house, a browser, and one of the providers.

use crate::Provider;
use guestlist_testkit::house::{Api, Engine, House, Options};
use guestlist_testkit::interop::Providers;
use guestlist_testkit::webdriver::{Browser, BrowserOptions};
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "kettle-orbit-9";

/// What the provider's own page is like.
#[derive(Clone, Copy)]
pub(crate) enum Page {
    /// A button for each person.
    Buttons,
    /// The development pages of `oidc-provider`: a form to log in, another to consent.
    OidcProvider,
}

/// Whom every provider knows.
#[derive(Clone, Copy)]
pub(crate) enum Person {
    Anna,
    Olga,
}

impl Person {
    pub(crate) const fn email(self) -> &'static str {
        match self {
            Self::Anna => "anna@example.org",
            Self::Olga => "olga@example.org",
        }
    }

    const fn login(self) -> &'static str {
        match self {
            Self::Anna => "anna",
            Self::Olga => "olga",
        }
    }
}

/// A house that meets a provider in a browser.
pub(crate) struct Meeting {
    pub(crate) house: House,
    pub(crate) api: Api,
    pub(crate) browser: Browser,
    pub(crate) provider: Provider,
    pub(crate) providers: Providers,
}

impl Meeting {
    /// Connects the provider by the API, authoritative for `example.org` or not.
    pub(crate) async fn with(provider: Provider, authoritative: bool) -> Self {
        let options = Options { listening: true, real_time: true, ..Options::default() };
        let house = House::with(Engine::Sqlite, options).await;
        let providers = Providers::start(&format!("{}/login/callback", house.origin())).await;
        let mut api = house.api().await;
        let place = (provider.place)(&providers.places).to_owned();
        let body = json!({"name": provider.strategy_name(), "display_name": provider.label, "strategy": provider.strategy,
            "options": provider.options(&place, authoritative), "enabled_clients": [api.client_id]});
        api.post("/api/v2/connections", &body).await.assert_status(201);
        let browser = Browser::start(&BrowserOptions::default()).await;
        Self { house, api, browser, provider, providers }
    }

    pub(crate) async fn invite(&mut self, email: &str) {
        let link = self.house.invite(&mut self.api, email).await;
        self.browser.open(&link).await;
        self.browser.wait_for_text("You are invited").await;
    }

    pub(crate) async fn open_login(&self) {
        self.browser.open(&format!("{}/login", self.house.origin())).await;
    }

    /// Presses our button and, at the provider, that person's.
    pub(crate) async fn go(&self, button: &str, person: Person) {
        self.browser.click(button).await;
        match self.provider.page {
            Page::Buttons => self.browser.press_at(&format!("//button[contains(., '{}')]", person.login())).await,
            Page::OidcProvider => self.log_in_at_provider(person).await,
        }
    }

    pub(crate) async fn continue_as(&self, person: Person) {
        self.go(&format!("Continue with {}", self.provider.label), person).await;
    }

    /// Whoever is logged in there already, and consented, is not asked again.
    async fn log_in_at_provider(&self, person: Person) {
        if self.is_at_provider().await {
            self.browser.type_at("//input[@name='login']", person.login()).await;
            self.browser.type_at("//input[@name='password']", "any").await;
            self.browser.press_at("//button[@type='submit']").await;
            self.browser.press_at("//form[input[@value='consent']]//button[@type='submit']").await;
        }
    }

    async fn is_at_provider(&self) -> bool {
        let here = self.browser.current_url().await.origin().ascii_serialization();
        here == (self.provider.place)(&self.providers.places)
    }

    pub(crate) async fn expect_account(&self, way: &str) {
        self.browser.wait_for_text("Ways in").await;
        self.browser.wait_for_text(&format!("Signed in by {way} on")).await;
    }

    pub(crate) async fn log_out(&self) {
        self.browser.click("Log out").await;
        self.browser.wait_for_text("You are logged out").await;
    }

    /// The one user of that address, as the API tells.
    pub(crate) async fn user(&mut self, email: &str) -> Value {
        let answer = self.api.get(&format!("/api/v2/users-by-email?email={email}")).await;
        let users = answer.assert_status(200).json();
        assert_eq!(users.as_array().map(Vec::len), Some(1), "{users}");
        users[0].clone()
    }

    /// The providers of a user's identities; the first is the password database's.
    pub(crate) async fn identities(&mut self, email: &str) -> Vec<String> {
        let user = self.user(email).await;
        let list = user["identities"].as_array().unwrap().clone();
        list.iter().map(|identity| identity["provider"].as_str().unwrap().to_owned()).collect()
    }
}

impl Provider {
    /// A connection's name has no spaces.
    pub(crate) fn strategy_name(&self) -> String {
        if self.strategy == "oidc" { "openid".to_owned() } else { self.strategy.to_owned() }
    }
}
