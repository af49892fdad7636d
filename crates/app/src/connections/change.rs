//! Making, changing and deleting a connection.
//!
//! Owns the transactions. A provider is asked, where it has to be, before any of them. Must not know Auth0's bodies.

use super::options::{CheckedUpstream, UpstreamWish, check};
use super::{ConnectionError, SECRET_USE};
use crate::app::App;
use crate::error::Unexpected;
use crate::history;
use guestlist_domain::connection::{
    Audience, Connection, DATABASE_CONNECTION, MergeRule, Strategy, UpstreamOptions, is_valid_name,
};
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::ids::{ClientId, ConnectionId};
use guestlist_domain::patch::Patch;
use guestlist_domain::secret::Sensitive;
use guestlist_outbound::upstream::{Recipe, recipe};
use guestlist_store::{Tx, clients, connections};
use serde_json::json;

/// A connection to be made.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// Its name, by which everybody calls it.
    pub name: String,
    /// What its button says; the name, unless said.
    pub display_name: Option<String>,
    /// Auth0's word for its kind.
    pub strategy: String,
    /// How to reach the provider.
    pub upstream: UpstreamWish,
    /// For whom it is enabled.
    pub audience: Audience,
}

/// What to change of a connection; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ConnectionChange {
    /// What its button says.
    pub display_name: Option<String>,
    /// How to reach the provider, all of it but the secret, which stays if it is not said.
    pub upstream: Option<UpstreamWish>,
    /// For whom it is enabled.
    pub audience: Option<Audience>,
    /// Whether it is switched on at all.
    pub enabled: Option<bool>,
}

/// One client for which a connection is switched on or off.
#[derive(Clone, Debug)]
pub struct ClientSwitch {
    /// Which client.
    pub client: ClientId,
    /// On or off.
    pub on: bool,
}

/// Makes a connection.
pub async fn create(app: &App, by: &Actor, new: NewConnection) -> Result<Connection, ConnectionError> {
    let strategy = match Strategy::parse(&new.strategy) {
        None => return Err(ConnectionError::Strategy(new.strategy.chars().take(60).collect())),
        Some(Strategy::Database) if new.name == DATABASE_CONNECTION => return Err(ConnectionError::NameTaken),
        Some(Strategy::Database) => return Err(ConnectionError::OneDatabase),
        Some(upstream) => upstream,
    };
    if !is_valid_name(&new.name) {
        return Err(ConnectionError::Name);
    }
    let CheckedUpstream { mut options, authoritative_domains, merge_rule } = check(app, strategy, new.upstream).await?;
    let secret = options.client_secret.take().filter(|secret| !secret.expose().is_empty());
    let sealed = secret.map(|secret| seal(app, &secret)).transpose()?;
    let connection = Connection {
        id: ConnectionId::mint(app.entropy().bytes()),
        display_name: new.display_name.unwrap_or_else(|| label(strategy, &new.name)),
        name: new.name,
        strategy,
        upstream: Some(options),
        enabled: true,
        audience: new.audience,
        authoritative_domains,
        merge_rule,
        created_at: app.now(),
    };
    let (house, by, made) = (app.clone(), by.clone(), connection.clone());
    app.write(move |tx| {
        let (app, by, connection, sealed) = (house.clone(), by.clone(), made.clone(), sealed.clone());
        Box::pin(async move {
            clients_exist(tx, &connection.audience).await?;
            issuer_is_free(tx, &connection).await?;
            if !connections::insert(tx, &connection, sealed.as_deref()).await? {
                return Err(ConnectionError::NameTaken);
            }
            note(tx, &app, &by, &connection, "created").await
        })
    })
    .await?;
    Ok(connection)
}

/// What the button says when nobody says otherwise: the provider's own name, where it has one.
fn label(strategy: Strategy, name: &str) -> String {
    match strategy {
        Strategy::Oidc | Strategy::OAuth2 => name.to_owned(),
        known => super::button_label(known).to_owned(),
    }
}

/// Changes a connection.
pub async fn update(
    app: &App,
    by: &Actor,
    id: &ConnectionId,
    change: ConnectionChange,
) -> Result<Connection, ConnectionError> {
    let known = super::find(app, id).await?.ok_or(ConnectionError::NotFound)?;
    let stays_open = matches!(change.audience, None | Some(Audience::Everyone));
    if known.strategy == Strategy::Database && !stays_open {
        return Err(ConnectionError::DatabaseStays);
    }
    let upstream = match change.upstream {
        Some(wish) if known.strategy.is_upstream() => Some(check(app, known.strategy, wish).await?),
        _ => None,
    };
    let secret = match upstream.as_ref().and_then(|checked| checked.options.client_secret.as_ref()) {
        None => Patch::Keep,
        // Our secret there is forgotten by saying an empty one.
        Some(secret) if secret.expose().is_empty() => Patch::Clear,
        Some(secret) => Patch::Set(seal(app, secret)?),
    };
    let next = Next {
        display_name: change.display_name,
        secret,
        upstream: upstream.map(|checked| {
            let options = UpstreamOptions { client_secret: None, ..checked.options };
            (options, checked.authoritative_domains, checked.merge_rule)
        }),
        audience: change.audience,
        enabled: change.enabled,
    };
    let (house, by, id) = (app.clone(), by.clone(), id.clone());
    app.write(move |tx| {
        let (app, by, id, next) = (house.clone(), by.clone(), id.clone(), next.clone());
        Box::pin(async move { write_change(tx, &app, &by, &id, next).await })
    })
    .await
}

/// A change whose facts were checked.
#[derive(Clone)]
struct Next {
    display_name: Option<String>,
    upstream: Option<(UpstreamOptions, Vec<String>, MergeRule)>,
    secret: Patch<Vec<u8>>,
    audience: Option<Audience>,
    enabled: Option<bool>,
}

async fn write_change(
    tx: &mut Tx<'_>,
    app: &App,
    by: &Actor,
    id: &ConnectionId,
    next: Next,
) -> Result<Connection, ConnectionError> {
    let mut connection = connections::find(tx, id).await?.ok_or(ConnectionError::NotFound)?;
    if let Some(display_name) = next.display_name {
        connection.display_name = display_name;
    }
    if let Some((options, domains, merge_rule)) = next.upstream {
        let proves_issuer = proves_issuer(connection.strategy);
        let moved = connection.upstream.as_ref().is_some_and(|old| options.moves_from(old, proves_issuer));
        // Identities are kept under the issuer: with another one, everybody who comes this way would be a stranger, and
        // from another server somebody else.
        if moved && connections::is_used(tx, id).await? {
            return Err(ConnectionError::InUse);
        }
        let tells_others = connection.upstream.as_ref().is_some_and(|old| options.tells_others_than(old));
        let keeps_secret = matches!(next.secret, Patch::Keep) && connections::sealed_secret(tx, id).await?.is_some();
        if tells_others && keeps_secret {
            return Err(ConnectionError::SecretStays);
        }
        connection.upstream = Some(options);
        issuer_is_free(tx, &connection).await?;
        connection.authoritative_domains = domains;
        connection.merge_rule = merge_rule;
    }
    connection.enabled = next.enabled.unwrap_or(connection.enabled);
    connections::update(tx, &connection).await?;
    match next.secret {
        Patch::Keep => {}
        Patch::Clear => connections::set_secret(tx, id, None).await?,
        Patch::Set(sealed) => connections::set_secret(tx, id, Some(&sealed)).await?,
    }
    if let Some(audience) = next.audience {
        clients_exist(tx, &audience).await?;
        connections::set_audience(tx, id, &audience).await?;
        connection.audience = audience;
    }
    note(tx, app, by, &connection, "updated").await?;
    Ok(connection)
}

/// Switches a connection on and off for single clients.
pub async fn set_clients(
    app: &App,
    by: &Actor,
    id: &ConnectionId,
    switches: Vec<ClientSwitch>,
) -> Result<(), ConnectionError> {
    let (house, by, id) = (app.clone(), by.clone(), id.clone());
    app.write(move |tx| {
        let (app, by, id, switches) = (house.clone(), by.clone(), id.clone(), switches.clone());
        Box::pin(async move { switch(tx, &app, &by, &id, &switches).await })
    })
    .await
}

async fn switch(
    tx: &mut Tx<'_>,
    app: &App,
    by: &Actor,
    id: &ConnectionId,
    switches: &[ClientSwitch],
) -> Result<(), ConnectionError> {
    let connection = connections::find(tx, id).await?.ok_or(ConnectionError::NotFound)?;
    let narrows = switches.iter().any(|switch| !switch.on);
    if connection.strategy == Strategy::Database && narrows {
        return Err(ConnectionError::DatabaseStays);
    }
    clients_exist(tx, &Audience::Clients(switches.iter().map(|switch| switch.client.clone()).collect())).await?;
    if connection.audience == Audience::Everyone {
        if !narrows {
            return Ok(());
        }
        connections::list_every_client(tx, id).await?;
    }
    for switch in switches {
        if switch.on {
            connections::enable_for(tx, id, &switch.client).await?;
        } else {
            connections::disable_for(tx, id, &switch.client).await?;
        }
    }
    note(tx, app, by, &connection, "clients_changed").await
}

/// Deletes a connection that nobody signs in by.
pub async fn delete(app: &App, by: &Actor, id: &ConnectionId) -> Result<(), ConnectionError> {
    let (house, by, id) = (app.clone(), by.clone(), id.clone());
    app.write(move |tx| {
        let (app, by, id) = (house.clone(), by.clone(), id.clone());
        Box::pin(async move {
            let connection = connections::find(tx, &id).await?.ok_or(ConnectionError::NotFound)?;
            if connection.strategy == Strategy::Database {
                return Err(ConnectionError::DatabaseStays);
            }
            if !connections::delete_unused(tx, &id).await? {
                return Err(ConnectionError::InUse);
            }
            note(tx, &app, &by, &connection, "deleted").await
        })
    })
    .await
}

/// No other connection names its people in the same space. Asked of a list that nobody else changes at this moment.
async fn issuer_is_free(tx: &mut Tx<'_>, connection: &Connection) -> Result<(), ConnectionError> {
    connections::hold_list(tx).await?;
    let others = connections::list(tx).await?;
    let is_taken = others.iter().any(|other| connection.clashes_with(other, proves_issuer));
    if is_taken { Err(ConnectionError::IssuerTaken) } else { Ok(()) }
}

/// Whether the provider's own document says which issuer it is.
fn proves_issuer(strategy: Strategy) -> bool {
    recipe(strategy).is_some_and(Recipe::has_discovery)
}

async fn clients_exist(tx: &mut Tx<'_>, audience: &Audience) -> Result<(), ConnectionError> {
    if let Audience::Clients(ids) = audience {
        for id in ids {
            if clients::find(tx, id).await?.is_none() {
                return Err(ConnectionError::UnknownClient(id.clone()));
            }
        }
    }
    Ok(())
}

/// Writes down what was done to a connection.
async fn note(
    tx: &mut Tx<'_>,
    app: &App,
    by: &Actor,
    connection: &Connection,
    change: &str,
) -> Result<(), ConnectionError> {
    let about = About::default().with_connection(&connection.id);
    let facts = [("change", json!(change)), ("name", json!(connection.name))];
    Ok(history::record_with(app, tx, app.now(), (EventKind::ConnectionChanged, by, about), &facts).await?)
}

fn seal(app: &App, secret: &Sensitive) -> Result<Vec<u8>, Unexpected> {
    app.seal().seal(SECRET_USE, secret.expose().as_bytes(), app.entropy())
}
