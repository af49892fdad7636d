//! Auth0's own libraries, unmodified, against the program over TLS: people are made by a backend, come in by the ticket, by
//! password and by a provider, and come back to applications that were written for Auth0 (`interop/applications.mjs`,
//! `interop/nextjs.mjs`). One of the backends is in Python (`interop/backend.py`).

use crate::load::PASSWORD;
use crate::rig::{Installation, Server};
use guestlist_app::Clock as _;
use guestlist_testkit::clock::TestClock;
use guestlist_testkit::provider::{Account, CLIENT_ID, CLIENT_SECRET, Provider};
use guestlist_testkit::tls::LoopbackCertificate;
use guestlist_testkit::webdriver::{Browser, BrowserOptions};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// What a backend found with one Management client.
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
    /// The types of the person's log, newest first.
    log: Vec<String>,
    /// Whether the log of everybody has them as well.
    logged: bool,
    /// How many sessions, refresh tokens and grants they have.
    open: [usize; 3],
    unknown: u16,
}

/// What an API behind express-oauth2-jwt-bearer answered a machine.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Machine {
    same: bool,
    allowed: u16,
    lacking: u16,
    other: u16,
    none: u16,
}

#[derive(Deserialize)]
struct Backends {
    machine: Machine,
    seven: Report,
    four: Report,
}

/// What the backend in Python found, and what the library's classes for authentication were answered.
#[derive(Deserialize)]
struct Python {
    #[serde(flatten)]
    report: Report,
    gone: u16,
    named: String,
    signups: [String; 2],
    forgotten: [String; 2],
}

/// A program of `interop/`, running. It and its tester speak in lines of JSON.
struct Program {
    // It ends when its input does.
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

/// The applications, running, and what the backends found before.
struct Applications {
    addresses: BTreeMap<String, String>,
    backends: Backends,
    python: Python,
    _programs: [Program; 2],
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

fn interop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../interop")
}

/// The interpreter of the environment that holds `interop/requirements.txt`.
#[expect(clippy::disallowed_methods, reason = "where a test finds its tools is no setting of the program")]
fn python() -> PathBuf {
    let usual = || interop().join("../target/scratch/python/bin/python");
    let python = std::env::var_os("GUESTLIST_TEST_PYTHON").map_or_else(usual, PathBuf::from);
    let made = "scripts/test makes it; by hand: `python3 -m venv target/scratch/python && \
        target/scratch/python/bin/pip install -r interop/requirements.txt`, or name another one in GUESTLIST_TEST_PYTHON";
    assert!(python.is_file(), "there is no {}: {made}", python.display());
    python
}

impl Program {
    fn start(command: &mut Command) -> Self {
        let command = command.current_dir(interop()).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().expect("it starts (Debian: apt-get install nodejs npm python3-venv)");
        let input = process.stdin.take().expect("a pipe");
        let output = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        Self { input, output, _process: process }
    }

    async fn hears(&mut self, words: &Value) {
        self.input.write_all(format!("{words}\n").as_bytes()).await.expect("the program reads");
    }

    async fn says<T: DeserializeOwned>(&mut self) -> T {
        let line = self.output.next_line().await.expect("the program's output can be read");
        let line = line.expect("the program goes on: see its error above");
        serde_json::from_str(&line).expect("what was agreed upon")
    }
}

impl Applications {
    async fn start(installation: &Installation, issuer: &str, cert: &Path, key: &Path) -> Self {
        assert!(interop().join("node_modules").is_dir(), "run `npm ci` in interop/ first; scripts/test does");
        let built = interop().join("nextjs/.next/BUILD_ID").is_file();
        assert!(built, "run `npm run build` in interop/ first, and whenever nextjs/ changes; scripts/test does");
        let node = |script: &str| {
            let mut command = Command::new("node");
            command.arg(script).args([Path::new(issuer), cert, key]).env("NODE_EXTRA_CA_CERTS", cert);
            Program::start(&mut command)
        };
        let (mut applications, mut nextjs) = (node("applications.mjs"), node("nextjs.mjs"));
        let mut backend = Command::new(python());
        let backend = backend.args(["backend.py", issuer]).env("SSL_CERT_FILE", cert).env("REQUESTS_CA_BUNDLE", cert);
        let mut backend = Program::start(backend);
        let mut addresses: BTreeMap<String, String> = applications.says().await;
        addresses.extend(nextjs.says::<BTreeMap<_, _>>().await);
        let create = |name: &str, kind: &str, more: &[&str]| {
            installation.json(&[&["clients", "create", "--name", name, "--type", kind], more].concat())
        };
        let mut clients = json!({"backend": create("backend", "m2m", &["--all-scopes"])});
        for (name, address) in &addresses {
            let (kind, callback) = match name.as_str() {
                "page" => ("spa", address.clone()),
                "nextjs" => ("web", format!("{address}/auth/callback")),
                _ => ("web", format!("{address}/callback")),
            };
            clients[name] = create(name, kind, &["--callback", &callback, "--logout-url", address]);
        }
        nextjs.hears(&clients).await;
        applications.hears(&clients).await;
        let backends = applications.says().await;
        // After the others: who turns pages while somebody is deleted may miss one.
        backend.hears(&clients).await;
        let python = backend.says().await;
        Self { addresses, backends, python, _programs: [applications, nextjs] }
    }
}

/// What every backend must find, whichever library it uses.
fn assert_found(report: &Report) {
    assert_eq!(report.changed, ["door", "Anna Berg"]);
    assert_eq!((&report.by_email, &report.found), (&vec![report.id.clone()], &vec![report.id.clone()]));
    assert!(report.listed && report.applications >= 5);
    assert_eq!(report.ways, ["Username-Password-Authentication", "acme"]);
    assert_eq!((report.twice, report.unknown), (409, 404));
    assert_eq!((report.log.last().map(String::as_str), report.logged), (Some("ss"), true), "{:?}", report.log);
    assert_eq!(report.open, [0, 0, 0]);
}

/// What `auth0-python` is answered beside that: nobody signs up, and it says nothing of who is known.
fn assert_found_in_python(python: &Python) {
    assert_found(&python.report);
    assert_eq!((python.gone, python.named.as_str()), (404, "Anna Berg"));
    let [known, unknown] = &python.signups;
    assert_eq!(known, "400 public signup is disabled: public signup is disabled");
    assert_eq!(known, unknown);
    assert_eq!(python.forgotten, ["We've just sent you an email to reset your password."; 2]);
}

/// A ticket is used with a password, and the page of the account is what follows.
async fn set_password(browser: &Browser, ticket: &str) {
    browser.open(ticket).await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Set password").await;
    browser.wait_for_text("Ways in").await;
}

async fn log_in(browser: &Browser, email: &str) {
    browser.wait_for_text("Log in").await;
    browser.fill("Email", email).await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Log in").await;
}

/// Next.js: in by the session that the ticket began, the next tokens by refresh tokens, out here as well, in by password.
async fn next_js(stage: &Stage) {
    let Report { ticket, email, .. } = &stage.applications.python.report;
    let (nextjs, greeting) = (&stage.applications.addresses["nextjs"], format!("Hello {email}"));
    let cem = Stage::browser().await;
    set_password(&cem, ticket).await;
    cem.open(nextjs).await;
    cem.wait_for_text("Nobody is signed in here").await;
    cem.click("Sign in here").await;
    cem.wait_for_text(&greeting).await;
    // Twice: the refresh token that came with the first answer was kept and serves.
    for _ in 0..2 {
        cem.open(&format!("{nextjs}/tokens")).await;
        cem.wait_for_text(&format!("Next tokens for {email}")).await;
    }
    stage.greets(&cem, "nextjs", email).await;
    cem.click("Sign out here").await;
    cem.wait_for_text("Nobody is signed in here").await;
    cem.click("Sign in here").await;
    log_in(&cem, email).await;
    cem.wait_for_text(&greeting).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn auth0s_libraries_run_the_whole_flow_unmodified() {
    let stage = Stage::new().await;
    let Backends { machine, seven, four } = &stage.applications.backends;
    assert_eq!(*machine, Machine { same: true, allowed: 200, lacking: 403, other: 401, none: 401 });
    assert_found(seven);
    assert_found(four);
    assert_found_in_python(&stage.applications.python);

    // By password: the ticket, the application that made it, and another one by the same session.
    let anna = Stage::browser().await;
    set_password(&anna, &seven.ticket).await;
    for application in ["default", "code", "passport"] {
        stage.greets(&anna, application, &seven.email).await;
    }
    // Out at the application is out here; in again is a second log-in.
    anna.open(&format!("{}/logout", stage.applications.addresses["code"])).await;
    anna.open(&stage.applications.addresses["code"]).await;
    log_in(&anna, &seven.email).await;
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

    next_js(&stage).await;

    // A page without a server of its own.
    let page = &stage.applications.addresses["page"];
    anna.open(page).await;
    anna.wait_for_text("Nobody is signed in here").await;
    anna.click("Sign in here").await;
    anna.wait_for_text(&format!("Hello {}", seven.email)).await;
    anna.click("Next tokens").await;
    anna.wait_for_text(&format!("Next tokens for {}", seven.email)).await;
    anna.click("Call the API").await;
    anna.wait_for_text(&format!("The API knows {}", seven.email)).await;
    anna.click("In silence").await;
    anna.wait_for_text(&format!("In silence: {}", seven.email)).await;
    anna.click("Sign out here").await;
    anna.wait_for_text("Nobody is signed in here").await;
    anna.click("In silence").await;
    anna.wait_for_text("Failed: login_required").await;
    let said = stage.server.stop();
    assert!(said.status.success());
    // Next.js gave its refresh token back as it logged out, and would not have said if that had been refused.
    assert_eq!(said.err.matches("http.path=/oauth/revoke http.status=200").count(), 1, "{}", said.err);
    assert!(said.err.contains("http.path=/oauth/par http.status=201"), "{}", said.err);
}
