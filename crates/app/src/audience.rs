//! What an audience names. A building block: acts call it, it calls no act.
//!
//! Owns that the Management API is an API like the others to whoever asks for a token, though it has no row. Must not decide
//! who gets one.

use crate::app::App;
use guestlist_domain::resource_server::ResourceServer;
use guestlist_store::{StoreError, Tx, resource_servers};

/// The API that is always there.
pub(crate) fn management(app: &App) -> ResourceServer {
    ResourceServer::management(app.public_url().management_audience())
}

/// The API of that identifier, the Management API among them.
pub(crate) async fn find(app: &App, tx: &mut Tx<'_>, identifier: &str) -> Result<Option<ResourceServer>, StoreError> {
    let management = management(app);
    if identifier == management.identifier {
        return Ok(Some(management));
    }
    resource_servers::find(tx, identifier).await
}
