//! A directory for one test, gone when the test is over.
//!
//! It owns names that no other test of this machine uses at the same time. It knows nothing of what is put inside.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a fixture that cannot start fails its test")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A word that no other running test uses: fit for a directory, a database or a mailbox.
pub fn unique_name(what: &str) -> String {
    let nth = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("guestlist_{what}_{}_{nth}", std::process::id())
}

/// An empty directory below the system's temporary one; dropping it removes it with everything inside.
#[derive(Debug)]
pub struct ScratchDir {
    path: PathBuf,
}

impl ScratchDir {
    /// Makes the directory. `what` is part of its name, for whoever finds one left behind by a killed test.
    pub fn new(what: &str) -> Self {
        let path = std::env::temp_dir().join(unique_name(what));
        // A killed process may have left one under the same process number.
        if path.exists() {
            std::fs::remove_dir_all(&path).expect("a stale scratch directory can be removed");
        }
        std::fs::create_dir_all(&path).expect("the temporary directory can be written");
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path inside it; nothing is created.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        // A browser that is still dying may write a last file; what stays behind is only litter.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_directories_differ_and_both_go() {
        let (first, second) = (ScratchDir::new("scratch"), ScratchDir::new("scratch"));
        assert_ne!(first.path(), second.path());
        std::fs::write(first.join("file"), b"x").unwrap();
        let gone = first.path().to_owned();
        drop(first);
        assert!(!gone.exists());
        assert!(second.path().is_dir());
    }
}
