//! The way from a caller to a thread that owns a SQLite connection, and back.
//!
//! Owns the bounded queue and the job that travels on it: an act, run by polling it once. Every statement on SQLite is
//! finished when it returns, so an act that is not finished after one poll has awaited something that has no place in
//! a transaction. Must not know whether the connection reads or writes.

use crate::error::StoreError;
use crate::tx::Tx;
use crate::{Act, BoxFuture};
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};
use tokio::sync::{mpsc, oneshot, watch};

/// How many jobs may wait. More than that is not a queue but an outage: callers are told so at once.
pub(crate) const LONGEST: usize = 4096;

/// Something to do on a connection.
pub(crate) trait Job: Send {
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Runs the act; whether its writes are to be kept.
    fn run(&mut self, connection: &mut Connection) -> bool;
    /// Tells the caller. An act that failed by itself keeps its own error whatever became of its neighbours.
    fn answer(self: Box<Self>, fate: Result<(), StoreError>);
}

struct Task<F, T, E> {
    act: F,
    outcome: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Task<F, T, E>
where
    F: Act<T, E>,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    fn is_abandoned(&self) -> bool {
        self.caller.is_closed()
    }

    fn run(&mut self, connection: &mut Connection) -> bool {
        let act = &self.act;
        // What the act was doing is undone with its savepoint, so nothing half-done outlives the panic.
        let outcome = catch_unwind(AssertUnwindSafe(|| finish(connection, act)))
            .unwrap_or_else(|_| Err(E::from(StoreError::Panicked)));
        let keep = outcome.is_ok();
        self.outcome = Some(outcome);
        keep
    }

    fn answer(self: Box<Self>, fate: Result<(), StoreError>) {
        let outcome = match (self.outcome, fate) {
            (Some(Ok(_)) | None, Err(error)) => Err(E::from(error)),
            (Some(outcome), _) => outcome,
            (None, Ok(())) => Err(E::from(StoreError::Panicked)),
        };
        // A caller that has gone does not want to know.
        let _ = self.caller.send(outcome);
    }
}

/// Answers a caller. Dropping what a caller no longer wants runs its code, which must not end this thread.
pub(crate) fn tell(job: Box<dyn Job>, fate: Result<(), StoreError>) {
    if catch_unwind(AssertUnwindSafe(|| job.answer(fate))).is_err() {
        tracing::error!("the outcome of an act panicked when it was dropped");
    }
}

/// Runs an act to its end on this thread.
pub(crate) fn finish<T, E: From<StoreError>>(
    connection: &mut Connection,
    act: impl for<'a, 'b> Fn(&'a mut Tx<'b>) -> BoxFuture<'a, Result<T, E>>,
) -> Result<T, E> {
    let mut tx = Tx::lite(connection);
    let outcome = match act(&mut tx).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(E::from(StoreError::Waited)),
    };
    match tx.failure() {
        Some(failure) if outcome.is_ok() => Err(E::from(failure.error)),
        _ => outcome,
    }
}

enum Order {
    Do(Box<dyn Job>),
    Stop,
}

/// The callers' end.
pub(crate) struct Line {
    orders: mpsc::Sender<Order>,
    ended: watch::Receiver<()>,
}

/// The threads' end.
pub(crate) struct Queue {
    orders: mpsc::Receiver<Order>,
}

/// Held by every thread behind a line; when the last one is dropped, the line has ended.
pub(crate) type Presence = watch::Sender<()>;

/// A queue of [`LONGEST`] jobs.
pub(crate) fn line() -> (Line, Queue, Presence) {
    let (orders, waiting) = mpsc::channel(LONGEST);
    let (presence, ended) = watch::channel(());
    (Line { orders, ended }, Queue { orders: waiting }, presence)
}

impl Line {
    /// Hands an act over and waits for its answer. `lost` is what a caller hears if the thread died under it.
    pub(crate) async fn ask<T, E>(&self, act: impl Act<T, E>, lost: StoreError) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let order = Order::Do(Box::new(Task { act, outcome: None, caller }));
        self.orders.try_send(order).map_err(|_| E::from(StoreError::Busy))?;
        answer.await.unwrap_or_else(|_| Err(E::from(lost)))
    }

    /// Whether jobs are still taken.
    pub(crate) fn is_open(&self) -> bool {
        !self.orders.is_closed()
    }

    /// Lets the threads finish what was accepted, and waits until they have ended.
    pub(crate) async fn stop(&self) {
        // An error means that it was stopped before.
        let _ = self.orders.send(Order::Stop).await;
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }
}

impl Queue {
    /// The next job that somebody waits for; `None` once the line was stopped or dropped and nothing is left.
    pub(crate) fn wait(&mut self) -> Option<Box<dyn Job>> {
        loop {
            let order = self.orders.blocking_recv()?;
            if let Some(job) = self.take(order) {
                return Some(job);
            }
        }
    }

    /// The next job if one is there already.
    pub(crate) fn next_waiting(&mut self) -> Option<Box<dyn Job>> {
        loop {
            let order = self.orders.try_recv().ok()?;
            if let Some(job) = self.take(order) {
                return Some(job);
            }
        }
    }

    fn take(&mut self, order: Order) -> Option<Box<dyn Job>> {
        match order {
            Order::Do(job) => Some(job).filter(|job| !job.is_abandoned()),
            Order::Stop => {
                self.orders.close();
                None
            }
        }
    }
}
