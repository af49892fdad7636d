//! That every language says the same things, that nothing is said in vain, and that wishes are understood.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The keys of a language with the variables each one uses, read from the files by their plain form.
fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources(language).into_values() {
        let mut current = None;
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if !line.starts_with([' ', '}']) {
                current = line.split_once(" =").map(|(key, _)| key.to_owned());
            }
            if let Some(key) = &current {
                keys.entry(key.clone()).or_default().extend(variables(line));
            }
        }
    }
    keys
}

fn variables(line: &str) -> impl Iterator<Item = String> + '_ {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    line.split('$').skip(1).map(move |rest| rest.chars().take_while(|c| is_name(*c)).collect())
}

#[test]
fn every_file_is_sound_and_defines_each_key_once() {
    for language in Language::ALL {
        let mut bundle = FluentBundle::new_concurrent(vec![language.tag().parse().unwrap()]);
        for (path, source) in sources(*language) {
            let resource = FluentResource::try_new(source).map_err(|(_, errors)| errors);
            let resource = resource.unwrap_or_else(|errors| panic!("{path}: {errors:?}"));
            bundle.add_resource(resource).unwrap_or_else(|errors| panic!("{path}: {errors:?}"));
        }
    }
}

#[test]
fn every_language_has_the_same_keys_with_the_same_variables() {
    let english = keys(Language::English);
    assert!(!english.is_empty());
    for language in Language::ALL {
        let other = keys(*language);
        for (key, variables) in &english {
            assert_eq!(Some(variables), other.get(key), "{key} in {language:?}");
        }
        let unknown: Vec<_> = other.keys().filter(|key| !english.contains_key(*key)).collect();
        assert!(unknown.is_empty(), "only in {language:?}: {unknown:?}");
    }
}

#[test]
fn every_key_is_used() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut text = String::new();
    for file in files_below(crates).filter(|path| !path.ends_with("i18n/tests.rs")) {
        text.push_str(&fs::read_to_string(file).unwrap());
    }
    let unused: Vec<_> = keys(Language::English).into_keys().filter(|key| !is_used(key, &text)).collect();
    assert!(unused.is_empty(), "in no template and no source: {unused:#?}");
}

/// Whether `"key"` stands somewhere, or a beginning of it that a template completes: `"state-" ~ state`.
fn is_used(key: &str, text: &str) -> bool {
    let beginnings = key.match_indices('-').map(|(at, _)| format!("\"{}\" ~", &key[..=at]));
    text.contains(&format!("\"{key}\"")) || beginnings.into_iter().any(|beginning| text.contains(&beginning))
}

fn files_below(folder: &Path) -> Box<dyn Iterator<Item = PathBuf>> {
    let wanted = |path: &PathBuf| {
        path.is_dir() || path.extension().is_some_and(|ext| ["rs", "html", "txt"].iter().any(|known| ext == *known))
    };
    let entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(wanted).collect();
    Box::new(entries.into_iter().flat_map(|path| -> Box<dyn Iterator<Item = PathBuf>> {
        if path.is_dir() { files_below(&path) } else { Box::new(std::iter::once(path)) }
    }))
}

#[test]
fn the_most_wanted_language_comes_first() {
    assert_eq!(accepted_tags("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5"), ["fr-CH", "fr", "en", "de", "*"]);
    assert_eq!(accepted_tags("en;q=0.2,de"), ["de", "en"]);
    assert_eq!(accepted_tags("de;q=0, en;q=x, ;;,"), [""]);
}

#[test]
fn a_language_is_chosen_by_its_primary_tag_and_english_is_the_last_resort() {
    assert_eq!(Language::choose(["fr", "de-AT", "en"]), Language::German);
    assert_eq!(Language::choose(["EN_us"]), Language::English);
    assert_eq!(Language::choose(["fr", "*", "", "den"]), Language::English);
    assert_eq!(Language::choose([]), Language::English);
}

#[test]
fn a_text_takes_its_variables_or_says_what_is_missing() {
    let words = Language::English.words();
    assert!(matches!(words.text("no-such-key", &[]), Err(TextError::Missing { .. })));
    assert!(matches!(words.text("date-moment", &[]), Err(TextError::Unfilled { .. })));
    assert_eq!(words.text("date-moment", &[("day", "A".into()), ("time", "B".into())]).unwrap(), "A, B UTC");
}

#[test]
fn moments_are_written_as_each_language_does() {
    let at = Timestamp::from_millis(1_763_871_000_000);
    assert_eq!(Language::English.words().moment(at).unwrap(), "23 November 2025, 04:10 UTC");
    assert_eq!(Language::German.words().moment(at).unwrap(), "23. November 2025, 04:10 UTC");
    assert_eq!(machine_readable(at), "2025-11-23T04:10:00Z");
    assert_eq!(Language::English.words().day(Timestamp::from_millis(i64::MAX)).unwrap(), "1 January 1970");
}
