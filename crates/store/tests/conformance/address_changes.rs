//! The table of addresses that their owners changed.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::address_change::{AddressChange, undoable_since};
use guestlist_domain::email::Email;
use guestlist_domain::ids::AddressChangeId;
use guestlist_domain::ledger::UNDOABLE_FOR;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use guestlist_store::{Store, StoreError, Tx, address_changes, users};

on_both_engines!(
    a_change_comes_back_as_it_went_and_goes_with_its_user,
    case_080_undoing_closes_what_came_later,
    case_080_the_address_before_is_nobody_elses_for_seven_days,
    case_080_of_64_who_undo_a_change_one_does,
    case_080_an_address_that_is_left_at_this_moment_is_not_given_out,
);

fn address(name: &str) -> Email {
    Email::parse(&format!("{name}@example.net")).unwrap()
}

fn change(name: &str, owner: &str, at: Timestamp) -> AddressChange {
    AddressChange::new(AddressChangeId::new(format!("ach_{name}")), &active(owner), address(owner), at)
}

async fn a_change_comes_back_as_it_went_and_goes_with_its_user(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            users::insert(tx, &active("anna")).await?;
            let (one, two) = (change("a", "anna", NOW), change("b", "anna", later(1)));
            let bare = AddressChange { from_verified: false, from_proven_at: None, ..two.clone() };
            address_changes::insert(tx, &one, hash("a")).await?;
            address_changes::insert(tx, &bare, hash("b")).await?;
            assert_eq!(address_changes::find(tx, &one.id).await?, Some(one.clone()));
            assert_eq!(address_changes::find_by_undo(tx, hash("b")).await?, Some(bare.clone()));
            assert_eq!(address_changes::find_by_undo(tx, hash("guess")).await?, None);
            assert_eq!(address_changes::of_user(tx, &id_of("anna"), 9).await?, [bare.clone(), one.clone()]);
            assert_eq!(address_changes::of_user(tx, &id_of("anna"), 1).await?, [bare]);
            assert!(users::delete(tx, &id_of("anna"), NOW).await?);
            assert_eq!(address_changes::find(tx, &one.id).await?, None);
            Ok(())
        })
    })
    .await;
}

async fn case_080_undoing_closes_what_came_later(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            for name in ["anna", "ben"] {
                users::insert(tx, &active(name)).await?;
            }
            let changes = [("a", "anna", 0), ("b", "anna", 1), ("c", "anna", 2), ("d", "ben", 2)];
            for (name, owner, seconds) in changes {
                address_changes::insert(tx, &change(name, owner, later(seconds)), hash(name)).await?;
            }
            let (anna, since) = (id_of("anna"), undoable_since(later(3)));
            let middle = change("b", "anna", later(1));
            assert!(address_changes::can_move_back(tx, &anna, since).await?);
            assert!(!address_changes::undo(tx, &middle, later(1), later(3)).await?, "it is too old");
            assert!(address_changes::undo(tx, &middle, since, later(3)).await?);
            assert!(!address_changes::undo(tx, &middle, since, later(3)).await?, "it was undone");
            assert!(!address_changes::undo(tx, &change("c", "anna", later(2)), since, later(3)).await?, "with it");
            assert!(
                address_changes::undo(tx, &change("a", "anna", NOW), since, later(3)).await?,
                "the one before is open"
            );
            assert!(!address_changes::can_move_back(tx, &anna, since).await?);
            assert!(address_changes::can_move_back(tx, &id_of("ben"), since).await?, "another's is not touched");
            assert!(!address_changes::can_move_back(tx, &id_of("ben"), later(2)).await?);
            assert_eq!(address_changes::close_since(tx, &id_of("ben"), later(3), later(4)).await?, 0);
            assert_eq!(address_changes::close_since(tx, &id_of("ben"), later(2), later(4)).await?, 1);
            assert!(!address_changes::can_move_back(tx, &id_of("ben"), since).await?);
            Ok(())
        })
    })
    .await;
}

/// Anna, who moved from her address to another at that moment.
async fn moved(store: &Store, at: Timestamp) -> User {
    let anna = active("anna");
    write(store, move |tx| {
        Box::pin(async move {
            let anna = active("anna");
            users::insert(tx, &anna).await?;
            let change = change("a", "anna", at);
            users::save_moved(tx, &change.apply(anna), at).await?;
            address_changes::insert(tx, &change, hash("a")).await
        })
    })
    .await;
    anna
}

async fn case_080_the_address_before_is_nobody_elses_for_seven_days(database: Database) {
    let store = opened(&database).await;
    let anna = moved(&store, NOW).await;
    let end = NOW.plus(UNDOABLE_FOR);
    let newcomer = move |at| User { email: active("anna").email, created_at: at, ..active("ben") };
    let barred = store.write(move |tx| Box::pin(async move { users::insert(tx, &newcomer(later(1))).await })).await;
    assert_eq!(barred, Err(StoreError::Conflict));
    write(&store, move |tx| {
        let anna = anna.clone();
        Box::pin(async move {
            let holder = users::holder_of(tx, &anna.email, later(1)).await?;
            assert_eq!(holder.map(|holder| (holder.id, holder.email)), Some((anna.id.clone(), address("anna"))));
            let holder = users::holder_of(tx, &address("anna"), later(1)).await?;
            assert_eq!(holder.map(|holder| holder.id), Some(anna.id.clone()));
            assert_eq!(users::holder_of(tx, &address("nobody"), later(1)).await?, None);
            assert_eq!(users::holder_of(tx, &anna.email, end).await?, None, "the seven days are over");
            // Its former owner may come back to it at any time.
            let away = users::find(tx, &anna.id).await?.unwrap();
            users::save_moved(tx, &User { email: anna.email.clone(), ..away }, later(2)).await
        })
    })
    .await;
    let taken = store.write(move |tx| Box::pin(async move { users::insert(tx, &newcomer(end)).await })).await;
    assert!(matches!(taken, Err(StoreError::Unique { .. })), "she is back: {taken:?}");
}

async fn case_080_of_64_who_undo_a_change_one_does(database: Database) {
    const ROUNDS: usize = 50;
    let stores = cluster(&database).await;
    lay(&stores[0], ROUNDS, |tx, n| {
        Box::pin(async move {
            let name = format!("u{n}");
            users::insert(tx, &active(&name)).await?;
            address_changes::insert(tx, &change(&name, &name, NOW), hash(&name)).await
        })
    })
    .await;
    rounds(ROUNDS, move |round| {
        let stores = stores.clone();
        async move {
            let undone = at_once(CALLERS, |caller| {
                let store = stores[caller % stores.len()].clone();
                async move {
                    write(&store, move |tx| {
                        Box::pin(async move {
                            let name = format!("u{round}");
                            let change = change(&name, &name, NOW);
                            address_changes::undo(tx, &change, undoable_since(NOW), later(1)).await
                        })
                    })
                    .await
                }
            });
            assert_eq!(undone.await.into_iter().filter(|undone| *undone).count(), 1, "round {round}");
        }
    })
    .await;
}

/// Whoever inserts waits for whoever leaves, and finds the address promised then.
async fn case_080_an_address_that_is_left_at_this_moment_is_not_given_out(database: Database) {
    const ROUNDS: usize = 100;
    let stores = cluster(&database).await;
    lay(&stores[0], ROUNDS, |tx, n| Box::pin(async move { users::insert(tx, &active(&format!("u{n}"))).await })).await;
    rounds(ROUNDS, move |round| {
        let stores = stores.clone();
        async move {
            let came = at_once(2, |caller| {
                let store = stores[caller % stores.len()].clone();
                async move {
                    let is_leaving = caller == 0;
                    let done = store.write(move |tx| {
                        Box::pin(async move { if is_leaving { leave(tx, round).await } else { come(tx, round).await } })
                    });
                    (is_leaving, done.await.is_ok())
                }
            });
            assert_eq!(came.await, [(true, true), (false, false)], "round {round}");
        }
    })
    .await;
}

async fn leave(tx: &mut Tx<'_>, round: usize) -> Result<(), StoreError> {
    let user = users::find(tx, &id_of(&format!("u{round}"))).await?.unwrap();
    let to = Email::parse(&format!("v{round}@example.net")).unwrap();
    let change = AddressChange::new(AddressChangeId::new(format!("ach_{round}")), &user, to, later(1));
    users::save_moved(tx, &change.apply(user), later(1)).await?;
    address_changes::insert(tx, &change, hash(&format!("{round}"))).await
}

async fn come(tx: &mut Tx<'_>, round: usize) -> Result<(), StoreError> {
    let newcomer =
        User { email: active(&format!("u{round}")).email, created_at: later(1), ..active(&format!("w{round}")) };
    users::insert(tx, &newcomer).await
}
