//! What the made-up provider grants and refuses.

use super::*;

const CALLBACK: &str = "http://localhost:8080/login/callback";
const VERIFIER: &str = "the-verifier-that-nobody-else-has-seen-0123";

fn provider() -> Provider {
    Provider::new("http://localhost:8080/dev/provider".to_owned(), CALLBACK.to_owned()).unwrap()
}

fn asked() -> Asked {
    Asked {
        response_type: "code".to_owned(),
        client_id: CLIENT_ID.to_owned(),
        redirect_uri: CALLBACK.to_owned(),
        state: "state".to_owned(),
        nonce: "nonce".to_owned(),
        scope: "openid email".to_owned(),
        code_challenge: BASE64URL_NOPAD.encode(digest(&SHA256, VERIFIER.as_bytes()).as_ref()),
        code_challenge_method: "S256".to_owned(),
    }
}

fn exchange(code: &str) -> Exchange {
    Exchange {
        grant_type: "authorization_code".to_owned(),
        code: code.to_owned(),
        redirect_uri: CALLBACK.to_owned(),
        code_verifier: VERIFIER.to_owned(),
        client_id: String::new(),
        client_secret: String::new(),
    }
}

fn ada() -> Person {
    everybody().remove(0)
}

#[test]
fn only_the_code_flow_with_pkce_is_spoken_and_only_with_guestlist() {
    let provider = provider();
    assert_eq!(provider.objection(&asked()), None);
    for wrong in [
        Asked { client_id: "other".to_owned(), ..asked() },
        Asked { redirect_uri: format!("{CALLBACK}/"), ..asked() },
        Asked { response_type: "token".to_owned(), ..asked() },
        Asked { code_challenge_method: "plain".to_owned(), ..asked() },
        Asked { code_challenge: String::new(), ..asked() },
        Asked { scope: "email".to_owned(), ..asked() },
    ] {
        assert!(provider.objection(&wrong).is_some(), "{wrong:?}");
    }
}

#[test]
fn a_code_is_good_once_for_its_verifier_and_for_a_minute() {
    let (provider, now) = (provider(), Timestamp::from_millis(1_000_000));
    let code = provider.issue(ada(), asked(), now);
    assert_eq!(provider.redeem(&exchange(&code), now).unwrap().person, ada());
    assert!(provider.redeem(&exchange(&code), now).is_none(), "spent");

    let code = provider.issue(ada(), asked(), now);
    let other = Exchange { code_verifier: "another".to_owned(), ..exchange(&code) };
    assert!(provider.redeem(&other, now).is_none(), "another verifier");

    let code = provider.issue(ada(), asked(), now);
    assert!(provider.redeem(&exchange(&code), now.plus(CODE_LIFETIME)).is_none(), "too late");
    assert!(provider.redeem(&exchange("made up"), now).is_none());
}

#[test]
fn the_id_token_verifies_under_the_published_key() {
    use jsonwebtoken::jwk::JwkSet;
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
    let provider = provider();
    let now = crate::wiring::SteadyClock::new().now();
    let issued = Issued { person: ada(), asked: asked(), at: now };
    let tokens = provider.tokens_for(issued, now).unwrap();
    let id_token = tokens["id_token"].as_str().unwrap();
    let keys: JwkSet = serde_json::from_value(json!({"keys": [provider.key.public()]})).unwrap();
    let key = keys.find(&decode_header(id_token).unwrap().kid.unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[&provider.issuer]);
    validation.set_audience(&[CLIENT_ID]);
    let claims = decode::<Value>(id_token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap().claims;
    assert_eq!((claims["sub"].as_str(), claims["nonce"].as_str()), (Some("ada"), Some("nonce")));
    assert_eq!(claims["email_verified"], true);
}

#[test]
fn basic_credentials_are_form_decoded() {
    let mut headers = HeaderMap::new();
    let value = format!("Basic {}", BASE64.encode(b"guest%20list:se%3Acret"));
    headers.insert(header::AUTHORIZATION, value.parse().unwrap());
    assert_eq!(basic(&headers), Some(("guest list".to_owned(), "se:cret".to_owned())));
    headers.insert(header::AUTHORIZATION, "Bearer x".parse().unwrap());
    assert_eq!(basic(&headers), None);
}
