//! `kill -9` while guests come in: what was acknowledged is there afterwards, and nothing is half done.
//!
//! A few times in every run of the tests; `scripts/faults` does it a hundred times on each engine. The moment is a
//! count of answers, another one in every round: no clock is involved.

use crate::load::{Acknowledged, Backend, Found, Load, ORIGIN};
use crate::rig::{Installation, Server};
use guestlist_testkit::ABORT_POINTS;
use guestlist_testkit::postgres::TestDatabase;
use guestlist_testkit::remote::Nodes;
use guestlist_testkit::smtp::{SmtpOptions, SmtpServer};
use guestlist_testkit::visitor::Visitor;
use std::collections::BTreeSet;

/// Guests of one round.
const GUESTS: usize = 200;
/// Kills, unless `GUESTLIST_TEST_KILLS` says another number.
const KILLS: usize = 3;
const SECRET_KEY: &str = "ZAaUPiyZ34SYCGJcKK2v06VcwNrGjOCGFE5zi34JhKM=";

#[expect(clippy::disallowed_methods, reason = "how long a test runs is no setting of the program")]
fn kills() -> usize {
    std::env::var("GUESTLIST_TEST_KILLS").map_or(KILLS, |text| text.parse().expect("a number"))
}

/// Another moment at every round, from the first answers to the last: every guest hears one, every third two.
const fn moment(round: usize) -> usize {
    1 + (round * 97 + 120) % (GUESTS * 5 / 4)
}

pub(crate) fn mailing(smtp: &SmtpServer) -> Installation {
    Installation::new().with("GUESTLIST_SMTP_URL", &smtp.url()).with("GUESTLIST_MAIL_FROM", "guests@example.org")
}

pub(crate) fn on_postgres(smtp: &SmtpServer, database: &TestDatabase) -> Installation {
    on_postgres_at(smtp, database.url())
}

pub(crate) fn on_postgres_at(smtp: &SmtpServer, url: &str) -> Installation {
    mailing(smtp).with("GUESTLIST_DATABASE_URL", url).with("GUESTLIST_SECRET_KEY", SECRET_KEY)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_120_killed_on_sqlite() {
    let smtp = SmtpServer::start(SmtpOptions::default()).await;
    run(&mailing(&smtp), &smtp, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_120_killed_on_postgres() {
    let (smtp, database) = (SmtpServer::start(SmtpOptions::default()).await, TestDatabase::create().await);
    run(&on_postgres(&smtp, &database), &smtp, false).await;
}

/// With `every_mail`, it waits for the last mail of all: where no dead process can hold one.
async fn run(installation: &Installation, smtp: &SmtpServer, every_mail: bool) {
    let nodes = Nodes::default();
    let mut server = serve(installation, &nodes);
    let backend = Backend::of(installation, &nodes).await;
    let (mut all, mut letters) = (Acknowledged::default(), Vec::new());
    for round in 0..kills() {
        let load = Load::begin(&backend, &format!("round-{round}"), GUESTS);
        load.until(moment(round)).await;
        server.kill();
        let acknowledged = load.end().await;
        println!("round {round}: killed after {} answers: {acknowledged}", moment(round));
        all.add(acknowledged);
        server = serve(installation, &nodes);
        let found = Found::at(&backend).await;
        assert_eq!(found.complaints(&all), Vec::<String>::new(), "round {round}");
        letters.extend(smtp.inbox().drain());
        assert_eq!(found.complaints_about_mail(&all, &letters), Vec::<String>::new(), "round {round}");
    }
    if every_mail {
        let here: BTreeSet<&String> = letters.iter().flat_map(|letter| &letter.to).collect();
        let missing: Vec<String> = all.mailed.values().filter(|email| !here.contains(email)).cloned().collect();
        for email in missing {
            letters.push(smtp.inbox().letter_to(&email).await);
        }
    }
    the_accepted_come_in(&backend, &all).await;
    println!("after {} kills: {all}; {} mails, all of it there", kills(), letters.len());
    assert!(server.stop().status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_116_aborted_around_commit_and_send_on_sqlite() {
    let smtp = SmtpServer::start(SmtpOptions::default()).await;
    abort_everywhere(&mailing(&smtp), &smtp, true).await;
}

/// There, a lease outlives its worker by two minutes: the mails are on their way, and nobody waits for them here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_116_aborted_around_commit_and_send_on_postgres() {
    let (smtp, database) = (SmtpServer::start(SmtpOptions::default()).await, TestDatabase::create().await);
    abort_everywhere(&on_postgres(&smtp, &database), &smtp, false).await;
}

/// How often a point is passed before the process dies there: a start has a few commits of its own.
fn passes(point: &str) -> usize {
    if point.starts_with("store.") { 20 } else { 3 }
}

/// One process for each point, which dies there under load; the next one finds everything.
async fn abort_everywhere(installation: &Installation, smtp: &SmtpServer, every_mail: bool) {
    let nodes = Nodes::default();
    let server = serve(installation, &nodes);
    let backend = Backend::of(installation, &nodes).await;
    assert!(server.stop().status.success());
    let (mut all, mut letters) = (Acknowledged::default(), Vec::new());
    for (number, point) in ABORT_POINTS.iter().enumerate() {
        let dying = installation.dying(&format!("{point}:{}", passes(point)));
        nodes.set(&[dying.address]);
        let acknowledged = Load::begin(&backend, &format!("point-{number}"), 60).end().await;
        assert!(dying.wait().code().is_none(), "{point}: it was aborted");
        println!("{point}: {acknowledged}");
        let server = serve(installation, &nodes);
        if every_mail {
            for email in acknowledged.mailed.values() {
                letters.push(smtp.inbox().letter_to(email).await);
            }
        }
        all.add(acknowledged);
        let found = Found::at(&backend).await;
        assert_eq!(found.complaints(&all), Vec::<String>::new(), "{point}");
        letters.extend(smtp.inbox().drain());
        assert_eq!(found.complaints_about_mail(&all, &letters), Vec::<String>::new(), "{point}");
        assert!(server.stop().status.success());
    }
}

pub(crate) fn serve(installation: &Installation, nodes: &Nodes) -> Server {
    let server = installation.serve();
    nodes.set(&[server.address]);
    server
}

/// Their passwords are whole: a few of them log in.
async fn the_accepted_come_in(backend: &Backend, all: &Acknowledged) {
    for id in all.accepted.iter().take(5) {
        let mut browser = Visitor::new(backend.nodes.router(), ORIGIN);
        let page = browser.open("/login").await;
        let email = all.handed.get(id).expect("who accepted was invited");
        let account = browser.press(&page, "Log in", &[("email", email), ("password", crate::load::PASSWORD)]).await;
        assert_eq!((account.status.as_u16(), account.url.path()), (200, "/account"), "{}", account.text());
    }
}
