//! PostgreSQL: connections and transactions.
//!
//! Owns the pool, the beginning and the end of a transaction, and the second try. An act runs again only if it is
//! certain that nothing was committed: the server chose it as a deadlock's victim, or the connection went away before
//! the commit. A connection lost during the commit is told as it is. Must not know statements.

use crate::Act;
use crate::abort::abort_at;
use crate::error::StoreError;
use crate::migrate::{self, Migration};
use crate::postgres::{chain, failure};
use crate::tls;
use crate::tx::{Again, Failure, Tx};
use deadpool_postgres::{Client, Pool, PoolError, TimeoutType};
use guestlist_domain::secret::Sensitive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::IsolationLevel;

/// How many acts may be under way or wait for a connection, as on SQLite.
const LONGEST_QUEUE: u32 = 4096;

/// How often an act runs that the server keeps choosing as a victim, and how often one whose connection went away.
const MOST_RUNS_AS_VICTIM: u32 = 8;
const MOST_RUNS_ON_LOST_CONNECTIONS: u32 = 2;

/// Any number; all processes of this program use the same one.
const LOCK_MIGRATIONS: &str = "SELECT pg_advisory_xact_lock(7311864)";

/// The server behind the store. Clones share the pool.
#[derive(Clone)]
pub(crate) struct Server {
    pool: Pool,
    gate: Arc<Semaphore>,
    commits: Arc<AtomicU64>,
}

/// What one run of an act came to.
enum Run<T, E> {
    Over(Result<T, E>),
    Again(Again, E),
}

impl<T, E: From<StoreError>> From<Failure> for Run<T, E> {
    fn from(failure: Failure) -> Self {
        match failure.again {
            Again::No => Self::Over(Err(E::from(failure.error))),
            again => Self::Again(again, E::from(failure.error)),
        }
    }
}

impl Server {
    pub(crate) async fn open(
        url: &Sensitive,
        connections: usize,
        migrations: &[Migration],
        commits: Arc<AtomicU64>,
    ) -> Result<Self, StoreError> {
        let pool = tls::pool(url, connections)?;
        let gate = Arc::new(Semaphore::new(usize::try_from(LONGEST_QUEUE).unwrap_or(usize::MAX)));
        let server = Self { pool, gate, commits };
        while server.migrate(migrations).await? == migrate::Step::Applied {}
        Ok(server)
    }

    /// Runs an act that only reads, on a connection of its own and outside of a transaction.
    pub(crate) async fn read<T, E>(&self, act: impl Act<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let _place = self.place().map_err(E::from)?;
        let mut tries = Tries::default();
        loop {
            match self.read_once(&act).await {
                Run::Over(outcome) => return outcome,
                Run::Again(again, error) => {
                    if !tries.another(again).await {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Runs an act in a transaction. It runs to its end even if the caller goes away: a request that is dropped must
    /// not be cut in two.
    pub(crate) async fn write<T, E>(&self, act: impl Act<T, E>) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let place = self.place().map_err(E::from)?;
        let server = self.clone();
        let run = tokio::spawn(async move {
            let outcome = server.write_until_over(&act).await;
            drop(place);
            outcome
        });
        // Acts that panic are caught below; what is left is a runtime that shuts down under a running write.
        run.await.unwrap_or_else(|_| Err(E::from(StoreError::AmbiguousCommit)))
    }

    /// Waits for what is under way and closes all connections.
    pub(crate) async fn close(&self) {
        // An error means that it was closed before.
        if let Ok(all) = self.gate.acquire_many(LONGEST_QUEUE).await {
            self.gate.close();
            drop(all);
        }
        self.pool.close();
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        Arc::clone(&self.gate).try_acquire_owned().map_err(|_| StoreError::Busy)
    }

    async fn write_until_over<T, E: From<StoreError>>(&self, act: &impl Act<T, E>) -> Result<T, E> {
        let mut tries = Tries::default();
        loop {
            match self.write_once(act).await {
                Run::Over(outcome) => return outcome,
                Run::Again(again, error) => {
                    if !tries.another(again).await {
                        return Err(error);
                    }
                }
            }
        }
    }

    async fn read_once<T, E: From<StoreError>>(&self, act: &impl Act<T, E>) -> Run<T, E> {
        let client = match self.connection().await {
            Ok(client) => client,
            Err(failure) => return failure.into(),
        };
        let mut tx = Tx::postgres(&client, &client.statement_cache);
        let outcome = caught(act, &mut tx).await;
        judged(outcome, tx.failure())
    }

    async fn write_once<T, E: From<StoreError>>(&self, act: &impl Act<T, E>) -> Run<T, E> {
        let mut client = match self.connection().await {
            Ok(client) => client,
            Err(failure) => return failure.into(),
        };
        let begun = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).start().await;
        let transaction = match begun {
            Ok(transaction) => transaction,
            Err(error) => return failure(&error).into(),
        };
        let mut tx = Tx::postgres(transaction.client(), &transaction.statement_cache);
        let outcome = caught(act, &mut tx).await;
        match judged(outcome, tx.failure()) {
            Run::Over(Ok(value)) => match self.commit(transaction).await {
                Ok(()) => Run::Over(Ok(value)),
                Err(failure) => failure.into(),
            },
            undone => {
                // If this fails too, the connection is gone and its transaction with it.
                let _ = transaction.rollback().await;
                undone
            }
        }
    }

    async fn commit(&self, transaction: deadpool_postgres::Transaction<'_>) -> Result<(), Failure> {
        if transaction.client().is_closed() {
            return Err(Failure { error: StoreError::LostConnection, again: Again::Reconnect });
        }
        abort_at("store.before_commit");
        match transaction.commit().await.map_err(|error| failure(&error)) {
            Ok(()) => {
                self.commits.fetch_add(1, Ordering::Relaxed);
                abort_at("store.after_commit");
                Ok(())
            }
            Err(Failure { again: Again::Reconnect, .. }) => Err(StoreError::AmbiguousCommit.into()),
            Err(refused) => Err(refused),
        }
    }

    async fn migrate(&self, migrations: &[Migration]) -> Result<migrate::Step, StoreError> {
        let mut client = self.connection().await.map_err(|failure| failure.error)?;
        let named = |error: tokio_postgres::Error| failure(&error).error;
        let transaction = client.transaction().await.map_err(named)?;
        transaction.batch_execute(LOCK_MIGRATIONS).await.map_err(named)?;
        let mut tx = Tx::postgres(transaction.client(), &transaction.statement_cache);
        let step = migrate::step(&mut tx, migrations).await?;
        transaction.commit().await.map_err(named)?;
        Ok(step)
    }

    async fn connection(&self) -> Result<Client, Failure> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(TimeoutType::Wait) | PoolError::Closed => StoreError::Busy.into(),
            PoolError::Backend(error) => {
                tracing::warn!(error = chain(&error), "no connection to PostgreSQL");
                failure(&error)
            }
            PoolError::Timeout(_) => Failure { error: StoreError::LostConnection, again: Again::Reconnect },
            PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => StoreError::other(error).into(),
        })
    }
}

/// An act that succeeded over a failed statement has not succeeded: the server would commit nothing and say nothing.
fn judged<T, E: From<StoreError>>(outcome: Result<T, E>, failure: Option<Failure>) -> Run<T, E> {
    match (outcome, failure) {
        (Ok(_), Some(failure)) => failure.into(),
        (Err(error), Some(Failure { again: again @ (Again::Victim | Again::Reconnect), .. })) => {
            Run::Again(again, error)
        }
        (outcome, _) => Run::Over(outcome),
    }
}

/// Runs the act; a panic in it is an error, as on SQLite.
async fn caught<T, E: From<StoreError>>(act: &impl Act<T, E>, tx: &mut Tx<'_>) -> Result<T, E> {
    let mut running = std::pin::pin!(async move { act(tx).await });
    std::future::poll_fn(move |context| {
        catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context)))
            .unwrap_or_else(|_| Poll::Ready(Err(E::from(StoreError::Panicked))))
    })
    .await
}

/// How often an act has run again.
#[derive(Default)]
struct Tries {
    victim: u32,
    reconnected: u32,
}

impl Tries {
    /// Whether there is another try, after a pause that lets the other transaction of a deadlock pass.
    async fn another(&mut self, again: Again) -> bool {
        match again {
            Again::No => false,
            Again::Reconnect => {
                self.reconnected += 1;
                self.reconnected < MOST_RUNS_ON_LOST_CONNECTIONS
            }
            Again::Victim => {
                self.victim += 1;
                tokio::time::sleep(Duration::from_millis(u64::from(self.victim) * 2)).await;
                self.victim < MOST_RUNS_AS_VICTIM
            }
        }
    }
}
