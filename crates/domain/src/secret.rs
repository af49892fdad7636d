//! Secrets that are shown once and kept as digests.
//!
//! Owns their form: a prefix that names the purpose, 256 random bits, and the SHA-256 digest under which the database
//! knows them. A fast digest is right here because the input has full entropy (ASVS 5.0, 6.5.2). Must not know where
//! digests are stored. A secret prints as dots.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What a secret is good for. The prefix is part of what is hashed: a secret of one purpose never matches another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The link of an invitation.
    Invitation,
    /// The link of a password reset.
    Reset,
    /// The link that undoes a change of ways in.
    Undo,
    /// A signed-in browser.
    Session,
    /// A browser on its way through an invitation, a sign-in or a link.
    Browser,
    /// The `state` of a trip to an upstream provider.
    State,
    /// An authorization code.
    Code,
    /// A refresh token.
    Refresh,
    /// An opaque access token.
    Access,
    /// A client's secret.
    ClientSecret,
}

impl Purpose {
    /// The prefix, which also lets leak scanners recognise the secret.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Invitation => "gl_inv_",
            Self::Reset => "gl_rst_",
            Self::Undo => "gl_und_",
            Self::Session => "gl_ses_",
            Self::Browser => "gl_brw_",
            Self::State => "gl_sta_",
            Self::Code => "gl_cod_",
            Self::Refresh => "gl_ref_",
            Self::Access => "gl_acc_",
            Self::ClientSecret => "gl_cls_",
        }
    }
}

/// Random bits in a secret, in bytes.
pub const SECRET_BYTES: usize = 32;
const ENCODED_LEN: usize = 43;

/// A secret in the clear, on its one way to whom it belongs. Wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret {
    purpose: Purpose,
    text: Zeroizing<String>,
}

impl Secret {
    /// A fresh secret made from `entropy`.
    pub fn mint(purpose: Purpose, entropy: [u8; SECRET_BYTES]) -> Self {
        let entropy = Zeroizing::new(entropy);
        Self { purpose, text: Zeroizing::new(format!("{}{}", purpose.prefix(), BASE64URL_NOPAD.encode(&*entropy))) }
    }

    /// Reads what a caller sent. `None` unless prefix, length and alphabet are those of `purpose`; checked before
    /// anything is hashed or looked up.
    pub fn parse(purpose: Purpose, text: &str) -> Option<Self> {
        let body = text.strip_prefix(purpose.prefix())?;
        let canonical = body.len() == ENCODED_LEN
            && BASE64URL_NOPAD.decode(body.as_bytes()).is_ok_and(|bytes| bytes.len() == SECRET_BYTES);
        canonical.then(|| Self { purpose, text: Zeroizing::new(text.to_owned()) })
    }

    /// The secret in the clear: for the mail, the cookie or the answer it belongs in, and nowhere else.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What it is good for.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The digest under which the database knows it.
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.text.as_bytes()).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}…)", self.purpose.prefix())
    }
}

/// The SHA-256 digest of a secret. Compared in constant time.
#[derive(Clone, Copy, Eq)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The digest of `bytes` that are no secret of ours, such as a caller's key.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest as stored; `None` unless it has 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The digest's bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// Text from outside that must not be shown again: a password, an upstream client secret, a master key.
#[derive(Clone)]
pub struct Sensitive(Zeroizing<String>);

impl Sensitive {
    /// Takes charge of `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text in the clear.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(…)")
    }
}

impl<'de> serde::Deserialize<'de> for Sensitive {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_secret_never_prints() {
        let secret = Secret::mint(Purpose::Invitation, [7; 32]);
        assert_eq!(format!("{secret:?}"), "Secret(gl_inv_…)");
        assert_eq!(format!("{:?}", secret.hash()), "SecretHash(…)");
        assert_eq!(format!("{:?}", Sensitive::new("hunter2")), "Sensitive(…)");
    }

    #[test]
    fn a_purpose_is_not_another() {
        let secret = Secret::mint(Purpose::Invitation, [7; 32]);
        assert!(Secret::parse(Purpose::Reset, secret.expose()).is_none());
        let reset = Secret::mint(Purpose::Reset, [7; 32]);
        assert_ne!(secret.hash(), reset.hash());
    }

    proptest! {
        #[test]
        fn what_was_minted_parses(entropy: [u8; 32]) {
            let secret = Secret::mint(Purpose::Session, entropy);
            let parsed = Secret::parse(Purpose::Session, secret.expose()).map(|s| s.hash());
            prop_assert_eq!(parsed, Some(secret.hash()));
        }

        #[test]
        fn nothing_else_parses(text in "\\PC{0,80}") {
            if Secret::parse(Purpose::Session, &text).is_some() {
                prop_assert_eq!(text.len(), "gl_ses_".len() + 43);
            }
        }
    }
}
