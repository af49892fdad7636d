//! A database of its own for each test, on either engine, gone when the test ends.

use guestlist_domain::secret::Sensitive;
use guestlist_store::{BoxFuture, Migration, Row, Store, StoreError, StoreSettings, Target, Tx, p};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use tokio_postgres::{Client, NoTls};

/// One table with every kind of column.
pub(crate) const GUESTS: &[Migration] = &[Migration {
    number: 1,
    name: "guests",
    text: "CREATE TABLE guests (
        id TEXT NOT NULL PRIMARY KEY, -- the id, a TEXT of no BYTES
        email TEXT NOT NULL,
        table_no BIGINT, seat_no BIGINT,
        photo BYTES,
        host TEXT REFERENCES guests (id) DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT guests_email_key UNIQUE (email),
        CONSTRAINT guests_table_no_seat_no_key UNIQUE (table_no, seat_no)
    );
    CREATE TABLE notes (id TEXT NOT NULL PRIMARY KEY, says TEXT NOT NULL DEFAULT 'TEXT -- in BYTES');",
}];

pub(crate) const ADD: &str = "INSERT INTO guests (id, email) VALUES ($1, $2)";
pub(crate) const ALL: &str = "SELECT id FROM guests ORDER BY id";

/// A database that nobody else uses.
pub(crate) enum Database {
    Sqlite { directory: PathBuf },
    Postgres { server: String, name: String },
}

impl Database {
    pub(crate) async fn sqlite() -> Self {
        let directory = std::env::temp_dir().join(unique());
        std::fs::create_dir(&directory).unwrap();
        std::future::ready(Self::Sqlite { directory }).await
    }

    pub(crate) async fn postgres() -> Self {
        let (server, name) = (server(), unique());
        let admin = connect(&server).await;
        admin.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).await.unwrap();
        Self::Postgres { server, name }
    }

    pub(crate) fn target(&self) -> Target {
        match self {
            Self::Sqlite { directory } => Target::Sqlite { path: directory.join("guestlist.db") },
            Self::Postgres { .. } => Target::Postgres { url: Sensitive::new(self.url()), pool: 8 },
        }
    }

    pub(crate) fn settings(&self) -> StoreSettings {
        StoreSettings { target: self.target(), exclusive: false, read_threads: 2 }
    }

    pub(crate) async fn store(&self) -> Store {
        Store::open_with(&self.settings(), GUESTS).await.unwrap()
    }

    /// The database's own URL.
    pub(crate) fn url(&self) -> String {
        let Self::Postgres { server, name } = self else { panic!("SQLite has no URL") };
        let (front, _) = server.rsplit_once('/').expect("the URL names a database");
        format!("{front}/{name}")
    }

    /// A connection beside the store's.
    pub(crate) async fn admin(&self) -> Client {
        connect(&self.url()).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match self {
            Self::Sqlite { directory } => std::fs::remove_dir_all(directory).unwrap(),
            Self::Postgres { server, name } => {
                let (server, statement) = (server.clone(), format!("DROP DATABASE {name} WITH (FORCE)"));
                let drop_it = async move { connect(&server).await.batch_execute(&statement).await.unwrap() };
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                std::thread::spawn(move || runtime.block_on(drop_it)).join().unwrap();
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests' one setting")]
fn server() -> String {
    std::env::var("GUESTLIST_TEST_POSTGRES")
        .expect("GUESTLIST_TEST_POSTGRES names no server; `scripts/postgres start` prints what to set it to")
}

fn unique() -> String {
    format!("guestlist_store_{:016x}", RandomState::new().build_hasher().finish())
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("GUESTLIST_TEST_POSTGRES answers");
    tokio::spawn(connection);
    client
}

/// Adds a guest whose address is made from the id.
pub(crate) async fn add(tx: &mut Tx<'_>, id: &str) -> Result<u64, StoreError> {
    tx.exec(ADD, p![id, format!("{id}@example.org")]).await
}

/// The ids of all guests.
pub(crate) async fn guests(store: &Store) -> Vec<String> {
    read(store, |tx| Box::pin(tx.rows(ALL, &[]))).await.iter().map(|row| row.text(0).unwrap()).collect()
}

/// Rows that must be readable.
pub(crate) async fn read<F>(store: &Store, act: F) -> Vec<Row>
where
    F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> BoxFuture<'a, Result<Vec<Row>, StoreError>> + Send + Sync + 'static,
{
    store.read(act).await.unwrap()
}

/// Declares the named functions as tests, once on each engine.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(crate::database::Database::sqlite().await).await;
            }
        )*}
        mod postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                super::$name(crate::database::Database::postgres().await).await;
            }
        )*}
    };
}
pub(crate) use on_both_engines;
