//! The stage: a house, an application, a page, a machine, and Anna, who is signed in.

use guestlist_app::clients::NewClient;
use guestlist_domain::client::{AppType, ClientSettings};
use guestlist_testkit::house::{Api, Engine, House, ORIGIN};
use guestlist_testkit::house_clients::{Credentials, create, web_application};
use guestlist_testkit::visitor::{Answer, Visitor};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;
use std::collections::BTreeMap;
use url::Url;

pub(crate) const CALLBACK: &str = "https://app.example/callback";
pub(crate) const OTHER_CALLBACK: &str = "https://app.example/other";
pub(crate) const LOGGED_OUT: &str = "https://app.example/bye";
pub(crate) const PAGE_ORIGIN: &str = "https://page.example";
pub(crate) const PASSWORD: &str = "kettle-orbit-9";
pub(crate) const ANNA: &str = "anna@example.org";
// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct Stage {
    pub(crate) house: House,
    pub(crate) api: Api,
    /// A server with a secret.
    pub(crate) app: Credentials,
    /// A page without.
    pub(crate) page: Credentials,
    pub(crate) anna: Visitor,
}

/// Names and values of a request, changed by those behind: an empty value removes.
pub(crate) type Pairs<'a> = &'a [(&'a str, &'a str)];

impl Stage {
    pub(crate) async fn on(engine: Engine) -> Self {
        let house = House::on(engine).await;
        let mut api = house.api().await;
        let settings = |origin: &str| ClientSettings {
            callbacks: vec![CALLBACK.to_owned(), OTHER_CALLBACK.to_owned()],
            allowed_logout_urls: vec![LOGGED_OUT.to_owned()],
            web_origins: vec![origin.to_owned()],
            ..ClientSettings::default()
        };
        let app = web_application(&house.app, settings("https://app.example")).await;
        let new = NewClient {
            name: "Page".to_owned(),
            app_type: AppType::Spa,
            auth_method: None,
            settings: settings(PAGE_ORIGIN),
            all_scopes: false,
        };
        let page = create(&house.app, new).await;
        let link = house.invite(&mut api, ANNA).await;
        let mut anna = house.visitor();
        let accept = anna.open(&link).await;
        let account = anna.press(&accept, "Set password", &[("password", PASSWORD)]).await;
        assert_eq!(account.url.path(), "/account", "{}", account.text());
        house.mails().await;
        Self { house, api, app, page, anna }
    }

    /// What the application asks.
    pub(crate) fn request(&self, changes: Pairs<'_>) -> String {
        let usual = [
            ("client_id", self.app.id.as_str()),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "openid profile email offline_access"),
            ("state", "s+/="),
            ("nonce", "n+/="),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let pairs = changed(&usual, changes);
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("/authorize?{query}")
    }

    /// Where Anna's browser is sent in answer to that.
    pub(crate) async fn ask(&mut self, changes: Pairs<'_>) -> Answer {
        let request = self.request(changes);
        self.anna.get(&request).await
    }

    /// A code for Anna.
    pub(crate) async fn code(&mut self, changes: Pairs<'_>) -> String {
        let answer = self.ask(changes).await;
        sent_back(&answer).remove("code").unwrap_or_else(|| panic!("no code: {:?}", answer.location()))
    }

    /// What the application posts with a code.
    pub(crate) async fn redeem(&self, code: &str, changes: Pairs<'_>) -> Answer {
        let usual = [
            ("grant_type", "authorization_code"),
            ("client_id", self.app.id.as_str()),
            ("client_secret", self.app.secret.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
            ("code", code),
        ];
        self.token(&changed(&usual, changes)).await
    }

    /// What the application posts with a refresh token.
    pub(crate) async fn refresh(&self, token: &str, changes: Pairs<'_>) -> Answer {
        let usual = [
            ("grant_type", "refresh_token"),
            ("client_id", self.app.id.as_str()),
            ("client_secret", self.app.secret.as_str()),
            ("refresh_token", token),
        ];
        self.token(&changed(&usual, changes)).await
    }

    pub(crate) async fn token(&self, fields: Pairs<'_>) -> Answer {
        self.house.visitor().post_form("/oauth/token", &[], fields).await
    }

    /// The first tokens, as the application has them after a whole sign-in.
    pub(crate) async fn tokens(&mut self, changes: Pairs<'_>) -> Value {
        let code = self.code(changes).await;
        self.redeem(&code, &[]).await.assert_status(200).json()
    }

    /// The status of `/userinfo` for that access token.
    pub(crate) async fn userinfo(&self, token: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        self.house
            .visitor()
            .send(axum::http::Method::GET, "/userinfo", &[("authorization", &bearer)], String::new())
            .await
    }

    /// The claims of a JWT, its signature checked against the published keys as a library would.
    pub(crate) async fn claims(&self, jwt: &str, audience: &str) -> Value {
        let kid = jsonwebtoken::decode_header(jwt).unwrap().kid.expect("a key's name");
        let keys = self.house.visitor().get("/.well-known/jwks.json").await.json();
        let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid.as_str()).expect("the key");
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        let key = DecodingKey::from_rsa_components(&text("n"), &text("e")).unwrap();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.set_audience(&[audience]);
        validation.set_issuer(&[format!("{ORIGIN}/")]);
        jsonwebtoken::decode::<Value>(jwt, &key, &validation).unwrap().claims
    }

    /// The kinds of Anna's events.
    pub(crate) async fn events(&self) -> Vec<String> {
        let anna = guestlist_app::people::show(&self.house.app, &self.anna_id().await).await.unwrap().expect("Anna");
        anna.history.into_iter().map(|event| event.kind.to_string()).collect()
    }

    pub(crate) async fn anna_id(&self) -> guestlist_domain::ids::UserId {
        let email = guestlist_domain::email::Email::parse(ANNA).unwrap();
        guestlist_app::users::find_by_email(&self.house.app, &email).await.unwrap().expect("Anna").user.id
    }
}

/// `usual` with `changes`.
pub(crate) fn changed<'a>(usual: Pairs<'a>, changes: Pairs<'a>) -> Vec<(&'a str, &'a str)> {
    let is_changed = |name: &str| changes.iter().any(|(changed, _)| *changed == name);
    let kept = usual.iter().filter(|(name, _)| !is_changed(name));
    kept.chain(changes).filter(|(_, value)| !value.is_empty()).copied().collect()
}

/// What an answer brings back to the application.
#[track_caller]
pub(crate) fn sent_back(answer: &Answer) -> BTreeMap<String, String> {
    let url = Url::parse(answer.location().unwrap_or_else(|| panic!("{}: {}", answer.status, answer.text()))).unwrap();
    assert!(url.as_str().starts_with(CALLBACK), "sent to {url}");
    url.query_pairs().into_owned().collect()
}

/// Fails unless it is that error of the token endpoint, in the form that libraries need (T20).
#[track_caller]
pub(crate) fn assert_error(answer: &Answer, status: u16, error: &str) {
    answer.assert_status(status);
    assert_eq!(answer.json()["error"], error, "{}", answer.body);
    assert!(answer.json()["error_description"].is_string());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}
