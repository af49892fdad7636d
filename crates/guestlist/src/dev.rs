//! `guestlist dev`: everything on one port, for a first look. Nothing of it can be reached from `serve`.
//!
//! Owns the doors under `/dev` and what stands ready behind them at the start. Must not be trusted with anything real:
//! its provider lets anybody be anybody, and its mailbox shows every mail to whoever looks.

mod back_channel;
mod certificate;
mod mailbox;
mod pages;
mod people;
mod provider;
mod sample;
mod scratch;
mod stage;

pub(crate) use certificate::self_signed;
pub(crate) use scratch::Scratch;
pub(crate) use stage::{Stage, open};

use crate::wiring::{OsEntropy, SteadyClock};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use back_channel::BackChannel;
use data_encoding::BASE64URL_NOPAD;
use guestlist_app::app::App;
use guestlist_app::clock::Entropy;
use guestlist_web::WebState;
use pages::Pages;
use provider::Provider;
use sample::Sample;
use serde::Serialize;
use std::sync::Arc;

/// The name on the provider's button.
const PROVIDER_LABEL: &str = "Made-up Provider";
/// The provider's connection.
const PROVIDER_CONNECTION: &str = "made-up";

/// What the doors under `/dev` share.
#[derive(Clone)]
struct Dev {
    app: App,
    pages: Pages,
    clock: Arc<SteadyClock>,
    provider: Arc<Provider>,
    sample: Arc<Sample>,
    back_channel: BackChannel,
    hub: Arc<Hub>,
}

/// What the first page shows.
#[derive(Serialize)]
struct Hub {
    guest: String,
    provider: &'static str,
    admin_email: String,
    admin_password: String,
}

/// The doors of `guestlist dev`, to stand beside all the others.
fn router(dev: Dev) -> Router<WebState> {
    Router::new()
        .route("/dev", get(async |State(dev): State<Dev>| dev.pages.answer("dev/hub.html", &*dev.hub)))
        .nest(mailbox::PATH, mailbox::router())
        .nest(provider::PATH, provider::router())
        .nest(sample::PATH, sample::router())
        .with_state(dev)
}

/// 256 random bits as text.
fn fresh_secret() -> String {
    let entropy: &dyn Entropy = &OsEntropy;
    BASE64URL_NOPAD.encode(&entropy.bytes::<32>())
}

#[cfg(test)]
mod tests;
