//! Who calls us: pages, the console, the OpenID provider and the Management API.
//!
//! Owns the list of doors. Every request goes down to one act of [`guestlist_app`] and comes up once. Must not know the
//! store or the outbound sockets, and decides nothing about people.

pub mod csrf;
pub mod door;
pub mod error;
pub mod headers;
pub mod resume;
pub mod session;
pub mod state;
pub mod view;
pub mod visit;

mod console;
mod management;
mod oidc;
mod pages;

pub use management::policy as management_policy;
pub use state::WebState;

use crate::error::Problem;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, routing::MethodRouter};
use tower_http::catch_panic::CatchPanicLayer;

/// The largest form, in bytes.
const FORM_LIMIT: usize = 64 * 1024;

/// Every door.
pub fn router(state: WebState) -> Router {
    router_beside(state, Router::new())
}

/// Every door, and more of the caller's beside them: `guestlist dev` has a few.
pub fn router_beside(state: WebState, more: Router<WebState>) -> Router {
    Router::new()
        .merge(pages::router())
        .merge(console::router())
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .merge(oidc::router())
        .merge(management::router(&state))
        .merge(more)
        .route("/", get(front))
        .route("/healthz", get(async || "ok"))
        .route("/readyz", ready())
        .route("/static/{digest}/{name}", get(asset))
        .fallback(async || Problem::NotFound)
        .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
        .layer(CatchPanicLayer::custom(door::after_panic))
        .layer(from_fn_with_state(state.clone(), door::keep))
        .with_state(state)
}

/// The address alone leads to one's own account; whoever is not signed in is asked to there.
async fn front(visit: visit::Visit) -> Result<Response, Problem> {
    visit.redirect("/account")
}

/// Whether this node can do its work.
fn ready() -> MethodRouter<WebState> {
    get(async |State(state): State<WebState>| match state.app.is_ready().await {
        Ok(()) => (StatusCode::OK, "ready"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
        }
    })
}

async fn asset(Path((digest, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let asset = view::assets::find(&digest, &name).ok_or(Problem::NotFound)?;
    let caching = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
    ];
    Ok((headers, asset.data).into_response())
}
