//! A transaction, the same to write against on both engines.
//!
//! Owns the three questions an act may ask (how many rows, the first row, all rows) and the memory of the first
//! statement that failed. Must not know how a transaction begins or ends.

use crate::error::StoreError;
use crate::row::{Row, table_of};
use crate::value::Value;
use crate::{lite, postgres};
use std::fmt;
use tokio_postgres::Client;

/// Which database is behind the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

/// One transaction, or, in [`crate::Store::read`], one reader.
///
/// A statement that fails fails the act, on both engines: later statements answer the same error, and an act that
/// hides it by returning `Ok` is undone all the same. PostgreSQL cannot go on after an error, so SQLite must not
/// either. An act that wants to live with a duplicate says `ON CONFLICT DO NOTHING` and counts the rows.
pub struct Tx<'a> {
    on: On<'a>,
    failure: Option<Failure>,
}

enum On<'a> {
    Lite(&'a mut rusqlite::Connection),
    Postgres(postgres::Connection<'a>),
}

/// The first statement that failed, and whether the whole act may run again.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) error: StoreError,
    pub(crate) again: Again,
}

/// What may follow a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// Another run would fail again.
    No,
    /// The server chose this transaction as the victim (40001, 40P01).
    Victim,
    /// The connection is gone; a new one may do.
    Reconnect,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self { error, again: Again::No }
    }
}

impl<'a> Tx<'a> {
    pub(crate) fn lite(connection: &'a mut rusqlite::Connection) -> Self {
        Self { on: On::Lite(connection), failure: None }
    }

    pub(crate) fn postgres(client: &'a Client, statements: &'a deadpool_postgres::StatementCache) -> Self {
        Self { on: On::Postgres(postgres::Connection::new(client, statements)), failure: None }
    }

    /// The engine, for the few statements that need a word of one dialect.
    pub const fn engine(&self) -> Engine {
        match self.on {
            On::Lite(_) => Engine::Sqlite,
            On::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a statement that answers no rows, and tells how many rows it touched.
    pub async fn exec(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        self.ready()?;
        let done = match &mut self.on {
            On::Lite(connection) => lite::exec(connection, sql, values),
            On::Postgres(connection) => connection.exec(sql, values).await,
        };
        self.note(done)
    }

    /// The first row of an answer. For a statement with RETURNING, all of it happens.
    pub async fn row(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// All rows of an answer.
    pub async fn rows(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        self.query(sql, table_of(sql), values).await
    }

    /// All rows of a statement composed from constants: an order, a filter. Never compose from what came in.
    pub async fn rows_dynamic(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        self.query(sql, "composed", values).await
    }

    /// Asks the engine whether it understands a statement and would read and bind it as we do.
    pub(crate) async fn prepare(&mut self, sql: &str) -> Result<(), StoreError> {
        match &mut self.on {
            On::Lite(connection) => lite::check(connection, sql).map_err(|failure| failure.error),
            On::Postgres(connection) => connection.check(sql).await.map_err(|failure| failure.error),
        }
    }

    /// Runs several statements that bind nothing: the text of a migration.
    pub(crate) async fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.ready()?;
        let done = match &mut self.on {
            On::Lite(connection) => lite::batch(connection, sql),
            On::Postgres(connection) => connection.batch(sql).await,
        };
        self.note(done)
    }

    pub(crate) fn failure(self) -> Option<Failure> {
        self.failure
    }

    async fn query(&mut self, sql: &str, table: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        self.ready()?;
        let found = match &mut self.on {
            On::Lite(connection) => lite::rows(connection, sql, table, values),
            On::Postgres(connection) => connection.rows(sql, table, values).await,
        };
        self.note(found)
    }

    fn ready(&self) -> Result<(), StoreError> {
        self.failure.as_ref().map_or(Ok(()), |failure| Err(failure.error.clone()))
    }

    fn note<T>(&mut self, done: Result<T, Failure>) -> Result<T, StoreError> {
        done.map_err(|failure| {
            let error = failure.error.clone();
            self.failure = Some(failure);
            error
        })
    }
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tx({:?})", self.engine())
    }
}
