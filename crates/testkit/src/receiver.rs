//! A webhook's receiver on loopback: it remembers what it is told and answers as the test says.
//!
//! It speaks HTTP by hand, so that it can also hang, hang up, and talk without end.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a fixture that cannot start fails its test")]

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// How it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// With this status.
    Status(u16),
    /// By sending elsewhere.
    Redirect(String),
    /// Not at all, until it is let go; then it hangs up.
    Hang,
    /// By hanging up.
    Reset,
    /// With 200 and a body that never ends.
    Endless,
}

/// One thing it was told.
#[derive(Clone, Debug)]
pub struct Told {
    /// The path.
    pub path: String,
    /// Its headers, by lower-case name.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: String,
}

impl Told {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The event's id.
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a body that is JSON")
    }

    /// The event's type.
    pub fn kind(&self) -> String {
        self.json().get("type").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Whether one of the signatures is by this secret, by the words of the specification.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let key = secret.strip_prefix("whsec_").and_then(|key| BASE64.decode(key.as_bytes()).ok());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key.expect("a signing secret"));
        let signed = format!("{}.{}.{}", self.id(), self.header("webhook-timestamp"), self.body);
        self.header("webhook-signature").split(' ').any(|signature| {
            let tag = signature.strip_prefix("v1,").and_then(|tag| BASE64.decode(tag.as_bytes()).ok());
            tag.is_some_and(|tag| hmac::verify(&key, signed.as_bytes(), &tag).is_ok())
        })
    }
}

#[derive(Debug)]
struct State {
    next: VecDeque<Reply>,
    usual: Reply,
    told: Vec<Told>,
    connections: usize,
    left: usize,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    heard: Notify,
    let_go: watch::Sender<u64>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The receiver. It stops when it is dropped.
#[derive(Debug)]
pub struct Receiver {
    /// Where it listens.
    pub port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// One that answers 204 until it is told otherwise.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let state =
            State { next: VecDeque::new(), usual: Reply::Status(204), told: Vec::new(), connections: 0, left: 0 };
        let shared = Arc::new(Shared { state: Mutex::new(state), heard: Notify::new(), let_go: watch::Sender::new(0) });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.state().connections += 1;
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self { port, shared, task }
    }

    /// Its address.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// How it answers from now on.
    pub fn answer(&self, usual: Reply) {
        self.shared.state().usual = usual;
    }

    /// How it answers next, once each, before it goes on as usual.
    pub fn answer_next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.state().next.extend(replies);
    }

    /// Hangs up wherever it hangs.
    pub fn let_go(&self) {
        self.shared.let_go.send_modify(|round| *round += 1);
    }

    /// What it was told so far, and forgets.
    pub fn take(&self) -> Vec<Told> {
        std::mem::take(&mut self.shared.state().told)
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Waits until it was told so much, whether or not it answered.
    pub async fn was_told(&self, count: usize) {
        self.until(|state| state.told.len() >= count).await;
    }

    /// Waits until somebody left in the middle of its endless answer.
    pub async fn was_left(&self) {
        self.until(|state| state.left > 0).await;
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            let heard = self.shared.heard.notified();
            tokio::pin!(heard);
            heard.as_mut().enable();
            if is_so(&self.shared.state()) {
                return;
            }
            heard.await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let mut let_go = shared.let_go.subscribe();
    let mut stream = BufReader::new(stream);
    let Some(told) = read(&mut stream).await else { return };
    let reply = {
        let mut state = shared.state();
        state.told.push(told);
        state.next.pop_front().unwrap_or_else(|| state.usual.clone())
    };
    shared.heard.notify_waiters();
    let head = |status: u16, more: &str| format!("HTTP/1.1 {status} Whatever\r\nconnection: close\r\n{more}\r\n");
    let text = match reply {
        Reply::Status(status @ 204) => head(status, ""),
        Reply::Status(status) => head(status, "content-length: 0\r\n"),
        Reply::Redirect(target) => head(302, &format!("content-length: 0\r\nlocation: {target}\r\n")),
        Reply::Hang => return drop(let_go.changed().await),
        Reply::Reset => return,
        Reply::Endless => {
            let mut text = head(200, "");
            // Until nobody listens any more.
            while stream.write_all(text.as_bytes()).await.is_ok() {
                text = "x".repeat(1 << 16);
            }
            shared.state().left += 1;
            return shared.heard.notify_waiters();
        }
    };
    drop(stream.write_all(text.as_bytes()).await);
    drop(stream.shutdown().await);
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Told> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Told { path, headers, body: String::from_utf8(body).ok()? })
}
