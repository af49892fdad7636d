//! Where the words of a page are looked for: XPath expressions for controls, fields and text.
//!
//! Pure functions from words to expressions.

/// Buttons and links that show `name`, beside what is hidden from a screen reader, or carry it as their label.
pub(super) fn control(name: &str) -> String {
    let name = literal(name);
    let kinds = "self::button or self::a[@href] or self::summary or @role='button' \
                 or self::input[@type='submit' or @type='button']";
    let shown = format!("descendant-or-self::*[not(@aria-hidden='true')][normalize-space(.)={name}]");
    format!("//*[{kinds}][{shown} or @aria-label={name} or @value={name}]")
}

/// Fields of that label: tied by `for`, wrapped by it, or carrying it as `aria-label`.
pub(super) fn field(label: &str) -> String {
    let label = literal(label);
    let kinds = "self::input[not(@type='hidden')] or self::select or self::textarea";
    format!(
        "//*[{kinds}][@id=//label[normalize-space(.)={label}]/@for \
         or ancestor::label[normalize-space(text())={label} or normalize-space(.)={label}] or @aria-label={label}]"
    )
}

/// The body, once it holds `text`, whatever the line breaks.
pub(super) fn text(text: &str) -> String {
    format!("//body[contains(normalize-space(.), {})]", literal(text))
}

/// XPath 1.0 has no escapes: a text with both kinds of quotes is put together from parts.
fn literal(text: &str) -> String {
    match (text.contains('\''), text.contains('"')) {
        (false, _) => format!("'{text}'"),
        (true, false) => format!("\"{text}\""),
        (true, true) => {
            let parts: Vec<String> = text.split('\'').map(|part| format!("'{part}'")).collect();
            format!("concat({})", parts.join(", \"'\", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn quotes_of_either_kind_are_kept() {
        assert_eq!(literal("Log in"), "'Log in'");
        assert_eq!(literal("Anna's"), "\"Anna's\"");
        assert_eq!(literal("Anna's \"list\""), "concat('Anna', \"'\", 's \"list\"')");
    }
}
