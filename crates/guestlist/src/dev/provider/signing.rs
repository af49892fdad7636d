//! The made-up provider's signing key.
//!
//! Owns one RSA key for the life of the process. Must not know what is signed.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

/// Its name among the published keys.
const KEY_ID: &str = "made-up";
/// The head of PKCS#8 before the PKCS#1 form of a key of 2048 bits, in bytes (RFC 5208, section 5).
const PKCS8_HEAD: usize = 26;

pub(super) struct SigningKey {
    private: EncodingKey,
    public: Value,
}

impl SigningKey {
    /// A new key.
    pub(super) fn generate() -> Option<Self> {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
        let der = pair.as_der().ok()?;
        let private = EncodingKey::from_rsa_der(der.as_ref().get(PKCS8_HEAD..)?);
        let mut public = serde_json::to_value(Jwk::from_encoding_key(&private, Algorithm::RS256).ok()?).ok()?;
        let members = public.as_object_mut()?;
        members.insert("kid".to_owned(), json!(KEY_ID));
        members.insert("use".to_owned(), json!("sig"));
        Some(Self { private, public })
    }

    /// As published (RFC 7517).
    pub(super) const fn public(&self) -> &Value {
        &self.public
    }

    /// A signed token.
    pub(super) fn sign(&self, claims: &Value) -> Option<String> {
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::RS256) };
        encode(&header, claims, &self.private).ok()
    }
}
