//! Every statement of the crate, by table file.
//!
//! Owns the list, so that one check can ask an engine whether it understands all of them before the first caller does.
//! Must not run any of them.

use crate::Engine;

/// Declares statements as constants and collects them in `SQL`, which this module lists:
///
/// ```text
/// sql! {
///     INSERT = "INSERT INTO users (id, email) VALUES ($1, $2)";
///     FIND = concat!("SELECT ", columns!(), " FROM users WHERE id = $1");
/// }
/// ```
macro_rules! sql {
    ($($(#[$meta:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$meta])* const $name: &str = $text;)*

        /// Every statement of this file, by name.
        pub(crate) const SQL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}
pub(crate) use sql;

/// The statements of every table file.
const TABLES: &[(&str, &[(&str, &str)])] = &[
    // One line a table file.
    ("link_ledger", crate::link_ledger::SQL),
    ("users", crate::users::SQL),
    ("address_changes", crate::address_changes::SQL),
    ("address_codes", crate::address_codes::SQL),
    ("clients", crate::clients::SQL),
    ("connections", crate::connections::SQL),
    ("events", crate::events::SQL),
    ("flows", crate::flows::SQL),
    ("grants", crate::grants::SQL),
    ("idempotency", crate::idempotency::SQL),
    ("identities", crate::identities::SQL),
    ("invitations", crate::invitations::SQL),
    ("outbox", crate::outbox::SQL),
    ("passwords", crate::passwords::SQL),
    ("resource_servers", crate::resource_servers::SQL),
    ("sessions", crate::sessions::SQL),
    ("settings", crate::settings::SQL),
    ("throttles", crate::throttles::SQL),
    ("tickets", crate::tickets::SQL),
    ("webhook_deliveries", crate::webhook_deliveries::SQL),
    ("webhooks", crate::webhooks::SQL),
    ("keys", crate::keys::SQL),
    ("migrations", crate::migrate::SQL),
    ("store", crate::SQL),
];

/// All the texts that one file composes for an engine.
type Forms = fn(Engine) -> Vec<String>;

/// The texts that table files compose at run time from constants.
const COMPOSED: &[(&str, Forms)] = &[
    // One line a file that calls `rows_dynamic`.
    ("clock", crate::clock::composed),
    ("log_search", crate::log_search::composed),
    ("user_search", crate::user_search::composed),
];

/// A statement and where it stands.
#[derive(Clone, Debug)]
pub struct Statement {
    /// `table.NAME`.
    pub name: String,
    /// The text both engines get.
    pub text: String,
}

/// Every statement of the crate, as this engine gets it.
pub fn all(engine: Engine) -> Vec<Statement> {
    let fixed = TABLES.iter().flat_map(|(table, statements)| {
        statements
            .iter()
            .map(move |(name, text)| Statement { name: format!("{table}.{name}"), text: (*text).to_owned() })
    });
    let composed = COMPOSED.iter().flat_map(|(table, forms)| {
        let forms = forms(engine).into_iter().enumerate();
        forms.map(move |(n, text)| Statement { name: format!("{table}.composed {n}"), text })
    });
    fixed.chain(composed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The files of the crate that contain `sign`, by name.
    fn files_with(sign: &str) -> Vec<String> {
        let sources = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
        let names = sources.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let naming =
            names.filter(|path| std::fs::read_to_string(path).unwrap().lines().any(|line| line.contains(sign)));
        naming.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    }

    fn listed_as(file: &str) -> &str {
        match file {
            "lib" => "store",
            "migrate" => "migrations",
            other => other,
        }
    }

    #[test]
    fn every_file_with_statements_is_listed() {
        for file in files_with("sql! {").iter().filter(|file| *file != "statements") {
            assert!(TABLES.iter().any(|(table, _)| *table == listed_as(file)), "{file}.rs is missing in TABLES");
        }
        for file in files_with(".rows_dynamic(") {
            let is_test = file == "statements";
            assert!(is_test || COMPOSED.iter().any(|(table, _)| *table == file), "{file}.rs is missing in COMPOSED");
        }
    }

    #[test]
    fn every_statement_has_a_name_of_its_own() {
        let mut names: Vec<String> = all(Engine::Sqlite).into_iter().map(|statement| statement.name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
