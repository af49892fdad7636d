//! What the strict content policy would refuse, refused before it is served: inline script and style, foreign origins.
//!
//! It also keeps every value escaped: no `safe` filter, no switched-off escaping. Mails may carry inline style,
//! since mail programs know no other, but neither script nor unescaped values.

use crate::assert_none;
use crate::source::{SourceFile, example, files};

const PAGES: &str = "crates/web/templates";
const MAILS: &str = "crates/app/templates";

fn unescaped(file: &SourceFile) -> Vec<String> {
    let squeezed: String = file.text.to_ascii_lowercase().split_whitespace().collect();
    let wrong = ["|safe", "autoescape"].iter().filter(|word| squeezed.contains(*word));
    wrong.map(|word| format!("{}: {word}", file.path)).collect()
}

fn script(file: &SourceFile) -> Vec<String> {
    let mut found = Vec::new();
    for tag in tags(&file.text) {
        if tag.starts_with("script") && !tag.contains(" src=") {
            found.push(format!("{}: inline script", file.path));
        }
        if attributes(&tag).any(|name| name.len() > 2 && name.starts_with("on")) || tag.contains("javascript:") {
            found.push(format!("{}: script in <{tag}>", file.path));
        }
    }
    found
}

fn style(file: &SourceFile) -> Vec<String> {
    let wrong = tags(&file.text).filter(|tag| tag.starts_with("style") || attributes(tag).any(|name| name == "style"));
    wrong.map(|tag| format!("{}: inline style in <{tag}>", file.path)).collect()
}

/// A page loads nothing from elsewhere; a link that a person follows may lead anywhere.
fn foreign(file: &SourceFile) -> Vec<String> {
    let loads = |tag: &String| ["script", "img", "link", "iframe", "source"].iter().any(|name| tag.starts_with(name));
    let wrong = tags(&file.text)
        .filter(loads)
        .filter(|tag| ["=\"http", "='http", "=\"//", "='//"].iter().any(|to| tag.contains(to)));
    wrong.map(|tag| format!("{}: loads from elsewhere: <{tag}>", file.path)).collect()
}

/// The inside of every tag, lower case, with single spaces.
fn tags(text: &str) -> impl Iterator<Item = String> {
    let lower = text.to_ascii_lowercase();
    let starts: Vec<String> = lower.split('<').skip(1).map(str::to_owned).collect();
    starts.into_iter().filter_map(|rest| {
        let inside = rest.split_once('>').map_or(rest.as_str(), |(inside, _)| inside);
        inside
            .starts_with(|c: char| c.is_ascii_alphabetic())
            .then(|| inside.split_whitespace().collect::<Vec<_>>().join(" "))
    })
}

fn attributes(tag: &str) -> impl Iterator<Item = &str> {
    tag.split(' ').skip(1).filter_map(|word| word.split_once('=')).map(|(name, _)| name)
}

#[test]
fn pages_pass_a_strict_content_policy() {
    let pages = files(PAGES, ".html");
    assert!(!pages.is_empty(), "no page below {PAGES}: the tripwire looks in the wrong place");
    assert_none(
        &pages
            .iter()
            .flat_map(|page| [unescaped(page), script(page), style(page), foreign(page)].concat())
            .collect::<Vec<_>>(),
    );
}

#[test]
fn mails_hold_no_script_and_no_unescaped_value() {
    let mails = files(MAILS, ".html");
    assert!(!mails.is_empty(), "no mail below {MAILS}: the tripwire looks in the wrong place");
    assert_none(
        &mails.iter().flat_map(|mail| [unescaped(mail), script(mail), foreign(mail)].concat()).collect::<Vec<_>>(),
    );
}

#[test]
fn the_rules_see_what_they_forbid() {
    let page = |text: &str| example("page.html", text);
    for (text, rule) in [
        ("<p>{{ name | safe }}</p>", unescaped as fn(&SourceFile) -> Vec<String>),
        ("{% autoescape false %}", unescaped),
        ("<script>alert(1)</script>", script),
        ("<button\n  onclick='go()'>", script),
        ("<a href=\"javascript:go()\">", script),
        ("<p class=\"a\" style=\"color:red\">", style),
        ("<STYLE>p{}</STYLE>", style),
        ("<img src=\"https://example.org/a.png\">", foreign),
    ] {
        assert_eq!(rule(&page(text)).len(), 1, "{text}");
    }
    let good = "<script src=\"/static/passkey.js\" defer></script><a href=\"https://example.org\">on=1 style=2</a>";
    let all = [unescaped(&page(good)), script(&page(good)), style(&page(good)), foreign(&page(good))].concat();
    assert_none(&all);
}
