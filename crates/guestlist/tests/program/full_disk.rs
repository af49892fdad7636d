//! A disk with no room for the next page: the system refuses the n-th write of an act, for each n.
//!
//! The limit on the size of a file (`RLIMIT_FSIZE`) is the full disk; it is lowered and lifted while the server runs.

use crate::kills::mailing;
use crate::load::{Backend, PASSWORD};
use crate::rig::Server;
use axum::http::Method;
use guestlist_testkit::remote::Nodes;
use guestlist_testkit::smtp::{SmtpOptions, SmtpServer};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;

/// One page of the write-ahead log with its header (SQLite file format, section 4.1).
const FRAME: u64 = 24 + 4096;

struct Disk<'a> {
    server: &'a Server,
    log: PathBuf,
}

impl Disk<'_> {
    fn limit(&self, soft: &str) {
        let pid = self.server.id().to_string();
        let limited = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={soft}:unlimited")]).status();
        assert!(limited.expect("prlimit can be run").success());
    }

    /// From now on so many pages fit.
    fn pages_left(&self, count: u64) {
        let size = std::fs::metadata(&self.log).map_or(0, |log| log.len());
        self.limit(&(size + count * FRAME).to_string());
    }

    fn has_room(&self) {
        self.limit("unlimited");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_122_a_full_disk_takes_nothing_and_loses_nothing() {
    let smtp = SmtpServer::start(SmtpOptions::default()).await;
    let installation = mailing(&smtp);
    let nodes = Nodes::default();
    let server = installation.serve_past_a_full_disk();
    nodes.set(&[server.address]);
    let backend = Backend::of(&installation, &nodes).await;
    let disk = Disk { server: &server, log: installation.data_dir().join("guestlist.db-wal") };
    let invite = json!({"email": "anna@example.org", "send_email": false});
    let (status, made) = backend.call(Method::POST, "/api/v2/invitations", Some(&invite)).await;
    assert_eq!(status, 201, "{made}");
    let invitation = format!("/api/v2/invitations/{}", made["id"].as_str().expect("an id"));
    let user = format!("/api/v2/users/{}", made["user_id"].as_str().expect("an id").replace('|', "%7C"));
    let mut anna = backend.visitor();
    let page = anna.open(made["invitation_url"].as_str().expect("a link")).await;
    let form = page.form("Set password").with("password", PASSWORD);

    let mut refused = 0;
    loop {
        assert!(refused < 60, "it never fits");
        disk.pages_left(refused);
        let answer = anna.clone().submit(&form).await;
        disk.has_room();
        if answer.location() == Some("/account") {
            break;
        }
        refused += 1;
        assert!(answer.status.is_server_error(), "write {refused}: {} {}", answer.status, answer.text());
        // The link is as good as before, and nobody is half in.
        assert_eq!(backend.get(&invitation).await["status"], json!("pending"), "write {refused}");
        let waits = backend.get(&user).await;
        assert!(waits.get("last_login").is_none() && waits["email_verified"] == json!(false), "{waits}");
    }
    assert!(refused > 0, "the disk was never full");
    println!("{refused} times the disk was full, then the guest was in");
    assert_eq!(backend.get(&invitation).await["status"], json!("accepted"));
    let mut later = backend.visitor();
    let page = later.open("/login").await;
    let form = page.form("Log in").with("email", "anna@example.org").with("password", PASSWORD);
    // Neither does a log-in, nor an invitation, half happen; and none of it needs a restart.
    disk.pages_left(0);
    let failed = later.clone().submit(&form).await;
    let again = json!({"email": "bob@example.org", "send_email": false});
    let (status, _) = backend.call(Method::POST, "/api/v2/invitations", Some(&again)).await;
    disk.has_room();
    assert!(failed.status.is_server_error() && status >= 500, "{} {status}", failed.status);
    assert_eq!(later.submit(&form).await.location(), Some("/account"));
    let (status, made) = backend.call(Method::POST, "/api/v2/invitations", Some(&again)).await;
    assert_eq!(status, 201, "{made}");
    assert!(server.stop().status.success());
}
