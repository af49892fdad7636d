//! The one HTTP client (`security.md`, rule R17).
//!
//! Owns what every outgoing request has in common: https only, the address guard, no redirects, no proxy, limits on
//! time and bytes, and errors that carry nothing of what was sent. Must not know what is asked of whom.

mod guard;

pub use guard::is_public;

use guard::{Blocked, Guard};
use guestlist_domain::secret::Sensitive;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder, Response, redirect};
use serde::de::DeserializeOwned;
use std::error::Error as _;
use std::time::Duration;
use thiserror::Error;
use url::{Url, form_urlencoded};

/// What the client may do.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Private addresses, and `http:` on loopback. For development and for networks that the operator vouches for.
    pub allow_private: bool,
    /// For the connection, name and TLS included.
    pub connect_timeout: Duration,
    /// For the whole exchange.
    pub total_timeout: Duration,
    /// The most bytes that an answer may have.
    pub max_body: usize,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            allow_private: false,
            connect_timeout: Duration::from_secs(5),
            total_timeout: Duration::from_secs(10),
            max_body: 1 << 20,
        }
    }
}

/// Why there is no answer. Says nothing about what was sent or came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HttpError {
    /// The guard does not let us go there: a private address, or anything but https.
    #[error("the address is not one that may be called")]
    BlockedAddress,
    /// No complete answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The answer is longer than allowed.
    #[error("the answer is too large")]
    TooLarge,
    /// No connection, no valid certificate, or the connection broke.
    #[error("the connection failed")]
    Network,
    /// Answered, but with this status and nothing that can be used.
    #[error("answered with status {0}")]
    Status(u16),
    /// The answer is not JSON of the expected shape.
    #[error("the answer is not the expected JSON")]
    NotJson,
    /// The client could not be made, for want of root certificates for instance.
    #[error("the HTTP client could not be set up")]
    Setup,
}

/// Who we are to the other side.
#[derive(Clone, Copy, Debug)]
pub enum ClientAuth<'a> {
    /// Nobody in particular.
    Anonymous,
    /// A client with its secret in the `Authorization` header (RFC 6749, section 2.3.1).
    Basic {
        /// The client's name.
        id: &'a str,
        /// Its secret.
        secret: &'a Sensitive,
    },
    /// The bearer of an access token (RFC 6750, section 2.1).
    Bearer(&'a Sensitive),
}

/// An answer whose status the caller wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: T,
}

/// The client. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: Client,
    allow_private: bool,
    max_body: usize,
}

impl HttpClient {
    /// Makes the client.
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpError> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent("guestlist")
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.total_timeout)
            .dns_resolver(Guard::new(settings.allow_private))
            .build()
            .map_err(|_| HttpError::Setup)?;
        Ok(Self { client, allow_private: settings.allow_private, max_body: settings.max_body })
    }

    /// Whether a request may go to `url` as far as can be told before its name is resolved: https, or http on loopback
    /// where private addresses are allowed; no credentials; no literal address that the guard would drop.
    ///
    /// The literal addresses are checked here because the connector never asks a resolver about them.
    pub fn check(&self, url: &Url) -> Result<(), HttpError> {
        if guard::may_call(url, self.allow_private) { Ok(()) } else { Err(HttpError::BlockedAddress) }
    }

    /// Fetches JSON; anything but 200 is an error.
    pub async fn get_json<T: DeserializeOwned>(&self, url: &Url, auth: ClientAuth<'_>) -> Result<T, HttpError> {
        self.check(url)?;
        let answer = self.send(self.client.get(url.clone()), auth).await?;
        if answer.status == 200 { parse(&answer.body) } else { Err(HttpError::Status(answer.status)) }
    }

    /// Posts a form and reads JSON, also from an answer that says no. An answer that says no without JSON is
    /// [`HttpError::Status`].
    pub async fn post_form<T: DeserializeOwned>(
        &self,
        url: &Url,
        form: &[(&str, &str)],
        auth: ClientAuth<'_>,
    ) -> Result<Answer<T>, HttpError> {
        self.check(url)?;
        let Answer { status, body } = self.send(self.client.post(url.clone()).form(form), auth).await?;
        match parse(&body) {
            Ok(body) if (200..300).contains(&status) || (400..500).contains(&status) => Ok(Answer { status, body }),
            Err(error) if (200..300).contains(&status) => Err(error),
            _ => Err(HttpError::Status(status)),
        }
    }

    /// Posts JSON that is text already and answers the status. Whatever else the other side says stays unread: it may be
    /// long, slow, or meant for somebody's eyes. `authorization` is the whole value of that header.
    pub async fn post_json(
        &self,
        url: &Url,
        headers: &[(&'static str, &str)],
        authorization: Option<&Sensitive>,
        body: &str,
    ) -> Result<u16, HttpError> {
        self.check(url)?;
        let mut request = self.client.post(url.clone()).header(CONTENT_TYPE, "application/json").body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(value) = authorization {
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| HttpError::Setup)?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let response = request.send().await.map_err(|error| classify(&error))?;
        Ok(response.status().as_u16())
    }

    async fn send(&self, request: RequestBuilder, auth: ClientAuth<'_>) -> Result<Answer<Vec<u8>>, HttpError> {
        let request = match auth {
            ClientAuth::Anonymous => request,
            ClientAuth::Basic { id, secret } => request.basic_auth(encode(id), Some(encode(secret.expose()))),
            ClientAuth::Bearer(token) => request.bearer_auth(token.expose()),
        };
        let request = request.header(ACCEPT, HeaderValue::from_static("application/json"));
        let response = request.send().await.map_err(|error| classify(&error))?;
        let status = response.status().as_u16();
        Ok(Answer { status, body: self.read(response).await? })
    }

    /// Reads the body piece by piece, so that a long one is left before it fills the memory.
    async fn read(&self, mut response: Response) -> Result<Vec<u8>, HttpError> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| classify(&error))? {
            if body.len() + piece.len() > self.max_body {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, HttpError> {
    serde_json::from_slice(body).map_err(|_| HttpError::NotJson)
}

/// Both halves of Basic are form-encoded first (RFC 6749, section 2.3.1), which most forget.
fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The error itself is dropped: its text names the URL, and a URL may carry what is nobody else's business.
fn classify(error: &reqwest::Error) -> HttpError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<Blocked>() {
            return HttpError::BlockedAddress;
        }
        cause = inner.source();
    }
    if error.is_timeout() { HttpError::Timeout } else { HttpError::Network }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_of_basic_are_form_encoded() {
        assert_eq!(encode("a:b c%+ü"), "a%3Ab+c%25%2B%C3%BC");
    }
}
