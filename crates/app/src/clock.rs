//! Time and chance, as arguments.
//!
//! Owns the two questions an act may put to the world without a network: what time is it, and give me random bytes.
//! Must not answer either; the binary does, and in tests a clock and a seed that the test holds.

use guestlist_domain::secret::{Purpose, SECRET_BYTES, Secret};
use guestlist_domain::time::Timestamp;

/// What time it is.
pub trait Clock: Send + Sync {
    /// The present moment. It never goes back.
    fn now(&self) -> Timestamp;

    /// The hands of a clock that goes by what the installation has seen; a clock that a test holds has none.
    fn hands(&self) -> Option<&dyn Hands> {
        None
    }
}

/// A clock that can be set.
pub trait Hands: Send + Sync {
    /// It is `at` now, and goes on from there. For the start, before anybody was told a time.
    fn set(&self, at: Timestamp);

    /// It is at least `to` now. What was told meanwhile is never taken back.
    fn advance(&self, to: Timestamp);

    /// What the machine's clock says, which others may set.
    fn machine(&self) -> Timestamp;
}

/// Random bytes fit for secrets.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Entropy + '_ {
    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0_u8; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A fresh secret.
    pub fn secret(&self, purpose: Purpose) -> Secret {
        Secret::mint(purpose, self.bytes::<SECRET_BYTES>())
    }
}
