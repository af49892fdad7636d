//! The rules of grants as tables and properties.

use super::*;
use crate::client::{AppType, AuthMethod, ClientSettings};
use crate::email::Email;
use crate::resource_server::{ApiScope, ApiSettings};
use crate::user::Lifecycle;
use proptest::prelude::*;
use rstest::rstest;

// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "https://app.example/callback";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn scopes(text: &str) -> Scopes {
    Scopes::parse(text).unwrap()
}

fn binding(redirect_uri_sent: bool) -> CodeBinding {
    CodeBinding {
        grant: GrantId::new("grt_1"),
        redirect_uri: CALLBACK.to_owned(),
        redirect_uri_sent,
        challenge: CodeChallenge::parse(CHALLENGE).unwrap(),
        expires_at: at(0).plus(CODE_LIFETIME),
    }
}

fn grant(scope: &str, born: Timestamp) -> Grant {
    let scope = scopes(scope);
    Grant {
        id: GrantId::new("grt_1"),
        client: ClientId::new("client"),
        user: UserId::new("auth0|1"),
        user_epoch: 0,
        session: SessionId::new("ses_1"),
        audience: None,
        nonce: None,
        authenticated_at: born,
        created_at: born,
        expires_at: grant_end(&scope, None, born),
        revoked_at: None,
        scope,
    }
}

#[rstest]
#[case::all_fits(true, Some(CALLBACK), Some(VERIFIER), 59, Ok(()))]
#[case::no_address_was_sent(false, None, Some(VERIFIER), 0, Ok(()))]
#[case::the_only_address_is_named_late(false, Some(CALLBACK), Some(VERIFIER), 0, Ok(()))]
#[case::too_old(true, Some(CALLBACK), Some(VERIFIER), 60, Err(BadCode::Expired))]
#[case::other_address(true, Some("https://app.example/callback/"), Some(VERIFIER), 0, Err(BadCode::RedirectUri))]
#[case::address_left_out(true, None, Some(VERIFIER), 0, Err(BadCode::RedirectUri))]
#[case::no_verifier(true, Some(CALLBACK), None, 0, Err(BadCode::Verifier))]
#[case::empty_verifier(true, Some(CALLBACK), Some(""), 0, Err(BadCode::Verifier))]
#[case::the_challenge_itself(true, Some(CALLBACK), Some(CHALLENGE), 0, Err(BadCode::Verifier))]
#[case::verifier_and_more(
    true,
    Some(CALLBACK),
    Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk="),
    0,
    Err(BadCode::Verifier)
)]
fn case_084_a_code_is_bound(
    #[case] sent: bool,
    #[case] redirect_uri: Option<&str>,
    #[case] verifier: Option<&str>,
    #[case] age: i64,
    #[case] expected: Result<(), BadCode>,
) {
    assert_eq!(binding(sent).admits(Redemption { redirect_uri, verifier }, at(age)), expected);
}

#[rstest]
#[case("openid profile", Some("openid profile"))]
#[case(" openid  openid email ", Some("openid email"))]
#[case("", Some(""))]
#[case("openid\tprofile", None)]
#[case("openid \"x\"", None)]
#[case("openid pröfile", None)]
fn scopes_are_words_parted_by_spaces(#[case] text: &str, #[case] read: Option<&str>) {
    assert_eq!(Scopes::parse(text).map(|scopes| scopes.to_string()).as_deref(), read);
}

#[rstest]
#[case(&["authorization_code", "refresh_token"], "openid profile email offline_access")]
#[case(&["authorization_code"], "openid profile email")]
fn a_refresh_token_is_offered_to_who_may_use_one(#[case] grant_types: &[&str], #[case] offered: &str) {
    let client = Client {
        id: ClientId::new("client"),
        name: "Client".to_owned(),
        app_type: AppType::Spa,
        auth_method: AuthMethod::None,
        secret: None,
        settings: ClientSettings {
            grant_types: grant_types.iter().map(|word| (*word).to_owned()).collect(),
            id_token_lifetime_secs: Some(u64::MAX),
            ..ClientSettings::default()
        },
        created_at: at(0),
    };
    let asked = scopes("openid profile email offline_access read:users phone");
    assert_eq!(asked.offered_to(&client, None).to_string(), offered);
    assert_eq!(id_token_lifetime(&client), LONGEST_JWT_LIFETIME);
}

#[rstest]
#[case::alive(|_: &mut Grant, _: &mut User| {}, Ok(()))]
#[case::revoked(|grant: &mut Grant, _: &mut User| grant.revoked_at = Some(at(1)), Err(Lapsed::Over))]
#[case::too_old(|grant: &mut Grant, _: &mut User| grant.expires_at = at(2), Err(Lapsed::Over))]
#[case::recovered(|_: &mut Grant, user: &mut User| user.epoch = 1, Err(Lapsed::Over))]
#[case::pending(|_: &mut Grant, user: &mut User| user.lifecycle = Lifecycle::Pending, Err(Lapsed::Over))]
#[case::blocked(|_: &mut Grant, user: &mut User| user.blocked = true, Err(Lapsed::UserBlocked))]
fn a_grant_is_as_good_as_its_user(#[case] change: fn(&mut Grant, &mut User), #[case] expected: Result<(), Lapsed>) {
    let mut family = grant("openid", at(0));
    let email = Email::parse("anna@example.org").unwrap();
    let invited = User::invited(family.user.clone(), email, at(0));
    let mut user = User { lifecycle: Lifecycle::Active, ..invited };
    change(&mut family, &mut user);
    assert_eq!(family.check(&user, at(2)), expected);
}

#[test]
fn a_family_ends_as_a_whole() {
    let family = grant("openid offline_access", at(0));
    let late = at(0).plus(days(29));
    assert_eq!(family.refresh_end(at(0)), at(0).plus(REFRESH_IDLE_LIFETIME));
    assert_eq!(family.refresh_end(late), family.expires_at);
    assert_eq!(family.access_end(None, at(0)), at(0).plus(ACCESS_LIFETIME));
    assert!(family.access_end(None, late.plus(hours(1))) <= family.expires_at);
}

#[test]
fn without_refresh_tokens_a_grant_outlives_its_access_token_at_most() {
    let family = grant("openid", at(0));
    let redeemed = at(0).plus(CODE_LIFETIME);
    assert_eq!(family.access_end(None, redeemed), family.expires_at);
}

fn api(offline: bool, scopes: &[&str]) -> ResourceServer {
    ResourceServer {
        id: crate::ids::ResourceServerId::new("1"),
        name: "Calendar".to_owned(),
        identifier: "https://api.example".to_owned(),
        settings: ApiSettings {
            scopes: scopes.iter().map(|word| ApiScope { value: (*word).to_owned(), description: None }).collect(),
            allow_offline_access: offline,
            token_lifetime_secs: 60,
            ..ApiSettings::default()
        },
        created_at: at(0),
    }
}

#[test]
fn an_api_says_how_long_its_tokens_live_and_whether_they_can_be_had_anew() {
    let (short, calendar) = (grant("openid read:dates", at(0)), api(false, &["read:dates"]));
    assert_eq!(short.access_end(Some(&calendar), at(0)), at(60));
    assert_eq!(grant_end(&short.scope, Some(&calendar), at(0)), at(60).plus(CODE_LIFETIME));
    let mut client = Client {
        id: ClientId::new("client"),
        name: "Client".to_owned(),
        app_type: AppType::Spa,
        auth_method: AuthMethod::None,
        secret: None,
        settings: ClientSettings { grant_types: vec!["refresh_token".to_owned()], ..ClientSettings::default() },
        created_at: at(0),
    };
    let asked = scopes("read:dates offline_access write:dates");
    assert_eq!(asked.offered_to(&client, Some(&calendar)).to_string(), "read:dates");
    let lasting = api(true, &["read:dates"]);
    assert_eq!(asked.offered_to(&client, Some(&lasting)).to_string(), "read:dates offline_access");
    client.settings.grant_types.clear();
    assert_eq!(asked.offered_to(&client, Some(&lasting)).to_string(), "read:dates");
}

#[test]
fn what_an_api_lost_is_not_issued_any_more() {
    let family = grant("openid offline_access read:dates write:dates", at(0));
    let now = api(true, &["read:dates"]);
    assert_eq!(family.current_scope(Some(&now)).to_string(), "openid offline_access read:dates");
    let wanted = scopes("write:dates read:dates");
    assert_eq!(family.narrowed_to(Some(&wanted), Some(&now)).to_string(), "read:dates");
    assert_eq!(family.current_scope(None), family.scope);
    assert_eq!(family.current_scope(Some(&api(false, &["read:dates"]))).to_string(), "openid read:dates");
}

proptest! {
    #[test]
    fn a_refresh_never_gains_a_scope(granted in "[a-d ]{0,12}", wanted in "[a-f ]{0,12}") {
        let family = grant(&granted, at(0));
        let wanted = scopes(&wanted);
        prop_assert!(family.narrowed_to(Some(&wanted), None).is_within(&family.scope));
        prop_assert_eq!(family.narrowed_to(None, None), family.scope.clone());
        prop_assert!(wanted.and(&family.scope).is_within(&family.scope));
    }

    #[test]
    fn only_its_own_verifier_meets_a_challenge(verifier in "[A-Za-z0-9._~-]{43,128}", other in "\\PC{0,140}") {
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(verifier.as_bytes()));
        let challenge = CodeChallenge::parse(&challenge).unwrap();
        prop_assert!(challenge.is_met_by(&verifier));
        prop_assert_eq!(challenge.is_met_by(&other), other == verifier);
    }
}
