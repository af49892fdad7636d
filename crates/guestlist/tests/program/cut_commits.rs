//! Case 124: the connection to PostgreSQL is lost at COMMIT, before the server hears of it, or before we hear of its end.
//!
//! A proxy of this test's own stands between the two and knows the one message that matters. Nobody can tell the two
//! losses apart from where we sit; whoever asks again must come to one end all the same (R24).

use crate::kills::{on_postgres_at, serve};
use crate::load::{Backend, PASSWORD};
use axum::http::Method;
use guestlist_testkit::postgres::TestDatabase;
use guestlist_testkit::remote::Nodes;
use guestlist_testkit::smtp::{SmtpOptions, SmtpServer};
use guestlist_testkit::visitor::Answer;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use url::Url;

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// The server never hears of the commit.
    Before,
    /// The server has committed, and we never hear of it.
    After,
}

/// The proxy's mind.
#[derive(Default)]
struct Scissors {
    cut: Mutex<Option<Cut>>,
    cuts: AtomicUsize,
}

impl Scissors {
    fn at_commit(&self) -> Option<Cut> {
        *self.cut.lock().expect("nobody panics with it")
    }

    fn set(&self, cut: Option<Cut>) {
        *self.cut.lock().expect("nobody panics with it") = cut;
    }
}

/// Listens for us, and speaks to PostgreSQL at that address.
async fn proxy(server: String, scissors: Arc<Scissors>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((ours, _)) = listener.accept().await {
            let (server, scissors) = (server.clone(), Arc::clone(&scissors));
            tokio::spawn(async move {
                let theirs = TcpStream::connect(server).await.expect("PostgreSQL listens");
                for end in [&ours, &theirs] {
                    end.set_nodelay(true).expect("a socket");
                }
                carry(ours, theirs, scissors).await;
            });
        }
    });
    address
}

/// Carries one connection. Both ends fall as soon as either way is over.
async fn carry(ours: TcpStream, theirs: TcpStream, scissors: Arc<Scissors>) {
    let ((from_us, to_us), (from_them, to_them)) = (ours.into_split(), theirs.into_split());
    let heard = Arc::new(Heard::default());
    tokio::select! {
        () = up(from_us, to_them, &scissors, &heard) => {}
        () = down(from_them, to_us, &heard) => {}
    }
}

/// Whether the answers of the server are withheld, and that one came.
#[derive(Default)]
struct Heard {
    is_deaf: std::sync::atomic::AtomicBool,
    answer: Notify,
}

/// Message by message (PostgreSQL's protocol, section 55.7): the first has no type, all others a byte of type and a length.
async fn up(mut from_us: OwnedReadHalf, mut to_them: OwnedWriteHalf, scissors: &Scissors, hearing: &Heard) {
    let mut is_first = true;
    loop {
        let mut head = vec![0; if is_first { 4 } else { 5 }];
        if from_us.read_exact(&mut head).await.is_err() {
            return;
        }
        let length = head.iter().rev().take(4).rev().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
        let mut body = vec![0; length.saturating_sub(4)];
        if from_us.read_exact(&mut body).await.is_err() {
            return;
        }
        let is_commit = !is_first && head.first() == Some(&b'Q') && body.starts_with(b"COMMIT");
        is_first = false;
        let cut = scissors.at_commit().filter(|_| is_commit);
        if cut == Some(Cut::Before) {
            scissors.cuts.fetch_add(1, Ordering::SeqCst);
            return;
        }
        hearing.is_deaf.store(cut == Some(Cut::After), Ordering::SeqCst);
        let message = [head, body].concat();
        if to_them.write_all(&message).await.is_err() {
            return;
        }
        if cut == Some(Cut::After) {
            hearing.answer.notified().await;
            scissors.cuts.fetch_add(1, Ordering::SeqCst);
            return;
        }
    }
}

async fn down(mut from_them: OwnedReadHalf, mut to_us: OwnedWriteHalf, hearing: &Heard) {
    let mut bytes = vec![0; 16_384];
    while let Ok(count @ 1..) = from_them.read(&mut bytes).await {
        if hearing.is_deaf.load(Ordering::SeqCst) {
            hearing.answer.notify_one();
            std::future::pending::<()>().await;
        }
        if to_us.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

/// The stage of one cut: a server that reaches its database through the proxy.
struct Stage {
    scissors: Arc<Scissors>,
    backend: Backend,
    server: crate::rig::Server,
    _database: TestDatabase,
}

impl Stage {
    async fn new() -> Self {
        let (smtp, database) = (SmtpServer::start(SmtpOptions::default()).await, TestDatabase::create().await);
        let mut url = Url::parse(database.url()).expect("a URL");
        let scissors = Arc::new(Scissors::default());
        let server = format!("{}:{}", url.host_str().expect("a host"), url.port().unwrap_or(5432));
        let proxy = proxy(server, Arc::clone(&scissors)).await;
        url.set_host(Some("127.0.0.1")).expect("a host");
        url.set_port(Some(proxy.port())).expect("a port");
        let installation = on_postgres_at(&smtp, url.as_str());
        let nodes = Nodes::default();
        let server = serve(&installation, &nodes);
        let backend = Backend::of(&installation, &nodes).await;
        Self { scissors, backend, server, _database: database }
    }

    /// Does it while every commit is cut there; the answer must be that nobody knows.
    async fn cut<T>(&self, cut: Cut, act: impl Future<Output = T>) -> T {
        let before = self.scissors.cuts.load(Ordering::SeqCst);
        self.scissors.set(Some(cut));
        let answer = act.await;
        self.scissors.set(None);
        assert!(self.scissors.cuts.load(Ordering::SeqCst) > before, "something was cut");
        answer
    }

    async fn invite(&self, name: &str) -> Value {
        let body = json!({"email": format!("{name}@example.org"), "send_email": false});
        let (status, made) = self.backend.call(Method::POST, "/api/v2/invitations", Some(&body)).await;
        assert_eq!(status, 201, "{made}");
        made
    }

    async fn opens(&self, name: &str, password: &str) -> bool {
        let mut browser = self.backend.visitor();
        let page = browser.open("/login").await;
        let filled = [("email", &*format!("{name}@example.org")), ("password", password)];
        browser.press(&page, "Log in", &filled).await.url.path() == "/account"
    }

    async fn users(&self, name: &str) -> usize {
        let found = self.backend.get(&format!("/api/v2/users-by-email?email={name}@example.org")).await;
        found.as_array().map_or(0, Vec::len)
    }
}

#[track_caller]
fn assert_unknown(answer: &Answer) {
    assert!(answer.status.is_server_error(), "{} {}", answer.status, answer.text());
}

const OTHER: &str = "granite-lantern-8";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_124_an_acceptance_that_nobody_heard_of_has_one_outcome() {
    let stage = Stage::new().await;
    for (cut, name) in [(Cut::Before, "before"), (Cut::After, "after")] {
        let made = stage.invite(name).await;
        let link = made["invitation_url"].as_str().expect("a link");
        let mut guest = stage.backend.visitor();
        let form = guest.open(link).await.form("Set password").with("password", PASSWORD);
        assert_unknown(&stage.cut(cut, guest.submit(&form)).await);
        let mut again = stage.backend.visitor();
        let page = again.open(link).await;
        match cut {
            Cut::Before => {
                let done = again.press(&page, "Set password", &[("password", OTHER)]).await;
                assert_eq!((done.status.as_u16(), done.url.path()), (200, "/account"), "{}", done.text());
                assert!(stage.opens(name, OTHER).await && !stage.opens(name, PASSWORD).await);
            }
            Cut::After => {
                page.assert_status(410);
                assert!(!page.offers("Set password"), "it is used, and says so: {}", page.text());
                assert!(stage.opens(name, PASSWORD).await, "what happened has happened");
            }
        }
        // The form once more, from wherever it was left.
        guest.submit(&form).await;
        assert_eq!(stage.users(name).await, 1);
        assert_eq!(stage.opens(name, PASSWORD).await, cut == Cut::After);
    }
    assert!(stage.server.stop().status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_124_an_invitation_that_nobody_heard_of_is_made_once() {
    let stage = Stage::new().await;
    for (cut, name) in [(Cut::Before, "before"), (Cut::After, "after")] {
        for key in [None, Some("only-once")] {
            let email = format!("{name}-{}@example.org", key.unwrap_or("plain"));
            let body = json!({"email": email, "send_email": false});
            let ask = async || stage.backend.call_with(key.map(|_| format!("{name}-key")), &body).await;
            let (status, _) = stage.cut(cut, ask()).await;
            assert!(status >= 500, "{cut:?} {key:?}: {status}");
            let (status, made) = ask().await;
            let expected = if cut == Cut::After && key.is_none() { 409 } else { 201 };
            assert_eq!(status, expected, "{cut:?} {key:?}: {made}");
            let (status, once_more) = ask().await;
            assert_eq!(status, if key.is_some() { 201 } else { 409 });
            assert!(key.is_none() || once_more == made, "the same key, the same answer: {once_more}");
            let all = backend_list(&stage, &email).await;
            assert_eq!(all.len(), 1, "{all:?}");
        }
    }
    assert!(stage.server.stop().status.success());
}

/// The invitations of that address.
async fn backend_list(stage: &Stage, email: &str) -> Vec<Value> {
    let all = stage.backend.get("/api/v2/invitations?per_page=100").await;
    all.as_array().expect("a list").iter().filter(|made| made["email"] == email).cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_124_a_reset_that_nobody_heard_of_has_one_outcome() {
    let stage = Stage::new().await;
    for (cut, name) in [(Cut::Before, "before"), (Cut::After, "after")] {
        let made = stage.invite(name).await;
        let mut guest = stage.backend.visitor();
        let page = guest.open(made["invitation_url"].as_str().expect("a link")).await;
        guest.press(&page, "Set password", &[("password", PASSWORD)]).await.assert_status(200);
        let ticket = json!({"user_id": made["user_id"]});
        let (status, made) = stage.backend.call(Method::POST, "/api/v2/tickets/password-change", Some(&ticket)).await;
        assert_eq!(status, 201, "{made}");
        let link = made["ticket"].as_str().expect("a link");
        let mut owner = stage.backend.visitor();
        let form = owner.open(link).await.form("Set password").with("password", OTHER);
        assert_unknown(&stage.cut(cut, owner.submit(&form)).await);
        let is_set = cut == Cut::After;
        assert_eq!((stage.opens(name, OTHER).await, stage.opens(name, PASSWORD).await), (is_set, !is_set), "{cut:?}");
        let again = owner.open(link).await;
        assert_eq!(again.offers("Set password"), !is_set, "{}", again.text());
        owner.submit(&form).await;
        assert!(stage.opens(name, OTHER).await && !stage.opens(name, PASSWORD).await);
    }
    assert!(stage.server.stop().status.success());
}
