//! What the templates of mails can say: texts, moments, and other people's words made harmless.
//!
//! Names come from whoever invites. In a mail they are one line without tricks: no line end that begins a paragraph of
//! its own, no mark that turns the reading direction around.

use crate::i18n::{Arg, Language, TextError};
use guestlist_domain::time::Timestamp;
use minijinja::value::{Kwargs, Value};
use minijinja::{Error, ErrorKind, HtmlEscape};

/// `t("key", name=value)`.
pub(super) fn text(language: Language, key: &str, args: &Kwargs) -> Result<String, Error> {
    let mut owned: Vec<(String, String)> = Vec::new();
    for name in args.args() {
        let value: Value = args.get(name)?;
        let text = value.as_str().ok_or_else(|| broken(format!("{name} is no text")))?;
        owned.push((name.to_owned(), one_line(text)));
    }
    let args: Vec<(&str, Arg<'_>)> = owned.iter().map(|(name, text)| (name.as_str(), Arg::from(text))).collect();
    language.words().text(key, &args).map_err(|error| no_text(&error))
}

/// `moment(at)`.
pub(super) fn moment(language: Language, at: i64) -> Result<String, Error> {
    language.words().moment(Timestamp::from_millis(at)).map_err(|error| no_text(&error))
}

/// One line of text: white space and control characters become single spaces, marks of direction go.
pub(super) fn one_line(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter(|c| !turns_direction(*c))
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Somebody's own words, marked as such on every line, so that none of them passes for ours.
pub(super) fn quoted(text: &str) -> String {
    text.replace("\r\n", "\n")
        .split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}'])
        .map(|line| format!("> {}", one_line(line)).trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

/// An address of ours for HTML, as attribute or text. Escaped but for the slashes, which need no escaping and which
/// people and programs look for in the source of a mail.
pub(super) fn web_address(url: &str) -> Result<Value, Error> {
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err(broken("an address in a mail is no web address".to_owned()));
    }
    Ok(Value::from_safe_string(HtmlEscape(url).to_string().replace("&#x2f;", "/")))
}

/// No more than one empty line in a row, none at the ends: templates are laid out for their own readers.
pub(super) fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for paragraph in text.split("\n\n").map(|paragraph| paragraph.trim_matches('\n')).filter(|p| !p.is_empty()) {
        if !tidy.is_empty() {
            tidy.push_str("\n\n");
        }
        tidy.push_str(paragraph);
    }
    tidy.push('\n');
    tidy
}

/// An error by its kind, template and line.
pub(super) fn describe(error: &Error) -> String {
    let place = error.name().unwrap_or("unknown template");
    let line = error.line().unwrap_or_default();
    format!("{} ({place}, line {line})", error.kind())
}

/// Unicode's embeddings, overrides and isolates (UAX 9, section 2).
const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn no_text(error: &TextError) -> Error {
    broken(error.to_string())
}

fn broken(why: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_line() {
        assert_eq!(one_line(" Anna \r\n\r\nBerg\u{202e}\t\0x\u{2028}y "), "Anna Berg x y");
    }

    #[test]
    fn a_quotation_cannot_be_left() {
        assert_eq!(
            quoted("Hi\r\n\r\nSee you\u{85}https://evil.example\rx"),
            "> Hi\n>\n> See you\n> https://evil.example\n> x"
        );
    }

    #[test]
    fn an_address_cannot_leave_its_attribute() {
        let html = web_address("https://guests.example/i/x?a=b&c=\"><script>").unwrap().to_string();
        assert_eq!(html, "https://guests.example/i/x?a=b&amp;c=&quot;&gt;&lt;script&gt;");
        assert!(web_address("javascript:alert(1)").is_err());
    }

    #[test]
    fn paragraphs_are_one_line_apart() {
        assert_eq!(tidy("\n\na\nb\n\n\n\nc\n\n"), "a\nb\n\nc\n");
    }
}
