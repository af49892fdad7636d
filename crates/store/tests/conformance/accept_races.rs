//! Races for one invitation: 64 browsers press at the same moment, a thousand times over.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::event::Actor;
use guestlist_domain::identity::LinkRule;
use guestlist_domain::invitation::{Invitation, Key, Link, Standing};
use guestlist_domain::session::Method;
use guestlist_domain::ticket::Channel;
use guestlist_domain::user::{Lifecycle, User};
use guestlist_store::{Store, StoreError, Tx, identities, invitations, passwords, users};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

on_both_engines!(
    case_005_of_64_passwords_for_one_link_one_is_set,
    case_006_of_64_ways_in_on_every_node_one_is_attached,
    case_009_an_invitation_is_revoked_or_accepted,
    case_010_an_invitation_is_renewed_or_accepted,
    an_end_is_not_noted_while_a_new_life_begins,
);

/// Fewer rounds where each has two callers only and what matters is who comes first.
const DUELS: usize = 300;

/// One press of the button: the evidence was gathered before, as by 64 browsers that had all opened the page.
struct Press {
    link: Link,
    way_in: WayIn,
}

enum WayIn {
    Password(String),
    Identity(String),
}

fn guest(round: usize) -> String {
    format!("u{round}")
}

/// Accepts as the server does: the one statement that decides, the clean slate, exactly the method just proven.
async fn accept(tx: &mut Tx<'_>, name: &str, press: &Press) -> Result<(), StoreError> {
    let (invitation, _) = linked_invitation_for(name);
    let Standing::Open(open) = invitation.standing(&press.link, NOW) else { panic!("it was open when they looked") };
    let by = match &press.way_in {
        WayIn::Password(_) => Method::Password,
        WayIn::Identity(_) => Method::Upstream("acme".to_owned()),
    };
    if !invitations::accept(tx, &Invitation::accept(*open, by, NOW), &Key::Link(press.link.clone())).await? {
        return Err(StoreError::Conflict);
    }
    passwords::delete(tx, &id_of(name)).await?;
    identities::delete_of_user(tx, &id_of(name)).await?;
    users::save(tx, &User { lifecycle: Lifecycle::Active, epoch: 1, ..pending(name) }).await?;
    match &press.way_in {
        WayIn::Password(phc) => passwords::set(tx, &id_of(name), phc, NOW).await,
        WayIn::Identity(subject) => {
            let mut identity = identity(name, subject);
            identity.linked_by = LinkRule::Acceptance;
            if identities::insert(tx, &identity).await? { Ok(()) } else { Err(StoreError::Conflict) }
        }
    }
}

async fn press(store: &Store, round: usize, press: Press) -> bool {
    let press = Arc::new(press);
    let accepted = store.write(move |tx| {
        let press = Arc::clone(&press);
        Box::pin(async move { accept(tx, &guest(round), &press).await })
    });
    match accepted.await {
        Ok(()) => true,
        Err(StoreError::Conflict) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Who won each round, by the caller's number.
type Winners = Arc<Mutex<BTreeMap<usize, usize>>>;

/// Holds all the rounds of `presses`, and checks that each has one winner.
async fn race(stores: Arc<Vec<Store>>, presses: fn(round: usize, caller: usize) -> Press) -> BTreeMap<usize, usize> {
    lay(&stores[0], ROUNDS, |tx, n| Box::pin(async move { put_on_the_list(tx, &guest(n)).await })).await;
    let winners = Winners::default();
    let noted = Arc::clone(&winners);
    rounds(ROUNDS, move |round| {
        let (stores, winners) = (Arc::clone(&stores), Arc::clone(&noted));
        async move {
            let outcomes = at_once(CALLERS, |caller| {
                let store = stores[caller % stores.len()].clone();
                async move { press(&store, round, presses(round, caller)).await }
            });
            let won: Vec<usize> = (0..).zip(outcomes.await).filter_map(|(n, won)| won.then_some(n)).collect();
            assert_eq!(won.len(), 1, "round {round}: {won:?}");
            winners.lock().unwrap().insert(round, won[0]);
        }
    })
    .await;
    let winners = winners.lock().unwrap().clone();
    assert_eq!(winners.len(), ROUNDS);
    winners
}

/// A query that answers pairs of text, as a map.
async fn pairs(store: &Store, sql: &'static str) -> BTreeMap<String, String> {
    let rows = write(store, move |tx| Box::pin(tx.rows(sql, &[]))).await;
    let map: BTreeMap<_, _> = rows.iter().map(|row| (row.text(0).unwrap(), row.text(1).unwrap())).collect();
    assert_eq!(map.len(), rows.len(), "nobody is there twice");
    map
}

const PASSWORDS: &str = "SELECT user_id, phc FROM passwords";
const IDENTITIES: &str = "SELECT user_id, subject FROM identities";
const PROOFS: &str = "SELECT user_id, proof FROM invitations WHERE state = 'accepted'";
const COUNT_ACTIVE: &str = "SELECT COUNT(*) FROM users WHERE lifecycle = 'active' AND epoch = 1 AND version = 1";

async fn case_005_of_64_passwords_for_one_link_one_is_set(database: Database) {
    let stores = Arc::new(vec![opened(&database).await]);
    let winners = race(Arc::clone(&stores), |round, caller| Press {
        link: linked_invitation_for(&guest(round)).1[0].clone(),
        way_in: WayIn::Password(format!("{caller}")),
    });
    let chosen = winners.await.into_iter();
    let chosen = chosen.map(|(round, caller)| (id_of(&guest(round)).to_string(), caller.to_string()));
    assert_eq!(pairs(&stores[0], PASSWORDS).await, chosen.collect(), "the winner's password and no other");
    assert_eq!(pairs(&stores[0], PROOFS).await.len(), ROUNDS);
    assert_eq!(number(&stores[0], COUNT_ACTIVE).await, i64::try_from(ROUNDS).unwrap());
}

/// By mailed and by copied links, with passwords and with identities, on one node or on three.
async fn case_006_of_64_ways_in_on_every_node_one_is_attached(database: Database) {
    let stores = Arc::new(cluster(&database).await);
    let winners = race(Arc::clone(&stores), |round, caller| Press {
        link: linked_invitation_for(&guest(round)).1[caller % 2].clone(),
        way_in: match caller / 2 % 2 {
            0 => WayIn::Password(format!("{caller}")),
            _ => WayIn::Identity(format!("{round}.{caller}")),
        },
    });
    let (mut by_password, mut by_identity, mut proofs) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (round, caller) in winners.await {
        let user = id_of(&guest(round)).to_string();
        match caller / 2 % 2 {
            0 => by_password.insert(user.clone(), caller.to_string()),
            _ => by_identity.insert(user.clone(), format!("{round}.{caller}")),
        };
        proofs.insert(user, ["mailbox", "possession"][caller % 2].to_owned());
    }
    assert_eq!(pairs(&stores[0], PASSWORDS).await, by_password);
    assert_eq!(pairs(&stores[0], IDENTITIES).await, by_identity, "no loser's identity is left behind");
    assert_eq!(pairs(&stores[0], PROOFS).await, proofs, "the proof is the winner's link's");
    assert_eq!(number(&stores[0], COUNT_ACTIVE).await, i64::try_from(ROUNDS).unwrap());
}

/// One guest accepts while somebody saves another state: one of the two happens. Tells who won, round by round.
async fn duel(store: &Store, change: fn(Invitation) -> Invitation) -> usize {
    lay(store, DUELS, |tx, n| Box::pin(async move { put_on_the_list(tx, &guest(n)).await })).await;
    let here = store.clone();
    rounds(DUELS, move |round| {
        let store = here.clone();
        async move {
            let outcomes = at_once(2, |caller| {
                let store = store.clone();
                async move {
                    if caller == 0 {
                        let link = linked_invitation_for(&guest(round)).1[0].clone();
                        return press(&store, round, Press { link, way_in: WayIn::Password("phc".to_owned()) }).await;
                    }
                    let next = change(linked_invitation_for(&guest(round)).0);
                    let saved: Result<(), StoreError> = store
                        .write(move |tx| {
                            let next = next.clone();
                            Box::pin(async move { invitations::save(tx, &next).await })
                        })
                        .await;
                    assert!(matches!(saved, Ok(()) | Err(StoreError::Conflict)), "{saved:?}");
                    saved.is_ok()
                }
            });
            let outcomes = outcomes.await;
            assert_eq!(outcomes.iter().filter(|won| **won).count(), 1, "round {round}: {outcomes:?}");
        }
    })
    .await;
    let accepted = pairs(store, PROOFS).await;
    assert!(pairs(store, PASSWORDS).await.keys().eq(accepted.keys()), "only who accepted has a password");
    accepted.len()
}

async fn case_009_an_invitation_is_revoked_or_accepted(database: Database) {
    let store = opened(&database).await;
    let accepted = duel(&store, |invitation| invitation.revoke(Actor::Operator, NOW).unwrap()).await;
    let revoked = number(&store, "SELECT COUNT(*) FROM invitations WHERE state = 'revoked'").await;
    assert_eq!(accepted + usize::try_from(revoked).unwrap(), DUELS);
}

async fn case_010_an_invitation_is_renewed_or_accepted(database: Database) {
    let store = opened(&database).await;
    let accepted = duel(&store, |invitation| invitation.renew(Channel::Mailed, NOW).unwrap().0).await;
    let renewed = "SELECT COUNT(*) FROM invitations WHERE state = 'pending' AND mailed_generation = 3";
    assert_eq!(accepted + usize::try_from(number(&store, renewed).await).unwrap(), DUELS);
}

/// A worker notes whose time is over while the guests renew: whoever has a new life has not been noted.
async fn an_end_is_not_noted_while_a_new_life_begins(database: Database) {
    let (store, end) = (opened(&database).await, NOW.plus(HOUR));
    lay(&store, DUELS, |tx, n| Box::pin(async move { put_on_the_list(tx, &guest(n)).await })).await;
    let here = store.clone();
    rounds(DUELS, move |round| {
        let store = here.clone();
        async move {
            at_once(2, |caller| {
                let store = store.clone();
                async move {
                    write(&store, move |tx| {
                        Box::pin(async move {
                            if caller == 0 {
                                return invitations::note_expired(tx, end, 1_000).await.map(drop);
                            }
                            let (invitation, _) = linked_invitation_for(&guest(round));
                            invitations::save(tx, &invitation.renew(Channel::Mailed, end).unwrap().0).await
                        })
                    })
                    .await;
                }
            })
            .await;
        }
    })
    .await;
    assert_eq!(number(&store, "SELECT COUNT(*) FROM invitations WHERE expiry_noted_at IS NOT NULL").await, 0);
}
