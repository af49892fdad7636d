//! The tower: which crate may know which, listed once and compared with what Cargo says.
//!
//! `guestlist -> web -> app -> {store, outbound} -> domain`; nothing runs up. An edge that is listed but gone is a
//! finding too, so that the table stays the picture of the house.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::assert_none;
use crate::source::root;

/// Who may know whom in what ships.
const ARROWS: &[(&str, &[&str])] = &[
    ("guestlist-domain", &[]),
    ("guestlist-store", &["guestlist-domain"]),
    ("guestlist-outbound", &["guestlist-domain"]),
    ("guestlist-app", &["guestlist-domain", "guestlist-outbound", "guestlist-store"]),
    ("guestlist-web", &["guestlist-app", "guestlist-domain"]),
    ("guestlist", &["guestlist-app", "guestlist-domain", "guestlist-web"]),
    (
        "guestlist-testkit",
        &["guestlist-app", "guestlist-domain", "guestlist-outbound", "guestlist-store", "guestlist-web"],
    ),
];

/// The only crate of ours that tests may add.
const TESTKIT: &str = "guestlist-testkit";

/// Everything that the rules may stand on; a longer list needs a decision record.
const DOMAIN_STANDS_ON: &[&str] =
    &["data-encoding", "serde", "serde_json", "sha2", "subtle", "thiserror", "url", "zeroize", "zxcvbn"];

const SQL: &[&str] = &["deadpool-postgres", "rusqlite", "sqlx", "tokio-postgres"];
const SERVING: &[&str] =
    &["axum", "axum-extra", "http", "http-body-util", "hyper", "hyper-util", "tower", "tower-http"];
const CALLING: &[&str] = &["lettre", "reqwest"];
const CHANCE: &[&str] = &["getrandom", "rand"];

/// What each room may not know of the world outside.
const NOT_FOR: &[(&str, &[&[&str]])] = &[
    ("guestlist-domain", &[SQL, SERVING, CALLING, CHANCE, &["tokio"]]),
    ("guestlist-store", &[SERVING, CALLING, CHANCE]),
    ("guestlist-outbound", &[SQL, &["axum", "axum-extra", "tower-http"], CHANCE]),
    ("guestlist-app", &[SQL, SERVING, CALLING, CHANCE]),
    ("guestlist-web", &[SQL, CALLING, CHANCE]),
    ("guestlist", &[SQL, CALLING]),
];

/// What one crate of the workspace declares, by name.
#[derive(Default)]
struct Declared {
    ships: BTreeSet<String>,
    tests: BTreeSet<String>,
}

type Workspace = BTreeMap<String, Declared>;

fn workspace() -> Workspace {
    let mut command = MetadataCommand::new();
    let metadata = command.manifest_path(root().join("Cargo.toml")).no_deps().exec().expect("cargo metadata answers");
    let mut workspace = Workspace::new();
    for package in metadata.workspace_packages() {
        let declared = workspace.entry(package.name.to_string()).or_default();
        for dependency in &package.dependencies {
            let kind =
                if dependency.kind == DependencyKind::Development { &mut declared.tests } else { &mut declared.ships };
            kind.insert(dependency.name.clone());
        }
    }
    workspace
}

fn findings(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for (name, declared) in workspace {
        let Some((_, allowed)) = ARROWS.iter().find(|(crate_name, _)| crate_name == name) else {
            found.push(format!("{name} is not in the table of arrows"));
            continue;
        };
        let ours = |names: &BTreeSet<String>| -> Vec<String> {
            names.iter().filter(|name| workspace.contains_key(*name)).cloned().collect()
        };
        let known = ours(&declared.ships);
        found.extend(known.iter().filter(|to| !allowed.contains(&to.as_str())).map(|to| format!("{name} knows {to}")));
        let unused = allowed.iter().filter(|to| !known.iter().any(|known| known == *to));
        found.extend(unused.map(|to| format!("{name} does not know {to}, but the table says so")));
        let tests = ours(&declared.tests).into_iter().filter(|to| to != TESTKIT && !allowed.contains(&to.as_str()));
        found.extend(tests.map(|to| format!("tests of {name} know {to}")));
    }
    found.extend(world(workspace));
    found
}

fn world(workspace: &Workspace) -> Vec<String> {
    let mut found = Vec::new();
    for (name, groups) in NOT_FOR {
        let Some(declared) = workspace.get(*name) else { continue };
        let forbidden = groups.iter().flat_map(|group| group.iter());
        let known = forbidden.filter(|outside| declared.ships.contains(**outside));
        found.extend(known.map(|outside| format!("{name} may not know {outside}")));
    }
    if let Some(domain) = workspace.get("guestlist-domain") {
        let more = domain.ships.iter().filter(|name| !DOMAIN_STANDS_ON.contains(&name.as_str()));
        found.extend(more.map(|name| format!("guestlist-domain stands on {name}, which is not on its list")));
    }
    found
}

#[test]
fn arrows_run_down_and_only_where_the_table_says() {
    let workspace = workspace();
    assert_eq!(workspace.len(), ARROWS.len(), "a crate of the table is gone");
    assert_none(&findings(&workspace));
}

#[test]
fn the_rule_sees_wrong_arrows_missing_arrows_and_forbidden_crates() {
    let declare = |names: &[&str], tests: &[&str]| Declared {
        ships: names.iter().map(|name| (*name).to_owned()).collect(),
        tests: tests.iter().map(|name| (*name).to_owned()).collect(),
    };
    let mut wrong = Workspace::new();
    wrong.insert("guestlist-domain".to_owned(), declare(&["serde", "tokio", "itertools"], &["guestlist-store"]));
    wrong.insert("guestlist-store".to_owned(), declare(&["guestlist-domain", "rusqlite"], &["guestlist-testkit"]));
    wrong.insert("guestlist-outbound".to_owned(), declare(&["guestlist-store", "reqwest"], &["axum"]));
    wrong.insert("guestlist-attic".to_owned(), declare(&[], &[]));
    assert_eq!(
        findings(&wrong),
        [
            "guestlist-attic is not in the table of arrows",
            "tests of guestlist-domain know guestlist-store",
            "guestlist-outbound knows guestlist-store",
            "guestlist-outbound does not know guestlist-domain, but the table says so",
            "guestlist-domain may not know tokio",
            "guestlist-domain stands on itertools, which is not on its list",
            "guestlist-domain stands on tokio, which is not on its list",
        ]
    );
}
