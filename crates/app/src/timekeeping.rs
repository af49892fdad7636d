//! The installation's one time (case 126). A building block: acts call it, it calls no act.
//!
//! Owns when the clock is set: once at the start, before anything happened, and then now and then by small steps ahead. What
//! it may be set to, `domain::timekeeping` decides. Must not know how a clock runs.

use crate::app::App;
use crate::clock::{Clock, Hands};
use crate::error::Unexpected;
use crate::settings::Timekeeping;
use guestlist_domain::time::Timestamp;
use guestlist_domain::timekeeping::{ClockBehind, apart, begin, go_on, visit};
use guestlist_store::{Store, StoreError, clock};

/// What others say about the time.
struct Known {
    server: Option<Timestamp>,
    /// The server's clock; on SQLite there is none, and the machine's stands in for it.
    clock: Timestamp,
    mark: Option<Timestamp>,
}

async fn known(store: &Store, hands: &dyn Hands) -> Result<Known, StoreError> {
    let read = store
        .read(|tx| Box::pin(async move { Ok::<_, StoreError>((clock::server(tx).await?, clock::mark(tx).await?)) }));
    let (server, mark) = read.await?;
    Ok(Known { server, clock: server.unwrap_or_else(|| hands.machine()), mark })
}

/// Sets the clock for the first time. Refuses to keep a time that is earlier than it was already, unless the operator
/// vouches for it.
pub(crate) async fn start(store: &Store, own: &dyn Clock, how: Timekeeping) -> Result<(), Unexpected> {
    let Some(hands) = own.hands() else { return Ok(()) };
    let Known { clock, mark, .. } = known(store, hands).await?;
    match how {
        Timekeeping::Visits => {
            hands.set(visit(clock, mark));
            return Ok(());
        }
        Timekeeping::Keeps => hands.set(begin(clock, mark)?),
        Timekeeping::Trusts => {
            let lowered: Result<(), StoreError> =
                store.write(move |tx| Box::pin(async move { clock::set_mark(tx, clock).await })).await;
            lowered?;
            hands.set(clock);
        }
    }
    note(store, own).await
}

/// By how many seconds others are ahead of this process, where that is too much to be followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Apart {
    /// The clock that the next start will go by.
    pub(crate) clock: Option<i64>,
    /// What another process has seen.
    pub(crate) mark: Option<i64>,
}

/// Compares the running clock with what others know, follows what is near, and notes what it has come to.
pub(crate) async fn keep(app: &App) -> Result<Apart, Unexpected> {
    let own = app.clock();
    let Some(hands) = own.hands() else { return Ok(Apart::default()) };
    let Known { clock, mark, .. } = known(app.store(), hands).await?;
    let now = own.now();
    hands.advance(go_on(now, Some(clock), mark));
    note(app.store(), own).await?;
    // A mark behind is only an old one.
    let ahead = |mark| apart(now, mark).filter(|seconds| *seconds > 0);
    Ok(Apart { clock: apart(now, clock), mark: mark.and_then(ahead) })
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

/// How a start would go by the clocks as they are now.
pub(crate) struct Prospect {
    /// Why it would not.
    pub(crate) refusal: Option<ClockBehind>,
    /// Whether the database has a server with a clock of its own.
    pub(crate) has_server: bool,
    /// By how many seconds that clock is ahead of the machine's, if they disagree.
    pub(crate) server_ahead: Option<i64>,
}

/// Looks, and changes nothing.
pub(crate) async fn examine(app: &App) -> Result<Option<Prospect>, Unexpected> {
    let Some(hands) = app.clock().hands() else { return Ok(None) };
    let Known { server, clock, mark } = known(app.store(), hands).await?;
    let machine = hands.machine();
    let server_ahead = server.and_then(|server| apart(machine, server));
    Ok(Some(Prospect { refusal: begin(clock, mark).err(), has_server: server.is_some(), server_ahead }))
}
