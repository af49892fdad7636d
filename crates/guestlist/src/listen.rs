//! The socket: connections come in here and become requests to a router.
//!
//! Owns every limit on a connection (R18): how many there are, how long they may be silent, how large their headers
//! are, how long an answer may take; and the way out, on which requests in flight are finished. Must not know what is
//! behind the router.

mod patience;
pub(crate) mod tls;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use patience::Patience;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tls::Tls;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tower::ServiceExt as _;

/// A head that takes longer is not being typed; also how long a connection is kept for its next request.
const HEAD_ARRIVES_WITHIN: Duration = Duration::from_secs(30);
/// As long as both sides are silent on one connection.
const SILENCE: Duration = Duration::from_mins(1);
/// For one answer from its head to the last byte of the request's body: a slow provider, not a slow form.
const ANSWERED_WITHIN: Duration = Duration::from_mins(1);
/// For the keys to be agreed upon.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Head of a request, in bytes. Addresses with a long `state` and a few cookies fit many times.
const MAX_HEAD: usize = 32 * 1024;
const MAX_HEADERS: usize = 64;
const MAX_STREAMS: u32 = 64;
/// For requests in flight when the process is told to stop.
const FAREWELL: Duration = Duration::from_secs(20);
/// Before the next try when the system has no descriptor left.
const BREATH: Duration = Duration::from_millis(100);

/// Why the server cannot listen.
#[derive(Debug, Error)]
#[error("cannot listen on {address}: {error}. Is another program using it? GUESTLIST_LISTEN names another place")]
pub(crate) struct ListenError {
    address: SocketAddr,
    error: io::Error,
}

/// A bound socket that nobody is served on yet.
pub(crate) struct Listener {
    socket: TcpListener,
    tls: Option<Tls>,
    max_connections: usize,
}

impl Listener {
    /// Takes the address.
    pub(crate) async fn bind(
        address: SocketAddr,
        tls: Option<Tls>,
        max_connections: usize,
    ) -> Result<Self, ListenError> {
        let socket = TcpListener::bind(address).await.map_err(|error| ListenError { address, error })?;
        Ok(Self { socket, tls, max_connections })
    }

    /// Where it listens; the port is known even if any would do.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop` is done, then lets requests in flight finish.
    pub(crate) async fn serve(self, router: Router, stop: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.max_connections));
        let http = Arc::new(builder());
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                (stream, place) = self.next(&places) => {
                    let guest = Guest { http: Arc::clone(&http), router: router.clone(), watcher: graceful.watcher() };
                    tokio::spawn(meet(stream, self.tls.clone(), guest, place));
                }
            }
        }
        drop(self.socket);
        if timeout(FAREWELL, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests were not finished when the process had to stop");
        }
    }

    /// The next connection, once there is a place for it.
    async fn next(&self, places: &Arc<Semaphore>) -> (TcpStream, Option<OwnedSemaphorePermit>) {
        // The semaphore is never closed, so there always is a permit.
        let place = Arc::clone(places).acquire_owned().await.ok();
        loop {
            match self.socket.accept().await {
                Ok((stream, _)) => return (stream, place),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(BREATH).await;
                }
            }
        }
    }
}

/// What a connection needs to be served.
struct Guest {
    http: Arc<auto::Builder<TokioExecutor>>,
    router: Router,
    watcher: Watcher,
}

/// Serves one connection. Its place is free again when it ends.
async fn meet(stream: TcpStream, tls: Option<Tls>, guest: Guest, _place: Option<OwnedSemaphorePermit>) {
    // Answers are small and complete; waiting for more to say only delays them.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return attend(stream, guest).await };
    match timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(tls::Accepted::Tls(stream))) => attend(*stream, guest).await,
        Ok(Ok(tls::Accepted::Plain(stream))) => attend(stream, guest).await,
        Ok(Err(error)) => tracing::debug!(%error, "no TLS connection"),
        Err(_) => tracing::debug!("no TLS connection in time"),
    }
}

async fn attend<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, guest: Guest) {
    let Guest { http, router, watcher } = guest;
    let service = hyper::service::service_fn(move |request: Request<Incoming>| answer(router.clone(), request));
    let connection = http.serve_connection(TokioIo::new(Patience::new(stream, SILENCE)), service);
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        tracing::debug!(error = %error, "a connection broke");
    }
}

async fn answer(router: Router, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    if let Ok(answer) = timeout(ANSWERED_WITHIN, router.oneshot(request)).await {
        return answer;
    }
    tracing::warn!("a request took too long and was given up");
    let mut response = Response::new(Body::from("no answer in time\n"));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    Ok(response)
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_ARRIVES_WITHIN)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX))
        .max_concurrent_streams(MAX_STREAMS);
    builder
}

#[cfg(test)]
mod tests;
