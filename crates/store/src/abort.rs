//! Named points at which a test lets the process die, as a lost machine would.
//!
//! Owns their list. In what ships they are nothing: the body is compiled only with the feature `abort-points`, which the
//! test kit turns on and nothing else may. A point stands where a crash would hurt most: around a commit and a send.

/// Every point, in the order in which an act passes them.
pub const ABORT_POINTS: &[&str] = &["store.before_commit", "store.after_commit", "outbox.leased", "outbox.sent"];

/// Passes a point. With the feature, `TEST_ABORT_AT=point:n` ends the process at the n-th time.
#[cfg(not(feature = "abort-points"))]
#[inline]
pub const fn abort_at(_point: &'static str) {}

/// Passes a point. `TEST_ABORT_AT=point:n` ends the process at the n-th time.
#[cfg(feature = "abort-points")]
pub fn abort_at(point: &'static str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicI64, Ordering};

    // `scripts/check-release` looks for this name: a binary that has it must not ship.
    #[expect(clippy::disallowed_methods, reason = "this is no setting of the program: only test builds have it")]
    static WISH: LazyLock<Option<(String, AtomicI64)>> = LazyLock::new(|| {
        let wish = std::env::var("TEST_ABORT_AT").ok()?;
        let (point, count) = wish.split_once(':')?;
        Some((point.to_owned(), AtomicI64::new(count.parse().ok()?)))
    });
    debug_assert!(ABORT_POINTS.contains(&point), "{point} is in the list");
    if let Some((wished, left)) = &*WISH
        && wished == point
        && left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        std::process::abort();
    }
}
