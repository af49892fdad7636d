//! Case 2: what lies in the database opens nothing.

use crate::scene::{ANNA, BOB, PASSWORD, Scene, assert_in, leave, log_in, parameter};
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use guestlist_domain::client::ClientSettings;
use guestlist_domain::secret::{Purpose, Secret};
use guestlist_testkit::house::Engine;
use guestlist_testkit::house_clients::{Credentials, web_application};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::{Account, CLIENT_SECRET};
use guestlist_testkit::visitor::Visitor;
use serde_json::json;

on_both_engines!(case_002_no_secret_is_at_rest);

const CALLBACK: &str = "https://app.example/callback";
// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const API_PASSWORD: &str = "willow-candle-31";
const NEW_PASSWORD: &str = "granite-lantern-8";

/// What a thief carries away, and what the thief would like to find in it.
#[derive(Default)]
struct Burglary {
    /// Everything in the database, at several moments, a character for a byte.
    loot: Vec<String>,
    secrets: Vec<(&'static str, String)>,
}

impl Burglary {
    async fn carry_off(&mut self, scene: &Scene) {
        let rows = scene.contents().await.into_values().flatten().collect::<Vec<_>>().join("\n");
        self.loot.push(rows);
        for file in scene.house.files() {
            // The journal's index has no content, and may be locked.
            let bytes = std::fs::read(&file).unwrap_or_default();
            self.loot.push(bytes.into_iter().map(char::from).collect());
        }
    }

    fn hide(&mut self, name: &'static str, secret: impl Into<String>) {
        let secret = secret.into();
        assert!(!secret.is_empty(), "{name} is nothing");
        self.secrets.push((name, secret));
    }

    fn holds(&self, form: &str) -> bool {
        self.loot.iter().any(|loot| loot.contains(form))
    }

    fn assert_fruitless(&self) {
        for (name, secret) in &self.secrets {
            for form in forms_of(secret) {
                assert!(!self.holds(&form), "{name} lies there as {form:?}");
            }
        }
    }
}

/// How a secret could have been written down.
fn forms_of(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned(), secret.to_ascii_lowercase(), secret.chars().rev().collect()];
    let mut contents = vec![secret.as_bytes().to_vec()];
    if let Some(body) = secret.strip_prefix("gl_").and_then(|rest| rest.get(4..)) {
        forms.push(body.to_owned());
        contents.push(body.as_bytes().to_vec());
    }
    // What the text stands for: the random bytes of a secret of ours, the signature of a token.
    let body = secret.strip_prefix("gl_").map_or(secret, |rest| &rest[4..]);
    let meant = body.rsplit('.').next().and_then(|part| BASE64URL_NOPAD.decode(part.as_bytes()).ok());
    contents.extend(meant.filter(|bytes| bytes.len() >= 16));
    for bytes in contents {
        for encoding in [HEXLOWER, HEXUPPER, BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD] {
            forms.push(encoding.encode(&bytes));
        }
        forms.push(bytes.iter().copied().map(char::from).collect());
    }
    forms
}

fn last_part(link: &str) -> String {
    link.rsplit('/').next().unwrap().to_owned()
}

async fn case_002_no_secret_is_at_rest(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let mut burglary = Burglary::default();
    burglary.hide("the backend's secret", scene.api.client_secret.clone());
    burglary.hide("our secret at the provider", CLIENT_SECRET);
    let mut anna = invitations(&mut scene, &mut burglary).await;
    tokens(&mut scene, &mut burglary, &mut anna).await;
    recovery(&mut scene, &mut burglary).await;
    provider(&mut scene, &mut burglary).await;
    burglary.carry_off(&scene).await;

    // The search finds what is there: an address, and the digest under which a link is known.
    assert!(burglary.holds(ANNA));
    let (_, link) = burglary.secrets.iter().find(|(name, _)| *name == "the mailed link").unwrap();
    let digest = Secret::parse(Purpose::Invitation, link).unwrap().hash();
    assert!(burglary.holds(&HEXLOWER.encode(digest.as_bytes())));
    if engine == Engine::Sqlite {
        assert!(burglary.holds(&digest.as_bytes().iter().copied().map(char::from).collect::<String>()));
    }
    assert!(burglary.secrets.len() >= 20);
    burglary.assert_fruitless();
}

/// Links by mail, handed over, and repeated under a key; a password that the API sets; acceptance by password.
async fn invitations(scene: &mut Scene, burglary: &mut Burglary) -> Visitor {
    scene.api.post("/api/v2/invitations", &json!({"email": ANNA})).await.assert_status(201);
    burglary.carry_off(scene).await;
    let link: String = scene.house.mail().await.link("/i/").into();
    burglary.hide("the mailed link", last_part(&link));
    let handed = json!({"email": "carla@example.org", "send_email": false}).to_string();
    let bearer = format!("Bearer {}", scene.api.token);
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "application/json"), ("idempotency-key", "once")];
    let answer = scene.house.visitor().send(axum::http::Method::POST, "/api/v2/invitations", &headers, handed).await;
    burglary.hide("a link handed over", last_part(answer.json()["invitation_url"].as_str().unwrap()));
    burglary.hide("the backend's token", scene.api.token.clone());
    let user = json!({"connection": "Username-Password-Authentication", "email": "dora@example.org",
        "password": API_PASSWORD});
    scene.api.post("/api/v2/users", &user).await.assert_status(201);
    burglary.hide("a password that the API set", API_PASSWORD);

    let mut anna = scene.house.visitor();
    let page = anna.open(&link).await;
    burglary.hide("the sealed link in the cookie", anna.cookie("invitation").unwrap());
    burglary.hide("the form's token", page.form("Set password").values["form_token"].clone());
    assert_in(&anna.press(&page, "Set password", &[("password", PASSWORD)]).await);
    burglary.hide("the password", PASSWORD);
    burglary.hide("the session", anna.cookie("session").unwrap());
    burglary.hide("the browser", anna.cookie("browser").unwrap());
    burglary.carry_off(scene).await;
    scene.house.mails().await;
    anna
}

/// A code, and what it is redeemed for.
async fn tokens(scene: &mut Scene, burglary: &mut Burglary, anna: &mut Visitor) {
    let settings = ClientSettings { callbacks: vec![CALLBACK.to_owned()], ..ClientSettings::default() };
    let Credentials { id, secret } = web_application(&scene.house.app, settings).await;
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("client_id", id.as_str()), ("redirect_uri", CALLBACK), ("response_type", "code")])
        .extend_pairs([("scope", "openid offline_access"), ("state", "state-of-the-app"), ("nonce", "n")])
        .extend_pairs([("code_challenge", CHALLENGE), ("code_challenge_method", "S256")])
        .finish();
    let back = anna.get(&format!("/authorize?{query}")).await;
    let code = parameter(back.location().unwrap(), "code");
    burglary.carry_off(scene).await;
    let redeem = [
        ("grant_type", "authorization_code"),
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("code", code.as_str()),
    ];
    let tokens = scene.house.visitor().post_form("/oauth/token", &[], &redeem).await.assert_status(200).json();
    for (name, field) in
        [("the access token", "access_token"), ("the refresh token", "refresh_token"), ("the ID token", "id_token")]
    {
        burglary.hide(name, tokens[field].as_str().unwrap());
    }
    burglary.hide("the code", code);
    burglary.hide("the verifier", VERIFIER);
    burglary.hide("the application's secret", secret);
}

/// A link to a new password, and that password.
async fn recovery(scene: &mut Scene, burglary: &mut Burglary) {
    let mut visitor = scene.house.visitor();
    let page = visitor.open("/forgot").await;
    visitor.press(&page, "Send the link", &[("email", ANNA)]).await;
    burglary.carry_off(scene).await;
    let link: String = scene.house.mail().await.link("/reset/").into();
    burglary.hide("the link to a new password", last_part(&link));
    let page = visitor.open(&link).await;
    burglary.hide("that link, sealed in the cookie", visitor.cookie("reset").unwrap());
    visitor.press(&page, "Set password", &[("password", NEW_PASSWORD)]).await.assert_status(200);
    burglary.hide("the new password", NEW_PASSWORD);
    log_in(&mut visitor, ANNA, "wrong-kettle-orbit-77").await;
    burglary.hide("a wrong password", "wrong-kettle-orbit-77");
    scene.house.mails().await;
}

/// A trip to the provider and back.
async fn provider(scene: &mut Scene, burglary: &mut Burglary) {
    let link = scene.invite(BOB).await;
    let mut bob = scene.house.visitor();
    let page = bob.open(&link).await;
    let away = leave(&mut bob, &page, "Continue with Acme").await;
    burglary.hide("the state", parameter(&away, "state"));
    burglary.hide("the nonce", parameter(&away, "nonce"));
    burglary.carry_off(scene).await;
    let back = scene.acme.send_back(&away, &Account::new("bob-at-acme", BOB));
    burglary.hide("the provider's code", parameter(&back, "code"));
    assert_in(&bob.open(&back).await);
}
