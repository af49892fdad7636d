//! Case 124: the primary is lost, again and again, and the standby takes its place; with every acknowledged commit, or, where
//! nobody waited for the standby, without the last of them.
//!
//! Twice in every run of the tests; `scripts/faults` does it as often as it is told.

use crate::kills::{on_postgres_at, serve};
use crate::load::{Acknowledged, Backend, Found, Load, PASSWORD};
use crate::rig::Installation;
use axum::http::Method;
use guestlist_testkit::remote::Nodes;
use guestlist_testkit::scratch::ScratchDir;
use guestlist_testkit::smtp::{SmtpOptions, SmtpServer};
use guestlist_testkit::visitor::Visitor;
use serde_json::{Value, json};
use std::process::Command;

/// Failovers, unless `GUESTLIST_TEST_FAILOVERS` says another number.
const FAILOVERS: usize = 2;
/// On one pair: after each, everything that was acknowledged on it is looked at again.
const ROUNDS: usize = 50;
const GUESTS: usize = 90;

#[expect(clippy::disallowed_methods, reason = "how long a test runs is no setting of the program")]
fn failovers() -> usize {
    std::env::var("GUESTLIST_TEST_FAILOVERS").map_or(FAILOVERS, |text| text.parse().expect("a number"))
}

/// Two servers of PostgreSQL of this test's own; gone with it.
struct Pair {
    dir: ScratchDir,
}

impl Pair {
    fn start() -> (Self, String) {
        let pair = Self { dir: ScratchDir::new("pair") };
        let said = pair.script("start");
        (pair, said.trim().to_owned())
    }

    fn script(&self, verb: &str) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres-pair");
        let output = Command::new(script).args([verb, &self.home()]).output().expect("the script can be run");
        assert!(output.status.success(), "{verb}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    fn home(&self) -> String {
        self.dir.join("servers").display().to_string()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.script("stop");
    }
}

/// The primary is lost while guests come in, and the standby, which has every acknowledged commit, takes its place; the lost
/// one comes back as its standby, and so on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_124_the_primary_is_lost_and_the_standby_promoted() {
    let (mut all, mut left) = (Acknowledged::default(), failovers());
    while left > 0 {
        let rounds = left.min(ROUNDS);
        all.add(lose_primaries(rounds).await);
        left -= rounds;
    }
    println!("after {} failovers: {all}; all of it there", failovers());
}

/// So often, on a pair of its own; what was acknowledged meanwhile.
async fn lose_primaries(rounds: usize) -> Acknowledged {
    let smtp = SmtpServer::start(SmtpOptions::default()).await;
    let (pair, url) = Pair::start();
    let installation = on_postgres_at(&smtp, &url);
    let nodes = Nodes::default();
    let server = serve(&installation, &nodes);
    let backend = Backend::of(&installation, &nodes).await;
    let (mut all, mut letters) = (Acknowledged::default(), Vec::new());
    for round in 0..rounds {
        let name = format!("failover-{round}");
        let load = Load::begin(&backend, &name, GUESTS);
        load.until(1 + (round * 37 + 40) % GUESTS).await;
        pair.script("failover");
        let acknowledged = load.end().await;
        println!("failover {round}: {acknowledged}");
        all.add(acknowledged);
        let found = Found::at(&backend).await;
        assert_eq!(found.complaints(&all), Vec::<String>::new(), "failover {round}");
        letters.extend(smtp.inbox().drain());
        assert_eq!(found.complaints_about_mail(&all, &letters), Vec::<String>::new(), "failover {round}");
        for number in 0..GUESTS {
            let email = format!("{name}-{number}@example.org");
            let body = json!({"email": email, "send_email": number % 3 != 0});
            let (status, _) = backend.call(Method::POST, "/api/v2/invitations", Some(&body)).await;
            assert!(status == 201 || status == 409, "{email}: {status}");
        }
        assert_eq!(Found::at(&backend).await.count(&name), GUESTS, "whoever asked again is invited once");
        pair.script("rejoin");
    }
    assert!(server.stop().status.success());
    all
}

/// Somebody on the list, with the link in hand.
struct Waiting {
    id: String,
    user: String,
    link: String,
}

async fn invite(backend: &Backend, name: &str) -> Waiting {
    let body = json!({"email": format!("{name}@example.org"), "send_email": false});
    let (status, made) = backend.call(Method::POST, "/api/v2/invitations", Some(&body)).await;
    assert_eq!(status, 201, "{made}");
    let text = |field: &str| made[field].as_str().expect("text").to_owned();
    Waiting { id: text("id"), user: text("user_id").replace('|', "%7C"), link: text("invitation_url") }
}

async fn accept(backend: &Backend, waiting: &Waiting, password: &str) -> Visitor {
    let mut guest = backend.visitor();
    let page = guest.open(&waiting.link).await;
    let done = guest.press(&page, "Set password", &[("password", password)]).await;
    assert_eq!((done.status.as_u16(), done.url.path()), (200, "/account"), "{}", done.text());
    guest
}

async fn opens(backend: &Backend, email: &str, password: &str) -> bool {
    let mut browser = backend.visitor();
    let page = browser.open("/login").await;
    browser.press(&page, "Log in", &[("email", email), ("password", password)]).await.url.path() == "/account"
}

/// What `docs/operating.md` says of an asynchronous standby: the last acknowledged acts may be gone, and nothing else is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_124_a_lagging_standby_forgets_the_last_acts_and_breaks_none() {
    let smtp = SmtpServer::start(SmtpOptions::default()).await;
    let (pair, url) = Pair::start();
    let installation: Installation = on_postgres_at(&smtp, &url);
    let nodes = Nodes::default();
    let server = serve(&installation, &nodes);
    let backend = Backend::of(&installation, &nodes).await;
    let [kept, lost, revoked, blocked] = [
        invite(&backend, "kept").await,
        invite(&backend, "lost").await,
        invite(&backend, "revoked").await,
        invite(&backend, "blocked").await,
    ];
    let mut stays = accept(&backend, &kept, PASSWORD).await;
    let mut in_doubt = accept(&backend, &blocked, PASSWORD).await;
    pair.script("lag");
    // Acknowledged, and known to the primary alone.
    let mut gone = accept(&backend, &lost, PASSWORD).await;
    let revoke = format!("/api/v2/invitations/{}/revoke", revoked.id);
    assert_eq!(backend.call(Method::POST, &revoke, Some(&json!({}))).await.0, 200);
    let block = (format!("/api/v2/users/{}", blocked.user), json!({"blocked": true}));
    assert_eq!(backend.call(Method::PATCH, &block.0, Some(&block.1)).await.0, 200);
    invite(&backend, "late").await;
    pair.script("failover");

    // What was there before the standby fell behind is there.
    assert_eq!(stays.open("/account").await.url.path(), "/account");
    assert!(opens(&backend, "kept@example.org", PASSWORD).await);
    // What was lost is lost whole: nobody is half in.
    assert_eq!(gone.get("/account").await.location(), Some("/login"));
    assert!(!opens(&backend, "lost@example.org", PASSWORD).await);
    assert_eq!(in_doubt.open("/account").await.url.path(), "/account", "a lost block has to be made again");
    let status =
        async |waiting: &Waiting| backend.get(&format!("/api/v2/invitations/{}", waiting.id)).await["status"].clone();
    assert_eq!((status(&lost).await, status(&revoked).await), (json!("pending"), json!("pending")));
    // Asked again, each comes to one end.
    accept(&backend, &lost, "granite-lantern-8").await;
    assert!(opens(&backend, "lost@example.org", "granite-lantern-8").await);
    assert!(!opens(&backend, "lost@example.org", PASSWORD).await, "one acceptance, one password");
    assert_eq!(backend.call(Method::POST, &revoke, Some(&json!({}))).await.0, 200);
    assert_eq!(backend.call(Method::PATCH, &block.0, Some(&block.1)).await.0, 200);
    assert_eq!(in_doubt.get("/account").await.location(), Some("/login"));
    backend.visitor().open(&revoked.link).await.assert_status(410);
    invite(&backend, "late").await;
    for name in ["kept", "lost", "revoked", "blocked", "late"] {
        let found: Value = backend.get(&format!("/api/v2/users-by-email?email={name}@example.org")).await;
        assert_eq!(found.as_array().map(Vec::len), Some(1), "{name}: one user");
    }
    assert!(server.stop().status.success());
}
