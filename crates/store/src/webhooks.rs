//! The table of webhooks.
//!
//! Owns who is told, and what is sealed for it. Must not open a seal.

use crate::statements::sql;
use crate::{Row, StoreError, Tx, Value, p};
use guestlist_domain::ids::WebhookId;
use guestlist_domain::time::Timestamp;
use guestlist_domain::webhook::{Endpoint, Subscriptions, Webhook};

macro_rules! columns {
    () => {
        "id, name, endpoint, subscriptions, enabled, auth_method, old_secret_until, created_at, updated_at"
    };
}

sql! {
    INSERT = "INSERT INTO webhooks (id, name, endpoint, subscriptions, enabled, auth_method, old_secret_until, created_at, \
        updated_at, sealed_secret, sealed_old_secret, sealed_authorization) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    SAVE = "UPDATE webhooks SET name = $1, endpoint = $2, subscriptions = $3, enabled = $4, auth_method = $5, \
        old_secret_until = $6, updated_at = $7, sealed_secret = $8, sealed_old_secret = $9, sealed_authorization = $10 \
        WHERE id = $11";
    FIND = concat!("SELECT ", columns!(), " FROM webhooks WHERE id = $1");
    SEALED = "SELECT sealed_secret, sealed_old_secret, sealed_authorization FROM webhooks WHERE id = $1";
    LIST = concat!("SELECT ", columns!(), " FROM webhooks ORDER BY created_at, id");
    COUNT = "SELECT COUNT(*) FROM webhooks";
    FORGET_OLD_SECRETS = "UPDATE webhooks SET sealed_old_secret = NULL, old_secret_until = NULL WHERE old_secret_until <= $1";
    DELETE = "DELETE FROM webhooks WHERE id = $1";
}

/// What a webhook is signed and sent with, sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The signing secret.
    pub secret: Vec<u8>,
    /// The one before, while [`Webhook::old_secret_until`] is to come.
    pub old_secret: Option<Vec<u8>>,
    /// The password or token of [`Webhook::authorization`].
    pub authorization: Option<Vec<u8>>,
}

/// Nothing of it: what is sealed stays out of every log all the same.
impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(…)")
    }
}

fn read(row: &Row) -> Result<Webhook, StoreError> {
    let words: Vec<String> = row.json(3)?;
    let unsound = |what: &str| row.inconsistent(what.to_owned());
    Ok(Webhook {
        id: WebhookId::new(row.text(0)?),
        name: row.text(1)?,
        endpoint: row.word(2, Endpoint::stored)?,
        subscriptions: Subscriptions::parse(words.iter().map(String::as_str)).map_err(|_| unsound("subscriptions"))?,
        enabled: row.flag(4)?,
        authorization: row.opt_json(5)?,
        old_secret_until: row.opt_time(6)?,
        created_at: row.time(7)?,
        updated_at: row.time(8)?,
    })
}

fn auth_method(webhook: &Webhook) -> Result<Value<'static>, StoreError> {
    webhook.authorization.as_ref().map_or(Ok(Value::Null), Value::json)
}

/// Adds a webhook.
pub async fn insert(tx: &mut Tx<'_>, webhook: &Webhook, sealed: &Sealed) -> Result<(), StoreError> {
    tx.exec(
        INSERT,
        p![
            &webhook.id,
            &webhook.name,
            webhook.endpoint.as_str(),
            Value::json(&webhook.subscriptions.words())?,
            webhook.enabled,
            auth_method(webhook)?,
            webhook.old_secret_until,
            webhook.created_at,
            webhook.updated_at,
            sealed.secret.as_slice(),
            sealed.old_secret.as_deref(),
            sealed.authorization.as_deref(),
        ],
    )
    .await
    .map(drop)
}

/// Saves a webhook with what is sealed for it. False if it is gone.
pub async fn save(tx: &mut Tx<'_>, webhook: &Webhook, sealed: &Sealed) -> Result<bool, StoreError> {
    let values = p![
        &webhook.name,
        webhook.endpoint.as_str(),
        Value::json(&webhook.subscriptions.words())?,
        webhook.enabled,
        auth_method(webhook)?,
        webhook.old_secret_until,
        webhook.updated_at,
        sealed.secret.as_slice(),
        sealed.old_secret.as_deref(),
        sealed.authorization.as_deref(),
        &webhook.id,
    ];
    Ok(tx.exec(SAVE, values).await? == 1)
}

/// The webhook of that id.
pub async fn find(tx: &mut Tx<'_>, id: &WebhookId) -> Result<Option<Webhook>, StoreError> {
    tx.row(FIND, p![id]).await?.as_ref().map(read).transpose()
}

/// What is sealed for it.
pub async fn sealed(tx: &mut Tx<'_>, id: &WebhookId) -> Result<Option<Sealed>, StoreError> {
    let Some(row) = tx.row(SEALED, p![id]).await? else { return Ok(None) };
    Ok(Some(Sealed { secret: row.bytes(0)?, old_secret: row.opt_bytes(1)?, authorization: row.opt_bytes(2)? }))
}

/// Every webhook, the oldest first.
pub async fn list(tx: &mut Tx<'_>) -> Result<Vec<Webhook>, StoreError> {
    tx.rows(LIST, p![]).await?.iter().map(read).collect()
}

/// How many there are.
pub async fn count(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    tx.row(COUNT, p![]).await?.map_or(Ok(0), |row| row.int(0))
}

/// Forgets the secrets that sign no more.
pub async fn forget_old_secrets(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    tx.exec(FORGET_OLD_SECRETS, p![now]).await
}

/// Deletes a webhook with its deliveries. False if there was none.
pub async fn delete(tx: &mut Tx<'_>, id: &WebhookId) -> Result<bool, StoreError> {
    crate::webhook_deliveries::delete_of(tx, id).await?;
    Ok(tx.exec(DELETE, p![id]).await? == 1)
}
