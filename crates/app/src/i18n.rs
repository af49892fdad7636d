//! Words: every sentence a person reads, in every language we have.
//!
//! Owns the Fluent files of `locales/`, which are part of the binary, the choice of a language, and how a moment is
//! written in it. Must not know pages, mails or requests; a header's text is just text here.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use guestlist_domain::time::Timestamp;
use rust_embed::RustEmbed;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use thiserror::Error;
use unic_langid::LanguageIdentifier;

#[derive(RustEmbed)]
#[folder = "../../locales"]
struct Files;

/// A language that we have words in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// English, the one that has every word first.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// Every language.
    pub const ALL: &[Self] = &[Self::English, Self::German];

    /// Its tag (BCP 47): the folder in `locales/`, and the `lang` attribute of a page.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// Its name, in itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// The language that a tag asks for: regions and scripts are not told apart, because our words are not.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.iter().copied().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The first of `wishes` that we have, or English.
    pub fn choose<'a>(wishes: impl IntoIterator<Item = &'a str>) -> Self {
        wishes.into_iter().find_map(Self::parse).unwrap_or_default()
    }

    /// Its words.
    pub fn words(self) -> &'static Words {
        static ENGLISH: LazyLock<Words> = LazyLock::new(|| Words::load(Language::English));
        static GERMAN: LazyLock<Words> = LazyLock::new(|| Words::load(Language::German));
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
        }
    }
}

/// The tags of an `Accept-Language` header, the most wanted first (RFC 9110, 12.5.4). What cannot be read is left out.
pub fn accepted_tags(header: &str) -> Vec<&str> {
    // A browser sends a handful; a header of thousands is not a wish.
    const MOST: usize = 20;
    let mut wishes: Vec<(&str, f32)> = header
        .split(',')
        .take(MOST)
        .filter_map(|item| {
            let (tag, quality) = item.split_once(';').unwrap_or((item, "q=1"));
            let quality: f32 = quality.trim().strip_prefix("q=")?.parse().ok()?;
            (quality > 0.0).then_some((tag.trim(), quality))
        })
        .collect();
    wishes.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    wishes.into_iter().map(|(tag, _)| tag).collect()
}

/// A text that was asked for and does not exist, or could not be filled in. A mistake of ours that a test finds.
#[derive(Debug, Error)]
pub enum TextError {
    /// No such key in this language.
    #[error("no text {key:?} in {language:?}")]
    Missing {
        /// Which key.
        key: String,
        /// In which language.
        language: Language,
    },
    /// A variable of the text was not given.
    #[error("the text {key:?} in {language:?} could not be filled in: {reason}")]
    Unfilled {
        /// Which key.
        key: String,
        /// In which language.
        language: Language,
        /// What is wrong with it.
        reason: String,
    },
}

/// A value that goes into a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg<'a> {
    /// Text as it is.
    Text(&'a str),
    /// A number, which may decide between singular and plural.
    Number(i64),
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Arg<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<i8> for Arg<'_> {
    fn from(number: i8) -> Self {
        Self::Number(number.into())
    }
}

/// Every text of one language.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Words {
    fn load(language: Language) -> Self {
        let tag = language.tag().parse().unwrap_or(LanguageIdentifier::default());
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // The marks keep right-to-left names apart inside a sentence; in a subject line or an attribute they are dirt.
        bundle.set_use_isolating(false);
        for source in sources(language).into_values() {
            // A file with a mistake gives the texts that could be read; a test refuses such a file.
            let resource = FluentResource::try_new(source).unwrap_or_else(|(readable, _)| readable);
            bundle.add_resource_overriding(resource);
        }
        Self { language, bundle }
    }

    /// The language these words are in.
    pub const fn language(&self) -> Language {
        self.language
    }

    /// The text called `key`, with its variables filled in.
    pub fn text<'a>(&self, key: &str, args: &[(&'a str, Arg<'a>)]) -> Result<String, TextError> {
        let missing = || TextError::Missing { key: key.to_owned(), language: self.language };
        let message = self.bundle.get_message(key).ok_or_else(missing)?;
        let pattern = message.value().ok_or_else(missing)?;
        let args: FluentArgs<'_> = args
            .iter()
            .map(|(name, arg)| match arg {
                Arg::Text(text) => (*name, FluentValue::from(*text)),
                Arg::Number(number) => (*name, FluentValue::from(*number)),
            })
            .collect();
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        match errors.first() {
            None => Ok(text),
            Some(error) => {
                Err(TextError::Unfilled { key: key.to_owned(), language: self.language, reason: error.to_string() })
            }
        }
    }

    /// A day, written out: `23 November 2026`. In UTC, like every time we show.
    pub fn day(&self, at: Timestamp) -> Result<String, TextError> {
        let civil = civil(at);
        let month = self.text("date-month", &[("month", civil.month().into())])?;
        let (day, year) = (civil.day().to_string(), civil.year().to_string());
        self.text("date-day", &[("day", Arg::from(&day)), ("month", Arg::from(&month)), ("year", Arg::from(&year))])
    }

    /// A moment, written out: `23 November 2026, 04:10 UTC`.
    pub fn moment(&self, at: Timestamp) -> Result<String, TextError> {
        let time = civil(at).strftime("%H:%M").to_string();
        let day = self.day(at)?;
        self.text("date-moment", &[("day", Arg::from(&day)), ("time", Arg::from(&time))])
    }
}

/// A moment for machines: `2026-11-23T04:10:00Z`.
pub fn machine_readable(at: Timestamp) -> String {
    civil(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn civil(at: Timestamp) -> jiff::civil::DateTime {
    // A moment outside the calendar is a broken row; it is shown as the nearest end of the calendar's first second.
    let instant = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::Offset::UTC.to_datetime(instant)
}

/// The Fluent files of a language, by their path under `locales/`.
fn sources(language: Language) -> BTreeMap<String, String> {
    Files::iter()
        .filter(|path| path.split('/').next() == Some(language.tag()) && path.ends_with(".ftl"))
        .filter_map(|path| {
            let file = Files::get(&path)?;
            Some((path.into_owned(), String::from_utf8_lossy(&file.data).into_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests;
