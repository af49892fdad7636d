//! An address that a link alone does not prove: the code, the provider, and what neither can be made to prove.

use crate::scene::{ANNA, BOB, PASSWORD, Scene, accept_by_password, assert_in, leave, log_in};
use guestlist_domain::address_code::LIFETIME;
use guestlist_domain::event::EventKind;
use guestlist_testkit::house::Engine;
use guestlist_testkit::inbox::Letter;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use guestlist_testkit::visitor::{Answer, Form, Visitor};
use serde_json::{Value, json};

on_both_engines!(
    case_023_a_link_that_the_api_disclosed_proves_no_mailbox_until_a_mailed_code_is_entered,
    case_023_the_link_is_disclosed_once,
    case_023_a_code_is_guessed_five_times_at_most,
    case_023_a_code_is_its_users_its_addresss_and_the_newest,
    case_023_codes_are_not_mailed_without_end,
    case_023_an_authoritative_provider_proves_the_address_of_the_account_it_opens,
    a_program_asks_for_the_mail_and_learns_nothing,
);

/// Somebody who came in by a link that was handed over.
async fn handed(scene: &mut Scene, email: &str) -> Visitor {
    let link = scene.handed_link(email).await;
    let mut guest = scene.house.visitor();
    accept_by_password(&mut guest, &link).await;
    scene.house.mails().await;
    guest
}

/// The code in a mail, and nothing else of eight digits.
pub(crate) fn code_of(letter: &Letter) -> String {
    let line = letter
        .text
        .lines()
        .map(|line| line.replace(' ', ""))
        .find(|line| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit()));
    line.unwrap_or_else(|| panic!("no code in:\n{}", letter.text))
}

/// Another code than that.
fn wrong(code: &str) -> String {
    let last = code.as_bytes()[7] - b'0';
    format!("{}{}", &code[..7], (last + 1) % 10)
}

async fn ask(scene: &Scene, guest: &mut Visitor) -> (Answer, String) {
    let page = guest.open("/account/address").await;
    let button = if page.offers("Mail me a code") { "Mail me a code" } else { "Mail me another code" };
    let page = guest.press(&page, button, &[]).await;
    page.assert_status(200).assert_says("We mailed a code to");
    let letter = scene.house.mail().await;
    (page, code_of(&letter))
}

async fn enter(guest: &mut Visitor, page: &Answer, code: &str) -> Answer {
    guest.press(page, "Confirm address", &[("code", code)]).await
}

async fn is_verified(scene: &mut Scene, email: &str) -> bool {
    let users = scene.api.get(&format!("/api/v2/users-by-email?email={email}")).await.json();
    users[0]["email_verified"].as_bool().unwrap()
}

async fn case_023_a_link_that_the_api_disclosed_proves_no_mailbox_until_a_mailed_code_is_entered(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = handed(&mut scene, ANNA).await;
    assert!(!is_verified(&mut scene, ANNA).await);
    let account = anna.open("/account").await;
    account.assert_says("not confirmed");
    let page = anna.open(&account.find_link("Confirm it").unwrap()).await;
    page.assert_says(ANNA);
    let (page, code) = ask(&scene, &mut anna).await;
    assert!(!page.body.contains(&code), "the page does not tell it");
    let again = enter(&mut anna, &page, &wrong(&code)).await;
    again.assert_status(400).assert_says("This is not the code");
    assert!(!is_verified(&mut scene, ANNA).await);
    scene.cellar.news().await;
    let done = enter(&mut anna, &again, &format!("{} {}", &code[..4], &code[4..])).await;
    assert_in(&done);
    done.assert_says("Your address is confirmed");
    assert!(is_verified(&mut scene, ANNA).await);
    assert!(scene.cellar.user(ANNA).await.email_proven_at.is_some());
    let updated = scene.news_of(EventKind::UserUpdated).await;
    assert_eq!((&updated.data["changed"], &updated.data["proof"]), (&json!(["email_verified"]), &json!("mailbox")));
    assert!(!serde_json::to_string(&updated.data).unwrap().contains(&code));
    // Nothing is left to do, and the code is good once.
    assert_eq!(anna.open("/account/address").await.url.path(), "/account");

    // From now on the address counts where the merge rule asks for a proven one.
    scene.declare(&["example.org"], "confirm").await;
    let mut elsewhere = scene.house.visitor();
    let asked = scene.sign_in(&mut elsewhere, &Account::new("anna-at-acme", ANNA)).await;
    asked.assert_status(200).assert_says("Is this your account?");
}

async fn case_023_the_link_is_disclosed_once(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let made = scene.api.post("/api/v2/invitations", &json!({"email": ANNA, "send_email": false})).await;
    let made = made.assert_status(201).json();
    let secret = made["invitation_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let id = made["id"].as_str().unwrap();
    for path in [format!("/api/v2/invitations/{id}"), "/api/v2/invitations".into(), "/api/v2/users".into()] {
        let answer = scene.api.get(&path).await;
        answer.assert_status(200);
        assert!(!answer.body.contains(&secret) && !answer.body.contains("gl_inv_"), "{path}: {}", answer.body);
    }
}

async fn case_023_a_code_is_guessed_five_times_at_most(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = handed(&mut scene, ANNA).await;
    let (mut page, code) = ask(&scene, &mut anna).await;
    let form = page.form("Confirm address");
    for text in ["", "1", "12345678x", "nonsense"] {
        page = anna.submit(&form.clone().with("code", text)).await;
        page.assert_status(400).assert_says("This is not the code");
    }
    for _ in 0..5 {
        page = anna.submit(&form.clone().with("code", &wrong(&code))).await;
        page.assert_status(400);
    }
    let late = anna.submit(&form.with("code", &code)).await;
    late.assert_status(400).assert_says("not good any more");
    assert!(!is_verified(&mut scene, ANNA).await);
}

async fn case_023_a_code_is_its_users_its_addresss_and_the_newest(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let (mut anna, mut bob) = (handed(&mut scene, ANNA).await, handed(&mut scene, BOB).await);
    let (_, first) = ask(&scene, &mut anna).await;
    let (page, second) = ask(&scene, &mut anna).await;
    let (bobs_page, bobs) = ask(&scene, &mut bob).await;
    if first != second {
        enter(&mut anna, &page, &first).await.assert_status(400);
    }
    enter(&mut anna, &page, &bobs).await.assert_status(400);
    enter(&mut bob, &bobs_page, &second).await.assert_status(400);
    let confirm = page.form("Confirm address");
    // The address is another now; the code was mailed to the one before.
    let path = format!("/api/v2/users/{}", scene.cellar.user(ANNA).await.id.to_string().replace('|', "%7C"));
    let moved = json!({"email": "other@example.org", "verify_email": false});
    scene.api.patch(&path, &moved).await.assert_status(200);
    assert_in(&log_in(&mut anna, "other@example.org", PASSWORD).await);
    let page = anna.open("/account/address").await;
    assert!(page.offers("Mail me a code"), "{}", page.text());
    let old = Form { action: confirm.action.clone(), ..page.form("Mail me a code") }.with("code", &second);
    anna.submit(&old).await.assert_status(400);
    assert!(!scene.cellar.user("other@example.org").await.email_verified);
    let (page, code) = ask(&scene, &mut anna).await;
    assert_eq!(page.url.path(), "/account/address");
    // Too late.
    scene.house.clock.advance(LIFETIME);
    let page = anna.open("/account/address").await;
    assert!(!page.offers("Confirm address"), "{}", page.text());
    let (page, fresh) = ask(&scene, &mut anna).await;
    if fresh != code {
        enter(&mut anna, &page, &code).await.assert_status(400);
    }
    assert_in(&enter(&mut anna, &page, &fresh).await);
}

async fn case_023_codes_are_not_mailed_without_end(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = handed(&mut scene, ANNA).await;
    let mut page = anna.open("/account/address").await;
    for _ in 0..5 {
        page = ask(&scene, &mut anna).await.0;
    }
    let refused = anna.press(&page, "Mail me another code", &[]).await;
    refused.assert_status(429).assert_says("Too many attempts");
    assert!(scene.house.mails().await.is_empty());
}

async fn case_023_an_authoritative_provider_proves_the_address_of_the_account_it_opens(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = handed(&mut scene, ANNA).await;
    let at_acme = Account::new("anna-at-acme", ANNA);
    scene.connect(&mut anna, &at_acme).await.assert_says("Connected");
    assert!(!is_verified(&mut scene, ANNA).await, "Acme is not authoritative");
    scene.declare(&["example.org"], "confirm").await;
    let mut later = scene.house.visitor();
    assert_in(&scene.sign_in(&mut later, &at_acme).await);
    assert!(is_verified(&mut scene, ANNA).await);
    assert_eq!(scene.cellar.news().await.iter().filter(|event| event.kind == EventKind::UserUpdated).count(), 1);

    // Another address at the provider proves nothing about this one, and nothing that it did not verify does.
    let mut bob = handed(&mut scene, BOB).await;
    let page = bob.open("/account").await;
    let away = leave(&mut bob, &page, "Connect Acme").await;
    let other = Account::new("bob-at-acme", "robert@example.org");
    bob.open(&scene.acme.send_back(&away, &other)).await.assert_says("Connected");
    assert!(!is_verified(&mut scene, BOB).await);
    let unverified = Account::with_claims("bob-at-acme", json!({"email": BOB, "email_verified": false}));
    assert_in(&scene.sign_in(&mut scene.house.visitor(), &unverified).await);
    assert!(!is_verified(&mut scene, BOB).await);
    assert_in(&scene.sign_in(&mut scene.house.visitor(), &Account::new("bob-at-acme", BOB)).await);
    assert!(is_verified(&mut scene, BOB).await);
}

async fn a_program_asks_for_the_mail_and_learns_nothing(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = handed(&mut scene, ANNA).await;
    let id = json!(scene.cellar.user(ANNA).await.id);
    let job = scene.api.post("/api/v2/jobs/verification-email", &json!({"user_id": id, "client_id": "any"})).await;
    let code = code_of(&scene.house.mail().await);
    assert!(!job.assert_status(201).body.contains(&code));
    let job: Value = job.json();
    assert_eq!((&job["type"], &job["status"]), (&json!("verification_email"), &json!("pending")));
    let page = anna.open("/account/address").await;
    assert_in(&enter(&mut anna, &page, &code).await);
    // Proven already: no mail. Unknown, only invited, or no body: a clear answer.
    scene.api.post("/api/v2/jobs/verification-email", &json!({"user_id": id})).await.assert_status(201);
    assert!(scene.house.mails().await.is_empty());
    scene.invite(BOB).await;
    let pending = json!({"user_id": scene.cellar.user(BOB).await.id});
    scene.api.post("/api/v2/jobs/verification-email", &pending).await.assert_status(400);
    scene.api.post("/api/v2/jobs/verification-email", &json!({"user_id": "auth0|nobody"})).await.assert_status(404);
    scene.api.post("/api/v2/jobs/verification-email", &json!({})).await.assert_status(400);
    assert!(scene.house.mails().await.is_empty());
    // No mailbox gets them without end, and the libraries learn when to come again.
    handed(&mut scene, "cem@example.org").await;
    let cem = json!({"user_id": scene.cellar.user("cem@example.org").await.id});
    for _ in 0..5 {
        scene.api.post("/api/v2/jobs/verification-email", &cem).await.assert_status(201);
    }
    let refused = scene.api.post("/api/v2/jobs/verification-email", &cem).await;
    assert_eq!(refused.assert_status(429).json()["errorCode"], "too_many_requests");
    assert_eq!(refused.header("retry-after"), Some("3600"));
    assert_eq!(scene.house.mails().await.len(), 1, "the newest code alone is worth a mail");
}
