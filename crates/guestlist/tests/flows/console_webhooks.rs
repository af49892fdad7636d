//! An administrator and the webhooks: made, tried out, sent again, given a new secret, deleted.

use crate::console_connections::administrator;
use guestlist_testkit::house::{Engine, House};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::receiver::{Receiver, Reply};
use guestlist_testkit::visitor::Answer;

on_both_engines!(a_webhook_is_made_tried_out_and_deleted, a_dead_letter_is_seen_and_sent_again);

fn signing_secret(page: &Answer) -> String {
    let from = page.body.find("whsec_").unwrap();
    page.body[from..].split('"').next().unwrap().replace("&#x2f;", "/")
}

async fn a_webhook_is_made_tried_out_and_deleted(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let mut admin = administrator(&house, &mut api).await;
    let receiver = Receiver::start().await;
    let list = admin.open("/admin/webhooks").await;
    list.assert_status(200).assert_says("Nobody outside is told what happens");
    let page = admin.open(&list.find_link("Add a webhook").unwrap()).await;
    let wrong = admin.press(&page, "Save", &[("name", "Depot"), ("endpoint", "http://hooks.example/in")]).await;
    wrong.assert_status(400).assert_says("must be https");
    let endpoint = receiver.url("/in");
    let filled = [("endpoint", &*endpoint), ("events", "user.created\r\nuser.deleted")];
    let bearer = [("method", "bearer"), ("secret", "keep-this-secret")];
    let made = admin.press(&wrong, "Save", &[&filled[..], &bearer[..]].concat()).await;
    made.assert_status(200).assert_says("it is shown once");
    let secret = signing_secret(&made);
    assert!(!made.body.contains("keep-this-secret"));
    let list = admin.open("/admin/webhooks").await;
    let again = admin.open(&list.find_link("Depot").unwrap()).await;
    assert!(!again.body.contains("whsec_"), "the secret is never shown again");

    // A correction keeps the token, as long as the endpoint stays with its host.
    let saved = admin.press(&again, "Save", &[("events", "user.created")]).await;
    saved.assert_status(200).assert_says("Saved");
    admin.press(&saved, "Save", &[("endpoint", "https://mallory.example/")]).await.assert_status(400);
    let tested = admin.press(&saved, "Send a test", &[]).await;
    tested.assert_status(200).assert_says("A test is on its way").assert_says("waiting");
    house.tell_webhooks().await;
    let told = receiver.take();
    assert_eq!((told.len(), told[0].header("authorization")), (1, "Bearer keep-this-secret"));
    assert!(told[0].is_signed_by(&secret));
    let page = admin.open("/admin/webhooks").await;
    let page = admin.open(&page.find_link("Depot").unwrap()).await;
    page.assert_says("delivered");

    let rotated = admin.press(&page, "Make a new secret", &[]).await;
    rotated.assert_status(200).assert_says("The one before signs too until");
    assert_ne!(signing_secret(&rotated), secret);
    let gone = admin.press(&page, "Delete", &[]).await;
    gone.assert_status(200).assert_says("Nobody outside is told what happens");
}

async fn a_dead_letter_is_seen_and_sent_again(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let mut admin = administrator(&house, &mut api).await;
    let receiver = Receiver::start().await;
    receiver.answer(Reply::Status(500));
    let page = admin.open("/admin/webhooks/new").await;
    let filled = [("name", "Depot"), ("endpoint", &*receiver.url("/in"))];
    let made = admin.press(&page, "Save", &filled).await;
    admin.press(&made, "Send a test", &[]).await.assert_status(200);
    house.tell_webhooks().await;
    let list = admin.open("/admin/webhooks").await;
    let page = admin.open(&list.find_link("Depot").unwrap()).await;
    page.assert_says("answered with status 500").assert_says("Next try");
    receiver.answer(Reply::Status(200));
    let resent = admin.press(&page, "Send again", &[]).await;
    resent.assert_status(200).assert_says("on its way again");
    house.tell_webhooks().await;
    let told = receiver.take();
    assert_eq!((told.len(), told[0].id()), (2, told[1].id()));
    admin.press(&resent, "Switch off", &[]).await.assert_status(200);
    admin.press(&resent, "Send again", &[]).await.assert_status(409).assert_says("disabled");
}
