//! The threads that read from SQLite.
//!
//! Owns a few connections that cannot write. Each job sees one state of the database from its first statement to its
//! last, and every commit that was answered before it began.

use crate::error::StoreError;
use crate::lite;
use crate::queue::{Job, Line, Queue, line, tell};
use rusqlite::Connection;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Starts a thread a connection; they share one queue, so that a slow scan holds up nobody else.
pub(crate) fn start(connections: Vec<Connection>) -> Result<Line, StoreError> {
    let (line, queue, presence) = line();
    let queue = Arc::new(Mutex::new(queue));
    let presence = Arc::new(presence);
    for connection in connections {
        let (queue, presence) = (Arc::clone(&queue), Arc::clone(&presence));
        thread::Builder::new()
            .name("guestlist-reader".to_owned())
            .spawn(move || {
                serve(connection, &queue);
                drop(presence);
            })
            .map_err(|_| StoreError::other("a reader thread cannot be started"))?;
    }
    Ok(line)
}

fn serve(mut connection: Connection, queue: &Mutex<Queue>) {
    while let Some(job) = wait(queue) {
        answer(&mut connection, job);
    }
}

/// One thread waits in the queue, the others for their turn to wait.
fn wait(queue: &Mutex<Queue>) -> Option<Box<dyn Job>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).wait()
}

fn answer(connection: &mut Connection, mut job: Box<dyn Job>) {
    if let Err(error) = say(connection, "BEGIN") {
        return tell(job, Err(error));
    }
    job.run(connection);
    // Nothing was written; ending the transaction lets the log be checkpointed.
    let ended = say(connection, "ROLLBACK");
    tell(job, ended);
}

fn say(connection: &Connection, sql: &'static str) -> Result<(), StoreError> {
    let said = connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
    said.map(drop).map_err(|error| lite::store_error(&error))
}
