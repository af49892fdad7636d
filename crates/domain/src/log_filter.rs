//! Which lines of the log somebody is looking for, and in which order.
//!
//! Owns the questions that can be put to the log, whatever language they came in. Must not know Lucene, SQL or how a page
//! is cut.

use crate::filter::{Filter, Span};
use crate::ids::EventId;

/// A condition on lines of the log.
pub type LogFilter = Filter<LogFact>;

/// Something that is so of a line or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogFact {
    /// It has this type, by Auth0's word or ours. One that nothing has finds nothing.
    Type(String),
    /// It is about this one, by its id.
    About(LogField, String),
    /// It is about one of these at all.
    Has(LogField),
    /// It happened within.
    Within(Span),
    /// It comes behind this one, in the order of ids.
    Behind(EventId),
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogField {
    /// Itself: its id.
    Id,
    /// A user.
    User,
    /// An application.
    Client,
    /// A connection.
    Connection,
}

impl LogField {
    /// Every one.
    pub const ALL: &[Self] = &[Self::Id, Self::User, Self::Client, Self::Connection];
}
