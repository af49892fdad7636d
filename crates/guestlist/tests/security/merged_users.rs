//! Two whole users become one, by the Management API.

use crate::scene::{ANNA, BOB, PASSWORD, Scene, TRACES, assert_in, assert_out, log_in};
use guestlist_domain::event::EventKind;
use guestlist_domain::session::FRESH_FOR;
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use guestlist_testkit::visitor::{Form, Visitor};
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines!(
    case_077_the_second_user_ends_and_every_way_in_leads_to_the_first,
    case_077_a_dry_run_tells_what_differs_and_changes_nothing,
    case_077_metadata_come_along_only_when_wished,
    case_077_who_cannot_be_merged_stays_two,
    case_077_of_two_merges_of_one_user_one_wins,
    case_077_the_last_administrator_stays,
    case_077_an_owner_who_proves_both_in_one_browser_brings_them_together,
    case_077_one_proven_side_is_not_enough,
    case_077_an_offer_is_as_good_as_its_session,
    case_077_a_press_is_about_the_account_that_its_page_showed,
);

async fn id_of(scene: &Scene, email: &str) -> String {
    scene.cellar.user(email).await.id.to_string()
}

fn user_path(id: &str) -> String {
    format!("/api/v2/users/{}", id.replace('|', "%7C"))
}

/// Anna and Bob are one person with two accounts; Bob's is opened by Acme as well.
async fn one_person(engine: Engine) -> (Scene, Visitor) {
    let mut scene = Scene::on(engine).await;
    scene.guest(ANNA).await;
    let mut bob = scene.guest(BOB).await;
    scene.connect(&mut bob, &Account::new("bob-at-acme", BOB)).await.assert_says("Connected");
    scene.house.mails().await;
    scene.cellar.news().await;
    (scene, bob)
}

fn naming(id: &str) -> Value {
    json!({"provider": "auth0", "user_id": id})
}

async fn case_077_the_second_user_ends_and_every_way_in_leads_to_the_first(engine: Engine) {
    let (mut scene, mut bob) = one_person(engine).await;
    let (anna_id, bob_id) = (id_of(&scene, ANNA).await, id_of(&scene, BOB).await);
    let path = scene.identities_path(ANNA).await;
    let merged = scene.api.post(&path, &naming(&bob_id)).await;
    let identities = merged.assert_status(201).json();
    assert_eq!(identities[0]["user_id"], json!(anna_id["auth0|".len()..]), "the primary comes first");
    assert_eq!(identities[1]["user_id"], json!("acme|bob-at-acme"));

    // The second one's session, password and address open nothing; its row is gone and its subject retired.
    assert_out(&mut bob).await;
    log_in(&mut scene.house.visitor(), BOB, PASSWORD).await.assert_status(400);
    assert_eq!(scene.api.get("/api/v2/users-by-email?email=bob%40example.org").await.json(), json!([]));
    scene.api.get(&user_path(&bob_id)).await.assert_status(404);
    let retired = scene.contents().await["retired_users"].iter().filter(|row| row.contains(&bob_id)).count();
    assert_eq!(retired, 1);
    // Its provider opens the first one, and the first one's password still does.
    let mut browser = scene.house.visitor();
    let account = scene.sign_in(&mut browser, &Account::new("bob-at-acme", BOB)).await;
    assert_in(&account);
    account.assert_says(ANNA);
    assert_in(&log_in(&mut scene.house.visitor(), ANNA, PASSWORD).await);

    let mut told: Vec<String> = scene.house.mails().await.into_iter().flat_map(|mail| mail.to).collect();
    told.sort();
    assert_eq!(told, [ANNA, BOB]);
    let news = scene.cellar.news().await;
    let mut about: Vec<String> = news
        .iter()
        .filter(|event| event.kind == EventKind::UserMerged)
        .filter_map(|event| event.about.user.as_ref().map(ToString::to_string))
        .collect();
    about.sort();
    let mut both = vec![anna_id.clone(), bob_id.clone()];
    both.sort();
    assert_eq!(about, both, "the history of either tells it");
    let ledger = scene.api.get(&format!("{}/link-ledger", user_path(&anna_id))).await.json();
    assert_eq!((&ledger[0]["kind"], &ledger[0]["rule"]), (&json!("merged"), &json!("merged_by_api")));
    assert_eq!(ledger[0]["details"]["merged"]["user_id"], json!(bob_id));
    assert_eq!(ledger[0]["undoable_until"], Value::Null);
    assert_eq!(ledger[0]["details"]["merged"]["identities"][0]["subject"], json!("bob-at-acme"));
    // How the other one came to its ways in is still told; nothing of it can be undone.
    let former = scene.api.get(&format!("{}/link-ledger", user_path(&bob_id))).await.assert_status(200).json();
    assert_eq!((&former[0]["kind"], &former[0]["undoable_until"]), (&json!("linked"), &Value::Null));
    // Invited anew, Bob is somebody else.
    scene.invite(BOB).await;
    assert_ne!(id_of(&scene, BOB).await, bob_id);
}

async fn case_077_a_dry_run_tells_what_differs_and_changes_nothing(engine: Engine) {
    let (mut scene, _) = one_person(engine).await;
    let (anna_id, bob_id) = (id_of(&scene, ANNA).await, id_of(&scene, BOB).await);
    let mine = json!({"user_metadata": {"desk": "door", "tea": true}, "app_metadata": {"plan": "free"}});
    let theirs = json!({"user_metadata": {"desk": "window", "tea": true, "hat": "red"}, "name": "Robert"});
    scene.api.patch(&user_path(&anna_id), &mine).await.assert_status(200);
    scene.api.patch(&user_path(&bob_id), &theirs).await.assert_status(200);
    let before = scene.contents().await;
    let path = scene.identities_path(ANNA).await;
    let dry = scene.api.post(&format!("{path}?dry_run=true"), &naming(&bob_id)).await.assert_status(200).json();
    scene.assert_same(&before, &[]).await;
    let expected = json!({"dry_run": true, "user_id": anna_id, "merges": bob_id,
        "conflicts": [
            {"field": "email", "kept": ANNA, "dropped": BOB},
            {"field": "user_metadata.desk", "kept": "door", "dropped": "window"},
        ],
        "left_out": {"name": "Robert", "user_metadata.hat": "red", "password": "no longer opens the account"}});
    assert_eq!(dry, expected);
    // It is for users alone.
    let identity = json!({"provider": "oidc", "user_id": "acme|x"});
    scene.api.post(&format!("{path}?dry_run=true"), &identity).await.assert_status(400);
    scene.api.post(&format!("{path}?dry_run=perhaps"), &naming(&bob_id)).await.assert_status(400);
    assert!(scene.house.mails().await.is_empty());
}

async fn case_077_metadata_come_along_only_when_wished(engine: Engine) {
    for wished in [false, true] {
        let (mut scene, _) = one_person(engine).await;
        let (anna_id, bob_id) = (id_of(&scene, ANNA).await, id_of(&scene, BOB).await);
        scene.api.patch(&user_path(&anna_id), &json!({"user_metadata": {"desk": "door"}})).await;
        scene.api.patch(&user_path(&bob_id), &json!({"user_metadata": {"desk": "window", "hat": "red"}})).await;
        let path = scene.identities_path(ANNA).await;
        let mut body = naming(bob_id.strip_prefix("auth0|").unwrap());
        body["merge_metadata"] = json!(wished);
        scene.api.post(&path, &body).await.assert_status(201);
        let anna = scene.api.get(&user_path(&anna_id)).await.json();
        let expected = if wished { json!({"desk": "door", "hat": "red"}) } else { json!({"desk": "door"}) };
        assert_eq!(anna["user_metadata"], expected);
        // Nothing of it is lost: the ledger keeps what the second one had.
        let ledger = scene.api.get(&format!("{}/link-ledger", user_path(&anna_id))).await.json();
        assert_eq!(ledger[0]["details"]["merged"]["user_metadata"], json!({"desk": "window", "hat": "red"}));
    }
}

async fn case_077_who_cannot_be_merged_stays_two(engine: Engine) {
    let (mut scene, _) = one_person(engine).await;
    let (anna_id, bob_id) = (id_of(&scene, ANNA).await, id_of(&scene, BOB).await);
    scene.invite("pending@example.org").await;
    let pending = id_of(&scene, "pending@example.org").await;
    let path = scene.identities_path(ANNA).await;
    let pending_path = scene.identities_path("pending@example.org").await;
    let mut before = scene.contents().await;
    for (path, named, says) in [
        (&path, &anna_id, "the same"),
        (&path, &pending, "has not accepted"),
        (&pending_path, &bob_id, "has not accepted"),
        (&path, &"auth0|000000000000000000000000".to_owned(), "inexistent"),
    ] {
        let refused = scene.api.post(path, &naming(named)).await;
        refused.assert_status(400);
        assert!(refused.body.contains(says), "{named}: {}", refused.body);
        scene.assert_same(&before, TRACES).await;
    }
    // A block is neither lifted nor spread.
    scene.api.patch(&user_path(&bob_id), &json!({"blocked": true})).await.assert_status(200);
    before = scene.contents().await;
    let bobs = scene.identities_path(BOB).await;
    for (path, named) in [(&path, &bob_id), (&bobs, &anna_id)] {
        scene.api.post(path, &naming(named)).await.assert_status(400);
        scene.assert_same(&before, TRACES).await;
    }
}

async fn case_077_of_two_merges_of_one_user_one_wins(engine: Engine) {
    let (mut scene, _) = one_person(engine).await;
    scene.guest("cleo@example.org").await;
    let bob_id = id_of(&scene, BOB).await;
    let (annas, cleos) = (scene.identities_path(ANNA).await, scene.identities_path("cleo@example.org").await);
    let (mut one, mut other) = (scene.house.api().await, scene.house.api().await);
    let body = naming(&bob_id);
    let (to_anna, to_cleo) = tokio::join!(one.post(&annas, &body), other.post(&cleos, &body));
    let mut statuses = [to_anna.status.as_u16(), to_cleo.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400], "{}\n{}", to_anna.body, to_cleo.body);
    let winner = if to_anna.status == 201 { ANNA } else { "cleo@example.org" };
    assert_eq!(scene.subjects(winner).await, ["bob-at-acme"]);
}

async fn case_077_the_last_administrator_stays(engine: Engine) {
    let (mut scene, _) = one_person(engine).await;
    crate::every_door::administrator(&mut scene).await;
    let admin = id_of(&scene, "admin@example.org").await;
    let before = scene.contents().await;
    let path = scene.identities_path(ANNA).await;
    for path in [path.clone(), format!("{path}?dry_run=true")] {
        let refused = scene.api.post(&path, &naming(&admin)).await;
        refused.assert_status(400);
        assert!(refused.body.contains("last administrator"), "{}", refused.body);
        scene.assert_same(&before, TRACES).await;
    }
    // The other way round is nobody's loss; the role does not spread.
    let path = scene.identities_path("admin@example.org").await;
    let anna_id = id_of(&scene, ANNA).await;
    scene.api.post(&path, &naming(&anna_id)).await.assert_status(201);
    assert_eq!(scene.cellar.user("admin@example.org").await.roles, ["admin"]);
}

fn bobs() -> Account {
    Account::new("bob-at-acme", BOB)
}

async fn case_077_an_owner_who_proves_both_in_one_browser_brings_them_together(engine: Engine) {
    let (mut scene, mut bob) = one_person(engine).await;
    let (anna_id, bob_id) = (id_of(&scene, ANNA).await, id_of(&scene, BOB).await);
    let theirs = json!({"user_metadata": {"hat": "red"}, "app_metadata": {"plan": "gold"}});
    scene.api.patch(&user_path(&bob_id), &theirs).await.assert_status(200);
    scene.api.patch(&user_path(&anna_id), &json!({"app_metadata": {"plan": "free"}})).await.assert_status(200);
    let mut anna = scene.house.visitor();
    assert_in(&log_in(&mut anna, ANNA, PASSWORD).await);
    let before = scene.contents().await;
    scene.cellar.news().await;
    let offered = scene.connect(&mut anna, &bobs()).await;
    offered.assert_status(200).assert_says("Is this account yours too?").assert_says(ANNA).assert_says(BOB);
    offered.assert_says("The password of bob@example.org opens nothing any more");
    assert!(!offered.text().contains("gold"), "what applications keep is not the person's to read");
    scene.assert_same(&before, TRACES).await;

    let done = anna.press(&offered, "Bring both together", &[]).await;
    assert_in(&done);
    done.assert_says("Both accounts are one now").assert_says("Remove Acme");
    assert_out(&mut bob).await;
    log_in(&mut scene.house.visitor(), BOB, PASSWORD).await.assert_status(400);
    let mut later = scene.house.visitor();
    let account = scene.sign_in(&mut later, &bobs()).await;
    assert_in(&account);
    account.assert_says(ANNA);
    let user = scene.api.get(&user_path(&anna_id)).await.json();
    assert_eq!((&user["user_metadata"], &user["app_metadata"]), (&json!({"hat": "red"}), &json!({"plan": "free"})));
    scene.api.get(&user_path(&bob_id)).await.assert_status(404);
    let ledger = scene.api.get(&format!("{}/link-ledger", user_path(&anna_id))).await.json();
    assert_eq!(ledger[0]["rule"], json!("merged_by_owner"));
    assert_eq!(ledger[0]["proofs"], json!(["fresh_sign_in", "provider"]));
    let mut told: Vec<String> = scene.house.mails().await.into_iter().flat_map(|mail| mail.to).collect();
    told.sort();
    assert_eq!(told, [ANNA, BOB]);
    // The offer was good once.
    assert_eq!(anna.open("/account/merge").await.url.path(), "/account");
}

async fn case_077_one_proven_side_is_not_enough(engine: Engine) {
    let (mut scene, _) = one_person(engine).await;
    let mut anna = scene.house.visitor();
    assert_in(&log_in(&mut anna, ANNA, PASSWORD).await);
    // A session that is not fresh any more, neither at the departure nor at the press.
    let page = anna.open("/account").await;
    let form = page.form("Connect Acme");
    let offered = scene.connect(&mut anna, &bobs()).await;
    scene.house.clock.advance(FRESH_FOR + Duration::from_millis(1));
    let before = scene.contents().await;
    let stale = anna.press(&offered, "Bring both together", &[]).await;
    assert_eq!(stale.url.path(), "/account/fresh");
    assert_eq!(anna.submit(&form).await.location(), Some("/account/fresh"));
    scene.assert_same(&before, TRACES).await;
    // A block on the other side.
    let bob_id = id_of(&scene, BOB).await;
    scene.api = scene.house.api().await;
    scene.api.patch(&user_path(&bob_id), &json!({"blocked": true})).await.assert_status(200);
    let mut again = scene.house.visitor();
    assert_in(&log_in(&mut again, ANNA, PASSWORD).await);
    let before = scene.contents().await;
    let refused = scene.connect(&mut again, &bobs()).await;
    refused.assert_status(403).assert_says("This account belongs to somebody else");
    scene.assert_same(&before, TRACES).await;
}

async fn case_077_an_offer_is_as_good_as_its_session(engine: Engine) {
    let (scene, _) = one_person(engine).await;
    let mut anna = scene.house.visitor();
    assert_in(&log_in(&mut anna, ANNA, PASSWORD).await);
    let offered = scene.connect(&mut anna, &bobs()).await;
    let form = offered.form("Bring both together");
    let before = scene.contents().await;
    // Nobody's browser but this one, and no session but the one that left.
    let mut other = scene.house.visitor();
    assert_in(&log_in(&mut other, ANNA, PASSWORD).await);
    other.submit(&form).await.assert_status(403);
    assert_eq!(other.open("/account/merge").await.url.path(), "/account");
    let page = anna.open("/account").await;
    anna.press(&page, "Log out", &[]).await;
    let page = log_in(&mut anna, ANNA, PASSWORD).await;
    assert_in(&page);
    assert_eq!(anna.open("/account/merge").await.url.path(), "/account");
    // The same browser and the same owner, with a token of this very session, but not the session that left.
    let press = Form { action: form.action.clone(), ..page.form("Log out") };
    anna.submit(&press).await.assert_status(400).assert_says("lost");
    scene.assert_same(&before, &["sessions", "events", "users", "flows", "throttles"]).await;
    assert_eq!(scene.subjects(BOB).await, ["bob-at-acme"]);
}

async fn case_077_a_press_is_about_the_account_that_its_page_showed(engine: Engine) {
    const CARLA: &str = "carla@example.org";
    let (mut scene, _) = one_person(engine).await;
    let mut carla = scene.guest(CARLA).await;
    scene.connect(&mut carla, &Account::new("carla-at-acme", CARLA)).await.assert_says("Connected");
    let mut anna = scene.house.visitor();
    assert_in(&log_in(&mut anna, ANNA, PASSWORD).await);
    // Two pages in one browser: Bob's account, then Carla's.
    let first = scene.connect(&mut anna, &bobs()).await;
    first.assert_says(BOB);
    scene.house.clock.advance(Duration::from_secs(1));
    let second = scene.connect(&mut anna, &Account::new("carla-at-acme", CARLA)).await;
    second.assert_says(CARLA);
    let before = scene.contents().await;
    for button in ["Bring both together", "Leave them as they are"] {
        anna.submit(&first.form(button)).await;
    }
    let forgotten = second.form("Bring both together").without("trip");
    assert_eq!(anna.submit(&forgotten).await.location(), Some("/account/merge"), "what waits is shown again");
    anna.open("/account/merge").await.assert_says(CARLA);
    scene.assert_same(&before, &[]).await;
    anna.press(&second, "Bring both together", &[]).await.assert_says("Both accounts are one now");
    assert!(scene.cellar.find_user(CARLA).await.is_none());
    assert_eq!(scene.subjects(BOB).await, ["bob-at-acme"]);
}
