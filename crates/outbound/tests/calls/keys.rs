//! Signatures: which key, which algorithm, and who decides (RFC 8725).

use crate::idp::{EC, ED, Idp, Key, NOW, RSA, header, signed_as, with_signature};
use guestlist_outbound::upstream::UpstreamError;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use std::time::Duration;

const NOT_TAKEN: UpstreamError = UpstreamError::InvalidToken("an algorithm that is not taken");
const UNREADABLE: UpstreamError = UpstreamError::InvalidToken("a header that cannot be read");
const UNKNOWN: UpstreamError = UpstreamError::InvalidToken("an unknown key");
const BAD: UpstreamError = UpstreamError::InvalidToken("a bad signature");
const CRITICAL: UpstreamError = UpstreamError::InvalidToken("a critical extension");

fn with(mut header: Value, member: &str, value: Value) -> Value {
    header[member] = value;
    header
}

async fn outcome(idp: &Idp, token: &str) -> Option<UpstreamError> {
    idp.hands_out(token);
    idp.who().await.err()
}

#[tokio::test]
async fn every_algorithm_on_the_list_is_taken() {
    let idp = Idp::start().await;
    for key in [&*EC, &*RSA, &*ED] {
        let token = signed_as(&header(key), &idp.claims(), &key.private, key.algorithm);
        assert_eq!(outcome(&idp, &token).await, None, "{:?}", key.algorithm);
    }
    let mut public = RSA.public.clone();
    public.as_object_mut().unwrap().remove("alg");
    let idp = Idp::start().await;
    idp.publish(&[&public]);
    let token = signed_as(&with(header(&RSA), "alg", "PS256".into()), &idp.claims(), &RSA.private, Algorithm::PS256);
    assert_eq!(outcome(&idp, &token).await, None);
}

#[tokio::test]
async fn case_056_no_signature_is_no_token() {
    let idp = Idp::start().await;
    for name in ["none", "None", "NONE", "nOnE", ""] {
        let token = with_signature(&json!({"alg": name, "kid": "ec"}), &idp.claims(), b"");
        assert_eq!(outcome(&idp, &token).await, Some(UNREADABLE), "{name}");
    }
    for key in [&*EC, &*RSA, &*ED] {
        for signature in [&b""[..], &[0; 64], &[0; 256]] {
            let token = with_signature(&header(key), &idp.claims(), signature);
            assert_eq!(outcome(&idp, &token).await, Some(BAD), "{:?}", key.algorithm);
        }
    }
    let token = signed_as(&header(&EC), &idp.claims(), &EC.private, EC.algorithm);
    for cut in [token.rsplit_once('.').unwrap().0, &format!("{token}."), &format!("{token}.x"), "..", ""] {
        assert!(outcome(&idp, cut).await.is_some(), "{cut}");
    }
}

#[tokio::test]
async fn case_056_a_public_key_is_no_shared_secret() {
    let idp = Idp::start().await;
    let modulus = RSA.public["n"].as_str().unwrap();
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        for secret in [modulus.as_bytes(), RSA.public.to_string().as_bytes(), b"the-secret"] {
            let head = json!({"alg": algorithm, "kid": "rsa"});
            let token = signed_as(&head, &idp.claims(), &EncodingKey::from_secret(secret), algorithm);
            assert_eq!(outcome(&idp, &token).await, Some(NOT_TAKEN));
        }
    }
}

#[tokio::test]
async fn case_056_a_key_has_one_algorithm() {
    let idp = Idp::start().await;
    for algorithm in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS384, Algorithm::PS512] {
        let head = json!({"alg": algorithm, "kid": "rsa"});
        let token = signed_as(&head, &idp.claims(), &RSA.private, algorithm);
        assert_eq!(outcome(&idp, &token).await, Some(NOT_TAKEN), "{algorithm:?}");
    }
    // The key says RS256.
    let token = signed_as(&json!({"alg": "PS256", "kid": "rsa"}), &idp.claims(), &RSA.private, Algorithm::PS256);
    assert_eq!(outcome(&idp, &token).await, Some(UNKNOWN));
    for (named, key) in [("RS256", &*EC), ("ES256", &*RSA), ("EdDSA", &*EC), ("ES256", &*ED)] {
        let head = with(header(key), "alg", named.into());
        let token = signed_as(&head, &idp.claims(), &key.private, key.algorithm);
        assert_eq!(outcome(&idp, &token).await, Some(UNKNOWN), "{named}");
    }
    let encrypting = with(EC.public.clone(), "use", "enc".into());
    let idp = Idp::start().await;
    idp.publish(&[&encrypting]);
    let token = signed_as(&header(&EC), &idp.claims(), &EC.private, EC.algorithm);
    assert_eq!(outcome(&idp, &token).await, Some(UNKNOWN));
}

#[tokio::test]
async fn case_056_an_extension_that_must_be_understood_is_not() {
    let idp = Idp::start().await;
    for (member, value) in [("crit", json!(["exp"])), ("crit", json!([])), ("b64", json!(false)), ("b64", json!(true))]
    {
        let head = with(header(&EC), member, value);
        let token = signed_as(&head, &idp.claims(), &EC.private, EC.algorithm);
        assert_eq!(outcome(&idp, &token).await, Some(CRITICAL), "{member}");
    }
}

#[tokio::test]
async fn case_056_what_was_signed_is_what_is_read() {
    let idp = Idp::start().await;
    let token = signed_as(&header(&EC), &idp.claims(), &EC.private, EC.algorithm);
    let other = with_signature(&header(&EC), &idp.claims_with(&json!({"sub": "admin"})), b"");
    let signature = token.rsplit_once('.').unwrap().1;
    assert_eq!(outcome(&idp, &format!("{other}{signature}")).await, Some(BAD));
    assert_eq!(outcome(&idp, &format!("{}.{token}", "x")).await, Some(UNREADABLE));
    assert!(outcome(&idp, &format!("{}{token}", "A".repeat(40_000))).await.is_some());
}

#[tokio::test]
async fn case_057_keys_come_from_the_configured_address_alone() {
    let idp = Idp::start().await;
    let evil = Key::ec("ec");
    idp.server.json("/evil", json!({"keys": [evil.public]}));
    let address = idp.server.url("/evil");
    for (member, value) in [
        ("jwk", evil.public.clone()),
        ("jku", json!(address)),
        ("x5u", json!(address)),
        ("x5c", json!([address])),
        ("kid", json!(address)),
    ] {
        let token = signed_as(&with(header(&evil), member, value), &idp.claims(), &evil.private, evil.algorithm);
        assert!(outcome(&idp, &token).await.is_some(), "{member}");
    }
    for kid in ["../../../../dev/null", "' OR 1=1 --", "ec\u{0}", "EC", ""] {
        let head = with(header(&evil), "kid", kid.into());
        let token = signed_as(&head, &idp.claims(), &evil.private, evil.algorithm);
        assert_eq!(outcome(&idp, &token).await, Some(UNKNOWN), "{kid}");
    }
    assert!(idp.server.asked("/evil").is_empty());
}

#[tokio::test]
async fn case_057_two_keys_of_one_name_are_none() {
    let idp = Idp::start().await;
    let twin = Key::ec("ec");
    idp.publish(&[&EC.public, &twin.public]);
    for key in [&*EC, &twin] {
        let token = signed_as(&header(key), &idp.claims(), &key.private, key.algorithm);
        assert_eq!(outcome(&idp, &token).await, Some(UpstreamError::InvalidToken("an ambiguous key")));
    }
    // One name for two kinds of key is told apart by the algorithm.
    idp.publish(&[&EC.public, &with(RSA.public.clone(), "kid", "ec".into())]);
    let token = signed_as(&header(&EC), &idp.claims(), &EC.private, EC.algorithm);
    idp.hands_out(&token);
    assert!(idp.who_at(NOW.plus(Duration::from_secs(61))).await.is_ok());
}

#[tokio::test]
async fn case_057_unknown_keys_are_asked_for_once_a_minute() {
    let idp = Idp::start().await;
    idp.who().await.unwrap();
    let stranger = Key::ec("rotated");
    let token = signed_as(&header(&stranger), &idp.claims(), &stranger.private, stranger.algorithm);
    for second in 0..60 {
        idp.hands_out(&token);
        assert_eq!(idp.who_at(NOW.plus(Duration::from_secs(second))).await.err(), Some(UNKNOWN));
    }
    assert_eq!(idp.server.asked("/jwks").len(), 1);
    // A minute later the question is allowed again, and by now the provider has published the key.
    idp.publish(&[&stranger.public]);
    assert!(idp.who_at(NOW.plus(Duration::from_mins(1))).await.is_ok());
    assert_eq!(idp.server.asked("/jwks").len(), 2);
    // The old key went with the old set.
    idp.says(&idp.claims());
    assert_eq!(idp.who_at(NOW.plus(Duration::from_secs(61))).await.err(), Some(UNKNOWN));
    assert_eq!(idp.server.asked("/jwks").len(), 2);
}

#[tokio::test]
async fn case_057_many_at_once_ask_once() {
    let idp = Idp::start().await;
    let stranger = Key::ed("rotated");
    idp.hands_out(&signed_as(&header(&stranger), &idp.claims(), &stranger.private, stranger.algorithm));
    let trips = async { tokio::join!(idp.who(), idp.who(), idp.who(), idp.who(), idp.who(), idp.who()) };
    let (first, ..) = trips.await;
    assert_eq!(first.err(), Some(UNKNOWN));
    assert_eq!(idp.server.asked("/jwks").len(), 1);
    assert_eq!(idp.server.asked(crate::idp::DISCOVERY).len(), 1);
}

#[tokio::test]
async fn a_token_without_a_key_name_is_read_with_the_only_key_that_fits() {
    let idp = Idp::start().await;
    let head = json!({"alg": "ES256"});
    let token = signed_as(&head, &idp.claims(), &EC.private, EC.algorithm);
    assert_eq!(outcome(&idp, &token).await, None);
    let idp = Idp::start().await;
    idp.publish(&[&EC.public, &Key::ec("other").public]);
    let token = signed_as(&head, &idp.claims(), &EC.private, EC.algorithm);
    assert_eq!(outcome(&idp, &token).await, Some(UpstreamError::InvalidToken("an ambiguous key")));
}

#[tokio::test]
async fn a_key_that_cannot_be_read_does_not_spoil_the_others() {
    let idp = Idp::start().await;
    let odd = [
        json!({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA", "kid": "a"}),
        json!({"kty": "OKP", "kid": 1}),
        json!([]),
    ];
    idp.publish(&[&odd[0], &odd[1], &odd[2], &EC.public]);
    assert!(idp.who().await.is_ok());
}
