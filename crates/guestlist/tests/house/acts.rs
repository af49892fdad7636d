//! Within `app`, acts do not call acts: what two of them share is a building block, listed here.
//!
//! An act is a module of `crates/app/src` that is not listed. Tests of an act may set the stage with others.

use std::collections::BTreeSet;

use proc_macro2::Delimiter;

use crate::assert_none;
use crate::source::{SourceFile, Word, example, files, words};

/// Modules that any act may use; what they offer is done inside the caller's transaction or has no effect at all.
const BUILDING_BLOCKS: &[&str] = &[
    "address_code",
    "admission",
    "app",
    "audience",
    "claims",
    "clock",
    "error",
    "history",
    "i18n",
    "jobs",
    "keys",
    "landing",
    "ledger",
    "linked",
    "mails",
    "merging",
    "outbox",
    "passkeys",
    "passwords",
    "proof",
    "rules",
    "seal",
    "sessions",
    "settings",
    "slate",
    "throttle",
    "timekeeping",
];

/// Calls that stand although they cross: who, whom, why.
const CROSSINGS: &[(&str, &str, &str)] = &[
    ("app", "connections", "the password database's connection is there from the first start"),
    ("jobs", "webhooks", "what a webhook is signed with is opened there for one delivery, and a receiver may end it"),
    ("recover", "invite", "a user who is only on the list has no password to forget: the invitation is sent again"),
    ("social", "accept", "a guest who accepted is the same outcome by whichever way in"),
    ("social", "connections", "a provider is spoken to with its connection's secret, opened there alone"),
];

/// `crates/app/src/accept/social.rs` belongs to `accept`.
fn module_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("crates/app/src/")?;
    let module = inside.split('/').next()?.trim_end_matches(".rs");
    (module != "lib" && module != "tests").then_some(module)
}

/// The modules named by `crate::module` and `crate::{module, ...}`.
fn neighbours(words: &[Word]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, window) in words.windows(3).enumerate() {
        let [Word::Name(root), Word::Mark(':'), Word::Mark(':')] = window else { continue };
        if root != "crate" {
            continue;
        }
        match words.get(at + 3) {
            Some(Word::Name(module)) => drop(found.insert(module.clone())),
            Some(Word::Open(Delimiter::Brace)) => found.extend(heads_of_group(words.get(at + 4..).unwrap_or_default())),
            _ => {}
        }
    }
    found
}

/// The first name of each entry of a `use` group, up to its closing brace.
fn heads_of_group(words: &[Word]) -> Vec<String> {
    let (mut heads, mut depth, mut first) = (Vec::new(), 0, true);
    for word in words {
        match word {
            Word::Name(name) if depth == 0 && first => {
                heads.push(name.clone());
                first = false;
            }
            Word::Mark(',') if depth == 0 => first = true,
            Word::Open(_) => depth += 1,
            Word::Close(_) if depth == 0 => break,
            Word::Close(_) => depth -= 1,
            _ => {}
        }
    }
    heads
}

fn findings(files: &[SourceFile], crossings: &[(&str, &str, &str)]) -> Vec<String> {
    let modules: BTreeSet<&str> = files.iter().filter_map(|file| module_of(&file.path)).collect();
    let is_act = |module: &str| modules.contains(module) && !BUILDING_BLOCKS.contains(&module);
    let mut found = Vec::new();
    let mut used = BTreeSet::new();
    for file in files {
        let Some(from) = module_of(&file.path) else { continue };
        for to in neighbours(&words(file, false)) {
            if to == from || !is_act(&to) {
                continue;
            }
            match crossings.iter().find(|(who, whom, _)| *who == from && *whom == to) {
                Some((who, whom, _)) => drop(used.insert((*who, *whom))),
                None => found.push(format!("{}: `{from}` calls the act `{to}`", file.path)),
            }
        }
    }
    let stale = crossings.iter().filter(|(who, whom, _)| !used.contains(&(*who, *whom)));
    found.extend(stale.map(|(who, whom, _)| format!("`{who}` does not call `{whom}`, but is listed")));
    found
}

#[test]
fn acts_do_not_call_acts() {
    assert_none(&findings(&files("crates/app/src", ".rs"), CROSSINGS));
}

#[test]
fn the_rule_sees_every_way_of_naming_an_act() {
    let app = |name: &str, text: &str| example(&format!("crates/app/src/{name}.rs"), text);
    let files = [
        app("invite", "use crate::{app::App, mails, accept::{Accepted, self}};"),
        app("accept", "use crate::accept::social; fn a() { crate::passwords::check() }"),
        app("accept/social", "fn a() { matches!(x, crate::invite::Sent) }"),
        app("recover", "#[cfg(test)] mod tests { use crate::invite; }"),
        app("app", "use crate::recover::ask;"),
        app("lib", "pub use crate::invite::invite;"),
        app("mails", "//! Mails."),
    ];
    let found = findings(&files, &[("recover", "invite", "none")]);
    assert_eq!(
        found,
        [
            "crates/app/src/invite.rs: `invite` calls the act `accept`",
            "crates/app/src/accept/social.rs: `accept` calls the act `invite`",
            "crates/app/src/app.rs: `app` calls the act `recover`",
            "`recover` does not call `invite`, but is listed",
        ]
    );
}
