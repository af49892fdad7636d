//! The promise of this suite: no function of a table file is left out.

use std::path::Path;

/// The Rust files below a folder of this crate: name without ending, and text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    let below = folders.iter().flat_map(|folder| self::files(folder));
    files.iter().map(read).chain(below).collect()
}

#[test]
fn every_function_of_a_table_file_is_called_by_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests: String = files(&root.join("tests")).into_iter().map(|(_, text)| text).collect();
    let functions = files(&root.join("src")).into_iter().flat_map(|(table, text)| {
        let names = text.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split(['(', '<']).next());
        names.map(|name| format!("{table}::{name}")).collect::<Vec<_>>()
    });
    let functions: Vec<String> = functions.collect();
    assert!(functions.len() > 100, "the test looks in the wrong place");
    let is_called = |function: &&String| ["(", ")"].iter().any(|end| tests.contains(&format!("{function}{end}")));
    let left_out: Vec<&String> = functions.iter().filter(|function| !is_called(function)).collect();
    assert_eq!(left_out, Vec::<&String>::new());
}
