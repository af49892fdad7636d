//! What no caller of an act can act on.
//!
//! Owns [`Unexpected`], the one variant that every act's error has beside its own words. What it becomes on the wire,
//! on a page and in the log is decided in `web`, not here.

use guestlist_domain::timekeeping::ClockBehind;
use guestlist_outbound::http::HttpError;
use guestlist_store::StoreError;
use thiserror::Error;

/// Something went wrong that the caller could not have prevented.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unexpected {
    /// Overloaded for the moment: answer 503 with Retry-After. Nothing happened.
    #[error("busy")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// Something sealed does not open: another master key, or damage.
    #[error("what was sealed as {0} does not open with this master key")]
    Seal(&'static str),
    /// The clock is earlier than it was already: nothing begins.
    #[error(transparent)]
    Clock(#[from] ClockBehind),
    /// Something of our own making did not work: a template, a key.
    #[error("{0}")]
    Broken(String),
}

impl From<StoreError> for Unexpected {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy,
            other => Self::Store(other),
        }
    }
}

impl From<HttpError> for Unexpected {
    fn from(error: HttpError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// The error of an act, as far as running the act again is concerned.
pub(crate) trait ActError: From<StoreError> + Send + 'static {
    /// Whether somebody else changed a row meanwhile, so that the act may find its answer on fresh facts.
    fn is_conflict(&self) -> bool;
}

impl ActError for StoreError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict | Self::Unique { .. })
    }
}

impl ActError for Unexpected {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}

/// Lets acts' errors take in a [`StoreError`] through their `Unexpected` variant, and be run again after a conflict.
macro_rules! act_errors {
    ($($error:ty),* $(,)?) => {$(
        impl From<guestlist_store::StoreError> for $error {
            fn from(error: guestlist_store::StoreError) -> Self {
                Self::Unexpected(error.into())
            }
        }

        impl $crate::error::ActError for $error {
            fn is_conflict(&self) -> bool {
                matches!(self, Self::Unexpected(unexpected) if unexpected.is_conflict())
            }
        }
    )*};
}
pub(crate) use act_errors;
