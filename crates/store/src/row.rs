//! One row of an answer, read by position and checked on the way.
//!
//! Owns the reading of cells into the domain's types. A cell that is not what the reader expects is a row that no
//! writer of ours wrote: [`StoreError::Inconsistent`], never a guess. Must not know which engine the row came from.

use crate::error::StoreError;
use guestlist_domain::email::Email;
use guestlist_domain::secret::SecretHash;
use guestlist_domain::time::Timestamp;
use serde::de::DeserializeOwned;
use std::fmt;

/// What stands in one column of one row.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// One row. Columns are counted from 0; let the first one be the row's id, so that errors can name the row.
#[derive(Clone)]
pub struct Row {
    cells: Vec<Cell>,
    table: &'static str,
}

impl Row {
    pub(crate) fn new(cells: Vec<Cell>, table: &'static str) -> Self {
        Self { cells, table }
    }

    /// Text that must be there.
    pub fn text(&self, at: usize) -> Result<String, StoreError> {
        self.must(at, self.opt_text(at)?)
    }

    /// Text that may be missing.
    pub fn opt_text(&self, at: usize) -> Result<Option<String>, StoreError> {
        Ok(self.str_at(at)?.map(str::to_owned))
    }

    /// A number that must be there.
    pub fn int(&self, at: usize) -> Result<i64, StoreError> {
        self.must(at, self.opt_int(at)?)
    }

    /// A number that may be missing.
    pub fn opt_int(&self, at: usize) -> Result<Option<i64>, StoreError> {
        match self.cell(at)? {
            Cell::Null => Ok(None),
            Cell::Int(number) => Ok(Some(*number)),
            Cell::Text(_) | Cell::Bytes(_) => Err(self.wrong(at, "a number was expected")),
        }
    }

    /// A number that must be there and not be negative: a count, a version, a generation.
    pub fn count<N: TryFrom<i64>>(&self, at: usize) -> Result<N, StoreError> {
        N::try_from(self.int(at)?).map_err(|_| self.wrong(at, "the number is out of range"))
    }

    /// A flag, stored as 0 or 1.
    pub fn flag(&self, at: usize) -> Result<bool, StoreError> {
        match self.int(at)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.wrong(at, "a flag is neither 0 nor 1")),
        }
    }

    /// Bytes that must be there.
    pub fn bytes(&self, at: usize) -> Result<Vec<u8>, StoreError> {
        self.must(at, self.opt_bytes(at)?)
    }

    /// Bytes that may be missing.
    pub fn opt_bytes(&self, at: usize) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.bytes_at(at)?.map(<[u8]>::to_vec))
    }

    /// A moment that must be there.
    pub fn time(&self, at: usize) -> Result<Timestamp, StoreError> {
        self.int(at).map(Timestamp::from_millis)
    }

    /// A moment that may be missing.
    pub fn opt_time(&self, at: usize) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.opt_int(at)?.map(Timestamp::from_millis))
    }

    /// The digest of a secret that must be there.
    pub fn hash(&self, at: usize) -> Result<SecretHash, StoreError> {
        self.must(at, self.opt_hash(at)?)
    }

    /// The digest of a secret that may be missing.
    pub fn opt_hash(&self, at: usize) -> Result<Option<SecretHash>, StoreError> {
        let Some(bytes) = self.bytes_at(at)? else { return Ok(None) };
        SecretHash::from_bytes(bytes).map(Some).ok_or_else(|| self.wrong(at, "a digest has not 32 bytes"))
    }

    /// A mail address that must be there, in its canonical form.
    pub fn email(&self, at: usize) -> Result<Email, StoreError> {
        self.must(at, self.opt_email(at)?)
    }

    /// A mail address that may be missing.
    pub fn opt_email(&self, at: usize) -> Result<Option<Email>, StoreError> {
        self.opt_word(at, |text| Email::parse(text).ok().filter(|email| email.as_str() == text))
    }

    /// Text that must be there and be one of the words that `read` knows.
    pub fn word<T>(&self, at: usize, read: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        self.must(at, self.opt_word(at, read)?)
    }

    /// Text that may be missing, else be one of the words that `read` knows.
    pub fn opt_word<T>(&self, at: usize, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, StoreError> {
        let Some(text) = self.str_at(at)? else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| self.wrong(at, "the word is unknown"))
    }

    /// JSON that must be there.
    pub fn json<T: DeserializeOwned>(&self, at: usize) -> Result<T, StoreError> {
        self.must(at, self.opt_json(at)?)
    }

    /// JSON that may be missing.
    pub fn opt_json<T: DeserializeOwned>(&self, at: usize) -> Result<Option<T>, StoreError> {
        let Some(text) = self.str_at(at)? else { return Ok(None) };
        // The parser's message would quote what it read.
        serde_json::from_str(text).map(Some).map_err(|_| self.wrong(at, "the JSON has another shape"))
    }

    /// The error for a row whose columns are sound one by one and wrong together.
    pub fn inconsistent(&self, what: impl Into<String>) -> StoreError {
        StoreError::Inconsistent { table: self.table, id: self.id(), what: what.into() }
    }

    fn cell(&self, at: usize) -> Result<&Cell, StoreError> {
        self.cells.get(at).ok_or_else(|| self.wrong(at, "the statement has no such column"))
    }

    fn str_at(&self, at: usize) -> Result<Option<&str>, StoreError> {
        match self.cell(at)? {
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            Cell::Int(_) | Cell::Bytes(_) => Err(self.wrong(at, "text was expected")),
        }
    }

    fn bytes_at(&self, at: usize) -> Result<Option<&[u8]>, StoreError> {
        match self.cell(at)? {
            Cell::Null => Ok(None),
            Cell::Bytes(bytes) => Ok(Some(bytes)),
            Cell::Int(_) | Cell::Text(_) => Err(self.wrong(at, "bytes were expected")),
        }
    }

    fn must<T>(&self, at: usize, value: Option<T>) -> Result<T, StoreError> {
        value.ok_or_else(|| self.wrong(at, "it must not be NULL"))
    }

    fn wrong(&self, at: usize, what: &str) -> StoreError {
        self.inconsistent(format!("column {at}: {what}"))
    }

    /// The first column if it reads like an id. Anything else, an address above all, has no place in an error.
    fn id(&self) -> String {
        let is_id =
            |text: &&String| text.len() <= 80 && text.chars().all(|c| c.is_ascii_alphanumeric() || "_|-".contains(c));
        match self.cells.first() {
            Some(Cell::Text(text)) => Some(text).filter(is_id).cloned().unwrap_or_default(),
            _ => String::new(),
        }
    }
}

/// The number of columns only: rows are private.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({} of {} columns)", self.table, self.cells.len())
    }
}

/// The table that a statement is about: the first name behind FROM, INTO or UPDATE.
pub(crate) fn table_of(sql: &'static str) -> &'static str {
    let mut words = sql.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    words
        .find(|word| ["FROM", "INTO", "UPDATE"].iter().any(|lead| word.eq_ignore_ascii_case(lead)))
        .and_then(|_| words.next())
        .unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: Vec<Cell>) -> Row {
        Row::new(cells, "users")
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn a_statement_tells_its_table() {
        assert_eq!(table_of("SELECT id, email FROM users WHERE id = $1"), "users");
        assert_eq!(table_of("INSERT INTO identities (id) VALUES ($1)"), "identities");
        assert_eq!(table_of("update sessions set version = $1"), "sessions");
        assert_eq!(table_of("SELECT 1"), "");
    }

    #[test]
    fn every_surprise_is_an_inconsistency() {
        let row = row(vec![text("auth0|1"), Cell::Null, Cell::Int(2), Cell::Bytes(vec![1]), text("{")]);
        let message = |error: StoreError| error.to_string();
        assert_eq!(row.text(1).map_err(message), Err("users auth0|1: column 1: it must not be NULL".to_owned()));
        assert_eq!(row.flag(2).map_err(message), Err("users auth0|1: column 2: a flag is neither 0 nor 1".to_owned()));
        assert!(row.int(0).is_err() && row.text(2).is_err() && row.bytes(0).is_err() && row.time(3).is_err());
        assert!(row.hash(3).is_err() && row.json::<u8>(4).is_err() && row.email(0).is_err());
        assert!(row.text(9).is_err() && row.word(0, |_| None::<u8>).is_err());
        assert_eq!(row.opt_text(1), Ok(None));
        assert_eq!(row.count::<u32>(2), Ok(2));
    }

    #[test]
    fn an_address_is_never_taken_for_an_id() {
        let row = row(vec![text("anna@example.org"), Cell::Null]);
        assert_eq!(row.inconsistent("…").to_string(), "users : …");
        assert_eq!(format!("{row:?}"), "Row(users of 2 columns)");
    }
}
