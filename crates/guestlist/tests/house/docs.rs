//! Pages that exist: every link between our own pages leads somewhere, and every page of the book is in its contents.
//!
//! It looks at paths, not at anchors and not at the world outside.

use std::path::Path;

use guestlist_domain::log::{LOG_TYPES, LogType, When};

use crate::assert_none;
use crate::source::{SourceFile, example, files, root};

const CONTENTS: &str = "docs/SUMMARY.md";

/// The targets of `](...)` that are paths.
fn links(file: &SourceFile) -> Vec<String> {
    let targets = file.text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
    let paths = targets.map(|target| target.split('#').next().unwrap_or_default());
    paths.filter(|path| !path.is_empty() && !path.contains(':')).map(str::to_owned).collect()
}

fn beside(file: &SourceFile, link: &str) -> String {
    let folder = Path::new(&file.path).parent().unwrap_or_else(|| Path::new(""));
    folder.join(link).to_string_lossy().into_owned()
}

fn dead_links(pages: &[SourceFile], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let all = pages.iter().flat_map(|page| links(page).into_iter().map(move |link| (page, link)));
    let dead = all.filter(|(page, link)| !exists(&beside(page, link)));
    dead.map(|(page, link)| format!("{}: {link} leads nowhere", page.path)).collect()
}

fn unlisted(pages: &[SourceFile]) -> Vec<String> {
    let contents = pages.iter().find(|page| page.path == CONTENTS);
    let listed: Vec<String> =
        contents.map(|page| links(page).iter().map(|link| beside(page, link)).collect()).unwrap_or_default();
    let book = pages.iter().filter(|page| page.path.starts_with("docs/") && page.path != CONTENTS);
    let missing = book.filter(|page| !listed.contains(&page.path));
    missing.map(|page| format!("{} is not in {CONTENTS}", page.path)).collect()
}

fn pages() -> Vec<SourceFile> {
    let mut pages = files("docs", ".md");
    for name in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        let text = std::fs::read_to_string(root().join(name)).unwrap_or_default();
        pages.push(SourceFile { path: name.to_owned(), text });
    }
    pages
}

#[test]
fn every_page_is_listed_and_every_link_leads_somewhere() {
    let pages = pages();
    assert_none(&dead_links(&pages, |path| root().join(path).exists()));
    assert_none(&unlisted(&pages));
}

#[test]
fn the_rules_see_dead_links_and_unlisted_pages() {
    let pages = [
        example(CONTENTS, "[One](one.md) [Out](https://example.org/two.md)"),
        example("docs/one.md", "[gone](../gone.md#part) [here](#top)"),
        example("docs/two.md", "Nobody links here."),
    ];
    assert_eq!(dead_links(&pages, |path| path == "docs/one.md"), ["docs/one.md: ../gone.md leads nowhere"]);
    assert_eq!(unlisted(&pages), ["docs/two.md is not in docs/SUMMARY.md"]);
}

/// The table of the log's codes, as its page must have it.
fn log_codes() -> Vec<String> {
    let condition = |when: &When| match when {
        When::Says(name, value) => format!("`{name}` is `{value}`"),
        When::Nobody => "nobody has the address".to_owned(),
    };
    let line = |line: &LogType| {
        let conditions: Vec<String> = line.when.iter().map(condition).collect();
        format!("| `{}` | `{}` | {} | {} |", line.code, line.kind, conditions.join(" and "), line.description)
    };
    LOG_TYPES.iter().map(line).collect()
}

#[test]
fn the_page_of_the_log_has_every_code() {
    let text = std::fs::read_to_string(root().join("docs/logs.md")).unwrap_or_default();
    let table: Vec<&str> =
        text.lines().skip_while(|line| *line != "## Codes").filter(|line| line.starts_with("| `")).collect();
    assert_eq!(table, log_codes(), "the table should read:\n{}\n", log_codes().join("\n"));
}
