//! Case 125: every connection to PostgreSQL is in use. Whoever comes then is told to come again, soon and in words that a
//! library understands; what needs no database goes on, and so does everything once there is room.

use crate::kills::{on_postgres, serve};
use crate::load::Backend;
use axum::http::Method;
use guestlist_testkit::postgres::TestDatabase;
use guestlist_testkit::remote::Nodes;
use guestlist_testkit::smtp::{SmtpOptions, SmtpServer};
use serde_json::json;

/// As few connections as can be configured.
const CONNECTIONS: i64 = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_125_an_exhausted_pool_is_told_and_passes() {
    let (smtp, database) = (SmtpServer::start(SmtpOptions::default()).await, TestDatabase::create().await);
    let installation = on_postgres(&smtp, &database).with("GUESTLIST_POSTGRES_POOL", &CONNECTIONS.to_string());
    let nodes = Nodes::default();
    let server = serve(&installation, &nodes);
    let backend = Backend::of(&installation, &nodes).await;
    let lock = database.lock("users").await;
    let waiting: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let backend = backend.clone();
            tokio::spawn(async move { backend.call(Method::GET, "/api/v2/users?per_page=1", None).await.0 })
        })
        .collect();
    // Both have their connection, and stand before the lock.
    while database.waiting().await < CONNECTIONS {
        tokio::task::yield_now().await;
    }
    let body = json!({"email": "anna@example.org", "send_email": false});
    let (page, program, healthy) = tokio::join!(
        async { backend.visitor().get("/login").await },
        backend.answer(Method::POST, "/api/v2/invitations", Some(&body)),
        async { backend.visitor().get("/healthz").await },
    );
    healthy.assert_status(200);
    for told in [page, program] {
        assert_eq!((told.status.as_u16(), told.header("retry-after")), (503, Some("2")), "{}", told.body);
    }
    lock.release().await;
    for answered in waiting {
        assert_eq!(answered.await.expect("an answer"), 200, "whoever waited is served");
    }
    assert_eq!(backend.call(Method::POST, "/api/v2/invitations", Some(&body)).await.0, 201, "and so is everybody else");
    assert!(server.stop().status.success());
}
