//! The table of things of which the installation has one.
//!
//! Owns named bytes. Must not know what they mean.

use crate::statements::sql;
use crate::{StoreError, Tx, p};

sql! {
    FIND = "SELECT value FROM settings WHERE name = $1";
    PUT_IF_ABSENT = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    PUT = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    RAISE = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value \
        WHERE settings.value < excluded.value";
}

/// The bytes of that name.
pub async fn find(tx: &mut Tx<'_>, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    tx.row(FIND, p![name]).await?.map(|row| row.bytes(0)).transpose()
}

/// Sets the bytes of that name, unless somebody has. True for the first.
pub async fn put_if_absent(tx: &mut Tx<'_>, name: &str, value: &[u8]) -> Result<bool, StoreError> {
    Ok(tx.exec(PUT_IF_ABSENT, p![name, value]).await? == 1)
}

/// Sets the bytes of that name, whatever stood there.
pub(crate) async fn put(tx: &mut Tx<'_>, name: &str, value: &[u8]) -> Result<(), StoreError> {
    tx.exec(PUT, p![name, value]).await.map(drop)
}

/// Sets the bytes of that name, unless the same or higher ones stand there: they are compared from the first on.
pub(crate) async fn raise(tx: &mut Tx<'_>, name: &str, value: &[u8]) -> Result<(), StoreError> {
    tx.exec(RAISE, p![name, value]).await.map(drop)
}
