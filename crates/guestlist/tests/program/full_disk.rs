//! Case 122: a disk with no room for the next page, one that fails, one that became read-only: the n-th write of an act is
//! refused, for each n.
//!
//! The limit on the size of a file (`RLIMIT_FSIZE`) is the full disk; it is lowered and lifted while the server runs. The
//! two others are a few functions before the C library (`failing_disk.c`), which refuse while a file is there.

use crate::kills::mailing;
use crate::load::{Backend, PASSWORD};
use crate::rig::{Installation, Server};
use axum::http::Method;
use guestlist_testkit::remote::Nodes;
use guestlist_testkit::smtp::{SmtpOptions, SmtpServer};
use guestlist_testkit::visitor::{Answer, Visitor};
use serde_json::json;
use std::path::PathBuf;
use std::process::Command;
use url::Url;

/// One page of the write-ahead log with its header (SQLite file format, section 4.1).
const FRAME: u64 = 24 + 4096;
const ANNA: &str = "anna@example.org";
const NEW_PASSWORD: &str = "lantern-meadow-4";
const CALLBACK: &str = "https://app.example/callback";
// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A server that takes a full disk for an error, its mail server, and a backend that knows it.
struct Stand {
    smtp: SmtpServer,
    installation: Installation,
    server: Server,
    backend: Backend,
}

impl Stand {
    async fn with(fault: Fault) -> Self {
        let smtp = SmtpServer::start(SmtpOptions::default()).await;
        let installation = fault.may_befall(mailing(&smtp));
        let nodes = Nodes::default();
        let server = installation.serve_past_a_full_disk();
        nodes.set(&[server.address]);
        let backend = Backend::of(&installation, &nodes).await;
        Self { smtp, installation, server, backend }
    }
}

/// What is wrong with the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    NoRoom,
    /// EIO and EROFS, by Linux's numbers.
    Error(i32),
}

const FAILS: Fault = Fault::Error(5);
const READ_ONLY: Fault = Fault::Error(30);

impl Fault {
    /// Where a test says that the disk fails.
    fn control(installation: &Installation) -> PathBuf {
        installation.data_dir().with_file_name("disk")
    }

    /// The installation, on a disk that can have that fault.
    fn may_befall(self, installation: Installation) -> Installation {
        if self == Self::NoRoom {
            return installation;
        }
        let library = installation.write("failing_disk.so", "");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program/failing_disk.c");
        let compiled =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).args([source, "-ldl"]).status();
        assert!(compiled.expect("there is a C compiler").success());
        let control = Self::control(&installation).display().to_string();
        installation.with("LD_PRELOAD", &library.display().to_string()).with("TEST_FAILING_DISK", &control)
    }
}

struct Disk<'a> {
    server: &'a Server,
    fault: Fault,
    log: PathBuf,
    control: PathBuf,
}

impl<'a> Disk<'a> {
    fn of(stand: &'a Stand, fault: Fault) -> Self {
        let log = stand.installation.data_dir().join("guestlist.db-wal");
        Self { server: &stand.server, fault, log, control: Fault::control(&stand.installation) }
    }

    /// Takes so many more writes.
    fn refuses_after(&self, writes: u64, full_at: u64) {
        match self.fault {
            Fault::NoRoom => self.limit(&(full_at + writes * FRAME).to_string()),
            Fault::Error(error) => {
                let next = self.control.with_extension("next");
                std::fs::write(&next, format!("{error} {writes}")).expect("a file can be written");
                std::fs::rename(next, &self.control).expect("a file can be moved");
            }
        }
    }

    fn limit(&self, soft: &str) {
        let pid = self.server.id().to_string();
        let limited = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={soft}:unlimited")]).status();
        assert!(limited.expect("prlimit can be run").success());
    }

    fn log_size(&self) -> u64 {
        std::fs::metadata(&self.log).map_or(0, |log| log.len())
    }

    fn is_well(&self) {
        match self.fault {
            Fault::NoRoom => self.limit("unlimited"),
            Fault::Error(_) => std::fs::remove_file(&self.control).expect("it was there"),
        }
    }

    /// Tries with no write taken, with one, with two, until all are: the answer then, after `look` had a look at what each
    /// refusal left behind.
    async fn refuse_each_write(&self, mut act: impl AsyncFnMut() -> Answer, mut look: impl AsyncFnMut()) -> Answer {
        let full_at = self.log_size();
        for room in 0..400 {
            self.refuses_after(room, full_at);
            let answer = act().await;
            self.is_well();
            if !answer.status.is_server_error() {
                assert!(room > 0, "nothing was ever refused: {} {}", answer.status, answer.text());
                println!("{:?}: {room} times refused, then taken", self.fault);
                return answer;
            }
            look().await;
        }
        panic!("it is never taken");
    }
}

/// A guest who is in, by a password.
async fn guest(backend: &Backend) -> Visitor {
    let invite = json!({"email": ANNA, "send_email": false});
    let (status, made) = backend.call(Method::POST, "/api/v2/invitations", Some(&invite)).await;
    assert_eq!(status, 201, "{made}");
    let mut anna = backend.visitor();
    let page = anna.open(made["invitation_url"].as_str().expect("a link")).await;
    let account = anna.press(&page, "Set password", &[("password", PASSWORD)]).await;
    assert_eq!(account.url.path(), "/account", "{}", account.text());
    anna
}

/// Whether that password opens Anna's account.
async fn opens(backend: &Backend, password: &str) -> bool {
    let mut browser = backend.visitor();
    let page = browser.open("/login").await;
    let form = page.form("Log in").with("email", ANNA).with("password", password);
    browser.submit(&form).await.location() == Some("/account")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_122_a_full_disk_takes_nothing_and_loses_nothing() {
    an_acceptance_takes_nothing_and_loses_nothing(Fault::NoRoom).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_122_a_failing_disk_takes_nothing_and_loses_nothing() {
    an_acceptance_takes_nothing_and_loses_nothing(FAILS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_122_a_read_only_disk_takes_nothing_and_loses_nothing() {
    an_acceptance_takes_nothing_and_loses_nothing(READ_ONLY).await;
}

async fn an_acceptance_takes_nothing_and_loses_nothing(fault: Fault) {
    let stand = Stand::with(fault).await;
    let (disk, backend) = (Disk::of(&stand, fault), &stand.backend);
    let invite = json!({"email": ANNA, "send_email": false});
    let (status, made) = backend.call(Method::POST, "/api/v2/invitations", Some(&invite)).await;
    assert_eq!(status, 201, "{made}");
    let invitation = format!("/api/v2/invitations/{}", made["id"].as_str().expect("an id"));
    let user = format!("/api/v2/users/{}", made["user_id"].as_str().expect("an id").replace('|', "%7C"));
    let mut anna = backend.visitor();
    let page = anna.open(made["invitation_url"].as_str().expect("a link")).await;
    let form = page.form("Set password").with("password", PASSWORD);

    let accept = async || anna.clone().submit(&form).await;
    let is_as_before = async || {
        // The link is as good as before, and nobody is half in.
        assert_eq!(backend.get(&invitation).await["status"], json!("pending"));
        let waits = backend.get(&user).await;
        assert!(waits.get("last_login").is_none() && waits["email_verified"] == json!(false), "{waits}");
    };
    let accepted = disk.refuse_each_write(accept, is_as_before).await;
    assert_eq!(accepted.location(), Some("/account"));
    assert_eq!(backend.get(&invitation).await["status"], json!("accepted"));
    // Neither does a log-in, nor an invitation, half happen; and none of it needs a restart.
    let mut later = backend.visitor();
    let page = later.open("/login").await;
    let form = page.form("Log in").with("email", ANNA).with("password", PASSWORD);
    disk.refuses_after(0, disk.log_size());
    let failed = later.clone().submit(&form).await;
    let again = json!({"email": "bob@example.org", "send_email": false});
    let (status, _) = backend.call(Method::POST, "/api/v2/invitations", Some(&again)).await;
    disk.is_well();
    assert!(failed.status.is_server_error() && status >= 500, "{} {status}", failed.status);
    assert_eq!(later.submit(&form).await.location(), Some("/account"));
    let (status, made) = backend.call(Method::POST, "/api/v2/invitations", Some(&again)).await;
    assert_eq!(status, 201, "{made}");
    assert!(stand.server.stop().status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_122_a_full_disk_spends_no_reset_link() {
    a_reset_link_is_not_spent(Fault::NoRoom).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_122_a_failing_disk_spends_no_reset_link() {
    a_reset_link_is_not_spent(FAILS).await;
}

async fn a_reset_link_is_not_spent(fault: Fault) {
    let stand = Stand::with(fault).await;
    let (disk, backend, smtp) = (Disk::of(&stand, fault), &stand.backend, &stand.smtp);
    guest(backend).await;
    let mut owner = backend.visitor();
    let page = owner.open("/forgot").await;
    owner.press(&page, "Send the link", &[("email", ANNA)]).await.assert_status(200);
    let inbox = smtp.inbox();
    let letter = inbox.letter_where("the reset mail", |letter| letter.text.contains("/reset/")).await;
    let link = letter.link("/reset/");
    let page = owner.open(link.as_str()).await;
    let form = page.form("Set password").with("password", NEW_PASSWORD);

    let reset = async || owner.clone().submit(&form).await;
    let is_good = async || assert!(owner.clone().open(link.as_str()).await.offers("Set password"));
    let set = disk.refuse_each_write(reset, is_good).await;
    assert!(set.status.is_redirection() || set.status == 200, "{} {}", set.status, set.text());
    assert!(opens(backend, NEW_PASSWORD).await && !opens(backend, PASSWORD).await);
    // It is spent now.
    owner.open(link.as_str()).await.assert_status(410);
    assert!(stand.server.stop().status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_122_a_full_disk_spends_no_refresh_token() {
    a_refresh_token_is_not_spent(Fault::NoRoom).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_122_a_failing_disk_spends_no_refresh_token() {
    a_refresh_token_is_not_spent(FAILS).await;
}

async fn a_refresh_token_is_not_spent(fault: Fault) {
    let stand = Stand::with(fault).await;
    let (disk, backend, installation) = (Disk::of(&stand, fault), &stand.backend, &stand.installation);
    let mut anna = guest(backend).await;
    let new = ["clients", "create", "--name", "Calendar", "--type", "web", "--callback", CALLBACK];
    let client = installation.json(&new);
    let named = |name: &str| client[name].as_str().expect("text").to_owned();
    let (id, secret) = (named("client_id"), named("client_secret"));
    let query = [
        ("client_id", id.as_str()),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid offline_access"),
        ("state", "s"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let sent_back = anna.get(&format!("/authorize?{query}")).await;
    let at = Url::parse(sent_back.location().expect("sent back")).expect("a URL");
    let code = at.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    let token = async |grant: &[(&str, &str)]| {
        let fields = [&[("client_id", id.as_str()), ("client_secret", secret.as_str())], grant].concat();
        backend.visitor().post_form("/oauth/token", &[], &fields).await
    };
    let redeem = [
        ("grant_type", "authorization_code"),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("code", code.as_str()),
    ];
    // The code is not spent either.
    let tokens = disk.refuse_each_write(async || token(&redeem).await, async || {}).await;
    let first = tokens.assert_status(200).json()["refresh_token"].as_str().expect("a token").to_owned();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", first.as_str())];
    let renewed = disk.refuse_each_write(async || token(&refresh).await, async || {}).await;
    let second = renewed.assert_status(200).json()["refresh_token"].as_str().expect("a token").to_owned();
    assert_ne!(first, second);
    let again = [("grant_type", "refresh_token"), ("refresh_token", second.as_str())];
    token(&again).await.assert_status(200);
    assert!(stand.server.stop().status.success());
}

/// The first start on a disk that is full at once, or a little later.
#[test]
fn case_122_a_full_disk_leaves_no_half_made_installation() {
    let installation = Installation::new();
    let mut refused = 0;
    // In the shell's blocks of 512 bytes.
    let migrated = (0..200).map(|steps| steps * 32).find(|blocks| {
        let said = installation.run_with_files_up_to(*blocks, &["migrate"]);
        if !said.status.success() {
            refused += 1;
            assert!(!said.err.trim().is_empty(), "it says why");
        }
        said.status.success()
    });
    assert!(refused > 0 && migrated.is_some(), "{refused} times the disk was full: {migrated:?}");
    println!("{refused} times the disk was full, then the tables were made");
    // What was left behind each time stood in nobody's way.
    installation.json(&["invite", ANNA]);
    assert!(installation.run(&["doctor"]).status.success());
}
