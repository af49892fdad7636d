//! Case 80: the owner moves the account to another address, and the mailbox before can take it back.

use crate::address_proof::code_of;
use crate::guests::{happened, opens, press};
use crate::recovery::{forgot, reset_form};
use crate::scene::{ANNA, BOB, PASSWORD, Scene, accept_by_password, assert_in, assert_out, log_in};
use guestlist_app::Clock as _;
use guestlist_domain::event::EventKind;
use guestlist_domain::ledger::UNDOABLE_FOR;
use guestlist_domain::session::FRESH_FOR;
use guestlist_testkit::house::Engine;
use guestlist_testkit::house_clients::web_application;
use guestlist_testkit::inbox::Letter;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use guestlist_testkit::visitor::{Answer, Visitor};
use serde_json::json;
use std::time::Duration;

on_both_engines!(
    case_080_the_owner_moves_to_a_proven_address,
    case_080_only_soon_after_a_sign_in,
    case_080_an_address_that_is_taken_looks_like_any_other,
    case_080_strangers_do_not_use_up_what_an_owner_may_ask,
    case_080_a_code_moves_one_account_once_and_in_time,
    case_080_the_old_mailbox_takes_the_account_back,
    case_080_undoing_also_evicts,
    case_080_an_undo_takes_every_later_change_with_it,
    case_080_the_address_before_is_nobody_elses_for_seven_days,
    case_080_reset_links_and_pending_codes_die,
    case_080_a_moved_account_is_not_merged_away,
    case_080_an_administrator_takes_it_back_or_decides_anew,
);

const NEW: &str = "anna@new.example";
const MALLORYS: &str = "mallory@evil.example";
const OTHER_PASSWORD: &str = "granite-lantern-8";

fn later(scene: &Scene) {
    scene.house.clock.advance(Duration::from_secs(1));
}

/// Asks for a code, to whoever reads the mail at `to`. The page that waits for it.
async fn ask(visitor: &mut Visitor, to: &str) -> Answer {
    let page = visitor.open("/account/address/change").await;
    visitor.press(&page, "Mail me a code", &[("email", to)]).await
}

async fn enter(visitor: &mut Visitor, page: &Answer, code: &str) -> Answer {
    visitor.press(page, "Change address", &[("code", code)]).await
}

/// Moves the account of whoever is signed in; the mail to the address before.
async fn change(scene: &Scene, visitor: &mut Visitor, to: &str) -> Letter {
    later(scene);
    let page = ask(visitor, to).await;
    let code = code_of(&scene.house.mail().await);
    assert_in(&enter(visitor, &page, &code).await);
    scene.house.mail().await
}

/// Somebody who learned Anna's password.
async fn mallory(scene: &Scene) -> Visitor {
    let mut mallory = scene.house.visitor();
    assert_in(&log_in(&mut mallory, ANNA, PASSWORD).await);
    mallory
}

/// Opens the link of the mail and presses; where that leads.
async fn undo(scene: &Scene, letter: &Letter) -> (Visitor, Answer) {
    let mut owner = scene.house.visitor();
    let page = owner.open(letter.link("/undo/").as_str()).await;
    let answer = owner.press(&page, "Undo it", &[]).await;
    (owner, answer)
}

async fn case_080_the_owner_moves_to_a_proven_address(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    let mut elsewhere = scene.house.visitor();
    assert_in(&log_in(&mut elsewhere, ANNA, PASSWORD).await);
    let before = scene.cellar.user(ANNA).await;
    let account = anna.open("/account").await;
    let page = anna.open(&account.find_link("Change it").unwrap()).await;
    page.assert_says(ANNA);
    for (typed, said) in [("nonsense", "not an email address"), (ANNA, "your address already")] {
        let again = anna.press(&page, "Mail me a code", &[("email", typed)]).await;
        again.assert_status(400).assert_says(said);
    }
    happened(&scene).await;
    later(&scene);
    let page = ask(&mut anna, "Anna@NEW.example").await;
    page.assert_status(200).assert_says("We mailed a code to anna@new.example");
    let letter = scene.house.mail().await;
    assert_eq!(letter.to, [NEW]);
    let code = code_of(&letter);
    assert!(!page.body.contains(&code));
    assert_eq!(scene.cellar.user(ANNA).await.email_proven_at, before.email_proven_at, "nothing is changed yet");
    let done = enter(&mut anna, &page, &code).await;
    assert_in(&done);
    done.assert_says("has its new address").assert_says(NEW);

    assert_eq!(happened(&scene).await, ["user.address_change_requested", "user.updated"]);
    let after = scene.cellar.user(NEW).await;
    assert_eq!((&after.id, after.email_proven_at), (&before.id, Some(scene.house.clock.now())));
    assert!(after.email_verified && after.epoch > before.epoch);
    // The mailbox before hears of it; of the new address only as much as its owner recognises.
    let news = scene.house.mail().await;
    assert_eq!(news.to, [ANNA]);
    assert!(news.text.contains("a\u{2022}\u{2022}\u{2022}@new.example") && !news.text.contains(NEW), "{}", news.text);
    // Everybody else is out; this browser is in, and no fresher than it was.
    assert_out(&mut elsewhere).await;
    assert_in(&anna.open("/account").await);
    scene.house.clock.advance(FRESH_FOR);
    assert_eq!(anna.get("/account/address/change").await.location(), Some("/account/fresh"));
    assert!(opens(&scene, NEW, PASSWORD).await && !opens(&scene, ANNA, PASSWORD).await);
}

async fn case_080_only_soon_after_a_sign_in(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    let form = anna.open("/account/address/change").await.form("Mail me a code").with("email", NEW);
    scene.house.clock.advance(FRESH_FOR + Duration::from_millis(1));
    let before = scene.contents().await;
    let sent = anna.submit(&form).await;
    assert_eq!((sent.status.as_u16(), sent.location()), (303, Some("/account/fresh")));
    assert_eq!(anna.get("/account/address/change").await.location(), Some("/account/fresh"));
    scene.assert_same(&before, &[]).await;
    assert!(scene.house.mails().await.is_empty());
    // Nobody is signed in at all.
    let mut nobody = scene.house.visitor();
    assert_eq!(nobody.get("/account/address/change").await.location(), Some("/login"));
    let page = anna.open("/account/fresh").await;
    anna.press(&page, "Log in", &[("password", PASSWORD)]).await;
    change(&scene, &mut anna, NEW).await;
    assert_eq!(scene.cellar.user(NEW).await.email.as_str(), NEW);
}

async fn case_080_an_address_that_is_taken_looks_like_any_other(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    scene.guest(BOB).await;
    scene.invite("pending@example.org").await;
    let (bob, waiting) = (scene.cellar.user(BOB).await, scene.cellar.user("pending@example.org").await);
    let free = ask(&mut anna, NEW).await.body.replace(NEW, "X");
    assert_eq!(scene.house.mail().await.to, [NEW]);
    for taken in [BOB, "pending@example.org"] {
        later(&scene);
        let page = ask_another(&mut anna, taken).await;
        assert_eq!(without_token(&page.body.replace(taken, "X")), without_token(&free), "{taken}");
        let letter = scene.house.mail().await;
        assert_eq!(letter.to, [taken]);
        assert!(letter.text.contains("nothing was changed") && !letter.text.contains(ANNA), "{}", letter.text);
        for _ in 0..5 {
            enter(&mut anna, &page, "00000000").await.assert_status(400).assert_says("This is not the code");
        }
        enter(&mut anna, &page, "00000000").await.assert_status(400).assert_says("not good any more");
    }
    assert_eq!(scene.cellar.user(BOB).await, bob);
    assert_eq!(scene.cellar.user("pending@example.org").await, waiting);

    // Bob comes to the address between the code and its use.
    let page = ask(&mut anna, "later@example.org").await;
    let code = code_of(&scene.house.mail().await);
    scene.invite("later@example.org").await;
    let late = enter(&mut anna, &page, &code).await;
    late.assert_status(409).assert_says("belongs to another account by now");
    assert_in(&anna.open("/account").await);
    assert_eq!(scene.cellar.user(ANNA).await.email.as_str(), ANNA);
}

async fn case_080_strangers_do_not_use_up_what_an_owner_may_ask(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut bob = scene.guest(BOB).await;
    let mut mallory = scene.guest(MALLORYS).await;
    let link = scene.handed_link(ANNA).await;
    let mut anna = scene.house.visitor();
    accept_by_password(&mut anna, &link).await;
    scene.house.mails().await;
    for stranger in [&mut mallory, &mut bob] {
        for _ in 0..3 {
            later(&scene);
            ask_another(stranger, ANNA).await;
        }
    }
    let page = ask_another(&mut bob, ANNA).await;
    page.assert_status(429);
    assert_eq!(scene.house.mails().await.len(), 5, "five an hour for one mailbox, whoever asks");
    let page = anna.open("/account/address").await;
    anna.press(&page, "Mail me a code", &[]).await.assert_status(200).assert_says("We mailed a code to");
    assert_eq!(scene.house.mail().await.to, [ANNA]);
}

/// Leaves what waits as it is and asks anew.
async fn ask_another(visitor: &mut Visitor, to: &str) -> Answer {
    let page = visitor.open("/account/address/change").await;
    if page.offers("Leave it as it is") {
        visitor.press(&page, "Leave it as it is", &[]).await;
    }
    ask(visitor, to).await
}

/// A page without what is another in every answer.
fn without_token(body: &str) -> String {
    let parts = body.split("name=\"form_token\" value=\"");
    parts.map(|part| part.split_once('"').map_or(part, |(_, rest)| rest)).collect()
}

async fn case_080_a_code_moves_one_account_once_and_in_time(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let (mut anna, mut bob) = (scene.guest(ANNA).await, scene.guest(BOB).await);
    let page = ask(&mut anna, NEW).await;
    let first = code_of(&scene.house.mail().await);
    let bobs_page = ask(&mut bob, "bob@new.example").await;
    let bobs = code_of(&scene.house.mail().await);
    enter(&mut anna, &page, &bobs).await.assert_status(400);
    enter(&mut bob, &bobs_page, &first).await.assert_status(400);
    // Only the newest code lives, and only for its own errand.
    let page = ask_another(&mut anna, "second@new.example").await;
    let second = code_of(&scene.house.mail().await);
    if first != second {
        enter(&mut anna, &page, &first).await.assert_status(400);
    }
    scene.house.clock.advance(guestlist_domain::address_code::LIFETIME);
    enter(&mut anna, &page, &second).await.assert_status(400).assert_says("not good any more");
    let page = anna.open("/account/fresh").await;
    assert_in(&anna.press(&page, "Log in", &[("password", PASSWORD)]).await);
    let page = ask(&mut anna, NEW).await;
    let code = code_of(&scene.house.mail().await);
    let form = page.form("Change address").with("code", &code);
    let mut twin = anna.clone();
    assert_in(&press(&mut anna, &form).await);
    assert_eq!(twin.submit(&form).await.location(), Some("/login"), "the session before is over");
    let again = anna.open("/account/address/change").await;
    let form = guestlist_testkit::visitor::Form { action: form.action.clone(), ..again.form("Mail me a code") };
    anna.submit(&form.with("code", &code)).await.assert_status(400);
    assert_eq!(scene.house.mails().await.len(), 1);
    // Too many addresses in an hour; and of those that were asked for, none is written to whose code is dead already.
    happened(&scene).await;
    let mut refused = None;
    for number in 0..6 {
        refused = Some(ask_another(&mut anna, &format!("n{number}@new.example")).await);
    }
    refused.unwrap().assert_status(429);
    assert_eq!(happened(&scene).await, ["user.address_change_requested"; 5]);
    assert!(scene.house.mails().await.is_empty());
}

async fn case_080_the_old_mailbox_takes_the_account_back(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.guest(ANNA).await;
    let before = scene.cellar.user(ANNA).await;
    let news = change(&scene, &mut mallory(&scene).await, MALLORYS).await;
    assert_eq!(news.to, [ANNA]);
    assert!(!opens(&scene, ANNA, PASSWORD).await);
    scene.house.clock.advance(UNDOABLE_FOR.saturating_sub(Duration::from_secs(1)));
    // Reading changes nothing.
    let contents = scene.contents().await;
    let mut owner = scene.house.visitor();
    let page = owner.open(news.link("/undo/").as_str()).await;
    page.assert_status(200).assert_says(ANNA).assert_says("m\u{2022}\u{2022}\u{2022}@evil.example");
    assert!(!page.body.contains(MALLORYS));
    scene.assert_same(&contents, &[]).await;
    happened(&scene).await;
    let form = page.form("Undo it");
    let answer = press(&mut owner, &form).await;
    assert_eq!((answer.status.as_u16(), answer.url.path()), (200, "/reset"), "{}", answer.text());
    let restored = scene.cellar.user(ANNA).await;
    assert_eq!((&restored.id, restored.email_proven_at), (&before.id, Some(scene.house.clock.now())));
    assert_eq!(happened(&scene).await, ["user.updated"]);
    let mail = scene.house.mail().await;
    assert_eq!(mail.to, [ANNA]);
    assert!(mail.text.contains("/forgot"), "{}", mail.text);
    assert!(!opens(&scene, ANNA, PASSWORD).await && !opens(&scene, MALLORYS, PASSWORD).await, "the password is gone");
    owner.press(&answer, "Set password", &[("password", OTHER_PASSWORD)]).await.assert_status(200);
    assert!(opens(&scene, ANNA, OTHER_PASSWORD).await);
    // Once is enough, and seven days are the end of it.
    let mut again = scene.house.visitor();
    again.open(news.link("/undo/").as_str()).await.assert_status(410).assert_says("undone already");
    owner.submit(&form).await;
    assert!(opens(&scene, ANNA, OTHER_PASSWORD).await, "a second press takes nothing");
    let mut anna = scene.house.visitor();
    assert_in(&log_in(&mut anna, ANNA, OTHER_PASSWORD).await);
    scene.house.mails().await;
    let news = change(&scene, &mut anna, NEW).await;
    scene.house.clock.advance(UNDOABLE_FOR);
    let late = scene.house.visitor().open(news.link("/undo/").as_str()).await;
    late.assert_status(410).assert_says("seven days");
}

async fn case_080_undoing_also_evicts(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    let beta = scene.another_provider("beta", "Beta").await;
    later(&scene);
    // What Mallory adds before he moves, and after.
    let mut mallory = mallory(&scene).await;
    assert_in(&scene.connect(&mut mallory, &Account::new("mallory-at-acme", MALLORYS)).await);
    scene.house.mails().await;
    let news = change(&scene, &mut mallory, MALLORYS).await;
    later(&scene);
    let page = mallory.open("/account").await;
    let away = crate::scene::leave(&mut mallory, &page, "Connect Beta").await;
    assert_in(&mallory.open(&beta.send_back(&away, &Account::new("mallory-at-beta", MALLORYS))).await);
    let page = mallory.open("/account").await;
    mallory.press(&page, "Remove Beta", &[]).await.assert_says("Removed");
    let his_undo = scene.house.mails().await.pop().unwrap();
    assert_eq!(his_undo.to, [MALLORYS]);
    // A password of his own, a link to another one, tokens, and one more change that waits.
    let link = forgot(&scene, MALLORYS).await;
    let form = reset_form(&mut mallory, &link, OTHER_PASSWORD).await;
    press(&mut mallory, &form).await.assert_status(200);
    assert_in(&log_in(&mut mallory, MALLORYS, OTHER_PASSWORD).await);
    scene.house.mails().await;
    let link = forgot(&scene, MALLORYS).await;
    let settings = json!({"callbacks": ["https://app.example/callback"],
        "grant_types": ["authorization_code", "refresh_token"]});
    let client = web_application(&scene.house.app, serde_json::from_value(settings).unwrap()).await;
    let user = scene.cellar.user(MALLORYS).await;
    scene.cellar.plant_refresh_token(&user, user.epoch, &client.id, scene.house.clock.now()).await;
    let waiting = ask(&mut mallory, "mallory@elsewhere.example").await;
    let code = code_of(&scene.house.mail().await);

    let (mut owner, reset) = undo(&scene, &news).await;
    scene.house.mails().await;
    assert_out(&mut mallory).await;
    assert_eq!(mallory.submit(&waiting.form("Change address").with("code", &code)).await.location(), Some("/login"));
    assert!(scene.contents().await["sessions"].is_empty() && scene.contents().await["address_codes"].is_empty());
    assert_eq!(scene.cellar.open_grants().await, (vec![], 1), "the grant is revoked");
    scene.house.visitor().open(&link).await.assert_status(410);
    assert!(!opens(&scene, ANNA, OTHER_PASSWORD).await && !opens(&scene, MALLORYS, OTHER_PASSWORD).await);
    assert_eq!(scene.subjects(ANNA).await, Vec::<String>::new());
    // The link that undoes his own removal went to his mailbox: it brings nothing back.
    scene.house.visitor().open(his_undo.link("/undo/").as_str()).await.assert_status(404);
    let mut stranger = scene.house.visitor();
    scene.sign_in(&mut stranger, &Account::new("mallory-at-acme", MALLORYS)).await.assert_status(403);
    // Anna is in again, alone.
    owner.press(&reset, "Set password", &[("password", "willow-candle-31")]).await.assert_status(200);
    assert_in(&log_in(&mut anna, ANNA, "willow-candle-31").await);
}

async fn case_080_an_undo_takes_every_later_change_with_it(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.guest(ANNA).await;
    let mut mallory = mallory(&scene).await;
    let to_anna = change(&scene, &mut mallory, MALLORYS).await;
    let to_mallory = change(&scene, &mut mallory, "m2@evil.example").await;
    assert_eq!(to_mallory.to, [MALLORYS]);
    let (_, answer) = undo(&scene, &to_anna).await;
    assert_eq!(answer.url.path(), "/reset");
    scene.house.visitor().open(to_mallory.link("/undo/").as_str()).await.assert_status(410);
    assert_eq!(scene.cellar.user(ANNA).await.email.as_str(), ANNA);
}

async fn case_080_the_address_before_is_nobody_elses_for_seven_days(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    let news = change(&scene, &mut anna, NEW).await;
    let id = scene.cellar.user(NEW).await.id;
    let invited = scene.api.post("/api/v2/invitations", &json!({"email": ANNA})).await;
    assert!(invited.assert_status(409).body.contains(id.as_str()), "it says who: {}", invited.body);
    let made = json!({"email": ANNA, "connection": "Username-Password-Authentication", "email_verified": true});
    scene.api.post("/api/v2/users", &made).await.assert_status(409);
    scene.guest(BOB).await;
    let path = format!("/api/v2/users/{}", scene.cellar.user(BOB).await.id.to_string().replace('|', "%7C"));
    scene.api.patch(&path, &json!({"email": ANNA})).await.assert_status(409);
    // She may come back by herself, and the link still works then: it also evicts.
    let back = change(&scene, &mut anna, ANNA).await;
    assert_eq!(back.to, [NEW]);
    let (_, answer) = undo(&scene, &news).await;
    assert_eq!(answer.url.path(), "/reset");
    scene.house.mails().await;
    // After seven days the address she left is anybody's.
    let mut anna = scene.house.visitor();
    let link = forgot(&scene, ANNA).await;
    let form = reset_form(&mut anna, &link, OTHER_PASSWORD).await;
    press(&mut anna, &form).await.assert_status(200);
    assert_in(&log_in(&mut anna, ANNA, OTHER_PASSWORD).await);
    scene.house.mails().await;
    change(&scene, &mut anna, NEW).await;
    scene.house.clock.advance(UNDOABLE_FOR);
    let mut api = scene.house.api().await;
    api.post("/api/v2/invitations", &json!({"email": ANNA})).await.assert_status(201);
    scene.house.mails().await;
}

async fn case_080_reset_links_and_pending_codes_die(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    let link = forgot(&scene, ANNA).await;
    change(&scene, &mut anna, NEW).await;
    scene.house.visitor().open(&link).await.assert_status(410);
    // Case 39: a change that waits dies with a recovery.
    let mut mallory = scene.house.visitor();
    assert_in(&log_in(&mut mallory, NEW, PASSWORD).await);
    ask(&mut mallory, MALLORYS).await;
    scene.house.mails().await;
    let link = forgot(&scene, NEW).await;
    let form = reset_form(&mut anna, &link, OTHER_PASSWORD).await;
    press(&mut anna, &form).await.assert_status(200);
    assert!(scene.contents().await["address_codes"].is_empty());
    scene.house.mails().await;
}

async fn case_080_a_moved_account_is_not_merged_away(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.guest(ANNA).await;
    let mut bob = scene.guest(BOB).await;
    assert_in(&scene.connect(&mut bob, &Account::new("mallory-at-acme", MALLORYS)).await);
    let mut mallory = mallory(&scene).await;
    scene.house.mails().await;
    change(&scene, &mut mallory, MALLORYS).await;
    let (moved, into) = (scene.cellar.user(MALLORYS).await.id, scene.cellar.user(BOB).await.id);
    let path = format!("/api/v2/users/{}/identities", into.to_string().replace('|', "%7C"));
    let body = json!({"provider": "auth0", "user_id": moved.to_string().trim_start_matches("auth0|")});
    let refused = scene.api.post(&path, &body).await;
    assert!(refused.status.is_client_error() && refused.body.contains("seven days"), "{}", refused.body);
    assert_eq!(scene.cellar.user(MALLORYS).await.id, moved);
}

async fn case_080_an_administrator_takes_it_back_or_decides_anew(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    let before = scene.cellar.user(ANNA).await;
    change(&scene, &mut anna, NEW).await;
    let mut admin = crate::every_door::administrator(&mut scene).await;
    let person = format!("/admin/people/{}", before.id.to_string().replace('|', "%7C"));
    let page = admin.open(&person).await;
    page.assert_says("Changes of the address");
    happened(&scene).await;
    let page = admin.press(&page, &format!("Back to {ANNA}"), &[]).await;
    page.assert_status(200).assert_says(ANNA);
    assert!(!page.offers(&format!("Back to {ANNA}")));
    let restored = scene.cellar.user(ANNA).await;
    assert_eq!(restored.email_proven_at, before.email_proven_at, "an administrator's word proves nothing");
    assert_eq!(scene.news_of(EventKind::UserUpdated).await.data["rule"], json!("undo"));
    assert_out(&mut anna).await;
    scene.house.mails().await;

    // Where an administrator sets the address, links to former mailboxes undo nothing, and those addresses are free.
    let link = forgot(&scene, ANNA).await;
    let form = reset_form(&mut anna, &link, OTHER_PASSWORD).await;
    press(&mut anna, &form).await.assert_status(200);
    assert_in(&log_in(&mut anna, ANNA, OTHER_PASSWORD).await);
    scene.house.mails().await;
    let news = change(&scene, &mut anna, NEW).await;
    let path = format!("/api/v2/users/{}", before.id.to_string().replace('|', "%7C"));
    scene.api.patch(&path, &json!({"email": "decided@example.org"})).await.assert_status(200);
    scene.house.visitor().open(news.link("/undo/").as_str()).await.assert_status(410);
    scene.api.post("/api/v2/invitations", &json!({"email": ANNA})).await.assert_status(201);
    scene.house.mails().await;
}
