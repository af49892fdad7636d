//! What a partial change says about something that may be missing.
//!
//! Owns the three cases that two nested options would blur. Must not know what is changed.

/// One field of a partial change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Not mentioned: it stays as it is.
    #[default]
    Keep,
    /// Taken away.
    Clear,
    /// Set to this.
    Set(T),
}

impl<T> Patch<T> {
    /// What is there afterwards.
    pub fn apply(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The same change to something made of the value.
    pub fn try_map<U, E>(self, make: impl FnOnce(T) -> Result<U, E>) -> Result<Patch<U>, E> {
        Ok(match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(make(value)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_kept_cleared_or_set() {
        assert_eq!(Patch::Keep.apply(Some(1)), Some(1));
        assert_eq!(Patch::Clear.apply(Some(1)), None);
        assert_eq!(Patch::Set(2).apply(None), Some(2));
        assert_eq!(Patch::Set("2").try_map(str::parse::<u8>), Ok(Patch::Set(2)));
        assert!(Patch::Set("x").try_map(str::parse::<u8>).is_err());
    }
}
