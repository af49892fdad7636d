//! The table of APIs that access tokens are made for.
//!
//! Owns their rows. Must not know the Management API, which has none, nor what was granted at one.

use crate::statements::sql;
use crate::{Row, StoreError, Tx, Value, p};
use guestlist_domain::ids::ResourceServerId;
use guestlist_domain::resource_server::ResourceServer;

macro_rules! columns {
    () => {
        "id, name, identifier, settings, created_at"
    };
}

sql! {
    INSERT = "INSERT INTO resource_servers (id, name, identifier, settings, created_at) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (identifier) DO NOTHING";
    SAVE = "UPDATE resource_servers SET name = $1, settings = $2 WHERE id = $3";
    GET = concat!("SELECT ", columns!(), " FROM resource_servers WHERE id = $1");
    FIND = concat!("SELECT ", columns!(), " FROM resource_servers WHERE identifier = $1");
    LIST = concat!("SELECT ", columns!(), " FROM resource_servers ORDER BY created_at, id");
    DELETE = "DELETE FROM resource_servers WHERE id = $1 RETURNING identifier";
}

fn read(row: &Row) -> Result<ResourceServer, StoreError> {
    Ok(ResourceServer {
        id: ResourceServerId::new(row.text(0)?),
        name: row.text(1)?,
        identifier: row.text(2)?,
        settings: row.json(3)?,
        created_at: row.time(4)?,
    })
}

/// Adds an API. False if there is one of that identifier.
pub async fn insert(tx: &mut Tx<'_>, api: &ResourceServer) -> Result<bool, StoreError> {
    let values = p![&api.id, &api.name, &api.identifier, Value::json(&api.settings)?, api.created_at];
    Ok(tx.exec(INSERT, values).await? == 1)
}

/// Writes what can be changed. False if the API is gone.
pub async fn save(tx: &mut Tx<'_>, api: &ResourceServer) -> Result<bool, StoreError> {
    Ok(tx.exec(SAVE, p![&api.name, Value::json(&api.settings)?, &api.id]).await? == 1)
}

/// The API of that id.
pub async fn get(tx: &mut Tx<'_>, id: &ResourceServerId) -> Result<Option<ResourceServer>, StoreError> {
    tx.row(GET, p![id]).await?.as_ref().map(read).transpose()
}

/// The API of that identifier.
pub async fn find(tx: &mut Tx<'_>, identifier: &str) -> Result<Option<ResourceServer>, StoreError> {
    tx.row(FIND, p![identifier]).await?.as_ref().map(read).transpose()
}

/// Every API, oldest first. They are few: an administrator makes each.
pub async fn list(tx: &mut Tx<'_>) -> Result<Vec<ResourceServer>, StoreError> {
    tx.rows(LIST, p![]).await?.iter().map(read).collect()
}

/// Deletes an API. Tells its identifier, under which things may have been granted.
pub async fn delete(tx: &mut Tx<'_>, id: &ResourceServerId) -> Result<Option<String>, StoreError> {
    tx.row(DELETE, p![id]).await?.map(|row| row.text(0)).transpose()
}
