//! Files that pages refer to: the style sheet, and the two scripts of pages that hand an answer on.
//!
//! Owns their addresses, which carry a digest of the content so that a browser may keep them for good. Must not know
//! who asks.

use rust_embed::RustEmbed;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::LazyLock;

#[derive(RustEmbed)]
#[folder = "static"]
struct Files;

/// A file to be served.
pub struct Asset {
    /// Its content.
    pub data: Cow<'static, [u8]>,
    /// Its media type.
    pub media_type: &'static str,
    /// Whether the address that was asked for can never mean anything else.
    pub immutable: bool,
}

/// The style sheet's address.
pub fn stylesheet_path() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| path_of("style.css"));
    &PATH
}

/// The address of the file called `name`.
pub fn path_of(name: &str) -> String {
    format!("/static/{}/{name}", digest_of(name))
}

/// The file called `name`, asked for under `digest`.
pub fn find(digest: &str, name: &str) -> Option<Asset> {
    let file = Files::get(name)?;
    let media_type = match name.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        _ => return None,
    };
    Some(Asset { data: file.data, media_type, immutable: digest == digest_of(name) })
}

/// Half of the content's SHA-256, in hexadecimal digits.
fn digest_of(name: &str) -> String {
    let hash = Files::get(name).map(|file| file.metadata.sha256_hash()).unwrap_or_default();
    hash.iter().take(hash.len() / 2).fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_is_found_under_its_own_address_for_good() {
        let [_, _, digest, name] = stylesheet_path().split('/').collect::<Vec<_>>()[..] else { panic!() };
        let asset = find(digest, name).unwrap();
        assert!(asset.immutable);
        assert!(asset.media_type.starts_with("text/css"));
    }

    #[test]
    fn the_scripts_are_found_too() {
        for name in ["post.js", "message.js"] {
            let path = path_of(name);
            let [_, _, digest, name] = path.split('/').collect::<Vec<_>>()[..] else { panic!() };
            assert!(find(digest, name).is_some_and(|asset| asset.immutable && asset.media_type.contains("javascript")));
        }
    }

    #[test]
    fn under_an_older_address_it_is_served_but_not_kept() {
        assert!(!find("0000", "style.css").unwrap().immutable);
    }

    #[test]
    fn nothing_else_is_found() {
        for name in ["", "style", "../Cargo.toml", "/etc/passwd", "none.css"] {
            assert!(find("0000", name).is_none(), "{name}");
        }
    }
}
