//! The SMTP server of the tests, held against a client that is not ours.
//!
//! What it accepts and refuses here is what the mail tests of the house rely on.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use guestlist_testkit::smtp::{Answer, SmtpOptions, SmtpServer, SmtpTls, Stage};
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

fn transport(server: &SmtpServer, tls: impl FnOnce(TlsParameters) -> Tls, login: Option<(&str, &str)>) -> Transport {
    let trusted = Certificate::from_pem(server.certificate().pem().as_bytes()).unwrap();
    let parameters = TlsParameters::builder("localhost".to_owned()).add_root_certificate(trusted).build().unwrap();
    let builder = Transport::builder_dangerous("localhost").port(server.port()).tls(tls(parameters));
    match login {
        Some((name, password)) => builder.credentials(Credentials::new(name.to_owned(), password.to_owned())).build(),
        None => builder.build(),
    }
}

fn plain(server: &SmtpServer) -> Transport {
    transport(server, |_| Tls::None, None)
}

fn letter(to: &str, body: &str) -> Message {
    let to: Mailbox = to.parse().unwrap();
    let from: Mailbox = "door@example.org".parse().unwrap();
    Message::builder().from(from).to(to).subject("You are invited").body(body.to_owned()).unwrap()
}

fn options(tls: SmtpTls, login: bool) -> SmtpOptions {
    SmtpOptions { tls, login: login.then(|| ("door".to_owned(), "s3cret".to_owned())) }
}

#[tokio::test]
async fn a_message_arrives_as_it_was_written() {
    let server = SmtpServer::start(SmtpOptions::default()).await;
    let body = "first\r\n.dot at the start\r\n..two dots\r\n";
    plain(&server).send(letter("anna@example.org", body)).await.unwrap();
    let read = server.inbox().letter_to("anna@example.org").await;
    assert_eq!((read.subject.as_str(), read.text.trim_end()), ("You are invited", body.trim_end()));
    let envelope = &server.envelopes()[0];
    assert_eq!(
        (envelope.from.as_str(), envelope.to.as_slice()),
        ("door@example.org", &["anna@example.org".to_owned()][..])
    );
    assert!(!envelope.encrypted && envelope.login.is_none());
}

#[tokio::test]
async fn connections_are_counted_so_that_reuse_shows() {
    let server = SmtpServer::start(SmtpOptions::default()).await;
    let pool = plain(&server);
    for nth in 0..8 {
        pool.send(letter("anna@example.org", &nth.to_string())).await.unwrap();
    }
    // The client puts a connection back in the background, so it may open one more than it needs.
    let before = server.connections();
    assert!(before < 8 && server.envelopes().iter().all(|envelope| envelope.connection <= before), "{before}");
    server.hang_up();
    pool.send(letter("anna@example.org", "after the restart")).await.unwrap();
    assert_eq!(server.envelopes().last().map(|envelope| envelope.connection), Some(before + 1));
}

#[tokio::test]
async fn starttls_is_demanded_and_works() {
    let server = SmtpServer::start(options(SmtpTls::StartTls, false)).await;
    let refused = plain(&server).send(letter("anna@example.org", "in the clear")).await.unwrap_err();
    assert_eq!(refused.status().map(u16::from), Some(530));
    transport(&server, Tls::Required, None).send(letter("anna@example.org", "encrypted")).await.unwrap();
    assert_eq!(server.envelopes().iter().map(|envelope| envelope.encrypted).collect::<Vec<_>>(), [true]);
}

#[tokio::test]
async fn implicit_tls_works_and_an_unknown_certificate_does_not() {
    let server = SmtpServer::start(options(SmtpTls::Implicit, false)).await;
    transport(&server, Tls::Wrapper, None).send(letter("anna@example.org", "encrypted")).await.unwrap();
    let stranger = |_| Tls::Wrapper(TlsParameters::new("localhost".to_owned()).unwrap());
    assert!(transport(&server, stranger, None).send(letter("anna@example.org", "x")).await.is_err());
    assert_eq!(server.envelopes().len(), 1);
}

#[tokio::test]
async fn only_the_right_login_may_send() {
    let server = SmtpServer::start(options(SmtpTls::StartTls, true)).await;
    assert!(server.url().starts_with("smtp+starttls://door:s3cret@localhost:"));
    for wrong in [None, Some(("door", "wrong"))] {
        assert!(transport(&server, Tls::Required, wrong).send(letter("anna@example.org", "x")).await.is_err());
    }
    transport(&server, Tls::Required, Some(("door", "s3cret"))).send(letter("anna@example.org", "x")).await.unwrap();
    let envelopes = server.envelopes();
    assert_eq!((envelopes.len(), envelopes[0].login.as_deref()), (1, Some("door")));
    assert!(server.commands().iter().all(|command| !command.contains("s3cret")));
}

#[tokio::test]
async fn scripted_answers_come_once_or_always() {
    let server = SmtpServer::start(SmtpOptions::default()).await;
    let busy = Stage::Recipient("busy@example.org".to_owned());
    server.answer_once(busy, Answer::Line("450 4.2.0 come back later".to_owned()));
    let gone = Stage::Recipient("gone@example.org".to_owned());
    server.answer_always(gone, Answer::Line("550 5.1.1 nobody here".to_owned()));
    let pool = plain(&server);
    assert!(pool.send(letter("busy@example.org", "1")).await.unwrap_err().is_transient());
    pool.send(letter("busy@example.org", "2")).await.unwrap();
    for _ in 0..2 {
        assert!(pool.send(letter("gone@example.org", "x")).await.unwrap_err().is_permanent());
    }
    server.answer_normally();
    pool.send(letter("gone@example.org", "back again")).await.unwrap();
    assert_eq!(server.envelopes().len(), 2);
}

#[tokio::test]
async fn a_lost_answer_leaves_the_message_with_the_server() {
    let server = SmtpServer::start(SmtpOptions::default()).await;
    server.answer_once(Stage::Message, Answer::Close);
    assert!(plain(&server).send(letter("anna@example.org", "x")).await.is_err());
    assert_eq!(server.inbox().letter_to("anna@example.org").await.text.trim(), "x");
    server.answer_once(Stage::Message, Answer::Line("452 4.3.1 disk full".to_owned()));
    assert!(plain(&server).send(letter("anna@example.org", "y")).await.is_err());
    assert_eq!(server.envelopes().len(), 1);
}

/// Speaks raw bytes, one step at a time, and returns the codes of the answers.
async fn dialogue(server: &SmtpServer, steps: &[&str]) -> Vec<String> {
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", server.port())).await.unwrap());
    let mut codes = Vec::new();
    for step in std::iter::once(&"").chain(steps) {
        stream.write_all(step.as_bytes()).await.unwrap();
        let mut line = String::new();
        while line.is_empty() || line.as_bytes()[3] == b'-' {
            line.clear();
            stream.read_line(&mut line).await.unwrap();
        }
        codes.push(line[..3].to_owned());
    }
    codes
}

#[tokio::test]
async fn only_crlf_ends_a_line_and_a_message() {
    let server = SmtpServer::start(SmtpOptions::default()).await;
    let smuggled = "Subject: a\r\n\r\none\n.\r\nRCPT TO:<eve@example.org>\r\n.\n\r\n.\r\n";
    let steps = ["EHLO x\r\n", "MAIL FROM:<a@b.c>\r\n", "RCPT TO:<d@e.f>\r\n", "DATA\r\n", smuggled];
    assert_eq!(dialogue(&server, &steps).await, ["220", "250", "250", "250", "354", "250"]);
    let envelopes = server.envelopes();
    assert_eq!((envelopes.len(), envelopes[0].to.as_slice()), (1, &["d@e.f".to_owned()][..]));
    assert_eq!(dialogue(&server, &["EHLO x\n"]).await, ["220", "500"]);
}

#[tokio::test]
async fn commands_out_of_order_are_refused() {
    let server = SmtpServer::start(SmtpOptions::default()).await;
    let steps = ["RCPT TO:<d@e.f>\r\n", "DATA\r\n", "MAIL TO:<a@b.c>\r\n", "STARTTLS\r\n", "QUIT\r\n"];
    assert_eq!(dialogue(&server, &steps).await, ["220", "503", "503", "501", "500", "221"]);
}
