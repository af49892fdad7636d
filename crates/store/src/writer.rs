//! The one thread that writes to SQLite.
//!
//! Owns the group commit: whatever waits is taken into one transaction, a savepoint each, made durable by one commit
//! and answered only after it. Must not wait to fill a batch, and must not let one job's failure touch another's rows.

use crate::abort::abort_at;
use crate::error::StoreError;
use crate::lite;
use crate::queue::{Job, Line, Presence, Queue, line, tell};
use rusqlite::{Connection, ErrorCode};
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const MOST_JOBS: usize = 256;
const LONGEST_BATCH: Duration = Duration::from_millis(5);

struct Writer {
    connection: Connection,
    queue: Queue,
    commits: Arc<AtomicU64>,
    longest_batch: Duration,
}

/// Starts the thread. It keeps `lock` until the database is closed.
pub(crate) fn start(connection: Connection, lock: Option<File>, commits: Arc<AtomicU64>) -> Result<Line, StoreError> {
    let (line, queue, presence) = line();
    let writer = Writer { connection, queue, commits, longest_batch: LONGEST_BATCH };
    thread::Builder::new()
        .name("guestlist-writer".to_owned())
        .spawn(move || writer.serve(lock, presence))
        .map_err(|_| StoreError::other("the writer thread cannot be started"))?;
    Ok(line)
}

impl Writer {
    /// Ends when the line was stopped or dropped, and everything accepted was answered.
    fn serve(mut self, lock: Option<File>, presence: Presence) {
        while let Some(first) = self.queue.wait() {
            self.batch(first);
        }
        // Keeps the planner's statistics fresh; SQLite recommends it before closing.
        if let Err(error) = self.connection.execute_batch("PRAGMA optimize") {
            tracing::debug!(error = %lite::store_error(&error), "statistics were not refreshed");
        }
        drop(self.connection);
        drop(lock);
        drop(presence);
    }

    fn batch(&mut self, first: Box<dyn Job>) {
        if let Err(error) = self.say("BEGIN IMMEDIATE") {
            return self.refuse(first, &error);
        }
        let began = now();
        let mut jobs = Vec::new();
        let mut fate = Ok(());
        let mut next = Some(first);
        while let Some(mut job) = next {
            fate = self.run(job.as_mut());
            jobs.push(job);
            let more = fate.is_ok() && jobs.len() < MOST_JOBS && began.elapsed() < self.longest_batch;
            next = if more { self.queue.next_waiting() } else { None };
        }
        let fate = fate.and_then(|()| self.commit());
        if let Err(error) = &fate {
            tracing::error!(%error, jobs = jobs.len(), "a batch of writes was not committed");
            self.abandon();
        }
        for job in jobs {
            tell(job, fate.clone());
        }
    }

    /// Runs one job in its savepoint. An error here is not the job's: the whole transaction is unsound.
    fn run(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        self.say("SAVEPOINT job")?;
        let keep = job.run(&mut self.connection);
        if self.connection.is_autocommit() {
            // On a full disk and the like SQLite gives up the transaction, with every savepoint in it.
            return Err(StoreError::other("SQLite rolled back the whole batch"));
        }
        if !keep {
            self.say("ROLLBACK TO job")?;
        }
        self.say("RELEASE job")
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        abort_at("store.before_commit");
        match self.connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])) {
            Ok(_) => {
                self.commits.fetch_add(1, Ordering::Relaxed);
                abort_at("store.after_commit");
                Ok(())
            }
            // What was written may be found whole when the log is read next time.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) => {
                Err(StoreError::AmbiguousCommit)
            }
            Err(error) => Err(lite::store_error(&error)),
        }
    }

    fn abandon(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.say("ROLLBACK")
        {
            tracing::error!(%error, "a failed batch could not be rolled back");
        }
    }

    /// The database is held by another process: who waits here would only wait as long again.
    fn refuse(&mut self, first: Box<dyn Job>, error: &StoreError) {
        tracing::warn!(%error, "no write transaction could be begun");
        let mut next = Some(first);
        while let Some(job) = next {
            tell(job, Err(error.clone()));
            next = self.queue.next_waiting();
        }
    }

    fn say(&self, sql: &'static str) -> Result<(), StoreError> {
        let said = self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        said.map(drop).map_err(|error| lite::store_error(&error))
    }
}

#[expect(clippy::disallowed_methods, reason = "bounds the length of a batch; no rule depends on it")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
