//! What every door holds: the house it leads into.

use crate::oidc::discovery_document;
use axum::body::Bytes;
use guestlist_app::App;

/// The state of the router. Clones share the house.
#[derive(Clone)]
pub struct WebState {
    /// The house.
    pub app: App,
    /// What the OpenID provider says about itself, made once.
    pub discovery: Bytes,
}

impl WebState {
    /// Doors into `app`.
    pub fn new(app: App) -> Self {
        Self { discovery: discovery_document(app.public_url()), app }
    }
}
