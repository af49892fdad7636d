//! Events, signed and posted as Standard Webhooks asks for.
//!
//! Owns the headers and the signature. Must not know what an event is, nor what an answer means: a status comes back
//! and nothing else, so that nothing a receiver says can be shown to anybody.

use crate::http::{HttpClient, HttpError, HttpSettings};
use aws_lc_rs::hmac;
use data_encoding::BASE64;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::time::Timestamp;
use guestlist_domain::webhook::{Authorization, Endpoint, SigningSecret};
use std::time::Duration;

/// How long a receiver may take for an answer, the connection included.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// One event on its way.
#[derive(Debug)]
pub struct Message<'a> {
    /// Where to.
    pub endpoint: &'a Endpoint,
    /// The event's id: the same at every try, so that a receiver can tell that it has it.
    pub id: &'a str,
    /// When it is sent, which the signature covers: receivers refuse what is older than some minutes.
    pub sent_at: Timestamp,
    /// The body, JSON.
    pub body: &'a str,
    /// The secrets that sign, the newest first; two while one replaces the other.
    pub secrets: &'a [SigningSecret],
    /// What goes into the `Authorization` header, with its password or token.
    pub authorization: Option<(&'a Authorization, &'a Sensitive)>,
}

/// Whoever posts.
#[derive(Clone, Debug)]
pub struct Messenger {
    http: HttpClient,
}

impl Messenger {
    /// Makes it. It has connections of its own, so that a receiver that hangs takes none from a log-in.
    pub fn new(allow_private: bool, answer_within: Duration) -> Result<Self, HttpError> {
        let settings = HttpSettings { allow_private, total_timeout: answer_within, ..HttpSettings::default() };
        Ok(Self { http: HttpClient::new(&settings)? })
    }

    /// Whether it may go there as far as can be told before the name is resolved.
    pub fn check(&self, endpoint: &Endpoint) -> Result<(), HttpError> {
        self.http.check(endpoint.url())
    }

    /// Signs and posts. The answer is the receiver's status; its body is left unread.
    pub async fn send(&self, message: &Message<'_>) -> Result<u16, HttpError> {
        let timestamp = message.sent_at.seconds().to_string();
        let signatures: Vec<String> =
            message.secrets.iter().map(|secret| sign(secret, message.id, &timestamp, message.body)).collect();
        let headers = [
            ("webhook-id", message.id),
            ("webhook-timestamp", timestamp.as_str()),
            ("webhook-signature", &signatures.join(" ")),
        ];
        let authorization = message.authorization.map(|(method, secret)| header(method, secret));
        self.http.post_json(message.endpoint.url(), &headers, authorization.as_ref(), message.body).await
    }
}

/// `v1,` and the HMAC-SHA256 of id, timestamp and body with dots between, in base64.
pub fn sign(secret: &SigningSecret, id: &str, timestamp: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.key());
    let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", BASE64.encode(tag.as_ref()))
}

fn header(method: &Authorization, secret: &Sensitive) -> Sensitive {
    match method {
        Authorization::Bearer => Sensitive::new(format!("Bearer {}", secret.expose())),
        Authorization::Basic { username } => {
            let pair = Sensitive::new(format!("{username}:{}", secret.expose()));
            Sensitive::new(format!("Basic {}", BASE64.encode(pair.expose().as_bytes())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_of_the_specification() {
        // From the specification's own examples.
        let key = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let message = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        assert_eq!(BASE64.encode(hmac::sign(&key, message).as_ref()), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the library of receivers looks at the machine's clock")]
    fn a_receiver_with_the_common_library_takes_it() {
        let (old, new) = (SigningSecret::mint([1; 32]), SigningSecret::mint([2; 32]));
        let body = r#"{"type":"user.created"}"#;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
        let both = [&new, &old].map(|secret| sign(secret, "evt_1", &now, body)).join(" ");
        let mut headers = axum::http::HeaderMap::new();
        headers.insert("webhook-id", "evt_1".parse().unwrap());
        headers.insert("webhook-timestamp", now.parse().unwrap());
        headers.insert("webhook-signature", both.parse().unwrap());
        for secret in [&old, &new] {
            let receiver = standardwebhooks::Webhook::new(&secret.expose()).unwrap();
            assert!(receiver.verify(body.as_bytes(), &headers).is_ok());
            assert!(receiver.verify(b"{}", &headers).is_err());
        }
        let stranger = standardwebhooks::Webhook::new(&SigningSecret::mint([3; 32]).expose()).unwrap();
        assert!(stranger.verify(body.as_bytes(), &headers).is_err());
    }

    #[test]
    fn basic_is_not_form_encoded() {
        let basic = Authorization::Basic { username: "Aladdin".to_owned() };
        let value = header(&basic, &Sensitive::new("open sesame"));
        assert_eq!(value.expose(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "RFC 7617, section 2");
        assert_eq!(header(&Authorization::Bearer, &Sensitive::new("t")).expose(), "Bearer t");
    }
}
