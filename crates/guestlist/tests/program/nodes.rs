//! Several nodes on one PostgreSQL behind a plain round-robin: nothing that decides lives in a node's memory.

use crate::kills::{on_postgres, serve};
use crate::load::{Backend, Found, Load, ORIGIN, PASSWORD};
use axum::http::Method;
use guestlist_testkit::postgres::TestDatabase;
use guestlist_testkit::remote::Nodes;
use guestlist_testkit::smtp::{SmtpOptions, SmtpServer};
use guestlist_testkit::visitor::{Answer, Visitor};
use serde_json::json;

async fn log_in(browser: &mut Visitor, email: &str, password: &str) -> Answer {
    let page = browser.open("/login").await;
    browser.press(&page, "Log in", &[("email", email), ("password", password)]).await
}

#[track_caller]
fn assert_at(answer: &Answer, path: &str) {
    assert_eq!((answer.status.as_u16(), answer.url.path()), (200, path), "{}", answer.text());
}

/// Every request goes to the other node than the one before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_walks_over_two_nodes() {
    let (smtp, database) = (SmtpServer::start(SmtpOptions::default()).await, TestDatabase::create().await);
    let installation = on_postgres(&smtp, &database);
    let nodes = Nodes::default();
    let one = serve(&installation, &nodes);
    let backend = Backend::of(&installation, &nodes).await;
    let other = installation.serve();
    nodes.set(&[one.address, other.address]);

    let (status, made) =
        backend.call(Method::POST, "/api/v2/invitations", Some(&json!({"email": "anna@example.org"}))).await;
    assert_eq!(status, 201, "{made}");
    let letter = smtp.inbox().letter_to("anna@example.org").await;
    let link = letter.link("/i/");
    let mut anna = backend.visitor();
    let page = anna.open(link.path()).await;
    assert_at(&anna.press(&page, "Set password", &[("password", PASSWORD)]).await, "/account");
    // The session is good on both, and so is its end.
    for _ in 0..4 {
        assert_at(&anna.open("/account").await, "/account");
    }
    let page = anna.open("/account").await;
    anna.press(&page, "Log out", &[]).await;
    for _ in 0..2 {
        assert_eq!(anna.get("/account").await.location(), Some("/login"));
    }
    // The link was spent on one node: it is dead on either.
    for _ in 0..2 {
        anna.open(link.path()).await.assert_status(410);
    }

    // A block is seen by the very next request, wherever it goes.
    assert_at(&log_in(&mut anna, "anna@example.org", PASSWORD).await, "/account");
    let user = format!("/api/v2/users/{}", made["user_id"].as_str().expect("an id").replace('|', "%7C"));
    let block = async |blocked: bool| {
        let (changed, _) = backend.call(Method::PATCH, &user, Some(&json!({"blocked": blocked}))).await;
        assert_eq!(changed, 200);
    };
    block(true).await;
    for _ in 0..2 {
        assert_eq!(anna.get("/account").await.location(), Some("/login"));
        assert_eq!(log_in(&mut backend.visitor(), "anna@example.org", PASSWORD).await.status.as_u16(), 403);
    }
    block(false).await;
    assert_eq!(anna.get("/account").await.location(), Some("/login"), "what a block ended stays ended");
    // Ten tries that lead nowhere are ten, not ten on each; two were made above.
    let mut refused = Vec::new();
    for _ in 0..11 {
        refused.push(log_in(&mut backend.visitor(), "anna@example.org", "not-hers-at-all").await.status.as_u16());
    }
    assert_eq!(refused, [&[400; 8][..], &[429; 3]].concat());
    assert!(one.stop().status.success() && other.stop().status.success());
}

/// A second node comes, the first one is lost under load.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_lost_and_nothing_that_was_acknowledged() {
    let (smtp, database) = (SmtpServer::start(SmtpOptions::default()).await, TestDatabase::create().await);
    let installation = on_postgres(&smtp, &database);
    let nodes = Nodes::default();
    let first = serve(&installation, &nodes);
    let backend = Backend::of(&installation, &nodes).await;
    let second = installation.serve();
    nodes.set(&[first.address, second.address]);
    let load = Load::begin(&backend, "lost", 200);
    load.until(60).await;
    first.kill();
    nodes.set(&[second.address]);
    let acknowledged = load.end().await;
    println!("{acknowledged}");
    let found = Found::at(&backend).await;
    assert_eq!(found.complaints(&acknowledged), Vec::<String>::new());
    assert_eq!(found.complaints_about_mail(&acknowledged, &smtp.inbox().drain()), Vec::<String>::new());
    // Whoever got no answer asks again, and the answer is one of two.
    let mut again = 0;
    for number in 0..200 {
        let email = format!("lost-{number}@example.org");
        let body = json!({"email": email, "send_email": number % 3 != 0});
        let (status, _) = backend.call(Method::POST, "/api/v2/invitations", Some(&body)).await;
        assert!(status == 201 || status == 409, "{email}: {status}");
        again += usize::from(status == 201);
    }
    let after = Found::at(&backend).await;
    assert_eq!(after.complaints(&acknowledged), Vec::<String>::new());
    assert_eq!(after.count("lost"), 200, "everybody is invited once; {again} had to ask again");
    let mut browser = Visitor::new(nodes.router(), ORIGIN);
    let id = acknowledged.accepted.iter().next().expect("somebody was let in");
    let email = acknowledged.handed.get(id).expect("and was invited");
    assert_at(&log_in(&mut browser, email, PASSWORD).await, "/account");
    assert!(second.stop().status.success());
}
