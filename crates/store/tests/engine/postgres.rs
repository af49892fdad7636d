//! What only PostgreSQL has: deadlocks, and connections that go away at the worst moment.

use crate::database::{Database, GUESTS, add, guests};
use crate::wire::{Cut, Wire};
use guestlist_domain::secret::Sensitive;
use guestlist_store::{Store, StoreError, StoreSettings, Target, Tx, p};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::{Barrier, oneshot};

/// How often an act has begun.
#[derive(Clone, Default)]
struct Runs(Arc<AtomicU32>);

impl Runs {
    fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn so_far(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

const RAISE: &str = "UPDATE guests SET table_no = COALESCE(table_no, 0) + 1 WHERE id = $1";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_victim_of_a_deadlock_runs_again() {
    let database = Database::postgres().await;
    let store = database.store().await;
    for id in ["a", "b"] {
        store.write(move |tx| Box::pin(add(tx, id))).await.unwrap();
    }
    let (runs, meeting) = (Runs::default(), Arc::new(Barrier::new(2)));
    let crossing = [["a", "b"], ["b", "a"]].map(|order| {
        let (store, runs, meeting) = (store.clone(), runs.clone(), Arc::clone(&meeting));
        tokio::spawn(async move {
            let first_run = Runs::default();
            store
                .write(move |tx| {
                    let (meeting, is_first) = (Arc::clone(&meeting), first_run.next() == 1);
                    runs.next();
                    Box::pin(async move {
                        tx.exec(RAISE, p![order[0]]).await?;
                        if is_first {
                            meeting.wait().await;
                        }
                        tx.exec(RAISE, p![order[1]]).await
                    })
                })
                .await
        })
    });
    for one in crossing {
        assert_eq!(one.await.unwrap(), Ok(1));
    }
    assert_eq!(runs.so_far(), 3, "one of two ran twice");
    let raised = store.read(|tx| Box::pin(tx.rows("SELECT table_no FROM guests", &[]))).await.unwrap();
    assert!(raised.iter().all(|row| row.int(0) == Ok(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_serialization_failure_is_tried_again_but_not_for_ever() {
    let database = Database::postgres().await;
    let store = database.store().await;
    let raise = "DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '40001'; END $$";
    for (bad_runs, outcome, expected_runs) in [(3, Ok(1), 4), (u32::MAX, Err(StoreError::Busy), 8)] {
        let runs = Runs::default();
        let counter = runs.clone();
        let done = store.write(move |tx| {
            let run = counter.next();
            Box::pin(async move {
                tx.exec("DELETE FROM guests", p![]).await?;
                if run <= bad_runs {
                    tx.exec(raise, p![]).await?;
                }
                add(tx, "a").await
            })
        });
        assert_eq!(done.await, outcome);
        assert_eq!(runs.so_far(), expected_runs);
    }
    assert_eq!(guests(&store).await, ["a"]);
}

/// An act that adds a guest, and whose connection the server ends in its middle in the first `bad_runs` runs.
async fn add_while_killed(database: &Database, store: &Store, bad_runs: u32) -> (Result<u64, StoreError>, u32) {
    let admin = Arc::new(database.admin().await);
    let runs = Runs::default();
    let counter = runs.clone();
    let outcome = store.write(move |tx| {
        let (admin, run) = (Arc::clone(&admin), counter.next());
        Box::pin(async move {
            add(tx, "a").await?;
            if run <= bad_runs {
                let process = own_process(tx).await?;
                admin.execute("SELECT pg_terminate_backend($1, 10000)", &[&process]).await.unwrap();
            }
            add(tx, "b").await
        })
    });
    (outcome.await, runs.so_far())
}

async fn own_process(tx: &mut Tx<'_>) -> Result<i32, StoreError> {
    let row = tx.row("SELECT pg_backend_pid()", p![]).await?.unwrap();
    Ok(row.count(0).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_lost_before_the_commit_is_replaced_once() {
    let database = Database::postgres().await;
    let store = database.store().await;
    assert_eq!(add_while_killed(&database, &store, 1).await, (Ok(1), 2));
    assert_eq!(guests(&store).await, ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_lost_twice_is_told_and_nothing_was_committed() {
    let database = Database::postgres().await;
    let store = database.store().await;
    assert_eq!(add_while_killed(&database, &store, u32::MAX).await, (Err(StoreError::LostConnection), 2));
    assert!(guests(&store).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_read_survives_a_lost_connection() {
    let database = Database::postgres().await;
    let store = database.store().await;
    let admin = Arc::new(database.admin().await);
    let runs = Runs::default();
    let counter = runs.clone();
    let read = store.read(move |tx| {
        let (admin, run) = (Arc::clone(&admin), counter.next());
        Box::pin(async move {
            if run == 1 {
                let process = own_process(tx).await?;
                admin.execute("SELECT pg_terminate_backend($1, 10000)", &[&process]).await.unwrap();
            }
            tx.rows("SELECT id FROM guests", p![]).await.map(|rows| rows.len())
        })
    });
    assert_eq!(read.await, Ok(0));
    assert_eq!(runs.so_far(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_that_died_in_the_pool_are_replaced() {
    let database = Database::postgres().await;
    let store = database.store().await;
    let several = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.ping().await })
    });
    for one in several.collect::<Vec<_>>() {
        one.await.unwrap().unwrap();
    }
    let kill = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    database.admin().await.execute(kill, &[]).await.unwrap();
    assert_eq!(store.ping().await, Ok(()));
    assert_eq!(store.write(|tx| Box::pin(add(tx, "a"))).await, Ok(1));
}

/// A store whose connections run over a wire that can be cut at the commit.
async fn over_a_wire(database: &Database) -> (Store, Wire) {
    database.store().await.shut_down().await;
    let (url, wire) = Wire::to(&database.url()).await;
    let target = Target::Postgres { url: Sensitive::new(url), pool: 2 };
    let settings = StoreSettings { target, exclusive: false, read_threads: 1 };
    (Store::open_with(&settings, GUESTS).await.unwrap(), wire)
}

async fn add_over_a_cut(cut: Cut) -> (Result<u64, StoreError>, u32, Vec<String>) {
    let database = Database::postgres().await;
    let (store, wire) = over_a_wire(&database).await;
    wire.cut_at_commit(cut);
    let runs = Runs::default();
    let counter = runs.clone();
    let outcome = store.write(move |tx| {
        counter.next();
        Box::pin(add(tx, "a"))
    });
    let outcome = outcome.await;
    (outcome, runs.so_far(), guests(&store).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_whose_answer_is_lost_is_told_and_not_repeated() {
    let seen = add_over_a_cut(Cut::BeforeTheAnswer).await;
    assert_eq!(seen, (Err(StoreError::AmbiguousCommit), 1, vec!["a".to_owned()]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_that_never_arrives_looks_the_same() {
    let seen = add_over_a_cut(Cut::BeforeTheCommit).await;
    assert_eq!(seen, (Err(StoreError::AmbiguousCommit), 1, vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_is_not_there_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let target = Target::Postgres { url: Sensitive::new(format!("postgres://a:b@{address}/c")), pool: 2 };
    let settings = StoreSettings { target, exclusive: false, read_threads: 1 };
    assert_eq!(Store::open(&settings).await.map(drop), Err(StoreError::LostConnection));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn shutting_down_waits_for_what_is_under_way() {
    let database = Database::postgres().await;
    let store = database.store().await;
    let (begun, has_begun) = oneshot::channel();
    let begun = Arc::new(std::sync::Mutex::new(Some(begun)));
    let gate = Arc::new(Barrier::new(2));
    let waiting = Arc::clone(&gate);
    let write = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .write(move |tx| {
                    let (begun, gate) = (begun.lock().unwrap().take(), Arc::clone(&waiting));
                    Box::pin(async move {
                        begun.unwrap().send(()).unwrap();
                        gate.wait().await;
                        add(tx, "a").await
                    })
                })
                .await
        }
    });
    has_begun.await.unwrap();
    let closing = tokio::spawn({
        let store = store.clone();
        async move { store.shut_down().await }
    });
    gate.wait().await;
    assert_eq!(write.await.unwrap(), Ok(1));
    closing.await.unwrap();
    assert_eq!(store.ping().await, Err(StoreError::Busy));
}
