//! Connections: made, changed and deleted by administrators, and asked for by every way in.
//!
//! Owns what a connection must be to work at all, and the sealing of our secret at its provider. Must not know what a
//! way in is used for.

mod address;
mod change;
mod options;

pub use change::{ClientSwitch, ConnectionChange, NewConnection, create, delete, set_clients, update};
pub use options::{OptionsError, UpstreamWish};

use crate::app::App;
use crate::error::{Unexpected, act_errors};
use guestlist_domain::connection::{Audience, Connection, DATABASE_CONNECTION, MergeRule, Strategy};
use guestlist_domain::ids::{ClientId, ConnectionId};
use guestlist_domain::secret::Sensitive;
use guestlist_outbound::upstream::recipe;
use guestlist_store::connections;
use thiserror::Error;

/// What our secret at a provider is sealed as.
const SECRET_USE: &str = "connection.client_secret";

/// Why a connection was not made, changed or deleted. The texts are for the administrator.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// There is none of that id.
    #[error("The connection does not exist.")]
    NotFound,
    /// The name cannot be one.
    #[error("The name of a connection has letters, digits and single hyphens between them, at most 128 in all.")]
    Name,
    /// The name is taken.
    #[error("A connection with this name already exists.")]
    NameTaken,
    /// Another kind than those there are.
    #[error("The strategy '{0}' is not supported. Supported: {known}.", known = strategies())]
    Strategy(String),
    /// A second password database.
    #[error("There is one password database: {DATABASE_CONNECTION}.")]
    OneDatabase,
    /// The password database cannot be deleted, nor closed to a client.
    #[error("The password database is there for every client.")]
    DatabaseStays,
    /// The options cannot work.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// A client in the list does not exist.
    #[error("The client {0} does not exist.")]
    UnknownClient(ClientId),
    /// Somebody signs in by it.
    #[error("Users have identities on this connection.")]
    InUse,
    /// Whoever may change a connection may not read its secret.
    #[error("With another address the options.client_secret must be given anew, or said to be empty.")]
    SecretStays,
    /// Two that name people in one space would mix them up.
    #[error("Another connection has this issuer already.")]
    IssuerTaken,
    /// No fault of the caller's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

act_errors!(ConnectionError);

/// Every strategy's word.
fn strategies() -> String {
    Strategy::ALL.iter().map(|strategy| strategy.as_str()).collect::<Vec<_>>().join(", ")
}

/// Makes the password database, if it is not there yet: at the first start.
pub async fn ensure_database(app: &App) -> Result<(), Unexpected> {
    let database = Connection {
        id: ConnectionId::mint(app.entropy().bytes()),
        name: DATABASE_CONNECTION.to_owned(),
        display_name: DATABASE_CONNECTION.to_owned(),
        strategy: Strategy::Database,
        upstream: None,
        enabled: true,
        audience: Audience::Everyone,
        authoritative_domains: Vec::new(),
        merge_rule: MergeRule::default(),
        created_at: app.now(),
    };
    app.write(move |tx| {
        let database = database.clone();
        Box::pin(async move {
            if connections::find_by_name(tx, DATABASE_CONNECTION).await?.is_none() {
                // Another node may be at the same start; one of the two rows stays.
                connections::insert(tx, &database, None).await?;
            }
            Ok(())
        })
    })
    .await
}

/// The connections that are open to `client`, or without one to any client; of them those named in `offers`, if it is
/// given. The password database is among them. Their secrets stay sealed.
pub async fn usable(
    app: &App,
    client: Option<&ClientId>,
    offers: Option<&[String]>,
) -> Result<Vec<Connection>, Unexpected> {
    let (client, offers) = (client.cloned(), offers.map(<[String]>::to_vec));
    app.read(move |tx| {
        let (client, offers) = (client.clone(), offers.clone());
        Box::pin(async move { Ok(connections::usable(tx, client.as_ref(), offers.as_deref()).await?) })
    })
    .await
}

/// A connection with our secret opened: for the trip to its provider and nothing else.
pub async fn with_secret(app: &App, id: &ConnectionId) -> Result<Option<Connection>, Unexpected> {
    let id = id.clone();
    let found = app.read(move |tx| {
        let id = id.clone();
        Box::pin(async move {
            let Some(connection) = connections::find(tx, &id).await? else { return Ok(None) };
            let sealed = connections::sealed_secret(tx, &id).await?;
            Ok::<_, Unexpected>(Some((connection, sealed)))
        })
    });
    let Some((mut connection, sealed)) = found.await? else { return Ok(None) };
    if let (Some(options), Some(sealed)) = (&mut connection.upstream, sealed) {
        let plain = app.seal().open(SECRET_USE, &sealed)?;
        let text = std::str::from_utf8(&plain).map_err(|_| Unexpected::Seal(SECRET_USE))?;
        options.client_secret = Some(Sensitive::new(text));
    }
    Ok(Some(connection))
}

/// What a kind of connection is called, so that an administrator can tell them apart.
pub fn kind_label(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Waad => "Microsoft Entra ID",
        Strategy::WindowsLive => "Microsoft account",
        other => button_label(other),
    }
}

/// What its button says to a guest, unless the administrator says otherwise: the provider's own name.
fn button_label(strategy: Strategy) -> &'static str {
    recipe(strategy).map_or(DATABASE_CONNECTION, |recipe| recipe.label)
}

/// Whether our secret at the provider is kept.
pub async fn has_secret(app: &App, id: &ConnectionId) -> Result<bool, Unexpected> {
    let id = id.clone();
    app.read(move |tx| {
        let id = id.clone();
        Box::pin(async move { Ok(connections::sealed_secret(tx, &id).await?.is_some()) })
    })
    .await
}

/// Every connection: the password database, then the oldest first.
pub async fn list(app: &App) -> Result<Vec<Connection>, Unexpected> {
    app.read(|tx| Box::pin(async move { Ok(connections::list(tx).await?) })).await
}

/// The connection of that id.
pub async fn find(app: &App, id: &ConnectionId) -> Result<Option<Connection>, Unexpected> {
    let id = id.clone();
    app.read(move |tx| {
        let id = id.clone();
        Box::pin(async move { Ok(connections::find(tx, &id).await?) })
    })
    .await
}

/// The connection of that name.
pub async fn find_by_name(app: &App, name: &str) -> Result<Option<Connection>, Unexpected> {
    let name = name.to_owned();
    app.read(move |tx| {
        let name = name.clone();
        Box::pin(async move { Ok(connections::find_by_name(tx, &name).await?) })
    })
    .await
}
