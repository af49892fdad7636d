//! How the tripwires see this tree: its files, and the words of Rust code without comments.
//!
//! It knows where things lie and how to take a file apart, and no rule.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// One file with its path from the root of the tree.
pub(crate) struct SourceFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the crate lies in its tree")
}

/// Every file below `folder` that ends so, in order of path.
pub(crate) fn files(folder: &str, ending: &str) -> Vec<SourceFile> {
    let root = root();
    let mut found = Vec::new();
    collect(&root, &root.join(folder), ending, &mut found);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// Every Rust file of the tree.
pub(crate) fn rust_files() -> Vec<SourceFile> {
    let found = files("crates", ".rs");
    assert!(found.len() > 20, "the tripwires look in the wrong place");
    found
}

fn collect(root: &Path, folder: &Path, ending: &str, found: &mut Vec<SourceFile>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" {
            collect(root, &path, ending, found);
        } else if path.is_file() && name.ends_with(ending) {
            let text = fs::read_to_string(&path).expect("a source file is text");
            let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            found.push(SourceFile { path, text });
        }
    }
}

/// A word of Rust code. Comments are gone; an attribute, doc comments included, is one word.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Name(String),
    Mark(char),
    Text(String),
    /// The names inside `#[...]`.
    Attribute(Vec<String>),
    Open(Delimiter),
    Close(Delimiter),
}

/// The words of a file; `tests` says whether `#[cfg(test)]` items are among them.
pub(crate) fn words(file: &SourceFile, tests: bool) -> Vec<Word> {
    let stream: TokenStream = file.text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.path));
    let mut words = Vec::new();
    flatten(stream, tests, &mut words);
    words
}

fn flatten(stream: TokenStream, tests: bool, words: &mut Vec<Word>) {
    let mut tokens = stream.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(name) => words.push(Word::Name(name.to_string())),
            TokenTree::Literal(literal) => {
                if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                    words.push(Word::Text(text.value()));
                }
            }
            TokenTree::Group(group) => {
                words.push(Word::Open(group.delimiter()));
                flatten(group.stream(), tests, words);
                words.push(Word::Close(group.delimiter()));
            }
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                tokens.next_if(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == '!'));
                let Some(TokenTree::Group(content)) = tokens.next_if(is_bracket) else { continue };
                let names = names(&content);
                let test_only = names == ["cfg", "test"];
                words.push(Word::Attribute(names));
                if test_only && !tests {
                    skip_item(&mut tokens);
                }
            }
            TokenTree::Punct(mark) => words.push(Word::Mark(mark.as_char())),
        }
    }
}

/// The rest of the item after an attribute: up to its braces or its semicolon.
fn skip_item(tokens: &mut impl Iterator<Item = TokenTree>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            TokenTree::Punct(mark) if mark.as_char() == ';' => return,
            _ => {}
        }
    }
}

fn is_bracket(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket)
}

fn names(group: &Group) -> Vec<String> {
    let mut words = Vec::new();
    flatten(group.stream(), true, &mut words);
    words.into_iter().filter_map(|word| if let Word::Name(name) = word { Some(name) } else { None }).collect()
}

/// A file that exists only in a test of a rule.
pub(crate) fn example(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), text: text.to_owned() }
}

#[test]
fn comments_and_tests_are_not_words() {
    let file =
        example("x.rs", "//! todo!()\nfn a() { /* b */ c(\"d\") } #[cfg(test)] mod tests { fn e() {} } fn f() {}");
    let names = |tests| {
        let words = words(&file, tests).into_iter();
        words
            .filter_map(|word| if let Word::Name(name) = word { Some(name) } else { None })
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(names(true), "fn a c mod tests fn e fn f");
    assert_eq!(names(false), "fn a c fn f");
}
