//! A directory that lasts as long as the process.
//!
//! Owns its making and its end. Must not know what is in it.

use super::fresh_secret;
use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// A directory of its own, removed when dropped.
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes one that nobody else can read.
    pub(crate) fn new() -> io::Result<Self> {
        let suffix: String = fresh_secret().chars().take(12).collect();
        let path = env::temp_dir().join(format!("guestlist-dev-{suffix}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self { path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the scratch directory could not be removed");
        }
    }
}
