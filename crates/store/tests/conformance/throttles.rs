//! The table of counters.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_store::throttles::{self, Count};

on_both_engines!(
    a_window_counts_from_its_first_hit,
    counters_do_not_know_each_other,
    windows_that_are_over_are_forgotten,
    hits_at_once_are_all_counted,
);

async fn a_window_counts_from_its_first_hit(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            assert_eq!(throttles::peek(tx, "door", NOW).await?, None);
            for count in 1..=3 {
                let counted = throttles::hit(tx, "door", HOUR, later(60 * (count - 1))).await?;
                let expected = Count { count: i64::try_from(count).unwrap(), resets_at: NOW.plus(HOUR) };
                assert_eq!(counted, expected, "a hit does not move the end of its window");
                assert_eq!(throttles::peek(tx, "door", later(200)).await?, Some(expected));
            }
            let end = NOW.plus(HOUR);
            assert_eq!(throttles::peek(tx, "door", end).await?, None, "the window is over at this very moment");
            let begun = Count { count: 1, resets_at: end.plus(HOUR) };
            assert_eq!(throttles::hit(tx, "door", HOUR, end).await?, begun);
            assert_eq!(throttles::peek(tx, "door", end).await?, Some(begun));
            Ok(())
        })
    })
    .await;
}

async fn counters_do_not_know_each_other(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            for name in ["a", "b", "b"] {
                throttles::hit(tx, name, HOUR, NOW).await?;
            }
            throttles::clear(tx, "a").await?;
            throttles::clear(tx, "nobody").await?;
            assert_eq!(throttles::peek(tx, "a", NOW).await?, None);
            assert_eq!(throttles::peek(tx, "b", NOW).await?.map(|count| count.count), Some(2));
            assert_eq!(throttles::hit(tx, "a", HOUR, NOW).await?.count, 1);
            Ok(())
        })
    })
    .await;
}

async fn windows_that_are_over_are_forgotten(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            throttles::hit(tx, "short", HOUR, NOW).await?;
            throttles::hit(tx, "long", HOUR * 2, NOW).await?;
            assert_eq!(throttles::purge(tx, later(3_599)).await?, 0);
            assert_eq!(throttles::purge(tx, later(3_600)).await?, 1);
            assert!(throttles::peek(tx, "long", NOW).await?.is_some());
            Ok(())
        })
    })
    .await;
}

/// Case 34: a guesser with many connections gets no more tries than one with few.
async fn hits_at_once_are_all_counted(database: Database) {
    let nodes = cluster(&database).await;
    let counted = at_once(CALLERS * 4, |caller| {
        let store = nodes[caller % nodes.len()].clone();
        async move { write(&store, |tx| Box::pin(async move { throttles::hit(tx, "door", HOUR, NOW).await })).await.count }
    });
    let mut counted = counted.await;
    counted.sort_unstable();
    let all: Vec<i64> = (1..).take(CALLERS * 4).collect();
    assert_eq!(counted, all, "everybody got a number of their own");
}
