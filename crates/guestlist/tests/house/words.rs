//! Words that may not be written: skipped tests, unfinished code, sleeping tests, SQL outside the store.
//!
//! It reads words of code, so a comment or a text may speak of all of them.

use proc_macro2::Delimiter;

use crate::assert_none;
use crate::source::{SourceFile, Word, example, rust_files, words};

/// Where a test may sleep, and why.
const MAY_SLEEP: &[(&str, &str)] = &[];

fn unfinished(file: &SourceFile) -> Vec<String> {
    let words = words(file, true);
    let mut found = Vec::new();
    for word in &words {
        if matches!(word, Word::Attribute(names) if names.iter().any(|name| name == "ignore")) {
            found.push(format!("{}: #[ignore]", file.path));
        }
    }
    for pair in words.windows(2) {
        if let [Word::Name(name), Word::Mark('!')] = pair
            && matches!(name.as_str(), "todo" | "unimplemented")
        {
            found.push(format!("{}: {name}!", file.path));
        }
    }
    found
}

fn sleeping(file: &SourceFile) -> Vec<String> {
    if !file.path.contains("/tests/") || MAY_SLEEP.iter().any(|(path, _)| *path == file.path) {
        return Vec::new();
    }
    let words = words(file, true);
    let sleeps = words.windows(2).any(|pair| {
        matches!(pair, [Word::Name(name), Word::Open(Delimiter::Parenthesis)] if name == "sleep" || name == "sleep_until")
    });
    if sleeps { vec![format!("{}: a test waits for an event, not for time", file.path)] } else { Vec::new() }
}

/// Only what ships is looked at: a test may ask a database what it holds.
fn sql_outside_the_store(file: &SourceFile) -> Vec<String> {
    let elsewhere = ["store", "testkit"].iter().all(|room| !file.path.starts_with(&format!("crates/{room}/")));
    if !elsewhere || !file.path.contains("/src/") {
        return Vec::new();
    }
    let texts = words(file, false).into_iter();
    let texts = texts.filter_map(|word| if let Word::Text(text) = word { Some(text) } else { None });
    texts.filter(|text| is_sql(text)).map(|text| format!("{}: SQL outside the store: {text:?}", file.path)).collect()
}

fn is_sql(text: &str) -> bool {
    let text = text.trim_start();
    let upper = text.to_ascii_uppercase();
    let begins = |words: &[&str]| words.iter().any(|word| upper.starts_with(word));
    begins(&["INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "ALTER TABLE ", "DROP TABLE ", "BEGIN IMMEDIATE"])
        || ["SELECT ", "PRAGMA ", "SAVEPOINT "].iter().any(|word| text.starts_with(word))
        || (begins(&["UPDATE "]) && upper.contains(" SET "))
        || (begins(&["SELECT "]) && upper.contains(" FROM ") && upper.contains(" WHERE "))
}

#[test]
fn nothing_is_skipped_or_unfinished() {
    assert_none(&rust_files().iter().flat_map(unfinished).collect::<Vec<_>>());
}

#[test]
fn no_test_sleeps() {
    assert_none(&rust_files().iter().flat_map(sleeping).collect::<Vec<_>>());
}

#[test]
fn only_the_store_speaks_sql() {
    assert_none(&rust_files().iter().flat_map(sql_outside_the_store).collect::<Vec<_>>());
}

#[test]
fn the_rules_see_what_they_forbid() {
    let file = |path, text| example(path, text);
    let skipped = file("a.rs", "#[test] #[ignore = \"slow\"] fn a() { b(\"todo!\") }");
    assert_eq!(unfinished(&skipped), ["a.rs: #[ignore]"]);
    assert_eq!(unfinished(&file("a.rs", "fn a() { todo!() } // unimplemented!()")), ["a.rs: todo!"]);
    let sleepy = "async fn a() { tokio::time::sleep(MINUTE).await }";
    assert_eq!(sleeping(&file("crates/web/tests/a.rs", sleepy)).len(), 1);
    assert_none(&sleeping(&file("crates/app/src/jobs.rs", sleepy)));
    let sql = "const A: &str = \"SELECT id FROM users\";";
    assert_eq!(sql_outside_the_store(&file("crates/app/src/a.rs", sql)).len(), 1);
    assert_none(&sql_outside_the_store(&file("crates/store/src/a.rs", sql)));
    let in_test = format!("#[cfg(test)] mod tests {{ {sql} }}");
    assert_none(&sql_outside_the_store(&file("crates/app/src/a.rs", &in_test)));
}

#[test]
fn sql_is_told_from_english() {
    for sql in ["\n  update users set a = 1", "insert into t values (1)", "PRAGMA x", "select a from b where c = 1"] {
        assert!(is_sql(sql), "{sql}");
    }
    for english in ["Select a file from your disk", "Update your password", "Delete this connection?", "begin"] {
        assert!(!is_sql(english), "{english}");
    }
}
