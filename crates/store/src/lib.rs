//! What we remember: the only crate with SQL.
//!
//! Owns the store over its two engines and one file of statements a table. An act is one closure over [`Tx`], written
//! once; on SQLite it runs on the writer thread, in one durable commit with its neighbours, on PostgreSQL in a
//! transaction of its own. Must not know who calls, nor what an act means.
//!
//! ```
//! # use guestlist_store::{Store, StoreError, StoreSettings, Target};
//! # async fn example(store: Store, name: String) -> Result<u64, StoreError> {
//! let rows = store
//!     .write(move |tx| {
//!         // The closure may run again after a deadlock, so it gives each run its own copy.
//!         let name = name.clone();
//!         Box::pin(async move { tx.exec("INSERT INTO names (name) VALUES ($1)", guestlist_store::p![&name]).await })
//!     })
//!     .await?;
//! # Ok(rows) }
//! ```

mod abort;
pub mod address_changes;
pub mod address_codes;
pub mod clients;
pub mod clock;
pub mod connections;
mod error;
pub mod events;
mod file;
pub mod flows;
pub mod grants;
pub mod idempotency;
pub mod identities;
pub mod invitations;
pub mod keys;
pub mod link_ledger;
mod lite;
pub mod log_search;
mod migrate;
pub mod outbox;
pub mod passwords;
mod pool;
mod postgres;
mod question;
mod queue;
mod readers;
pub mod resource_servers;
mod row;
pub mod sessions;
pub mod settings;
pub mod statements;
pub mod throttles;
pub mod tickets;
mod tls;
mod tx;
pub mod user_search;
pub mod users;
mod value;
pub mod webhook_deliveries;
pub mod webhooks;
mod writer;

pub use abort::{ABORT_POINTS, abort_at};
pub use error::StoreError;
pub use migrate::{MIGRATIONS, Migration};
pub use row::Row;
pub use tx::{Engine, Tx};
pub use value::{Plain, Value};

use crate::file::Sqlite;
use crate::pool::Server;
use guestlist_domain::secret::Sensitive;
use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What an act returns: a future that lives as long as its transaction.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where the rows are.
#[derive(Clone, Debug)]
pub enum Target {
    /// A file, created if missing.
    Sqlite {
        /// Its path; its lock file and its write-ahead log stand beside it.
        path: PathBuf,
    },
    /// A server.
    Postgres {
        /// `postgres://user:password@host/database?sslmode=require`.
        url: Sensitive,
        /// How many connections at most.
        pool: usize,
    },
}

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// Where the rows are.
    pub target: Target,
    /// Whether this process serves the database: a second one is refused. No for a command beside a running server.
    pub exclusive: bool,
    /// Reading threads of SQLite.
    pub read_threads: usize,
}

/// What the store runs: a closure that may be called again, because a transaction may have to be tried again.
pub(crate) trait Act<T, E>:
    for<'a, 'b> Fn(&'a mut Tx<'b>) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static
{
}

impl<T, E, F> Act<T, E> for F where
    F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static
{
}

/// The store. Clones share it. [`Store::shut_down`] closes it for all of them.
#[derive(Clone)]
pub struct Store {
    db: Arc<Db>,
    commits: Arc<AtomicU64>,
}

enum Db {
    Sqlite(Sqlite),
    Postgres(Server),
}

impl Store {
    /// Opens the database and brings its schema up to date.
    pub async fn open(settings: &StoreSettings) -> Result<Self, StoreError> {
        Self::open_with(settings, MIGRATIONS).await
    }

    /// Opens a database with a history of its own: for tests of the store itself.
    pub async fn open_with(settings: &StoreSettings, migrations: &'static [Migration]) -> Result<Self, StoreError> {
        let commits = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&commits);
        let db = match settings.target.clone() {
            Target::Postgres { url, pool } => Db::Postgres(Server::open(&url, pool, migrations, counter).await?),
            Target::Sqlite { path } => {
                let (exclusive, threads) = (settings.exclusive, settings.read_threads);
                let open = move || file::open(&path, exclusive, threads, migrations, counter);
                let opened = tokio::task::spawn_blocking(open).await;
                Db::Sqlite(opened.map_err(|_| StoreError::other("opening the database was cut short"))??)
            }
        };
        Ok(Self { db: Arc::new(db), commits })
    }

    /// Runs an act that only reads. On SQLite it sees one state of the database from its first statement to its last;
    /// on PostgreSQL each statement sees what is committed by then. It sees every write that was answered before.
    pub async fn read<T, E, F>(&self, act: F) -> Result<T, E>
    where
        F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.db {
            Db::Sqlite(sqlite) => sqlite.readers.ask(act, StoreError::LostConnection).await,
            Db::Postgres(server) => server.read(act).await,
        }
    }

    /// Runs an act in one transaction and answers once it is durable. An act that returns an error, or panics, has
    /// written nothing. An act may run more than once: it must not do anything but use its transaction.
    pub async fn write<T, E, F>(&self, act: F) -> Result<T, E>
    where
        F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.db {
            Db::Sqlite(sqlite) => sqlite.writer.ask(act, StoreError::AmbiguousCommit).await,
            Db::Postgres(server) => server.write(act).await,
        }
    }

    /// The engine behind this store.
    pub fn engine(&self) -> Engine {
        match &*self.db {
            Db::Sqlite(_) => Engine::Sqlite,
            Db::Postgres(_) => Engine::Postgres,
        }
    }

    /// One real round trip; an error also if writes are not taken any more.
    pub async fn ping(&self) -> Result<(), StoreError> {
        if let Db::Sqlite(sqlite) = &*self.db
            && !sqlite.writer.is_open()
        {
            return Err(StoreError::Busy);
        }
        self.read(|tx| Box::pin(async move { tx.row(PING, p![]).await.map(drop) })).await
    }

    /// How many transactions were committed since the store was opened. On SQLite many acts share one.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Asks the engine whether it understands every statement of this crate, and tells how many there are.
    pub async fn check_statements(&self) -> Result<usize, StoreError> {
        self.read(|tx| {
            Box::pin(async move {
                let all = statements::all(tx.engine());
                for statement in &all {
                    let refused = |error| StoreError::Other(format!("{}: {error}", statement.name));
                    tx.prepare(&statement.text).await.map_err(refused)?;
                }
                Ok(all.len())
            })
        })
        .await
    }

    /// Finishes what was accepted, refuses what comes later, closes the database and frees its lock file.
    pub async fn shut_down(&self) {
        match &*self.db {
            Db::Sqlite(sqlite) => {
                // The writer is the last to leave: whoever closes last tidies the log away.
                sqlite.readers.stop().await;
                sqlite.writer.stop().await;
            }
            Db::Postgres(server) => server.close().await,
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({:?})", self.engine())
    }
}

statements::sql! {
    PING = "SELECT 1";
}
