//! Our client secret where the provider wants a signed statement instead (Apple, "Creating a client secret").

use crate::upstream::UpstreamError;
use guestlist_domain::connection::UpstreamOptions;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::time::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Serialize;

/// Its life in seconds: one exchange. Apple allows half a year.
const LIFE: i64 = 300;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: i64,
    exp: i64,
    aud: &'a str,
    sub: &'a str,
}

/// The secret to send: signed now, if the operator gave team and key; as it was given otherwise, for operators who sign
/// theirs elsewhere.
pub(super) fn client_secret(options: &UpstreamOptions, now: Timestamp) -> Result<Option<Sensitive>, UpstreamError> {
    let settings = &options.settings;
    let (Some(team), Some(key_id), Some(key)) = (&settings.team_id, &settings.key_id, &options.client_secret) else {
        return Ok(options.client_secret.clone());
    };
    let unusable = || UpstreamError::Misconfigured("the private key is no EC key in PEM".to_owned());
    let key = PrivatePkcs8KeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| unusable())?;
    let key = EncodingKey::from_ec_der(key.secret_pkcs8_der());
    let iat = now.seconds();
    let claims = Claims { iss: team, iat, exp: iat + LIFE, aud: &options.issuer, sub: &options.client_id };
    let header = Header { kid: Some(key_id.clone()), ..Header::new(Algorithm::ES256) };
    encode(&header, &claims, &key).map(Sensitive::new).map(Some).map_err(|_| unusable())
}

#[cfg(test)]
mod tests {
    use super::*;
    use guestlist_domain::connection::UpstreamSettings;
    use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
    use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
    use serde_json::Value;

    fn options(secret: &str, settings: UpstreamSettings) -> UpstreamOptions {
        UpstreamOptions {
            issuer: "https://appleid.apple.com".to_owned(),
            client_id: "org.example.guestlist".to_owned(),
            client_secret: Some(Sensitive::new(secret)),
            scope: String::new(),
            settings,
        }
    }

    fn team() -> UpstreamSettings {
        let (team_id, key_id) = (Some("TEAM000001".to_owned()), Some("KEY0000001".to_owned()));
        UpstreamSettings { team_id, key_id, ..UpstreamSettings::default() }
    }

    #[test]
    fn a_statement_is_signed_for_this_exchange() {
        let now = Timestamp::from_millis(1_796_126_400_000);
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let secret = client_secret(&options(&pair.serialize_pem(), team()), now).unwrap().unwrap();
        assert_eq!(decode_header(secret.expose()).unwrap().kid.as_deref(), Some("KEY0000001"));
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_exp = false;
        validation.set_audience(&["https://appleid.apple.com"]);
        let key = DecodingKey::from_ec_der(pair.public_key_raw());
        let claims = decode::<Value>(secret.expose(), &key, &validation).unwrap().claims;
        assert_eq!(
            claims,
            serde_json::json!({"iss": "TEAM000001", "iat": 1_796_126_400, "exp": 1_796_126_700,
                "aud": "https://appleid.apple.com", "sub": "org.example.guestlist"})
        );
    }

    #[test]
    fn a_secret_signed_elsewhere_is_sent_as_it_is() {
        let now = Timestamp::from_millis(0);
        let secret = client_secret(&options("signed.elsewhere", UpstreamSettings::default()), now).unwrap();
        assert_eq!(secret.unwrap().expose(), "signed.elsewhere");
    }

    #[test]
    fn what_is_no_key_is_a_clear_error() {
        let error = client_secret(&options("not a key", team()), Timestamp::from_millis(0)).unwrap_err();
        assert!(matches!(error, UpstreamError::Misconfigured(_)), "{error}");
    }
}
