//! A mail address: parsed once, canonical ever after.
//!
//! Owns the one function that turns text into an address (`security.md`, rule R14). The canonical form is what is
//! stored, compared, counted and mailed to; there is no second form. Must not know whether anybody reads the mailbox.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;
use url::Host;

/// A single canonical address: lower case, domain in its ASCII form, at most 254 characters (RFC 5321, 4.5.3.1).
///
/// The local part is restricted to an ASCII dot-atom: quoted strings, comments and address literals have one honest
/// user and many dishonest ones, and SMTPUTF8 is not offered by enough servers to promise delivery.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

/// Why a text is no address we mail to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EmailError {
    /// Nothing was given.
    #[error("an e-mail address is needed")]
    Empty,
    /// Longer than mail servers take.
    #[error("the e-mail address is too long")]
    TooLong,
    /// The part before the at-sign.
    #[error("the part before the @ has characters that are not allowed")]
    LocalPart,
    /// The part behind the at-sign.
    #[error("the part behind the @ is not a domain name")]
    Domain,
}

const MAX_LEN: usize = 254;
const MAX_LOCAL: usize = 64;

impl Email {
    /// Reads one address. White space around it is forgiven; everything else is canonicalised first and checked after.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim_matches(|c: char| c == ' ' || c == '\t');
        if text.is_empty() {
            return Err(EmailError::Empty);
        }
        if text.len() > MAX_LEN {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError::Domain)?;
        let local = canonical_local(local)?;
        let domain = canonical_domain(domain)?;
        let address = format!("{local}@{domain}");
        if address.len() > MAX_LEN {
            return Err(EmailError::TooLong);
        }
        Ok(Self(address))
    }

    /// The canonical address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address for somebody who need not know it: enough for its owner to recognise it, `a•••@example.org`.
    pub fn masked(&self) -> String {
        let first: String = self.local_part().chars().take(1).collect();
        format!("{first}•••@{}", self.domain())
    }

    /// The part behind the at-sign, in ASCII and lower case.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The part before the at-sign.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

fn canonical_local(local: &str) -> Result<String, EmailError> {
    // RFC 5322, 3.2.3: atext, in atoms separated by single dots.
    let is_atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    let sound = local.len() <= MAX_LOCAL && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext));
    // An encoded word (RFC 2047) is made of atext, and some mail programs decode it into another address (case 18).
    let sound = sound && !local.contains("=?");
    if sound { Ok(local.to_ascii_lowercase()) } else { Err(EmailError::LocalPart) }
}

fn canonical_domain(domain: &str) -> Result<String, EmailError> {
    // The host parser of URLs percent-decodes and forgives; an address must not get that far with such characters.
    let plain = domain.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.');
    if !plain {
        return Err(EmailError::Domain);
    }
    let Ok(Host::Domain(ascii)) = Host::parse(domain) else {
        return Err(EmailError::Domain);
    };
    let sound_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let labels: Vec<&str> = ascii.split('.').collect();
    let sound = labels.len() >= 2 && ascii.len() <= 253 && labels.iter().all(|label| sound_label(label));
    if sound { Ok(ascii) } else { Err(EmailError::Domain) }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Email {
    type Error = EmailError;

    fn try_from(text: String) -> Result<Self, EmailError> {
        Self::parse(&text)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("anna@example.org", "anna@example.org")]
    #[case(" Anna.Berg@Example.ORG ", "anna.berg@example.org")]
    #[case("anna+list@example.org", "anna+list@example.org")]
    #[case("anna@bücher.example", "anna@xn--bcher-kva.example")]
    #[case("anna@BÜCHER.example", "anna@xn--bcher-kva.example")]
    #[case("anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example")]
    fn reads(#[case] text: &str, #[case] canonical: &str) {
        assert_eq!(Email::parse(text).map(|e| e.to_string()), Ok(canonical.to_owned()));
    }

    #[rstest]
    #[case("")]
    #[case("anna")]
    #[case("anna@")]
    #[case("@example.org")]
    #[case("anna@localhost")]
    #[case("a@x.org,b@y.org")]
    #[case("a@x.org b@y.org")]
    #[case("\"a@evil.org\"@victim.org")]
    #[case("anna(comment)@example.org")]
    #[case("=?utf-8?q?anna?=@example.org\r\nBcc: m@evil.org")]
    #[case("=?utf-8?q?anna=40example.org=3e?=@evil.example")]
    #[case("anna\u{ff20}example.org")]
    #[case("ann\u{17f}a@example.org")]
    #[case("\u{212a}im@example.org")]
    #[case("anna@xn--\u{80}.org")]
    #[case("anna@xn--zzzzzzzzzzz999.org")]
    #[case("anna@[127.0.0.1]")]
    #[case("anna@127.0.0.1")]
    #[case("anna@0x7f.1")]
    #[case("anna@example..org")]
    #[case("anna@-example.org")]
    #[case("an..na@example.org")]
    #[case("anna@example.org\n")]
    #[case("anna@exam%70le.org")]
    #[case("Anna <anna@example.org>")]
    fn refuses(#[case] text: &str) {
        assert!(Email::parse(text).is_err(), "{text:?} was read as {:?}", Email::parse(text));
    }

    proptest! {
        #[test]
        fn canonical_form_is_a_fixed_point(text in "\\PC{0,40}@\\PC{0,40}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email.clone()));
                prop_assert!(email.as_str().is_ascii());
                prop_assert_eq!(email.as_str().matches('@').count(), 1);
            }
        }
    }
}
