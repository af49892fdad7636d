//! The check of an ID token (OpenID Connect Core 1.0, section 3.1.3.7).
//!
//! Owns the one algorithm that is expected and the claims that must be right. Must not know how the token came.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;
use thiserror::Error;

/// What a token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
}

/// Why it was refused.
#[derive(Debug, Error)]
pub(super) enum TokenError {
    #[error("its key is not published")]
    Key,
    #[error("it was made for another sign-in")]
    Nonce,
    #[error("{0}")]
    Invalid(#[from] jsonwebtoken::errors::Error),
}

/// The claims of a sound token.
pub(super) fn verify(token: &str, keys: Value, expected: &Expected<'_>) -> Result<Value, TokenError> {
    let keys: JwkSet = serde_json::from_value(keys).map_err(|_| TokenError::Key)?;
    let kid = decode_header(token)?.kid.ok_or(TokenError::Key)?;
    let key = DecodingKey::from_jwk(keys.find(&kid).ok_or(TokenError::Key)?)?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let claims = decode::<Value>(token, &key, &validation)?.claims;
    if claims.get("nonce").and_then(Value::as_str) == Some(expected.nonce) {
        Ok(claims)
    } else {
        Err(TokenError::Nonce)
    }
}
