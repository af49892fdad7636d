//! The doors for people: accept an invitation, sign in and out, recover, look after the account.
//!
//! Owns their list. Each file below holds the handlers of one errand.

mod accept;
mod account;
mod address;
mod address_change;
mod merge;
mod onward;
mod recover;
mod sign_in;
mod social;
mod undo;
mod ways;

pub(crate) use social::tried_in_vain;

use crate::WebState;
use axum::Router;

/// Their routes.
pub(crate) fn router() -> Router<WebState> {
    Router::new()
        .merge(accept::router())
        .merge(account::router())
        .merge(address::router())
        .merge(address_change::router())
        .merge(merge::router())
        .merge(recover::router())
        .merge(sign_in::router())
        .merge(social::router())
        .merge(undo::router())
}
