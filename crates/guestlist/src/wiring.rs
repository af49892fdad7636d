//! The wires: a configuration becomes an open house.
//!
//! Owns the two answers to the world's questions that the house may not give itself, the time and random bytes. Must
//! not know what the house does.

use crate::config::{Config, MasterKeyError, master_key};
use guestlist_app::app::App;
use guestlist_app::clock::{Clock, Entropy, Hands};
use guestlist_app::error::Unexpected;
use guestlist_app::settings::{ANSWER_WITHIN, Settings, StoreSettings, Timekeeping};
use guestlist_domain::time::Timestamp;
use rand::TryRng as _;
use rand::rngs::SysRng;
use rustix::time::{ClockId, clock_gettime};
use std::process::abort;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use thiserror::Error;

/// Reading threads of SQLite. Reads are short; more threads only cost memory.
const READ_THREADS: usize = 2;

/// A clock that begins with the machine's, and from then on goes by the time that passed: whoever sets the machine's clock
/// changes nothing here.
pub(crate) struct SteadyClock {
    /// What passed is added to this, in milliseconds.
    began_at: AtomicI64,
    /// The latest moment that was told.
    told: AtomicI64,
}

impl SteadyClock {
    pub(crate) fn new() -> Self {
        let clock = Self { began_at: AtomicI64::new(0), told: AtomicI64::new(0) };
        clock.set(clock.machine());
        clock
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let now = self.began_at.load(Ordering::Relaxed).saturating_add(passed_ms());
        Timestamp::from_millis(self.told.fetch_max(now, Ordering::Relaxed).max(now))
    }

    fn hands(&self) -> Option<&dyn Hands> {
        Some(self)
    }
}

impl Hands for SteadyClock {
    fn set(&self, at: Timestamp) {
        self.began_at.store(at.millis().saturating_sub(passed_ms()), Ordering::Relaxed);
        self.told.store(at.millis(), Ordering::Relaxed);
    }

    fn advance(&self, to: Timestamp) {
        self.began_at.fetch_max(to.millis().saturating_sub(passed_ms()), Ordering::Relaxed);
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
    fn machine(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The time since the machine started, sleep included: what expires must expire on a laptop, too.
fn passed_ms() -> i64 {
    let passed = clock_gettime(ClockId::Boottime);
    passed.tv_sec.saturating_mul(1_000).saturating_add(passed.tv_nsec / 1_000_000)
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
    Serves {
        /// Whether the operator vouches for the clock.
        trusts_clock: bool,
    },
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
            exclusive: matches!(presence, Presence::Serves { .. }),
            read_threads: READ_THREADS,
        },
        timekeeping: match presence {
            Presence::Serves { trusts_clock: true } => Timekeeping::Trusts,
            Presence::Serves { trusts_clock: false } => Timekeeping::Keeps,
            Presence::Visits => Timekeeping::Visits,
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
    App::open(settings, Arc::new(SteadyClock::new()), Arc::new(OsEntropy)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use guestlist_domain::time::{hours, minutes};

    #[test]
    fn case_126_a_clock_that_runs_is_only_ever_advanced() {
        let clock = SteadyClock::new();
        let told = clock.now();
        clock.advance(told.minus(hours(1)));
        let next = clock.now();
        assert!(next >= told && next.since(told) < minutes(1));
        clock.advance(told.plus(minutes(2)));
        let ahead = clock.now();
        assert!(ahead >= told.plus(minutes(2)) && ahead.since(told) < minutes(3));
        clock.advance(told);
        assert!(clock.now() >= ahead);
    }
}
