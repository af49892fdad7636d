//! PostgreSQL: statements on one connection.
//!
//! Owns what is peculiar to this engine when a statement runs: prepared once a connection, values in, rows out, errors
//! named. Must not know the pool, nor how a transaction begins or ends.

use crate::error::StoreError;
use crate::row::{Cell, Row};
use crate::tx::{Again, Failure};
use crate::value::Value;
use deadpool_postgres::StatementCache;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Statement};

/// A connection and the statements it has prepared.
pub(crate) struct Connection<'a> {
    client: &'a Client,
    statements: &'a StatementCache,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(client: &'a Client, statements: &'a StatementCache) -> Self {
        Self { client, statements }
    }

    pub(crate) async fn exec(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, Failure> {
        let statement = self.statement(sql).await?;
        self.client.execute(&statement, &bound(values)).await.map_err(|error| failure(&error))
    }

    pub(crate) async fn rows(&self, sql: &str, table: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
        let statement = self.statement(sql).await?;
        let found = self.client.query(&statement, &bound(values)).await.map_err(|error| failure(&error))?;
        found.iter().map(|row| owned(row, table)).collect()
    }

    pub(crate) async fn batch(&self, sql: &str) -> Result<(), Failure> {
        self.client.batch_execute(sql).await.map_err(|error| failure(&error))
    }

    /// Prepares a statement and checks that its parameters and columns have types that we bind and read.
    pub(crate) async fn check(&self, sql: &str) -> Result<(), Failure> {
        let statement = self.statement(sql).await?;
        let columns = statement.columns().iter().map(tokio_postgres::Column::type_);
        for (ty, known) in
            statement.params().iter().map(|ty| (ty, is_bound(ty))).chain(columns.map(|ty| (ty, is_read(ty))))
        {
            if !known {
                return Err(StoreError::other(format!("the type {ty} is not one that both engines share")).into());
            }
        }
        Ok(())
    }

    async fn statement(&self, sql: &str) -> Result<Statement, Failure> {
        self.statements.prepare(self.client, sql).await.map_err(|error| failure(&error))
    }
}

fn bound<'v>(values: &'v [Value<'_>]) -> Vec<&'v (dyn ToSql + Sync)> {
    values.iter().map(|value| -> &(dyn ToSql + Sync) { value }).collect()
}

fn is_bound(ty: &Type) -> bool {
    [Type::INT8, Type::INT4, Type::TEXT, Type::VARCHAR, Type::BYTEA].contains(ty)
}

fn is_read(ty: &Type) -> bool {
    is_bound(ty) || [Type::BOOL, Type::INT2].contains(ty)
}

fn owned(row: &tokio_postgres::Row, table: &'static str) -> Result<Row, Failure> {
    let cells = row.columns().iter().enumerate().map(|(at, column)| cell(row, at, column.type_()));
    Ok(Row::new(cells.collect::<Result<_, _>>()?, table))
}

/// One cell in the vocabulary of both engines. A BOOL is what EXISTS answers; SQLite says 0 or 1.
fn cell(row: &tokio_postgres::Row, at: usize, ty: &Type) -> Result<Cell, Failure> {
    let cell = match *ty {
        Type::INT8 => row.try_get::<_, Option<i64>>(at).map(|number| number.map(Cell::Int)),
        Type::INT4 => row.try_get::<_, Option<i32>>(at).map(|number| number.map(|n| Cell::Int(i64::from(n)))),
        Type::INT2 => row.try_get::<_, Option<i16>>(at).map(|number| number.map(|n| Cell::Int(i64::from(n)))),
        Type::BOOL => row.try_get::<_, Option<bool>>(at).map(|flag| flag.map(|flag| Cell::Int(i64::from(flag)))),
        Type::TEXT | Type::VARCHAR => row.try_get::<_, Option<String>>(at).map(|text| text.map(Cell::Text)),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at).map(|bytes| bytes.map(Cell::Bytes)),
        ref other => {
            return Err(StoreError::other(format!("a column is {other}; both engines share no such type")).into());
        }
    };
    cell.map(|cell| cell.unwrap_or(Cell::Null)).map_err(|error| failure(&error))
}

/// The driver's error in our words, and whether the act may run again.
pub(crate) fn failure(error: &tokio_postgres::Error) -> Failure {
    let again = again(error);
    let error = match (again, error.as_db_error()) {
        (Again::Reconnect, _) => StoreError::LostConnection,
        (Again::Victim, _) => StoreError::Busy,
        (Again::No, Some(refusal)) => refused(refusal),
        (Again::No, None) => StoreError::other(chain(error)),
    };
    Failure { error, again }
}

fn again(error: &tokio_postgres::Error) -> Again {
    let Some(refusal) = error.as_db_error() else {
        let lost = error.is_closed() || std::error::Error::source(error).is_some_and(is_broken_wire);
        return if lost { Again::Reconnect } else { Again::No };
    };
    let code = refusal.code();
    // Class 08: the connection; 57P01 to 57P05: the server ends it.
    if code.code().starts_with("08") || code.code().starts_with("57P") {
        Again::Reconnect
    } else if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) {
        Again::Victim
    } else {
        Again::No
    }
}

/// A socket's error. TLS clothes its own as one; a certificate that is not trusted will not be next time either.
fn is_broken_wire(cause: &(dyn std::error::Error + 'static)) -> bool {
    let Some(cause) = cause.downcast_ref::<std::io::Error>() else { return false };
    !cause.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
}

fn refused(refusal: &DbError) -> StoreError {
    match *refusal.code() {
        SqlState::UNIQUE_VIOLATION => StoreError::Unique { constraint: violated(refusal) },
        SqlState::TOO_MANY_CONNECTIONS | SqlState::LOCK_NOT_AVAILABLE | SqlState::QUERY_CANCELED => StoreError::Busy,
        _ => StoreError::other(described(refusal)),
    }
}

/// `table.column[, table.column]` as SQLite says it. The server tells the columns only in the detail, in front of the
/// values, which stay behind; the detail is translated, so a server in another language leaves us the name.
fn violated(refusal: &DbError) -> String {
    let columns =
        refusal.detail().and_then(|detail| detail.strip_prefix("Key (")?.split_once(")=(")).map(|(names, _)| names);
    match (refusal.table(), columns) {
        (Some(table), Some(columns)) => {
            columns.split(", ").map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ")
        }
        _ => refusal.constraint().unwrap_or_default().to_owned(),
    }
}

/// The refusal without its values: they stand in the detail always, and in the message of data errors (class 22).
fn described(refusal: &DbError) -> String {
    let code = refusal.code().code();
    let what = if code.starts_with("22") { "a value does not fit" } else { refusal.message() };
    format!("{code}: {what}")
}

/// An error of the driver with its causes. They speak of sockets, certificates and types.
pub(crate) fn chain(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
