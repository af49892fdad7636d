//! SQLite: statements on one connection.
//!
//! Owns what is peculiar to this engine when a statement runs: values in, rows out, errors named. Must not know
//! transactions, threads or files.

use crate::error::StoreError;
use crate::row::{Cell, Row};
use crate::tx::Failure;
use crate::value::Value;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, ErrorCode, ffi};

/// Runs a statement that answers no rows.
pub(crate) fn exec(connection: &Connection, sql: &str, values: &[Value<'_>]) -> Result<u64, Failure> {
    let mut statement = prepare(connection, sql, values)?;
    let touched = statement.raw_execute().map_err(named)?;
    u64::try_from(touched).map_err(|_| StoreError::other("more rows than can be counted").into())
}

/// Runs a statement and takes all its rows.
pub(crate) fn rows(
    connection: &Connection,
    sql: &str,
    table: &'static str,
    values: &[Value<'_>],
) -> Result<Vec<Row>, Failure> {
    let mut statement = prepare(connection, sql, values)?;
    let columns = statement.column_count();
    let mut found = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(named)? {
        let cells = (0..columns).map(|at| row.get_ref(at).map_err(named).and_then(cell)).collect::<Result<_, _>>()?;
        rows.push(Row::new(cells, table));
    }
    Ok(rows)
}

/// Runs several statements that bind nothing.
pub(crate) fn batch(connection: &Connection, sql: &str) -> Result<(), Failure> {
    connection.execute_batch(sql).map_err(named)
}

/// Prepares a statement only to see whether that can be done.
pub(crate) fn check(connection: &Connection, sql: &str) -> Result<(), Failure> {
    let statement = connection.prepare(sql).map_err(named)?;
    (1..=statement.parameter_count()).try_for_each(|at| place(statement.parameter_name(at)).map(drop))
}

/// A statement with its values bound. SQLite takes `$1` for a name and numbers names as they first appear, so each
/// value is bound to the name that bears its number, wherever that stands.
fn prepare<'c>(connection: &'c Connection, sql: &str, values: &[Value<'_>]) -> Result<CachedStatement<'c>, Failure> {
    let mut statement = connection.prepare_cached(sql).map_err(named)?;
    let count = statement.parameter_count();
    if count != values.len() {
        return Err(StoreError::other(format!("expected {count} parameters but got {}", values.len())).into());
    }
    for at in 1..=count {
        let value = place(statement.parameter_name(at))?.checked_sub(1).and_then(|n| values.get(n));
        let value = value.ok_or_else(|| StoreError::other("placeholders are not numbered without gaps"))?;
        statement.raw_bind_parameter(at, value).map_err(named)?;
    }
    Ok(statement)
}

/// The number in a placeholder's name.
fn place(name: Option<&str>) -> Result<usize, Failure> {
    let number = name.and_then(|name| name.strip_prefix('$')?.parse().ok());
    number.ok_or_else(|| StoreError::other("placeholders are $1, $2 and so on").into())
}

fn cell(value: ValueRef<'_>) -> Result<Cell, Failure> {
    match value {
        ValueRef::Null => Ok(Cell::Null),
        ValueRef::Integer(number) => Ok(Cell::Int(number)),
        ValueRef::Text(text) => match str::from_utf8(text) {
            Ok(text) => Ok(Cell::Text(text.to_owned())),
            Err(_) => Err(StoreError::other("a text is not UTF-8").into()),
        },
        ValueRef::Blob(bytes) => Ok(Cell::Bytes(bytes.to_vec())),
        ValueRef::Real(_) => Err(StoreError::other("a column is a fraction; both engines share whole numbers").into()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn named(error: rusqlite::Error) -> Failure {
    store_error(&error).into()
}

/// The engine's error in our words. Its texts name constraints and columns, never values.
pub(crate) fn store_error(error: &rusqlite::Error) -> StoreError {
    let rusqlite::Error::SqliteFailure(cause, text) = error else { return StoreError::other(error) };
    match (cause.code, cause.extended_code) {
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => StoreError::Busy,
        (_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
            let text = text.as_deref().unwrap_or_default();
            let constraint = text.strip_prefix("UNIQUE constraint failed: ").unwrap_or(text).to_owned();
            StoreError::Unique { constraint }
        }
        _ => StoreError::other(error),
    }
}
