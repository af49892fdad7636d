//! The link ledger: every link and unlink with what it stands on, and the undo that also evicts.

use crate::every_door::administrator;
use crate::scene::{ANNA, BOB, PASSWORD, Scene, assert_in, assert_out, log_in};
use guestlist_domain::event::EventKind;
use guestlist_domain::ledger::UNDOABLE_FOR;
use guestlist_testkit::house::Engine;
use guestlist_testkit::inbox::Letter;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use guestlist_testkit::visitor::Visitor;
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

on_both_engines!(
    every_link_and_unlink_is_a_line_with_its_rule_and_proofs,
    an_owner_undoes_a_link_by_the_mail_and_whoever_made_it_is_out,
    an_owner_undoes_an_unlink_by_the_mail,
    an_undo_over_a_connection_that_is_gone_changes_nothing,
    an_undo_link_is_good_once_for_seven_days_and_writes_nothing_when_opened,
    of_two_who_undo_at_once_one_does,
    an_undo_keeps_the_last_way_in_and_what_belongs_to_another,
    an_administrator_undoes_and_a_stranger_does_not,
);

/// Lines are ordered by time.
const TICK: Duration = Duration::from_millis(1);

fn at_acme(name: &str) -> Account {
    Account::new(&format!("{name}-at-acme"), &format!("{name}@work.example"))
}

async fn ledger_path(scene: &Scene, email: &str) -> String {
    let id = scene.cellar.user(email).await.id.to_string().replace('|', "%7C");
    format!("/api/v2/users/{id}/link-ledger")
}

/// The lines of a user's ledger, the oldest first, without what differs at every run.
async fn lines(scene: &mut Scene, email: &str) -> Vec<Value> {
    let path = ledger_path(scene, email).await;
    let mut lines = scene.api.get(&path).await.assert_status(200).json().as_array().unwrap().clone();
    lines.reverse();
    lines
}

fn facts(line: &Value) -> (Value, Value, Value, Value) {
    (line["kind"].clone(), line["rule"].clone(), line["proofs"].clone(), line["actor"]["type"].clone())
}

async fn every_link_and_unlink_is_a_line_with_its_rule_and_proofs(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    assert!(lines(&mut scene, ANNA).await.is_empty(), "a password is no link");
    scene.connect(&mut anna, &at_acme("anna")).await.assert_says("Connected");
    scene.house.clock.advance(TICK);
    let page = anna.open("/account").await;
    anna.press(&page, "Remove Acme", &[]).await.assert_says("Removed");
    scene.house.clock.advance(TICK);
    let path = scene.identities_path(ANNA).await;
    let named = json!({"provider": "oidc", "user_id": "acme|anna-at-acme"});
    scene.api.post(&path, &named).await.assert_status(201);
    scene.house.clock.advance(TICK);
    scene.api.delete(&format!("{path}/oidc/acme%7Canna-at-acme")).await.assert_status(200);
    scene.house.clock.advance(TICK);
    // By the merge rule.
    scene.declare(&["example.org"], "auto").await;
    assert_in(&scene.sign_in(&mut scene.house.visitor(), &Account::new("anna-again", ANNA)).await);
    let written: Vec<_> = lines(&mut scene, ANNA).await.iter().map(facts).collect();
    let expected = [
        ("linked", "own_account", json!(["fresh_sign_in", "provider"]), "user"),
        ("unlinked", "removed_by_owner", json!(["fresh_sign_in"]), "user"),
        ("linked", "api", json!(["authorized", "linked_before"]), "client"),
        ("unlinked", "removed_by_api", json!(["authorized"]), "client"),
        ("linked", "authoritative", json!(["authoritative_provider", "proven_address"]), "system"),
    ];
    assert_eq!(written, expected.map(|(kind, rule, proofs, actor)| (json!(kind), json!(rule), proofs, json!(actor))));

    // The way by which an account began is told as well, and cannot be undone.
    scene.house.mails().await;
    let link = scene.invite(BOB).await;
    let mut bob = scene.house.visitor();
    let page = bob.open(&link).await;
    let away = crate::scene::leave(&mut bob, &page, "Continue with Acme").await;
    assert_in(&bob.open(&scene.acme.send_back(&away, &Account::new("bob-at-acme", BOB))).await);
    let began = lines(&mut scene, BOB).await;
    assert_eq!(began.len(), 1);
    assert_eq!(
        facts(&began[0]),
        (json!("linked"), json!("acceptance"), json!(["invitation", "provider"]), json!("user"))
    );
    assert_eq!((&began[0]["undoable_until"], &began[0]["subject"]), (&Value::Null, &json!("bob-at-acme")));
    let undo = format!("{}/{}/undo", ledger_path(&scene, BOB).await, began[0]["id"].as_str().unwrap());
    scene.api.post(&undo, &json!({})).await.assert_status(409);
}

/// The mail that tells Anna of a change.
async fn news(scene: &Scene) -> Letter {
    let letter = scene.house.mail().await;
    assert_eq!(letter.to, [ANNA]);
    letter
}

/// Anna removes Acme; the link by which she could undo that.
async fn remove_acme(scene: &Scene, anna: &mut Visitor) -> Url {
    scene.house.mails().await;
    let page = anna.open("/account").await;
    anna.press(&page, "Remove Acme", &[]).await.assert_says("Removed");
    news(scene).await.link("/undo/")
}

async fn an_owner_undoes_a_link_by_the_mail_and_whoever_made_it_is_out(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    // Somebody with a stolen session connects an account of their own.
    let mut thief = scene.guest(ANNA).await;
    scene.connect(&mut thief, &at_acme("mallory")).await.assert_says("Connected");
    let link = news(&scene).await.link("/undo/");
    scene.cellar.news().await;
    let mut owner = scene.house.visitor();
    let page = owner.open(link.as_str()).await;
    assert_eq!(page.url.path(), "/undo", "the secret left the address bar");
    page.assert_status(200).assert_says("Take Acme off again?").assert_says(ANNA);
    // Lines of one moment may stand in either order.
    scene.house.clock.advance(Duration::from_secs(1));
    let done = owner.press(&page, "Undo it", &[]).await;
    done.assert_status(200).assert_says("Undone");
    assert!(scene.subjects(ANNA).await.is_empty());
    assert_out(&mut thief).await;
    let refused = scene.sign_in(&mut scene.house.visitor(), &at_acme("mallory")).await;
    refused.assert_status(403).assert_says("You are not on the list");
    assert_in(&log_in(&mut owner, ANNA, PASSWORD).await);
    let told = lines(&mut scene, ANNA).await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[1]["undoes"], told[0]["id"]);
    assert_eq!(told[1]["proofs"], json!(["undo_link", "linked_before"]));
    assert_eq!((&told[0]["undone"], &told[0]["undoable_until"]), (&json!(true), &Value::Null));
    let letter = news(&scene).await;
    assert!(letter.subject.contains("no longer opens"), "{}", letter.subject);
    assert!(!letter.text.contains("/undo/"), "an undo is final");
}

async fn an_owner_undoes_an_unlink_by_the_mail(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    scene.connect(&mut anna, &at_acme("anna")).await.assert_says("Connected");
    let link = remove_acme(&scene, &mut anna).await;
    let mut owner = scene.house.visitor();
    let page = owner.open(link.as_str()).await;
    page.assert_says("Bring Acme back?");
    scene.cellar.news().await;
    owner.press(&page, "Undo it", &[]).await.assert_says("Undone");
    assert_eq!(scene.news_of(EventKind::UserLinked).await.data["rule"], json!("undo"));
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
    assert_out(&mut anna).await;
    assert_in(&scene.sign_in(&mut owner, &at_acme("anna")).await);
}

async fn an_undo_over_a_connection_that_is_gone_changes_nothing(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    scene.connect(&mut anna, &at_acme("anna")).await.assert_says("Connected");
    let link = remove_acme(&scene, &mut anna).await;
    let acme = scene.cellar.connection("acme").await.id;
    scene.api.delete(&format!("/api/v2/connections/{acme}")).await.assert_status(204);
    let before = scene.contents().await;
    let mut owner = scene.house.visitor();
    let page = owner.open(link.as_str()).await;
    owner.press(&page, "Undo it", &[]).await.assert_status(409).assert_says("Things have changed");
    scene.assert_same(&before, &[]).await;
}

async fn an_undo_link_is_good_once_for_seven_days_and_writes_nothing_when_opened(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    scene.connect(&mut anna, &at_acme("anna")).await.assert_says("Connected");
    let link = news(&scene).await.link("/undo/");
    let before = scene.contents().await;
    let mut owner = scene.house.visitor();
    let page = owner.open(link.as_str()).await;
    owner.open(link.as_str()).await.assert_status(200);
    scene.assert_same(&before, &[]).await;
    owner.press(&page, "Undo it", &[]).await.assert_says("Undone");
    let again = owner.open(link.as_str()).await;
    again.assert_status(410).assert_says("undone already");
    owner.open(&format!("/undo/gl_und_{}", "A".repeat(43))).await.assert_status(404);
    owner.open("/undo/nonsense").await.assert_status(404);

    // Too late.
    assert_in(&log_in(&mut anna, ANNA, PASSWORD).await);
    scene.house.mails().await;
    scene.connect(&mut anna, &at_acme("anna")).await.assert_says("Connected");
    let link = news(&scene).await.link("/undo/");
    let page = owner.open(link.as_str()).await;
    scene.house.clock.advance(UNDOABLE_FOR);
    let late = owner.press(&page, "Undo it", &[]).await;
    late.assert_status(410).assert_says("seven days");
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
}

async fn of_two_who_undo_at_once_one_does(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    scene.connect(&mut anna, &at_acme("anna")).await.assert_says("Connected");
    let link = news(&scene).await.link("/undo/");
    let (mut one, mut other) = (scene.house.visitor(), scene.house.visitor());
    let (page, other_page) = (one.open(link.as_str()).await, other.open(link.as_str()).await);
    scene.cellar.news().await;
    let (one, other) = tokio::join!(one.press(&page, "Undo it", &[]), other.press(&other_page, "Undo it", &[]));
    let done = [&one, &other].into_iter().filter(|answer| answer.status == 200).count();
    assert_eq!(done, 1, "{}\n{}", one.text(), other.text());
    let news = scene.cellar.news().await;
    assert_eq!(news.iter().filter(|event| event.kind == EventKind::UserUnlinked).count(), 1);
}

async fn an_undo_keeps_the_last_way_in_and_what_belongs_to_another(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    scene.connect(&mut anna, &at_acme("anna")).await.assert_says("Connected");
    let added = news(&scene).await.link("/undo/");
    let page = anna.open("/account").await;
    anna.press(&page, "Remove password", &[]).await.assert_says("Removed");
    scene.house.mails().await;
    let before = scene.contents().await;
    let mut owner = scene.house.visitor();
    let page = owner.open(added.as_str()).await;
    let kept = owner.press(&page, "Undo it", &[]).await;
    kept.assert_status(409).assert_says("last way into the account");
    scene.assert_same(&before, &[]).await;

    // Removed by Bob, connected by Cleo: Bob's undo moves nothing.
    let mut bob = scene.guest(BOB).await;
    scene.connect(&mut bob, &at_acme("shared")).await.assert_says("Connected");
    scene.house.mails().await;
    let page = bob.open("/account").await;
    bob.press(&page, "Remove Acme", &[]).await.assert_says("Removed");
    let removed = scene.house.mail().await.link("/undo/");
    let mut cleo = scene.guest("cleo@example.org").await;
    scene.connect(&mut cleo, &at_acme("shared")).await.assert_says("Connected");
    scene.house.mails().await;
    let before = scene.contents().await;
    let page = owner.open(removed.as_str()).await;
    owner.press(&page, "Undo it", &[]).await.assert_status(409);
    scene.assert_same(&before, &[]).await;
    assert_eq!(scene.subjects("cleo@example.org").await, ["shared-at-acme"]);
}

async fn an_administrator_undoes_and_a_stranger_does_not(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut anna = scene.guest(ANNA).await;
    scene.connect(&mut anna, &at_acme("anna")).await.assert_says("Connected");
    scene.house.mails().await;
    let mut admin = administrator(&mut scene).await;
    let id = scene.cellar.user(ANNA).await.id.to_string().replace('|', "%7C");
    let page = admin.open(&format!("/admin/people/{id}")).await;
    page.assert_says("Why are these one person?").assert_says("connected by the owner, after a fresh log-in");
    page.assert_says("a fresh log-in, the provider’s answer");
    let form = page.form("Undo");
    // Another person's browser is no administrator's, whatever form it sends.
    let mut bob = scene.guest(BOB).await;
    bob.submit(&form).await.assert_status(403);
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
    let undone = admin.submit(&form).await;
    let page = admin.follow(undone).await;
    page.assert_says("undone");
    assert!(scene.subjects(ANNA).await.is_empty());
    // The id of somebody else's line, or none at all.
    let line = lines(&mut scene, ANNA).await[0]["id"].as_str().unwrap().to_owned();
    let bobs = ledger_path(&scene, BOB).await;
    scene.api.post(&format!("{bobs}/{line}/undo"), &json!({})).await.assert_status(404);
    scene.api.post(&format!("{bobs}/lgr_none/undo"), &json!({})).await.assert_status(404);
    scene.api.get("/api/v2/users/auth0%7Cnobody/link-ledger").await.assert_status(404);
}
