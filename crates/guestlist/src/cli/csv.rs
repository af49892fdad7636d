//! Comma-separated values (RFC 4180), as spreadsheets write them.
//!
//! Owns quoting, the two common separators and the byte order mark. Must not know what a column means.

/// A table with a head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// The names of the columns, trimmed, in lower case.
    pub(super) head: Vec<String>,
    /// Each with the number of the line it begins on.
    pub(super) records: Vec<Record>,
}

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) line: usize,
    pub(super) fields: Vec<String>,
}

/// Reads a text. Empty lines are skipped. `None` if there is not even a head.
pub(super) fn read(text: &str) -> Option<Table> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().next().unwrap_or_default();
    // Spreadsheets of countries with a decimal comma separate by semicolons.
    let separator = if first.contains(';') && !first.contains(',') { ';' } else { ',' };
    let mut records = Reader { separator, line: 1, ..Reader::default() }.read(text).into_iter();
    let head = records.next()?.fields.iter().map(|name| name.trim().to_lowercase()).collect();
    Some(Table { head, records: records.collect() })
}

#[derive(Default)]
struct Reader {
    separator: char,
    line: usize,
    began: usize,
    field: String,
    fields: Vec<String>,
    records: Vec<Record>,
    quoted: bool,
}

impl Reader {
    fn read(mut self, text: &str) -> Vec<Record> {
        self.began = self.line;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '"' if self.quoted && characters.next_if_eq(&'"').is_some() => self.field.push('"'),
                '"' if self.quoted || self.field.is_empty() => self.quoted = !self.quoted,
                '\r' if !self.quoted && characters.peek() == Some(&'\n') => {}
                '\n' if !self.quoted => self.end_record(),
                _ if character == self.separator && !self.quoted => self.end_field(),
                _ => self.field.push(character),
            }
            if character == '\n' {
                self.line += 1;
                if self.fields.is_empty() && self.field.is_empty() {
                    self.began = self.line;
                }
            }
        }
        self.end_record();
        self.records
    }

    fn end_field(&mut self) {
        self.fields.push(std::mem::take(&mut self.field));
    }

    fn end_record(&mut self) {
        self.end_field();
        let fields = std::mem::take(&mut self.fields);
        if fields.iter().any(|field| !field.trim().is_empty()) {
            self.records.push(Record { line: self.began, fields });
        }
        self.quoted = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<(usize, Vec<String>)> {
        read(text).unwrap().records.into_iter().map(|record| (record.line, record.fields)).collect()
    }

    fn owned(fields: &[&str]) -> Vec<String> {
        fields.iter().map(|field| (*field).to_owned()).collect()
    }

    #[test]
    fn what_spreadsheets_write_is_read() {
        let text = "\u{feff}Email, Name\r\nanna@example.org,\"Berg, Anna\"\r\n\r\nbo@example.org,\"Bo \"\"B\"\"\"\r\n";
        assert_eq!(read(text).unwrap().head, ["email", "name"]);
        assert_eq!(
            fields(text),
            [(2, owned(&["anna@example.org", "Berg, Anna"])), (4, owned(&["bo@example.org", "Bo \"B\""]))]
        );
    }

    #[test]
    fn semicolons_separate_where_there_is_no_comma() {
        assert_eq!(fields("email;name\na@x.org;A, B"), [(2, owned(&["a@x.org", "A, B"]))]);
    }

    #[test]
    fn a_field_may_have_several_lines() {
        let text = "email,message\na@x.org,\"one\ntwo\"\nb@x.org,three\n";
        assert_eq!(fields(text), [(2, owned(&["a@x.org", "one\ntwo"])), (4, owned(&["b@x.org", "three"]))]);
    }

    #[test]
    fn nothing_is_no_table() {
        assert_eq!(read(""), None);
        assert_eq!(read("\n\n"), None);
        assert_eq!(fields("email"), []);
    }
}
