//! Whole trips: what is sent, who comes back, and what is refused on the way.

use crate::idp::{CLIENT, DISCOVERY, EC, Idp, NONCE, NOW, callback, connection, header, signed_as};
use crate::server::{Reply, Server};
use guestlist_domain::email::Email;
use guestlist_domain::secret::Sensitive;
use guestlist_outbound::http::{HttpClient, HttpError, HttpSettings};
use guestlist_outbound::upstream::{AuthorizationRequest, Callback, UpstreamError, Upstreams};
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

fn request() -> AuthorizationRequest<'static> {
    AuthorizationRequest {
        redirect_uri: "https://guests.example/login/callback",
        state: "the-state",
        nonce: NONCE,
        code_challenge: "the-challenge",
        login_hint: Some("anna+x@example.org"),
        prompt: Some("login"),
        max_age: Some(300),
    }
}

fn refused(code: &str) -> UpstreamError {
    UpstreamError::Refused { error: code.to_owned() }
}

#[tokio::test]
async fn case_047_the_browser_always_takes_nonce_state_and_an_s256_challenge_along() {
    let idp = Idp::start().await;
    idp.document_with("authorization_endpoint", idp.server.url("/authorize?tenant=a%20b").into());
    let url = idp.sends_to(&request()).await.unwrap();
    assert!(url.as_str().starts_with(&idp.server.url("/authorize?")));
    let query: HashMap<_, _> = url.query_pairs().collect();
    let expected = [
        ("tenant", "a b"),
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", "https://guests.example/login/callback"),
        ("scope", "openid email profile"),
        ("state", "the-state"),
        ("nonce", NONCE),
        ("code_challenge", "the-challenge"),
        ("code_challenge_method", "S256"),
        ("login_hint", "anna+x@example.org"),
        ("prompt", "login"),
        ("max_age", "300"),
    ];
    assert_eq!(query, expected.into_iter().map(|(name, value)| (name.into(), value.into())).collect());
    assert_eq!(url.query_pairs().count(), expected.len());
}

#[tokio::test]
async fn case_047_a_token_without_this_trips_nonce_is_refused() {
    let idp = Idp::start().await;
    let trip = async |claim: Value, nonce: &'static str| {
        idp.says(&idp.claims_with(&json!({"nonce": claim})));
        idp.who_came_back(&Callback { nonce, ..callback() }, NOW).await
    };
    assert!(trip(json!(NONCE), NONCE).await.is_ok());
    for (claim, nonce) in [(json!(null), NONCE), (json!("of-another-trip"), NONCE), (json!(""), ""), (json!(null), "")]
    {
        let refused = trip(claim.clone(), nonce).await;
        assert_eq!(refused, Err(UpstreamError::InvalidToken("another nonce, or none")), "{claim}");
    }
    assert!(trip(json!([NONCE]), NONCE).await.is_err());
}

#[tokio::test]
async fn a_code_is_exchanged_with_its_verifier_for_an_identity() {
    let idp = Idp::start().await;
    let who = idp.who().await.unwrap();
    assert_eq!(who.connection, idp.connection.id);
    assert_eq!(who.issuer, idp.issuer);
    assert_eq!(who.subject, "248289761001");
    assert_eq!(who.email, Email::parse("anna@example.org").ok());
    assert!(who.email_verified);
    assert_eq!(who.profile.name.as_deref(), Some("Anna Berg"));

    let asked = &idp.token_requests()[0];
    let expected = [
        ("grant_type", "authorization_code"),
        ("code", "the-code"),
        ("redirect_uri", "https://guests.example/login/callback"),
        ("code_verifier", "the-verifier-that-nobody-else-has-seen-0123"),
    ];
    assert_eq!(asked.form, expected.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
    let basic = data_encoding::BASE64.encode(format!("{CLIENT}:the-secret").as_bytes());
    assert_eq!(asked.authorization, Some(format!("Basic {basic}")));
}

#[tokio::test]
async fn we_authenticate_as_the_provider_asks() {
    let mut idp = Idp::start().await;
    idp.document_with("token_endpoint_auth_methods_supported", json!(["private_key_jwt", "client_secret_post"]));
    idp.who().await.unwrap();
    let asked = &idp.token_requests()[0];
    assert_eq!((&*asked.form["client_id"], &*asked.form["client_secret"]), (CLIENT, "the-secret"));
    assert_eq!(asked.authorization, None);

    idp.connection.upstream.as_mut().unwrap().client_secret = None;
    idp.who().await.unwrap();
    let asked = &idp.token_requests()[1];
    assert_eq!(asked.form["client_id"], CLIENT);
    assert!(asked.authorization.is_none() && !asked.form.contains_key("client_secret"));
}

#[tokio::test]
async fn a_provider_that_takes_several_ways_is_asked_by_each() {
    let idp = Idp::start().await;
    idp.document_with("token_endpoint_auth_methods_supported", json!(["client_secret_post", "client_secret_basic"]));
    idp.answers_the_code(401, json!({"error": "invalid_client"}));
    assert_eq!(idp.who().await, Err(refused("invalid_client")));
    let ways: Vec<bool> = idp.token_requests().iter().map(|asked| asked.authorization.is_some()).collect();
    assert_eq!(ways, [true, false]);

    idp.answers_the_code(400, json!({"error": "invalid_grant"}));
    assert_eq!(idp.who().await, Err(refused("invalid_grant")));
    assert_eq!(idp.token_requests().len(), 3);
}

#[tokio::test]
async fn a_provider_that_takes_no_secret_is_misconfigured() {
    let idp = Idp::start().await;
    idp.document_with("token_endpoint_auth_methods_supported", json!(["private_key_jwt"]));
    assert!(matches!(idp.check().await, Err(UpstreamError::Misconfigured(_))));
    assert!(matches!(idp.who().await, Err(UpstreamError::Misconfigured(_))));
    assert!(idp.token_requests().is_empty());
}

#[rstest]
#[case(400, json!({"error": "access_denied"}), refused("access_denied"))]
#[case(200, json!({"error": "bad_verification_code", "id_token": "x"}), refused("bad_verification_code"))]
#[case(400, json!({"error": "<b>the-secret</b>"}), refused("unknown_error"))]
#[case(500, json!({"error": "server_error"}), UpstreamError::Unreachable(HttpError::Status(500)))]
#[case(200, json!({"access_token": "x"}), UpstreamError::InvalidToken("there is no ID token"))]
#[case(200, json!({"id_token": 7}), UpstreamError::Unreachable(HttpError::NotJson))]
#[case(200, json!({"id_token": "x"}), UpstreamError::InvalidToken("a header that cannot be read"))]
#[tokio::test]
async fn a_no_of_the_token_endpoint(#[case] status: u16, #[case] answer: Value, #[case] error: UpstreamError) {
    let idp = Idp::start().await;
    idp.answers_the_code(status, answer);
    assert_eq!(idp.who().await, Err(error));
}

#[tokio::test]
async fn case_048_the_answer_must_name_the_issuer_it_came_from() {
    let idp = Idp::start().await;
    let trip = async |iss: Option<&str>| idp.who_came_back(&Callback { iss, ..callback() }, NOW).await;
    assert!(trip(None).await.is_ok());
    assert!(trip(Some(&idp.issuer)).await.is_ok());
    let before = idp.token_requests().len();
    for other in ["https://hostile.example", "", &format!("{}/", idp.issuer)] {
        let error = UpstreamError::InvalidToken("the answer names another issuer");
        assert_eq!(trip(Some(other)).await, Err(error), "{other}");
    }
    // The code was not shown to anybody.
    assert_eq!(idp.token_requests().len(), before);

    let promised = Idp::start().await;
    promised.document_with("authorization_response_iss_parameter_supported", json!(true));
    assert_eq!(promised.who().await, Err(UpstreamError::InvalidToken("the answer names no issuer")));
    let named = Callback { iss: Some(&promised.issuer), ..callback() };
    assert!(promised.who_came_back(&named, NOW).await.is_ok());
}

#[tokio::test]
async fn case_048_a_hostile_provider_cannot_pass_an_honest_token_on() {
    let (honest, hostile) = (Idp::start().await, Idp::start().await);
    let mut document = hostile.document();
    document["token_endpoint"] = honest.document()["token_endpoint"].clone();
    document["jwks_uri"] = honest.document()["jwks_uri"].clone();
    hostile.server.json(DISCOVERY, document);
    assert_eq!(hostile.who().await, Err(UpstreamError::InvalidToken("another issuer")));
}

#[tokio::test]
async fn case_048_the_issuer_is_compared_byte_for_byte() {
    let idp = Idp::start().await;
    for (configured, named) in [("", "/"), ("/", ""), ("/tenant", "/Tenant"), ("/tenant", "/tenant/")] {
        let mut idp = Idp::start().await;
        let path = format!("{}{DISCOVERY}", configured.trim_end_matches('/'));
        let mut document = idp.document();
        document["issuer"] = idp.server.url(named).into();
        idp.server.json(&path, document);
        idp.connection = connection(&idp.server.url(configured));
        assert!(matches!(idp.check().await, Err(UpstreamError::Misconfigured(_))), "{configured} {named}");
    }
    let mut slash = idp;
    slash.document_with("issuer", slash.server.url("/").into());
    slash.connection = connection(&slash.server.url("/"));
    slash.says(&slash.claims_with(&json!({"iss": slash.server.url("/")})));
    assert_eq!(slash.who().await.unwrap().issuer, slash.server.url("/"));
}

#[rstest]
#[case(json!(false))]
#[case(json!("true"))]
#[case(json!(1))]
#[case(json!(null))]
#[tokio::test]
async fn case_050_an_address_is_verified_by_a_boolean_or_not_at_all(#[case] word: Value) {
    let idp = Idp::start().await;
    idp.says(&idp.claims_with(&json!({"email_verified": word})));
    let who = idp.who().await.unwrap();
    assert_eq!(who.email, Email::parse("anna@example.org").ok());
    assert!(!who.email_verified);
}

#[tokio::test]
async fn case_054_another_address_is_still_the_same_identity() {
    let idp = Idp::start().await;
    let before = idp.who().await.unwrap();
    idp.says(&idp.claims_with(&json!({"email": "boss@example.org"})));
    let after = idp.who().await.unwrap();
    assert_eq!((before.issuer, before.subject), (after.issuer, after.subject));
    assert_ne!(before.email, after.email);
}

#[tokio::test]
async fn an_address_that_is_none_is_dropped_with_its_verification() {
    let idp = Idp::start().await;
    for email in [json!("anna"), json!(""), json!(["anna@example.org"]), json!("a@b.example\r\nBcc: c@d.example")] {
        idp.says(&idp.claims_with(&json!({"email": email})));
        let who = idp.who().await.unwrap();
        assert_eq!((who.email, who.email_verified), (None, false));
    }
    assert!(idp.server.asked("/userinfo").is_empty());
}

#[tokio::test]
async fn an_address_missing_from_the_token_is_asked_for_in_person() {
    let idp = Idp::start().await;
    idp.says(&idp.claims_with(&json!({"email": null, "name": null})));
    let told = json!({"sub": "248289761001", "email": "anna@example.org", "email_verified": true, "name": "Anna"});
    idp.server.json("/userinfo", told.clone());
    let who = idp.who().await.unwrap();
    assert_eq!((who.email, who.email_verified), (Email::parse("anna@example.org").ok(), true));
    assert_eq!(who.profile.name.as_deref(), Some("Anna"));
    assert_eq!(idp.server.asked("/userinfo")[0].authorization.as_deref(), Some("Bearer access-token"));

    // The token's word about verification is not joined with an address from elsewhere.
    idp.server.json("/userinfo", json!({"sub": "248289761001", "email": "boss@example.org"}));
    assert!(!idp.who().await.unwrap().email_verified);

    for other in [json!("somebody-else"), json!(null), json!("")] {
        let mut told = told.clone();
        told["sub"] = other;
        idp.server.json("/userinfo", told);
        assert_eq!(idp.who().await, Err(UpstreamError::InvalidToken("userinfo is about another subject")));
    }
    idp.server.reply("/userinfo", Reply::Json(403, json!({})));
    assert_eq!(idp.who().await, Err(UpstreamError::Unreachable(HttpError::Status(403))));
}

#[tokio::test]
async fn a_provider_without_userinfo_may_keep_the_address_to_itself() {
    let idp = Idp::start().await;
    idp.document_with("userinfo_endpoint", json!(null));
    idp.says(&idp.claims_with(&json!({"email": null})));
    let who = idp.who().await.unwrap();
    assert_eq!((who.email, who.email_verified), (None, false));
}

#[tokio::test]
async fn case_060_a_document_cannot_send_us_elsewhere() {
    for member in ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"] {
        for target in ["file:///etc/passwd", "http://10.0.0.1/", "http://idp.example/", "gopher://127.0.0.1/"] {
            let idp = Idp::start().await;
            idp.document_with(member, target.into());
            assert_eq!(idp.who().await, Err(UpstreamError::Blocked), "{member} {target}");
            assert!(idp.token_requests().is_empty());
        }
        let idp = Idp::start().await;
        idp.document_with(member, "no address".into());
        assert!(matches!(idp.who().await, Err(UpstreamError::Misconfigured(_))), "{member}");
    }
}

#[tokio::test]
async fn case_060_a_private_issuer_is_blocked_unless_the_operator_says_so() {
    let server = Server::start().await;
    let upstreams = Upstreams::new(HttpClient::new(&HttpSettings::default()).unwrap());
    for issuer in [
        server.url(""),
        format!("https://127.0.0.1:{}", server.port),
        format!("https://localhost:{}", server.port),
        format!("https://[::ffff:127.0.0.1]:{}", server.port),
        "https://169.254.169.254".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let checked = upstreams.check(&connection(&issuer), NOW).await;
        assert_eq!(checked, Err(UpstreamError::Blocked), "{issuer}");
    }
    assert_eq!(server.total(), 0);
}

#[tokio::test]
async fn case_060_a_redirecting_provider_is_not_followed() {
    let idp = Idp::start().await;
    idp.server.reply(DISCOVERY, Reply::Redirect(idp.server.url("/internal")));
    idp.server.json("/internal", idp.document());
    assert_eq!(idp.who().await, Err(UpstreamError::Unreachable(HttpError::Status(302))));
    assert!(idp.server.asked("/internal").is_empty());
}

#[tokio::test]
async fn an_issuer_that_is_no_plain_url_is_misconfigured() {
    let upstreams = Upstreams::new(HttpClient::new(&HttpSettings::default()).unwrap());
    for issuer in ["", "idp.example", "https://idp.example/?a=b", "https://idp.example/#a", "mailto:anna@example.org"] {
        let checked = upstreams.check(&connection(issuer), NOW).await;
        assert!(matches!(checked, Err(UpstreamError::Misconfigured(_))), "{issuer} {checked:?}");
    }
    let mut database = connection("https://idp.example");
    database.upstream = None;
    assert!(matches!(upstreams.of(&database).err(), Some(UpstreamError::Misconfigured(_))));
}

#[tokio::test]
async fn what_was_learned_lasts_an_hour() {
    let idp = Idp::start().await;
    let learned = || (idp.server.asked(DISCOVERY).len(), idp.server.asked("/jwks").len());
    idp.who().await.unwrap();
    idp.sends_to(&request()).await.unwrap();
    idp.who_at(NOW.plus(Duration::from_secs(299))).await.unwrap();
    assert_eq!(learned(), (1, 1));
    let later = NOW.plus(Duration::from_hours(1));
    idp.says(&idp.claims_with(&json!({"iat": later.seconds(), "exp": later.seconds() + 60})));
    idp.who_at(later).await.unwrap();
    assert_eq!(learned(), (2, 2));
    idp.check().await.unwrap();
    assert_eq!(learned(), (3, 3));
}

#[tokio::test]
async fn a_check_finds_what_a_trip_would_stumble_over() {
    let idp = Idp::start().await;
    idp.check().await.unwrap();
    idp.publish(&[]);
    assert!(matches!(idp.check().await, Err(UpstreamError::Misconfigured(_))));
    idp.publish(&[&json!({"kty": "oct", "k": "c2VjcmV0", "kid": "x"}), &json!({"kty": 7}), &json!("junk")]);
    assert!(matches!(idp.check().await, Err(UpstreamError::Misconfigured(_))));
    idp.server.reply(DISCOVERY, Reply::Bytes(200, vec![b' '; 2 << 20]));
    assert_eq!(idp.check().await, Err(UpstreamError::Unreachable(HttpError::TooLarge)));
    idp.server.reply(DISCOVERY, Reply::Json(404, json!({})));
    assert_eq!(idp.check().await, Err(UpstreamError::Unreachable(HttpError::Status(404))));
}

#[tokio::test]
async fn no_error_shows_a_secret() {
    let mut idp = Idp::start().await;
    idp.connection.upstream.as_mut().unwrap().client_secret = Some(Sensitive::new("hunter2"));
    idp.answers_the_code(400, json!({"error": "hunter2 the-code", "error_description": "hunter2 the-code"}));
    let error = idp.who().await.unwrap_err();
    let shown = format!("{error} {error:?} {:?}", idp.connection);
    assert!(!shown.contains("hunter2") && !shown.contains("the-code"), "{shown}");
    let token = signed_as(&header(&EC), &idp.claims_with(&json!({"aud": "hunter2"})), &EC.private, EC.algorithm);
    idp.hands_out(&token);
    let error = idp.who().await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("hunter2") && !shown.contains(&token), "{shown}");
}
