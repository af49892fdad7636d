//! The schema's history on both engines.

use crate::database::{Database, on_both_engines, read};
use guestlist_store::{Engine, Migration, Store, StoreError, p};

const ONE: Migration = Migration { number: 1, name: "one", text: "CREATE TABLE ones (id TEXT NOT NULL PRIMARY KEY);" };
const TWO: Migration = Migration { number: 2, name: "two", text: "CREATE TABLE twos (id TEXT, data BYTES);" };
const OTHER_TWO: Migration = Migration { number: 2, name: "two", text: "CREATE TABLE twos (id TEXT);" };
const BROKEN: Migration =
    Migration { number: 3, name: "broken", text: "CREATE TABLE threes (id TEXT); CREATE TABLE ones (id TEXT);" };

on_both_engines!(
    applied_once_and_in_order,
    a_newer_schema_is_refused,
    a_changed_text_is_refused,
    a_migration_that_fails_leaves_nothing,
    many_at_once_apply_it_once,
    quoted_words_stay_as_they_are,
    our_own_history_applies,
);

async fn applied(store: &Store) -> Vec<i64> {
    let rows = read(store, |tx| Box::pin(tx.rows("SELECT number FROM migrations ORDER BY number", &[])));
    rows.await.iter().map(|row| row.int(0).unwrap()).collect()
}

async fn open(database: &Database, list: &'static [Migration]) -> Result<Store, StoreError> {
    Store::open_with(&database.settings(), list).await
}

async fn applied_once_and_in_order(database: Database) {
    open(&database, &[ONE]).await.unwrap().shut_down().await;
    let store = open(&database, &[ONE, TWO]).await.unwrap();
    assert_eq!(applied(&store).await, [1, 2]);
    store.shut_down().await;
    assert_eq!(applied(&open(&database, &[ONE, TWO]).await.unwrap()).await, [1, 2]);
}

async fn a_newer_schema_is_refused(database: Database) {
    open(&database, &[ONE, TWO]).await.unwrap().shut_down().await;
    assert_eq!(open(&database, &[ONE]).await.map(drop), Err(StoreError::TooNew { found: 2, known: 1 }));
}

async fn a_changed_text_is_refused(database: Database) {
    open(&database, &[ONE, TWO]).await.unwrap().shut_down().await;
    let refused = StoreError::ChangedMigration { number: 2, name: "two".to_owned() };
    assert_eq!(open(&database, &[ONE, OTHER_TWO]).await.map(drop), Err(refused));
}

async fn a_migration_that_fails_leaves_nothing(database: Database) {
    assert!(open(&database, &[ONE, TWO, BROKEN]).await.is_err());
    let store = open(&database, &[ONE, TWO]).await.unwrap();
    assert_eq!(applied(&store).await, [1, 2]);
    let threes = store.read(|tx| Box::pin(tx.rows("SELECT id FROM threes", p![]))).await;
    assert!(threes.is_err(), "the first half of the broken one was undone");
}

async fn many_at_once_apply_it_once(database: Database) {
    let settings = database.settings();
    let opening = (0..8).map(|_| {
        let settings = settings.clone();
        tokio::spawn(async move { Store::open_with(&settings, &[ONE, TWO]).await })
    });
    for opened in opening.collect::<Vec<_>>() {
        let store = opened.await.unwrap().unwrap();
        assert_eq!(applied(&store).await, [1, 2]);
        store.shut_down().await;
    }
}

async fn quoted_words_stay_as_they_are(database: Database) {
    let store = database.store().await;
    let says = "INSERT INTO notes (id) VALUES ('a') RETURNING says";
    let row = store.write(move |tx| Box::pin(tx.row(says, &[]))).await.unwrap().unwrap();
    assert_eq!(row.text(0).unwrap(), "TEXT -- in BYTES");
}

async fn our_own_history_applies(database: Database) {
    let store = Store::open(&database.settings()).await.unwrap();
    let known: Vec<i64> = guestlist_store::MIGRATIONS.iter().map(|migration| migration.number).collect();
    assert_eq!(applied(&store).await, known);
    assert!(matches!(store.engine(), Engine::Sqlite | Engine::Postgres));
}
