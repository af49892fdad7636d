//! The table of codes that prove a mailbox.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::address_code::{AddressCode, Errand, LIFETIME, TRIES};
use guestlist_domain::email::Email;
use guestlist_domain::ids::{AddressCodeId, UserId};
use guestlist_store::address_codes::{self, Asked};
use guestlist_store::users;

on_both_engines!(
    the_newest_code_of_a_user_is_the_only_one,
    a_code_is_spent_once_in_time_and_for_its_address,
    tries_are_counted_down_and_end,
    of_64_who_type_the_right_code_one_is_heard,
    of_64_who_guess_at_once_five_are_heard,
    codes_are_forgotten,
);

fn address(owner: &str) -> Email {
    active(owner).email
}

fn code(name: &str, owner: &str) -> AddressCode {
    AddressCode::new(AddressCodeId::new(format!("adc_{name}")), id_of(owner), Errand::Confirm, address(owner), NOW)
}

/// The owner's code for the own address.
const fn own<'a>(user: &'a UserId, email: &'a Email) -> Asked<'a> {
    Asked { user, errand: Errand::Confirm, email }
}

async fn the_newest_code_of_a_user_is_the_only_one(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            users::insert(tx, &active("anna")).await?;
            assert_eq!(address_codes::find(tx, &id_of("anna")).await?, None);
            address_codes::replace(tx, &code("a", "anna"), "first").await?;
            assert!(address_codes::take_try(tx, own(&id_of("anna"), &address("anna")), NOW).await?);
            let newer = AddressCode { created_at: later(1), ..code("b", "anna") };
            address_codes::replace(tx, &newer, "second").await?;
            assert_eq!(address_codes::find(tx, &id_of("anna")).await?, Some(newer), "with all its tries");
            assert!(!address_codes::spend(tx, own(&id_of("anna"), &address("anna")), "first", NOW).await?);
            assert!(address_codes::spend(tx, own(&id_of("anna"), &address("anna")), "second", NOW).await?);
            Ok(())
        })
    })
    .await;
}

async fn a_code_is_spent_once_in_time_and_for_its_address(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            for name in ["anna", "ben"] {
                users::insert(tx, &active(name)).await?;
                address_codes::replace(tx, &code(name, name), name).await?;
            }
            let (anna, email) = (id_of("anna"), address("anna"));
            let end = NOW.plus(LIFETIME);
            assert!(!address_codes::spend(tx, own(&anna, &email), "anna", end).await?, "it ended at this very moment");
            assert!(!address_codes::take_try(tx, own(&anna, &email), end).await?);
            for asked in [own(&anna, &address("ben")), Asked { errand: Errand::Move, ..own(&anna, &email) }] {
                assert!(!address_codes::spend(tx, asked, "anna", NOW).await?, "another address, another errand");
                assert!(!address_codes::take_try(tx, asked, NOW).await?);
            }
            assert!(
                !address_codes::spend(tx, own(&id_of("ben"), &address("ben")), "anna", NOW).await?,
                "another's code"
            );
            assert!(address_codes::spend(tx, own(&anna, &email), "anna", NOW).await?);
            assert!(!address_codes::spend(tx, own(&anna, &email), "anna", NOW).await?, "it was used");
            assert!(address_codes::find(tx, &id_of("ben")).await?.is_some());
            Ok(())
        })
    })
    .await;
}

async fn tries_are_counted_down_and_end(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            users::insert(tx, &active("anna")).await?;
            address_codes::replace(tx, &code("a", "anna"), "a").await?;
            for left in (0..TRIES).rev() {
                assert!(address_codes::take_try(tx, own(&id_of("anna"), &address("anna")), NOW).await?);
                let found = address_codes::find(tx, &id_of("anna")).await?;
                assert_eq!(found.map(|code| code.tries_left), Some(left));
            }
            assert!(!address_codes::take_try(tx, own(&id_of("anna"), &address("anna")), NOW).await?);
            Ok(())
        })
    })
    .await;
}

/// How many of 64 who act at once are heard, for each of many users.
async fn heard<F>(database: &Database, wanted: usize, act: F)
where
    F: Fn(usize) -> Act + Copy + Send + Sync + 'static,
{
    const ROUNDS: usize = 50;
    let stores = cluster(database).await;
    lay(&stores[0], ROUNDS, |tx, n| {
        Box::pin(async move {
            let name = format!("u{n}");
            users::insert(tx, &active(&name)).await?;
            address_codes::replace(tx, &code(&name, &name), "right").await
        })
    })
    .await;
    rounds(ROUNDS, move |round| {
        let stores = stores.clone();
        async move {
            let heard = at_once(CALLERS, |caller| {
                let store = stores[caller % stores.len()].clone();
                async move { act(round).run(&store).await }
            });
            assert_eq!(heard.await.into_iter().filter(|heard| *heard).count(), wanted, "round {round}");
        }
    })
    .await;
}

/// What a caller does in one round.
#[derive(Clone, Copy)]
enum Act {
    Spend(usize),
    Try(usize),
}

impl Act {
    async fn run(self, store: &guestlist_store::Store) -> bool {
        write(store, move |tx| {
            Box::pin(async move {
                match self {
                    Self::Spend(round) => {
                        let name = format!("u{round}");
                        address_codes::spend(tx, own(&id_of(&name), &address(&name)), "right", NOW).await
                    }
                    Self::Try(round) => {
                        let name = format!("u{round}");
                        address_codes::take_try(tx, own(&id_of(&name), &address(&name)), NOW).await
                    }
                }
            })
        })
        .await
    }
}

async fn of_64_who_type_the_right_code_one_is_heard(database: Database) {
    heard(&database, 1, Act::Spend).await;
}

async fn of_64_who_guess_at_once_five_are_heard(database: Database) {
    heard(&database, usize::try_from(TRIES).unwrap(), Act::Try).await;
}

async fn codes_are_forgotten(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            for name in ["anna", "ben", "cleo"] {
                users::insert(tx, &active(name)).await?;
            }
            address_codes::replace(tx, &code("a", "anna"), "a").await?;
            address_codes::replace(tx, &AddressCode { expires_at: later(1), ..code("b", "ben") }, "b").await?;
            assert_eq!(address_codes::purge(tx, later(1)).await?, 1);
            assert_eq!(address_codes::find(tx, &id_of("ben")).await?, None);
            address_codes::forget(tx, &id_of("cleo")).await?;
            address_codes::forget(tx, &id_of("anna")).await?;
            assert_eq!(address_codes::find(tx, &id_of("anna")).await?, None);
            Ok(())
        })
    })
    .await;
}
