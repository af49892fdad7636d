//! Servers that run as processes, behind a plain round-robin: each request goes to the next one.
//!
//! A [`Visitor`](crate::visitor::Visitor) speaks to it as to a house in process. One connection for each request, so
//! that a server that dies takes exactly the requests with it that it was answering. Knows nothing of Guestlist.

#![expect(clippy::expect_used, reason = "a request that cannot be written fails its test")]

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::BodyExt as _;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What is answered where no server did: a status that Guestlist has not.
pub const NO_ANSWER: StatusCode = StatusCode::GATEWAY_TIMEOUT;

/// The servers in turn.
#[derive(Clone, Debug, Default)]
pub struct Nodes {
    addresses: Arc<Mutex<Vec<SocketAddr>>>,
    turn: Arc<AtomicUsize>,
}

impl Nodes {
    /// Sends requests to these from now on.
    pub fn set(&self, addresses: &[SocketAddr]) {
        *self.addresses.lock().unwrap_or_else(PoisonError::into_inner) = addresses.to_vec();
    }

    /// A router that hands every request on.
    pub fn router(&self) -> Router {
        Router::new().fallback(forward).with_state(self.clone())
    }

    fn next(&self) -> Option<SocketAddr> {
        let addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        addresses.get(turn.checked_rem(addresses.len())?).copied()
    }
}

async fn forward(State(nodes): State<Nodes>, request: Request) -> Response<Body> {
    let answer = match nodes.next() {
        Some(address) => exchange(address, request).await,
        None => None,
    };
    answer.unwrap_or_else(|| Response::builder().status(NO_ANSWER).body(Body::empty()).expect("an empty answer"))
}

/// One request, one connection. `None` where no whole answer came.
async fn exchange(address: SocketAddr, request: Request) -> Option<Response<Body>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    let mut head = format!("{} {} HTTP/1.1\r\n", parts.method, parts.uri);
    for (name, value) in &parts.headers {
        write!(head, "{name}: {}\r\n", value.to_str().ok()?).ok()?;
    }
    write!(head, "content-length: {}\r\nconnection: close\r\n\r\n", body.len()).ok()?;
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(&body).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    read(&answer)
}

/// A whole answer with a stated length (RFC 9112, section 6.3).
fn read(answer: &[u8]) -> Option<Response<Body>> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let body = answer.get(end + 4..)?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse::<u16>().ok()?;
    let mut response = Response::builder().status(status);
    let mut length = 0;
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let (name, value) = (HeaderName::try_from(name).ok()?, HeaderValue::try_from(value.trim()).ok()?);
        if name == "content-length" {
            length = value.to_str().ok()?.parse().ok()?;
        }
        response = response.header(name, value);
    }
    (body.len() == length).then(|| response.body(Body::from(body.to_vec())).ok())?
}
