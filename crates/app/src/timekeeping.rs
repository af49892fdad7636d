//! The installation's one time (case 126). A building block: acts call it, it calls no act.
//!
//! Owns when the clock is set: once at the start, before anything happened, and then now and then by small steps ahead. What
//! it may be set to, `domain::timekeeping` decides. Must not know how a clock runs.

use crate::app::App;
use crate::clock::Clock;
use crate::error::Unexpected;
use guestlist_domain::time::Timestamp;
use guestlist_domain::timekeeping::{TOLERANCE, begin, go_on};
use guestlist_store::{Store, StoreError, clock};

/// What the database says about the time.
struct Known {
    server: Option<Timestamp>,
    mark: Option<Timestamp>,
}

async fn known(store: &Store) -> Result<Known, StoreError> {
    store
        .read(|tx| {
            Box::pin(async move { Ok(Known { server: clock::server(tx).await?, mark: clock::mark(tx).await? }) })
        })
        .await
}

/// Sets the clock for the first time. Refuses where it is earlier than it was already, unless the operator vouches for it.
pub(crate) async fn start(store: &Store, own: &dyn Clock, is_trusted: bool) -> Result<(), Unexpected> {
    let Some(hands) = own.hands() else { return Ok(()) };
    let Known { server, mark } = known(store).await?;
    let reading = server.unwrap_or_else(|| own.now());
    if is_trusted {
        let set: Result<(), StoreError> =
            store.write(move |tx| Box::pin(async move { clock::set_mark(tx, reading).await })).await;
        set?;
    }
    hands.set(begin(reading, mark.filter(|_| !is_trusted))?);
    note(store, own).await
}

/// Compares the running clock with what others know, and notes what it has come to. The answer is by how many seconds the
/// server's clock leapt, if it did: that is not followed while this process runs.
pub(crate) async fn keep(app: &App) -> Result<Option<i64>, Unexpected> {
    let own = app.clock();
    let Some(hands) = own.hands() else { return Ok(None) };
    let Known { server, mark } = known(app.store()).await?;
    let now = own.now();
    let next = go_on(now, server, mark);
    if next > now {
        hands.set(next);
    }
    note(app.store(), own).await?;
    let has_leapt = |server: &Timestamp| now.since(*server).max(server.since(now)) > TOLERANCE;
    Ok(server.filter(has_leapt).map(|server| server.seconds() - now.seconds()))
}

/// Notes the present moment, so that no process begins before it.
pub(crate) async fn note(store: &Store, own: &dyn Clock) -> Result<(), Unexpected> {
    if own.hands().is_none() {
        return Ok(());
    }
    let now = own.now();
    let noted: Result<(), StoreError> =
        store.write(move |tx| Box::pin(async move { clock::raise_mark(tx, now).await })).await;
    Ok(noted?)
}
