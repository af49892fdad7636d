//! The OpenID provider: the doors that applications and their browsers come to.
//!
//! Owns their list. Each file below holds the handlers of one errand; what is right is decided beneath. The narrow path
//! of R23: what is not listed here does not exist, dynamic registration above all.

mod authorize;
mod cors;
mod credentials;
mod database;
mod discovery;
mod fields;
mod logout;
mod par;
mod revoke;
mod token;
mod userinfo;

pub(crate) use discovery::document as discovery_document;
pub(crate) use logout::landing;

use crate::WebState;
use axum::Router;
use axum::extract::DefaultBodyLimit;

/// The largest body, in bytes: above it there is nothing but mischief.
const BODY_LIMIT: usize = 32 * 1024;

/// Their routes.
pub(crate) fn router() -> Router<WebState> {
    Router::new()
        .merge(discovery::router())
        .merge(authorize::router())
        .merge(par::router())
        .merge(token::router())
        .merge(userinfo::router())
        .merge(revoke::router())
        .merge(logout::router())
        .merge(database::router())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
}
