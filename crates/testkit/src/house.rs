//! The house in a box: an app on a database of its own, its doors in process, its clock in the test's hand.
//!
//! Dropping it closes the database. Every test has a house; none shares one.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a fixture that cannot start fails its test")]

use crate::cellar::Cellar;
use crate::clock::{SeededEntropy, TestClock};
use crate::inbox::Letter;
use crate::postgres::TestDatabase;
use crate::provider::{Account, CLIENT_ID, CLIENT_SECRET, Provider};
use crate::scratch::ScratchDir;
use crate::visitor::{Answer, Visitor};
use axum::Router;
use data_encoding::BASE64;
use guestlist_app::rules::Rule;
use guestlist_app::settings::{ANSWER_WITHIN, MailRoad, MailSettings, PublicUrl, Target, Timekeeping};
use guestlist_app::{App, Clock as _, Settings, jobs};
use guestlist_domain::email::Email;
use guestlist_domain::secret::Sensitive;
use guestlist_store::StoreSettings;
use guestlist_web::WebState;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// On which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

/// Where every house stands.
pub const ORIGIN: &str = "https://id.example.org";

/// A house.
pub struct House {
    /// The app.
    pub app: App,
    /// Its doors.
    pub router: Router,
    /// Its clock.
    pub clock: Arc<TestClock>,
    origin: String,
    settings: Settings,
    _guards: (Option<ScratchDir>, Option<TestDatabase>),
}

/// How a house differs from the usual one.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent differences, each named where a house is made")]
pub struct Options {
    /// Whether no mail can leave.
    pub no_mail: bool,
    /// The mail server by which mails leave; without one they stay in memory.
    pub smtp: Option<String>,
    /// Whether a real browser can come: the house listens on loopback, and its origin is `http://localhost` there.
    pub listening: bool,
    /// Whether its clock runs with the world's, because a server comes that nobody can hold the clock of.
    pub real_time: bool,
    /// Whether nothing private may be called, as it is in the world.
    pub public_only: bool,
    /// How long a webhook's receiver may take; as long as in the world, unless a test would have to wait for it.
    pub answer_within: Option<Duration>,
    /// The rules that do not hold there, for tests that show what happens without them.
    pub rules_off: &'static [Rule],
}

impl House {
    /// A house on that engine.
    pub async fn on(engine: Engine) -> Self {
        Self::with(engine, Options::default()).await
    }

    /// A house that differs.
    pub async fn with(engine: Engine, options: Options) -> Self {
        let (target, guards) = match engine {
            Engine::Sqlite => {
                let scratch = ScratchDir::new("house");
                (Target::Sqlite { path: scratch.join("guestlist.db") }, (Some(scratch), None))
            }
            Engine::Postgres => {
                let database = TestDatabase::create().await;
                (Target::Postgres { url: Sensitive::new(database.url()), pool: 16 }, (None, Some(database)))
            }
        };
        let listener = if options.listening { Some(free_port().await) } else { None };
        let origin = listener.as_ref().map_or_else(|| ORIGIN.to_owned(), localhost);
        let settings = Settings {
            public_url: PublicUrl::parse(&origin).expect("a public address"),
            store: StoreSettings { target, exclusive: true, read_threads: 2 },
            secret_key: Sensitive::new(BASE64.encode(&[42; 32])),
            mail: MailSettings {
                road: road(options.no_mail, options.smtp),
                from_name: "Guestlist".to_owned(),
                from: Email::parse("guestlist@example.org").expect("an address"),
            },
            first_administrator: Email::parse("administrator@example.org").expect("an address"),
            allow_private_upstreams: !options.public_only,
            webhook_answer_within: options.answer_within.unwrap_or(ANSWER_WITHIN),
            hashing_slots: 2,
            timekeeping: Timekeeping::Keeps,
        };
        let clock = Arc::new(if options.real_time { TestClock::of_the_world() } else { TestClock::default() });
        let app = open(&settings, &clock, 1).await;
        if !options.rules_off.is_empty() {
            app.switch_off(options.rules_off);
        }
        let router = guestlist_web::router(WebState::new(app.clone()));
        if let Some(listener) = listener {
            let router = router.clone();
            tokio::spawn(async move { axum::serve(listener, router).await });
        }
        Self { app, router, clock, origin, settings, _guards: guards }
    }

    /// Where outsiders reach it.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Its database, behind its back.
    pub async fn cellar(&self) -> Cellar {
        Cellar::under(&self.settings.store).await
    }

    /// The files of its database, as a thief of the disk would find them; none where a server keeps them.
    pub fn files(&self) -> Vec<PathBuf> {
        let Target::Sqlite { path } = &self.settings.store.target else { return Vec::new() };
        let folder = path.parent().expect("a file lies in a folder");
        let entries = std::fs::read_dir(folder).expect("a folder that can be read");
        entries.map(|entry| entry.expect("a folder that can be read").path()).collect()
    }

    /// Closes the house and opens it again on the same database.
    pub async fn restart(&mut self) {
        self.app.shut_down().await;
        self.app = open(&self.settings, &self.clock, 2).await;
        self.router = guestlist_web::router(WebState::new(self.app.clone()));
    }

    /// Another node on the same database; PostgreSQL alone allows it.
    pub async fn another_node(&self) -> (App, Router) {
        let app = open(&self.settings, &self.clock, 3).await;
        (app.clone(), guestlist_web::router(WebState::new(app)))
    }

    /// A new browser.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(self.router.clone(), &self.origin)
    }

    /// Lets the outbox work until nothing is due, and hands over what arrived since the last time.
    pub async fn mails(&self) -> Vec<Letter> {
        while jobs::deliver_due(&self.app).await.expect("the outbox works") > 0 {}
        let transport = self.app.mailbox().expect("a house whose mails stay in memory");
        let mails = transport.mails();
        transport.clear();
        mails.iter().map(letter).collect()
    }

    /// Tells webhooks what is due at this moment.
    pub async fn tell_webhooks(&self) {
        while jobs::tell_due(&self.app).await.expect("webhooks are told") > 0 {}
    }

    /// The one mail that went out since the last time.
    pub async fn mail(&self) -> Letter {
        let mut mails = self.mails().await;
        assert_eq!(
            mails.len(),
            1,
            "exactly one mail: {:?}",
            mails.iter().map(|mail| &mail.subject).collect::<Vec<_>>()
        );
        mails.remove(0)
    }

    /// A backend with every scope of the Management API.
    pub async fn api(&self) -> Api {
        let machine = crate::house_clients::machine(&self.app).await;
        let mut visitor = self.visitor();
        let body = json!({"grant_type": "client_credentials", "client_id": machine.id, "client_secret": machine.secret,
            "audience": format!("{}/api/v2/", self.origin)});
        let answer = visitor.post_json("/oauth/token", None, &body).await;
        let token = answer.json().get("access_token").and_then(Value::as_str).expect("an access token").to_owned();
        Api { visitor: self.visitor(), token, client_id: machine.id, client_secret: machine.secret }
    }

    /// An upstream provider, connected under the name `acme` for everybody.
    pub async fn provider(&self) -> Provider {
        let clock = Arc::clone(&self.clock);
        let provider = Provider::start(move || clock.now().seconds()).await;
        crate::house_clients::connect(&self.app, &provider.issuer, CLIENT_ID, CLIENT_SECRET).await;
        provider
    }

    /// Invites somebody through the Management API and answers the link out of the mail.
    pub async fn invite(&self, api: &mut Api, email: &str) -> String {
        api.post("/api/v2/invitations", &json!({"email": email})).await.assert_status(201);
        self.mail().await.link("/i/").into()
    }
}

fn road(no_mail: bool, smtp: Option<String>) -> MailRoad {
    match smtp {
        _ if no_mail => MailRoad::None,
        Some(url) => MailRoad::Smtp { url: Sensitive::new(url), root_certificates: None },
        None => MailRoad::Memory,
    }
}

async fn free_port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

/// Another site than the provider's, which is `http://127.0.0.1`: cookies cross over as they do in the world.
fn localhost(listener: &TcpListener) -> String {
    format!("http://localhost:{}", listener.local_addr().expect("an address").port())
}

async fn open(settings: &Settings, clock: &Arc<TestClock>, seed: u64) -> App {
    let clock: Arc<TestClock> = Arc::clone(clock);
    App::open(settings.clone(), clock, Arc::new(SeededEntropy::new(seed))).await.expect("the house opens")
}

fn letter(mail: &guestlist_outbound::mail::RenderedMail) -> Letter {
    Letter {
        from: vec![mail.from.address.to_string()],
        to: vec![mail.to.to_string()],
        subject: mail.subject.clone(),
        text: mail.text.clone(),
        html: mail.html.clone(),
        message_id: mail.message_id.clone(),
        headers: Vec::new(),
        raw: Vec::new(),
    }
}

/// A backend at the Management API.
#[derive(Clone, Debug)]
pub struct Api {
    visitor: Visitor,
    /// Its access token.
    pub token: String,
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

impl Api {
    /// POST.
    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.call(axum::http::Method::POST, path, Some(body)).await
    }

    /// GET.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.call(axum::http::Method::GET, path, None).await
    }

    /// PATCH.
    pub async fn patch(&mut self, path: &str, body: &Value) -> Answer {
        self.call(axum::http::Method::PATCH, path, Some(body)).await
    }

    /// DELETE.
    pub async fn delete(&mut self, path: &str) -> Answer {
        self.call(axum::http::Method::DELETE, path, None).await
    }

    /// Any.
    pub async fn call(&mut self, method: axum::http::Method, path: &str, body: Option<&Value>) -> Answer {
        self.visitor.json(method, path, Some(&self.token), body).await
    }
}

impl Answer {
    /// Fails unless the status is that one.
    #[track_caller]
    pub fn assert_status(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.url, self.body);
        self
    }
}

/// A guest's trip to the provider and back, from a page with the button.
pub async fn continue_with(visitor: &mut Visitor, page: &Answer, provider: &Provider, account: &Account) -> Answer {
    let form = page.form("Continue with Acme");
    let away = visitor.submit(&form).await;
    let url = away.location().expect("a browser sent to the provider").to_owned();
    let back = provider.send_back(&url, account);
    visitor.open(&back).await
}
