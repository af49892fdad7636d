//! Work that nobody waits for.
//!
//! Owns the rhythm: mails as soon as they are due, tidying now and then. Correctness never waits for a job. Must not
//! know what a mail says.

mod deliver_mail;
mod tidy;

pub use deliver_mail::deliver_due;
pub use tidy::tidy;

use crate::app::App;
use guestlist_domain::time::minutes;
use std::time::Duration;
use tokio::time::timeout;

/// Another node's mail, or one whose worker died, is found at the latest after this long.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// How often rows that nobody can use any more are removed.
const TIDY_EVERY: Duration = minutes(10);

/// Works until `stop` is ready.
pub async fn run(app: App, stop: impl Future<Output = ()> + Send) {
    tokio::select! {
        () = stop => {}
        () = mails(&app) => {}
        () = tidying(&app) => {}
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

async fn tidying(app: &App) {
    loop {
        if let Err(error) = tidy(app).await {
            tracing::error!(job = "tidy", %error, "tidying failed");
        }
        tokio::time::sleep(TIDY_EVERY).await;
    }
}
