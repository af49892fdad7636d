//! The wires: a configuration becomes an open house.
//!
//! Owns the two answers to the world's questions that the house may not give itself, the time and random bytes. Must
//! not know what the house does.

use crate::config::{Config, MasterKeyError, master_key};
use guestlist_app::app::App;
use guestlist_app::clock::{Clock, Entropy};
use guestlist_app::error::Unexpected;
use guestlist_app::settings::{ANSWER_WITHIN, Settings, StoreSettings};
use guestlist_domain::time::Timestamp;
use rand::TryRng as _;
use rand::rngs::SysRng;
use std::process::abort;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use thiserror::Error;

/// Reading threads of SQLite. Reads are short; more threads only cost memory.
const READ_THREADS: usize = 2;

/// The clock of the machine.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The random source of the machine.
pub(crate) struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = SysRng.try_fill_bytes(bytes) {
            // Every secret that could be made from here on could be guessed.
            tracing::error!(%error, "the system has no random bytes");
            abort();
        }
    }
}

/// Why the house does not open.
#[derive(Debug, Error)]
pub(crate) enum OpenError {
    /// No master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// Anything else.
    #[error("{0}")]
    House(#[from] Unexpected),
}

/// Whether this process serves the database or only visits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// A second one is refused.
    Serves,
    /// Beside a running server.
    Visits,
}

/// Opens the house.
pub(crate) async fn open(config: &Config, presence: Presence) -> Result<App, OpenError> {
    let secret_key = master_key(config, &OsEntropy)?;
    let settings = Settings {
        public_url: config.public_url.clone(),
        store: StoreSettings {
            target: config.target.clone(),
            exclusive: presence == Presence::Serves,
            read_threads: READ_THREADS,
        },
        secret_key,
        mail: config.mail.clone(),
        first_administrator: config.first_administrator.clone(),
        allow_private_upstreams: config.allow_private_upstreams,
        webhook_answer_within: ANSWER_WITHIN,
        hashing_slots: config.hashing_slots,
    };
    Ok(open_house(settings).await?)
}

/// Opens a house by settings at hand.
pub(crate) async fn open_house(settings: Settings) -> Result<App, Unexpected> {
    App::open(settings, Arc::new(SystemClock), Arc::new(OsEntropy)).await
}
