//! The server's clock and the mark of time.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::time::Timestamp;
use guestlist_store::{Engine, clock};

on_both_engines!(
    case_126_a_mark_is_only_ever_raised_unless_an_operator_says_so,
    case_126_of_many_who_raise_it_the_latest_counts,
    case_126_the_server_has_a_clock_where_there_is_a_server,
);

async fn case_126_a_mark_is_only_ever_raised_unless_an_operator_says_so(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            assert_eq!(clock::mark(tx).await?, None);
            for (raised_to, found) in
                [(later(5), later(5)), (later(4), later(5)), (later(300), later(300)), (NOW, later(300))]
            {
                clock::raise_mark(tx, raised_to).await?;
                assert_eq!(clock::mark(tx).await?, Some(found));
            }
            clock::set_mark(tx, later(1)).await?;
            assert_eq!(clock::mark(tx).await?, Some(later(1)));
            clock::raise_mark(tx, Timestamp::from_millis(-1)).await?;
            assert_eq!(clock::mark(tx).await?, Some(later(1)), "before 1970 is before everything");
            Ok(())
        })
    })
    .await;
}

async fn case_126_of_many_who_raise_it_the_latest_counts(database: Database) {
    let stores = cluster(&database).await;
    at_once(CALLERS, |caller| {
        let store = stores[caller % stores.len()].clone();
        async move {
            let at = later(u64::try_from(caller * 7 % CALLERS).unwrap());
            write(&store, move |tx| Box::pin(async move { clock::raise_mark(tx, at).await })).await;
        }
    })
    .await;
    let mark = write(&stores[0], |tx| Box::pin(async move { clock::mark(tx).await })).await;
    assert_eq!(mark, Some(later(63)));
}

async fn case_126_the_server_has_a_clock_where_there_is_a_server(database: Database) {
    let store = opened(&database).await;
    let read = || store.read(|tx| Box::pin(async move { clock::server(tx).await }));
    match store.engine() {
        Engine::Sqlite => assert_eq!(read().await, Ok(None)),
        Engine::Postgres => {
            let (one, other) = (read().await.unwrap().unwrap(), read().await.unwrap().unwrap());
            assert!(one <= other && other.since(one) < HOUR && one > Timestamp::from_millis(1_795_000_000_000));
        }
    }
}
