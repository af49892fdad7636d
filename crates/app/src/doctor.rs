//! What the operator asks before the guests do: is everything there that the house depends on?
//!
//! Owns questions that change nothing. Must not know how an answer is shown, nor how a fault is mended.

use crate::app::App;
use crate::error::Unexpected;
use crate::timekeeping;
use guestlist_domain::connection::Connection;
use guestlist_domain::timekeeping::ClockBehind;
use guestlist_store::users;

/// How it stands with the mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailHealth {
    /// There is none: links are shown to whoever invites.
    NotConfigured,
    /// It would take a mail now.
    Well,
    /// It would not, and why.
    Ill(String),
}

/// How it stands with the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockHealth {
    /// The machine's is the only one, and it is not behind what the database has seen.
    Alone,
    /// The machine's agrees with that of the database's server, which is not behind either.
    Agrees,
    /// The machine's disagrees with that of the database's server, which counts and is not behind.
    Differs {
        /// By how many seconds the machine's is ahead, less than zero if it is behind.
        machine_ahead: i64,
    },
    /// `serve` would not start.
    Behind(ClockBehind),
}

/// Compares the clocks with each other and with what the database has seen.
pub async fn examine_clock(app: &App) -> Result<ClockHealth, Unexpected> {
    let Some(prospect) = timekeeping::examine(app).await? else { return Ok(ClockHealth::Alone) };
    Ok(match (prospect.refusal, prospect.server_ahead) {
        (Some(behind), _) => ClockHealth::Behind(behind),
        (None, Some(ahead)) => ClockHealth::Differs { machine_ahead: ahead.saturating_neg() },
        (None, None) if prospect.has_server => ClockHealth::Agrees,
        (None, None) => ClockHealth::Alone,
    })
}

/// Asks the mail server whether it would take a mail.
pub async fn examine_mail(app: &App) -> MailHealth {
    let Some(transport) = app.transport() else { return MailHealth::NotConfigured };
    match transport.check().await {
        Ok(()) => MailHealth::Well,
        Err(why) => MailHealth::Ill(why),
    }
}

/// Asks a connection's provider to introduce itself; else why it cannot be used. The connection comes with its secret,
/// since what the provider must be able to do depends on whether there is one.
pub async fn examine_connection(app: &App, connection: &Connection) -> Result<(), String> {
    if connection.upstream.is_none() {
        return Ok(());
    }
    app.upstreams().check(connection, app.now()).await.map_err(|error| error.to_string())
}

/// Whether anybody can open the console.
pub async fn has_administrator(app: &App) -> Result<bool, Unexpected> {
    app.read(|tx| Box::pin(async move { Ok(users::has_administrator(tx).await?) })).await
}
