//! The query language of `q`: the part of Lucene's that Auth0 documents and that has a meaning here.
//!
//! Owns the reading of text into a [`Filter`] over the fields of a [`Language`], that of users among them, with a cap on its size (R18). What is not supported is refused with
//! words, never guessed. Must not know how users are found.

use super::lucene_words::{Word, words};
use super::query::invalid;
use crate::error::ApiError;
use guestlist_domain::filter::{Filter, Span};
use guestlist_domain::time::{Timestamp, days};
use guestlist_domain::user_filter::{Fact, FlagField, TextField, TextMatch, TimeField, UserFilter};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::iter::Peekable;
use std::marker::PhantomData;
use std::vec::IntoIter;

/// The longest query, in bytes.
const MAX_BYTES: usize = 2_000;
/// The most terms.
const MAX_TERMS: usize = 60;
/// The deepest nesting of parentheses.
const MAX_DEPTH: usize = 10;
/// The fewest letters that are looked for inside a text.
const MIN_INSIDE: usize = 3;

/// The fields that can be asked for in one list, and what their values mean.
pub(super) trait Language {
    /// What is so or not.
    type Fact;
    /// A field.
    type Field: Copy;
    /// Reads a field's name.
    fn field(name: &str) -> Option<Self::Field>;
    /// The field is there at all.
    fn exists(field: Self::Field) -> Filter<Self::Fact>;
    /// The field is like this.
    fn value(field: Self::Field, word: Word) -> Result<Filter<Self::Fact>, ApiError>;
    /// A term without a field.
    fn bare(word: Word) -> Result<Filter<Self::Fact>, ApiError>;
}

/// Reads a query about users.
pub(super) fn parse(text: &str) -> Result<UserFilter, ApiError> {
    parse_in::<Users>(text)
}

/// Reads a query.
pub(super) fn parse_in<L: Language>(text: &str) -> Result<Filter<L::Fact>, ApiError> {
    if text.len() > MAX_BYTES {
        return Err(refused("it is too long"));
    }
    let words = words(text).map_err(refused)?;
    if words.is_empty() || words == [Word::Term { text: "*".to_owned(), quoted: false }] {
        return Ok(Filter::Everybody);
    }
    if words.iter().filter(|word| matches!(word, Word::Term { .. } | Word::Range(_))).count() > MAX_TERMS {
        return Err(refused("it has too many terms"));
    }
    let mut parser = Parser::<L> { language: PhantomData, words: words.into_iter().peekable(), depth: 0 };
    let filter = parser.any(None)?;
    if parser.words.next().is_some() { Err(refused("a parenthesis is not opened")) } else { Ok(filter) }
}

struct Parser<L> {
    language: PhantomData<L>,
    words: Peekable<IntoIter<Word>>,
    depth: usize,
}

/// A field that can be asked for.
#[derive(Clone, Copy)]
enum Field {
    Text(TextField),
    Flag(FlagField),
    Time(TimeField),
    EmailDomain,
    Connection,
    Provider,
}

impl Field {
    fn read(name: &str) -> Option<Self> {
        Some(match name {
            "user_id" => Self::Text(TextField::Id),
            "email" | "email.raw" => Self::Text(TextField::Email),
            "name" => Self::Text(TextField::Name),
            "nickname" => Self::Text(TextField::Nickname),
            "given_name" => Self::Text(TextField::GivenName),
            "family_name" => Self::Text(TextField::FamilyName),
            "blocked" => Self::Flag(FlagField::Blocked),
            "email_verified" => Self::Flag(FlagField::EmailVerified),
            "created_at" => Self::Time(TimeField::CreatedAt),
            "updated_at" => Self::Time(TimeField::UpdatedAt),
            "last_login" => Self::Time(TimeField::LastLogin),
            "email.domain" => Self::EmailDomain,
            "identities.connection" => Self::Connection,
            "identities.provider" => Self::Provider,
            _ => return None,
        })
    }
}

impl<L: Language> Parser<L> {
    /// Alternatives. `field` is the one before the parenthesis, as in `email:(a OR b)`.
    fn any(&mut self, field: Option<L::Field>) -> Result<Filter<L::Fact>, ApiError> {
        let mut parts = vec![self.all(field)?];
        while self.words.next_if(|word| *word == Word::Or).is_some() {
            parts.push(self.all(field)?);
        }
        Ok(single(parts, Filter::Any))
    }

    /// Conditions side by side. Lucene's own default between bare neighbours is OR; Auth0 documents AND and OR always
    /// written, so neighbours without a word are taken for AND, which finds less and never a stranger.
    fn all(&mut self, field: Option<L::Field>) -> Result<Filter<L::Fact>, ApiError> {
        let mut parts = vec![self.one(field)?];
        loop {
            match self.words.peek() {
                Some(Word::And) => {
                    self.words.next();
                }
                None | Some(Word::Or | Word::Close) => return Ok(single(parts, Filter::All)),
                Some(_) => {}
            }
            parts.push(self.one(field)?);
        }
    }

    fn one(&mut self, field: Option<L::Field>) -> Result<Filter<L::Fact>, ApiError> {
        match self.words.next() {
            Some(Word::Not) => {
                self.deeper()?;
                let inner = self.one(field)?;
                self.depth -= 1;
                Ok(Filter::Not(Box::new(inner)))
            }
            Some(Word::Open) => self.group(field),
            Some(Word::Field(name)) if field.is_none() => self.value_of(&name),
            Some(Word::Field(_)) => Err(refused("a field stands inside the values of another")),
            Some(word @ (Word::Term { .. } | Word::Range(_))) => match field {
                Some(field) => of_field::<L>(field, word),
                None => L::bare(word),
            },
            Some(Word::And | Word::Or | Word::Close) | None => Err(refused("a term is missing")),
        }
    }

    fn value_of(&mut self, name: &str) -> Result<Filter<L::Fact>, ApiError> {
        if name == "_exists_" {
            return match self.words.next() {
                Some(Word::Term { text, .. }) => field::<L>(&text).map(L::exists),
                _ => Err(refused("_exists_ needs the name of a field")),
            };
        }
        let field = field::<L>(name)?;
        match self.words.next() {
            Some(Word::Open) => self.group(Some(field)),
            Some(word @ (Word::Term { .. } | Word::Range(_))) => of_field::<L>(field, word),
            _ => Err(refused(&format!("the field '{name}' has no value"))),
        }
    }

    fn group(&mut self, field: Option<L::Field>) -> Result<Filter<L::Fact>, ApiError> {
        self.deeper()?;
        let inner = self.any(field)?;
        self.depth -= 1;
        match self.words.next() {
            Some(Word::Close) => Ok(inner),
            _ => Err(refused("a parenthesis is not closed")),
        }
    }

    fn deeper(&mut self) -> Result<(), ApiError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(refused("it is nested too deeply")) } else { Ok(()) }
    }
}

fn single<F>(mut parts: Vec<Filter<F>>, many: impl FnOnce(Vec<Filter<F>>) -> Filter<F>) -> Filter<F> {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            many(parts)
        }
    }
}

fn field<L: Language>(name: &str) -> Result<L::Field, ApiError> {
    L::field(name).ok_or_else(|| refused(&format!("the field '{}' cannot be searched", shortened(name))))
}

fn of_field<L: Language>(field: L::Field, word: Word) -> Result<Filter<L::Fact>, ApiError> {
    match word {
        Word::Term { text, quoted: false } if text == "*" => Ok(L::exists(field)),
        word => L::value(field, word),
    }
}

/// The language of users.
struct Users;

impl Language for Users {
    type Fact = Fact;
    type Field = Field;

    fn field(name: &str) -> Option<Field> {
        Field::read(name)
    }

    fn exists(field: Field) -> UserFilter {
        match field {
            Field::Text(field) => Filter::Is(Fact::Has(field)),
            Field::Time(field) => Filter::Is(Fact::Moment(field, Span::default())),
            Field::Flag(_) | Field::EmailDomain | Field::Connection | Field::Provider => Filter::Everybody,
        }
    }

    fn value(field: Field, word: Word) -> Result<UserFilter, ApiError> {
        of_user(field, word)
    }

    /// It is looked for where a person would look.
    fn bare(word: Word) -> Result<UserFilter, ApiError> {
        let how = text_match(word, true)?;
        let fields = TextField::ALL.iter().filter(|field| **field != TextField::Id);
        Ok(Filter::Any(fields.map(|field| Filter::Is(Fact::Text(*field, how.clone()))).collect()))
    }
}

fn of_user(field: Field, word: Word) -> Result<UserFilter, ApiError> {
    let fact = match field {
        Field::Text(field) => Fact::Text(field, text_match(word, field != TextField::Id)?),
        Field::Time(field) => Fact::Moment(field, span(word)?),
        Field::Flag(field) => match whole(word)?.as_str() {
            "true" => Fact::Flag(field, true),
            "false" => Fact::Flag(field, false),
            _ => return Err(refused("a flag is 'true' or 'false'")),
        },
        Field::EmailDomain => Fact::EmailDomain(whole(word)?),
        Field::Connection => Fact::Connection(whole(word)?),
        Field::Provider => Fact::Provider(whole(word)?),
    };
    Ok(Filter::Is(fact))
}

/// A value as it is.
pub(super) fn whole(word: Word) -> Result<String, ApiError> {
    match word {
        Word::Term { text, quoted } if quoted || !text.contains('*') => Ok(text),
        _ => Err(refused("this field takes whole values only")),
    }
}

fn text_match(word: Word, inside: bool) -> Result<TextMatch, ApiError> {
    let Word::Term { text, quoted } = word else { return Err(refused("only moments have ranges")) };
    if quoted || !text.contains('*') {
        return Ok(TextMatch::Whole(text));
    }
    let core = text.trim_matches('*');
    if core.is_empty() || core.contains('*') {
        return Err(refused("a wildcard stands at the beginning or at the end"));
    }
    match (text.starts_with('*'), text.ends_with('*')) {
        (false, _) => Ok(TextMatch::Prefix(core.to_owned())),
        (true, true) if inside && core.chars().count() >= MIN_INSIDE => Ok(TextMatch::Inside(core.to_owned())),
        (true, true) if inside => Err(refused("a wildcard on both sides needs three letters between")),
        (true, _) => Err(refused("a wildcard at the beginning alone is not supported")),
    }
}

/// A day, a moment, or a range of them. A day stands for all of it.
pub(super) fn span(word: Word) -> Result<Span, ApiError> {
    match word {
        Word::Term { text, .. } => {
            let (from, before) = moment(&text)?;
            Ok(Span { from: Some(from), before: Some(before) })
        }
        Word::Range(range) => {
            let from = range.low.as_deref().map(moment).transpose()?;
            let before = range.high.as_deref().map(moment).transpose()?;
            Ok(Span {
                from: from.map(|(first, behind)| if range.with_low { first } else { behind }),
                before: before.map(|(first, behind)| if range.with_high { behind } else { first }),
            })
        }
        _ => Err(refused("a moment is a date, or a date and a time")),
    }
}

/// The first moment that a date or a time stands for, and the first behind it.
fn moment(text: &str) -> Result<(Timestamp, Timestamp), ApiError> {
    let millis = |stamp: jiff::Timestamp| Timestamp::from_millis(stamp.as_millisecond());
    if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
        let first = millis(stamp);
        return Ok((first, Timestamp::from_millis(first.millis().saturating_add(1))));
    }
    let midnight = text.parse::<Date>().ok().and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    let first = midnight
        .map(|zoned| millis(zoned.timestamp()))
        .ok_or_else(|| refused("a moment is a date, or a date and a time"))?;
    Ok((first, first.plus(days(1))))
}

fn shortened(name: &str) -> String {
    name.chars().take(60).collect()
}

/// What is not supported, in words.
pub(super) fn refused(why: &str) -> ApiError {
    invalid(&format!("'q' is not supported: {why}"))
}

#[cfg(test)]
#[path = "lucene_tests.rs"]
mod tests;
