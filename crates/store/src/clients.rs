//! The tables of clients and of what machines among them may ask for.
//!
//! Owns their rows. A client that goes takes its grants with it. Must not judge a secret.

use crate::statements::sql;
use crate::{Row, StoreError, Tx, Value, p};
use guestlist_domain::client::{AppType, AuthMethod, Client, ClientGrant};
use guestlist_domain::ids::{ClientGrantId, ClientId};

/// The columns of a client, in the order that [`read`] expects.
macro_rules! columns {
    () => {
        "clients.id, clients.name, clients.app_type, clients.auth_method, clients.secret_hash, clients.settings, \
         clients.created_at"
    };
}

sql! {
    INSERT = "INSERT INTO clients (id, name, app_type, auth_method, secret_hash, settings, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    FIND = concat!("SELECT ", columns!(), " FROM clients WHERE clients.id = $1");
    PAGE = concat!("SELECT ", columns!(), " FROM clients ORDER BY clients.created_at, clients.id LIMIT $1 OFFSET $2");
    LIST_ALL = concat!("SELECT ", columns!(), " FROM clients ORDER BY clients.created_at, clients.id");
    COUNT = "SELECT COUNT(*) FROM clients";
    SAVE = "UPDATE clients SET name = $1, app_type = $2, auth_method = $3, secret_hash = $4, settings = $5 WHERE id = $6";
    DELETE = "DELETE FROM clients WHERE id = $1";
    INSERT_GRANT = "INSERT INTO client_grants (id, client_id, audience, scope) VALUES ($1, $2, $3, $4)";
    FIND_GRANT = "SELECT id, client_id, audience, scope FROM client_grants WHERE client_id = $1 AND audience = $2";
    GET_GRANT = "SELECT id, client_id, audience, scope FROM client_grants WHERE id = $1";
    LIST_GRANTS = "SELECT id, client_id, audience, scope FROM client_grants ORDER BY id";
    SAVE_GRANT = "UPDATE client_grants SET scope = $1 WHERE id = $2";
    DELETE_GRANT = "DELETE FROM client_grants WHERE id = $1";
    DELETE_GRANTS_AT = "DELETE FROM client_grants WHERE audience = $1";
}

fn read(row: &Row) -> Result<Client, StoreError> {
    Ok(Client {
        id: ClientId::new(row.text(0)?),
        name: row.text(1)?,
        app_type: row.word(2, AppType::parse)?,
        auth_method: row.word(3, AuthMethod::parse)?,
        secret: row.opt_hash(4)?,
        settings: row.json(5)?,
        created_at: row.time(6)?,
    })
}

fn read_grant(row: &Row) -> Result<ClientGrant, StoreError> {
    Ok(ClientGrant {
        id: ClientGrantId::new(row.text(0)?),
        client: ClientId::new(row.text(1)?),
        audience: row.text(2)?,
        scope: row.json(3)?,
    })
}

/// Adds a client.
pub async fn insert(tx: &mut Tx<'_>, client: &Client) -> Result<(), StoreError> {
    tx.exec(
        INSERT,
        p![
            &client.id,
            &client.name,
            client.app_type.as_str(),
            client.auth_method.as_str(),
            client.secret,
            Value::json(&client.settings)?,
            client.created_at,
        ],
    )
    .await
    .map(drop)
}

/// The client of that id.
pub async fn find(tx: &mut Tx<'_>, id: &ClientId) -> Result<Option<Client>, StoreError> {
    tx.row(FIND, p![id]).await?.map(|row| read(&row)).transpose()
}

/// Every client, oldest first. They are few: an administrator makes each.
pub async fn list_all(tx: &mut Tx<'_>) -> Result<Vec<Client>, StoreError> {
    tx.rows(LIST_ALL, p![]).await?.iter().map(read).collect()
}

/// Up to `limit` clients behind the first `offset`, oldest first.
pub async fn page(tx: &mut Tx<'_>, offset: i64, limit: i64) -> Result<Vec<Client>, StoreError> {
    tx.rows(PAGE, p![limit, offset]).await?.iter().map(read).collect()
}

/// How many there are.
pub async fn count(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    tx.row(COUNT, p![]).await?.map_or(Ok(0), |row| row.int(0))
}

/// Writes what changed. False if the client is gone.
pub async fn save(tx: &mut Tx<'_>, client: &Client) -> Result<bool, StoreError> {
    let values = p![
        &client.name,
        client.app_type.as_str(),
        client.auth_method.as_str(),
        client.secret,
        Value::json(&client.settings)?,
        &client.id,
    ];
    Ok(tx.exec(SAVE, values).await? == 1)
}

/// Deletes a client with everything that was granted to it. False if there was none.
pub async fn delete(tx: &mut Tx<'_>, id: &ClientId) -> Result<bool, StoreError> {
    Ok(tx.exec(DELETE, p![id]).await? == 1)
}

/// Allows a machine to ask for something. [`StoreError::Unique`] on `client_id, audience` if it has a grant there.
pub async fn insert_grant(tx: &mut Tx<'_>, grant: &ClientGrant) -> Result<(), StoreError> {
    let values = p![&grant.id, &grant.client, &grant.audience, Value::json(&grant.scope)?];
    tx.exec(INSERT_GRANT, values).await.map(drop)
}

/// What a machine may ask of an API. A client that is gone has none.
pub async fn find_grant(tx: &mut Tx<'_>, client: &ClientId, audience: &str) -> Result<Option<ClientGrant>, StoreError> {
    tx.row(FIND_GRANT, p![client, audience]).await?.map(|row| read_grant(&row)).transpose()
}

/// The client grant of that id.
pub async fn get_grant(tx: &mut Tx<'_>, id: &ClientGrantId) -> Result<Option<ClientGrant>, StoreError> {
    tx.row(GET_GRANT, p![id]).await?.map(|row| read_grant(&row)).transpose()
}

/// Every client grant, oldest first.
pub async fn list_grants(tx: &mut Tx<'_>) -> Result<Vec<ClientGrant>, StoreError> {
    tx.rows(LIST_GRANTS, p![]).await?.iter().map(read_grant).collect()
}

/// Writes the scopes of a client grant. False if it is gone.
pub async fn save_grant(tx: &mut Tx<'_>, grant: &ClientGrant) -> Result<bool, StoreError> {
    Ok(tx.exec(SAVE_GRANT, p![Value::json(&grant.scope)?, &grant.id]).await? == 1)
}

/// Takes a client grant away. False if there was none.
pub async fn delete_grant(tx: &mut Tx<'_>, id: &ClientGrantId) -> Result<bool, StoreError> {
    Ok(tx.exec(DELETE_GRANT, p![id]).await? == 1)
}

/// Takes away whatever machines may ask of an API. Tells how many client grants there were.
pub async fn delete_grants_at(tx: &mut Tx<'_>, audience: &str) -> Result<u64, StoreError> {
    tx.exec(DELETE_GRANTS_AT, p![audience]).await
}
