//! What passes through the browser: an ID token by a posted form, and a code by a form or a message.

use crate::stage::{ANNA, CALLBACK, CHALLENGE, PAGE_ORIGIN, PASSWORD, Pairs, Stage};
use guestlist_testkit::house::Engine;
use guestlist_testkit::on_both_engines;
use guestlist_testkit::visitor::Answer;
use serde_json::{Value, json};
use std::collections::BTreeMap;

on_both_engines!(
    case_089_an_id_token_is_posted_to_whoever_may_have_it,
    case_089_an_id_token_beside_a_code_vouches_for_it,
    case_089_a_code_is_posted_or_told_as_asked,
    case_089_errors_take_the_same_road,
    case_089_whoever_may_not_have_it_gets_nothing,
    case_089_what_was_taken_away_meanwhile_is_not_answered,
);

const IMPLICIT: Pairs<'_> = &[
    ("response_type", "id_token"),
    ("response_mode", "form_post"),
    ("code_challenge", ""),
    ("code_challenge_method", ""),
    ("scope", "openid profile email"),
];

/// Lets the application have ID tokens through the browser.
async fn allow_implicit(stage: &mut Stage) {
    let path = format!("/api/v2/clients/{}", stage.app.id);
    let grants = json!({"grant_types": ["authorization_code", "implicit", "refresh_token"]});
    stage.api.patch(&path, &grants).await.assert_status(200);
}

/// Where the form of a page leads, and what it carries.
#[track_caller]
fn posted(answer: &Answer) -> (String, BTreeMap<String, String>) {
    answer.assert_status(200);
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self'; ") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains("form-action 'self' https://app.example;"), "{policy}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let form = answer.form("Continue");
    assert_eq!((form.method.as_str(), answer.attribute("answer", "method").as_deref()), ("post", Some("post")));
    (form.action.to_string(), form.values)
}

/// To which origin a page tells what.
#[track_caller]
fn told(answer: &Answer) -> (String, Value) {
    answer.assert_status(200);
    let origin = answer.attribute("answer", "data-origin").expect("an origin");
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.ends_with(&format!("frame-ancestors {origin}")), "{policy}");
    assert_eq!(
        (answer.header("x-frame-options"), answer.header("cross-origin-opener-policy")),
        (None, Some("unsafe-none"))
    );
    (origin, serde_json::from_str(&answer.attribute("answer", "data-response").unwrap()).unwrap())
}

async fn case_089_an_id_token_is_posted_to_whoever_may_have_it(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    allow_implicit(&mut stage).await;
    let answer = stage.ask(IMPLICIT).await;
    let (to, fields) = posted(&answer);
    assert_eq!((to.as_str(), fields["state"].as_str(), fields.len()), (CALLBACK, "s+/=", 2), "and no access token");
    let claims = stage.claims(&fields["id_token"], &stage.app.id).await;
    assert_eq!((&claims["nonce"], &claims["email"]), (&json!("n+/="), &json!(ANNA)));
    assert_eq!(claims["sub"], json!(stage.anna_id().await));
    assert!(claims["sid"].is_string() && claims["auth_time"].is_number());
    assert!(claims.get("at_hash").is_none() && claims.get("c_hash").is_none());

    // Somebody who has to log in first gets there too.
    let mut browser = stage.house.visitor();
    let login = browser.open(&stage.request(IMPLICIT)).await;
    let done = browser.press(&login, "Log in", &[("email", ANNA), ("password", PASSWORD)]).await;
    assert!(posted(&done).1.contains_key("id_token"));
}

async fn case_089_an_id_token_beside_a_code_vouches_for_it(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    allow_implicit(&mut stage).await;
    let answer = stage.ask(&[("response_type", "code id_token"), ("response_mode", "form_post")]).await;
    let (_, fields) = posted(&answer);
    let claims = stage.claims(&fields["id_token"], &stage.app.id).await;
    assert_eq!(claims["c_hash"], json!(left_half(&fields["code"])));
    let tokens = stage.redeem(&fields["code"], &[]).await.assert_status(200).json();
    let later = stage.claims(tokens["id_token"].as_str().unwrap(), &stage.app.id).await;
    assert_eq!((&later["sub"], &later["nonce"], &later["sid"]), (&claims["sub"], &claims["nonce"], &claims["sid"]));
    assert!(later["at_hash"].is_string());
}

/// The left half of its digest (OpenID Connect Core, 3.3.2.11).
fn left_half(text: &str) -> String {
    let digest = guestlist_domain::secret::SecretHash::of(text.as_bytes());
    data_encoding::BASE64URL_NOPAD.encode(&digest.as_bytes()[..16])
}

async fn case_089_a_code_is_posted_or_told_as_asked(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    let (to, fields) = posted(&stage.ask(&[("response_mode", "form_post")]).await);
    assert_eq!(to, CALLBACK);
    stage.redeem(&fields["code"], &[]).await.assert_status(200);
    // The page declared its own origin, and no other may read the message.
    let own = format!("{PAGE_ORIGIN}/callback");
    let path = format!("/api/v2/clients/{}", stage.page.id);
    stage.api.patch(&path, &json!({"callbacks": [own, CALLBACK]})).await.assert_status(200);
    let page = stage.page.id.clone();
    let asked = [("client_id", page.as_str()), ("redirect_uri", own.as_str()), ("response_mode", "web_message")];
    let (origin, response) = told(&stage.ask(&asked).await);
    assert_eq!((origin.as_str(), &response["state"]), (PAGE_ORIGIN, &json!("s+/=")));
    let code = response["code"].as_str().unwrap();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", page.as_str()),
        ("redirect_uri", own.as_str()),
        ("code", code),
        ("code_verifier", crate::stage::VERIFIER),
    ];
    stage.token(&fields).await.assert_status(200);
    let foreign = [("client_id", page.as_str()), ("redirect_uri", CALLBACK), ("response_mode", "web_message")];
    let refused = stage.ask(&foreign).await;
    assert!(refused.location().unwrap().starts_with(&format!("{CALLBACK}?error=invalid_request")));
}

async fn case_089_errors_take_the_same_road(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    allow_implicit(&mut stage).await;
    let mut nobody = stage.house.visitor();
    let silent: Vec<(&str, &str)> = IMPLICIT.iter().copied().chain([("prompt", "none")]).collect();
    let (to, fields) = posted(&nobody.get(&stage.request(&silent)).await);
    assert_eq!((to.as_str(), fields["error"].as_str(), fields["state"].as_str()), (CALLBACK, "login_required", "s+/="));
    let own = format!("{PAGE_ORIGIN}/callback");
    let path = format!("/api/v2/clients/{}", stage.page.id);
    stage.api.patch(&path, &json!({"callbacks": [own]})).await.assert_status(200);
    let page = stage.page.id.clone();
    let asked = [
        ("client_id", page.as_str()),
        ("redirect_uri", own.as_str()),
        ("response_mode", "web_message"),
        ("prompt", "none"),
    ];
    let (origin, response) = told(&nobody.get(&stage.request(&asked)).await);
    assert_eq!((origin.as_str(), &response["error"]), (PAGE_ORIGIN, &json!("login_required")));
    // A stranger's provider leads to a page that says so, and its way back to a form.
    let provider = stage.house.provider().await;
    let login = nobody.open(&stage.request(IMPLICIT)).await;
    let away = nobody.submit(&login.form("Continue with Acme")).await.location().unwrap().to_owned();
    let stranger = guestlist_testkit::provider::Account::new("stranger", "stranger@example.org");
    let refused = nobody.open(&provider.send_back(&away, &stranger)).await;
    refused.assert_status(403).assert_says("You are not on the list");
    let back = nobody.get(&refused.find_link("Back to Team Calendar").unwrap()).await;
    assert_eq!(posted(&back).1["error"], "access_denied");
}

async fn case_089_whoever_may_not_have_it_gets_nothing(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    // No client has it unless it was said.
    let (_, fields) = posted(&stage.ask(IMPLICIT).await);
    assert_eq!(fields["error"], "unauthorized_client");
    allow_implicit(&mut stage).await;
    for (changes, error) in [
        (&[("response_mode", "query")][..], "invalid_request"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("nonce", "")], "invalid_request"),
        (&[("response_type", "id_token token")], "unsupported_response_type"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code id_token"), ("code_challenge", "")], "invalid_request"),
        (
            &[("response_type", "code id_token"), ("code_challenge", CHALLENGE), ("code_challenge_method", "plain")],
            "invalid_request",
        ),
    ] {
        let all: Vec<(&str, &str)> = IMPLICIT
            .iter()
            .filter(|(name, _)| !changes.iter().any(|(other, _)| other == name))
            .chain(changes)
            .copied()
            .collect();
        let answer = stage.ask(&all).await;
        let found = match answer.location() {
            Some(address) => address.contains(&format!("error={error}")),
            None => posted(&answer).1["error"] == error,
        };
        assert!(found, "{changes:?}: {:?} {}", answer.location(), answer.body);
    }
    // A blocked user gets nothing either.
    let id = stage.anna_id().await.to_string().replace('|', "%7C");
    stage.api.patch(&format!("/api/v2/users/{id}"), &json!({"blocked": true})).await.assert_status(200);
    let answer = stage.ask(IMPLICIT).await;
    assert!(answer.location().is_some_and(|to| to.starts_with("/login")), "{:?}", answer.location());
}

async fn case_089_what_was_taken_away_meanwhile_is_not_answered(engine: Engine) {
    let mut stage = Stage::on(engine).await;
    allow_implicit(&mut stage).await;
    let mut browser = stage.house.visitor();
    let login = browser.open(&stage.request(IMPLICIT)).await;
    let path = format!("/api/v2/clients/{}", stage.app.id);
    stage.api.patch(&path, &json!({"grant_types": ["authorization_code", "refresh_token"]})).await.assert_status(200);
    let done = browser.press(&login, "Log in", &[("email", ANNA), ("password", PASSWORD)]).await;
    assert!(!done.body.contains("id_token") && !done.body.contains("eyJ"), "{}", done.body);
    done.assert_status(400).assert_says("We lost track of where you were");
    // Another request of the same browser is answered as ever.
    assert!(stage.ask(&[]).await.location().unwrap().contains("code="));
}
