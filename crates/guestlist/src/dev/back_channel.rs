//! The sample application's line to our own server: plain HTTP over loopback.
//!
//! Owns one request per connection. It always calls the port that this process listens on, whatever host an address
//! names, so nothing here can be made to call elsewhere. Must not know what is asked.

use axum::body::Body;
use axum::http::{Method, Request, header};
use data_encoding::BASE64;
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::{Url, form_urlencoded};

const ANSWERED_WITHIN: Duration = Duration::from_secs(20);
const MAX_BODY: usize = 256 * 1024;

/// Why there is no usable answer.
#[derive(Debug, Error)]
pub(super) enum CallError {
    #[error("no address that can be called")]
    Address,
    #[error("no answer in time")]
    Time,
    #[error("the connection failed")]
    Network,
    #[error("the server answered {status}: {error}")]
    Refused { status: u16, error: String },
}

/// Where our own server listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct BackChannel {
    pub(super) listens_on: SocketAddr,
}

/// Who calls.
pub(super) enum Caller<'a> {
    Anonymous,
    Bearer(&'a str),
    Client { id: &'a str, secret: &'a str },
}

impl BackChannel {
    /// Fetches JSON.
    pub(super) async fn get(self, url: &str, caller: Caller<'_>) -> Result<Value, CallError> {
        self.call(Method::GET, url, caller, None).await
    }

    /// Posts a form and reads JSON.
    pub(super) async fn post(self, url: &str, caller: Caller<'_>, form: &[(&str, &str)]) -> Result<Value, CallError> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.call(Method::POST, url, caller, Some(body)).await
    }

    async fn call(
        self,
        method: Method,
        url: &str,
        caller: Caller<'_>,
        form: Option<String>,
    ) -> Result<Value, CallError> {
        let url = Url::parse(url).map_err(|_| CallError::Address)?;
        let host = url.host_str().ok_or(CallError::Address)?;
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let mut request = Request::builder().method(method).uri(target).header(header::HOST, host);
        if form.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if let Some(authorization) = caller.authorization() {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request.body(form.map_or_else(Body::empty, Body::from)).map_err(|_| CallError::Address)?;
        timeout(ANSWERED_WITHIN, self.exchange(request)).await.map_err(|_| CallError::Time)?
    }

    async fn exchange(self, request: Request<Body>) -> Result<Value, CallError> {
        let stream = TcpStream::connect(self.listens_on).await.map_err(|_| CallError::Network)?;
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| CallError::Network)?;
        let driver = tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(|_| CallError::Network)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_BODY).collect().await.map_err(|_| CallError::Network)?;
        driver.abort();
        let body: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
        if status.is_success() {
            return Ok(body);
        }
        let error = body.get("error").and_then(Value::as_str).unwrap_or("no reason given").to_owned();
        Err(CallError::Refused { status: status.as_u16(), error })
    }
}

impl Caller<'_> {
    /// Both halves of Basic are form-encoded first (RFC 6749, section 2.3.1).
    fn authorization(&self) -> Option<String> {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        match self {
            Self::Anonymous => None,
            Self::Bearer(token) => Some(format!("Bearer {token}")),
            Self::Client { id, secret } => {
                let pair = format!("{}:{}", encode(id), encode(secret));
                Some(format!("Basic {}", BASE64.encode(pair.as_bytes())))
            }
        }
    }
}
