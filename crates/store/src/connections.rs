//! Connections and for whom they are enabled.
//!
//! Owns `connections` and `connection_clients`. A provider's client secret comes and goes as sealed bytes; a
//! [`Connection`] that was read here never holds it. Must not know how to open it.

use crate::error::StoreError;
use crate::p;
use crate::row::Row;
use crate::statements::sql;
use crate::tx::Tx;
use crate::value::Value;
use guestlist_domain::connection::{Audience, Connection, MergeRule, Strategy, UpstreamOptions, UpstreamSettings};
use guestlist_domain::ids::{ClientId, ConnectionId};
use guestlist_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Every column, and one row for each client it is enabled for.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT connections.id, name, display_name, strategy, upstream, enabled, for_everyone,
                authoritative_domains, merge_rule, created_at, client_id
            FROM connections LEFT JOIN connection_clients ON connection_clients.connection_id = connections.id ",
            $rest,
            " ORDER BY CASE WHEN strategy = 'auth0' THEN 0 ELSE 1 END, created_at, connections.id, client_id"
        )
    };
}

/// Whether anybody can come in over a connection, as a condition on its row. Switched off for every client, as at Auth0,
/// is switched off.
macro_rules! is_open {
    () => {
        "(connections.enabled = 1 AND (connections.for_everyone = 1 OR EXISTS (SELECT 1 FROM connection_clients \
         WHERE connection_clients.connection_id = connections.id)))"
    };
}
pub(crate) use is_open;

sql! {
    FIND = select!("WHERE connections.id = $1");
    FIND_BY_NAME = select!("WHERE name = $1");
    LIST = select!("");
    USABLE_FOR = select!(
        "WHERE enabled = 1 AND (for_everyone = 1 OR EXISTS (SELECT 1 FROM connection_clients AS asked
            WHERE asked.connection_id = connections.id AND asked.client_id = $1))"
    );
    USABLE_ANYWHERE = select!(
        "WHERE enabled = 1 AND (for_everyone = 1 OR connection_clients.client_id IS NOT NULL)"
    );
    SEALED_SECRET = "SELECT id, sealed_client_secret FROM connections WHERE id = $1";
    INSERT = "INSERT INTO connections (id, name, display_name, strategy, upstream, sealed_client_secret, enabled,
            for_everyone, authoritative_domains, merge_rule, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (name) DO NOTHING";
    UPDATE = "UPDATE connections SET display_name = $1, upstream = $2, enabled = $3, authoritative_domains = $4,
            merge_rule = $5
        WHERE id = $6";
    // Any row that is always there and that nobody deletes will do.
    HOLD_LIST = "UPDATE connections SET created_at = created_at WHERE strategy = 'auth0'";
    SET_SECRET = "UPDATE connections SET sealed_client_secret = $1 WHERE id = $2";
    SET_FOR_EVERYONE = "UPDATE connections SET for_everyone = $1 WHERE id = $2";
    IS_USED = "SELECT connection_id FROM identities WHERE connection_id = $1 LIMIT 1";
    DELETE_UNUSED = "DELETE FROM connections
        WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM identities WHERE identities.connection_id = connections.id)";
    ENABLE_CLIENT = "INSERT INTO connection_clients (connection_id, client_id) VALUES ($1, $2)
        ON CONFLICT (connection_id, client_id) DO NOTHING";
    ENABLE_EVERY_CLIENT = "INSERT INTO connection_clients (connection_id, client_id)
        SELECT CAST($1 AS TEXT), id FROM clients WHERE id NOT IN
            (SELECT client_id FROM connection_clients WHERE connection_id = $1)";
    DISABLE_CLIENT = "DELETE FROM connection_clients WHERE connection_id = $1 AND client_id = $2";
    DISABLE_CLIENTS = "DELETE FROM connection_clients WHERE connection_id = $1";
}

/// The part of [`UpstreamOptions`] that is no secret, as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredUpstream {
    issuer: String,
    client_id: String,
    scope: String,
    #[serde(flatten)]
    settings: UpstreamSettings,
}

/// The connection of this id.
pub async fn find(tx: &mut Tx<'_>, id: &ConnectionId) -> Result<Option<Connection>, StoreError> {
    Ok(fold(&tx.rows(FIND, p![id]).await?)?.into_iter().next())
}

/// The connection of this name.
pub async fn find_by_name(tx: &mut Tx<'_>, name: &str) -> Result<Option<Connection>, StoreError> {
    Ok(fold(&tx.rows(FIND_BY_NAME, p![name]).await?)?.into_iter().next())
}

/// Every connection: the password database, then the oldest first. They are few: an administrator makes each.
pub async fn list(tx: &mut Tx<'_>) -> Result<Vec<Connection>, StoreError> {
    fold(&tx.rows(LIST, p![]).await?)
}

/// The connections that are open to `client`, or without one to any client: the password database, then the oldest
/// first; of them those that are named in `offers`, if it is given.
pub async fn usable(
    tx: &mut Tx<'_>,
    client: Option<&ClientId>,
    offers: Option<&[String]>,
) -> Result<Vec<Connection>, StoreError> {
    let rows = match client {
        Some(client) => tx.rows(USABLE_FOR, p![client]).await?,
        None => tx.rows(USABLE_ANYWHERE, p![]).await?,
    };
    let mut usable = fold(&rows)?;
    usable.retain(|connection| offers.is_none_or(|names| names.contains(&connection.name)));
    Ok(usable)
}

/// Holds the list until the end of the transaction: of two who look whether something in it is taken, one comes second.
pub async fn hold_list(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.exec(HOLD_LIST, p![]).await.map(drop)
}

/// Our secret at the connection's provider, sealed.
pub async fn sealed_secret(tx: &mut Tx<'_>, id: &ConnectionId) -> Result<Option<Vec<u8>>, StoreError> {
    let row = tx.row(SEALED_SECRET, p![id]).await?;
    row.map_or(Ok(None), |row| row.opt_bytes(1))
}

/// Adds a connection. `false` if its name is taken.
pub async fn insert(
    tx: &mut Tx<'_>,
    connection: &Connection,
    sealed_secret: Option<&[u8]>,
) -> Result<bool, StoreError> {
    let values = p![
        &connection.id,
        &connection.name,
        &connection.display_name,
        connection.strategy.as_str(),
        upstream_json(connection)?,
        sealed_secret,
        connection.enabled,
        connection.audience == Audience::Everyone,
        Value::json(&connection.authoritative_domains)?,
        merge_rule_word(connection.merge_rule),
        connection.created_at,
    ];
    if tx.exec(INSERT, values).await? == 0 {
        return Ok(false);
    }
    enable_listed(tx, &connection.id, &connection.audience).await?;
    Ok(true)
}

/// Writes what may change: label, upstream options, switch, domains and merge rule. `false` if there is no such
/// connection. The secret and the audience have functions of their own.
pub async fn update(tx: &mut Tx<'_>, connection: &Connection) -> Result<bool, StoreError> {
    let values = p![
        &connection.display_name,
        upstream_json(connection)?,
        connection.enabled,
        Value::json(&connection.authoritative_domains)?,
        merge_rule_word(connection.merge_rule),
        &connection.id,
    ];
    Ok(tx.exec(UPDATE, values).await? == 1)
}

/// Replaces our secret at the provider, or takes it away.
pub async fn set_secret(tx: &mut Tx<'_>, id: &ConnectionId, sealed: Option<&[u8]>) -> Result<(), StoreError> {
    tx.exec(SET_SECRET, p![sealed, id]).await.map(drop)
}

/// Replaces the list of clients that it is enabled for.
pub async fn set_audience(tx: &mut Tx<'_>, id: &ConnectionId, audience: &Audience) -> Result<(), StoreError> {
    tx.exec(DISABLE_CLIENTS, p![id]).await?;
    tx.exec(SET_FOR_EVERYONE, p![*audience == Audience::Everyone, id]).await?;
    enable_listed(tx, id, audience).await
}

/// Turns "every client" into a list of all that there are now, so that single ones can be taken from it.
pub async fn list_every_client(tx: &mut Tx<'_>, id: &ConnectionId) -> Result<(), StoreError> {
    tx.exec(ENABLE_EVERY_CLIENT, p![id]).await?;
    tx.exec(SET_FOR_EVERYONE, p![false, id]).await.map(drop)
}

/// Enables it for one client.
pub async fn enable_for(tx: &mut Tx<'_>, id: &ConnectionId, client: &ClientId) -> Result<(), StoreError> {
    tx.exec(ENABLE_CLIENT, p![id, client]).await.map(drop)
}

/// Disables it for one client.
pub async fn disable_for(tx: &mut Tx<'_>, id: &ConnectionId, client: &ClientId) -> Result<(), StoreError> {
    tx.exec(DISABLE_CLIENT, p![id, client]).await.map(drop)
}

/// Whether anybody's identity came over it.
pub async fn is_used(tx: &mut Tx<'_>, id: &ConnectionId) -> Result<bool, StoreError> {
    Ok(tx.row(IS_USED, p![id]).await?.is_some())
}

/// Deletes it, unless somebody has an identity that came over it. `false` if nothing was deleted.
pub async fn delete_unused(tx: &mut Tx<'_>, id: &ConnectionId) -> Result<bool, StoreError> {
    Ok(tx.exec(DELETE_UNUSED, p![id]).await? == 1)
}

async fn enable_listed(tx: &mut Tx<'_>, id: &ConnectionId, audience: &Audience) -> Result<(), StoreError> {
    if let Audience::Clients(clients) = audience {
        for client in clients {
            enable_for(tx, id, client).await?;
        }
    }
    Ok(())
}

/// One connection from the rows of each: neighbours with the same id.
fn fold(rows: &[Row]) -> Result<Vec<Connection>, StoreError> {
    let mut found: Vec<Connection> = Vec::new();
    for row in rows {
        let id = ConnectionId::new(row.text(0)?);
        if found.last().is_none_or(|last| last.id != id) {
            found.push(read(id, row)?);
        }
        let client = row.opt_text(10)?.map(ClientId::new);
        if let (Some(Audience::Clients(clients)), Some(client)) =
            (found.last_mut().map(|connection| &mut connection.audience), client)
        {
            clients.push(client);
        }
    }
    Ok(found)
}

fn read(id: ConnectionId, row: &Row) -> Result<Connection, StoreError> {
    let strategy = row.word(3, Strategy::parse)?;
    let upstream: Option<StoredUpstream> = row.opt_json(4)?;
    if (strategy == Strategy::Database) != upstream.is_none() {
        return Err(row.inconsistent("its upstream options do not fit its strategy"));
    }
    Ok(Connection {
        id,
        name: row.text(1)?,
        display_name: row.text(2)?,
        strategy,
        upstream: upstream.map(|stored| UpstreamOptions {
            issuer: stored.issuer,
            client_id: stored.client_id,
            client_secret: None,
            scope: stored.scope,
            settings: stored.settings,
        }),
        enabled: row.flag(5)?,
        audience: if row.flag(6)? { Audience::Everyone } else { Audience::Clients(Vec::new()) },
        authoritative_domains: row.json(7)?,
        merge_rule: row.word(8, parse_merge_rule)?,
        created_at: Timestamp::from_millis(row.int(9)?),
    })
}

fn upstream_json(connection: &Connection) -> Result<Value<'static>, StoreError> {
    let Some(options) = &connection.upstream else { return Ok(Value::Null) };
    Value::json(&StoredUpstream {
        issuer: options.issuer.clone(),
        client_id: options.client_id.clone(),
        scope: options.scope.clone(),
        settings: options.settings.clone(),
    })
}

const fn merge_rule_word(rule: MergeRule) -> &'static str {
    match rule {
        MergeRule::Confirm => "confirm",
        MergeRule::Auto => "auto",
        MergeRule::Never => "never",
    }
}

fn parse_merge_rule(word: &str) -> Option<MergeRule> {
    [MergeRule::Confirm, MergeRule::Auto, MergeRule::Never].into_iter().find(|rule| merge_rule_word(*rule) == word)
}
