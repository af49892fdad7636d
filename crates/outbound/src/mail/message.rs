//! From a rendered mail to the bytes of RFC 5322.
//!
//! Owns the headers, and the cleaning that makes it impossible for a name or a subject to add one (case 16). The
//! encoding itself is lettre's.

use super::{RenderedMail, Sender};
use guestlist_domain::email::Email;
use guestlist_domain::time::Timestamp;
use lettre::address::{AddressError, Envelope};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use std::time::{Duration, SystemTime};
use thiserror::Error;

/// Why a mail cannot be put into a message. None of these goes away by trying again.
#[derive(Debug, Error)]
pub(super) enum MessageError {
    #[error("the mail library does not take the address")]
    Address(#[from] AddressError),
    #[error("the mail library does not take the message")]
    Message(#[from] lettre::error::Error),
}

/// A message and the one pair of addresses that it travels under.
pub(super) struct Letter {
    pub(super) sender: Address,
    pub(super) recipient: Address,
    pub(super) bytes: Vec<u8>,
}

/// Puts a mail into its envelope.
pub(super) fn compose(mail: &RenderedMail) -> Result<Letter, MessageError> {
    let sender = address(&mail.from.address)?;
    let recipient = address(&mail.to)?;
    let body = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, &mail.text))
        .singlepart(part(ContentType::TEXT_HTML, &mail.html));
    let message = Message::builder()
        .envelope(Envelope::new(Some(sender.clone()), vec![recipient.clone()])?)
        .message_id(Some(message_id(&mail.message_id)))
        .date(system_time(mail.date))
        .from(mailbox(&mail.from, sender.clone()))
        .to(Mailbox::new(None, recipient.clone()))
        .subject(one_line(&mail.subject))
        // RFC 3834, section 5: nobody's absence notice shall answer.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
        .multipart(body)?;
    Ok(Letter { sender, recipient, bytes: message.formatted() })
}

fn address(email: &Email) -> Result<Address, AddressError> {
    Address::new(email.local_part(), email.domain())
}

fn mailbox(sender: &Sender, address: Address) -> Mailbox {
    let name = one_line(&sender.name);
    Mailbox::new((!name.is_empty()).then_some(name), address)
}

fn part(content_type: ContentType, text: &str) -> SinglePart {
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    SinglePart::builder().header(content_type).body(text)
}

/// A header's worth of text: no control characters, and nothing that a mail program would take for an encoded word
/// (RFC 2047) and decode into something else than was written.
fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ").replace("=?", "= ?")
}

fn message_id(id: &str) -> String {
    let plain: String = id.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>')).collect();
    format!("<{plain}>")
}

fn system_time(date: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(date.seconds()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> RenderedMail {
        RenderedMail {
            message_id: "mai_1@guests.example".to_owned(),
            from: Sender { name: "Guestlist".to_owned(), address: Email::parse("list@guests.example").unwrap() },
            to: Email::parse("anna@example.org").unwrap(),
            subject: "You are invited".to_owned(),
            text: "Hello Anna,\n.\nwelcome.\n".to_owned(),
            html: "<p>Hello Anna</p>\n".to_owned(),
            date: Timestamp::from_millis(1_795_392_000_999),
        }
    }

    fn headers(mail: &RenderedMail) -> Vec<String> {
        let text = String::from_utf8(compose(mail).unwrap().bytes).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        head.replace("\r\n ", " ").split("\r\n").map(ToOwned::to_owned).collect()
    }

    #[test]
    fn the_headers_are_these_and_no_others() {
        let mut headers = headers(&mail());
        let content_type = headers.pop().unwrap();
        assert!(content_type.starts_with("Content-Type: multipart/alternative;"), "{content_type}");
        assert_eq!(
            headers,
            [
                "Message-ID: <mai_1@guests.example>",
                "Date: Mon, 23 Nov 2026 00:00:00 +0000",
                "From: Guestlist <list@guests.example>",
                "To: anna@example.org",
                "Subject: You are invited",
                "Auto-Submitted: auto-generated",
                "MIME-Version: 1.0",
            ]
        );
    }

    #[test]
    fn case_016_no_text_adds_a_header() {
        let count = headers(&mail()).len();
        for hostile in [
            "a\r\nBcc: mallory@evil.example",
            "a\nBcc: mallory@evil.example",
            "a\rBcc: mallory@evil.example",
            "a\0b",
            "a\r\n\r\n<script>",
            "a\u{85}Bcc: mallory@evil.example",
            "=?utf-8?q?=0D=0ABcc:_mallory@evil.example?=",
            "\"a\" <mallory@evil.example>, b",
            "\u{202e}\r\n.\r\nMAIL FROM:<mallory@evil.example>",
        ] {
            let mut mail = mail();
            hostile.clone_into(&mut mail.subject);
            hostile.clone_into(&mut mail.from.name);
            hostile.clone_into(&mut mail.message_id);
            let headers = headers(&mail);
            assert_eq!(headers.len(), count, "{headers:#?}");
            assert!(!headers.iter().any(|header| header.to_ascii_lowercase().starts_with("bcc")), "{headers:#?}");
            assert_eq!(compose(&mail).unwrap().recipient.to_string(), "anna@example.org");
        }
    }

    #[test]
    fn what_looks_encoded_is_not_decoded() {
        assert_eq!(one_line("=?utf-8?q?evil?="), "= ?utf-8?q?evil?=");
        assert_eq!(one_line(" a \r\n\t b "), "a b");
    }

    #[test]
    fn a_body_has_no_bare_line_ends_and_no_control_characters() {
        let mut mail = mail();
        mail.text = "a\rb\nc\r\nd\0e\u{1b}[31m\u{7f}".to_owned();
        let text = String::from_utf8(compose(&mail).unwrap().bytes).unwrap();
        assert!(text.contains("ab\r\nc\r\nde[31m"), "{text}");
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        assert_eq!(text.matches('\r').count(), text.matches("\r\n").count());
    }
}
