//! The schema's history: one list of texts for both engines.
//!
//! Owns the order in which they are applied, the record of what was applied, and the few words in which the engines
//! differ. Must not know how an engine begins, locks and commits; whoever calls [`step`] holds a transaction that
//! nobody else migrates in.

use crate::error::StoreError;
use crate::p;
use crate::row::Row;
use crate::statements::sql;
use crate::tx::{Engine, Tx};
use sha2::{Digest, Sha256};

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its place, counted from 1 without gaps.
    pub number: i64,
    /// What it does, in a word.
    pub name: &'static str,
    /// Its statements, in the shared vocabulary: TEXT, BIGINT, BYTES.
    pub text: &'static str,
}

/// The history of this program's schema. A released text never changes again.
pub const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "first", text: include_str!("../migrations/0001_first.sql") },
    Migration { number: 2, name: "address_codes", text: include_str!("../migrations/0002_address_codes.sql") },
    Migration { number: 3, name: "link_ledger", text: include_str!("../migrations/0003_link_ledger.sql") },
    Migration { number: 4, name: "webhooks", text: include_str!("../migrations/0004_webhooks.sql") },
    Migration { number: 5, name: "address_changes", text: include_str!("../migrations/0005_address_changes.sql") },
    Migration { number: 6, name: "resource_servers", text: include_str!("../migrations/0006_resource_servers.sql") },
    Migration { number: 7, name: "log", text: include_str!("../migrations/0007_log.sql") },
];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, sha256 BYTES NOT NULL)";

sql! {
    APPLIED = "SELECT number, name, sha256 FROM migrations ORDER BY number";
    RECORD = "INSERT INTO migrations (number, name, sha256) VALUES ($1, $2, $3)";
}

/// What a step found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The schema is up to date.
    Done,
    /// One migration was applied and recorded; commit it and come again.
    Applied,
}

/// Applies the next migration with its record, in the caller's transaction.
pub(crate) async fn step(tx: &mut Tx<'_>, list: &[Migration]) -> Result<Step, StoreError> {
    tx.batch(&in_words_of(tx.engine(), TABLE)).await?;
    let rows = tx.rows(APPLIED, p![]).await?;
    let applied = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let Some(next) = next(list, &applied)? else { return Ok(Step::Done) };
    tx.batch(&in_words_of(tx.engine(), next.text)).await?;
    tx.exec(RECORD, p![next.number, next.name, &digest(next.text)]).await?;
    tracing::info!(migration.number = next.number, migration.name = next.name, "the schema was changed");
    Ok(Step::Applied)
}

struct Applied {
    number: i64,
    name: String,
    sha256: Vec<u8>,
}

fn read(row: &Row) -> Result<Applied, StoreError> {
    Ok(Applied { number: row.int(0)?, name: row.text(1)?, sha256: row.bytes(2)? })
}

/// The first migration that the database has not seen; an error if its history is not the beginning of ours.
fn next<'m>(list: &'m [Migration], applied: &[Applied]) -> Result<Option<&'m Migration>, StoreError> {
    let known = list.last().map_or(0, |migration| migration.number);
    if let Some(newest) = applied.last().filter(|newest| newest.number > known) {
        return Err(StoreError::TooNew { found: newest.number, known });
    }
    for (ours, theirs) in list.iter().zip(applied) {
        if ours.number != theirs.number || *theirs.sha256 != digest(ours.text) {
            return Err(StoreError::ChangedMigration { number: theirs.number, name: theirs.name.clone() });
        }
    }
    Ok(list.get(applied.len()))
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// The shared vocabulary in the words of one engine. On PostgreSQL text is compared by its bytes, as SQLite does, so
/// that lists have the same order and pages the same seams. Comments and quoted strings stay as they are.
fn in_words_of(engine: Engine, text: &str) -> String {
    let mut told = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        let (code, comment) = line.split_once("--").map_or((line, None), |(code, comment)| (code, Some(comment)));
        for (n, piece) in code.split('\'').enumerate() {
            let quoted = n % 2 == 1;
            if n > 0 {
                told.push('\'');
            }
            told.push_str(&if quoted { piece.to_owned() } else { swapped(engine, piece) });
        }
        told.extend(comment.map(|comment| format!("--{comment}")));
        told.push('\n');
    }
    told
}

fn swapped(engine: Engine, code: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut told = String::with_capacity(code.len() * 2);
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        told.push_str(match (engine, word) {
            (Engine::Sqlite, "BYTES") => "BLOB",
            (Engine::Postgres, "BYTES") => "BYTEA",
            (Engine::Postgres, "TEXT") => "TEXT COLLATE \"C\"",
            _ => word,
        });
        rest = behind;
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_no_gaps() {
        let numbers: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.number).collect();
        assert_eq!(numbers, (1..).take(numbers.len()).collect::<Vec<_>>());
    }

    #[test]
    fn each_engine_gets_its_words() {
        let text =
            "CREATE TABLE t (id TEXT NOT NULL, hash BYTES, CONTEXT BIGINT) -- TEXT\nCHECK (id <> 'a TEXT of BYTES')";
        assert_eq!(
            in_words_of(Engine::Postgres, text),
            "CREATE TABLE t (id TEXT COLLATE \"C\" NOT NULL, hash BYTEA, CONTEXT BIGINT) -- TEXT\n\
             CHECK (id <> 'a TEXT of BYTES')\n"
        );
        assert_eq!(in_words_of(Engine::Sqlite, "a BYTES, b TEXT"), "a BLOB, b TEXT\n");
    }

    fn applied(number: i64, text: &str) -> Applied {
        Applied { number, name: "some".to_owned(), sha256: digest(text).to_vec() }
    }

    #[test]
    fn only_a_beginning_of_our_history_is_continued() {
        let list = [Migration { number: 1, name: "one", text: "1" }, Migration { number: 2, name: "two", text: "2" }];
        let next = |applied: &[Applied]| next(&list, applied).map(|next| next.map(|migration| migration.number));
        assert_eq!(next(&[]), Ok(Some(1)));
        assert_eq!(next(&[applied(1, "1")]), Ok(Some(2)));
        assert_eq!(next(&[applied(1, "1"), applied(2, "2")]), Ok(None));
        assert_eq!(
            next(&[applied(1, "1"), applied(2, "2"), applied(3, "3")]),
            Err(StoreError::TooNew { found: 3, known: 2 })
        );
        assert_eq!(next(&[applied(1, "x")]), Err(StoreError::ChangedMigration { number: 1, name: "some".to_owned() }));
        assert!(next(&[applied(2, "2")]).is_err());
    }
}
