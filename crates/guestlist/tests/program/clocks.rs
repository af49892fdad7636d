//! Case 126: machine clocks that leap, at a start and while the server runs, and two nodes that disagree.
//!
//! The machine's clock is shifted for one process by libfaketime, which nobody here wrote; the time that passed is not.

use crate::kills::{on_postgres, serve};
use crate::load::{Backend, ORIGIN, PASSWORD};
use crate::rig::Installation;
use axum::http::Method;
use guestlist_testkit::postgres::TestDatabase;
use guestlist_testkit::remote::Nodes;
use guestlist_testkit::smtp::{SmtpOptions, SmtpServer};
use guestlist_testkit::visitor::{Answer, Visitor};
use serde_json::{Value, json};
use std::path::PathBuf;

/// An installation whose machine has its own idea of the time.
struct Shifted {
    installation: Installation,
    shift: PathBuf,
}

impl Shifted {
    fn new(installation: Installation) -> Self {
        let shift = installation.write("shift", "+0");
        let library = library().display().to_string();
        let installation = installation
            .with("LD_PRELOAD", &library)
            .with("FAKETIME_TIMESTAMP_FILE", &shift.display().to_string())
            .with("FAKETIME_NO_CACHE", "1")
            .with("DONT_FAKE_MONOTONIC", "1");
        Self { installation, shift }
    }

    /// Shifts the machine's clock to so far from the world's, also under a running server.
    fn leap(&self, to: &str) {
        // Put in place whole: the server may be reading it.
        let next = self.installation.write("next", to);
        std::fs::rename(next, &self.shift).expect("a file can be moved");
    }
}

/// Debian's package libfaketime puts it there.
fn library() -> PathBuf {
    let found = std::fs::read_dir("/usr/lib").expect("a system").filter_map(|entry| {
        let path = entry.ok()?.path().join("faketime/libfaketimeMT.so.1");
        path.exists().then_some(path)
    });
    found.into_iter().next().expect("libfaketime is not installed (Debian: apt-get install libfaketime)")
}

/// An invitation, by its link.
async fn invite(backend: &Backend, name: &str, ttl_sec: u64) -> String {
    let body = json!({"email": format!("{name}@example.org"), "send_email": false, "ttl_sec": ttl_sec});
    let (status, made) = backend.call(Method::POST, "/api/v2/invitations", Some(&body)).await;
    assert_eq!(status, 201, "{made}");
    let link = made["invitation_url"].as_str().expect("a link");
    link.strip_prefix(ORIGIN).expect("an address of ours").to_owned()
}

async fn open(backend: &Backend, link: &str) -> Answer {
    backend.visitor().open(link).await
}

async fn accept(backend: &Backend, link: &str) -> Visitor {
    let mut guest = backend.visitor();
    let page = guest.open(link).await;
    let done = guest.press(&page, "Set password", &[("password", PASSWORD)]).await;
    assert_eq!((done.status.as_u16(), done.url.path()), (200, "/account"), "{}", done.text());
    guest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_126_nothing_begins_behind_what_was_seen() {
    let shifted = Shifted::new(Installation::new());
    let (nodes, installation) = (Nodes::default(), &shifted.installation);
    let server = serve(installation, &nodes);
    let backend = Backend::of(installation, &nodes).await;
    let link = invite(&backend, "anna", 600).await;
    open(&backend, &link).await.assert_status(200).assert_says("Set password");
    assert!(server.stop().status.success());
    // An hour passes while nobody is here, and the link is over.
    shifted.leap("+1h");
    let server = serve(installation, &nodes);
    open(&backend, &link).await.assert_status(410);
    assert!(server.stop().status.success());
    // Whoever sets the clock back does not bring it back.
    for (back, told) in [("+0", " minutes behind"), ("-1y", "365 days behind")] {
        shifted.leap(back);
        let said = installation.run(&["serve"]);
        assert_eq!(said.status.code(), Some(1), "{back}: {said:?}");
        assert!(said.err.contains(told) && said.err.contains("--trust-clock"), "{}", said.err);
        let doctor = installation.run(&["doctor"]);
        assert!(doctor.out.contains("ILL   clock: the clock is") && doctor.out.contains(told), "{}", doctor.out);
        // A command lets nobody in: it goes by what was seen, and need not be refused.
        installation.json(&["invite", &format!("ben{back}@example.org")]);
    }
    // A time server's correction is no reason to stay shut, and brings nothing back either.
    shifted.leap("+3510");
    let server = serve(installation, &nodes);
    open(&backend, &link).await.assert_status(410);
    assert!(server.stop().status.success());
    // An operator may say that the clock was wrong before.
    shifted.leap("+0");
    let server = installation.serve_with(&["--trust-clock"]);
    nodes.set(&[server.address]);
    open(&backend, &link).await.assert_status(200);
    assert!(server.stop().status.success());
    let server = serve(installation, &nodes);
    assert!(server.stop().status.success(), "and need not say it again");
    // A command under a clock that leapt ahead does not shut out the server.
    shifted.leap("+1y");
    installation.json(&["invite", "late@example.org"]);
    shifted.leap("+0");
    assert!(serve(installation, &nodes).stop().status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_126_a_leap_changes_nothing_for_a_running_server() {
    let shifted = Shifted::new(Installation::new());
    let nodes = Nodes::default();
    let server = serve(&shifted.installation, &nodes);
    let backend = Backend::of(&shifted.installation, &nodes).await;
    let mut anna = accept(&backend, &invite(&backend, "anna", 3_600).await).await;
    let made = invite(&backend, "ben", 600).await;
    for leap in ["+1h", "+1y", "-1h", "-1y"] {
        shifted.leap(leap);
        assert_eq!(anna.open("/account").await.url.path(), "/account", "{leap}: nobody is logged out");
        open(&backend, &made).await.assert_status(200).assert_says("Set password");
        let fresh = invite(&backend, &format!("guest{}", leap.replace('+', "p")), 600).await;
        open(&backend, &fresh).await.assert_status(200);
    }
    // What happened is told by one time, whatever the machine said.
    let all = backend.get("/api/v2/invitations?per_page=100").await;
    let times: Vec<&str> =
        all.as_array().expect("a list").iter().filter_map(|made| made["created_at"].as_str()).collect();
    let year = times.first().and_then(|time| time.get(..4)).expect("a time");
    assert!(times.len() == 7 && times.iter().all(|time| time.starts_with(year)), "{times:?}");
    assert!(server.stop().status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_126_nodes_whose_machines_disagree_go_by_one_clock() {
    let (smtp, database) = (SmtpServer::start(SmtpOptions::default()).await, TestDatabase::create().await);
    let right = on_postgres(&smtp, &database);
    let nodes = Nodes::default();
    let one = serve(&right, &nodes);
    let backend = Backend::of(&right, &nodes).await;
    for shift in ["+90", "-90", "+1h", "-1y"] {
        let wrong = Shifted::new(on_postgres(&smtp, &database));
        wrong.leap(shift);
        // Its zone is another as well; times are told in UTC.
        let wrong = wrong.installation.with("TZ", "Pacific/Kiritimati");
        let other = wrong.serve();
        nodes.set(&[one.address]);
        let name = format!("guest{}", shift.replace('+', "p"));
        let link = invite(&backend, &name, 60).await;
        // The token of the one is good at the other, and so are its links.
        nodes.set(&[other.address]);
        open(&backend, &link).await.assert_status(200).assert_says("Set password");
        let there: Value = backend.get("/api/v2/invitations?per_page=1").await;
        nodes.set(&[one.address]);
        assert_eq!(backend.get("/api/v2/invitations?per_page=1").await, there);
        nodes.set(&[other.address, one.address]);
        let mut guest = accept(&backend, &link).await;
        for _ in 0..2 {
            assert_eq!(guest.open("/account").await.url.path(), "/account", "{shift}");
        }
        assert!(other.stop().status.success());
    }
    assert!(one.stop().status.success());
}
