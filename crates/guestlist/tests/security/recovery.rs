//! Cases 36 and 37: the link to a new password, as hard to misuse as an invitation's.

use crate::guests::{assert_opens, happened, invite, opens, press};
use crate::race::{at_once, races_on_both_engines};
use crate::raw::cookies_set;
use crate::scene::{ANNA, BOB, PASSWORD, Scene, assert_in, assert_out, log_in};
use axum::http::Method;
use data_encoding::BASE64URL_NOPAD;
use guestlist_domain::ticket::MAILED_LIFETIME;
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::visitor::{Answer, Form, Visitor};
use serde_json::json;
use std::time::Duration;

on_both_engines!(
    case_036_an_altered_link_gets_the_same_page,
    case_036_a_link_is_good_once,
    case_036_expiry_is_decided_at_the_press,
    case_036_a_scanner_changes_nothing,
    case_036_only_the_newest_link,
    case_036_another_address_kills_the_link,
    case_036_another_password_or_a_block_kills_the_link,
    case_036_the_secret_leaves_the_address,
    case_036_a_new_password_ends_every_session,
    case_037_no_password_without_the_mailed_secret,
    case_037_a_secret_for_something_else_sets_no_password,
    case_037_the_secret_of_one_account_sets_no_password_of_another,
);
races_on_both_engines!(case_036_sixty_four_at_once);

const NEW: &str = "granite-lantern-8";
/// What a press leaves behind that found its link dead: nothing.
const NOTHING: &[&str] = &[];

/// Asks for a new password and answers the link out of the mail.
pub(crate) async fn forgot(scene: &Scene, email: &str) -> String {
    let mut visitor = scene.house.visitor();
    let page = visitor.open("/forgot").await;
    visitor.press(&page, "Send the link", &[("email", email)]).await.assert_status(200);
    scene.house.mail().await.link("/reset/").into()
}

pub(crate) async fn reset_form(visitor: &mut Visitor, link: &str, password: &str) -> Form {
    visitor.open(link).await.form("Set password").with("password", password)
}

/// Fails unless the page is that of a dead link.
#[track_caller]
fn assert_dead(answer: &Answer, words: &str) {
    answer.assert_status(410).assert_says(words);
    assert!(!answer.offers("Set password"));
    assert_eq!(answer.find_link("Ask for a new link").as_deref(), Some("/forgot"), "never a dead end");
}

/// Anna, who has a password, and a scene that has told its news.
async fn with_anna(engine: Engine) -> (Scene, Visitor) {
    let mut scene = Scene::on(engine).await;
    let anna = scene.guest(ANNA).await;
    happened(&scene).await;
    (scene, anna)
}

async fn case_036_an_altered_link_gets_the_same_page(engine: Engine) {
    let (scene, _) = with_anna(engine).await;
    let link = forgot(&scene, ANNA).await;
    let secret = link.strip_prefix("https://id.example.org/reset/gl_rst_").expect("the form of the link");
    let bits: [u8; 32] = BASE64URL_NOPAD.decode(secret.as_bytes()).unwrap().try_into().expect("256 bits");
    happened(&scene).await;
    let before = scene.contents().await;
    let known = scene.house.visitor().open(&format!("/reset/gl_rst_{}", "A".repeat(43))).await;
    known.assert_status(404).assert_says("This link does not work");
    let flipped = (0..256).map(|bit| {
        let mut bits = bits;
        bits[bit / 8] ^= 1 << (bit % 8);
        format!("gl_rst_{}", BASE64URL_NOPAD.encode(&bits))
    });
    let others = [secret.to_owned(), format!("gl_inv_{secret}"), format!("gl_rst_{secret}A"), "gl_rst_".to_owned()];
    for secret in flipped.chain(others) {
        let answer = scene.house.visitor().open(&format!("/reset/{secret}")).await;
        assert_eq!((answer.status, &answer.body), (known.status, &known.body), "{secret}");
    }
    scene.assert_same(&before, NOTHING).await;
    assert!(scene.house.visitor().open(&link).await.offers("Set password"));
}

async fn case_036_a_link_is_good_once(engine: Engine) {
    let (scene, _) = with_anna(engine).await;
    let link = forgot(&scene, ANNA).await;
    let mut other = scene.house.visitor();
    let late = reset_form(&mut other, &link, "second-lamp-71").await;
    let mut visitor = scene.house.visitor();
    let form = reset_form(&mut visitor, &link, NEW).await;
    assert_eq!(happened(&scene).await, ["user.reset_requested"]);
    press(&mut visitor, &form).await.assert_status(200);
    assert_eq!(happened(&scene).await, ["user.password_changed"]);
    assert_eq!(scene.house.mail().await.to, [ANNA], "the owner is told");
    assert_out(&mut visitor).await;

    let before = scene.contents().await;
    assert_dead(&press(&mut other, &late).await, "This link was already used");
    assert_dead(&scene.house.visitor().open(&link).await, "This link was already used");
    visitor.submit(&form).await.assert_status(400);
    assert_out(&mut other).await;
    scene.assert_same(&before, NOTHING).await;
    assert!(opens(&scene, ANNA, NEW).await);
    assert!(!opens(&scene, ANNA, PASSWORD).await && !opens(&scene, ANNA, "second-lamp-71").await);
}

const RACERS: usize = 64;

async fn case_036_sixty_four_at_once(engine: Engine) {
    let (scene, _) = with_anna(engine).await;
    let link = forgot(&scene, ANNA).await;
    let password = |number: usize| format!("granite-lantern-{number}");
    let mut racers = Vec::new();
    for number in 0..RACERS {
        let mut visitor = scene.house.visitor();
        let form = reset_form(&mut visitor, &link, &password(number)).await;
        racers.push(async move { (number, press(&mut visitor, &form).await) });
    }
    happened(&scene).await;
    let mut winners = Vec::new();
    for (number, answer) in at_once(racers).await {
        if answer.status.is_success() {
            winners.push(number);
        } else {
            assert_dead(&answer, "This link was already used");
        }
    }
    assert_eq!(winners.len(), 1, "one winner: {winners:?}");
    assert_eq!(happened(&scene).await, ["user.password_changed"]);
    assert_eq!(scene.house.mails().await.len(), 1);
    assert!(opens(&scene, ANNA, &password(winners[0])).await);
    let loser = usize::from(winners[0] == 0);
    assert!(!opens(&scene, ANNA, &password(loser)).await && !opens(&scene, ANNA, PASSWORD).await);
}

async fn case_036_expiry_is_decided_at_the_press(engine: Engine) {
    let (scene, _) = with_anna(engine).await;
    let link = forgot(&scene, ANNA).await;
    scene.house.clock.advance(MAILED_LIFETIME.saturating_sub(Duration::from_secs(1)));
    let mut visitor = scene.house.visitor();
    let form = reset_form(&mut visitor, &link, NEW).await;
    scene.house.clock.advance(Duration::from_secs(2));
    happened(&scene).await;
    let before = scene.contents().await;
    assert_dead(&press(&mut visitor, &form).await, "This link has expired");
    assert_dead(&scene.house.visitor().open(&link).await, "This link has expired");
    scene.assert_same(&before, NOTHING).await;
    assert!(happened(&scene).await.is_empty());
    assert_opens(&scene, ANNA).await;
}

async fn case_036_a_scanner_changes_nothing(engine: Engine) {
    let (scene, mut anna) = with_anna(engine).await;
    let link = forgot(&scene, ANNA).await;
    happened(&scene).await;
    let before = scene.contents().await;
    let mut follower = scene.house.visitor();
    follower.open(&link).await;
    for _ in 0..20 {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            let prefetch = [("sec-purpose", "prefetch"), ("purpose", "prefetch")];
            for path in [link.as_str(), "/reset"] {
                let answer = follower.send(method.clone(), path, &prefetch, String::new()).await;
                assert!(!answer.status.is_server_error());
                assert!(!cookies_set(&answer.headers).iter().any(|name| name.contains("session")));
            }
        }
    }
    scene.assert_same(&before, NOTHING).await;
    assert!(happened(&scene).await.is_empty() && scene.house.mails().await.is_empty());
    assert_in(&anna.open("/account").await);
    let mut visitor = scene.house.visitor();
    let form = reset_form(&mut visitor, &link, NEW).await;
    press(&mut visitor, &form).await.assert_status(200);
    assert!(opens(&scene, ANNA, NEW).await);
}

async fn case_036_only_the_newest_link(engine: Engine) {
    let (scene, _) = with_anna(engine).await;
    let mut early = scene.house.visitor();
    let mut links = vec![forgot(&scene, ANNA).await];
    let form = reset_form(&mut early, &links[0], NEW).await;
    links.push(forgot(&scene, ANNA).await);
    links.push(forgot(&scene, ANNA).await);
    let newest = links.pop().unwrap();
    let before = scene.contents().await;
    assert_dead(&press(&mut early, &form).await, "There is a newer link");
    for link in &links {
        assert_ne!(*link, newest);
        assert_dead(&scene.house.visitor().open(link).await, "There is a newer link");
    }
    scene.assert_same(&before, NOTHING).await;
    let mut visitor = scene.house.visitor();
    let form = reset_form(&mut visitor, &newest, NEW).await;
    press(&mut visitor, &form).await.assert_status(200);
    assert!(opens(&scene, ANNA, NEW).await);
}

/// The path of Anna's user at the Management API.
async fn path_of_anna(scene: &Scene) -> String {
    format!("/api/v2/users/{}", scene.cellar.user(ANNA).await.id.as_str().replace('|', "%7C"))
}

/// Fails unless the form that was open and the link are dead, and nothing comes of either.
async fn assert_killed(scene: &Scene, mut early: Visitor, form: &Form, link: &str) {
    let before = scene.contents().await;
    assert_dead(&press(&mut early, form).await, "There is a newer link");
    assert_dead(&scene.house.visitor().open(link).await, "There is a newer link");
    scene.assert_same(&before, NOTHING).await;
}

async fn case_036_another_address_kills_the_link(engine: Engine) {
    let (mut scene, _) = with_anna(engine).await;
    let link = forgot(&scene, ANNA).await;
    let mut early = scene.house.visitor();
    let form = reset_form(&mut early, &link, NEW).await;
    let path = path_of_anna(&scene).await;
    scene.api.patch(&path, &json!({"email": "anna@example.com"})).await.assert_status(200);
    scene.house.mails().await;
    assert_killed(&scene, early, &form, &link).await;
    assert!(opens(&scene, "anna@example.com", PASSWORD).await, "the password is what it was");
    // Back at the old address, the old link stays dead.
    scene.api.patch(&path, &json!({"email": ANNA})).await.assert_status(200);
    assert_dead(&scene.house.visitor().open(&link).await, "There is a newer link");
}

async fn case_036_another_password_or_a_block_kills_the_link(engine: Engine) {
    let (mut scene, mut anna) = with_anna(engine).await;
    let path = path_of_anna(&scene).await;
    let link = forgot(&scene, ANNA).await;
    let mut early = scene.house.visitor();
    let form = reset_form(&mut early, &link, NEW).await;
    let account = anna.open("/account").await;
    let change =
        account.form("Change password").with("current_password", PASSWORD).with("password", "willow-candle-31");
    assert_in(&press(&mut anna, &change).await);
    scene.house.mails().await;
    assert_killed(&scene, early, &form, &link).await;

    let link = forgot(&scene, ANNA).await;
    let mut early = scene.house.visitor();
    let form = reset_form(&mut early, &link, NEW).await;
    scene.api.patch(&path, &json!({"blocked": true})).await.assert_status(200);
    assert_killed(&scene, early.clone(), &form, &link).await;
    scene.api.patch(&path, &json!({"blocked": false})).await.assert_status(200);
    assert_killed(&scene, early, &form, &link).await;
    assert!(opens(&scene, ANNA, "willow-candle-31").await);
}

async fn case_036_the_secret_leaves_the_address(engine: Engine) {
    let (scene, _) = with_anna(engine).await;
    let link = forgot(&scene, ANNA).await;
    let secret = link.rsplit('/').next().unwrap()[7..].to_owned();
    let mut visitor = scene.house.visitor();
    let moved = visitor.get(&link).await;
    assert_eq!((moved.status.as_u16(), moved.location()), (303, Some("/reset")));
    assert_eq!(cookies_set(&moved.headers), ["__Host-guestlist_reset"]);
    let page = visitor.follow(moved.clone()).await;
    for answer in [moved, page] {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert!(!answer.body.contains(&secret) && !format!("{:?}", answer.headers).contains(&secret));
    }
}

async fn case_036_a_new_password_ends_every_session(engine: Engine) {
    let (scene, mut anna) = with_anna(engine).await;
    let mut thief = scene.house.visitor();
    assert_in(&log_in(&mut thief, ANNA, PASSWORD).await);
    let link = forgot(&scene, ANNA).await;
    let form = reset_form(&mut anna, &link, NEW).await;
    press(&mut anna, &form).await.assert_status(200);
    assert_out(&mut anna).await;
    assert_out(&mut thief).await;
    assert!(scene.contents().await["sessions"].is_empty());
}

/// The form of this browser's log-in page, bent to set a password.
async fn bent_form(visitor: &mut Visitor) -> Form {
    let mut form = visitor.open("/login").await.form("Log in").with("email", ANNA).with("password", NEW);
    form.action.set_path("/reset");
    form
}

async fn case_037_no_password_without_the_mailed_secret(engine: Engine) {
    let (scene, mut anna) = with_anna(engine).await;
    // A link is on its way, and this browser is the one that asked for it; it never opened it.
    let mut visitor = scene.house.visitor();
    let page = visitor.open("/forgot").await;
    visitor.press(&page, "Send the link", &[("email", ANNA)]).await.assert_status(200);
    let link: String = scene.house.mail().await.link("/reset/").into();
    happened(&scene).await;
    let before = scene.contents().await;
    let page = visitor.open("/reset").await;
    page.assert_status(400).assert_says("Please start again");
    assert!(!page.offers("Set password"), "the form is out of reach");
    let form = bent_form(&mut visitor).await;
    let secret = link.rsplit('/').next().unwrap();
    for (name, value) in [("token", secret), ("link", secret), ("ticket", secret), ("secret", secret), ("x", "")] {
        let mut form = form.clone().with(name, value);
        form.action.query_pairs_mut().append_pair(name, value);
        visitor.submit(&form).await.assert_status(400).assert_says("Please start again");
    }
    // Being signed in opens no other way to it either.
    let mut form = anna.open("/account").await.form("Change password").with("password", NEW);
    form.action.set_path("/reset");
    anna.submit(&form).await.assert_status(400);
    form.action.set_path("/account/password");
    anna.submit(&form.with("current_password", "")).await.assert_status(400);
    scene.assert_same(&before, &["throttles"]).await;
    assert!(happened(&scene).await.is_empty());
    assert_opens(&scene, ANNA).await;
}

async fn case_037_a_secret_for_something_else_sets_no_password(engine: Engine) {
    let (mut scene, mut anna) = with_anna(engine).await;
    let guest = invite(&mut scene, BOB).await;
    let link = forgot(&scene, ANNA).await;
    let mut visitor = scene.house.visitor();
    visitor.open(&guest.link).await;
    let form = bent_form(&mut visitor).await;
    let (invitation, browser) = (visitor.cookie("invitation").unwrap(), visitor.cookie("browser").unwrap());
    let session = anna.cookie("session").unwrap();
    let bare = link.rsplit('/').next().unwrap();
    let cookies = [invitation, browser, session, bare, "", "gl_rst_"].map(str::to_owned);
    happened(&scene).await;
    let before = scene.contents().await;
    for cookie in &cookies {
        visitor.set_cookie("__Host-guestlist_reset", cookie);
        visitor.submit(&form).await.assert_status(400).assert_says("Please start again");
        visitor.get("/reset").await.assert_status(400);
    }
    // And the other way round: a secret for a new password accepts no invitation.
    let mut other = scene.house.visitor();
    other.open(&link).await;
    let sealed = other.cookie("reset").unwrap().to_owned();
    let mut form = visitor.open("/accept").await.form("Set password").with("password", NEW);
    visitor.set_cookie("__Host-guestlist_invitation", &sealed);
    visitor.submit(&form).await.assert_status(400);
    // Without the cookie that binds the form to its browser there is not even a form.
    form.action.set_path("/reset");
    let mut stranger = scene.house.visitor();
    stranger.set_cookie("__Host-guestlist_reset", &sealed);
    stranger.submit(&form).await.assert_status(403);
    scene.assert_same(&before, NOTHING).await;
    assert!(happened(&scene).await.is_empty());
    assert_in(&anna.open("/account").await);
}

async fn case_037_the_secret_of_one_account_sets_no_password_of_another(engine: Engine) {
    let (mut scene, _) = with_anna(engine).await;
    scene.guest(BOB).await;
    let (hers, his) = (forgot(&scene, ANNA).await, forgot(&scene, BOB).await);
    let mut attacker = scene.house.visitor();
    let anna = scene.cellar.user(ANNA).await;
    // Bob's secret, with everything on the form that says Anna; hers was opened elsewhere and waits.
    scene.house.visitor().open(&hers).await;
    let form = reset_form(&mut attacker, &his, NEW).await;
    let mut form = form.with("email", ANNA).with("user_id", anna.id.as_str()).with("username", ANNA);
    form.action.query_pairs_mut().append_pair("email", ANNA).append_pair("user_id", anna.id.as_str());
    happened(&scene).await;
    press(&mut attacker, &form).await.assert_status(200);
    assert_eq!(happened(&scene).await, ["user.password_changed"]);
    assert_eq!(scene.house.mail().await.to, [BOB]);
    assert_eq!(scene.cellar.user(ANNA).await, anna);
    assert!(opens(&scene, BOB, NEW).await && !opens(&scene, ANNA, NEW).await);
    assert_opens(&scene, ANNA).await;
    assert!(scene.house.visitor().open(&hers).await.offers("Set password"), "her own link is untouched");
}
