//! The reference of the configuration, as it stands in `docs/configuration.md`.
//!
//! Owns its words around the table of keys. Must not know any value.

use super::keys::{KEYS, variable};
use std::fmt::Write as _;

/// The longest line of a page.
const WIDTH: usize = 120;

const HEAD: &str = "\
<!-- Written by `guestlist config-reference`; a test compares. -->
# Configuration

One TOML file and the environment, in which every key of the file is a variable too. The environment wins over the
file, a flag of the command line over both. The file is named by `--config` or by `GUESTLIST_CONFIG`; if neither is
set, `guestlist.toml` in the working directory is read if it is there. A relative path is read from the working
directory.

```toml
public_url = \"https://id.example.org\"
listen = \"127.0.0.1:8080\"
data_dir = \"/var/lib/guestlist\"
smtp_url_file = \"/run/secrets/smtp_url\"
mail_from = \"Example <no-reply@example.org>\"
```

Where a secret can be given, a file that holds it can be named instead, by the same name and `_file` (in the
environment `_FILE`). An unknown key, an unknown variable that begins with `GUESTLIST_` and a value that cannot be
right stop the start with a message that says what to do: the server does not guess. An empty variable is one that
is not set.

`guestlist doctor` reads the configuration, opens the database, asks the mail server and every provider, and says in
words what is wrong.
";

/// The whole page.
pub(crate) fn page() -> String {
    let mut page = HEAD.to_owned();
    for key in KEYS {
        let variable = variable(key.name);
        let names = if key.is_secret {
            format!("`{variable}`, or a file named by `{variable}_FILE`")
        } else {
            format!("`{variable}`")
        };
        let facts = [("variable", names.as_str()), ("value", key.form), ("default", key.default)];
        let facts = facts.map(|(what, fact)| wrapped(&format!("- {what}: {fact}"), "  "));
        // Writing to a string cannot fail.
        let _ = write!(page, "\n## `{}`\n\n{}\n{}", key.name, wrapped(key.about, ""), facts.concat());
    }
    page
}

/// Lines as long as those of the other pages; all but the first begin with `indent`.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push_str(&line);
            lines.push('\n');
            indent.clone_into(&mut line);
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_page_in_the_book_is_fresh() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
        let written = std::fs::read_to_string(path).unwrap();
        assert!(
            written == page(),
            "docs/configuration.md is stale: cargo run -- config-reference > docs/configuration.md"
        );
    }
}
