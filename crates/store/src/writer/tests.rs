//! The group commit, seen from inside: the queue is filled before the thread's loop runs, so that batches are exact.

use super::*;
use crate::queue::LONGEST;
use crate::{Tx, p};
use proptest::prelude::*;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

type Answer = Result<i64, StoreError>;
type Waiting = Pin<Box<dyn Future<Output = Answer>>>;

const SCHEMA: &str = "
    CREATE TABLE guests (id BIGINT NOT NULL PRIMARY KEY, host BIGINT REFERENCES guests DEFERRABLE INITIALLY DEFERRED);
    CREATE TABLE counts (name TEXT NOT NULL PRIMARY KEY, n BIGINT NOT NULL);
    INSERT INTO counts VALUES ('writes', 0);";
const ADD: &str = "INSERT INTO guests (id, host) VALUES ($1, $2)";
const COUNT: &str = "UPDATE counts SET n = n + 1 RETURNING n";

/// What a job does to the database, and how it ends.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// Counts, then adds this guest; fails by itself if the guest is there already.
    Add(i64),
    /// Counts, adds this guest, then fails.
    Fail(i64),
    /// Counts, adds this guest, then panics.
    Panic(i64),
    /// Counts, then waits for something that is not the database.
    Wait,
    /// Adds a guest whose host does not exist; only the commit finds out.
    Orphan(i64),
}

async fn act(tx: &mut Tx<'_>, deed: Deed) -> Answer {
    let count = tx.row(COUNT, p![]).await?.map_or(Ok(0), |row| row.int(0))?;
    match deed {
        Deed::Add(id) => tx.exec(ADD, p![id, None::<i64>]).await.map(|_| count),
        Deed::Fail(id) => tx.exec(ADD, p![id, None::<i64>]).await.and(Err(StoreError::Conflict)),
        Deed::Panic(id) => {
            tx.exec(ADD, p![id, None::<i64>]).await?;
            panic!("this act panics on purpose")
        }
        Deed::Wait => std::future::pending().await,
        Deed::Orphan(id) => tx.exec(ADD, p![id, -1]).await.map(|_| count),
    }
}

/// Puts a job into the queue and keeps the caller's end.
fn queued(line: &Arc<Line>, deed: Deed) -> Waiting {
    let line = Arc::clone(line);
    let mut asked: Waiting =
        Box::pin(async move { line.ask(move |tx| Box::pin(act(tx, deed)), StoreError::AmbiguousCommit).await });
    let mut context = Context::from_waker(Waker::noop());
    match asked.as_mut().poll(&mut context) {
        Poll::Pending => asked,
        Poll::Ready(answer) => Box::pin(std::future::ready(answer)),
    }
}

fn answered(mut asked: Waiting) -> Answer {
    match asked.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("the writer has ended without an answer"),
    }
}

/// A database file and a writer on it whose batches are not cut by time.
struct Bench {
    path: PathBuf,
    line: Arc<Line>,
    writer: Mutex<Option<(Writer, Presence)>>,
    commits: Arc<AtomicU64>,
}

impl Bench {
    fn new() -> Self {
        let name = format!("guestlist-writer-{}-{:?}", std::process::id(), thread::current().id());
        let path = std::env::temp_dir().join(name.replace(['(', ')'], ""));
        // What a run before left behind that was cut off and had the same process number.
        let _ = std::fs::remove_file(&path);
        let bench = Self::on(path);
        bench.look(|connection| connection.execute_batch(SCHEMA)).unwrap();
        bench
    }

    fn on(path: PathBuf) -> Self {
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF").unwrap();
        let (line, queue, presence) = line();
        let commits = Arc::new(AtomicU64::new(0));
        let writer = Writer { connection, queue, commits: Arc::clone(&commits), longest_batch: Duration::MAX };
        Self { path, line: Arc::new(line), writer: Mutex::new(Some((writer, presence))), commits }
    }

    fn put(&self, deed: Deed) -> Waiting {
        queued(&self.line, deed)
    }

    /// Lets the writer work off what waits, on this thread, until it finds nothing more.
    fn work(&self) {
        let mut writer = self.writer.lock().unwrap();
        let (writer, _) = writer.as_mut().unwrap();
        while let Some(first) = writer.queue.next_waiting() {
            writer.batch(first);
        }
    }

    fn look<T>(&self, look: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        look(&Connection::open(&self.path).unwrap())
    }

    fn guests(&self) -> Vec<i64> {
        self.look(|connection| {
            connection.prepare("SELECT id FROM guests ORDER BY id")?.query_map([], |row| row.get(0))?.collect()
        })
        .unwrap()
    }

    fn count(&self) -> i64 {
        self.look(|connection| connection.query_row("SELECT n FROM counts", [], |row| row.get(0))).unwrap()
    }

    fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        drop(self.writer.lock().unwrap().take());
        std::fs::remove_file(&self.path).unwrap();
    }
}

#[test]
fn what_waits_together_is_committed_together() {
    let bench = Bench::new();
    let asked: Vec<Waiting> = (0..300).map(|id| bench.put(Deed::Add(id))).collect();
    bench.work();
    assert_eq!(bench.commits(), 2, "256 jobs, then 44");
    let answers: Result<Vec<i64>, StoreError> = asked.into_iter().map(answered).collect();
    assert_eq!(answers, Ok((1..=300).collect()), "in the order in which they were asked");
    assert_eq!(bench.guests().len(), 300);
}

#[test]
fn one_job_fails_alone() {
    let bench = Bench::new();
    let deeds = [Deed::Add(1), Deed::Fail(2), Deed::Panic(3), Deed::Wait, Deed::Add(1), Deed::Add(6)];
    let asked: Vec<Waiting> = deeds.map(|deed| bench.put(deed)).into();
    bench.work();
    let answers: Vec<Answer> = asked.into_iter().map(answered).collect();
    assert_eq!(
        answers,
        [
            Ok(1),
            Err(StoreError::Conflict),
            Err(StoreError::Panicked),
            Err(StoreError::Waited),
            Err(StoreError::Unique { constraint: "guests.id".to_owned() }),
            Ok(2)
        ]
    );
    assert_eq!((bench.guests(), bench.count(), bench.commits()), (vec![1, 6], 2, 1));
}

#[test]
fn a_commit_that_fails_is_told_to_everyone_in_it_and_the_next_one_succeeds() {
    let bench = Bench::new();
    let asked = [Deed::Add(1), Deed::Fail(2), Deed::Orphan(3), Deed::Add(4)].map(|deed| bench.put(deed));
    bench.work();
    let [first, second, third, fourth] = asked.map(answered);
    assert!(matches!(first, Err(StoreError::Other(_))), "{first:?}");
    assert_eq!(second, Err(StoreError::Conflict), "its own error");
    assert!(matches!(third, Err(StoreError::Other(_))), "{third:?}");
    assert!(matches!(fourth, Err(StoreError::Other(_))), "{fourth:?}");
    assert_eq!((bench.guests(), bench.count(), bench.commits()), (vec![], 0, 0));

    let again = bench.put(Deed::Add(1));
    bench.work();
    assert_eq!((answered(again), bench.guests()), (Ok(1), vec![1]));
}

#[test]
fn a_full_queue_says_so_at_once() {
    let bench = Bench::new();
    let asked: Vec<Waiting> = (0..LONGEST).map(|id| bench.put(Deed::Add(i64::try_from(id).unwrap()))).collect();
    assert_eq!(answered(bench.put(Deed::Add(-1))), Err(StoreError::Busy));
    bench.work();
    assert!(asked.into_iter().all(|asked| answered(asked).is_ok()));
    assert_eq!(bench.guests().len(), LONGEST);
}

#[test]
fn a_job_whose_caller_has_gone_is_skipped() {
    let bench = Bench::new();
    let kept = bench.put(Deed::Add(1));
    drop(bench.put(Deed::Add(2)));
    bench.work();
    assert_eq!((answered(kept), bench.guests()), (Ok(1), vec![1]));
}

#[test]
fn a_database_that_another_process_holds_is_busy_and_then_free() {
    let bench = Bench::new();
    bench.writer.lock().unwrap().as_ref().unwrap().0.connection.busy_timeout(Duration::ZERO).unwrap();
    let other = Connection::open(&bench.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let asked = [Deed::Add(1), Deed::Add(2)].map(|deed| bench.put(deed));
    bench.work();
    assert_eq!(asked.map(answered), [Err(StoreError::Busy), Err(StoreError::Busy)]);

    other.execute_batch("ROLLBACK").unwrap();
    let again = bench.put(Deed::Add(1));
    bench.work();
    assert_eq!(answered(again), Ok(1));
}

#[test]
fn what_was_accepted_before_the_stop_is_answered() {
    let bench = Bench::new();
    let asked: Vec<Waiting> = (0..10).map(|id| bench.put(Deed::Add(id))).collect();
    let line = Arc::clone(&bench.line);
    let mut stop = Box::pin(async move { line.stop().await });
    let mut context = Context::from_waker(Waker::noop());
    assert!(stop.as_mut().poll(&mut context).is_pending());

    let (writer, presence) = bench.writer.lock().unwrap().take().unwrap();
    writer.serve(None, presence);
    assert!(stop.as_mut().poll(&mut context).is_ready());
    assert!(asked.into_iter().all(|asked| answered(asked).is_ok()));
    assert_eq!(answered(bench.put(Deed::Add(11))), Err(StoreError::Busy));
}

fn deed() -> impl Strategy<Value = Deed> {
    let id = 0..6_i64;
    prop_oneof![
        4 => id.clone().prop_map(Deed::Add),
        1 => id.clone().prop_map(Deed::Fail),
        1 => id.prop_map(Deed::Panic),
        1 => Just(Deed::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_batch_equals_its_jobs_one_by_one(deeds in prop::collection::vec(deed(), 1..24)) {
        let together = Bench::new();
        let asked: Vec<Waiting> = deeds.iter().map(|deed| together.put(*deed)).collect();
        together.work();
        let batch: Vec<Answer> = asked.into_iter().map(answered).collect();
        let batch = (batch, together.guests(), together.count());
        prop_assert_eq!(together.commits(), 1);
        drop(together);

        let alone = Bench::new();
        let single: Vec<Answer> = deeds.iter().map(|deed| {
            let asked = alone.put(*deed);
            alone.work();
            answered(asked)
        }).collect();
        prop_assert_eq!(batch, (single, alone.guests(), alone.count()));
    }
}
