//! Conditions and how they combine, whatever they are about.
//!
//! Owns NOT, AND and OR over facts, and spans of time. Must not know which facts there are, nor the language or the SQL of a
//! question.

use crate::time::Timestamp;

/// A condition on things of which `F` may be so or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter<F> {
    /// Holds always.
    Everybody,
    /// One fact.
    Is(F),
    /// The opposite.
    Not(Box<Self>),
    /// Every one of them.
    All(Vec<Self>),
    /// At least one of them.
    Any(Vec<Self>),
}

/// From the first moment on, and up to but without the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub before: Option<Timestamp>,
}
