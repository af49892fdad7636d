//! Auth0's own libraries, unmodified, against the program over TLS: people are made by a backend, come in by the ticket, by
//! password and by a provider, and come back to applications that were written for Auth0 (`interop/applications.mjs`).

use crate::load::PASSWORD;
use crate::rig::{Installation, Server};
use guestlist_app::Clock as _;
use guestlist_testkit::clock::TestClock;
use guestlist_testkit::provider::{Account, CLIENT_ID, CLIENT_SECRET, Provider};
use guestlist_testkit::tls::LoopbackCertificate;
use guestlist_testkit::webdriver::{Browser, BrowserOptions};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// What a backend found with one version of the Management client.
#[derive(Deserialize)]
struct Report {
    ticket: String,
    email: String,
    id: String,
    changed: [String; 2],
    #[serde(rename = "byEmail")]
    by_email: Vec<String>,
    listed: bool,
    found: Vec<String>,
    applications: usize,
    ways: Vec<String>,
    twice: u16,
    unknown: u16,
}

#[derive(Deserialize)]
struct Backends {
    seven: Report,
    four: Report,
}

/// The applications, running.
struct Applications {
    addresses: BTreeMap<String, String>,
    backends: Backends,
    // They end when their input does.
    _input: ChildStdin,
    _process: Child,
}

struct Stage {
    server: Server,
    acme: Provider,
    applications: Applications,
}

/// A port on which nobody listens now: the issuer has it in its name before anybody can.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

impl Stage {
    async fn new() -> Self {
        let (port, certificate) = (free_port(), LoopbackCertificate::generate());
        let installation = Installation::new();
        let cert = installation.write("cert.pem", certificate.pem());
        let key = installation.write("key.pem", certificate.key_pem());
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        let issuer = format!("https://localhost:{port}");
        let installation = installation
            .with("GUESTLIST_PUBLIC_URL", &issuer)
            .with("GUESTLIST_LISTEN", &format!("127.0.0.1:{port}"))
            .with("GUESTLIST_TLS_CERT", &cert.display().to_string())
            .with("GUESTLIST_TLS_KEY", &key.display().to_string())
            .with("GUESTLIST_ALLOW_PRIVATE_UPSTREAMS", "true");
        let server = installation.serve();
        let clock = TestClock::of_the_world();
        let acme = Provider::start(move || clock.now().seconds()).await;
        let secret = installation.write("acme.secret", CLIENT_SECRET).display().to_string();
        let new = ["connections", "create", "--name", "acme", "--display-name", "Acme", "--strategy", "oidc"];
        let rest = ["--issuer", &acme.issuer, "--client-id", CLIENT_ID, "--client-secret-file", &secret];
        installation.json(&[&new[..], &rest].concat());
        let applications = Applications::start(&installation, &issuer, &cert, &key).await;
        Self { server, acme, applications }
    }

    async fn browser() -> Browser {
        Browser::start(&BrowserOptions { any_certificate: true, ..BrowserOptions::default() }).await
    }

    /// Opens an application and waits until it greets somebody.
    async fn greets(&self, browser: &Browser, application: &str, email: &str) {
        browser.open(&self.applications.addresses[application]).await;
        browser.wait_for_text(&format!("Hello {email}")).await;
    }
}

async fn line(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = lines.next_line().await.expect("the applications' output can be read");
    line.expect("the applications go on: see their error above")
}

impl Applications {
    async fn start(installation: &Installation, issuer: &str, cert: &Path, key: &Path) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../interop");
        assert!(folder.join("node_modules").is_dir(), "run `npm ci` in interop/ first; scripts/test does");
        let mut process = Command::new("node")
            .arg("applications.mjs")
            .args([Path::new(issuer), cert, key])
            .env("NODE_EXTRA_CA_CERTS", cert)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts (Debian: apt-get install nodejs npm)");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        let addresses: BTreeMap<String, String> = serde_json::from_str(&line(&mut lines).await).expect("addresses");
        let create = |name: &str, kind: &str, more: &[&str]| {
            installation.json(&[&["clients", "create", "--name", name, "--type", kind], more].concat())
        };
        let mut clients = json!({"backend": create("backend", "m2m", &["--all-scopes"])});
        for (name, address) in &addresses {
            let (kind, callback) = match name.as_str() {
                "page" => ("spa", address.clone()),
                _ => ("web", format!("{address}/callback")),
            };
            clients[name] = create(name, kind, &["--callback", &callback, "--logout-url", address]);
        }
        let mut input = process.stdin.take().expect("a pipe");
        input.write_all(format!("{clients}\n").as_bytes()).await.expect("the applications read");
        let backends = serde_json::from_str(&line(&mut lines).await).expect("what the backends found");
        Self { addresses, backends, _input: input, _process: process }
    }
}

/// What every backend must find, whichever version it uses.
fn assert_found(report: &Report) {
    assert_eq!(report.changed, ["door", "Anna Berg"]);
    assert_eq!((&report.by_email, &report.found), (&vec![report.id.clone()], &vec![report.id.clone()]));
    assert!(report.listed && report.applications >= 5);
    assert_eq!(report.ways, ["Username-Password-Authentication", "acme"]);
    assert_eq!((report.twice, report.unknown), (409, 404));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn auth0s_libraries_run_the_whole_flow_unmodified() {
    let stage = Stage::new().await;
    let Backends { seven, four } = &stage.applications.backends;
    assert_found(seven);
    assert_found(four);

    // By password: the ticket, the application that made it, and another one by the same session.
    let anna = Stage::browser().await;
    anna.open(&seven.ticket).await;
    anna.fill("Password", PASSWORD).await;
    anna.click("Set password").await;
    anna.wait_for_text("Ways in").await;
    for application in ["default", "code", "passport"] {
        stage.greets(&anna, application, &seven.email).await;
    }
    // Out at the application is out here; in again is a second log-in.
    anna.open(&format!("{}/logout", stage.applications.addresses["code"])).await;
    anna.open(&stage.applications.addresses["code"]).await;
    anna.wait_for_text("Log in").await;
    anna.fill("Email", &seven.email).await;
    anna.fill("Password", PASSWORD).await;
    anna.click("Log in").await;
    anna.wait_for_text(&format!("Hello {}", seven.email)).await;

    // By provider: the ticket of the other backend, and later the same way into the same account.
    stage.acme.offer("Ben Tal", Account::new("ben-at-acme", &four.email));
    for application in ["default", "passport"] {
        let ben = Stage::browser().await;
        if application == "default" {
            ben.open(&four.ticket).await;
            ben.click("Continue with Acme").await;
            ben.click("Ben Tal").await;
            ben.wait_for_text("Ways in").await;
            stage.greets(&ben, application, &four.email).await;
        } else {
            ben.open(&stage.applications.addresses[application]).await;
            ben.click("Continue with Acme").await;
            ben.click("Ben Tal").await;
            ben.wait_for_text(&format!("Hello {}", four.email)).await;
        }
    }

    // A page without a server of its own.
    let page = &stage.applications.addresses["page"];
    anna.open(page).await;
    anna.wait_for_text("Nobody is signed in here").await;
    anna.click("Sign in here").await;
    anna.wait_for_text(&format!("Hello {}", seven.email)).await;
    anna.click("Next tokens").await;
    anna.wait_for_text(&format!("Next tokens for {}", seven.email)).await;
    anna.click("In silence").await;
    anna.wait_for_text(&format!("In silence: {}", seven.email)).await;
    anna.click("Sign out here").await;
    anna.wait_for_text("Nobody is signed in here").await;
    anna.click("In silence").await;
    anna.wait_for_text("Failed: login_required").await;
    assert!(stage.server.stop().status.success());
}
