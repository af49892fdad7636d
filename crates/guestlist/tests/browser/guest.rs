//! Five visits: in by password, in by provider, back by each of them, not on the list, and an administrator's console.

use guestlist_testkit::house::{Api, Engine, House, Options, continue_with};
use guestlist_testkit::provider::{Account, Provider};
use guestlist_testkit::webdriver::{Browser, BrowserOptions, Screen};
use serde_json::json;

const ANNA: &str = "anna@example.org";
const PASSWORD: &str = "kettle-orbit-9";
const BUTTON: &str = "Anna Berg";

struct Visit {
    house: House,
    api: Api,
    acme: Provider,
    screen: Screen,
    browser: Browser,
}

impl Visit {
    async fn on(screen: Screen) -> Self {
        let house = House::with(Engine::Sqlite, Options { listening: true, ..Options::default() }).await;
        let (api, acme) = (house.api().await, house.provider().await);
        let browser = Browser::start(&BrowserOptions { screen, ..BrowserOptions::without_javascript() }).await;
        Self { house, api, acme, screen, browser }
    }

    /// Invites Anna and opens the link of her mail.
    async fn open_invitation(&mut self) {
        let link = self.house.invite(&mut self.api, ANNA).await;
        self.browser.open(&link).await;
        self.browser.wait_for_text("You are invited").await;
        assert_eq!(self.browser.current_url().await.path(), "/accept", "the secret left the address bar");
        assert_eq!(self.browser.value("Email").await, ANNA);
        self.assert_fits().await;
    }

    async fn open_login(&self) {
        self.browser.open(&format!("{}/login", self.house.origin())).await;
        self.assert_fits().await;
    }

    /// By the button of the page, and the one at the provider.
    async fn continue_as(&self, button: &str) {
        self.browser.click("Continue with Acme").await;
        self.browser.wait_for_text("Acme").await;
        let issuer = self.browser.current_url().await.origin().ascii_serialization();
        assert_eq!(issuer, self.acme.issuer, "the browser is at the provider");
        self.browser.click(button).await;
    }

    async fn assert_account(&self, way: &str) {
        self.browser.wait_for_text("Ways in").await;
        self.browser.wait_for_text(way).await;
        let url = self.browser.current_url().await;
        assert_eq!((url.origin().ascii_serialization().as_str(), url.path()), (self.house.origin(), "/account"));
        self.assert_fits().await;
    }

    async fn log_out(&self) {
        self.browser.click("Log out").await;
        self.browser.wait_for_text("You are logged out").await;
    }

    /// Nothing is wider than the screen, and the page did not zoom out to make it fit.
    async fn assert_fits(&self) {
        let (content, seen) = self.browser.widths().await;
        let page = self.browser.current_url().await;
        let screen = match self.screen {
            Screen::Narrow => 320,
            Screen::Phone => 390,
            Screen::Desktop => seen,
        };
        assert_eq!((content, seen), (screen, screen), "content and view of {page} on a screen of {screen} px");
    }
}

fn anna_at_acme() -> Account {
    Account::new("anna-at-acme", ANNA)
}

#[tokio::test]
async fn accept_by_password_on_the_narrowest_screen() {
    let mut visit = Visit::on(Screen::Narrow).await;
    visit.open_invitation().await;
    visit.browser.fill("Password", "short").await;
    visit.browser.click("Set password").await;
    assert_eq!(visit.browser.current_url().await.path(), "/accept", "the browser itself asks for more characters");
    visit.browser.fill("Password", "password1").await;
    visit.browser.click("Set password").await;
    visit.browser.wait_for_text("too easy to guess").await;
    visit.assert_fits().await;
    visit.browser.fill("Password", PASSWORD).await;
    visit.browser.click("Set password").await;
    visit.assert_account("Signed in by password on").await;
    assert!(visit.browser.offers("Connect Acme").await);
}

#[tokio::test]
async fn accept_by_provider_on_a_phone() {
    let mut visit = Visit::on(Screen::Phone).await;
    visit.acme.offer(BUTTON, Account::new("anna-at-acme", "anna@work.example"));
    visit.open_invitation().await;
    visit.continue_as(BUTTON).await;
    visit.browser.wait_for_text("Two different addresses").await;
    visit.assert_fits().await;
    visit.browser.click("Continue as anna@work.example").await;
    visit.assert_account("Signed in by Acme on").await;
    visit.browser.wait_for_text(ANNA).await;
}

#[tokio::test]
async fn log_in_later_by_each_way() {
    let mut visit = Visit::on(Screen::Desktop).await;
    visit.acme.offer(BUTTON, anna_at_acme());
    // Anna came in by Acme, elsewhere, and set a password.
    let link = visit.house.invite(&mut visit.api, ANNA).await;
    let mut elsewhere = visit.house.visitor();
    let page = elsewhere.open(&link).await;
    let account = continue_with(&mut elsewhere, &page, &visit.acme, &anna_at_acme()).await;
    elsewhere.press(&account, "Set password", &[("password", PASSWORD)]).await.assert_status(200);

    visit.open_login().await;
    visit.browser.fill("Email", ANNA).await;
    visit.browser.fill("Password", PASSWORD).await;
    visit.browser.click("Log in").await;
    visit.assert_account("Signed in by password on").await;
    visit.log_out().await;
    visit.open_login().await;
    visit.continue_as(BUTTON).await;
    visit.assert_account("Signed in by Acme on").await;
    visit.log_out().await;
}

#[tokio::test]
async fn not_on_the_list() {
    let visit = Visit::on(Screen::Phone).await;
    visit.acme.offer("Otto Fremd", Account::new("otto", "otto@elsewhere.example"));
    visit.open_login().await;
    visit.continue_as("Otto Fremd").await;
    visit.browser.wait_for_text("You are not on the list").await;
    visit.browser.wait_for_text("No account was made.").await;
    visit.assert_fits().await;
    visit.browser.click("Back to log in").await;
    visit.browser.fill("Email", "otto@elsewhere.example").await;
    visit.browser.fill("Password", PASSWORD).await;
    visit.browser.click("Log in").await;
    visit.browser.wait_for_text("This email and password do not match.").await;
    visit.assert_fits().await;
    assert_eq!(visit.browser.value("Email").await, "otto@elsewhere.example", "what was typed stays");
}

#[tokio::test]
async fn the_console_on_the_narrowest_screen() {
    let mut visit = Visit::on(Screen::Narrow).await;
    let wish = json!({"email": ANNA, "roles": ["admin"]});
    visit.api.post("/api/v2/invitations", &wish).await.assert_status(201);
    visit.browser.open(visit.house.mail().await.link("/i/").as_str()).await;
    visit.browser.fill("Password", PASSWORD).await;
    visit.browser.click("Set password").await;
    visit.assert_account("Signed in by password on").await;
    let pages =
        [("", "Invitations"), ("/people", "People"), ("/connections", "Connections"), ("/webhooks", "Webhooks")];
    for (page, says) in pages {
        visit.browser.open(&format!("{}/admin{page}", visit.house.origin())).await;
        visit.browser.wait_for_text(says).await;
        visit.assert_fits().await;
    }
}
