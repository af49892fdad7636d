//! How a command fails: with a sentence for whoever typed it.
//!
//! Owns the way from any error to that sentence. Must not know what was tried.

use std::error::Error;
use std::fmt::{self, Display};

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// In words.
    Said(String),
    /// Everything worth saying was printed already.
    Shown,
    /// Whoever read the output has heard enough.
    NobodyListens,
}

impl Failure {
    /// A failure in words.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self::Said(text.into())
    }
}

/// A failure is no [`Error`] itself, so that every error can become one.
impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            let words = inner.to_string();
            if !text.contains(&words) {
                text = format!("{text}: {words}");
            }
            cause = inner.source();
        }
        Self::Said(text)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(text) => f.write_str(text),
            Self::Shown | Self::NobodyListens => Ok(()),
        }
    }
}
