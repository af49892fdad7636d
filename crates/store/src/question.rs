//! A WHERE clause on its way: every piece is a constant, every value is bound.
//!
//! Owns NOT, AND and OR, and the places of values. Must not know a column: what a fact is in SQL, its table's file says.

use crate::{Engine, Value};
use guestlist_domain::filter::Filter;

/// What is so or not of a row, in SQL.
pub(crate) trait Condition {
    /// The piece; its values are bound in `question`.
    fn sql<'a>(&'a self, question: &mut Question<'a>) -> String;
}

/// The clause's values so far, and for which engine it is.
pub(crate) struct Question<'a> {
    pub(crate) engine: Engine,
    pub(crate) values: Vec<Value<'a>>,
}

impl<'a> Question<'a> {
    pub(crate) const fn new(engine: Engine) -> Self {
        Self { engine, values: Vec::new() }
    }

    /// Binds a value. Gives its place.
    pub(crate) fn bind(&mut self, value: Value<'a>) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    /// The clause of a filter.
    pub(crate) fn condition<F: Condition>(&mut self, filter: &'a Filter<F>) -> String {
        match filter {
            Filter::Everybody => "1 = 1".to_owned(),
            Filter::Is(fact) => fact.sql(self),
            // What is unknown is not so: NOT of NULL must hold.
            Filter::Not(inner) => format!("NOT COALESCE({}, 1 = 0)", self.condition(inner)),
            Filter::All(parts) => joined(&self.conditions(parts), " AND ", "1 = 1"),
            Filter::Any(parts) => joined(&self.conditions(parts), " OR ", "1 = 0"),
        }
    }

    fn conditions<F: Condition>(&mut self, parts: &'a [Filter<F>]) -> Vec<String> {
        parts.iter().map(|part| self.condition(part)).collect()
    }
}

/// Pieces as one, by a word between them; of none what then holds.
pub(crate) fn joined(parts: &[String], word: &str, of_none: &str) -> String {
    if parts.is_empty() { of_none.to_owned() } else { format!("({})", parts.join(word)) }
}
