//! What the operator asks before the guests do: is everything there that the house depends on?
//!
//! Owns questions that change nothing. Must not know how an answer is shown, nor how a fault is mended.

use crate::app::App;
use crate::error::Unexpected;
use guestlist_domain::connection::Connection;
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
