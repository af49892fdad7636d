//! Mail as its reader sees it: a message taken apart by a parser that is not ours, and an inbox to wait at.
//!
//! `Letter` is one received message, `Inbox` the messages of one test in order of arrival. Both know nothing of how
//! the mail came: the SMTP server of the tests and in-memory transports put their messages into the same inbox.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a mail that does not come fails the test that waits for it"
)]

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use mail_parser::{Address, MessageParser};
use tokio::sync::watch;
use url::Url;

/// How long a test waits for a mail before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// One message, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Addresses of the `From` header.
    pub from: Vec<String>,
    /// Addresses of the `To` header.
    pub to: Vec<String>,
    /// The decoded subject.
    pub subject: String,
    /// The text part, decoded; empty when there is none.
    pub text: String,
    /// The HTML part, decoded; empty when there is none.
    pub html: String,
    /// The `Message-ID` without its angle brackets.
    pub message_id: String,
    /// Every header line as it came, name and raw value.
    pub headers: Vec<(String, String)>,
    /// The message as it came.
    pub raw: Vec<u8>,
}

impl Letter {
    /// Takes a message apart.
    pub fn parse(raw: &[u8]) -> Self {
        let message = MessageParser::default().parse(raw).expect("a mail has at least one header");
        // `body_text` would make text out of an HTML-only mail; here a missing part stays missing.
        let text = message.text_bodies().find(|part| part.is_text() && !part.is_text_html());
        let html = message.html_bodies().find(|part| part.is_text_html());
        Self {
            from: addresses(message.from()),
            to: addresses(message.to()),
            subject: message.subject().unwrap_or_default().to_owned(),
            text: text.and_then(|part| part.text_contents()).unwrap_or_default().to_owned(),
            html: html.and_then(|part| part.text_contents()).unwrap_or_default().to_owned(),
            message_id: message.message_id().unwrap_or_default().to_owned(),
            headers: message.headers_raw().map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect(),
            raw: raw.to_vec(),
        }
    }

    /// The raw value of the first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Every http(s) address in the text part, in order.
    pub fn links(&self) -> Vec<Url> {
        let words = self.text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'));
        words.filter(|word| word.starts_with("http")).filter_map(|word| Url::parse(word).ok()).collect()
    }

    /// The one link whose path begins with `path`, such as `/i/`.
    pub fn link(&self, path: &str) -> Url {
        let mut found: Vec<Url> = self.links().into_iter().filter(|url| url.path().starts_with(path)).collect();
        found.dedup();
        match (found.pop(), found.is_empty()) {
            (Some(link), true) => link,
            (last, _) => panic!("wanted one link to {path}, found {last:?} and {found:?} in:\n{}", self.text),
        }
    }
}

fn addresses(header: Option<&Address<'_>>) -> Vec<String> {
    let Some(header) = header else { return Vec::new() };
    header.iter().filter_map(|address| address.address()).map(str::to_owned).collect()
}

/// The mail of one test, in order of arrival. Clones share it.
#[derive(Clone, Debug)]
pub struct Inbox {
    unread: Arc<Mutex<Vec<Letter>>>,
    arrivals: watch::Sender<usize>,
}

impl Default for Inbox {
    fn default() -> Self {
        Self { unread: Arc::default(), arrivals: watch::Sender::new(0) }
    }
}

impl Inbox {
    /// Puts one message in, as a transport does.
    pub fn deliver(&self, raw: &[u8]) {
        self.unread().push(Letter::parse(raw));
        self.arrivals.send_modify(|count| *count += 1);
    }

    /// How many messages have arrived so far, read or not.
    pub fn arrived(&self) -> usize {
        *self.arrivals.borrow()
    }

    /// The oldest unread letter to that address, waiting for it if need be; reading takes it out.
    pub async fn letter_to(&self, address: &str) -> Letter {
        self.letter_where(&format!("a letter to {address}"), |letter| letter.to.iter().any(|to| to == address)).await
    }

    /// The oldest unread letter that `wanted` accepts, waiting for it if need be; reading takes it out.
    pub async fn letter_where(&self, what: &str, wanted: impl Fn(&Letter) -> bool) -> Letter {
        let mut arrivals = self.arrivals.subscribe();
        let arrival = async {
            loop {
                arrivals.mark_unchanged();
                if let Some(letter) = self.take(&wanted) {
                    return letter;
                }
                arrivals.changed().await.expect("the inbox outlives its reader");
            }
        };
        let Ok(letter) = tokio::time::timeout(PATIENCE, arrival).await else {
            panic!("{what} did not come; unread: {:#?}", self.summary())
        };
        letter
    }

    /// Waits until that many messages have arrived in all.
    pub async fn wait_for_arrivals(&self, count: usize) {
        let mut arrivals = self.arrivals.subscribe();
        let reached = tokio::time::timeout(PATIENCE, arrivals.wait_for(|arrived| *arrived >= count)).await;
        assert!(reached.is_ok(), "wanted {count} mails, {} came", self.arrived());
    }

    /// Takes every unread letter out, without waiting.
    pub fn drain(&self) -> Vec<Letter> {
        std::mem::take(&mut *self.unread())
    }

    /// Fails unless every letter was read: a mail that nobody expected is a finding.
    pub fn assert_all_read(&self) {
        assert!(self.unread().is_empty(), "unread mail: {:#?}", self.summary());
    }

    fn take(&self, wanted: impl Fn(&Letter) -> bool) -> Option<Letter> {
        let mut unread = self.unread();
        let position = unread.iter().position(wanted)?;
        Some(unread.remove(position))
    }

    fn summary(&self) -> Vec<String> {
        self.unread().iter().map(|letter| format!("{:?}: {}", letter.to, letter.subject)).collect()
    }

    fn unread(&self) -> MutexGuard<'_, Vec<Letter>> {
        self.unread.lock().expect("no reader panics while it holds the inbox")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITATION: &str = "From: Guestlist <door@example.org>\r\nTo: Anna <anna@example.org>\r\n\
        Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\nMessage-ID: <inv_1@example.org>\r\nX-Note: kept\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        F=C3=BCr dich:\r\nhttps://id.example.org/i/secret=3D=\r\n1\r\n\r\n\
        --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Welcome</p>\r\n--b--\r\n";

    fn plain(to: &str, subject: &str) -> Vec<u8> {
        format!("From: a@example.org\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nhello\r\n").into_bytes()
    }

    #[test]
    fn a_letter_is_decoded() {
        let letter = Letter::parse(INVITATION.as_bytes());
        assert_eq!((letter.from[0].as_str(), letter.to[0].as_str()), ("door@example.org", "anna@example.org"));
        assert_eq!(letter.subject, "Grüße");
        assert_eq!(letter.message_id, "inv_1@example.org");
        assert_eq!(letter.header("x-note"), Some("kept"));
        assert!(letter.text.starts_with("Für dich:"), "{}", letter.text);
        assert_eq!(letter.html.trim(), "<p>Welcome</p>");
        assert_eq!(letter.link("/i/").as_str(), "https://id.example.org/i/secret=1");
    }

    #[test]
    fn a_missing_part_stays_missing() {
        let letter = Letter::parse(&plain("anna@example.org", "one"));
        assert_eq!((letter.text.trim(), letter.html.as_str()), ("hello", ""));
    }

    #[tokio::test]
    async fn a_reader_may_come_before_the_mail() {
        let inbox = Inbox::default();
        let reader = tokio::spawn({
            let inbox = inbox.clone();
            async move { inbox.letter_to("ben@example.org").await }
        });
        tokio::task::yield_now().await;
        inbox.deliver(&plain("anna@example.org", "not this one"));
        inbox.deliver(&plain("ben@example.org", "this one"));
        assert_eq!(reader.await.unwrap().subject, "this one");
        assert_eq!(inbox.drain().len(), 1);
        inbox.assert_all_read();
        inbox.wait_for_arrivals(2).await;
    }

    #[test]
    #[should_panic(expected = "unread mail")]
    fn unread_mail_is_a_finding() {
        let inbox = Inbox::default();
        inbox.deliver(&plain("anna@example.org", "surprise"));
        inbox.assert_all_read();
    }
}
