//! The scene of most cases: a house with a provider, a backend that invites, and a look into the cellar.

use guestlist_app::Clock as _;
use guestlist_app::rules::Rule;
use guestlist_domain::event::{Event, EventKind};
use guestlist_testkit::cellar::{Cellar, Contents};
use guestlist_testkit::house::{Api, Engine, House, Options};
use guestlist_testkit::provider::{Account, CLIENT_ID, CLIENT_SECRET, Provider};
use guestlist_testkit::visitor::{Answer, Visitor};
use serde_json::{Value, json};
use std::sync::Arc;
use url::Url;

pub(crate) const PASSWORD: &str = "kettle-orbit-9";
pub(crate) const ANNA: &str = "anna@example.org";
pub(crate) const BOB: &str = "bob@example.org";

/// What a trip may leave behind that ended nowhere: the trip itself, moved on, and the line that says so.
pub(crate) const TRACES: &[&str] = &["flows", "events"];

pub(crate) struct Scene {
    pub(crate) house: House,
    pub(crate) api: Api,
    /// The provider behind the connection `acme`, which nobody declared authoritative.
    pub(crate) acme: Provider,
    pub(crate) cellar: Cellar,
}

impl Scene {
    pub(crate) async fn on(engine: Engine) -> Self {
        Self::without(engine, &[]).await
    }

    /// A scene in which these rules do not hold.
    pub(crate) async fn without(engine: Engine, rules_off: &'static [Rule]) -> Self {
        let house = House::with(engine, Options { rules_off, ..Options::default() }).await;
        let (api, acme, cellar) = (house.api().await, house.provider().await, house.cellar().await);
        Self { house, api, acme, cellar }
    }

    /// Invites somebody and answers the link out of the mail.
    pub(crate) async fn invite(&mut self, email: &str) -> String {
        self.house.invite(&mut self.api, email).await
    }

    /// Invites on these terms and answers the link out of the mail.
    pub(crate) async fn invite_on(&mut self, terms: Value) -> String {
        self.api.post("/api/v2/invitations", &terms).await.assert_status(201);
        self.house.mail().await.link("/i/").into()
    }

    /// A link that was handed to whoever invites, not mailed.
    pub(crate) async fn handed_link(&mut self, email: &str) -> String {
        let made = self.api.post("/api/v2/invitations", &json!({"email": email, "send_email": false})).await;
        made.assert_status(201);
        made.json()["invitation_url"].as_str().unwrap().to_owned()
    }

    /// Mails a new link to somebody who is invited, and answers it.
    pub(crate) async fn resend(&mut self, email: &str) -> String {
        let pending = self.api.get("/api/v2/invitations?status=pending&per_page=100").await.assert_status(200).json();
        let invitation = pending.as_array().unwrap().iter().find(|invitation| invitation["email"] == email).unwrap();
        let path = format!("/api/v2/invitations/{}/resend", invitation["id"].as_str().unwrap());
        self.api.post(&path, &json!({})).await.assert_status(200);
        self.house.mail().await.link("/i/").into()
    }

    /// Somebody who was invited by mail, set the usual password, and is signed in.
    pub(crate) async fn guest(&mut self, email: &str) -> Visitor {
        let link = self.invite(email).await;
        let mut guest = self.house.visitor();
        accept_by_password(&mut guest, &link).await;
        self.house.mails().await;
        guest
    }

    /// Changes what the operator says about `acme`: the domains for which it is authoritative, the merge rule.
    pub(crate) async fn declare(&mut self, domains: &[&str], merge_rule: &str) {
        let id = self.cellar.connection("acme").await.id;
        let options = json!({"issuer": self.acme.issuer, "client_id": CLIENT_ID, "authoritative_domains": domains,
            "merge_rule": merge_rule});
        self.api.patch(&format!("/api/v2/connections/{id}"), &json!({"options": options})).await.assert_status(200);
    }

    /// Another provider, connected under that name, with that button.
    pub(crate) async fn another_provider(&mut self, name: &str, button: &str) -> Provider {
        let clock = Arc::clone(&self.house.clock);
        let provider = Provider::start(move || clock.now().seconds()).await;
        let options = json!({"issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET});
        let connection = json!({"name": name, "display_name": button, "strategy": "oidc", "options": options,
            "enabled_clients": [self.api.client_id]});
        self.api.post("/api/v2/connections", &connection).await.assert_status(201);
        provider
    }

    /// The address at the provider to which a new sign-in leads.
    pub(crate) async fn leave_to_sign_in(&self, visitor: &mut Visitor) -> String {
        let login = visitor.open("/login").await;
        leave(visitor, &login, "Continue with Acme").await
    }

    /// A sign-in by Acme, to wherever it leads.
    pub(crate) async fn sign_in(&self, visitor: &mut Visitor, account: &Account) -> Answer {
        let away = self.leave_to_sign_in(visitor).await;
        visitor.open(&self.acme.send_back(&away, account)).await
    }

    /// Connects Acme to the account of whoever is signed in.
    pub(crate) async fn connect(&self, visitor: &mut Visitor, account: &Account) -> Answer {
        let page = visitor.open("/account").await;
        let away = leave(visitor, &page, "Connect Acme").await;
        visitor.open(&self.acme.send_back(&away, account)).await
    }

    /// Whose subjects open the account of that address.
    pub(crate) async fn subjects(&self, email: &str) -> Vec<String> {
        let user = self.cellar.user(email).await;
        let identities = self.cellar.identities(&user).await;
        identities.into_iter().map(|identity| identity.claims.subject).collect()
    }

    /// Where the API keeps the identities of the user of that address.
    pub(crate) async fn identities_path(&self, email: &str) -> String {
        let id = self.cellar.user(email).await.id.to_string().replace('|', "%7C");
        format!("/api/v2/users/{id}/identities")
    }

    pub(crate) async fn contents(&self) -> Contents {
        self.cellar.contents().await
    }

    /// Fails unless the database is what it was, but for these tables.
    pub(crate) async fn assert_same(&self, before: &Contents, but: &[&str]) {
        Cellar::assert_same(before, &self.contents().await, but);
    }

    /// Fails unless one sign-in failed since the last look at what happened, for that reason.
    pub(crate) async fn assert_login_failed(&self, reason: &str) {
        assert_eq!(self.news_of(EventKind::LoginFailed).await.data["reason"], json!(reason));
    }

    /// The one event of that kind since the last look at what happened.
    pub(crate) async fn news_of(&self, kind: EventKind) -> Event {
        self.cellar.news_of(kind).await
    }
}

/// Presses the button of a provider and answers where the browser is sent.
pub(crate) async fn leave(visitor: &mut Visitor, page: &Answer, button: &str) -> String {
    let away = visitor.submit(&page.form(button)).await;
    away.location().unwrap_or_else(|| panic!("{} leads nowhere: {}", away.url, away.text())).to_owned()
}

pub(crate) async fn accept_by_password(visitor: &mut Visitor, link: &str) {
    let page = visitor.open(link).await;
    assert_in(&visitor.press(&page, "Set password", &[("password", PASSWORD)]).await);
}

pub(crate) async fn log_in(visitor: &mut Visitor, email: &str, password: &str) -> Answer {
    let login = visitor.open("/login").await;
    visitor.press(&login, "Log in", &[("email", email), ("password", password)]).await
}

/// Fails unless the browser ended on its account.
#[track_caller]
pub(crate) fn assert_in(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), answer.url.path()), (200, "/account"), "{}", answer.text());
}

/// Fails unless nobody is signed in.
pub(crate) async fn assert_out(visitor: &mut Visitor) {
    let account = visitor.get("/account").await;
    assert_eq!((account.status.as_u16(), account.location()), (303, Some("/login")), "{}", account.text());
}

/// The parameter of that name in an address.
pub(crate) fn parameter(url: &str, name: &str) -> String {
    let url = Url::parse(url).expect("an address");
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// The same address with another value in that place.
pub(crate) fn with_parameter(url: &str, name: &str, value: &str) -> String {
    let mut url = Url::parse(url).expect("an address");
    let kept: Vec<(String, String)> = url.query_pairs().filter(|(key, _)| key != name).map(own).collect();
    url.query_pairs_mut().clear().extend_pairs(kept).append_pair(name, value);
    url.into()
}

fn own((name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)) -> (String, String) {
    (name.into_owned(), value.into_owned())
}
