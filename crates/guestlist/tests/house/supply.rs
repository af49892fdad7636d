//! What is linked in: licences that may be shipped, one TLS provider, one copy of what holds state.
//!
//! It reads what Cargo resolved and needs no network. `deny.toml` says the same, and more, to `cargo deny`.

use std::collections::BTreeMap;
use std::process::Command;

use cargo_metadata::MetadataCommand;

use crate::assert_none;
use crate::source::root;

/// Licences whose terms a binary under MIT OR Apache-2.0 can keep. `OpenSSL` is a part of aws-lc.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Never in the binary: a second TLS or crypto provider, a second asynchronous run time, a second SQLite driver.
const BANNED: &[&str] = &["async-io", "async-std", "native-tls", "openssl", "openssl-sys", "ring", "smol", "sqlx"];

/// Two copies of these would be two registries, two pools or two providers.
const ONCE: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "axum",
    "hyper",
    "libsqlite3-sys",
    "reqwest",
    "rusqlite",
    "rustls",
    "tokio",
    "tower-http",
];

/// Whether an SPDX expression can be met; the old `/` means OR, and AND binds closer than OR.
fn may_ship(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (allowed, rest) = either(&words);
    allowed && rest.is_empty()
}

fn either<'a, 'b>(words: &'a [&'b str]) -> (bool, &'a [&'b str]) {
    let (mut allowed, mut rest) = both(words);
    while let Some((&"OR", after)) = rest.split_first() {
        let (next, after) = both(after);
        (allowed, rest) = (allowed | next, after);
    }
    (allowed, rest)
}

fn both<'a, 'b>(words: &'a [&'b str]) -> (bool, &'a [&'b str]) {
    let (mut allowed, mut rest) = single(words);
    while let Some((&"AND", after)) = rest.split_first() {
        let (next, after) = single(after);
        (allowed, rest) = (allowed & next, after);
    }
    (allowed, rest)
}

fn single<'a, 'b>(words: &'a [&'b str]) -> (bool, &'a [&'b str]) {
    match words {
        ["(", inside @ ..] => {
            let (allowed, rest) = either(inside);
            (allowed && rest.first() == Some(&")"), rest.get(1..).unwrap_or_default())
        }
        [licence, "WITH", exception, rest @ ..] => {
            (LICENCES.contains(&format!("{licence} WITH {exception}").as_str()), rest)
        }
        [licence, rest @ ..] => (LICENCES.contains(licence), rest),
        [] => (false, words),
    }
}

/// Name and version of everything that the binary is built from, on every platform.
fn linked() -> Vec<(String, String)> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["tree", "--locked", "--package", "guestlist", "--edges", "normal,build", "--target", "all"])
        .args(["--prefix", "none", "--no-dedupe", "--format", "{p}"])
        .output()
        .expect("cargo tree answers");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut found: Vec<_> = text.lines().filter_map(name_and_version).collect();
    found.sort();
    found.dedup();
    assert!(found.len() > 100, "the tripwires look at the wrong tree");
    found
}

/// `rustls v0.23.46`, perhaps with `(proc-macro)` or a path behind.
fn name_and_version(line: &str) -> Option<(String, String)> {
    let mut words = line.split_whitespace();
    Some((words.next()?.to_owned(), words.next()?.trim_start_matches('v').to_owned()))
}

fn banned(linked: &[(String, String)]) -> Vec<String> {
    let found = linked.iter().filter(|(name, _)| BANNED.contains(&name.as_str()));
    found.map(|(name, version)| format!("{name} {version} is linked into the binary")).collect()
}

fn more_than_once(linked: &[(String, String)]) -> Vec<String> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, version) in linked.iter().filter(|(name, _)| ONCE.contains(&name.as_str())) {
        versions.entry(name).or_default().push(version);
    }
    let twice = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
    twice.map(|(name, versions)| format!("{name} is linked in versions {}", versions.join(" and "))).collect()
}

#[test]
fn every_licence_may_be_shipped() {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml")).other_options(["--locked".to_owned()]);
    let metadata = command.exec().expect("cargo metadata answers");
    let refused = metadata.packages.iter().filter(|package| !package.license.as_deref().is_some_and(may_ship));
    assert_none(&refused.map(|package| format!("{}: {:?}", package.name, package.license)).collect::<Vec<_>>());
}

#[test]
fn one_provider_of_cryptography_and_one_copy_of_what_holds_state() {
    let linked = linked();
    assert_none(&banned(&linked));
    assert_none(&more_than_once(&linked));
    let must = ["aws-lc-rs", "rustls", "rusqlite", "tokio-postgres"];
    assert_none(
        &must
            .iter()
            .filter(|name| !linked.iter().any(|(linked, _)| linked == *name))
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn licence_expressions_are_understood() {
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-2.0-only OR MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-3.0-only",
        "ISC AND (Apache-2.0 OR ISC) AND OpenSSL",
    ] {
        assert!(may_ship(good), "{good}");
    }
    for bad in [
        "",
        "AGPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "(MIT",
        "MIT)",
        "MIT Apache-2.0",
        "GPL-2.0-only WITH LLVM-exception",
    ] {
        assert!(!may_ship(bad), "{bad}");
    }
}

#[test]
fn the_rules_see_a_second_provider_and_a_second_copy() {
    let linked = ["ring v0.17.14", "rustls v0.23.46", "rustls v0.22.0", "syn v1.0.0", "syn v2.0.0 (proc-macro)"];
    let linked: Vec<_> = linked.iter().filter_map(|line| name_and_version(line)).collect();
    assert_eq!(banned(&linked), ["ring 0.17.14 is linked into the binary"]);
    assert_eq!(more_than_once(&linked), ["rustls is linked in versions 0.23.46 and 0.22.0"]);
}
