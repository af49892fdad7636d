//! Providers without an ID token: whose word counts for what, strategy by strategy, against their documented answers.

use crate::idp::{Idp, NOW, callback, connection};
use crate::server::Server;
use guestlist_domain::connection::{Connection, Strategy, UpstreamSettings};
use guestlist_domain::identity::UpstreamIdentity;
use guestlist_outbound::http::{HttpClient, HttpSettings};
use guestlist_outbound::upstream::{Callback, UpstreamError, Upstreams};
use rstest::rstest;
use serde_json::{Value, json};

/// A provider of that kind at an address of its own, with what its endpoints answer.
struct Provider {
    server: Server,
    connection: Connection,
}

impl Provider {
    async fn start(strategy: Strategy, answers: &[(&str, Value)]) -> Self {
        let server = Server::start().await;
        for (path, answer) in answers {
            server.json(path, answer.clone());
        }
        let base = server.url("");
        let mut connection = Connection { strategy, ..connection(&base) };
        if let Some(options) = &mut connection.upstream {
            options.settings = UpstreamSettings { base_url: Some(base), ..UpstreamSettings::default() };
        }
        Self { server, connection }
    }

    async fn who(&self, iss: Option<&str>) -> Result<UpstreamIdentity, UpstreamError> {
        let http = HttpClient::new(&HttpSettings { allow_private: true, ..HttpSettings::default() }).unwrap();
        let upstream = Upstreams::new(http).of(&self.connection)?;
        upstream.who_came_back(&Callback { iss, ..callback() }, NOW).await
    }
}

fn token() -> Value {
    json!({"access_token": "of-this-person", "token_type": "bearer"})
}

/// Subject, address, and whether the provider says that it verified it.
type Told = (&'static str, Option<&'static str>, bool);

fn told(who: &UpstreamIdentity) -> (&str, Option<&str>, bool) {
    (&who.subject, who.email.as_ref().map(guestlist_domain::email::Email::as_str), who.email_verified)
}

const GITHUB: [&str; 3] = ["/login/oauth/access_token", "/api/v3/user", "/api/v3/user/emails"];

fn listed(email: &str, primary: bool, verified: bool) -> Value {
    json!({"email": email, "primary": primary, "verified": verified, "visibility": "public"})
}

#[rstest]
#[case::verified(json!([listed("anna@example.org", true, true)]), Some("anna@example.org"), true)]
#[case::not_verified(json!([listed("anna@example.org", true, false)]), Some("anna@example.org"), false)]
#[case::primary_alone(json!([listed("other@example.org", false, true), listed("anna@example.org", true, false)]),
    Some("anna@example.org"), false)]
#[case::no_primary(json!([listed("other@example.org", false, true)]), None, false)]
#[tokio::test]
async fn case_050_github_tells_the_primary_address_and_whether_it_is_verified(
    #[case] emails: Value,
    #[case] email: Option<&'static str>,
    #[case] verified: bool,
) {
    // The address of the profile is whatever its owner typed.
    let user = json!({"id": 583_231, "login": "anna", "email": "victim@example.org", "email_verified": true});
    let answers = [(GITHUB[0], token()), (GITHUB[1], user), (GITHUB[2], emails)];
    let who = Provider::start(Strategy::GitHub, &answers).await.who(None).await.unwrap();
    assert_eq!(told(&who), ("583231", email, verified));
    assert_eq!(who.profile.nickname.as_deref(), Some("anna"));
}

#[rstest]
#[case::discord_verified(Strategy::Discord, "/api/oauth2/token", "/api/users/@me",
    json!({"id": "80351110224678912", "email": "anna@example.org", "verified": true}),
    ("80351110224678912", Some("anna@example.org"), true))]
#[case::discord_not(Strategy::Discord, "/api/oauth2/token", "/api/users/@me",
    json!({"id": "1", "email": "anna@example.org", "verified": false, "email_verified": true}),
    ("1", Some("anna@example.org"), false))]
#[case::facebook_says_nothing(Strategy::Facebook, "/v23.0/oauth/access_token", "/v23.0/me",
    json!({"id": "10", "email": "anna@example.org", "email_verified": true, "verified": true}),
    ("10", Some("anna@example.org"), false))]
#[case::linkedin(Strategy::LinkedIn, "/oauth/v2/accessToken", "/v2/userinfo",
    json!({"sub": "782bbtaQ", "email": "anna@example.org", "email_verified": true}),
    ("782bbtaQ", Some("anna@example.org"), true))]
#[case::linkedin_in_words(Strategy::LinkedIn, "/oauth/v2/accessToken", "/v2/userinfo",
    json!({"sub": "782bbtaQ", "email": "anna@example.org", "email_verified": "true"}),
    ("782bbtaQ", Some("anna@example.org"), false))]
#[tokio::test]
async fn case_050_a_word_about_an_address_is_the_providers_own(
    #[case] strategy: Strategy,
    #[case] token_path: &str,
    #[case] user_path: &str,
    #[case] user: Value,
    #[case] expected: Told,
) {
    let provider = Provider::start(strategy, &[(token_path, token()), (user_path, user)]).await;
    let who = provider.who(None).await.unwrap();
    assert_eq!(told(&who), expected);
    assert_eq!(who.issuer, provider.server.url(""));
    assert_eq!(provider.server.asked(user_path)[0].authorization.as_deref(), Some("Bearer of-this-person"));
}

/// RFC 9207: whoever names itself must be who was asked. GitHub names its authorization server, below its own address.
#[rstest]
#[case(Strategy::GitHub, "", true)]
#[case(Strategy::GitHub, "/login/oauth", true)]
#[case(Strategy::GitHub, "/login", false)]
#[case(Strategy::Discord, "", true)]
#[case(Strategy::Discord, "/login/oauth", false)]
#[tokio::test]
async fn case_048_an_answer_of_another_issuer_is_refused(
    #[case] strategy: Strategy,
    #[case] path: &str,
    #[case] taken: bool,
) {
    let user = json!({"id": "1"});
    let answers = [
        (GITHUB[0], token()),
        (GITHUB[1], user.clone()),
        (GITHUB[2], json!([])),
        ("/api/oauth2/token", token()),
        ("/api/users/@me", user),
    ];
    let provider = Provider::start(strategy, &answers).await;
    let iss = provider.server.url(path);
    let answer = provider.who(Some(&iss)).await;
    let elsewhere = UpstreamError::InvalidToken("the answer names another issuer");
    assert_eq!(answer.map(|who| who.subject), if taken { Ok("1".to_owned()) } else { Err(elsewhere.clone()) });
    assert_eq!(provider.who(Some("https://github.com/login/oauth")).await, Err(elsewhere));
}

/// Slack numbers people within their team.
#[tokio::test]
async fn case_052_the_same_number_in_two_teams_of_slack_is_two_people() {
    let mut idp = Idp::start().await;
    idp.connection.strategy = Strategy::Slack;
    let mut seen = Vec::new();
    for team in ["T1", "T2"] {
        idp.says(&idp.claims_with(&json!({"sub": "U1", "https://slack.com/team_id": team})));
        seen.push(idp.who().await.unwrap().subject);
    }
    assert_ne!(seen[0], seen[1]);
    idp.says(&idp.claims_with(&json!({"sub": "U1"})));
    assert!(idp.who().await.is_err(), "without a team nobody is named");
}
