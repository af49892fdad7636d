//! Cases 45 to 54: who comes back from a provider, and what the provider's word is worth.

use crate::scene::{
    ANNA, BOB, PASSWORD, Scene, TRACES, accept_by_password, assert_in, assert_out, leave, log_in, parameter,
    with_parameter,
};
use guestlist_domain::event::EventKind;
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use guestlist_testkit::visitor::Visitor;
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both_engines!(
    case_045_a_state_that_is_missing_empty_or_made_up,
    case_045_the_state_of_another_browser,
    case_045_a_state_is_good_once,
    case_045_the_state_of_another_provider,
    case_045_the_state_of_another_intent,
    case_045_a_state_dies_with_its_link,
    case_047_an_id_token_without_the_nonce_of_this_trip,
    case_047_pkce_and_a_nonce_on_every_trip,
    case_047_a_code_from_another_trip,
    case_050_an_address_that_is_not_verified_matches_nobody,
    case_050_an_address_that_is_not_verified_proves_no_mailbox,
    case_051_a_provider_without_authority_matches_nobody,
    case_051_a_provider_without_authority_proves_no_mailbox,
    case_054_another_address_at_the_provider_changes_nothing_here,
);

/// Anna, who accepted by Acme; her browser is signed in.
async fn anna_by_acme(scene: &mut Scene) -> (Visitor, Account) {
    let account = Account::new("anna-at-acme", ANNA);
    let link = scene.invite(ANNA).await;
    let mut anna = scene.house.visitor();
    let page = anna.open(&link).await;
    let away = leave(&mut anna, &page, "Continue with Acme").await;
    assert_in(&anna.open(&scene.acme.send_back(&away, &account)).await);
    scene.house.mails().await;
    (anna, account)
}

async fn case_045_a_state_that_is_missing_empty_or_made_up(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let (_, account) = anna_by_acme(&mut scene).await;
    let mut later = scene.house.visitor();
    let back = scene.acme.send_back(&scene.leave_to_sign_in(&mut later).await, &account);
    let before = scene.contents().await;
    let code = parameter(&back, "code");
    let made_up = format!("gl_sta_{}", "A".repeat(43));
    let browser = later.cookie("guestlist_browser").unwrap().to_owned();
    let forged = [
        format!("/login/callback?code={code}"),
        format!("/login/callback?code={code}&state="),
        with_parameter(&back, "state", &made_up),
        with_parameter(&back, "state", &browser),
        with_parameter(&back, "state", &parameter(&back, "state").to_lowercase()),
        format!("{}x", with_parameter(&back, "state", &parameter(&back, "state"))),
    ];
    for address in forged {
        let refused = later.open(&address).await;
        refused.assert_status(400).assert_says("Please start again");
        scene.assert_same(&before, &[]).await;
        assert_out(&mut later).await;
    }
    assert_in(&later.open(&back).await);
}

async fn case_045_the_state_of_another_browser(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let (_, account) = anna_by_acme(&mut scene).await;
    let (mut hers, mut his) = (scene.house.visitor(), scene.house.visitor());
    let back = scene.acme.send_back(&scene.leave_to_sign_in(&mut hers).await, &account);
    // His browser is on a trip of its own, or has never been here.
    scene.leave_to_sign_in(&mut his).await;
    let before = scene.contents().await;
    for mut browser in [his, scene.house.visitor()] {
        browser.open(&back).await.assert_status(400).assert_says("Please start again");
        scene.assert_same(&before, &[]).await;
        assert_out(&mut browser).await;
    }
    assert_in(&hers.open(&back).await);
}

async fn case_045_a_state_is_good_once(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let (mut anna, account) = anna_by_acme(&mut scene).await;
    let page = anna.open("/account").await;
    anna.press(&page, "Log out", &[]).await;
    let back = scene.acme.send_back(&scene.leave_to_sign_in(&mut anna).await, &account);
    assert_in(&anna.open(&back).await);
    let page = anna.open("/account").await;
    anna.press(&page, "Log out", &[]).await;
    let before = scene.contents().await;
    anna.open(&back).await.assert_status(400).assert_says("Please start again");
    scene.assert_same(&before, &[]).await;
    assert_out(&mut anna).await;

    // Also when the provider said no: the answer to a refusal is a new trip, not another try.
    let away = scene.leave_to_sign_in(&mut anna).await;
    anna.open(&scene.acme.refuse(&away)).await.assert_status(403);
    scene.assert_login_failed("provider_refused").await;
    anna.open(&scene.acme.send_back(&away, &account)).await.assert_status(400);
    assert_out(&mut anna).await;
}

async fn case_045_the_state_of_another_provider(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let (_, account) = anna_by_acme(&mut scene).await;
    let beta = scene.another_provider("beta", "Beta").await;
    let mut browser = scene.house.visitor();

    // A code of Beta's with the state of a trip to Acme: Acme is asked, and does not know it.
    let to_acme = scene.leave_to_sign_in(&mut browser).await;
    let login = browser.open("/login").await;
    let to_beta = leave(&mut browser, &login, "Continue with Beta").await;
    let from_beta = beta.send_back(&to_beta, &account);
    let swapped = with_parameter(&from_beta, "state", &parameter(&to_acme, "state"));
    let before = scene.contents().await;
    browser.open(&swapped).await.assert_status(403).assert_says("You did not come through");
    scene.assert_same(&before, TRACES).await;
    scene.assert_login_failed("provider_refused").await;
    assert_out(&mut browser).await;

    // Beta's own answer names somebody whom Acme knows under the same subject: a stranger.
    browser.open(&from_beta).await.assert_status(403).assert_says("You are not on the list");
    scene.assert_same(&before, TRACES).await;
    scene.assert_login_failed("not_invited").await;

    // An answer that says it comes from Beta (RFC 9207) does not go to Acme, however good the code.
    let away = scene.leave_to_sign_in(&mut browser).await;
    let back = scene.acme.send_back(&away, &account);
    let before = scene.contents().await;
    browser.open(&with_parameter(&back, "iss", &beta.issuer)).await.assert_status(502);
    scene.assert_same(&before, TRACES).await;
    scene.assert_login_failed("provider_failed").await;
    assert_out(&mut browser).await;
}

async fn case_045_the_state_of_another_intent(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    // A trip to sign in, in a browser that holds an open invitation, accepts nothing.
    let link = scene.invite(ANNA).await;
    let mut anna = scene.house.visitor();
    assert!(anna.open(&link).await.offers("Set password"));
    let before = scene.contents().await;
    let refused = scene.sign_in(&mut anna, &Account::new("anna-at-acme", ANNA)).await;
    refused.assert_status(403).assert_says("You are not on the list");
    scene.assert_same(&before, TRACES).await;
    scene.assert_login_failed("not_invited").await;
    assert!(anna.open("/accept").await.offers("Set password"), "the invitation is still open");

    // A trip to connect Acme to Anna's account links nothing once somebody else is signed in, or nobody.
    accept_by_password(&mut anna, &link).await;
    scene.house.mails().await;
    scene.guest(BOB).await;
    let account = anna.open("/account").await;
    let mut backs = Vec::new();
    for _ in 0..2 {
        let away = leave(&mut anna, &account, "Connect Acme").await;
        backs.push(scene.acme.send_back(&away, &Account::new("anna-at-acme", ANNA)));
    }
    anna.press(&account, "Log out", &[]).await;
    let before = scene.contents().await;
    anna.open(&backs[0]).await.assert_status(400).assert_says("Please start again");
    assert_out(&mut anna).await;
    assert_in(&log_in(&mut anna, BOB, PASSWORD).await);
    anna.open(&backs[1]).await.assert_status(400).assert_says("Please start again");
    scene.assert_same(&before, &["users", "sessions", "events", "throttles"]).await;
    assert!(scene.subjects(ANNA).await.is_empty() && scene.subjects(BOB).await.is_empty());
}

async fn case_045_a_state_dies_with_its_link(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let link = scene.invite(ANNA).await;
    let mut anna = scene.house.visitor();
    let page = anna.open(&link).await;
    let away = leave(&mut anna, &page, "Continue with Acme").await;
    let newer = scene.resend(ANNA).await;
    let before = scene.contents().await;
    let dead = anna.open(&scene.acme.send_back(&away, &Account::new("anna-at-acme", ANNA))).await;
    dead.assert_status(410).assert_says("There is a newer link");
    scene.assert_same(&before, TRACES).await;
    assert_out(&mut anna).await;
    accept_by_password(&mut anna, &newer).await;
    assert!(scene.subjects(ANNA).await.is_empty());
}

async fn case_047_an_id_token_without_the_nonce_of_this_trip(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let (mut anna, _) = anna_by_acme(&mut scene).await;
    let used = parameter(&scene.leave_to_sign_in(&mut scene.house.visitor()).await, "nonce");
    let page = anna.open("/account").await;
    anna.press(&page, "Log out", &[]).await;
    let before = scene.contents().await;
    for nonce in [Value::Null, json!(""), json!("another"), json!(used), json!(1)] {
        let account = Account::with_claims("anna-at-acme", json!({"email": ANNA, "nonce": nonce}));
        let refused = scene.sign_in(&mut anna, &account).await;
        refused.assert_status(502).assert_says("Nothing was changed");
        scene.assert_same(&before, TRACES).await;
        scene.assert_login_failed("provider_failed").await;
        assert_out(&mut anna).await;
    }
}

async fn case_047_pkce_and_a_nonce_on_every_trip(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let link = scene.invite(ANNA).await;
    let mut anna = scene.house.visitor();
    let page = anna.open(&link).await;
    let mut trips = vec![leave(&mut anna, &page, "Continue with Acme").await];
    trips.push(scene.leave_to_sign_in(&mut anna).await);
    trips.push(scene.leave_to_sign_in(&mut anna).await);
    accept_by_password(&mut anna, &link).await;
    let account = anna.open("/account").await;
    trips.push(leave(&mut anna, &account, "Connect Acme").await);
    for trip in &trips {
        assert_eq!(parameter(trip, "code_challenge_method"), "S256");
        assert_eq!(parameter(trip, "code_challenge").len(), 43, "a SHA-256 digest in base64url");
        assert_eq!(parameter(trip, "response_type"), "code");
        assert_eq!(parameter(trip, "redirect_uri"), "https://id.example.org/login/callback");
        for name in ["state", "nonce"] {
            assert!(parameter(trip, name).len() >= 43, "{name} has 256 bits");
        }
    }
    for name in ["state", "nonce", "code_challenge"] {
        let distinct: BTreeSet<String> = trips.iter().map(|trip| parameter(trip, name)).collect();
        assert_eq!(distinct.len(), trips.len(), "{name} is another one on every trip, in the same browser too");
    }
}

async fn case_047_a_code_from_another_trip(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let (mut anna, account) = anna_by_acme(&mut scene).await;
    let page = anna.open("/account").await;
    anna.press(&page, "Log out", &[]).await;
    let mut attacker = scene.house.visitor();
    let stolen = scene.acme.send_back(&scene.leave_to_sign_in(&mut attacker).await, &account);
    let own = scene.leave_to_sign_in(&mut anna).await;
    let injected = with_parameter(&stolen, "state", &parameter(&own, "state"));
    let before = scene.contents().await;
    anna.open(&injected).await.assert_status(403);
    scene.assert_same(&before, TRACES).await;
    scene.assert_login_failed("provider_refused").await;
    assert_out(&mut anna).await;
}

/// Everything that is not the boolean `true`.
fn not_verified() -> [Value; 6] {
    [json!(false), json!("true"), json!(1), Value::Null, json!([true]), json!({"value": true})]
}

fn claiming(subject: &str, email_verified: &Value) -> Account {
    Account::with_claims(subject, json!({"email": ANNA, "email_verified": email_verified}))
}

/// A stranger who claims Anna's address is told no, and nothing but that is written down.
async fn assert_stranger(scene: &Scene, account: &Account) {
    let before = scene.contents().await;
    let mut stranger = scene.house.visitor();
    let refused = scene.sign_in(&mut stranger, account).await;
    refused.assert_status(403).assert_says("You are not on the list");
    scene.assert_same(&before, TRACES).await;
    scene.assert_login_failed("not_invited").await;
    assert_out(&mut stranger).await;
    assert!(scene.house.mails().await.is_empty(), "nobody is mailed");
}

async fn case_050_an_address_that_is_not_verified_matches_nobody(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.guest(ANNA).await;
    for merge_rule in ["auto", "confirm"] {
        scene.declare(&["example.org"], merge_rule).await;
        for email_verified in not_verified() {
            assert_stranger(&scene, &claiming("somebody", &email_verified)).await;
        }
    }
    // The same words with a boolean are a match, so it was the boolean that was missing.
    scene.declare(&["example.org"], "auto").await;
    assert_in(&scene.sign_in(&mut scene.house.visitor(), &claiming("somebody", &json!(true))).await);
    assert_eq!(scene.subjects(ANNA).await, ["somebody"]);
}

/// Accepts a link that was handed out, by Acme, and tells whether the address counts as verified.
async fn verified_by(engine: Engine, domains: &[&str], email_verified: &Value) -> bool {
    let mut scene = Scene::on(engine).await;
    scene.declare(domains, "confirm").await;
    let link = scene.handed_link(ANNA).await;
    let mut anna = scene.house.visitor();
    let page = anna.open(&link).await;
    let away = leave(&mut anna, &page, "Continue with Acme").await;
    assert_in(&anna.open(&scene.acme.send_back(&away, &claiming("anna-at-acme", email_verified))).await);
    let user = scene.cellar.user(ANNA).await;
    assert_eq!(user.email_verified, user.email_proven_at.is_some());
    assert_eq!(scene.news_of(EventKind::InvitationAccepted).await.data["proof"], json!("possession"));
    user.email_verified
}

async fn case_050_an_address_that_is_not_verified_proves_no_mailbox(engine: Engine) {
    for email_verified in [json!(false), json!("true"), json!(1), Value::Null] {
        assert!(!verified_by(engine, &["example.org"], &email_verified).await, "{email_verified}");
    }
    assert!(verified_by(engine, &["example.org"], &json!(true)).await);
}

async fn case_051_a_provider_without_authority_matches_nobody(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.guest(ANNA).await;
    let of_no_domain: &[&str] = &[];
    for (domains, merge_rule) in [
        (of_no_domain, "confirm"),
        (of_no_domain, "never"),
        (&["example.com", "sub.example.org"], "auto"),
        (&["example.com", "sub.example.org"], "confirm"),
    ] {
        scene.declare(domains, merge_rule).await;
        assert_stranger(&scene, &Account::new("somebody", ANNA)).await;
    }
    // No operator can have `auto` without saying for which domains.
    let id = scene.cellar.connection("acme").await.id;
    let options = json!({"issuer": scene.acme.issuer, "client_id": "x", "merge_rule": "auto"});
    let refused = scene.api.patch(&format!("/api/v2/connections/{id}"), &json!({"options": options})).await;
    refused.assert_status(400);
}

async fn case_051_a_provider_without_authority_proves_no_mailbox(engine: Engine) {
    assert!(!verified_by(engine, &[], &json!(true)).await);
    assert!(!verified_by(engine, &["example.com"], &json!(true)).await);
}

async fn case_054_another_address_at_the_provider_changes_nothing_here(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let (_, account) = anna_by_acme(&mut scene).await;
    scene.guest(BOB).await;
    for (domains, merge_rule) in [(&["example.org"], "auto"), (&["example.org"], "confirm"), (&["a.example"], "never")]
    {
        scene.declare(domains, merge_rule).await;
        let (anna, bob) = (scene.cellar.user(ANNA).await, scene.cellar.user(BOB).await);
        scene.cellar.news().await;
        let mut browser = scene.house.visitor();
        let page = scene.sign_in(&mut browser, &Account::new(&account.subject, BOB)).await;
        assert_in(&page);
        page.assert_says(ANNA);
        let last = scene.news_of(EventKind::LoginSucceeded).await;
        assert_eq!(last.about.user.as_ref(), Some(&anna.id), "the subject decides, not the address");
        let after = scene.cellar.user(ANNA).await;
        assert_eq!((after.id, after.email_proven_at, after.roles), (anna.id, anna.email_proven_at, anna.roles));
        assert_eq!(scene.cellar.user(BOB).await, bob);
        assert_eq!((scene.subjects(ANNA).await, scene.subjects(BOB).await), (vec![account.subject.clone()], vec![]));
        assert!(scene.house.mails().await.is_empty());
    }
}
