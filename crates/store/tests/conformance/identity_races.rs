//! Races for an identity, and against the last way in.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::identity::Identity;
use guestlist_domain::ids::IdentityId;
use guestlist_store::{Store, StoreError, identities, passwords, users};
use std::sync::Arc;

on_both_engines!(case_074_an_identity_that_64_link_at_once_has_one_owner, case_075_of_the_last_two_ways_in_one_remains,);

async fn case_074_an_identity_that_64_link_at_once_has_one_owner(database: Database) {
    let nodes = cluster(&database).await;
    lay(&nodes[0], CALLERS, |tx, n| Box::pin(async move { users::insert(tx, &active(&format!("u{n}"))).await })).await;
    let stores = Arc::new(nodes);
    let here = Arc::clone(&stores);
    rounds(ROUNDS, move |round| {
        let stores = Arc::clone(&here);
        async move {
            let linked = at_once(CALLERS, |caller| {
                let store = stores[caller % stores.len()].clone();
                async move { link(&store, caller, round).await }
            });
            let winners: Vec<usize> = (0..).zip(linked.await).filter_map(|(n, linked)| linked.then_some(n)).collect();
            assert_eq!(winners.len(), 1, "round {round}");
            let owner = owner_of(&stores[0], round).await;
            assert_eq!(owner, Some(identity(&format!("u{}", winners[0]), &format!("s{round}")).user), "round {round}");
        }
    })
    .await;
    let rounds = i64::try_from(ROUNDS).unwrap();
    assert_eq!(number(&stores[0], "SELECT COUNT(*) FROM identities").await, rounds);
}

/// One account links the identity; whoever comes too late is told, and everything else it did is undone.
async fn link(store: &Store, caller: usize, round: usize) -> bool {
    let linked = store.write(move |tx| {
        Box::pin(async move {
            let identity = identity(&format!("u{caller}"), &format!("s{round}"));
            if identities::insert(tx, &identity).await? { Ok(()) } else { Err(StoreError::Conflict) }
        })
    });
    match linked.await {
        Ok(()) => true,
        Err(StoreError::Conflict) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn owner_of(store: &Store, round: usize) -> Option<guestlist_domain::ids::UserId> {
    let found = store.read(move |tx| {
        Box::pin(async move {
            let claims = claims(&format!("s{round}"));
            identities::find(tx, &claims.issuer, &claims.subject).await
        })
    });
    let found: Result<Option<Identity>, StoreError> = found.await;
    found.unwrap().map(|identity| identity.user)
}

/// Two browsers of one user each remove the other's way in. In even rounds these are two identities, in odd ones a
/// password and an identity.
async fn case_075_of_the_last_two_ways_in_one_remains(database: Database) {
    let nodes = cluster(&database).await;
    lay(&nodes[0], ROUNDS, |tx, n| {
        Box::pin(async move {
            let name = format!("u{n}");
            users::insert(tx, &active(&name)).await?;
            identities::insert(tx, &identity(&name, &format!("{name}.0"))).await?;
            if n.is_multiple_of(2) {
                identities::insert(tx, &identity(&name, &format!("{name}.1"))).await.map(drop)
            } else {
                passwords::set(tx, &id_of(&name), "phc", NOW).await
            }
        })
    })
    .await;
    let stores = Arc::new(nodes);
    let here = Arc::clone(&stores);
    rounds(ROUNDS, move |round| {
        let stores = Arc::clone(&here);
        async move {
            let removed = at_once(2, |caller| {
                let store = stores[caller % stores.len()].clone();
                async move { remove(&store, round, caller).await }
            });
            let removed = removed.await;
            assert_eq!(removed.iter().filter(|removed| **removed).count(), 1, "round {round}: {removed:?}");
        }
    })
    .await;
    let left = "SELECT COUNT(*) FROM users WHERE 1 =
        (SELECT COUNT(*) FROM identities WHERE identities.user_id = users.id)
        + (SELECT COUNT(*) FROM passwords WHERE passwords.user_id = users.id)";
    assert_eq!(number(&stores[0], left).await, i64::try_from(ROUNDS).unwrap(), "everybody has exactly one left");
}

async fn remove(store: &Store, round: usize, caller: usize) -> bool {
    write(store, move |tx| {
        Box::pin(async move {
            let name = format!("u{round}");
            if caller == 1 && !round.is_multiple_of(2) {
                return passwords::delete_guarded(tx, &id_of(&name), NOW).await;
            }
            let id = IdentityId::new(format!("idn_{name}_{name}.{caller}"));
            Ok(identities::delete(tx, &id, &id_of(&name), NOW).await?.is_some())
        })
    })
    .await
}
