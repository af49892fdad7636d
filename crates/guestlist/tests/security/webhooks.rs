//! Cases 114, 116 and 117: what happens reaches whoever hears of it, in order, at least once, and waits for nobody.

use crate::guests::opens;
use crate::scene::{ANNA, BOB, PASSWORD, Scene};
use guestlist_app::jobs;
use guestlist_domain::time::{days, hours};
use guestlist_domain::webhook::{FIRST_WAIT, LONGEST_WAIT, MAX_TRIES, MOST_AT_ONCE, WEBHOOK_LEASE};
use guestlist_testkit::house::{Api, Engine, House, Options};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::receiver::{Receiver, Reply, Told};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

on_both_engines!(
    case_114_a_failed_delivery_comes_again_with_the_same_id,
    case_114_an_answer_after_the_timeout_is_no_answer,
    case_114_events_of_one_user_come_in_order,
    case_114_a_dead_letter_is_shown_and_can_be_sent_again,
    case_114_an_endpoint_that_hangs_delays_no_other_and_no_login,
    case_114_a_receiver_that_is_gone_is_not_told_again,
    case_116_an_event_is_queued_with_its_act_or_not_at_all,
    case_117_the_delivery_of_a_dead_worker_comes_again,
    case_014_no_secret_is_in_a_webhook,
    for_a_day_both_secrets_sign,
    what_waits_while_a_webhook_is_off_comes_later,
);

/// A webhook there, for these event types: its path in the API, and its signing secret.
pub(crate) async fn hook(api: &mut Api, endpoint: &str, event_types: &[&str]) -> (String, String) {
    let subscriptions: Vec<Value> = event_types.iter().map(|word| json!({"event_type": word})).collect();
    let body = json!({"name": "hook", "subscriptions": subscriptions,
        "destination": {"type": "webhook", "configuration": {"webhook_endpoint": endpoint}}});
    let made = api.post("/api/v2/event-streams", &body).await.assert_status(201).json();
    let path = format!("/api/v2/event-streams/{}", made["id"].as_str().unwrap());
    (path, made["signing_secret"].as_str().unwrap().to_owned())
}

/// Puts a user there: one `user.created`. The id comes back.
pub(crate) async fn user(api: &mut Api, email: &str) -> String {
    let body = json!({"connection": "Username-Password-Authentication", "email": email, "password": PASSWORD, "verify_email": false});
    api.post("/api/v2/users", &body).await.assert_status(201).json()["user_id"].as_str().unwrap().to_owned()
}

/// Changes a user: one `user.updated`.
async fn rename(api: &mut Api, user: &str, name: &str) {
    api.patch(&format!("/api/v2/users/{user}"), &json!({"name": name})).await.assert_status(200);
}

pub(crate) async fn deliveries(api: &mut Api, hook: &str) -> Vec<Value> {
    api.get(&format!("{hook}/deliveries")).await.assert_status(200).json().as_array().unwrap().clone()
}

/// The one delivery there is.
pub(crate) async fn delivery(api: &mut Api, hook: &str) -> Value {
    let all = deliveries(api, hook).await;
    assert_eq!(all.len(), 1, "{all:?}");
    all[0].clone()
}

fn just_before(span: Duration) -> Duration {
    span.checked_sub(Duration::from_millis(1)).unwrap()
}

fn kinds(told: &[Told]) -> Vec<String> {
    told.iter().map(Told::kind).collect()
}

async fn case_114_a_failed_delivery_comes_again_with_the_same_id(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let receiver = Receiver::start().await;
    let (path, secret) = hook(&mut api, &receiver.url("/in"), &["user.created"]).await;
    receiver.answer_next([Reply::Status(500), Reply::Reset, Reply::Hang, Reply::Status(404), Reply::Status(200)]);
    user(&mut api, ANNA).await;
    let mut wait = FIRST_WAIT;
    for (attempt, why) in (1..).zip([
        "answered with status 500",
        "the connection failed",
        "the connection failed",
        "answered with status 404",
    ]) {
        let ((), ()) = tokio::join!(house.tell_webhooks(), async {
            receiver.was_told(attempt).await;
            // Where it hangs, it lives no longer than the test wants.
            receiver.let_go();
        });
        let told = delivery(&mut api, &path).await;
        assert_eq!((&told["status"], &told["attempts_count"]), (&json!("queued"), &json!(attempt)));
        assert_eq!(told["last_error"], json!(why));
        house.clock.advance(just_before(wait));
        house.tell_webhooks().await;
        assert_eq!(delivery(&mut api, &path).await["attempts_count"], json!(attempt), "not before its time");
        house.clock.advance(Duration::from_millis(1));
        wait *= 4;
    }
    house.tell_webhooks().await;
    let done = delivery(&mut api, &path).await;
    assert_eq!((&done["status"], &done["attempts_count"]), (&json!("delivered"), &json!(5)));
    assert_eq!((done.get("last_error"), done.get("next_attempt_at")), (None, None));
    let told = receiver.take();
    assert_eq!(told.len(), 5);
    assert!(told.iter().all(|told| told.id() == done["id"].as_str().unwrap()));
    assert_eq!(told.iter().map(|told| &told.body).collect::<BTreeSet<_>>().len(), 1, "the same body");
    assert!(told.iter().all(|told| told.is_signed_by(&secret)));
    let times: BTreeSet<&str> = told.iter().map(|told| told.header("webhook-timestamp")).collect();
    assert_eq!(times.len(), 5, "signed anew at each try");
    house.clock.advance(days(1));
    house.tell_webhooks().await;
    assert!(receiver.take().is_empty(), "what is delivered is delivered");
}

async fn case_114_an_answer_after_the_timeout_is_no_answer(engine: Engine) {
    let answer_within = Some(Duration::from_millis(300));
    let house = House::with(engine, Options { answer_within, ..Options::default() }).await;
    let mut api = house.api().await;
    let receiver = Receiver::start().await;
    let (path, _) = hook(&mut api, &receiver.url("/in"), &["user.created"]).await;
    receiver.answer_next([Reply::Hang]);
    user(&mut api, ANNA).await;
    house.tell_webhooks().await;
    assert_eq!(delivery(&mut api, &path).await["last_error"], json!("no answer in time"));
    house.clock.advance(FIRST_WAIT);
    house.tell_webhooks().await;
    assert_eq!(delivery(&mut api, &path).await["status"], json!("delivered"));
    let told = receiver.take();
    assert_eq!((told.len(), told[0].id()), (2, told[1].id()), "a receiver that acted at once can tell");
}

async fn case_114_events_of_one_user_come_in_order(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let receiver = Receiver::start().await;
    let (path, _) = hook(&mut api, &receiver.url("/in"), &["user.created", "user.updated", "user.deleted"]).await;
    let anna = user(&mut api, ANNA).await;
    receiver.answer_next([Reply::Status(500)]);
    for name in ["Anna B.", "Anna C."] {
        rename(&mut api, &anna, name).await;
    }
    house.tell_webhooks().await;
    assert_eq!(kinds(&receiver.take()), ["user.created"], "the first has failed, so the others wait");
    let bob = user(&mut api, BOB).await;
    api.delete(&format!("/api/v2/users/{anna}")).await.assert_status(204);
    house.tell_webhooks().await;
    let told = receiver.take();
    assert_eq!((told.len(), &told[0].json()["data"]["user_id"]), (1, &json!(bob)), "nobody else waits");
    house.clock.advance(FIRST_WAIT);
    house.tell_webhooks().await;
    assert_eq!(kinds(&receiver.take()), ["user.created", "user.updated", "user.updated", "user.deleted"]);
    assert!(deliveries(&mut api, &path).await.iter().all(|delivery| delivery["status"] == "delivered"));
}

async fn case_114_a_dead_letter_is_shown_and_can_be_sent_again(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let receiver = Receiver::start().await;
    let (path, _) = hook(&mut api, &receiver.url("/in"), &["user.created", "user.updated"]).await;
    receiver.answer(Reply::Status(503));
    let anna = user(&mut api, ANNA).await;
    for _ in 0..MAX_TRIES {
        house.tell_webhooks().await;
        house.clock.advance(LONGEST_WAIT);
    }
    let told = receiver.take();
    assert_eq!(i64::try_from(told.len()), Ok(MAX_TRIES));
    house.tell_webhooks().await;
    assert!(receiver.take().is_empty(), "given up");
    // A token does not live so long.
    let api = &mut house.api().await;
    let failed = api.get(&format!("{path}/deliveries?status=failed")).await.assert_status(200).json();
    assert_eq!(failed[0]["id"], json!(told[0].id()));
    assert_eq!(failed[0]["last_error"], json!("answered with status 503"));

    receiver.answer(Reply::Status(200));
    rename(api, &anna, "Anna B.").await;
    house.tell_webhooks().await;
    assert_eq!(kinds(&receiver.take()), ["user.updated"], "a dead letter blocks nobody");
    let again = format!("{path}/redeliver/{}", told[0].id());
    assert_eq!(api.post(&again, &json!({})).await.assert_status(202).json()["status"], json!("queued"));
    house.tell_webhooks().await;
    let last = receiver.take();
    assert_eq!((last.len(), last[0].id(), &last[0].body), (1, told[0].id(), &told[0].body));
    assert_eq!(api.get(&format!("{path}/deliveries?status=failed")).await.json(), json!([]));
    api.post(&format!("{path}/redeliver/evt_none"), &json!({})).await.assert_status(404);

    // Rows go when their time is over.
    house.clock.advance(days(7) + hours(1));
    jobs::tidy(&house.app).await.unwrap();
    assert!(deliveries(&mut house.api().await, &path).await.is_empty());
}

async fn case_114_an_endpoint_that_hangs_delays_no_other_and_no_login(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.guest(ANNA).await;
    let (dead, living) = (Receiver::start().await, Receiver::start().await);
    dead.answer(Reply::Hang);
    let (path, _) = hook(&mut scene.api, &dead.url("/in"), &["user.created", "login.succeeded"]).await;
    hook(&mut scene.api, &living.url("/in"), &["user.created", "login.succeeded"]).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(jobs::run(scene.house.app.clone(), async { drop(stopped.await) }));
    let most = usize::try_from(MOST_AT_ONCE).unwrap();
    for number in 0..2 * most {
        user(&mut scene.api, &format!("guest{number}@example.org")).await;
        living.was_told(number + 1).await;
    }
    dead.was_told(most).await;
    // Nobody who comes in waits, nor does the news of it.
    assert!(opens(&scene, ANNA, PASSWORD).await);
    living.was_told(2 * most + 1).await;
    assert_eq!(living.take().last().unwrap().kind(), "login.succeeded");
    assert_eq!(dead.take().len(), most, "it holds so many and no more");
    assert!(deliveries(&mut scene.api, &path).await.iter().all(|delivery| delivery["status"] == "queued"));
    drop(stop);
    running.await.unwrap();
}

async fn case_114_a_receiver_that_is_gone_is_not_told_again(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let (gone, other) = (Receiver::start().await, Receiver::start().await);
    gone.answer(Reply::Status(410));
    let (path, _) = hook(&mut api, &gone.url("/in"), &["user.created"]).await;
    hook(&mut api, &other.url("/in"), &["webhook.changed"]).await;
    user(&mut api, ANNA).await;
    house.tell_webhooks().await;
    assert_eq!(api.get(&path).await.json()["status"], json!("disabled"));
    let failed = delivery(&mut api, &path).await;
    assert_eq!((&failed["status"], &failed["last_error"]), (&json!("failed"), &json!("answered with status 410")));
    let heard = other.take();
    assert_eq!(heard.last().unwrap().json()["data"]["details"]["change"], json!("gone"));
    user(&mut api, BOB).await;
    house.clock.advance(days(1));
    house.tell_webhooks().await;
    assert_eq!(gone.take().len(), 1);
    let again = format!("{path}/redeliver/{}", failed["id"].as_str().unwrap());
    house.api().await.post(&again, &json!({})).await.assert_status(409);
}

async fn case_116_an_event_is_queued_with_its_act_or_not_at_all(engine: Engine) {
    let mut house = House::on(engine).await;
    let mut api = house.api().await;
    let receiver = Receiver::start().await;
    let (path, _) = hook(&mut api, &receiver.url("/in"), &["invitation.created", "user.created"]).await;
    api.post("/api/v2/invitations", &json!({"email": ANNA})).await.assert_status(201);
    api.post("/api/v2/invitations", &json!({"email": ANNA})).await.assert_status(409);
    let queued = deliveries(&mut api, &path).await;
    assert_eq!(queued.len(), 2, "none for what was refused: {queued:?}");
    // The process ends between the commit and the post.
    house.restart().await;
    house.tell_webhooks().await;
    let told: BTreeSet<String> = receiver.take().iter().map(Told::kind).collect();
    assert_eq!(told.len(), 2);
    let ids: Vec<Value> = house.cellar().await.news().await.iter().map(|event| json!(event.id)).collect();
    assert!(queued.iter().all(|delivery| ids.contains(&delivery["id"])), "each is an event that was written down");
}

async fn case_117_the_delivery_of_a_dead_worker_comes_again(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let receiver = Receiver::start().await;
    let (path, _) = hook(&mut api, &receiver.url("/in"), &["user.created"]).await;
    receiver.answer_next([Reply::Hang]);
    user(&mut api, ANNA).await;
    let app = house.app.clone();
    let worker = tokio::spawn(async move { jobs::tell_due(&app).await });
    receiver.was_told(1).await;
    worker.abort();
    assert!(worker.await.unwrap_err().is_cancelled());
    house.clock.advance(just_before(WEBHOOK_LEASE));
    house.tell_webhooks().await;
    assert_eq!(receiver.take().len(), 1, "the lease holds");
    house.clock.advance(Duration::from_millis(1));
    house.tell_webhooks().await;
    let again = receiver.take();
    let done = delivery(&mut api, &path).await;
    assert_eq!((again.len(), again[0].id()), (1, done["id"].as_str().unwrap()));
    assert_eq!((&done["status"], &done["attempts_count"]), (&json!("delivered"), &json!(2)));
}

async fn case_014_no_secret_is_in_a_webhook(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let receiver = Receiver::start().await;
    let (path, secret) = hook(&mut scene.api, &receiver.url("/in"), &["*"]).await;
    let link = scene.handed_link(BOB).await;
    scene.guest(ANNA).await;
    assert!(opens(&scene, ANNA, PASSWORD).await);
    assert!(!opens(&scene, ANNA, "not-the-password").await);
    scene.house.visitor().post_form("/dbconnections/change_password", &[], &[("email", ANNA)]).await;
    scene.house.mails().await;
    let rotated = scene.api.post(&format!("{path}/rotate-secret"), &json!({})).await.json();
    scene.house.tell_webhooks().await;
    let told = receiver.take();
    let heard: BTreeSet<String> = told.iter().map(Told::kind).collect();
    for kind in ["invitation.created", "invitation.accepted", "login.succeeded", "login.failed", "webhook.changed"] {
        assert!(heard.contains(kind), "{kind} is missing in {heard:?}");
    }
    let token = link.rsplit('/').next().unwrap();
    for told in &told {
        let all = format!("{:?} {}", told.headers, told.body);
        let secrets = [
            "gl_",
            "whsec_",
            "/i/",
            PASSWORD,
            "not-the-password",
            token,
            &secret,
            &scene.api.token,
            &scene.api.client_secret,
        ];
        for secret in secrets.into_iter().chain(rotated["signing_secret"].as_str()) {
            assert!(!all.contains(secret), "{secret} is in {all}");
        }
    }
}

async fn for_a_day_both_secrets_sign(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let receiver = Receiver::start().await;
    let (path, old) = hook(&mut api, &receiver.url("/in"), &["user.created"]).await;
    let new = api.post(&format!("{path}/rotate-secret"), &json!({})).await.assert_status(200).json();
    let new = new["signing_secret"].as_str().unwrap();
    house.clock.advance(just_before(hours(24)));
    let mut api = house.api().await;
    user(&mut api, ANNA).await;
    house.tell_webhooks().await;
    let told = receiver.take().remove(0);
    assert!(told.is_signed_by(&old) && told.is_signed_by(new));
    house.clock.advance(Duration::from_millis(1));
    user(&mut api, BOB).await;
    house.tell_webhooks().await;
    let told = receiver.take().remove(0);
    assert!(!told.is_signed_by(&old) && told.is_signed_by(new));
}

async fn what_waits_while_a_webhook_is_off_comes_later(engine: Engine) {
    let house = House::on(engine).await;
    let mut api = house.api().await;
    let receiver = Receiver::start().await;
    let (path, _) = hook(&mut api, &receiver.url("/in"), &["user.created"]).await;
    user(&mut api, ANNA).await;
    api.patch(&path, &json!({"status": "disabled"})).await.assert_status(200);
    user(&mut api, BOB).await;
    house.tell_webhooks().await;
    assert!(receiver.take().is_empty());
    api.patch(&path, &json!({"status": "enabled"})).await.assert_status(200);
    house.tell_webhooks().await;
    assert_eq!(receiver.take().len(), 1, "what happened while it was off, it does not hear of");
}
