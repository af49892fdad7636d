//! Cases 28, 29 and 32: what hashing costs, whom it is spent on, and that nobody can tell from outside.

use crate::full_house::{FullHouse, HeldThread, PLACES, assert_sent_away, next, try_password, with_one_hashing_thread};
use crate::guests::{happened, invite};
use crate::raw;
use crate::scene::{ANNA, BOB, PASSWORD, Scene, assert_in};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode};
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use guestlist_testkit::visitor::{Answer, Form, Visitor};
use hyper::body::Frame;
use serde_json::json;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::task::JoinSet;

with_one_hashing_thread!(
    case_028_a_huge_password_is_refused_before_it_is_hashed,
    case_029_five_hundred_at_the_door,
    case_032_every_wrong_try_costs_a_hash,
);
on_both_engines!(case_028_no_more_is_read_than_a_form_can_be, case_032_every_wrong_try_gets_the_same_answer);

/// A form by which a password goes in, in the browser that has it.
struct Field {
    place: &'static str,
    visitor: Visitor,
    form: Form,
}

/// The four places: log-in, acceptance, reset, change.
async fn fields(scene: &mut Scene) -> Vec<Field> {
    let mut anna = scene.guest(ANNA).await;
    let change = anna.open("/account").await.form("Change password").with("current_password", PASSWORD);
    let guest = invite(scene, BOB).await;
    let mut bob = scene.house.visitor();
    let accept = bob.open(&guest.link).await.form("Set password");
    let mut forgetful = scene.house.visitor();
    let page = forgetful.open("/forgot").await;
    forgetful.press(&page, "Send the link", &[("email", ANNA)]).await;
    let link: String = scene.house.mail().await.link("/reset/").into();
    let reset = forgetful.open(&link).await.form("Set password");
    let mut visitor = scene.house.visitor();
    let login = visitor.open("/login").await.form("Log in").with("email", ANNA);
    vec![
        Field { place: "log-in", visitor, form: login },
        Field { place: "acceptance", visitor: bob, form: accept },
        Field { place: "reset", visitor: forgetful, form: reset },
        Field { place: "change", visitor: anna, form: change },
    ]
}

async fn case_028_a_huge_password_is_refused_before_it_is_hashed(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut fields = fields(&mut scene).await;
    happened(&scene).await;
    let before = scene.contents().await;
    let full = FullHouse::fill(&scene.house).await;
    for Field { place, visitor, form } in &mut fields {
        // What is longer than any password may be, as far as a form can carry it.
        for length in [513, 4_096, 60_000] {
            let huge = visitor.submit(&form.clone().with("password", &"kettle orbit ".repeat(length)[..length])).await;
            assert_eq!(huge.status.as_u16(), 400, "{place}, {length} bytes: {}", huge.text());
        }
        for megabytes in [1, 10] {
            let huge = visitor.submit(&form.clone().with("password", &"x".repeat(megabytes << 20))).await;
            assert_eq!(huge.status.as_u16(), 413, "{place}, {megabytes} MB");
        }
    }
    // The current password is one too.
    let Field { visitor, form, .. } = fields.last_mut().unwrap();
    let huge = form.clone().with("current_password", &"x".repeat(60_000)).with("password", "granite-lantern-8");
    visitor.submit(&huge).await.assert_status(400);
    let user = json!({"connection": "Username-Password-Authentication", "email": "dora@example.org",
        "password": "x".repeat(1_000_000)});
    scene.api.post("/api/v2/users", &user).await.assert_status(400);

    // A password of the right size meets the full house, in every one of these places: the answers above came before.
    for Field { place, visitor, form } in &mut fields {
        let answer = visitor.submit(&form.clone().with("password", "granite-lantern-8")).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{place}");
        assert_sent_away(&answer);
    }
    scene.assert_same(&before, &["events", "throttles"]).await;
    full.open().await;
    let Field { visitor, form, .. } = &mut fields[1];
    let account = visitor.submit(&form.clone().with("password", PASSWORD)).await;
    assert_in(&visitor.follow(account).await);
}

/// A body that never ends, and the count of what was taken of it.
struct Endless {
    head: Option<String>,
    taken: Arc<AtomicUsize>,
}

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.head.take().unwrap_or_else(|| "x".repeat(PIECE));
        self.taken.fetch_add(piece.len(), Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }
}

const PIECE: usize = 16 * 1024;

async fn case_028_no_more_is_read_than_a_form_can_be(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    for Field { place, visitor, form } in fields(&mut scene).await {
        let values = form.values.iter().filter(|(name, _)| *name != "password");
        let head = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(values).finish();
        let taken = Arc::new(AtomicUsize::new(0));
        let body = Endless { head: Some(format!("{head}&password=")), taken: Arc::clone(&taken) };
        let cookies = raw::cookie_line(&visitor);
        let headers = [
            ("host", "id.example.org"),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("cookie", cookies.as_str()),
        ];
        let request = raw::request("POST", form.action.path(), &headers, Body::new(body));
        let refused = raw::send(&scene.house.router, request).await;
        assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE, "{place}");
        let taken = taken.load(Ordering::SeqCst);
        assert!(taken <= 64 * 1024 + 2 * PIECE, "{place}: {taken} bytes were read");
    }
}

const CROWD: usize = 500;

async fn case_029_five_hundred_at_the_door(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    // Half of the crowd tries accounts that exist, ten for each of them: more are not let near a hash.
    let mut known = Vec::new();
    for number in 0..CROWD / 20 {
        known.push(format!("guest{number}@example.org"));
        scene.guest(&known[number]).await;
    }
    // The page is read before: the crowd is at the door, not in front of it.
    let mut ready = Vec::new();
    for number in 0..CROWD {
        let unknown = format!("stranger{number}@example.org");
        let email = if number % 2 == 0 { &known[number / 2 % known.len()] } else { &unknown };
        let mut visitor = scene.house.visitor();
        let form = visitor.open("/login").await.form("Log in");
        ready.push((visitor, form.with("email", email).with("password", "wrong-kettle-9")));
    }
    let thread = HeldThread::hold().await;
    let mut crowd = JoinSet::new();
    for (mut visitor, form) in ready {
        crowd.spawn(async move { visitor.submit(&form).await });
    }
    // Nobody hashes, so nobody leaves a place: all others are sent away at once, with a time to come back.
    for _ in PLACES..CROWD {
        assert_sent_away(&next(&mut crowd).await);
    }
    assert_eq!(crowd.len(), PLACES);
    // Whatever needs no hash is answered as ever.
    let mut visitor = scene.house.visitor();
    for path in ["/healthz", "/readyz", "/.well-known/openid-configuration", "/.well-known/jwks.json", "/login"] {
        visitor.get(path).await.assert_status(200);
    }
    let account = scene.acme.send_back(&scene.leave_to_sign_in(&mut visitor).await, &Account::new("x", "x@x.example"));
    visitor.open(&account).await.assert_status(403);
    invite(&mut scene, BOB).await;
    assert_eq!(crowd.len(), PLACES, "those who wait still wait");
    happened(&scene).await;

    drop(thread);
    while let Some(answer) = crowd.join_next().await {
        answer.unwrap().assert_status(400).assert_says("This email and password do not match");
    }
    assert_eq!(happened(&scene).await, vec!["login.failed"; PLACES], "a line for each that was compared");
    scene.house.clock.advance(Duration::from_mins(16));
    assert_in(&crate::scene::log_in(&mut visitor, &known[0], PASSWORD).await);
}

/// Everybody whom a password does not let in; the addresses are of one length, so that pages can be compared.
const WRONG: &[(&str, &str, &str)] = &[
    ("unknown", "nobody@example.org", "wrong-kettle-9"),
    ("known", "annika@example.org", "wrong-kettle-9"),
    ("pending", "waiter@example.org", "wrong-kettle-9"),
    ("pending, the password that the API set", "waiter@example.org", PASSWORD),
    ("blocked", "barred@example.org", "wrong-kettle-9"),
    ("social-only", "social@example.org", "wrong-kettle-9"),
    ("revoked", "former@example.org", "wrong-kettle-9"),
    ("no address", "no-address-at-all!", "wrong-kettle-9"),
];

async fn everybody(scene: &mut Scene) {
    scene.guest("annika@example.org").await;
    let waiter = json!({"connection": "Username-Password-Authentication", "email": "waiter@example.org",
        "password": PASSWORD, "email_verified": false});
    scene.api.post("/api/v2/users", &waiter).await.assert_status(201);
    scene.guest("barred@example.org").await;
    let barred = scene.cellar.user("barred@example.org").await.id.to_string().replace('|', "%7C");
    scene.api.patch(&format!("/api/v2/users/{barred}"), &json!({"blocked": true})).await.assert_status(200);
    let link = scene.invite("social@example.org").await;
    let mut social = scene.house.visitor();
    let page = social.open(&link).await;
    let away = crate::scene::leave(&mut social, &page, "Continue with Acme").await;
    assert_in(&social.open(&scene.acme.send_back(&away, &Account::new("social", "social@example.org"))).await);
    scene.house.mails().await;
    let former = invite(scene, "former@example.org").await;
    former.revoke(scene).await.assert_status(200);
}

/// What is the same whoever it is about: status, headers, body with the address taken out.
fn comparable(answer: &Answer, email: &str) -> (StatusCode, HeaderMap, String) {
    let mut headers = answer.headers.clone();
    headers.remove("x-request-id").expect("every answer has a name");
    (answer.status, headers, answer.body.replace(email, "…"))
}

async fn case_032_every_wrong_try_gets_the_same_answer(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    everybody(&mut scene).await;
    let mut visitor = scene.house.visitor();
    visitor.open("/login").await;
    happened(&scene).await;
    let mut expected = None;
    let before = scene.contents().await;
    // Two rounds, so that a second try shows nothing that the first did not.
    for (who, email, password) in WRONG.iter().chain(WRONG) {
        assert_eq!(email.len(), 18, "{email}");
        let answer = try_password(&mut visitor, email, password).await;
        answer.assert_status(400).assert_says("This email and password do not match");
        let answer = comparable(&answer, email);
        let expected = expected.get_or_insert_with(|| answer.clone());
        assert_eq!(*expected, answer, "{who}");
        assert_eq!(happened(&scene).await, ["login.failed"], "{who}");
    }
    assert_eq!(visitor.cookie("session"), None);
    scene.assert_same(&before, &["events", "throttles"]).await;

    // Whoever knows the password is told of the block; that is written down, and opens nothing.
    try_password(&mut visitor, "barred@example.org", PASSWORD).await.assert_status(403);
    scene.assert_login_failed("user_blocked").await;
    assert_eq!(visitor.cookie("session"), None);

    // The eleventh try in a quarter of an hour is refused as well, for nobody's address and for anybody's alike.
    let mut limits = Vec::new();
    for email in ["nobody@example.org", "annika@example.org", "waiter@example.org", "social@example.org"] {
        let last = loop {
            let answer = try_password(&mut visitor, email, "wrong-kettle-9").await;
            if answer.status != StatusCode::BAD_REQUEST {
                break answer;
            }
        };
        assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
        limits.push(comparable(&last, email));
    }
    assert!(limits.windows(2).all(|pair| pair[0] == pair[1]));
}

/// Without a look at a clock: where no place to hash is free, each of them is sent away, so each of them was on its
/// way to a hash.
async fn case_032_every_wrong_try_costs_a_hash(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    everybody(&mut scene).await;
    let mut visitor = scene.house.visitor();
    let full = FullHouse::fill(&scene.house).await;
    let mut answers = Vec::new();
    for (who, email, password) in WRONG {
        let answer = try_password(&mut visitor, email, password).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{who} costs no hash");
        assert_sent_away(&answer);
        let mut headers = answer.headers.clone();
        headers.remove("x-request-id");
        let id = answer.header("x-request-id").unwrap().to_owned();
        answers.push((headers, answer.body.replace(&id, "…")));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "and each is told the same");
    full.open().await;
}
