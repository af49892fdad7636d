//! Time and chance that a test holds.

use guestlist_app::{Clock, Entropy};
use guestlist_domain::time::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock that stands still until a test moves it; or one that runs with the world's, for tests that meet servers whose
/// clock nobody can hold.
#[derive(Debug)]
pub struct TestClock {
    /// What it shows, or how far it is ahead of the world's.
    at: AtomicI64,
    runs: bool,
}

/// When every test begins: the 1st of December 2026, noon, UTC.
pub const BEGIN: Timestamp = Timestamp::from_millis(1_796_126_400_000);

impl Default for TestClock {
    fn default() -> Self {
        Self { at: AtomicI64::new(BEGIN.millis()), runs: false }
    }
}

impl TestClock {
    /// The world's clock.
    pub const fn of_the_world() -> Self {
        Self { at: AtomicI64::new(0), runs: true }
    }

    /// Lets time pass.
    pub fn advance(&self, span: Duration) {
        let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        self.at.fetch_add(span, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let at = self.at.load(Ordering::SeqCst);
        Timestamp::from_millis(if self.runs { at + world_millis() } else { at })
    }
}

#[expect(clippy::disallowed_methods, reason = "providers that nobody here wrote sign with the world's time")]
fn world_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Random bytes that repeat from run to run.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<ChaCha20Rng>);

impl SeededEntropy {
    /// The bytes of that seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }
}
