//! The table of answers already given.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::event::Actor;
use guestlist_domain::ids::ClientId;
use guestlist_domain::time::Timestamp;
use guestlist_store::idempotency::{self, Given, KEPT_FOR};
use guestlist_store::{StoreError, Tx};
use std::time::Duration;

on_both_engines!(an_answer_is_kept_for_its_caller, an_answer_is_forgotten_after_a_day, of_64_answers_one_is_kept);

fn backend() -> Actor {
    Actor::Client(ClientId::new("backend"))
}

fn given(answer: &str) -> Given {
    Given { request: hash("request"), sealed_answer: answer.as_bytes().to_vec() }
}

async fn find(tx: &mut Tx<'_>, actor: &Actor, key: &str, now: Timestamp) -> Result<Option<String>, StoreError> {
    let found = idempotency::find(tx, actor, hash(key), now).await?;
    Ok(found.map(|given| {
        assert_eq!(given.request, hash("request"));
        String::from_utf8(given.sealed_answer).unwrap()
    }))
}

async fn an_answer_is_kept_for_its_caller(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let other = Actor::Client(ClientId::new("other"));
            assert_eq!(find(tx, &backend(), "key", NOW).await?, None);
            idempotency::insert(tx, &backend(), hash("key"), &given("first"), NOW).await?;
            idempotency::insert(tx, &other, hash("key"), &given("theirs"), NOW).await?;
            assert_eq!(find(tx, &backend(), "key", later(5)).await?.as_deref(), Some("first"));
            assert_eq!(find(tx, &other, "key", later(5)).await?.as_deref(), Some("theirs"));
            assert_eq!(find(tx, &Actor::Operator, "key", later(5)).await?, None);
            assert_eq!(find(tx, &backend(), "another key", later(5)).await?, None);
            Ok(())
        })
    })
    .await;
    let again = refusal(&store, |tx| {
        Box::pin(async move { idempotency::insert(tx, &backend(), hash("key"), &given("second"), later(6)).await })
    });
    assert!(again.await.is_unique_on("idempotency_keys", "actor, key_hash"));
}

async fn an_answer_is_forgotten_after_a_day(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let (end, millisecond) = (NOW.plus(KEPT_FOR), Duration::from_millis(1));
            idempotency::insert(tx, &backend(), hash("a"), &given("first"), NOW).await?;
            assert!(find(tx, &backend(), "a", end.minus(millisecond)).await?.is_some());
            assert_eq!(find(tx, &backend(), "a", end).await?, None);
            idempotency::insert(tx, &backend(), hash("a"), &given("second"), end).await?;
            assert_eq!(find(tx, &backend(), "a", end).await?.as_deref(), Some("second"), "the old one makes room");
            idempotency::insert(tx, &backend(), hash("b"), &given("later"), end.plus(millisecond)).await?;
            assert_eq!(idempotency::purge(tx, end.plus(KEPT_FOR).minus(millisecond)).await?, 0);
            assert_eq!(idempotency::purge(tx, end.plus(KEPT_FOR)).await?, 1);
            assert!(find(tx, &backend(), "b", end.plus(KEPT_FOR)).await?.is_some());
            Ok(())
        })
    })
    .await;
}

async fn of_64_answers_one_is_kept(database: Database) {
    let nodes = cluster(&database).await;
    let kept = at_once(CALLERS, |caller| {
        let store = nodes[caller % nodes.len()].clone();
        async move {
            let answered = store.write(move |tx| {
                Box::pin(async move {
                    idempotency::insert(tx, &backend(), hash("key"), &given(&caller.to_string()), NOW).await
                })
            });
            match answered.await {
                Ok(()) => true,
                Err(StoreError::Unique { .. }) => false,
                Err(error) => panic!("{error}"),
            }
        }
    });
    let kept = (0_u32..).zip(kept.await).filter(|(_, kept)| *kept);
    let kept: Vec<String> = kept.map(|(caller, _)| caller.to_string()).collect();
    let found = write(&nodes[0], |tx| Box::pin(async move { find(tx, &backend(), "key", NOW).await })).await;
    assert_eq!(found.as_slice(), kept, "the one who was told so");
}
