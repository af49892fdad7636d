//! Case 112: a webhook leads nowhere but to the public internet.

use crate::scene::ANNA;
use crate::webhooks::{delivery, hook, user};
use guestlist_testkit::house::{Engine, House, Options};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::receiver::{Receiver, Reply};
use serde_json::json;

on_both_engines!(
    case_112_no_private_address_is_saved,
    case_112_a_name_is_looked_at_when_it_is_called,
    case_112_an_address_that_changed_since_it_was_saved_is_refused,
    case_112_a_redirect_is_not_followed,
    case_112_an_answer_without_end_is_not_read,
);

async fn in_the_world(engine: Engine) -> House {
    House::with(engine, Options { public_only: true, ..Options::default() }).await
}

async fn case_112_no_private_address_is_saved(engine: Engine) {
    let house = in_the_world(engine).await;
    let mut api = house.api().await;
    for endpoint in [
        "http://127.0.0.1:22/",
        "https://127.0.0.1:22/",
        "http://localhost/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::1]:6379/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
        "https://0/",
        "file:///etc/passwd",
        "gopher://hooks.example/",
    ] {
        let body = json!({"name": "x", "subscriptions": [{"event_type": "*"}],
            "destination": {"type": "webhook", "configuration": {"webhook_endpoint": endpoint}}});
        api.post("/api/v2/event-streams", &body).await.assert_status(400);
    }
    let (path, _) = hook(&mut api, "https://hooks.example/in", &["*"]).await;
    let moved = json!({"destination": {"type": "webhook", "configuration": {"webhook_endpoint": "https://10.0.0.1/"}}});
    api.patch(&path, &moved).await.assert_status(400);
}

const REFUSED: &str = "the address is not one that may be called";

async fn case_112_a_name_is_looked_at_when_it_is_called(engine: Engine) {
    let house = in_the_world(engine).await;
    let mut api = house.api().await;
    let receiver = Receiver::start().await;
    // Only the resolver finds out where this one leads.
    let endpoint = format!("https://localhost:{}/in", receiver.port);
    let (path, _) = hook(&mut api, &endpoint, &["user.created"]).await;
    user(&mut api, ANNA).await;
    house.tell_webhooks().await;
    let refused = delivery(&mut api, &path).await;
    assert_eq!((&refused["status"], &refused["last_error"]), (&json!("queued"), &json!(REFUSED)));
    assert_eq!(receiver.connections(), 0, "refused at connect");
}

async fn case_112_an_address_that_changed_since_it_was_saved_is_refused(engine: Engine) {
    let house = in_the_world(engine).await;
    let mut api = house.api().await;
    let receiver = Receiver::start().await;
    for literal in [receiver.url("/in"), format!("https://127.0.0.1:{}/in", receiver.port)] {
        let (path, _) = hook(&mut api, "https://hooks.example/in", &["user.created"]).await;
        house.cellar().await.redirect_webhooks(&literal).await;
        user(&mut api, &format!("guest{}@example.org", literal.len())).await;
        house.tell_webhooks().await;
        assert_eq!(delivery(&mut api, &path).await["last_error"], json!(REFUSED), "{literal}");
        api.delete(&path).await.assert_status(204);
    }
    assert_eq!(receiver.connections(), 0);
}

async fn case_112_a_redirect_is_not_followed(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let (receiver, inside) = (Receiver::start().await, Receiver::start().await);
    receiver.answer(Reply::Redirect(inside.url("/admin")));
    let (path, _) = hook(&mut api, &receiver.url("/in"), &["user.created"]).await;
    user(&mut api, ANNA).await;
    house.tell_webhooks().await;
    assert_eq!(delivery(&mut api, &path).await["last_error"], json!("answered with status 302"));
    assert_eq!((receiver.take().len(), inside.connections()), (1, 0));
}

async fn case_112_an_answer_without_end_is_not_read(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::Endless);
    let (path, _) = hook(&mut api, &receiver.url("/in"), &["user.created"]).await;
    user(&mut api, ANNA).await;
    house.tell_webhooks().await;
    assert_eq!(delivery(&mut api, &path).await["status"], json!("delivered"));
    receiver.was_left().await;
}
