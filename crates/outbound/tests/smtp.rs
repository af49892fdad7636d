//! Mail against a real SMTP conversation: encryption that does not give way, answers read rightly, connections reused.

#![expect(clippy::unwrap_used, reason = "a fixture that is not as expected fails its test")]

use guestlist_domain::email::Email;
use guestlist_domain::mail::Failure;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::time::Timestamp;
use guestlist_outbound::mail::{MailTransport, MemoryTransport, RenderedMail, Sender, SmtpSettings, SmtpTransport};
use guestlist_testkit::inbox::Letter;
use guestlist_testkit::smtp::{Answer, SmtpOptions, SmtpServer, SmtpTls, Stage};
use rstest::rstest;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

fn mail(to: &str) -> RenderedMail {
    RenderedMail {
        message_id: "mail_1@guests.example".to_owned(),
        from: Sender { name: "Gästeliste".to_owned(), address: Email::parse("list@guests.example").unwrap() },
        to: Email::parse(to).unwrap(),
        subject: "Anna, you are invited — grüezi".to_owned(),
        text: "Hello Anna,\n\n.\n..\n.hidden\nhttps://guests.example/i/gl_inv_x\n\nGrüße\n".to_owned(),
        html: format!("<p>Hello Anna</p>{}", "<p>long</p>".repeat(200)),
        date: Timestamp::from_millis(1_795_392_000_000),
    }
}

fn transport_to(server: &SmtpServer) -> SmtpTransport {
    transport_by(&server.url(), server)
}

fn transport_by(url: &str, server: &SmtpServer) -> SmtpTransport {
    let root_certificates = Some(server.certificate().pem().as_bytes().to_vec());
    SmtpTransport::new(&SmtpSettings { root_certificates, ..SmtpSettings::new(Sensitive::new(url)) }).unwrap()
}

async fn server(tls: SmtpTls, login: bool) -> SmtpServer {
    let login = login.then(|| ("guest".to_owned(), "hunter2".to_owned()));
    SmtpServer::start(SmtpOptions { tls, login }).await
}

fn line(text: &str) -> Answer {
    Answer::Line(text.to_owned())
}

#[rstest]
#[case(SmtpTls::Never, false)]
#[case(SmtpTls::Never, true)]
#[case(SmtpTls::StartTls, true)]
#[case(SmtpTls::Implicit, true)]
#[tokio::test]
async fn a_mail_arrives_as_it_was_written(#[case] tls: SmtpTls, #[case] login: bool) {
    let server = server(tls, login).await;
    let transport = transport_to(&server);
    transport.check().await.unwrap();
    let mail = mail("anna@example.org");
    transport.send(&mail).await.unwrap();

    let envelopes = server.envelopes();
    let envelope = &envelopes[0];
    assert_eq!((&*envelope.from, &*envelope.to), ("list@guests.example", &["anna@example.org".to_owned()][..]));
    assert_eq!(envelope.encrypted, tls != SmtpTls::Never);
    assert_eq!(envelope.login.as_deref(), login.then_some("guest"));
    let letter = Letter::parse(&envelope.data);
    assert_eq!(letter.from, ["list@guests.example"]);
    assert_eq!(letter.to, ["anna@example.org"]);
    assert_eq!(letter.subject, mail.subject);
    assert_eq!(letter.text.replace("\r\n", "\n"), mail.text);
    assert_eq!(letter.html.trim_end(), mail.html);
    assert_eq!(letter.message_id, mail.message_id);
    assert_eq!(letter.header("Date"), Some("Mon, 23 Nov 2026 00:00:00 +0000"));
    assert_eq!(letter.header("Auto-Submitted"), Some("auto-generated"));
    assert!(envelope.data.is_ascii());
}

#[tokio::test]
async fn connections_are_reused_and_replaced_when_they_are_gone() {
    let server = server(SmtpTls::StartTls, true).await;
    let transport = transport_to(&server);
    for _ in 0..5 {
        transport.send(&mail("anna@example.org")).await.unwrap();
    }
    assert_eq!((server.envelopes().len(), server.connections()), (5, 1));
    server.hang_up();
    transport.send(&mail("anna@example.org")).await.unwrap();
    assert_eq!((server.envelopes().len(), server.connections()), (6, 2));
}

#[tokio::test]
async fn case_118_a_stripped_starttls_is_no_reason_to_whisper() {
    // The server is real, but whoever stands between has taken its offer away.
    let server = server(SmtpTls::Never, false).await;
    let url = format!("smtp+starttls://guest:hunter2@localhost:{}", server.port());
    let failure = transport_by(&url, &server).send(&mail("anna@example.org")).await.unwrap_err();
    assert!(matches!(failure, Failure::Transient(_)), "{failure:?}");
    assert!(server.envelopes().is_empty());
    let commands = server.commands().join("\n");
    assert!(!commands.contains("AUTH") && !commands.contains("MAIL"), "{commands}");
}

#[tokio::test]
async fn case_118_an_unknown_certificate_is_not_spoken_to() {
    for tls in [SmtpTls::StartTls, SmtpTls::Implicit] {
        let server = server(tls, true).await;
        let transport = SmtpTransport::from_url(&server.url()).unwrap();
        assert!(matches!(transport.send(&mail("anna@example.org")).await, Err(Failure::Transient(_))));
        assert!(transport.check().await.is_err());
        assert!(server.envelopes().is_empty());
        assert!(!server.commands().iter().any(|command| command.starts_with("AUTH")));
    }
}

#[rstest]
#[case(Stage::Recipient("anna@example.org".to_owned()), "450 4.2.0 greylisted")]
#[case(Stage::Recipient("anna@example.org".to_owned()), "452 4.2.2 mailbox full")]
#[case(Stage::Recipient("anna@example.org".to_owned()), "530 5.7.0 log in first")]
#[case(Stage::Data, "451 4.3.0 later")]
#[case(Stage::Message, "451 4.3.0 later")]
#[case(Stage::Greeting, "421 4.3.2 closing")]
#[case(Stage::Greeting, "554 5.3.2 no service")]
#[case(Stage::Login, "535 5.7.8 wrong password")]
#[case(Stage::Login, "454 4.7.0 later")]
#[case(Stage::Sender, "550 5.7.1 you may not send as that")]
#[tokio::test]
async fn case_118_what_may_pass_is_tried_again(#[case] stage: Stage, #[case] answer: &str) {
    let server = server(SmtpTls::Never, true).await;
    let transport = transport_to(&server);
    server.answer_once(stage, line(answer));
    assert_eq!(transport.send(&mail("anna@example.org")).await, Err(Failure::Transient(answer.to_owned())));
    assert!(server.envelopes().is_empty());
    transport.send(&mail("anna@example.org")).await.unwrap();
}

#[rstest]
#[case(Stage::Recipient("anna@example.org".to_owned()), "550 5.1.1 no such user")]
#[case(Stage::Recipient("anna@example.org".to_owned()), "553 5.1.3 bad address")]
#[case(Stage::Data, "554 5.7.1 not for you")]
#[case(Stage::Message, "552 5.3.4 too large")]
#[tokio::test]
async fn case_118_what_is_final_is_final_for_one_and_the_others_flow(#[case] stage: Stage, #[case] answer: &str) {
    let server = server(SmtpTls::Never, false).await;
    let transport = transport_to(&server);
    server.answer_once(stage, line(answer));
    assert_eq!(transport.send(&mail("anna@example.org")).await, Err(Failure::Permanent(answer.to_owned())));
    transport.send(&mail("bert@example.org")).await.unwrap();
    let delivered: Vec<Vec<String>> = server.envelopes().into_iter().map(|envelope| envelope.to).collect();
    assert_eq!(delivered, [["bert@example.org"]]);
}

#[rstest]
#[case(Stage::Greeting)]
#[case(Stage::Login)]
#[case(Stage::Sender)]
#[case(Stage::Data)]
#[case(Stage::Message)]
#[tokio::test]
async fn case_118_a_lost_connection_is_tried_again_under_the_same_id(#[case] stage: Stage) {
    let server = server(SmtpTls::Never, true).await;
    let transport = transport_to(&server);
    server.answer_once(stage, Answer::Close);
    assert!(matches!(transport.send(&mail("anna@example.org")).await, Err(Failure::Transient(_))));
    transport.send(&mail("anna@example.org")).await.unwrap();
    let ids: Vec<String> = server.envelopes().iter().map(|envelope| Letter::parse(&envelope.data).message_id).collect();
    assert!(ids.iter().all(|id| id == "mail_1@guests.example"), "{ids:?}");
}

#[tokio::test]
async fn case_118_a_server_that_says_nothing_is_left() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("smtp://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let settings = SmtpSettings { timeout: Duration::from_millis(200), ..SmtpSettings::new(Sensitive::new(url)) };
    let transport = SmtpTransport::new(&settings).unwrap();
    let late = "the mail server did not answer in time".to_owned();
    assert_eq!(transport.send(&mail("anna@example.org")).await, Err(Failure::Transient(late.clone())));
    assert_eq!(transport.check().await, Err(late));
    // Both connections were made, and both were closed from our side.
    for _ in 0..2 {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn no_failure_shows_the_password() {
    let server = server(SmtpTls::Never, true).await;
    let url = server.url().replace("hunter2", "hunter3");
    let transport = SmtpTransport::from_url(&url).unwrap();
    let failure = transport.send(&mail("anna@example.org")).await.unwrap_err();
    let shown = format!("{failure:?} {}", transport.check().await.unwrap_err());
    assert!(!shown.contains("hunter3"), "{shown}");
}

#[tokio::test]
async fn case_016_one_message_one_recipient_no_header_from_a_text() {
    let server = server(SmtpTls::Never, false).await;
    let transport = transport_to(&server);
    let hostile = "x\r\n.\r\nMAIL FROM:<m@evil.example>\r\nRCPT TO:<m@evil.example>\r\nBcc: m@evil.example\r\n\r\n";
    let mail = RenderedMail {
        subject: hostile.to_owned(),
        text: hostile.to_owned(),
        html: hostile.to_owned(),
        message_id: hostile.to_owned(),
        from: Sender { name: hostile.to_owned(), ..mail("anna@example.org").from },
        ..mail("anna@example.org")
    };
    transport.send(&mail).await.unwrap();
    let envelopes = server.envelopes();
    assert_eq!(envelopes.len(), 1);
    assert_eq!(envelopes[0].to, ["anna@example.org"]);
    let letter = Letter::parse(&envelopes[0].data);
    assert_eq!(letter.to, ["anna@example.org"]);
    assert_eq!(letter.header("Bcc"), None);
    let verbs = |verb: &str| server.commands().iter().filter(|command| command.starts_with(verb)).count();
    assert_eq!((verbs("MAIL"), verbs("RCPT"), verbs("DATA")), (1, 1, 1));
}

#[tokio::test]
async fn memory_keeps_the_last_thousand_and_can_fail() {
    let memory = MemoryTransport::new();
    for number in 0..1001 {
        memory.send(&mail(&format!("guest{number}@example.org"))).await.unwrap();
    }
    let mails = memory.mails();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1000, "guest1@example.org"));
    memory.clear();
    let failure = Failure::Permanent("550 no".to_owned());
    memory.fail_with(Some(failure.clone()));
    assert_eq!(memory.send(&mail("anna@example.org")).await, Err(failure));
    assert_eq!(memory.check().await, Err("550 no".to_owned()));
    memory.fail_with(None);
    memory.clone().send(&mail("anna@example.org")).await.unwrap();
    assert_eq!(memory.mails().len(), 1);
}
