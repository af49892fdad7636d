//! What can go wrong between an act and its rows.
//!
//! Owns the words that a caller must tell apart: is it worth another try, was anything committed, is a row unsound.
//! Both engines speak through these variants. Must never carry a bound value: errors are logged, rows are private.

use thiserror::Error;

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// A unique index refused the row. Ask [`StoreError::is_unique_on`] which one; of several, each engine names the one
    /// it checks first.
    #[error("another row has this value already: {constraint}")]
    Unique {
        /// `table.column[, table.column]`; on PostgreSQL the constraint's name if the server told no columns.
        constraint: String,
    },
    /// The row was changed by somebody else since it was read: the act may run once more on fresh facts.
    #[error("the row was changed by somebody else meanwhile")]
    Conflict,
    /// A queue is full, the database is locked, or the store is shutting down. Nothing was committed; try later.
    #[error("the database is busy")]
    Busy,
    /// The connection went away before anything was committed: safe to try again.
    #[error("the connection to the database was lost, nothing was committed")]
    LostConnection,
    /// The connection went away while the commit was under way: whether it happened only a fresh read can tell.
    #[error("the connection to the database was lost during the commit; it may have happened or not")]
    AmbiguousCommit,
    /// A stored row breaks a rule that every writer keeps.
    #[error("{table} {id}: {what}")]
    Inconsistent {
        /// The table the row stands in.
        table: &'static str,
        /// The row's id, empty where unknown.
        id: String,
        /// What is wrong with it, without its values.
        what: String,
    },
    /// Another process serves this database file.
    #[error("the database is served by another process: the lock file {0} is held")]
    AlreadyServed(String),
    /// The schema was made by a newer version of this program.
    #[error("the database has migration {found}, this program knows only up to {known}: use the newer program")]
    TooNew {
        /// The newest migration in the database.
        found: i64,
        /// The newest migration that this program knows.
        known: i64,
    },
    /// A migration that was applied long ago reads differently now.
    #[error("migration {number} ({name}) is not the text that was applied to this database")]
    ChangedMigration {
        /// Its number.
        number: i64,
        /// Its name.
        name: String,
    },
    /// The act awaited something other than its transaction. No input or output inside a transaction.
    #[error("an act awaited something other than its transaction")]
    Waited,
    /// The act panicked; its writes were undone.
    #[error("an act panicked inside its transaction")]
    Panicked,
    /// Everything that no caller can act on.
    #[error("{0}")]
    Other(String),
}

impl StoreError {
    /// Whether a unique index on exactly these columns (`"email"`, or `"provider, subject"`) refused the row.
    pub fn is_unique_on(&self, table: &str, columns: &str) -> bool {
        let Self::Unique { constraint } = self else { return false };
        let names: Vec<&str> = columns.split(',').map(str::trim).collect();
        let spelled = names.iter().map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ");
        // The forms without columns are what a PostgreSQL server tells whose messages are not in English.
        *constraint == spelled
            || *constraint == format!("{table}_{}_key", names.join("_"))
            || (names == ["id"] && *constraint == format!("{table}_pkey"))
    }

    /// Whether the same act may simply be tried again later: nothing was committed and nothing is wrong with it.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Busy | Self::LostConnection)
    }

    pub(crate) fn other(what: impl std::fmt::Display) -> Self {
        Self::Other(what.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unique(constraint: &str) -> StoreError {
        StoreError::Unique { constraint: constraint.to_owned() }
    }

    #[test]
    fn a_unique_violation_names_its_columns() {
        assert!(unique("users.email").is_unique_on("users", "email"));
        assert!(unique("users_email_key").is_unique_on("users", "email"));
        assert!(unique("users_pkey").is_unique_on("users", "id"));
        assert!(unique("identities.provider, identities.subject").is_unique_on("identities", "provider, subject"));
        assert!(unique("identities_provider_subject_key").is_unique_on("identities", "provider, subject"));
        assert!(!unique("identities.provider, identities.subject").is_unique_on("identities", "provider"));
        assert!(!unique("users.email").is_unique_on("users", "name"));
        assert!(!StoreError::Conflict.is_unique_on("users", "email"));
    }
}
