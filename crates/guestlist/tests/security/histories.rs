//! Case 125: many hands on the same invitations while the database fails them at random. What each of them was told is
//! the history; a checker holds it against what is there afterwards.

use crate::race::{at_once, races_on_both_engines};
use crate::scene::{Scene, assert_in, log_in};
use guestlist_domain::event::EventKind;
use guestlist_testkit::house::Engine;
use serde_json::json;
use std::pin::Pin;

races_on_both_engines!(case_125_no_history_of_many_hands_contradicts_itself);

const INVITATIONS: usize = 12;
const GUESTS: usize = 3;
const REVOKERS: usize = 2;

/// What somebody was told: it is done. Whoever was told no, or was told to come again, is not in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Accepted(usize),
    Revoked,
}

fn password(guest: usize) -> String {
    format!("kettle-orbit-{guest}")
}

type Hand = Pin<Box<dyn Future<Output = Option<Told>> + Send>>;

/// Everybody who wants something of one invitation, ready to go.
async fn hands(scene: &mut Scene, email: &str) -> (String, Vec<Hand>) {
    let made = scene.api.post("/api/v2/invitations", &json!({"email": email, "send_email": false})).await;
    let made = made.assert_status(201).json();
    let path = format!("/api/v2/invitations/{}", made["id"].as_str().unwrap());
    let mut hands: Vec<Hand> = Vec::new();
    for guest in 0..GUESTS {
        let mut visitor = scene.house.visitor();
        let page = visitor.open(made["invitation_url"].as_str().unwrap()).await;
        let form = page.form("Set password").with("password", &password(guest));
        hands.push(Box::pin(async move {
            let answer = visitor.submit(&form).await;
            (answer.location() == Some("/account")).then_some(Told::Accepted(guest))
        }));
    }
    for _ in 0..REVOKERS {
        let (mut api, path) = (scene.api.clone(), format!("{path}/revoke"));
        hands.push(Box::pin(async move {
            let answer = api.post(&path, &json!({})).await;
            (answer.status == 200).then_some(Told::Revoked)
        }));
    }
    (path, hands)
}

async fn case_125_no_history_of_many_hands_contradicts_itself(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut everybody = Vec::new();
    let mut histories: Vec<(String, String, Vec<Told>)> = Vec::new();
    for number in 0..INVITATIONS {
        let email = format!("guest-{number}@example.org");
        let (path, hands) = hands(&mut scene, &email).await;
        everybody.extend(hands.into_iter().map(|hand| async move { (number, hand.await) }));
        histories.push((email, path, Vec::new()));
    }
    scene.cellar.news().await;
    scene.cellar.plant_mishaps().await;
    for (number, told) in at_once(everybody).await {
        histories[number].2.extend(told);
    }
    let news = scene.cellar.news().await;
    let mut ends = (0, 0);
    for (email, path, told) in &histories {
        let status = scene.api.get(path).await.json()["status"].clone();
        let accepted: Vec<usize> = told
            .iter()
            .filter_map(|told| match told {
                Told::Accepted(guest) => Some(*guest),
                Told::Revoked => None,
            })
            .collect();
        let user = scene.cellar.user(email).await.id;
        let count =
            |kind| news.iter().filter(|event| event.kind == kind && event.about.user.as_ref() == Some(&user)).count();
        let written = (count(EventKind::InvitationAccepted), count(EventKind::InvitationRevoked));
        match accepted.as_slice() {
            [] => {
                assert!(told.contains(&Told::Revoked), "{email}: somebody must have won: {told:?}");
                assert_eq!((status, written), (json!("revoked"), (0, 1)), "{email}: {told:?}");
                ends.1 += 1;
            }
            [winner] => {
                assert!(!told.contains(&Told::Revoked), "{email}: a revocation was lost: {told:?}");
                assert_eq!((status, written), (json!("accepted"), (1, 0)), "{email}: {told:?}");
                for guest in 0..GUESTS {
                    let answer = log_in(&mut scene.house.visitor(), email, &password(guest)).await;
                    if guest == *winner {
                        assert_in(&answer);
                    } else {
                        answer.assert_status(400);
                    }
                }
                ends.0 += 1;
            }
            several => panic!("{email}: accepted by {several:?}"),
        }
    }
    assert_eq!(ends.0 + ends.1, INVITATIONS);
}
