//! The secret that signs, in the form that Standard Webhooks gives it.

use data_encoding::BASE64;
use std::fmt;
use std::time::Duration;
use zeroize::Zeroizing;

use crate::time::hours;

/// Random bytes in a signing secret. Standard Webhooks asks for 24 to 64.
pub const SIGNING_SECRET_BYTES: usize = 32;
/// For how long the secret before signs beside the new one, so that receivers have time to change.
pub const ROTATION: Duration = hours(24);

const PREFIX: &str = "whsec_";

/// The key shared with one receiver. Unlike our other secrets it must be known again to sign, so that the database
/// keeps it sealed instead of its digest. Wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Zeroizing<[u8; SIGNING_SECRET_BYTES]>);

impl SigningSecret {
    /// A fresh secret made from `entropy`.
    pub fn mint(entropy: [u8; SIGNING_SECRET_BYTES]) -> Self {
        Self(Zeroizing::new(entropy))
    }

    /// The secret whose key has these bytes.
    pub fn from_key(key: &[u8]) -> Option<Self> {
        key.try_into().ok().map(Self::mint)
    }

    /// The HMAC key.
    pub fn key(&self) -> &[u8] {
        &*self.0
    }

    /// `whsec_` and the key in base64: for the one answer that shows it.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", BASE64.encode(&*self.0)))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningSecret({PREFIX}…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signing_secret_has_the_common_form_and_never_prints() {
        let secret = SigningSecret::mint([7; 32]);
        assert_eq!(*secret.expose(), "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
        assert_eq!(format!("{secret:?}"), "SigningSecret(whsec_…)");
        assert_eq!(SigningSecret::from_key(secret.key()), Some(secret));
        assert_eq!(SigningSecret::from_key(&[7; 31]), None);
    }
}
