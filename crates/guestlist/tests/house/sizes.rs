//! What fits on a screen is read: files of at most 500 lines, functions of at most 80, each file with a head.
//!
//! `LONGER` is the one table of exceptions; an entry that is no longer needed is a finding too.

use proc_macro2::Span;
use syn::visit::{self, Visit};

use crate::assert_none;
use crate::source::{SourceFile, example, rust_files};

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 80;

/// `path` for a file, `path::function` for a function, and why it may be longer.
const LONGER: &[(&str, &str)] = &[];

fn long_files(file: &SourceFile) -> Vec<(String, usize)> {
    let lines = file.text.lines().count();
    if lines > FILE_LINES { vec![(file.path.clone(), lines)] } else { Vec::new() }
}

fn long_functions(file: &SourceFile) -> Vec<(String, usize)> {
    let parsed = syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
    let mut measure = Measure::default();
    measure.visit_file(&parsed);
    let long = measure.functions.into_iter().filter(|(_, lines)| *lines > FUNCTION_LINES);
    long.map(|(name, lines)| (format!("{}::{name}", file.path), lines)).collect()
}

/// Counts from `fn` to the closing brace: doc comments and attributes do not make a function longer.
#[derive(Default)]
struct Measure {
    functions: Vec<(String, usize)>,
}

impl Measure {
    fn note(&mut self, signature: &syn::Signature, end: Span) {
        let lines = end.end().line - signature.fn_token.span.start().line + 1;
        self.functions.push((signature.ident.to_string(), lines));
    }
}

impl<'a> Visit<'a> for Measure {
    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        self.note(&item.sig, item.block.brace_token.span.close());
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        self.note(&item.sig, item.block.brace_token.span.close());
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'a syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.note(&item.sig, block.brace_token.span.close());
        }
        visit::visit_trait_item_fn(self, item);
    }
}

fn has_head(file: &SourceFile) -> bool {
    file.text.lines().next().is_some_and(|line| line.len() > "//! .".len() && line.starts_with("//! "))
}

fn findings(files: &[SourceFile], longer: &[(&str, &str)]) -> Vec<String> {
    let mut found: Vec<String> =
        files.iter().filter(|file| !has_head(file)).map(|file| format!("{}: no `//!` head", file.path)).collect();
    let long: Vec<_> = files.iter().flat_map(|file| [long_files(file), long_functions(file)].concat()).collect();
    let listed = |what: &str| longer.iter().any(|(entry, _)| *entry == what);
    found.extend(long.iter().filter(|(what, _)| !listed(what)).map(|(what, lines)| format!("{what}: {lines} lines")));
    let stale = longer.iter().filter(|(entry, _)| !long.iter().any(|(what, _)| what == entry));
    found.extend(stale.map(|(entry, _)| format!("{entry}: listed as longer, but it is not")));
    found
}

#[test]
fn files_and_functions_fit_on_a_screen_and_say_what_they_are() {
    assert_none(&findings(&rust_files(), LONGER));
}

#[test]
fn the_rule_sees_long_files_long_functions_missing_heads_and_stale_exceptions() {
    let long_function = format!("//! A head.\nimpl X {{ fn long() {{\n{}}} }}", "let x = 1;\n".repeat(FUNCTION_LINES));
    let files = [
        example("file.rs", &format!("//! A head.\n{}", "\n".repeat(FILE_LINES))),
        example("function.rs", &long_function),
        example("headless.rs", "fn short() {}"),
        example("empty_head.rs", "//! .\nfn short() {}"),
        example("good.rs", "//! A head.\nfn short() {}"),
    ];
    let found = findings(&files, &[("good.rs", "no reason")]);
    assert_eq!(
        found,
        [
            "headless.rs: no `//!` head",
            "empty_head.rs: no `//!` head",
            "file.rs: 501 lines",
            "function.rs::long: 82 lines",
            "good.rs: listed as longer, but it is not",
        ]
    );
    assert_none(&findings(&files[..2], &[("file.rs", "a table"), ("function.rs::long", "a table")]));
}
