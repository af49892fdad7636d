//! A provider's keys, and the one question put to them: did one of you sign this?
//!
//! Owns the list of algorithms. The algorithm of a signature is the one that its key is for, never what the token
//! would like; whatever else a token's header says about keys (`jwk`, `jku`, `x5u`, `x5c`) is not read (RFC 8725, 3).

use super::claims::IdToken;
use super::id_token::Signed;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

/// Longest ID token, in bytes.
const MAX_TOKEN: usize = 32 * 1024;

/// Why a token was not signed by these keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsigned {
    /// No key here fits. The provider may have a new one.
    NoKeyFits(&'static str),
    /// No key could ever fit.
    Never(&'static str),
}

impl Unsigned {
    pub(super) const fn why(self) -> &'static str {
        match self {
            Self::NoKeyFits(why) | Self::Never(why) => why,
        }
    }
}

/// The keys of one provider that could sign for it.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<Jwk>);

/// The document at `jwks_uri`. A key that cannot be read does not spoil the others (RFC 7517, section 5).
#[derive(Debug, Deserialize)]
pub(super) struct KeySet {
    keys: Vec<Value>,
}

impl From<KeySet> for Keys {
    fn from(set: KeySet) -> Self {
        let readable = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        Self(readable.filter(may_sign).collect())
    }
}

/// Public, for signatures, and of a kind that we take.
fn may_sign(key: &Jwk) -> bool {
    let common = &key.common;
    let purpose = common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let verifies = common.key_operations.as_ref().is_none_or(|list| list.contains(&KeyOperations::Verify));
    let some_algorithm = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA].into_iter().any(|a| fits(key, a));
    purpose && verifies && some_algorithm
}

/// Whether a key is of the kind that an algorithm uses. The list of pairs is the list of algorithms that we take.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let kind = match (algorithm, &key.algorithm) {
        (Algorithm::RS256 | Algorithm::PS256, AlgorithmParameters::RSA(_)) => true,
        (Algorithm::ES256, AlgorithmParameters::EllipticCurve(key)) => key.curve == EllipticCurve::P256,
        (Algorithm::EdDSA, AlgorithmParameters::OctetKeyPair(key)) => key.curve == EllipticCurve::Ed25519,
        _ => false,
    };
    kind && key.common.key_algorithm.is_none_or(|named| Algorithm::try_from(named).ok() == Some(algorithm))
}

impl Keys {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The claims of a token that one of these keys signed.
    pub(super) fn verify(&self, token: &str) -> Result<Signed, Unsigned> {
        let header = readable_header(token)?;
        let key = self.find(&header)?;
        let key = DecodingKey::from_jwk(key).map_err(|_| Unsigned::NoKeyFits("an unreadable key"))?;
        // The moment, the audience and the issuer are checked with the claims: by our clock, and more strictly.
        let mut validation = Validation::new(header.alg);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        match decode::<IdToken>(token, &key, &validation) {
            Ok(token) => Ok(Signed::new(token.claims)),
            Err(error) => Err(match error.kind() {
                jsonwebtoken::errors::ErrorKind::InvalidSignature => Unsigned::NoKeyFits("a bad signature"),
                _ => Unsigned::Never("claims that cannot be read"),
            }),
        }
    }

    /// The key that the token names; without a name, the only one that fits. Two of one name are none.
    fn find(&self, header: &Header) -> Result<&Jwk, Unsigned> {
        let named = |key: &&Jwk| header.kid.is_none() || key.common.key_id == header.kid;
        let mut fitting = self.0.iter().filter(|key| fits(key, header.alg)).filter(named);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            (None, _) => Err(Unsigned::NoKeyFits("an unknown key")),
            (Some(_), Some(_)) => Err(Unsigned::NoKeyFits("an ambiguous key")),
        }
    }
}

fn readable_header(token: &str) -> Result<Header, Unsigned> {
    if token.len() > MAX_TOKEN {
        return Err(Unsigned::Never("too long a token"));
    }
    // `none`, and whatever else is no algorithm, already ends here.
    let header = decode_header(token).map_err(|_| Unsigned::Never("a header that cannot be read"))?;
    let allowed = matches!(header.alg, Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 | Algorithm::EdDSA);
    if !allowed {
        return Err(Unsigned::Never("an algorithm that is not taken"));
    }
    // RFC 7515, section 4.1.11: an extension that must be understood is not. `b64` is one (RFC 7797, section 6).
    if header.crit.is_some() || header.extras.inner().contains_key("b64") {
        return Err(Unsigned::Never("a critical extension"));
    }
    Ok(header)
}
