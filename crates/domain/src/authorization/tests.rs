//! The narrow path as tables: what is read, what is refused and how, and who is asked to sign in.

use super::*;
use crate::client::{AppType, AuthMethod, ClientSettings};
use crate::email::Email;
use crate::ids::SessionId;
use crate::resource_server::{ApiScope, ApiSettings};
use crate::session::Method;
use crate::user::Lifecycle;
use proptest::prelude::*;
use rstest::rstest;
use std::fmt::Write as _;

const CALLBACK: &str = "https://app.example/callback";
const OTHER_CALLBACK: &str = "https://app.example/other?kept=1";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const USERINFO: &str = "https://id.example.org/userinfo";
const AUDIENCES: Audiences<'_> = Audiences { userinfo: USERINFO, api: None };

fn client(callbacks: &[&str]) -> Client {
    Client {
        id: ClientId::new("client"),
        name: "Client".to_owned(),
        app_type: AppType::RegularWeb,
        auth_method: AuthMethod::ClientSecretPost,
        secret: None,
        settings: ClientSettings {
            callbacks: callbacks.iter().map(|uri| (*uri).to_owned()).collect(),
            grant_types: vec!["authorization_code".to_owned()],
            ..ClientSettings::default()
        },
        created_at: Timestamp::from_millis(0),
    }
}

type Changes<'a> = &'a [(&'a str, &'a str)];

/// A sound request, with `changes` on top: a value replaces, an empty one removes, a name with `+` comes once more.
fn asked(changes: Changes<'_>) -> Parameters {
    let mut pairs: Vec<(String, String)> = [
        ("client_id", "client"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("state", "s"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for (name, value) in changes {
        let again = name.strip_prefix('+');
        if again.is_none() {
            pairs.retain(|(known, _)| known != name);
        }
        pairs.push((again.unwrap_or(name).to_owned(), (*value).to_owned()));
    }
    Parameters::new(pairs)
}

fn read_one(changes: Changes<'_>) -> Result<Request, Rejection> {
    read(&asked(changes), &client(&[CALLBACK, OTHER_CALLBACK]), AUDIENCES)
}

/// A client that may have ID tokens through the browser.
fn implicit() -> Client {
    let mut client = client(&[CALLBACK, OTHER_CALLBACK]);
    client.settings.grant_types = vec!["implicit".to_owned(), "authorization_code".to_owned()];
    client.settings.web_origins = vec!["https://app.example".to_owned()];
    client
}

fn told(changes: Changes<'_>) -> (ReplyTo, Refused) {
    match read_one(changes) {
        Err(Rejection::Told(to, refused)) => (to, refused),
        other => panic!("expected a refusal for the application, got {other:?}"),
    }
}

#[rstest]
#[case("https://app.example/callback/")]
#[case("https://app.example/callback?x=1")]
#[case("https://app.example/callback#f")]
#[case("https://app.example/callback/..;/callback")]
#[case("https://app.example/%63allback")]
#[case("https://app.example/%2e/callback")]
#[case("https://APP.example/callback")]
#[case("https://app.example:443/callback")]
#[case("http://app.example/callback")]
#[case("https://evil@app.example/callback")]
#[case("https://app.example@evil.example/callback")]
#[case("https://app.example.evil.example/callback")]
#[case("javascript:alert(1)")]
#[case("https://app.example/callback\u{0}")]
#[case(" https://app.example/callback")]
fn case_082_any_other_address_is_a_page_here(#[case] uri: &str) {
    assert_eq!(read_one(&[("redirect_uri", uri)]), Err(Rejection::Untrusted));
}

#[test]
fn case_082_a_repeated_address_is_a_page_here() {
    assert_eq!(read_one(&[("+redirect_uri", CALLBACK)]), Err(Rejection::Untrusted));
    assert_eq!(read_one(&[("+redirect_uri", "https://evil.example/")]), Err(Rejection::Untrusted));
    assert_eq!(read_one(&[("+client_id", "client")]), Err(Rejection::Untrusted));
}

#[test]
fn an_address_may_be_left_out_where_there_is_one_only() {
    let left_out = asked(&[("redirect_uri", "")]);
    let request = read(&left_out, &client(&[CALLBACK]), AUDIENCES).unwrap();
    assert_eq!((request.redirect_uri.as_str(), request.redirect_uri_sent), (CALLBACK, false));
    assert_eq!(read(&left_out, &client(&[CALLBACK, OTHER_CALLBACK]), AUDIENCES), Err(Rejection::Untrusted));
    assert_eq!(read(&left_out, &client(&[]), AUDIENCES), Err(Rejection::Untrusted));
}

#[rstest]
#[case::no_challenge(&[("code_challenge", "")])]
#[case::no_method(&[("code_challenge_method", "")])]
#[case::plain(&[("code_challenge_method", "plain")])]
#[case::not_a_digest(&[("code_challenge", "abc")])]
#[case::padded(&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=")])]
#[case::twice(&[("+code_challenge", CHALLENGE)])]
fn case_085_nobody_goes_without_pkce(#[case] changes: Changes<'_>) {
    assert_eq!(told(changes).1.code, ErrorCode::InvalidRequest);
}

#[rstest]
#[case(&[("response_type", "token")], "unsupported_response_type")]
#[case(&[("response_type", "id_token token")], "unsupported_response_type")]
#[case(&[("response_type", "code token")], "unsupported_response_type")]
#[case(&[("response_type", "code  id_token")], "unsupported_response_type")]
#[case(&[("response_type", "none")], "unsupported_response_type")]
#[case(&[("response_type", "id_token"), ("response_mode", "form_post"), ("nonce", "n")], "unauthorized_client")]
#[case(&[("response_type", "code id_token"), ("response_mode", "form_post"), ("nonce", "n")], "unauthorized_client")]
#[case(&[("response_type", "")], "invalid_request")]
#[case(&[("+response_type", "code")], "invalid_request")]
#[case(&[("response_mode", "fragment")], "invalid_request")]
#[case(&[("response_mode", "web_message")], "invalid_request")]
#[case(&[("response_mode", "x")], "invalid_request")]
fn case_089_only_the_code_flow(#[case] changes: Changes<'_>, #[case] code: &str) {
    assert_eq!(told(changes).1.code.as_str(), code);
}

#[rstest]
#[case(&[("audience", "https://api.example")], "access_denied", "Service not found: https://api.example")]
#[case(&[("audience", "a\"b\\c\u{e9}")], "access_denied", "Service not found: abc")]
#[case(&[("prompt", "create")], "access_denied", "There is no registration: this service is by invitation.")]
#[case(&[("prompt", "none login")], "invalid_request", "prompt=none cannot be combined with another prompt.")]
#[case(&[("prompt", "please")], "invalid_request", "The prompt is not supported.")]
#[case(&[("max_age", "-1")], "invalid_request", "max_age must be a number of seconds.")]
#[case(&[("max_age", "1.5")], "invalid_request", "max_age must be a number of seconds.")]
#[case(&[("max_age", "99999999999999999999")], "invalid_request", "max_age must be a number of seconds.")]
#[case(&[("scope", "open\"id")], "invalid_scope", "The scope has characters that are not allowed.")]
#[case(&[("nonce", "\u{fffd}")], "invalid_request", "The parameter nonce is not UTF-8.")]
#[case(&[("request", "x")], "request_not_supported", "Request objects are not supported.")]
#[case(&[("request_uri", "x")], "request_uri_not_supported", "Request objects are not supported.")]
#[case(&[("+scope", "openid")], "invalid_request", "The parameter scope must not be repeated.")]
fn the_application_is_told(#[case] changes: Changes<'_>, #[case] code: &str, #[case] description: &str) {
    let (to, refused) = told(changes);
    assert_eq!((refused.code.as_str(), refused.description.as_ref()), (code, description));
    assert_eq!((to.redirect_uri.as_str(), to.state.as_deref()), (CALLBACK, Some("s")));
}

#[test]
fn a_client_without_the_code_flow_may_not_ask() {
    let mut machine = client(&[CALLBACK]);
    machine.settings.grant_types = vec!["client_credentials".to_owned()];
    let refused = read(&asked(&[]), &machine, AUDIENCES).unwrap_err();
    assert!(matches!(refused, Rejection::Told(_, Refused { code: ErrorCode::UnauthorizedClient, .. })));
}

#[test]
fn what_cannot_be_echoed_is_not_echoed() {
    assert_eq!(told(&[("+state", "other")]).0.state, None);
    assert_eq!(told(&[("state", &"x".repeat(LONGEST_ECHO + 1))]).0.state, None);
    assert_eq!(told(&[("state", "\u{fffd}")]).0.state, None);
}

#[rstest]
#[case("auth0Client", "x")]
#[case("acr_values", "x")]
#[case("code_verifier", "x")]
fn what_means_nothing_here_is_ignored(#[case] name: &str, #[case] value: &str) {
    assert_eq!(read_one(&[(name, value), (&format!("+{name}"), value)]), read_one(&[]));
}

#[test]
fn a_whole_request_is_read() {
    let request = read_one(&[
        ("audience", USERINFO),
        ("nonce", "n+/="),
        ("max_age", "0"),
        ("prompt", "login consent"),
        ("login_hint", "anna@example.org"),
        ("connection", "acme"),
        ("screen_hint", "signup"),
        ("response_mode", "query"),
    ])
    .unwrap();
    assert_eq!(request.nonce.as_deref(), Some("n+/="));
    assert_eq!((request.max_age, request.prompt, request.wants_signup), (Some(0), Prompt::Always, true));
    assert_eq!(request.login_hint.as_deref(), Some("anna@example.org"));
    assert_eq!(request.connection.as_deref(), Some("acme"));
    let stored = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<Request>(&stored).unwrap(), request);
}

fn calendar() -> ResourceServer {
    ResourceServer {
        id: crate::ids::ResourceServerId::new("1"),
        name: "Calendar".to_owned(),
        identifier: "https://api.example".to_owned(),
        settings: ApiSettings {
            scopes: vec![ApiScope { value: "read:dates".to_owned(), description: None }],
            ..ApiSettings::default()
        },
        created_at: Timestamp::from_millis(0),
    }
}

#[rstest]
#[case("", "openid profile", None)]
#[case(USERINFO, "openid profile", None)]
#[case("https://api.example", "openid profile read:dates", Some("https://api.example"))]
fn scopes_are_of_the_api_that_is_asked_for(#[case] audience: &str, #[case] scope: &str, #[case] api: Option<&str>) {
    let calendar = calendar();
    let audiences = Audiences { api: Some(&calendar), ..AUDIENCES };
    let wish = "openid profile read:dates write:dates";
    let request = read(&asked(&[("audience", audience), ("scope", wish)]), &client(&[CALLBACK]), audiences).unwrap();
    assert_eq!((request.scope.to_string().as_str(), request.audience.as_deref()), (scope, api));
}

#[test]
fn another_api_than_the_one_that_is_known_is_none() {
    let calendar = calendar();
    let audiences = Audiences { api: Some(&calendar), ..AUDIENCES };
    for audience in ["https://api.example/", "https://API.example", "https://id.example.org/api/v2/"] {
        let refused = read(&asked(&[("audience", audience)]), &client(&[CALLBACK]), audiences).unwrap_err();
        assert!(matches!(refused, Rejection::Told(_, Refused { code: ErrorCode::AccessDenied, .. })), "{audience}");
    }
}

const ID_TOKEN: Changes<'_> = &[
    ("response_type", "id_token"),
    ("response_mode", "form_post"),
    ("nonce", "n"),
    ("code_challenge", ""),
    ("code_challenge_method", ""),
];

fn read_implicit(changes: Changes<'_>) -> Result<Request, &'static str> {
    let all: Vec<(&str, &str)> = ID_TOKEN.iter().chain(changes).copied().collect();
    match read(&asked(&all), &implicit(), AUDIENCES) {
        Ok(request) => Ok(request),
        Err(Rejection::Told(_, refused)) => Err(refused.code.as_str()),
        Err(Rejection::Untrusted) => panic!("untrusted"),
    }
}

#[test]
fn case_089_an_id_token_goes_by_a_posted_form_to_whoever_may_have_it() {
    let request = read_implicit(&[]).unwrap();
    assert_eq!((request.wanted, request.road), (Wanted::IdToken, Road::FormPost));
    for mode in ["", "query", "fragment", "web_message"] {
        assert_eq!(read_implicit(&[("response_mode", mode)]), Err("invalid_request"), "{mode}");
    }
    for missing in ["nonce", "scope"] {
        assert_eq!(read_implicit(&[(missing, "")]), Err("invalid_request"), "{missing}");
    }
    // With a code, in either order, it wants the challenge all the same (case 85).
    assert_eq!(read_implicit(&[("response_type", "id_token code")]), Err("invalid_request"));
    for words in ["id_token code", "code id_token"] {
        let both = [("response_type", words), ("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
        assert!(matches!(read_implicit(&both).unwrap().wanted, Wanted::CodeAndIdToken(_)));
    }
}

#[rstest]
#[case(CALLBACK, &["https://app.example/"], true)]
#[case(CALLBACK, &["https://app.example:444"], false)]
#[case(CALLBACK, &["http://app.example"], false)]
#[case(CALLBACK, &[], false)]
#[case("com.example.app:/callback", &["https://app.example"], false)]
fn case_089_a_message_goes_to_a_declared_origin(#[case] uri: &str, #[case] origins: &[&str], #[case] may: bool) {
    let mut page = client(&[uri]);
    page.settings.web_origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    let read = read(&asked(&[("redirect_uri", uri), ("response_mode", "web_message")]), &page, AUDIENCES);
    match read {
        Ok(request) => assert!(may && request.road == Road::WebMessage),
        // What cannot be told by a message is told by the query.
        Err(Rejection::Told(to, _)) => assert!(!may && to.road == Road::Query),
        Err(Rejection::Untrusted) => panic!("untrusted"),
    }
}

#[test]
fn case_089_what_was_taken_away_while_a_request_waited_is_not_answered() {
    type TakeAway = fn(&mut ClientSettings);
    let code: Changes<'_> = &[];
    let both: Changes<'_> = &[("response_type", "code id_token"), ("response_mode", "form_post"), ("nonce", "n")];
    let message: Changes<'_> = &[("response_mode", "web_message")];
    let callback: TakeAway = |settings| settings.callbacks = vec![OTHER_CALLBACK.to_owned()];
    let codes: TakeAway = |settings| settings.grant_types.retain(|grant| grant != "authorization_code");
    let tokens: TakeAway = |settings| settings.grant_types.retain(|grant| grant != "implicit");
    let origins: TakeAway = |settings| settings.web_origins.clear();
    for (asked_for, shuts) in [
        (code, [true, true, false, false]),
        (ID_TOKEN, [true, false, true, false]),
        (both, [true, true, true, false]),
        (message, [true, true, false, true]),
    ] {
        let request = read(&asked(asked_for), &implicit(), AUDIENCES).unwrap();
        assert!(request.is_open_to(&implicit()), "{asked_for:?}");
        for (take_away, shut) in [callback, codes, tokens, origins].into_iter().zip(shuts) {
            let mut client = implicit();
            take_away(&mut client.settings);
            assert_eq!(request.is_open_to(&client), !shut, "{asked_for:?} {:?}", client.settings);
        }
    }
}

#[test]
fn an_answer_is_added_behind_the_registered_address() {
    let to =
        |uri: &str| ReplyTo { redirect_uri: uri.to_owned(), state: Some("a b&c=d+é".to_owned()), road: Road::Query };
    let code = || vec![("code", "gl".to_owned())];
    let Delivery::GoTo(url) = to(CALLBACK).deliver(code()) else { panic!("a query") };
    assert_eq!(url, "https://app.example/callback?code=gl&state=a+b%26c%3Dd%2B%C3%A9");
    let Delivery::GoTo(url) = to(OTHER_CALLBACK).deliver(code()) else { panic!("a query") };
    assert_eq!(url.split_once("&code=").unwrap().0, OTHER_CALLBACK);
    let refused = Refused::new(ErrorCode::LoginRequired, "Login required");
    let told = ReplyTo { state: None, ..to(CALLBACK) }.refuse(&refused);
    let url = "https://app.example/callback?error=login_required&error_description=Login+required".to_owned();
    assert_eq!(told, Delivery::GoTo(url));
    let fields = vec![("code", "gl".to_owned()), ("state", "a b&c=d+é".to_owned())];
    let posted = ReplyTo { road: Road::FormPost, ..to(CALLBACK) }.deliver(code());
    assert_eq!(posted, Delivery::Post { to: CALLBACK.to_owned(), fields: fields.clone() });
    assert!(!format!("{posted:?}").contains("gl"));
    let told = ReplyTo { road: Road::WebMessage, ..to(CALLBACK) }.deliver(code());
    assert_eq!(told, Delivery::Tell { origin: "https://app.example".to_owned(), fields });
}

proptest! {
    #[test]
    fn state_comes_back_byte_for_byte(state in "\\PC{1,200}") {
        // Whoever decoded the query puts this character where bytes were lost.
        prop_assume!(!state.contains(char::REPLACEMENT_CHARACTER));
        let request = read_one(&[("state", &state)]).unwrap();
        prop_assert_eq!(request.state.as_deref(), Some(state.as_str()));
        let pending = Pending { request, expected: None, started_at: Timestamp::from_millis(0) };
        let Delivery::GoTo(url) = pending.reply_to().deliver(vec![("code", "c".to_owned())]) else { panic!("a query") };
        let url = url::Url::parse(&url).unwrap();
        let returned = url.query_pairs().find(|(name, _)| name == "state").map(|(_, value)| value.into_owned());
        prop_assert_eq!(returned, Some(state));
    }

    #[test]
    fn nothing_leaves_for_an_address_that_is_not_registered(uri in "\\PC{1,60}", name in "[a-z_]{1,12}", value in "\\PC{0,40}") {
        let outcome = read_one(&[("redirect_uri", &uri), (&name, &value)]);
        let to = match outcome {
            Ok(request) => Some(request.redirect_uri),
            Err(Rejection::Told(to, _)) => Some(to.redirect_uri),
            Err(Rejection::Untrusted) => None,
        };
        prop_assert!(to.is_none_or(|to| to == CALLBACK || to == OTHER_CALLBACK));
    }
}

const STARTED: Timestamp = Timestamp::from_millis(1_000_000_000);

fn pending(changes: Changes<'_>, expected: Option<&str>) -> Pending {
    Pending { request: read_one(changes).unwrap(), expected: expected.map(UserId::new), started_at: STARTED }
}

fn session(authenticated_at: Timestamp) -> Session {
    Session {
        id: SessionId::new("ses_1"),
        user: UserId::new("auth0|anna"),
        user_epoch: 0,
        method: Method::Password,
        authenticated_at,
        created_at: authenticated_at,
        last_seen_at: authenticated_at,
    }
}

fn anna() -> User {
    let email = Email::parse("anna@example.org").unwrap();
    User { lifecycle: Lifecycle::Active, ..User::invited(UserId::new("auth0|anna"), email, Timestamp::from_millis(0)) }
}

/// Case 90 on one screen: every request beside every session.
#[test]
fn case_090_who_is_asked() {
    let requests: [(&str, Changes<'_>, Option<&str>); 8] = [
        ("plain", &[], None),
        ("prompt=none", &[("prompt", "none")], None),
        ("prompt=login", &[("prompt", "login")], None),
        ("prompt=select_account", &[("prompt", "select_account")], None),
        ("max_age=0", &[("max_age", "0")], None),
        ("max_age=60", &[("max_age", "60")], None),
        ("max_age=60 prompt=none", &[("max_age", "60"), ("prompt", "none")], None),
        ("hint of another user", &[], Some("auth0|berta")),
    ];
    let sessions = [
        ("no session", None),
        ("61 s old", Some(session(STARTED.minus(Duration::from_secs(61))))),
        ("60 s old", Some(session(STARTED.minus(Duration::from_mins(1))))),
        ("made for this", Some(session(STARTED))),
    ];
    let mut table = String::new();
    for (asked, changes, expected) in requests {
        for (who, session) in &sessions {
            let user = anna();
            let decision =
                decide(&pending(changes, expected), session.as_ref().map(|session| (session, &user)), STARTED);
            let word = match decision {
                Decision::Continue => "continue".to_owned(),
                Decision::AskSignIn(reason) => format!("ask: {reason:?}"),
                Decision::Refuse(refused) => format!("refuse: {}", refused.code.as_str()),
            };
            writeln!(table, "{asked:24} {who:14} {word}").unwrap();
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_blocked_user_gets_no_code_and_the_application_is_told() {
    let blocked = User { blocked: true, ..anna() };
    let decision = decide(&pending(&[], None), Some((&session(STARTED), &blocked)), STARTED);
    assert_eq!(decision, denied("user is blocked"));
    let pending_user = User { lifecycle: Lifecycle::Pending, ..anna() };
    let decision = decide(&pending(&[], None), Some((&session(STARTED), &pending_user)), STARTED);
    assert_eq!(decision, Decision::AskSignIn(Reason::NoSession));
}

#[test]
fn a_request_waits_for_an_hour() {
    let pending = pending(&[], None);
    assert!(!pending.is_over(STARTED.plus(PENDING_LIFETIME).minus(Duration::from_millis(1))));
    assert!(pending.is_over(STARTED.plus(PENDING_LIFETIME)));
}
