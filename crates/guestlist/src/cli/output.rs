//! What a command prints.
//!
//! Owns standard output and standard error: text for people, JSON for programs. A closed pipe ends a command quietly.
//! Must not know what is printed; what a person typed elsewhere cannot steer the terminal here.

use super::failure::Failure;
use serde::Serialize;
use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

/// Two spaces between the columns of a table.
const GAP: &str = "  ";

/// Where a command's answer goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    /// For people.
    pub(super) const fn text() -> Self {
        Self { json: false }
    }

    /// For programs, if they ask.
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Shows one answer: `document` to programs, `lines` to people.
    pub(super) fn show(self, document: &impl Serialize, lines: impl FnOnce() -> Vec<String>) -> Result<(), Failure> {
        if self.json {
            return self.document(document);
        }
        self.raw(&lines().iter().fold(String::new(), |text, line| text + &plain(line) + "\n"))
    }

    /// Shows a list: an array to programs, a table to people, with a sentence where the table would be empty.
    pub(super) fn list<T: Serialize, const N: usize>(
        self,
        items: &[T],
        titles: [&str; N],
        row: impl Fn(&T) -> [String; N],
        nothing: &str,
    ) -> Result<(), Failure> {
        if self.json {
            return self.document(&items);
        }
        if items.is_empty() {
            return self.line(nothing);
        }
        self.raw(&table(titles, items.iter().map(row)))
    }

    /// One line of text.
    pub(super) fn line(self, text: &str) -> Result<(), Failure> {
        self.raw(&format!("{}\n", plain(text)))
    }

    /// Text as it is.
    #[expect(clippy::unused_self, reason = "printing is a matter of an output, whichever it is")]
    pub(super) fn raw(self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::NobodyListens),
            written => Ok(written?),
        }
    }

    fn document(self, document: &impl Serialize) -> Result<(), Failure> {
        self.raw(&(serde_json::to_string_pretty(document)? + "\n"))
    }
}

/// Says why a command failed, on standard error.
pub(super) fn complain(failure: &Failure) -> ExitCode {
    match failure {
        Failure::NobodyListens => return ExitCode::SUCCESS,
        Failure::Shown => {}
        Failure::Said(text) => {
            // If nobody reads this either, the exit code has to do.
            let _ =
                writeln!(io::stderr().lock(), "error: {}", text.split('\n').map(plain).collect::<Vec<_>>().join("\n"));
        }
    }
    ExitCode::FAILURE
}

/// Columns as wide as their widest entry; the last one is not padded.
fn table<const N: usize>(titles: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let head = titles.map(str::to_ascii_uppercase);
    let rows: Vec<[String; N]> = std::iter::once(head).chain(rows.map(|row| row.map(|entry| plain(&entry)))).collect();
    let widths: Vec<usize> = (0..N)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|e| width(e)).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; N]| {
        let padded = row.iter().zip(&widths).map(|(entry, widest)| entry.clone() + &" ".repeat(widest - width(entry)));
        padded.collect::<Vec<_>>().join(GAP).trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// Without control characters: a name must not move the cursor.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [["ä".to_owned(), "x".to_owned()], ["longer".to_owned(), String::new()]];
        assert_eq!(table(["one", "two"], rows.into_iter()), "ONE     TWO\nä       x\nlonger\n");
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\r\nc"), "a\u{fffd}[31mb\u{fffd}\u{fffd}c");
    }
}
