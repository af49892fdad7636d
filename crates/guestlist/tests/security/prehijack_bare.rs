//! Cases 64 to 68 in two houses: one as it ships, and one in which the rules are switched off that stand in the way. The
//! same attack fails in the first and succeeds in the second: what the other tests see fail is held by those rules, and
//! by nothing else that just happens to be there.
//!
//! Between the two stands a house in which only inertness (R2) is off. There the clean slate (R3) must hold alone.

use crate::guests::{opens, press};
use crate::prehijack::{By, HIS_PASSWORD, MALLORY, accept};
use crate::scene::{ANNA, Scene, log_in};
use guestlist_app::Clock as _;
use guestlist_app::rules::Rule::{self, CleanSlate, PendingIsInert, ProviderAuthority};
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use serde_json::json;

on_both_engines!(
    case_064_a_password_from_before_opens_only_a_bare_house,
    case_065_a_session_from_before_lives_only_in_a_bare_house,
    case_065_an_identity_from_before_opens_only_a_bare_house,
    case_067_a_link_from_before_works_only_in_a_bare_house,
    case_067_a_moved_address_stays_only_in_a_bare_house,
    case_068_a_lax_provider_opens_only_a_bare_house,
);

const SHIPPED: &[Rule] = &[];
const NOT_INERT: &[Rule] = &[PendingIsInert];
const BARE: &[Rule] = &[PendingIsInert, CleanSlate, ProviderAuthority];

/// Runs an attack in each house: it gets in nowhere but in the last.
macro_rules! assert_only_bare {
    ($engine:expr, $attack:ident) => {
        for rules_off in [SHIPPED, NOT_INERT] {
            let gets_in = $attack(Scene::without($engine, rules_off).await).await;
            assert!(!gets_in, "the attack succeeds without {rules_off:?}");
        }
        assert!($attack(Scene::without($engine, BARE).await).await, "the attack is none: it fails whatever is off");
    };
}

/// What a machine with a token may do before the guest comes: put a user on the list, with a password.
async fn pre_create(scene: &mut Scene) {
    let made = json!({"connection": "Username-Password-Authentication", "email": ANNA, "password": HIS_PASSWORD,
        "email_verified": false});
    scene.api.post("/api/v2/users", &made).await.assert_status(201);
}

async fn case_064_a_password_from_before_opens_only_a_bare_house(engine: Engine) {
    async fn attack(mut scene: Scene) -> bool {
        pre_create(&mut scene).await;
        let link = scene.invite(ANNA).await;
        accept(&scene, &link, By::Acme).await;
        opens(&scene, ANNA, HIS_PASSWORD).await
    }
    assert_only_bare!(engine, attack);
}

async fn case_065_a_session_from_before_lives_only_in_a_bare_house(engine: Engine) {
    async fn attack(mut scene: Scene) -> bool {
        pre_create(&mut scene).await;
        let link = scene.invite(ANNA).await;
        let mut mallory = scene.house.visitor();
        log_in(&mut mallory, ANNA, HIS_PASSWORD).await;
        accept(&scene, &link, By::Password).await;
        mallory.get("/account").await.status.is_success()
    }
    assert_only_bare!(engine, attack);
}

/// Class 3: no door links anything to a pending user even where it may sign in, so the row is planted.
async fn case_065_an_identity_from_before_opens_only_a_bare_house(engine: Engine) {
    async fn attack(mut scene: Scene) -> bool {
        let link = scene.invite(ANNA).await;
        let (pending, acme) = (scene.cellar.user(ANNA).await, scene.cellar.connection("acme").await);
        scene.cellar.plant_identity(&pending, &acme, "mallory-at-acme", scene.house.clock.now()).await;
        accept(&scene, &link, By::Password).await;
        let account = Account::new("mallory-at-acme", MALLORY);
        scene.sign_in(&mut scene.house.visitor(), &account).await.url.path() == "/account"
    }
    assert_only_bare!(engine, attack);
}

async fn case_067_a_link_from_before_works_only_in_a_bare_house(engine: Engine) {
    async fn attack(mut scene: Scene) -> bool {
        scene.invite(ANNA).await;
        let pending = scene.cellar.user(ANNA).await;
        let ticket = scene.api.post("/api/v2/tickets/password-change", &json!({"user_id": pending.id})).await;
        let ticket = ticket.assert_status(201).json()["ticket"].as_str().unwrap().to_owned();
        let link = scene.resend(ANNA).await;
        accept(&scene, &link, By::Password).await;
        let mut mallory = scene.house.visitor();
        let page = mallory.open(&ticket).await;
        if !page.offers("Set password") {
            return false;
        }
        press(&mut mallory, &page.form("Set password").with("password", HIS_PASSWORD)).await;
        opens(&scene, ANNA, HIS_PASSWORD).await
    }
    assert_only_bare!(engine, attack);
}

/// No door moves the row without the invitation, so it is moved behind the house's back.
async fn case_067_a_moved_address_stays_only_in_a_bare_house(engine: Engine) {
    async fn attack(mut scene: Scene) -> bool {
        let link = scene.invite(ANNA).await;
        scene.cellar.move_user(&scene.cellar.user(ANNA).await, MALLORY).await;
        accept(&scene, &link, By::Password).await;
        scene.house.mails().await;
        let mut mallory = scene.house.visitor();
        let page = mallory.open("/forgot").await;
        mallory.press(&page, "Send the link", &[("email", MALLORY)]).await.assert_status(200);
        scene.house.mails().await.iter().any(|mail| mail.to == [MALLORY])
    }
    assert_only_bare!(engine, attack);
}

async fn case_068_a_lax_provider_opens_only_a_bare_house(engine: Engine) {
    async fn attack(mut scene: Scene) -> bool {
        // The operator lets Acme merge, but declared it authoritative for another domain.
        scene.declare(&["acme.example"], "auto").await;
        let lax = Account::new("mallory-at-acme", ANNA);
        let mut mallory = scene.house.visitor();
        scene.sign_in(&mut mallory, &lax).await.assert_status(403);
        assert!(scene.cellar.find_user(ANNA).await.is_none(), "no account, no reservation");
        let link = scene.invite(ANNA).await;
        accept(&scene, &link, By::Password).await;
        scene.sign_in(&mut mallory, &lax).await.url.path() == "/account"
    }
    assert_only_bare!(engine, attack);
}
