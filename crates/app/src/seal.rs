//! What the database may keep but not read: sealed with the master key.
//!
//! Owns the two uses of that key, authenticated encryption (AES-256-GCM) and authentication alone (HMAC-SHA-256), each
//! under a key of its own (HKDF-SHA-256) and bound to the name of its use, so that what was sealed for one use does
//! not open for another. Must not know what it seals.

use crate::clock::Entropy;
use crate::error::Unexpected;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use guestlist_domain::secret::Sensitive;
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of the master key.
pub const MASTER_KEY_BYTES: usize = 32;

/// The master key, ready to use.
pub struct Seal {
    encryption: LessSafeKey,
    authentication: hmac::Key,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

impl Seal {
    /// Reads a master key: 32 bytes in base64, with or without padding, of either alphabet.
    pub fn new(master: &Sensitive) -> Result<Self, Unexpected> {
        let text = master.expose().trim();
        let bytes = BASE64.decode(text.as_bytes()).or_else(|_| BASE64URL_NOPAD.decode(text.as_bytes()));
        let bytes = Zeroizing::new(bytes.map_err(|_| broken("the master key is not base64"))?);
        if bytes.len() != MASTER_KEY_BYTES {
            return Err(broken("the master key must have 32 bytes"));
        }
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"guestlist").extract(&bytes);
        let encryption = derive(&root, b"encryption")?;
        let authentication = derive(&root, b"authentication")?;
        let encryption = UnboundKey::new(&AES_256_GCM, &*encryption).map_err(|_| broken("no encryption key"))?;
        Ok(Self {
            encryption: LessSafeKey::new(encryption),
            authentication: hmac::Key::new(hmac::HMAC_SHA256, &*authentication),
        })
    }

    /// Seals `plain` for one use. The nonce is random: with one master key fewer than 2^32 seals are ever made.
    pub fn seal(&self, usage: &'static str, plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, Unexpected> {
        let nonce = entropy.bytes::<NONCE_LEN>();
        let mut body = plain.to_vec();
        self.encryption
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(usage), &mut body)
            .map_err(|_| broken("sealing failed"))?;
        let mut sealed = nonce.to_vec();
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Opens what was sealed for the same use.
    pub fn open(&self, usage: &'static str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unexpected> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unexpected::Seal(usage))?;
        let mut body = Zeroizing::new(body.to_vec());
        let plain = self
            .encryption
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(usage), &mut body)
            .map_err(|_| Unexpected::Seal(usage))?;
        Ok(Zeroizing::new(plain.to_vec()))
    }

    /// [`Seal::seal`] of text, as text that fits a cookie or an address.
    pub fn seal_text(&self, usage: &'static str, plain: &str, entropy: &dyn Entropy) -> Result<String, Unexpected> {
        Ok(BASE64URL_NOPAD.encode(&self.seal(usage, plain.as_bytes(), entropy)?))
    }

    /// Opens [`Seal::seal_text`].
    pub fn open_text(&self, usage: &'static str, sealed: &str) -> Result<Zeroizing<String>, Unexpected> {
        let bytes = BASE64URL_NOPAD.decode(sealed.as_bytes()).map_err(|_| Unexpected::Seal(usage))?;
        let plain = self.open(usage, &bytes)?;
        let text = std::str::from_utf8(&plain).map_err(|_| Unexpected::Seal(usage))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// An authenticator of `message` for one use, as text.
    pub fn mac(&self, usage: &'static str, message: &str) -> String {
        BASE64URL_NOPAD.encode(self.tag(usage, message).as_ref())
    }

    /// Whether `mac` authenticates `message` for this use. In constant time.
    pub fn verify(&self, usage: &'static str, message: &str, mac: &str) -> bool {
        BASE64URL_NOPAD
            .decode(mac.as_bytes())
            .is_ok_and(|mac| hmac::verify(&self.authentication, &framed(usage, message), &mac).is_ok())
    }

    fn tag(&self, usage: &'static str, message: &str) -> hmac::Tag {
        hmac::sign(&self.authentication, &framed(usage, message))
    }
}

/// The use's length goes first, so that no use and message can be read as another pair.
fn framed(usage: &str, message: &str) -> Vec<u8> {
    let mut framed = (usage.len() as u64).to_be_bytes().to_vec();
    framed.extend_from_slice(usage.as_bytes());
    framed.extend_from_slice(message.as_bytes());
    framed
}

fn derive(root: &hkdf::Prk, name: &[u8]) -> Result<Zeroizing<[u8; 32]>, Unexpected> {
    let mut key = Zeroizing::new([0_u8; 32]);
    root.expand(&[name], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut *key))
        .map_err(|_| broken("no derived key"))?;
    Ok(key)
}

fn broken(what: &str) -> Unexpected {
    Unexpected::Broken(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;
    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    fn seal() -> Seal {
        Seal::new(&Sensitive::new(BASE64.encode(&[9; 32]))).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_its_use_alone() {
        let sealed = seal().seal_text("mail", "secret", &Counting).unwrap();
        assert!(!sealed.contains("secret"));
        assert_eq!(seal().open_text("mail", &sealed).unwrap().as_str(), "secret");
        assert_eq!(seal().open_text("cookie", &sealed).unwrap_err(), Unexpected::Seal("cookie"));
        let other = Seal::new(&Sensitive::new(BASE64.encode(&[8; 32]))).unwrap();
        assert!(other.open_text("mail", &sealed).is_err());
        assert!(seal().open("mail", &[0; 5]).is_err());
    }

    #[test]
    fn a_mac_holds_for_its_use_and_message_alone() {
        let mac = seal().mac("form", "ab");
        assert!(seal().verify("form", "ab", &mac));
        assert!(!seal().verify("form", "abc", &mac));
        assert!(!seal().verify("forma", "b", &mac));
        assert!(!seal().verify("form", "ab", ""));
    }

    #[test]
    fn a_weak_master_key_is_refused() {
        assert!(Seal::new(&Sensitive::new("")).is_err());
        assert!(Seal::new(&Sensitive::new(BASE64.encode(&[9; 16]))).is_err());
    }
}
