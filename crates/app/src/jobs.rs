//! Work that nobody waits for.
//!
//! Owns the rhythm: mails and webhooks as soon as they are due, tidying and a look at the clock now and then. Correctness
//! never waits for a job. Must not know what a mail says or what an event means.

mod deliver_mail;
mod deliver_webhook;
mod tidy;

pub use deliver_mail::deliver_due;
pub use deliver_webhook::tell_due;
pub use tidy::tidy;

use crate::app::App;
use crate::timekeeping;
use guestlist_domain::time::minutes;
use guestlist_domain::timekeeping::is_news;
use std::time::Duration;
use tokio::time::timeout;

/// Another node's mail or event, or one whose worker died, is found at the latest after this long.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// How often the clock is compared with what others know. What expired longer ago is over for every process to come.
const KEEP_TIME_EVERY: Duration = Duration::from_secs(30);
/// How often rows that nobody can use any more are removed.
const TIDY_EVERY: Duration = minutes(10);

/// Works until `stop` is ready.
pub async fn run(app: App, stop: impl Future<Output = ()> + Send) {
    tokio::select! {
        () = stop => {}
        () = mails(&app) => {}
        () = deliver_webhook::work(&app) => {}
        () = tidying(&app) => {}
        () = keeping_time(&app) => {}
    }
}

async fn mails(app: &App) {
    if let Err(error) = deliver_mail::free_leases(app).await {
        // They end by themselves after a while.
        tracing::warn!(job = "deliver_mail", %error, "the leases of a former process could not be freed");
    }
    loop {
        match deliver_due(app).await {
            // There may be more than one lease took.
            Ok(delivered) if delivered > 0 => continue,
            Ok(_) => {}
            Err(error) => tracing::error!(job = "deliver_mail", %error, "the outbox could not be worked on"),
        }
        // Either somebody queued a mail, or it is time to look.
        let _ = timeout(LOOK_AGAIN, app.outbox_has_work().notified()).await;
    }
}

async fn keeping_time(app: &App) {
    let (mut clock, mut mark) = (None, None);
    loop {
        match timekeeping::keep(app).await {
            Ok(found) => {
                tell(&mut clock, found.clock, "the clock that the next start goes by");
                tell(&mut mark, found.mark, "another process of this installation");
            }
            Err(error) => tracing::error!(job = "keep_time", %error, "the clock could not be compared"),
        }
        tokio::time::sleep(KEEP_TIME_EVERY).await;
    }
}

/// A difference is told when it comes, changes or goes, not at every look.
fn tell(told: &mut Option<i64>, found: Option<i64>, who: &'static str) {
    if !is_news(*told, found) {
        return;
    }
    *told = found;
    let Some(seconds) = found else {
        tracing::info!(job = "keep_time", clock.who = who, "a clock agrees with this process again");
        return;
    };
    tracing::warn!(
        job = "keep_time",
        clock.who = who,
        clock.seconds_ahead = seconds,
        "a clock disagrees with this process, which does not follow"
    );
}

async fn tidying(app: &App) {
    loop {
        if let Err(error) = tidy(app).await {
            tracing::error!(job = "tidy", %error, "tidying failed");
        }
        tokio::time::sleep(TIDY_EVERY).await;
    }
}

/// Runs all at once on this task.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut pinned: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(move |context| {
        for (future, output) in &mut pinned {
            if output.is_none()
                && let std::task::Poll::Ready(done) = future.as_mut().poll(context)
            {
                *output = Some(done);
            }
        }
        if pinned.iter().all(|(_, output)| output.is_some()) {
            std::task::Poll::Ready(pinned.iter_mut().filter_map(|(_, output)| output.take()).collect())
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}
