//! Addresses and domains as an administrator types them, checked until they can be one.

use super::options::{OptionsError, within};
use crate::app::App;
use guestlist_domain::email::Email;
use url::Url;

/// An address that may be called at all: https, or http on loopback where the operator allows it.
pub(super) fn address(app: &App, text: String, name: &'static str) -> Result<String, OptionsError> {
    within(&text, 2_000, name)?;
    let url = Url::parse(&text).map_err(|_| OptionsError::Address(name))?;
    let bare = url.query().is_none() && url.fragment().is_none();
    if bare && app.upstreams().may_call(&url) { Ok(text) } else { Err(OptionsError::Address(name)) }
}

/// An address to which paths are added: without slashes at its end.
pub(super) fn base_address(app: &App, text: String, name: &'static str) -> Result<String, OptionsError> {
    Ok(address(app, text, name)?.trim_end_matches('/').to_owned())
}

/// A domain as addresses have it: ASCII, lower case.
pub(super) fn domain(text: &str) -> Result<String, OptionsError> {
    Email::parse(&format!("somebody@{text}"))
        .map(|email| email.domain().to_owned())
        .map_err(|_| OptionsError::Domain(text.chars().take(80).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_read_as_addresses_have_them() {
        assert_eq!(domain("Bücher.Example").as_deref(), Ok("xn--bcher-kva.example"));
        assert_eq!(domain("localhost"), Err(OptionsError::Domain("localhost".to_owned())));
        assert!(domain("evil@example.org").is_err());
    }
}
