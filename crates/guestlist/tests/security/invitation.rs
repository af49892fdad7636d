//! Cases 4 to 10: when an invitation can be accepted, by whom, and how often.

use crate::guests::{assert_opens, happened, invite, invite_on, opens, password_form, press};
use crate::race::{at_once, races_on_both_engines};
use crate::scene::{ANNA, PASSWORD, Scene, accept_by_password, assert_in, assert_out, leave};
use guestlist_app::invite::Invite;
use guestlist_domain::email::Email;
use guestlist_domain::event::{Actor, EventKind};
use guestlist_domain::invitation::{DEFAULT_LIFETIME, Terms};
use guestlist_domain::user::{ADMIN_ROLE, User};
use guestlist_testkit::house::{Api, Engine};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use guestlist_testkit::visitor::{Answer, Form, Visitor};
use serde_json::json;
use std::pin::Pin;
use std::time::Duration;

on_both_engines!(
    case_004_a_link_is_good_once,
    case_007_expiry_is_decided_at_the_press,
    case_007_expiry_is_decided_at_the_return_from_the_provider,
    case_007_expiry_is_decided_at_the_press_that_names_both_addresses,
    case_009_revoked_while_the_form_is_open,
    case_009_revoked_while_the_browser_is_at_the_provider,
    case_009_an_accepted_invitation_cannot_be_taken_back,
    case_010_only_the_newest_link_of_many,
    case_010_invited_again_after_revocation,
    case_010_what_an_inviter_lost_is_not_granted,
    case_010_what_a_backend_lost_is_not_granted,
);
races_on_both_engines!(case_005_sixty_four_at_once, case_006_a_password_and_a_provider_at_once);

/// Fails unless nobody came in: the answer is the page of a dead link that says `words`.
#[track_caller]
fn assert_dead(answer: &Answer, words: &str) {
    answer.assert_status(410).assert_says(words);
    assert!(!answer.offers("Set password") && !answer.offers("Continue with Acme"), "{}", answer.text());
}

async fn case_004_a_link_is_good_once(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    // The other browser had the page open before it was too late.
    let mut other = scene.house.visitor();
    let page = other.open(&anna.link).await;
    happened(&scene).await;
    accept_by_password(&mut scene.house.visitor(), &anna.link).await;
    assert_eq!(happened(&scene).await, ["invitation.accepted", "login.succeeded"]);
    scene.house.mails().await;

    let before = scene.contents().await;
    for _ in 0..3 {
        let mut late = scene.house.visitor();
        let dead = late.open(&anna.link).await;
        assert_dead(&dead, "This link was already used");
        assert_eq!(dead.find_link("Log in").as_deref(), Some("/login"));
        assert_out(&mut late).await;
    }
    let second = page.form("Set password").with("password", "second-lamp-71");
    assert_dead(&press(&mut other, &second).await, "This link was already used");
    let away = other.submit(&page.form("Continue with Acme")).await;
    assert_dead(&other.follow(away).await, "This link was already used");
    let declined = other.submit(&page.form("Decline the invitation")).await;
    assert_dead(&other.follow(declined).await, "This link was already used");
    assert_out(&mut other).await;
    scene.assert_same(&before, &[]).await;
    assert!(happened(&scene).await.is_empty());
    assert_opens(&scene, ANNA).await;
    assert!(!opens(&scene, ANNA, "second-lamp-71").await);
    assert_eq!(anna.status(&scene).await, "accepted");
}

const RACERS: usize = 64;

async fn case_005_sixty_four_at_once(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    let mut forms = Vec::new();
    for number in 0..RACERS {
        let mut visitor = scene.house.visitor();
        let form = password_form(&mut visitor, &anna.link, &racer_password(number)).await;
        forms.push((number, visitor, form));
    }
    happened(&scene).await;
    let racers = forms.into_iter().map(|(number, mut visitor, form)| async move {
        let answer = visitor.submit(&form).await;
        (number, answer, visitor)
    });
    let mut winners = Vec::new();
    for (number, answer, mut visitor) in at_once(racers.collect()).await {
        assert_eq!(answer.status.as_u16(), 303, "{}", answer.text());
        if answer.location() == Some("/account") {
            winners.push(number);
        } else {
            assert_dead(&visitor.follow(answer).await, "This link was already used");
            assert_out(&mut visitor).await;
        }
    }
    assert_eq!(winners.len(), 1, "one winner: {winners:?}");
    assert_eq!(happened(&scene).await, ["invitation.accepted", "login.succeeded"]);
    let contents = scene.contents().await;
    for table in ["users", "passwords", "sessions"] {
        assert_eq!(contents[table].len(), 1, "one row in {table}");
    }
    assert_eq!(scene.house.mails().await.len(), 1, "one welcome");

    // Of the passwords, the winner's opens the account. Ten tries in fifteen minutes are allowed.
    for number in 0..RACERS {
        if number % 8 == 0 {
            scene.house.clock.advance(Duration::from_mins(16));
        }
        let is_winner = winners.contains(&number);
        assert_eq!(opens(&scene, ANNA, &racer_password(number)).await, is_winner, "the password of racer {number}");
    }
}

fn racer_password(number: usize) -> String {
    format!("kettle-orbit-{number}")
}

const ROUNDS: usize = 50;
/// One node takes the password, the other the return from the provider. On SQLite there is one node.
async fn case_006_a_password_and_a_provider_at_once(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let other_node = match engine {
        Engine::Sqlite => scene.house.router.clone(),
        Engine::Postgres => scene.house.another_node().await.1,
    };
    // The provider's answer is there sooner than a hash. Small errands hold its browser up, more of them whenever it won,
    // fewer whenever it lost: so the two meet, whatever a hash costs on this machine.
    let (mut won_by_password, mut errands) = (0, 0_usize);
    for round in 0..ROUNDS {
        let email = format!("guest{round}@example.org");
        let guest = invite(&mut scene, &email).await;
        happened(&scene).await;
        let mut one = scene.house.visitor();
        let mut other = Visitor::new(other_node.clone(), scene.house.origin());
        let form = password_form(&mut one, &guest.link, PASSWORD).await;
        let page = other.open(&guest.link).await;
        let away = leave(&mut other, &page, "Continue with Acme").await;
        let back = scene.acme.send_back(&away, &Account::new(&email, &email));
        let (by_password, by_provider) = meet(one, form, other, back, errands).await;

        assert_ne!(by_password, by_provider, "round {round}: one winner");
        won_by_password += usize::from(by_password);
        let step = 1 + errands / 4;
        errands = if by_password { errands.saturating_sub(step) } else { errands + step };
        let user = scene.cellar.user(&email).await;
        assert_eq!(scene.cellar.password(&user).await.is_some(), by_password, "round {round}");
        assert_eq!(scene.subjects(&email).await.len(), usize::from(by_provider), "round {round}");
        assert_eq!(happened(&scene).await, ["invitation.accepted", "login.succeeded"], "round {round}");
        assert_eq!(scene.house.mails().await.len(), 1, "round {round}: one welcome");
    }
    let contents = scene.contents().await;
    assert_eq!(contents["sessions"].len(), ROUNDS, "a session for each winner, none for a loser");
    assert_eq!(contents["passwords"].len(), won_by_password);
    assert_eq!(contents["identities"].len(), ROUNDS - won_by_password, "no orphans");
    assert!((1..ROUNDS).contains(&won_by_password), "either side wins at times: {won_by_password} of {ROUNDS}");
}

/// Lets the two go at once: who came in.
async fn meet(mut one: Visitor, form: Form, mut other: Visitor, back: String, errands: usize) -> (bool, bool) {
    let password = async move { ("password", press(&mut one, &form).await) };
    let provider = async move {
        for _ in 0..errands {
            other.get("/login").await.assert_status(200);
        }
        ("provider", other.open(&back).await)
    };
    let runners: Vec<Pin<Box<dyn Future<Output = _> + Send>>> = vec![Box::pin(password), Box::pin(provider)];
    let came_in = |answers: &[(&str, Answer)], who: &str| {
        answers.iter().any(|(name, answer)| *name == who && answer.url.path() == "/account")
    };
    let answers = at_once(runners).await;
    for (_, answer) in answers.iter().filter(|(_, answer)| answer.url.path() != "/account") {
        assert_dead(answer, "This link was already used");
    }
    (came_in(&answers, "password"), came_in(&answers, "provider"))
}

/// No job runs in these houses: what is over is over by the clock alone.
async fn case_007_expiry_is_decided_at_the_press(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    scene.house.clock.advance(DEFAULT_LIFETIME.saturating_sub(Duration::from_secs(1)));
    let mut visitor = scene.house.visitor();
    let form = password_form(&mut visitor, &anna.link, PASSWORD).await;
    scene.house.clock.advance(Duration::from_secs(2));
    happened(&scene).await;
    let before = scene.contents().await;
    assert_dead(&press(&mut visitor, &form).await, "This link has expired");
    assert_dead(&scene.house.visitor().open(&anna.link).await, "This link has expired");
    assert_out(&mut visitor).await;
    scene.assert_same(&before, &[]).await;
    assert!(happened(&scene).await.is_empty());
    assert_eq!(anna.status(&scene).await, "expired");
}

async fn case_007_expiry_is_decided_at_the_return_from_the_provider(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    scene.house.clock.advance(DEFAULT_LIFETIME.saturating_sub(Duration::from_secs(1)));
    let mut visitor = scene.house.visitor();
    let page = visitor.open(&anna.link).await;
    let away = leave(&mut visitor, &page, "Continue with Acme").await;
    scene.house.clock.advance(Duration::from_secs(2));
    let before = scene.contents().await;
    let back = scene.acme.send_back(&away, &Account::new("anna-at-acme", ANNA));
    assert_dead(&visitor.open(&back).await, "This link has expired");
    assert_out(&mut visitor).await;
    scene.assert_same(&before, crate::scene::TRACES).await;
    assert_eq!(anna.status(&scene).await, "expired");
}

async fn case_007_expiry_is_decided_at_the_press_that_names_both_addresses(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    scene.house.clock.advance(DEFAULT_LIFETIME.saturating_sub(Duration::from_secs(1)));
    let mut visitor = scene.house.visitor();
    let page = visitor.open(&anna.link).await;
    let away = leave(&mut visitor, &page, "Continue with Acme").await;
    let back = scene.acme.send_back(&away, &Account::new("anna-at-acme", "anna@work.example"));
    let page = visitor.open(&back).await;
    assert_eq!(page.url.path(), "/accept/confirm");
    scene.house.clock.advance(Duration::from_secs(2));
    let before = scene.contents().await;
    let dead = visitor.press(&page, "Continue as anna@work.example", &[]).await;
    assert_dead(&dead, "This link has expired");
    assert_out(&mut visitor).await;
    scene.assert_same(&before, crate::scene::TRACES).await;
}

async fn case_009_revoked_while_the_form_is_open(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    let mut visitor = scene.house.visitor();
    let form = password_form(&mut visitor, &anna.link, PASSWORD).await;
    happened(&scene).await;
    anna.revoke(&mut scene).await.assert_status(200);
    assert_eq!(happened(&scene).await, ["invitation.revoked"]);
    let before = scene.contents().await;
    assert_dead(&press(&mut visitor, &form).await, "This invitation was withdrawn");
    assert_out(&mut visitor).await;
    scene.assert_same(&before, &[]).await;
    assert_eq!(anna.status(&scene).await, "revoked");
    assert!(!opens(&scene, ANNA, PASSWORD).await);
}

async fn case_009_revoked_while_the_browser_is_at_the_provider(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    let mut visitor = scene.house.visitor();
    let page = visitor.open(&anna.link).await;
    let away = leave(&mut visitor, &page, "Continue with Acme").await;
    anna.revoke(&mut scene).await.assert_status(200);
    let before = scene.contents().await;
    let account = Account::new("anna-at-acme", ANNA);
    assert_dead(&visitor.open(&scene.acme.send_back(&away, &account)).await, "This invitation was withdrawn");
    assert_out(&mut visitor).await;
    scene.assert_same(&before, crate::scene::TRACES).await;
    let refused = scene.sign_in(&mut visitor, &account).await;
    refused.assert_status(403).assert_says("You are not on the list");
}

async fn case_009_an_accepted_invitation_cannot_be_taken_back(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    let mut visitor = scene.house.visitor();
    accept_by_password(&mut visitor, &anna.link).await;
    scene.house.mails().await;
    happened(&scene).await;
    let before = scene.contents().await;
    let refused = anna.revoke(&mut scene).await;
    assert_eq!(refused.assert_status(409).json()["errorCode"], json!("invitation_ended"));
    scene.assert_same(&before, &[]).await;
    assert!(happened(&scene).await.is_empty());
    assert_in(&visitor.open("/account").await);
    assert_opens(&scene, ANNA).await;
}

async fn case_010_only_the_newest_link_of_many(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    let mut early = scene.house.visitor();
    let form = password_form(&mut early, &anna.link, PASSWORD).await;
    happened(&scene).await;
    let mut links = vec![anna.link.clone()];
    for _ in 0..3 {
        links.push(anna.resend(&mut scene).await);
        assert_eq!(happened(&scene).await, ["invitation.resent", "invitation.sent"]);
    }
    let newest = links.pop().unwrap();
    assert!(!links.contains(&newest), "a new secret each time");
    let before = scene.contents().await;
    assert_dead(&press(&mut early, &form).await, "There is a newer link");
    for link in &links {
        assert_dead(&scene.house.visitor().open(link).await, "There is a newer link");
    }
    scene.assert_same(&before, &[]).await;
    accept_by_password(&mut scene.house.visitor(), &newest).await;
    for link in &links {
        assert_dead(&scene.house.visitor().open(link).await, "This link was already used");
    }
}

async fn case_010_invited_again_after_revocation(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let first = invite(&mut scene, ANNA).await;
    let resent = first.resend(&mut scene).await;
    let mut early = scene.house.visitor();
    let form = password_form(&mut early, &resent, PASSWORD).await;
    first.revoke(&mut scene).await.assert_status(200);
    let second = invite(&mut scene, ANNA).await;
    assert_ne!(first.id, second.id);
    assert_eq!(first.user_id, second.user_id, "the same row waits");
    let before = scene.contents().await;
    for link in [&first.link, &resent] {
        assert_dead(&scene.house.visitor().open(link).await, "This invitation was withdrawn");
    }
    assert_dead(&press(&mut early, &form).await, "This invitation was withdrawn");
    scene.assert_same(&before, &[]).await;
    accept_by_password(&mut scene.house.visitor(), &second.link).await;
    assert_eq!((first.status(&scene).await, second.status(&scene).await), ("revoked".into(), "accepted".into()));
}

/// Whether a guest who accepts that link opens the console.
async fn becomes_administrator(scene: &mut Scene, email: &str, link: &str) -> bool {
    let mut guest = scene.house.visitor();
    accept_by_password(&mut guest, link).await;
    scene.house.mails().await;
    let user = scene.cellar.user(email).await;
    let accepted = scene.cellar.news_of(EventKind::InvitationAccepted).await;
    assert_eq!(accepted.data["roles"], json!(user.roles), "what was granted is written down");
    let console = guest.get("/admin").await.status.as_u16();
    assert_eq!(console, if user.roles.is_empty() { 403 } else { 200 });
    user.is_admin()
}

#[derive(Clone, Copy, Debug)]
enum Fall {
    Kept,
    Demoted,
    Blocked,
    Deleted,
}

async fn befall(scene: &mut Scene, fall: Fall, inviter: &User) {
    let path = format!("/api/v2/users/{}", inviter.id.as_str().replace('|', "%7C"));
    match fall {
        Fall::Kept => {}
        Fall::Demoted => scene.cellar.demote(inviter).await,
        Fall::Blocked => {
            scene.api.patch(&path, &json!({"blocked": true})).await.assert_status(200);
        }
        Fall::Deleted => {
            scene.api.delete(&path).await.assert_status(204);
        }
    }
}

/// No door lets a person invite an administrator yet; the act that such a door would call is called here.
async fn case_010_what_an_inviter_lost_is_not_granted(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    for (fall, is_granted) in
        [(Fall::Kept, true), (Fall::Demoted, false), (Fall::Blocked, false), (Fall::Deleted, false)]
    {
        let (boss, guest) = (format!("{fall:?}-boss@example.org"), format!("{fall:?}-guest@example.org"));
        let invited = invite_on(&mut scene, &json!({"email": boss, "roles": [ADMIN_ROLE]})).await;
        accept_by_password(&mut scene.house.visitor(), &invited.link).await;
        scene.house.mails().await;
        let boss = scene.cellar.user(&boss).await;
        assert!(boss.is_admin());

        let usual = Invite::new(Email::parse(&guest).unwrap(), Actor::User(boss.id.clone()));
        let terms = Terms { roles: vec![ADMIN_ROLE.to_owned()], ..usual.terms.clone() };
        guestlist_app::invite::invite(&scene.house.app, Invite { terms, ..usual }).await.unwrap();
        let link: String = scene.house.mail().await.link("/i/").into();
        befall(&mut scene, fall, &boss).await;
        scene.cellar.news().await;
        assert_eq!(becomes_administrator(&mut scene, &guest, &link).await, is_granted, "{fall:?}");
    }
}

/// What becomes of a backend between invitation and acceptance.
async fn cut_down(scene: &mut Scene, backend: &Api, how: &str) {
    let grants = scene.api.get(&format!("/api/v2/client-grants?client_id={}", backend.client_id)).await.json();
    let grant = format!("/api/v2/client-grants/{}", grants[0]["id"].as_str().unwrap());
    match how {
        "narrowed" => scene.api.patch(&grant, &json!({"scope": ["read:users"]})).await.assert_status(200),
        "without a grant" => scene.api.delete(&grant).await.assert_status(204),
        "deleted" => scene.api.delete(&format!("/api/v2/clients/{}", backend.client_id)).await.assert_status(204),
        _ => return,
    };
}

async fn case_010_what_a_backend_lost_is_not_granted(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    for (how, is_granted) in [("kept", true), ("narrowed", false), ("without a grant", false), ("deleted", false)] {
        let mut backend = scene.house.api().await;
        let email = format!("{}@example.org", how.replace(' ', "-"));
        let terms = json!({"email": email, "roles": [ADMIN_ROLE]});
        backend.post("/api/v2/invitations", &terms).await.assert_status(201);
        let link: String = scene.house.mail().await.link("/i/").into();
        cut_down(&mut scene, &backend, how).await;
        scene.cellar.news().await;
        assert_eq!(becomes_administrator(&mut scene, &email, &link).await, is_granted, "a backend {how}");
    }
}
