//! The SQLite database as a file.
//!
//! Owns how it is opened: who may read the file, which process may serve it, and the settings every connection needs,
//! read back where durability hangs on them. Must not know what runs on the connections.

use crate::error::StoreError;
use crate::lite;
use crate::migrate::{self, Migration};
use crate::queue::{Line, finish};
use crate::{readers, writer};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Before 3.51.3 a write that met a checkpoint of another connection could lose committed pages.
const OLDEST_SQLITE: i32 = 3_051_003;

/// How long a writer waits for one in another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages kept in memory, in KiB. Readers share the operating system's cache, so theirs is small.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
const READER_CACHE_KIB: i64 = 2 * 1024;
const PREPARED_STATEMENTS: usize = 256;

/// The threads behind one file.
pub(crate) struct Sqlite {
    pub(crate) writer: Line,
    pub(crate) readers: Line,
}

/// Opens the file, brings its schema up to date and starts the threads. Blocks.
pub(crate) fn open(
    path: &Path,
    exclusive: bool,
    read_threads: usize,
    migrations: &[Migration],
    commits: Arc<AtomicU64>,
) -> Result<Sqlite, StoreError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(StoreError::other(format!("SQLite {} is older than 3.51.3", rusqlite::version())));
    }
    let path = private_file(path)?;
    let lock = if exclusive { Some(claim(&path)?) } else { None };
    let mut connection = connect(&path, WRITER_CACHE_KIB)?;
    durable(&connection)?;
    migrate_all(&mut connection, migrations)?;
    let reading = (0..read_threads.max(1)).map(|_| reader(&path)).collect::<Result<Vec<_>, _>>()?;
    Ok(Sqlite { writer: writer::start(connection, lock, commits)?, readers: readers::start(reading)? })
}

/// Creates the file for its owner only, if it is missing; SQLite gives its log the same permissions.
fn private_file(path: &Path) -> Result<PathBuf, StoreError> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let unusable = |error| StoreError::other(format!("the database file {} cannot be used: {error}", path.display()));
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(unusable(error)),
        _ => {}
    }
    // By whatever path it was named, the lock file stands beside the one true file.
    path.canonicalize().map_err(unusable)
}

/// Takes the lock file. The operating system frees it when the process ends, however it ends.
fn claim(database: &Path) -> Result<File, StoreError> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let unusable = |error| StoreError::other(format!("the lock file {} cannot be used: {error}", path.display()));
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::AlreadyServed(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

fn connect(path: &Path, cache_kib: i64) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(named)?;
    let set = || {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // A name in double quotes is a name, as on PostgreSQL, never a string by mistake.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cache_size", -cache_kib)?;
        connection.pragma_update(None, "foreign_keys", true)
    };
    set().map_err(named)?;
    expect(&connection, "foreign_keys", 1)?;
    Ok(connection)
}

/// An answered write survives a power cut: write-ahead log, and a sync at every commit.
fn durable(connection: &Connection) -> Result<(), StoreError> {
    let mode: String = write_ahead(connection)?;
    if mode != "wal" {
        return Err(StoreError::other(format!("the database stays in journal mode {mode}; its disk must allow WAL")));
    }
    connection.pragma_update(None, "synchronous", "FULL").map_err(named)?;
    expect(connection, "synchronous", 2)
}

/// Another process that opens a new file at this very moment may hold it for the change: SQLite does not wait for
/// that one by itself.
fn write_ahead(connection: &Connection) -> Result<String, StoreError> {
    let mut tries = 0;
    loop {
        let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(named);
        if mode != Err(StoreError::Busy) || tries == 100 {
            return mode;
        }
        tries += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path, READER_CACHE_KIB)?;
    connection.pragma_update(None, "query_only", true).map_err(named)?;
    expect(&connection, "query_only", 1)?;
    Ok(connection)
}

fn migrate_all(connection: &mut Connection, migrations: &[Migration]) -> Result<(), StoreError> {
    loop {
        connection.execute_batch("BEGIN IMMEDIATE").map_err(named)?;
        let migrations = migrations.to_vec();
        let step = finish(connection, move |tx| {
            let migrations = migrations.clone();
            Box::pin(async move { migrate::step(tx, &migrations).await })
        });
        let end = if step.is_ok() { "COMMIT" } else { "ROLLBACK" };
        connection.execute_batch(end).map_err(named)?;
        if step? == migrate::Step::Done {
            return Ok(());
        }
    }
}

fn expect(connection: &Connection, pragma: &str, wanted: i64) -> Result<(), StoreError> {
    let found: i64 = connection.pragma_query_value(None, pragma, |row| row.get(0)).map_err(named)?;
    if found == wanted { Ok(()) } else { Err(StoreError::other(format!("SQLite did not take {pragma} = {wanted}"))) }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn named(error: rusqlite::Error) -> StoreError {
    lite::store_error(&error)
}
