//! What both engines promise alike.

use crate::database::{ADD, Database, add, guests, on_both_engines, read};
use guestlist_domain::email::Email;
use guestlist_domain::ids::UserId;
use guestlist_domain::secret::{Purpose, Secret};
use guestlist_domain::time::Timestamp;
use guestlist_store::{Store, StoreError, Value, p};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};

on_both_engines!(
    every_kind_of_value_comes_back,
    null_fits_every_column,
    lists_are_ordered_by_bytes,
    a_value_of_the_wrong_kind_is_refused,
    a_write_is_read_as_soon_as_it_is_answered,
    an_act_that_fails_has_written_nothing,
    an_act_that_panics_has_written_nothing,
    an_answer_nobody_wants_may_panic,
    a_duplicate_names_its_columns,
    a_failed_statement_cannot_be_hidden,
    a_conflict_can_be_survived,
    a_value_goes_where_its_number_stands,
    an_unsound_row_is_told,
    errors_carry_no_values,
    the_caller_may_go_away_under_a_write,
    a_commit_that_fails_is_an_error,
    many_writers_lose_nothing,
    a_lost_race_is_seen,
    a_store_that_was_shut_down_says_so,
    every_statement_is_understood,
    acts_capture_what_they_need,
);

async fn every_kind_of_value_comes_back(database: Database) {
    let store = database.store().await;
    let hash = Secret::mint(Purpose::Session, [7; 32]).hash();
    let (id, email) = (UserId::new("auth0|1"), Email::parse("Anna@Example.org").unwrap());
    let insert = "INSERT INTO guests (id, email, table_no, seat_no, photo) VALUES ($1, $2, $3, $4, $5)
        RETURNING id, email, table_no, seat_no, photo, host, email = $2, (EXISTS (SELECT 1 FROM notes))";
    let row = store
        .write(move |tx| {
            let (id, email) = (id.clone(), email.clone());
            Box::pin(async move {
                let values: &[Value<'_>] = p![&id, &email, Timestamp::from_millis(i64::MIN), u64::MAX >> 1, &hash];
                Ok::<_, StoreError>(tx.row(insert, values).await?.unwrap())
            })
        })
        .await
        .unwrap();
    assert_eq!(row.text(0).unwrap(), "auth0|1");
    assert_eq!(row.email(1).unwrap().as_str(), "anna@example.org");
    assert_eq!(row.time(2).unwrap(), Timestamp::from_millis(i64::MIN));
    assert_eq!(row.int(3).unwrap(), i64::MAX);
    assert_eq!(row.hash(4).unwrap(), hash);
    assert_eq!(row.opt_text(5).unwrap(), None);
    assert!(row.flag(6).unwrap());
    assert!(!row.flag(7).unwrap());
}

async fn null_fits_every_column(database: Database) {
    let store = database.store().await;
    add_one(&store, "a").await.unwrap();
    let touched = store
        .write(|tx| {
            let set = "UPDATE guests SET table_no = $1, photo = $2, host = $3 WHERE id = $4";
            Box::pin(async move { tx.exec(set, &[Value::Null, Value::Null, Value::Null, Value::from("a")]).await })
        })
        .await;
    assert_eq!(touched, Ok(1));
}

async fn lists_are_ordered_by_bytes(database: Database) {
    let store = database.store().await;
    for id in ["b", "ä", "B", "a", "Z", "_", "~"] {
        add_one(&store, id).await.unwrap();
    }
    assert_eq!(guests(&store).await, ["B", "Z", "_", "a", "b", "~", "ä"]);
    let behind = read(&store, |tx| {
        let page = "SELECT id FROM guests WHERE id > $1 AND (id, email) > ($1, $2) ORDER BY id LIMIT $3";
        Box::pin(async move { tx.rows(page, p!["_", "", 2]).await })
    });
    assert_eq!(behind.await.iter().map(|row| row.text(0).unwrap()).collect::<Vec<_>>(), ["a", "b"]);
}

async fn a_value_of_the_wrong_kind_is_refused(database: Database) {
    let store = database.store().await;
    let too_big =
        store.read(|tx| Box::pin(async move { tx.rows("SELECT id FROM guests LIMIT $1", p![u64::MAX]).await }));
    assert!(matches!(too_big.await, Err(StoreError::Other(_))));
    let one_short = store.write(|tx| Box::pin(async move { tx.exec(ADD, p!["a"]).await }));
    assert!(matches!(one_short.await, Err(StoreError::Other(_))));
}

async fn a_write_is_read_as_soon_as_it_is_answered(database: Database) {
    let store = database.store().await;
    for n in 0..50_usize {
        add_one(&store, &format!("{n:02}")).await.unwrap();
        assert_eq!(guests(&store).await.len(), n + 1);
    }
}

async fn an_act_that_fails_has_written_nothing(database: Database) {
    let store = database.store().await;
    let failed: Result<(), StoreError> = store
        .write(|tx| {
            Box::pin(async move {
                add(tx, "a").await?;
                Err(StoreError::Conflict)
            })
        })
        .await;
    assert_eq!(failed, Err(StoreError::Conflict));
    assert!(guests(&store).await.is_empty());
}

async fn an_act_that_panics_has_written_nothing(database: Database) {
    let store = database.store().await;
    let failed: Result<(), StoreError> = store
        .write(|tx| {
            Box::pin(async move {
                add(tx, "a").await?;
                panic!("this act panics on purpose")
            })
        })
        .await;
    assert_eq!(failed, Err(StoreError::Panicked));
    let failed: Result<(), StoreError> = store.write(|_| panic!("this act panics before it begins")).await;
    assert_eq!(failed, Err(StoreError::Panicked));
    let failed: Result<(), StoreError> = store.read(|_| panic!("this act panics before it begins")).await;
    assert_eq!(failed, Err(StoreError::Panicked));
    add_one(&store, "b").await.unwrap();
    assert_eq!(guests(&store).await, ["b"]);
}

/// What an act returned is dropped where nobody waits for it any more: on the engine's side.
async fn an_answer_nobody_wants_may_panic(database: Database) {
    struct AnswerThatPanics(tokio::sync::mpsc::UnboundedSender<()>);
    impl Drop for AnswerThatPanics {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
            panic!("this answer panics on purpose");
        }
    }
    let store = database.store().await;
    let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (dropped, mut was_dropped) = tokio::sync::mpsc::unbounded_channel();
    let may_go_on = Arc::new(Mutex::new(may_go_on));
    let caller = tokio::spawn({
        let store = store.clone();
        async move {
            let answer: Result<AnswerThatPanics, StoreError> = store
                .write(move |tx| {
                    let (begun, may_go_on) = (begun.clone(), Arc::clone(&may_go_on));
                    let dropped = dropped.clone();
                    Box::pin(async move {
                        begun.send(()).unwrap();
                        may_go_on.lock().unwrap().recv().unwrap();
                        add(tx, "a").await?;
                        Ok(AnswerThatPanics(dropped))
                    })
                })
                .await;
            std::mem::forget(answer);
        }
    });
    has_begun.recv().await.unwrap();
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    go_on.send(()).unwrap();
    was_dropped.recv().await.unwrap();
    add_one(&store, "b").await.unwrap();
    store.shut_down().await;
    assert_eq!(guests(&database.store().await).await, ["a", "b"]);
}

async fn a_duplicate_names_its_columns(database: Database) {
    let store = database.store().await;
    let seat = |id: &'static str, email: &'static str| {
        let insert = "INSERT INTO guests (id, email, table_no, seat_no) VALUES ($1, $2, $3, $4)";
        store.write(move |tx| Box::pin(async move { tx.exec(insert, p![id, email, 1, 2]).await }))
    };
    seat("a", "a@example.org").await.unwrap();
    let by_id = store.write(|tx| Box::pin(async move { tx.exec(ADD, p!["a", "b@example.org"]).await }));
    let by_id = by_id.await.unwrap_err();
    assert_eq!(by_id, StoreError::Unique { constraint: "guests.id".to_owned() });
    assert!(by_id.is_unique_on("guests", "id"));
    let by_seat = seat("b", "b@example.org").await.unwrap_err();
    assert!(by_seat.is_unique_on("guests", "table_no, seat_no") && !by_seat.is_unique_on("guests", "seat_no"));
    let by_email = store.write(|tx| Box::pin(async move { tx.exec(ADD, p!["b", "a@example.org"]).await }));
    assert!(by_email.await.unwrap_err().is_unique_on("guests", "email"));
}

async fn a_failed_statement_cannot_be_hidden(database: Database) {
    let store = database.store().await;
    add_one(&store, "a").await.unwrap();
    let hidden = store
        .write(|tx| {
            Box::pin(async move {
                add(tx, "b").await?;
                let first = add(tx, "a").await.unwrap_err();
                let later = add(tx, "c").await.unwrap_err();
                assert_eq!(first, later, "nothing more is tried");
                Ok::<_, StoreError>(())
            })
        })
        .await;
    assert!(matches!(hidden, Err(StoreError::Unique { .. })), "{hidden:?}");
    assert_eq!(guests(&store).await, ["a"]);
}

async fn a_conflict_can_be_survived(database: Database) {
    let store = database.store().await;
    let insert = "INSERT INTO guests (id, email) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    let touched = store.write(move |tx| {
        Box::pin(async move {
            let first = tx.exec(insert, p!["a", "a@example.org"]).await?;
            let second = tx.exec(insert, p!["b", "a@example.org"]).await?;
            Ok::<_, StoreError>((first, second, add(tx, "c").await?))
        })
    });
    assert_eq!(touched.await, Ok((1, 0, 1)));
    assert_eq!(guests(&store).await, ["a", "c"]);
}

async fn a_value_goes_where_its_number_stands(database: Database) {
    let store = database.store().await;
    add_one(&store, "a").await.unwrap();
    let find = |first: &'static str, second: &'static str| {
        let sql = String::from("SELECT id FROM guests WHERE email = $2 AND (id = $1 OR email = $1)");
        store.read(move |tx| {
            let sql = sql.clone();
            Box::pin(async move { tx.rows_dynamic(&sql, p![first, second]).await.map(|rows| rows.len()) })
        })
    };
    assert_eq!(find("a", "a@example.org").await, Ok::<_, StoreError>(1));
    assert_eq!(find("a@example.org", "a").await, Ok(0));
}

async fn an_unsound_row_is_told(database: Database) {
    let store = database.store().await;
    add_one(&store, "a").await.unwrap();
    let row = read(&store, |tx| Box::pin(tx.rows("SELECT id, email, table_no FROM guests", &[]))).await.remove(0);
    let told = StoreError::Inconsistent {
        table: "guests",
        id: "a".to_owned(),
        what: "column 2: it must not be NULL".to_owned(),
    };
    assert_eq!(row.int(2), Err(told));
}

async fn errors_carry_no_values(database: Database) {
    let store = database.store().await;
    add_one(&store, "private").await.unwrap();
    let text_of = |error: StoreError| format!("{error} {error:?}");
    let duplicate = text_of(add_one(&store, "private").await.unwrap_err());
    let insert = "INSERT INTO guests (id, email, table_no) VALUES ($1, $2, CAST($3 AS BIGINT))";
    let kind = store.write(move |tx| Box::pin(async move { tx.exec(insert, p!["x", "private", "private"]).await }));
    let missing = "INSERT INTO guests (id, email) VALUES ($1, NULL)";
    let missing = store.write(move |tx| Box::pin(async move { tx.exec(missing, p!["private"]).await })).await;
    let kind = kind.await.map_or_else(text_of, |_| String::new());
    for told in [duplicate, kind, text_of(missing.unwrap_err())] {
        assert!(!told.contains("private"), "{told}");
    }
}

async fn the_caller_may_go_away_under_a_write(database: Database) {
    let store = database.store().await;
    let (begun, has_begun) = tokio::sync::mpsc::unbounded_channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = Mutex::new(may_go_on);
    let caller = tokio::spawn({
        let store = store.clone();
        async move {
            let may_go_on = Arc::new(may_go_on);
            store
                .write(move |tx| {
                    let (begun, may_go_on) = (begun.clone(), Arc::clone(&may_go_on));
                    Box::pin(async move {
                        add(tx, "a").await?;
                        begun.send(()).unwrap();
                        // Blocks the thread that runs the act, which SQLite's writer and a worker of four may suffer.
                        may_go_on.lock().unwrap().recv().unwrap();
                        add(tx, "b").await
                    })
                })
                .await
        }
    });
    let mut has_begun = has_begun;
    has_begun.recv().await.unwrap();
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    go_on.send(()).unwrap();
    store.shut_down().await;
    assert_eq!(guests(&database.store().await).await, ["a", "b"]);
}

async fn a_commit_that_fails_is_an_error(database: Database) {
    let store = database.store().await;
    let orphan = "INSERT INTO guests (id, email, host) VALUES ($1, $2, $3)";
    let orphan = store.write(move |tx| Box::pin(async move { tx.exec(orphan, p!["a", "a", "nobody"]).await }));
    assert!(matches!(orphan.await, Err(StoreError::Other(_))));
    add_one(&store, "b").await.unwrap();
    assert_eq!(guests(&store).await, ["b"]);
}

async fn many_writers_lose_nothing(database: Database) {
    let store = database.store().await;
    add_one(&store, "counter").await.unwrap();
    let raised = AtomicU32::new(0);
    let raised = Arc::new(raised);
    let writers = (0..60_usize).map(|n| {
        let (store, raised) = (store.clone(), Arc::clone(&raised));
        tokio::spawn(async move {
            let raise = "UPDATE guests SET table_no = COALESCE(table_no, 0) + 1 WHERE id = $1";
            let done: Result<u64, StoreError> = store
                .write(move |tx| {
                    Box::pin(async move {
                        let touched = tx.exec(raise, p!["counter"]).await?;
                        if n.is_multiple_of(3) { Err(StoreError::Conflict) } else { Ok(touched) }
                    })
                })
                .await;
            if done.is_ok() {
                raised.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let rows = read(&store, |tx| Box::pin(tx.rows("SELECT table_no FROM guests", &[]))).await;
    assert_eq!((rows[0].int(0).unwrap(), raised.load(Ordering::Relaxed)), (40, 40));
    let commits = store.commits();
    assert!((2..=61).contains(&commits), "{commits}");
}

/// Twenty callers try the same step from the same version: one statement decides, and only one of them is told yes.
async fn a_lost_race_is_seen(database: Database) {
    let store = database.store().await;
    store
        .write(|tx| Box::pin(tx.exec("INSERT INTO guests (id, email, table_no) VALUES ('a', 'a', 1)", &[])))
        .await
        .unwrap();
    let callers = (0..20).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let step = "UPDATE guests SET table_no = table_no + 1 WHERE id = $1 AND table_no = $2";
            store.write(move |tx| Box::pin(async move { tx.exec(step, p!["a", 1]).await })).await.unwrap()
        })
    });
    let mut won = 0;
    for caller in callers.collect::<Vec<_>>() {
        won += caller.await.unwrap();
    }
    assert_eq!(won, 1);
}

async fn a_store_that_was_shut_down_says_so(database: Database) {
    let store = database.store().await;
    assert_eq!(store.ping().await, Ok(()));
    let clone = store.clone();
    store.shut_down().await;
    store.shut_down().await;
    assert_eq!(clone.ping().await, Err(StoreError::Busy));
    assert_eq!(add_one(&clone, "a").await, Err(StoreError::Busy));
}

/// The crate's own schema and all of its statements.
async fn every_statement_is_understood(database: Database) {
    let store = Store::open(&database.settings()).await.unwrap();
    let checked = store.check_statements().await.unwrap();
    assert_eq!(checked, guestlist_store::statements::all(store.engine()).len());
}

/// As acts are written: captured values are cloned for each run and borrowed inside; errors of the caller's own.
async fn acts_capture_what_they_need(database: Database) {
    #[derive(Debug, PartialEq)]
    enum Refusal {
        Full,
        Store(StoreError),
    }
    impl From<StoreError> for Refusal {
        fn from(error: StoreError) -> Self {
            Self::Store(error)
        }
    }
    struct Guest {
        id: UserId,
        email: Email,
    }
    let store = database.store().await;
    let seats = 1;
    let invite = async |guest: Guest| -> Result<(), Refusal> {
        let guest = Arc::new(guest);
        store
            .write(move |tx| {
                let guest = Arc::clone(&guest);
                Box::pin(async move {
                    tx.exec(ADD, p![&guest.id, &guest.email]).await?;
                    let taken = tx.rows("SELECT id FROM guests", p![]).await?.len();
                    if taken > seats { Err(Refusal::Full) } else { Ok(()) }
                })
            })
            .await
    };
    let guest = |n: &str| Guest { id: UserId::new(n), email: Email::parse(&format!("{n}@example.org")).unwrap() };
    assert_eq!(invite(guest("a")).await, Ok(()));
    assert_eq!(invite(guest("b")).await, Err(Refusal::Full));
    assert!(matches!(invite(guest("a")).await, Err(Refusal::Store(StoreError::Unique { .. }))));
    assert_eq!(guests(&store).await, ["a"]);
}

async fn add_one(store: &Store, id: &str) -> Result<u64, StoreError> {
    let id = id.to_owned();
    store
        .write(move |tx| {
            let id = id.clone();
            Box::pin(async move { add(tx, &id).await })
        })
        .await
}
