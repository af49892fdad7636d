//! The words of a query in Lucene's language.
//!
//! Owns quotes, escapes, parentheses and ranges. Must not know fields.

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    And,
    Or,
    Not,
    Open,
    Close,
    /// A name and its colon.
    Field(String),
    /// A value. In quotes, nothing in it is a wildcard.
    Term {
        text: String,
        quoted: bool,
    },
    /// `[a TO b]`, `{a TO b}` or a mixture.
    Range(Range),
}

/// A range; an end that is `*` is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) low: Option<String>,
    pub(super) with_low: bool,
    pub(super) high: Option<String>,
    pub(super) with_high: bool,
}

/// Takes a query apart.
pub(super) fn words(text: &str) -> Result<Vec<Word>, &'static str> {
    let mut rest = text;
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start();
        let mut letters = rest.chars();
        let Some(first) = letters.next() else { return Ok(found) };
        let behind = letters.as_str();
        let (word, next) = match first {
            '(' => (Word::Open, behind),
            ')' => (Word::Close, behind),
            '-' | '!' => (Word::Not, behind),
            '"' => phrase(behind)?,
            '[' | '{' => range(first, behind)?,
            ']' | '}' | '^' | '~' | '/' | '+' | '&' | '|' => return Err("a sign in it has no meaning here"),
            _ => plain(rest)?,
        };
        found.push(word);
        rest = next;
    }
}

fn phrase(text: &str) -> Result<(Word, &str), &'static str> {
    let mut found = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Ok((Word::Term { text: found, quoted: true }, letters.as_str())),
            '\\' => found.extend(letters.next()),
            other => found.push(other),
        }
    }
    Err("a quotation mark is not closed")
}

fn range(bracket: char, text: &str) -> Result<(Word, &str), &'static str> {
    let end = text.find([']', '}']).ok_or("a range is not closed")?;
    let (inside, behind) = (text.get(..end).unwrap_or_default(), text.get(end..).unwrap_or_default());
    let (low, high) = inside.split_once(" TO ").ok_or("a range has the form [a TO b]")?;
    let limit = |text: &str| {
        let text = text.trim().trim_matches('"');
        (text != "*").then(|| text.to_owned())
    };
    let range =
        Range { low: limit(low), with_low: bracket == '[', high: limit(high), with_high: behind.starts_with(']') };
    Ok((Word::Range(range), behind.get(1..).unwrap_or_default()))
}

/// A bare word: up to white space, a parenthesis, or the colon that makes it a field.
fn plain(text: &str) -> Result<(Word, &str), &'static str> {
    let mut found = String::new();
    let mut letters = text.chars();
    loop {
        let before = letters.as_str();
        match letters.next() {
            Some('\\') => found.extend(letters.next()),
            Some(':') if is_field_name(&found) => return Ok((Word::Field(found), letters.as_str())),
            Some('~' | '^' | '?') => return Err("'~', '^' and '?' have no meaning here; in quotes they are letters"),
            Some(letter) if !letter.is_whitespace() && !matches!(letter, '(' | ')') => found.push(letter),
            _ => return Ok((named(found), before)),
        }
    }
}

/// A colon behind anything else belongs to the value, as in a time.
fn is_field_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

fn named(text: String) -> Word {
    match text.as_str() {
        "AND" | "&&" => Word::And,
        "OR" | "||" => Word::Or,
        "NOT" => Word::Not,
        _ => Word::Term { text, quoted: false },
    }
}
