//! Audience, subject and times of ID tokens (case 58).

use crate::idp::{CLIENT, EC, Idp, NOW, header, with_signature};
use data_encoding::BASE64URL_NOPAD;
use guestlist_outbound::upstream::UpstreamError;
use jsonwebtoken::crypto;
use rstest::rstest;
use serde_json::{Value, json};

const N: i64 = NOW.seconds();
const AUDIENCE: UpstreamError = UpstreamError::InvalidToken("another audience");
const TIME: UpstreamError = UpstreamError::InvalidToken("outside its time");
const SUBJECT: UpstreamError = UpstreamError::InvalidToken("no usable subject");
const UNREADABLE: UpstreamError = UpstreamError::InvalidToken("claims that cannot be read");

async fn outcome(changes: &Value) -> Option<UpstreamError> {
    let idp = Idp::start().await;
    idp.says(&idp.claims_with(changes));
    idp.who().await.err()
}

#[rstest]
#[case(json!({"aud": [CLIENT]}), None)]
#[case(json!({"aud": [CLIENT], "azp": CLIENT}), None)]
#[case(json!({"aud": [CLIENT, "other"], "azp": CLIENT}), None)]
#[case(json!({"aud": "other"}), Some(AUDIENCE))]
#[case(json!({"aud": ["other"]}), Some(AUDIENCE))]
#[case(json!({"aud": []}), Some(AUDIENCE))]
#[case(json!({"aud": [CLIENT, "other"]}), Some(AUDIENCE))]
#[case(json!({"aud": [CLIENT, "other"], "azp": "other"}), Some(AUDIENCE))]
#[case(json!({"azp": "other"}), Some(AUDIENCE))]
#[case(json!({"aud": format!("{CLIENT} other")}), Some(AUDIENCE))]
#[case(json!({"aud": null}), Some(UNREADABLE))]
#[case(json!({"aud": {"x": CLIENT}}), Some(UNREADABLE))]
#[case(json!({"azp": [CLIENT]}), Some(UNREADABLE))]
#[tokio::test]
async fn case_058_a_token_is_for_us(#[case] changes: Value, #[case] expected: Option<UpstreamError>) {
    assert_eq!(outcome(&changes).await, expected);
}

#[rstest]
#[case(json!({"exp": N - 30, "iat": N - 300}), None)]
#[case(json!({"exp": N - 60, "iat": N - 300}), Some(TIME))]
#[case(json!({"exp": N - 600, "iat": N - 900}), Some(TIME))]
#[case(json!({"iat": N + 30}), None)]
#[case(json!({"iat": N + 60}), None)]
#[case(json!({"iat": N + 61}), Some(TIME))]
#[case(json!({"iat": N + 600, "exp": N + 900}), Some(TIME))]
#[case(json!({"nbf": N + 60}), None)]
#[case(json!({"nbf": N + 61}), Some(TIME))]
#[case(json!({"exp": N + 86_400}), None)]
#[case(json!({"exp": N + 86_401}), Some(TIME))]
#[case(json!({"exp": 4_923_000_000_i64}), Some(TIME))]
#[case(json!({"exp": i64::MAX}), Some(TIME))]
#[case(json!({"exp": i64::MAX, "iat": i64::MIN}), Some(TIME))]
#[case(json!({"iat": N + 30, "exp": N + 29}), Some(TIME))]
#[case(json!({"exp": null}), Some(UNREADABLE))]
#[case(json!({"iat": null}), Some(UNREADABLE))]
#[case(json!({"exp": (N + 300).to_string()}), Some(UNREADABLE))]
#[case(json!({"exp": 1_795_392_300.0}), Some(UNREADABLE))]
#[case(json!({"exp": 1e300}), Some(UNREADABLE))]
#[case(json!({"iat": true}), Some(UNREADABLE))]
#[case(json!({"exp": u64::MAX}), Some(UNREADABLE))]
#[case(json!({"nbf": "0"}), Some(UNREADABLE))]
#[tokio::test]
async fn case_058_a_token_is_of_this_hour(#[case] changes: Value, #[case] expected: Option<UpstreamError>) {
    assert_eq!(outcome(&changes).await, expected);
}

#[rstest]
#[case(json!({"sub": "x".repeat(255)}), None)]
#[case(json!({"sub": "x".repeat(256)}), Some(SUBJECT))]
#[case(json!({"sub": ""}), Some(SUBJECT))]
#[case(json!({"sub": "a\u{0}b"}), Some(SUBJECT))]
#[case(json!({"sub": null}), Some(UNREADABLE))]
#[case(json!({"sub": 7}), Some(UNREADABLE))]
#[case(json!({"iss": "https://other.example"}), Some(UpstreamError::InvalidToken("another issuer")))]
#[case(json!({"iss": null}), Some(UNREADABLE))]
#[tokio::test]
async fn case_058_a_token_is_about_somebody(#[case] changes: Value, #[case] expected: Option<UpstreamError>) {
    assert_eq!(outcome(&changes).await, expected);
}

/// A parser that takes the first of two members and another that takes the last would read two different tokens.
#[rstest]
#[case(r#""sub":"admin""#)]
#[case(r#""email":"admin@example.org""#)]
#[tokio::test]
async fn case_058_a_claim_is_there_once(#[case] twice: &str) {
    let idp = Idp::start().await;
    let claims = idp.claims().to_string();
    let claims = format!("{},{twice}}}", claims.strip_suffix('}').unwrap());
    let head = with_signature(&header(&EC), &json!({}), b"");
    let message = format!("{}.{}", head.split('.').next().unwrap(), BASE64URL_NOPAD.encode(claims.as_bytes()));
    let signature = crypto::sign(message.as_bytes(), &EC.private, EC.algorithm).unwrap();
    idp.hands_out(&format!("{message}.{signature}"));
    assert_eq!(idp.who().await.err(), Some(UNREADABLE));
}
