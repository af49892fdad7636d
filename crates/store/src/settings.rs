//! The table of things of which the installation has one.
//!
//! Owns named bytes. Must not know what they mean.

use crate::statements::sql;
use crate::{StoreError, Tx, p};

sql! {
    FIND = "SELECT value FROM settings WHERE name = $1";
    PUT_IF_ABSENT = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
}

/// The bytes of that name.
pub async fn find(tx: &mut Tx<'_>, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    tx.row(FIND, p![name]).await?.map(|row| row.bytes(0)).transpose()
}

/// Sets the bytes of that name, unless somebody has. True for the first.
pub async fn put_if_absent(tx: &mut Tx<'_>, name: &str, value: &[u8]) -> Result<bool, StoreError> {
    Ok(tx.exec(PUT_IF_ABSENT, p![name, value]).await? == 1)
}
