//! Cases 22 and 24: what a guest says about the invitation counts for nothing, and there is no other door.

use crate::guests::{happened, invite, invite_on, press};
use crate::scene::{ANNA, BOB, PASSWORD, Scene, TRACES, assert_in, assert_out, leave};
use axum::http::Method;
use guestlist_domain::client::ClientSettings;
use guestlist_testkit::house::Engine;
use guestlist_testkit::house_clients::{Credentials, web_application};
use guestlist_testkit::on_both_engines;
use guestlist_testkit::provider::Account;
use guestlist_testkit::visitor::{Form, Visitor};
use serde_json::json;

on_both_engines!(
    case_022_fields_and_queries_say_nothing_about_the_invitation,
    case_022_only_the_ways_in_that_the_invitation_offers,
    case_022_a_cookie_that_was_touched_is_no_cookie,
    case_022_what_waits_for_a_press_is_on_the_server,
    case_024_a_stranger_over_a_provider,
    case_024_no_door_for_signing_up,
    case_024_no_page_is_a_door,
);

const CALLBACK: &str = "https://app.example/callback";
const EVIL: &str = "https://evil.example/";

async fn application(scene: &Scene) -> Credentials {
    let settings = ClientSettings { callbacks: vec![CALLBACK.to_owned()], ..ClientSettings::default() };
    web_application(&scene.house.app, settings).await
}

/// What an attacker would like to say.
const WISHES: &[(&str, &str)] = &[
    ("email", BOB),
    ("email_verified", "true"),
    ("user_id", "auth0|someone"),
    ("invitation_id", "inv_other"),
    ("generation", "99"),
    ("channel", "mailed"),
    ("client_id", "another"),
    ("connection", "acme"),
    ("organization_id", "org_1"),
    ("role", "admin"),
    ("roles", "[\"admin\"]"),
    ("roles[]", "admin"),
    ("app_metadata", "{\"plan\":\"gold\"}"),
    ("result_url", EVIL),
    ("return_to", EVIL),
    ("returnTo", EVIL),
    ("redirect_uri", EVIL),
    ("resume", EVIL),
    ("to", EVIL),
    ("_method", "DELETE"),
];

fn with_wishes(form: Form) -> Form {
    let mut form = WISHES.iter().fold(form, |form, (name, value)| form.with(name, value));
    form.action.query_pairs_mut().extend_pairs(WISHES);
    form
}

async fn case_022_fields_and_queries_say_nothing_about_the_invitation(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let client = application(&scene).await.id;
    let terms = json!({"email": ANNA, "client_id": client, "result_url": CALLBACK, "app_metadata": {"plan": "free"}});
    let anna = invite_on(&mut scene, &terms).await;
    let wishes: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(WISHES).finish();
    let mut visitor = scene.house.visitor();
    let page = visitor.open(&format!("{}?{wishes}", anna.link)).await;
    assert_eq!(page.url.as_str(), "https://id.example.org/accept", "the query is left behind");
    let page = visitor.open(&format!("/accept?{wishes}")).await;
    assert!(page.body.contains(ANNA), "{}", page.body);
    assert!(!page.body.contains("evil") && !page.body.contains(BOB), "{}", page.text());
    happened(&scene).await;
    let before = scene.contents().await;

    let form = with_wishes(page.form("Set password").with("password", PASSWORD));
    let accepted = visitor.submit(&form).await;
    let landing = accepted.location().unwrap();
    assert!(landing.starts_with(&format!("{CALLBACK}?success=true&message=")), "{landing}");
    assert!(!landing.contains("evil") && !landing.contains("email"), "{landing}");
    let user = scene.cellar.user(ANNA).await;
    assert_eq!((user.id.as_str(), user.email.as_str()), (anna.user_id.as_str(), ANNA));
    assert!(user.roles.is_empty() && !user.is_admin());
    assert_eq!(serde_json::Value::from(user.app_metadata), json!({"plan": "free"}));
    assert!(scene.cellar.find_user(BOB).await.is_none());
    assert_eq!(happened(&scene).await, ["invitation.accepted", "login.succeeded"]);
    let changed = ["users", "passwords", "sessions", "invitations", "outbox", "events"];
    scene.assert_same(&before, &changed).await;
}

async fn case_022_only_the_ways_in_that_the_invitation_offers(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let by_password = json!({"email": ANNA, "connections": ["Username-Password-Authentication"]});
    let anna = invite_on(&mut scene, &by_password).await;
    let mut visitor = scene.house.visitor();
    let page = visitor.open(&anna.link).await;
    assert!(page.offers("Set password") && !page.offers("Continue with Acme"));
    let before = scene.contents().await;
    for connection in ["acme", "Username-Password-Authentication", "nothing", "..%2Facme", "ACME"] {
        let mut form = page.form("Set password").with("connection", "acme");
        form.action.set_path(&format!("/accept/with/{connection}"));
        let refused = press(&mut visitor, &form).await;
        assert!(refused.status.is_client_error(), "{connection}: {} {}", refused.status, refused.text());
        assert_out(&mut visitor).await;
    }
    scene.assert_same(&before, &[]).await;

    let by_provider = json!({"email": BOB, "connections": ["acme"]});
    let bob = invite_on(&mut scene, &by_provider).await;
    let mut visitor = scene.house.visitor();
    let page = visitor.open(&bob.link).await;
    assert!(!page.offers("Set password"));
    let before = scene.contents().await;
    let mut form = page.form("Continue with Acme").with("password", PASSWORD);
    form.action.set_path("/accept");
    press(&mut visitor, &form).await;
    assert_out(&mut visitor).await;
    scene.assert_same(&before, &[]).await;
}

/// Cookies that are not the one that the house gave.
fn touched(cookie: &str) -> Vec<String> {
    let flipped = (0..cookie.len()).step_by(7).map(|place| {
        let mut text = cookie.as_bytes().to_vec();
        text[place] = if text[place] == b'A' { b'B' } else { b'A' };
        String::from_utf8(text).unwrap()
    });
    flipped.chain([cookie[..cookie.len() - 1].to_owned(), "x".to_owned(), format!("{cookie}A")]).collect()
}

async fn case_022_a_cookie_that_was_touched_is_no_cookie(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    scene.guest(BOB).await;
    let mut visitor = scene.house.visitor();
    let form = visitor.open(&anna.link).await.form("Set password").with("password", PASSWORD);
    let name = "__Host-guestlist_invitation";
    let good = visitor.cookies()[name].clone();
    // A link to a new password, sealed for its own cookie, and the bare secret of the link.
    let forgot = visitor.open("/forgot").await;
    visitor.press(&forgot, "Send the link", &[("email", BOB)]).await;
    visitor.open(scene.house.mail().await.link("/reset/").as_str()).await;
    let mut cookies = touched(&good);
    cookies.push(visitor.cookie("reset").unwrap().to_owned());
    cookies.push(visitor.cookie("browser").unwrap().to_owned());
    cookies.push(anna.link.rsplit('/').next().unwrap().to_owned());
    happened(&scene).await;
    let before = scene.contents().await;
    for cookie in cookies {
        visitor.set_cookie(name, &cookie);
        visitor.get("/accept").await.assert_status(400).assert_says("Please start again");
        visitor.submit(&form).await.assert_status(400);
        assert_out(&mut visitor).await;
    }
    // The form of this browser, in another that holds the link too.
    let mut other = scene.house.visitor();
    other.open(&anna.link).await;
    other.submit(&form).await.assert_status(403);
    other.submit(&form.clone().without("form_token")).await.assert_status(403);
    scene.assert_same(&before, &[]).await;
    assert!(happened(&scene).await.is_empty());
    visitor.set_cookie(name, &good);
    assert_in(&press(&mut visitor, &form).await);
}

async fn case_022_what_waits_for_a_press_is_on_the_server(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    let anna = invite(&mut scene, ANNA).await;
    let mut visitor = scene.house.visitor();
    let page = visitor.open(&anna.link).await;
    let away = leave(&mut visitor, &page, "Continue with Acme").await;
    let back = scene.acme.send_back(&away, &Account::new("anna-at-acme", "anna@work.example"));
    let wishes: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(WISHES).finish();
    let page = visitor.open(&format!("{back}&{wishes}")).await;
    assert_eq!(page.url.path(), "/accept/confirm");
    let form = with_wishes(page.form("Continue as anna@work.example"));
    let form = form.with("subject", "somebody-else").with("issuer", EVIL).with("flow", "flw_other");
    // Another browser that holds the link has nothing to confirm.
    let mut other = scene.house.visitor();
    let others = other.open(&anna.link).await.form("Set password");
    let before = scene.contents().await;
    let mut borrowed = form.clone().with("form_token", &others.values["form_token"]);
    borrowed.action.set_query(None);
    other.submit(&borrowed).await.assert_status(400);
    scene.assert_same(&before, &[]).await;

    assert_in(&press(&mut visitor, &form).await);
    assert_eq!(scene.subjects(ANNA).await, ["anna-at-acme"]);
    let user = scene.cellar.user(ANNA).await;
    assert!(user.roles.is_empty() && user.app_metadata.is_empty());
    assert!(scene.cellar.find_user(BOB).await.is_none());
}

async fn case_024_a_stranger_over_a_provider(engine: Engine) {
    let mut scene = Scene::on(engine).await;
    scene.guest(BOB).await;
    scene.declare(&["example.org"], "auto").await;
    for email in ["stranger@example.org", "stranger@work.example"] {
        happened(&scene).await;
        let before = scene.contents().await;
        let mut stranger = scene.house.visitor();
        let refused = scene.sign_in(&mut stranger, &Account::new("stranger-at-acme", email)).await;
        refused.assert_status(403).assert_says("You are not on the list").assert_says("No account was made");
        assert_out(&mut stranger).await;
        scene.assert_same(&before, TRACES).await;
        scene.assert_login_failed("not_invited").await;
    }
    // Who was invited, but comes without the link and from a provider whose word is no proof, is a stranger too.
    scene.declare(&["work.example"], "auto").await;
    let anna = invite(&mut scene, ANNA).await;
    let before = scene.contents().await;
    let mut visitor = scene.house.visitor();
    let refused = scene.sign_in(&mut visitor, &Account::new("anna-at-acme", ANNA)).await;
    refused.assert_status(403).assert_says("You are not on the list");
    scene.assert_same(&before, TRACES).await;
    assert_eq!(anna.status(&scene).await, "pending");
}

/// Doors that other houses have.
const SIGN_UPS: &[&str] = &[
    "/dbconnections/signup",
    "/oidc/register",
    "/register",
    "/connect/register",
    "/oauth/register",
    "/signup",
    "/sign-up",
    "/u/signup",
    "/users",
    "/api/signup",
    "/api/v2/signup",
    "/passkey/register",
    "/passwordless/start",
    "/co/authenticate",
    "/usernamepassword/login",
    "/webauthn/register",
    "/login/signup",
    "/accept/with/acme",
];

async fn case_024_no_door_for_signing_up(engine: Engine) {
    let scene = Scene::on(engine).await;
    let before = scene.contents().await;
    let wish = json!({"client_id": scene.api.client_id, "email": "stranger@example.org", "password": PASSWORD,
        "connection": "Username-Password-Authentication", "redirect_uris": [CALLBACK], "user_metadata": {}});
    let form = [("email", "stranger@example.org"), ("password", PASSWORD), ("client_id", &scene.api.client_id)];
    let headers = [("origin", "https://id.example.org"), ("sec-fetch-site", "same-origin")];
    for path in SIGN_UPS {
        let mut stranger = scene.house.visitor();
        stranger.open("/login").await;
        let by_json = stranger.post_json(path, None, &wish).await;
        let by_form = stranger.post_form(path, &headers, &form).await;
        for refused in [by_json, by_form] {
            assert!(refused.status.is_client_error(), "{path}: {}", refused.status);
            assert!(!refused.body.contains("stranger"), "{path}: {}", refused.body);
        }
        assert_out(&mut stranger).await;
    }
    let refused = scene.house.visitor().post_json("/dbconnections/signup", None, &wish).await;
    assert_eq!(refused.assert_status(400).json()["code"], json!("public_signup_disabled"));
    scene.assert_same(&before, &[]).await;
    assert!(scene.house.mails().await.is_empty());
}

/// What an application asks of a stranger's browser.
fn request(client: &str, more: &str) -> String {
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    format!(
        "/authorize?client_id={client}&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback&response_type=code&scope=openid\
         &state=s&code_challenge={challenge}&code_challenge_method=S256{more}"
    )
}

async fn case_024_no_page_is_a_door(engine: Engine) {
    let scene = Scene::on(engine).await;
    let client = application(&scene).await.id;
    let before = scene.contents().await;
    // An application that asks for a sign-up gets the page to log in, or an error, and no way to make an account.
    for more in ["&screen_hint=signup", "&prompt=create", "&screen_hint=signup&prompt=login", "&mode=signUp"] {
        let page = scene.house.visitor().open(&request(&client, more)).await;
        if let Some(back) = page.location() {
            assert!(back.starts_with(&format!("{CALLBACK}?error=")), "{more}: {back}");
        } else {
            assert_eq!((page.status.as_u16(), page.url.path()), (200, "/login"), "{more}: {}", page.text());
            assert!(page.offers("Log in") && !page.offers("Sign up") && !page.offers("Set password"));
        }
    }
    for (path, expected) in [
        ("/accept", 400),
        ("/accept/confirm", 400),
        ("/login/prove", 400),
        ("/reset", 400),
        ("/account", 303),
        ("/account/fresh", 303),
        ("/admin", 303),
        ("/admin/invite", 303),
        ("/login/callback?code=x&state=y", 400),
        ("/authorize/resume?resume=x", 400),
    ] {
        scene.house.visitor().get(path).await.assert_status(expected);
    }
    for path in ["/accept", "/accept/confirm", "/account/password", "/account/connect/acme", "/reset", "/admin/invite"]
    {
        push(&mut scene.house.visitor(), path).await;
    }
    scene.assert_same(&before, &[]).await;
    assert!(happened(&scene).await.iter().all(|kind| kind != "user.created"));
}

/// A stranger's press on a button that no page showed, with everything that makes it look like one.
async fn push(stranger: &mut Visitor, path: &str) {
    let mut form = stranger.open("/login").await.form("Log in").with("email", "stranger@example.org");
    form = form.with("password", PASSWORD).with("current_password", PASSWORD);
    form.action.set_path(path);
    let refused = stranger.submit(&form).await;
    let is_sent_to_log_in = refused.location().is_some_and(|to| to.starts_with("/login"));
    assert!(refused.status.is_client_error() || is_sent_to_log_in, "{path}: {} {}", refused.status, refused.text());
    stranger.send(Method::GET, path, &[], String::new()).await;
    assert_out(stranger).await;
}
