//! The mailbox of `guestlist dev`: every mail that would have been sent.
//!
//! Owns how a mail is shown. Must not know what any mail is about.

use super::Dev;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

pub(super) const PATH: &str = "/dev/mailbox";

/// The HTML part of a mail as a page: its own inline style is allowed, as in a mail program, and nothing else.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; \
                           base-uri 'none'; frame-ancestors 'none'";

#[derive(Serialize)]
struct MailboxPage {
    mails: Vec<Mail>,
}

/// One mail, ready to be shown.
#[derive(Serialize)]
struct Mail {
    /// The left half of its Message-ID.
    id: String,
    to: String,
    subject: String,
    at: i64,
    text: Vec<Piece>,
}

/// A piece of text, or an address in it.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Piece {
    Text(String),
    Link(String),
}

/// The mailbox's doors.
pub(super) fn router() -> Router<Dev> {
    Router::new().route("/", get(list)).route("/{id}", get(html_part))
}

async fn list(State(dev): State<Dev>) -> Response {
    let Some(mailbox) = dev.app.mailbox() else { return no_such_mail(&dev) };
    let mails = mailbox.mails().into_iter().rev().map(|mail| Mail {
        id: local_part(&mail.message_id).to_owned(),
        to: mail.to.to_string(),
        subject: mail.subject,
        at: mail.date.millis(),
        text: pieces(&mail.text),
    });
    dev.pages.answer("dev/mailbox.html", MailboxPage { mails: mails.collect() })
}

async fn html_part(State(dev): State<Dev>, Path(id): Path<String>) -> Response {
    let Some(mailbox) = dev.app.mailbox() else { return no_such_mail(&dev) };
    match mailbox.mails().into_iter().find(|mail| local_part(&mail.message_id) == id) {
        Some(mail) => ([(header::CONTENT_SECURITY_POLICY, MAIL_POLICY)], Html(mail.html)).into_response(),
        None => no_such_mail(&dev),
    }
}

fn no_such_mail(dev: &Dev) -> Response {
    let why = "It may have been sent before the last start.";
    dev.pages.message(StatusCode::NOT_FOUND, "There is no such mail", why)
}

fn local_part(message_id: &str) -> &str {
    message_id.split('@').next().unwrap_or_default()
}

/// The text with its addresses set apart. An address ends at white space; our mails put each on a line of its own.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = ["https://", "http://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        let (before, link) = rest.split_at(start);
        let (link, after) = link.split_at(link.find(char::is_whitespace).unwrap_or(link.len()));
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        pieces.push(Piece::Link(link.to_owned()));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_a_text_are_set_apart() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let link = |link: &str| Piece::Link(link.to_owned());
        assert_eq!(
            pieces("Hello,\nhttp://localhost:1/i/x\n\nBye https://a.example"),
            [text("Hello,\n"), link("http://localhost:1/i/x"), text("\n\nBye "), link("https://a.example")]
        );
        assert_eq!(pieces("no address"), [text("no address")]);
        assert_eq!(pieces(""), []);
    }

    #[test]
    fn a_mail_is_found_by_the_left_half_of_its_message_id() {
        assert_eq!(local_part("mail_1@localhost"), "mail_1");
    }
}
