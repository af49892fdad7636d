//! Cases 70 to 75: adding and removing ways in, and the identities that belong to somebody else.

use crate::scene::{ANNA, BOB, PASSWORD, Scene, TRACES, assert_in, assert_out, leave, log_in, parameter};
use guestlist_domain::event::{Actor, EventKind};
use guestlist_domain::identity::LinkRule;
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use guestlist_testkit::visitor::{Answer, Visitor};
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    case_070_a_stale_session_connects_nothing,
    case_070_naming_another_user_has_no_effect,
    case_070_the_api_links_nobody_without_proof,
    case_071_a_link_cannot_be_started_from_elsewhere,
    case_071_an_attackers_callback_links_nothing_in_the_victims_browser,
    case_074_an_identity_of_somebody_else_is_not_moved,
    case_074_of_two_accounts_that_link_one_identity_at_once_one_wins,
    case_075_the_last_way_in_stays,
    case_075_of_two_removals_at_once_one_wins,
    case_075_a_way_in_that_is_switched_off_does_not_count,
);

const STALE: Duration = Duration::from_mins(11);

fn at_acme(name: &str) -> Account {
    Account::new(&format!("{name}-at-acme"), &format!("{name}@work.example"))
}

async fn case_070_a_stale_session_connects_nothing(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    let page = anna.open("/account").await;
    let fresh_trip = leave(&mut anna, &page, "Connect Acme").await;
    scene.house.clock.advance(STALE);

    // Neither a trip that begins now, nor one that began in time and comes back now.
    let before = scene.contents().await;
    let page = anna.open("/account").await;
    let refused = anna.submit(&page.form("Connect Acme")).await;
    assert_eq!(refused.location(), Some("/account/fresh"));
    anna.follow(refused).await.assert_says("Please log in once more");
    scene.assert_same(&before, &[]).await;
    let late = anna.open(&scene.acme.send_back(&fresh_trip, &at_acme("anna"))).await;
    assert_eq!(late.url.path(), "/account/fresh");
    scene.assert_same(&before, TRACES).await;

    // Removing is no different.
    assert!(scene.subjects(ANNA).await.is_empty());
    let again = anna.press(&late, "Log in", &[("password", PASSWORD)]).await;
    assert_in(&again);
    scene.cellar.news().await;
    scene.connect(&mut anna, &at_acme("anna")).await.assert_says("Connected");
    assert_eq!(scene.news_of(EventKind::UserLinked).await.data["rule"], json!(LinkRule::OwnAccount.as_str()));
    scene.house.clock.advance(STALE);
    let before = scene.contents().await;
    let page = anna.open("/account").await;
    for button in ["Remove Acme", "Remove password"] {
        assert_eq!(anna.submit(&page.form(button)).await.location(), Some("/account/fresh"), "{button}");
    }
    scene.assert_same(&before, &[]).await;
}

async fn case_070_naming_another_user_has_no_effect(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    scene.guest(BOB).await;
    let bob = scene.cellar.user(BOB).await;
    let page = anna.open("/account").await;
    let mut form = page.form("Connect Acme").with("user", bob.id.as_str()).with("user_id", bob.id.as_str());
    form.action.query_pairs_mut().append_pair("user_id", bob.id.as_str());
    let away = anna.submit(&form).await.location().unwrap().to_owned();
    let back = format!("{}&user_id={}", scene.acme.send_back(&away, &at_acme("anna")), bob.id.suffix());
    scene.cellar.news().await;
    anna.open(&back).await.assert_says("Connected");
    let linked = scene.news_of(EventKind::UserLinked).await;
    let user = scene.cellar.user(ANNA).await;
    assert_eq!((linked.about.user.as_ref(), &linked.actor), (Some(&user.id), &Actor::User(user.id.clone())));
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
    assert!(scene.subjects(BOB).await.is_empty());

    // Nor does another user's identity, named in the address of the button that removes one's own.
    scene.sign_in(&mut scene.house.visitor(), &at_acme("anna")).await;
    let identity = scene.cellar.identities(&user).await.remove(0);
    let mut bobs = scene.house.visitor();
    let page = log_in(&mut bobs, BOB, PASSWORD).await;
    let mut form = page.form("Connect Acme");
    form.action.set_path(&format!("/account/ways/{}/remove", identity.id));
    let before = scene.contents().await;
    let kept = bobs.submit(&form).await;
    assert_eq!(kept.location(), Some("/account?done=last-way-kept"));
    scene.assert_same(&before, &["users"]).await;
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
}

async fn case_070_the_api_links_nobody_without_proof(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    scene.guest(BOB).await;
    scene.connect(&mut anna, &at_acme("anna")).await;
    let page = anna.open("/account").await;
    anna.press(&page, "Remove Acme", &[]).await.assert_says("Removed");
    let (annas, bobs) = (scene.identities_path(ANNA).await, scene.identities_path(BOB).await);
    let before = scene.contents().await;
    // Nobody proved that these are Bob: one was never here, one was unlinked from somebody else.
    for subject in ["acme|bob-at-acme", "acme|anna-at-acme"] {
        let refused = scene.api.post(&bobs, &json!({"provider": "oidc", "user_id": subject})).await;
        refused.assert_status(400);
    }
    let link_with = scene.api.post(&bobs, &json!({"link_with": "eyJhbGciOiJub25lIn0.e30."})).await;
    link_with.assert_status(400);
    scene.assert_same(&before, &[]).await;
    // What was unlinked from Anna can be put back to her.
    scene.cellar.news().await;
    let again = scene.api.post(&annas, &json!({"provider": "oidc", "user_id": "acme|anna-at-acme"})).await;
    again.assert_status(201);
    assert_eq!(scene.news_of(EventKind::UserLinked).await.data["rule"], json!("api"));
}

async fn case_071_a_link_cannot_be_started_from_elsewhere(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    let form = anna.open("/account").await.form("Connect Acme");
    let body = format!("form_token={}", form.values["form_token"]);
    let path = form.action.path().to_owned();
    let before = scene.contents().await;
    let elsewhere = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let sent = anna.send("POST".parse().unwrap(), &path, &[elsewhere[0], elsewhere[1], kind], body).await;
    sent.assert_status(403).assert_says("Please try that again");
    anna.get(&path).await.assert_status(405);
    scene.assert_same(&before, &[]).await;
}

async fn case_071_an_attackers_callback_links_nothing_in_the_victims_browser(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let (mut anna, mut mallory) = (scene.guest(ANNA).await, scene.guest(BOB).await);
    // Trips of the attacker's own: one to connect, one to sign in. Anna's browser is sent to where they come back.
    let page = mallory.open("/account").await;
    let to_connect = leave(&mut mallory, &page, "Connect Acme").await;
    let mut elsewhere = scene.house.visitor();
    let to_sign_in = scene.leave_to_sign_in(&mut elsewhere).await;
    // Anna is on such a trip herself, so that there is something to confuse.
    let page = anna.open("/account").await;
    let hers = leave(&mut anna, &page, "Connect Acme").await;
    let before = scene.contents().await;
    for trip in [&to_connect, &to_sign_in] {
        let back = scene.acme.send_back(trip, &at_acme("mallory"));
        anna.open(&back).await.assert_status(400).assert_says("Please start again");
        scene.assert_same(&before, &[]).await;
    }
    // His code with the state of her trip: the provider sees another verifier.
    let his = scene.acme.send_back(&to_connect, &at_acme("mallory"));
    let injected = crate::scene::with_parameter(&his, "state", &parameter(&hers, "state"));
    anna.open(&injected).await.assert_status(403);
    scene.assert_same(&before, TRACES).await;
    scene.assert_login_failed("provider_refused").await;
    assert!(scene.subjects(ANNA).await.is_empty());
    assert_in(&anna.open("/account").await);
}

async fn case_074_an_identity_of_somebody_else_is_not_moved(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let (mut anna, mut bob) = (scene.guest(ANNA).await, scene.guest(BOB).await);
    scene.connect(&mut anna, &at_acme("anna")).await.assert_says("Connected");
    scene.house.mails().await;
    scene.cellar.news().await;
    let before = scene.contents().await;
    let offered = scene.connect(&mut bob, &at_acme("anna")).await;
    offered.assert_status(200).assert_says("Is this account yours too?").assert_says(ANNA).assert_says(BOB);
    scene.assert_same(&before, TRACES).await;
    // Whoever leaves it at that changes nothing, and the offer is gone.
    assert_in(&bob.press(&offered, "Leave them as they are", &[]).await);
    assert_eq!(bob.open("/account/merge").await.url.path(), "/account");
    scene.assert_same(&before, TRACES).await;

    // By the API: 409. And an invitation does not move it either: at most it is brought to the account of its owner.
    let path = scene.identities_path(BOB).await;
    let taken = scene.api.post(&path, &json!({"provider": "oidc", "user_id": "acme|anna-at-acme"})).await;
    taken.assert_status(409);
    scene.assert_same(&before, TRACES).await;
    let link = scene.invite("carol@example.org").await;
    let before = scene.contents().await;
    let mut carol = scene.house.visitor();
    let page = carol.open(&link).await;
    let away = leave(&mut carol, &page, "Continue with Acme").await;
    scene.cellar.news().await;
    let asked = carol.open(&scene.acme.send_back(&away, &at_acme("anna"))).await;
    asked.assert_status(200).assert_says("Is this your account?");
    scene.assert_same(&before, TRACES).await;
    assert_out(&mut carol).await;
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
    assert!(scene.house.mails().await.is_empty());
}

async fn case_074_of_two_accounts_that_link_one_identity_at_once_one_wins(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let (mut anna, mut bob) = (scene.guest(ANNA).await, scene.guest(BOB).await);
    for round in 0..12 {
        let account = at_acme(&format!("somebody-{round}"));
        let mut backs = Vec::new();
        for browser in [&mut anna, &mut bob] {
            let page = browser.open("/account").await;
            let form = page.form(if page.offers("Connect Acme") { "Connect Acme" } else { "Log out" });
            let away = connect_again(browser, form).await;
            backs.push(scene.acme.send_back(&away, &account));
        }
        scene.cellar.news().await;
        let (hers, his) = tokio::join!(anna.open(&backs[0]), bob.open(&backs[1]));
        let winners = [&hers, &his].map(|answer| answer.text().contains("Connected"));
        assert_eq!(winners.iter().filter(|won| **won).count(), 1, "{}\n{}", hers.text(), his.text());
        let loser = if winners[0] { &his } else { &hers };
        loser.assert_status(200).assert_says("Is this account yours too?");
        let news = scene.cellar.news().await;
        let of = |kind| news.iter().filter(|event| event.kind == kind).count();
        assert_eq!((of(EventKind::UserLinked), of(EventKind::UserMerged)), (1, 0));
        let (annas, bobs) = (scene.subjects(ANNA).await, scene.subjects(BOB).await);
        let owners = annas.iter().chain(&bobs).filter(|subject| **subject == account.subject).count();
        assert_eq!(owners, 1, "{annas:?} {bobs:?}");
        assert_eq!(annas.contains(&account.subject), winners[0]);
    }
}

/// The button goes once something is connected; its address stays, with the page's own token.
async fn connect_again(browser: &mut Visitor, mut form: guestlist_testkit::visitor::Form) -> String {
    form.action.set_path("/account/connect/acme");
    browser.submit(&form).await.location().unwrap().to_owned()
}

/// The page's token, sent where no button leads.
async fn forge(browser: &mut Visitor, path: &str) -> Answer {
    let mut form = browser.open("/account").await.form("Log out");
    form.action.set_path(path);
    browser.submit(&form).await
}

async fn case_075_the_last_way_in_stays(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    let page = anna.open("/account").await;
    assert!(!page.offers("Remove password"));
    page.assert_says("This is the last way into your account, so it stays.");
    let before = scene.contents().await;
    let kept = forge(&mut anna, "/account/password/remove").await;
    assert_eq!(kept.location(), Some("/account?done=last-way-kept"));
    scene.assert_same(&before, &["users"]).await;

    scene.connect(&mut anna, &at_acme("anna")).await;
    let page = anna.open("/account").await;
    scene.cellar.news().await;
    anna.press(&page, "Remove password", &[]).await.assert_says("Removed");
    scene.news_of(EventKind::UserUnlinked).await;
    assert!(!anna.open("/account").await.offers("Remove Acme"));
    let before = scene.contents().await;
    let user = scene.cellar.user(ANNA).await;
    let identity = scene.cellar.identities(&user).await.remove(0);
    let kept = forge(&mut anna, &format!("/account/ways/{}/remove", identity.id)).await;
    assert_eq!(kept.location(), Some("/account?done=last-way-kept"));
    let path = format!("{}/oidc/acme%7Canna-at-acme", scene.identities_path(ANNA).await);
    let refused = scene.api.delete(&path).await;
    refused.assert_status(400);
    assert!(refused.json()["message"].as_str().unwrap().contains("last way in"), "{}", refused.body);
    scene.assert_same(&before, &["users"]).await;
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
    assert_in(&scene.sign_in(&mut scene.house.visitor(), &at_acme("anna")).await);
}

async fn case_075_of_two_removals_at_once_one_wins(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    scene.connect(&mut anna, &at_acme("anna")).await;
    let user = scene.cellar.user(ANNA).await;
    let path = scene.identities_path(ANNA).await;
    for round in 0..12 {
        let page = anna.open("/account").await;
        let (password, acme) = (page.form("Remove password"), page.form("Remove Acme"));
        let (mut one, mut other) = (anna.clone(), anna.clone());
        scene.cellar.news().await;
        let by_api = format!("{path}/oidc/acme%7Canna-at-acme");
        let removed = if round % 2 == 0 {
            let (one, other) = tokio::join!(one.submit(&password), other.submit(&acme));
            [one, other].map(|answer| answer.location() == Some("/account?done=removed"))
        } else {
            let (one, other) = tokio::join!(one.submit(&password), scene.api.delete(&by_api));
            [one.location() == Some("/account?done=removed"), other.status == 200]
        };
        assert_eq!(removed.iter().filter(|removed| **removed).count(), 1, "round {round}: {removed:?}");
        scene.news_of(EventKind::UserUnlinked).await;
        let has_password = scene.cellar.password(&user).await.is_some();
        assert_eq!((has_password, scene.subjects(ANNA).await.len()), (removed[1], usize::from(removed[0])));
        if has_password {
            let put_back = json!({"provider": "oidc", "user_id": "acme|anna-at-acme"});
            scene.api.post(&path, &put_back).await.assert_status(201);
        } else {
            let page = anna.open("/account").await;
            anna.press(&page, "Set password", &[("password", PASSWORD)]).await.assert_says("Your password is saved");
        }
    }
}

async fn case_075_a_way_in_that_is_switched_off_does_not_count(engine: Engine) {
    // Switched off as the API does it, for every application; and by the row's own switch.
    for by_api in [true, false] {
        let mut scene = Scene::on(engine).await;
        let mut anna = scene.guest(ANNA).await;
        scene.connect(&mut anna, &at_acme("anna")).await;
        let acme = scene.cellar.connection("acme").await;
        if by_api {
            let nobody: [Value; 0] = [];
            let path = format!("/api/v2/connections/{}", acme.id);
            scene.api.patch(&path, &json!({"enabled_clients": nobody})).await.assert_status(200);
        } else {
            scene.cellar.switch_off(&acme).await;
        }
        let refused = scene.house.visitor().open("/login").await;
        assert!(!refused.offers("Continue with Acme"));
        assert!(!anna.open("/account").await.offers("Remove password"), "by the API: {by_api}");
        let before = scene.contents().await;
        let kept = forge(&mut anna, "/account/password/remove").await;
        assert_eq!(kept.location(), Some("/account?done=last-way-kept"), "by the API: {by_api}");
        scene.assert_same(&before, &["users"]).await;
        // The one that does not count may go.
        let user = scene.cellar.user(ANNA).await;
        let identity = scene.cellar.identities(&user).await.remove(0);
        let removed = forge(&mut anna, &format!("/account/ways/{}/remove", identity.id)).await;
        assert_eq!(removed.location(), Some("/account?done=removed"));
        assert_in(&log_in(&mut scene.house.visitor(), ANNA, PASSWORD).await);
    }
}
