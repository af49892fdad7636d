//! Case 98: nobody but a page of ours, in the browser that we gave it to, changes anything.

use crate::every_door::{Door, administrator, full_of_doors, routes_that};
use crate::scene::{PASSWORD, Scene, assert_out};
use guestlist_testkit::house::{Engine, ORIGIN};
use guestlist_testkit::visitor::{Answer, Form, Visitor};
use serde_json::json;
use std::collections::BTreeSet;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const OUR_PAGE: [(&str, &str); 2] = [("origin", ORIGIN), ("sec-fetch-site", "same-origin")];

fn encoded(form: &Form) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.values).finish()
}

async fn send(visitor: &Visitor, method: &str, form: &Form, headers: &[(&str, &str)], body: String) -> Answer {
    visitor.clone().send(method.parse().unwrap(), form.action.as_str(), headers, body).await
}

/// A token that is good in another browser.
async fn foreign_token(scene: &Scene) -> String {
    let mut other = scene.house.visitor();
    other.open("/login").await.form("Log in").values["form_token"].clone()
}

/// Everything that is not a press of the button, each of which must be answered with 403.
async fn forgeries(door: &Door, foreign: &str) -> Vec<(&'static str, Answer)> {
    let Door { visitor, form, .. } = door;
    let good = encoded(form);
    let without = form.clone().without("form_token");
    let with_foreign = form.clone().with("form_token", foreign);
    let json = json!(form.values).to_string();
    let mut stranger = visitor.clone();
    stranger.clear_cookies();
    let own = [FORM, OUR_PAGE[0], OUR_PAGE[1]];
    let text = [("content-type", "text/plain"), OUR_PAGE[0], OUR_PAGE[1]];
    let as_json = [("content-type", "application/json"), OUR_PAGE[0], OUR_PAGE[1]];
    let over = [FORM, OUR_PAGE[0], OUR_PAGE[1], ("x-http-method-override", "POST"), ("x-method-override", "POST")];
    let from = |origin: &'static str, site: &'static str| [FORM, ("origin", origin), ("sec-fetch-site", site)];
    vec![
        ("no token", send(visitor, "POST", form, &own, encoded(&without)).await),
        ("an empty form", send(visitor, "POST", form, &own, String::new()).await),
        ("an empty token", send(visitor, "POST", form, &own, encoded(&form.clone().with("form_token", ""))).await),
        ("a foreign token", send(visitor, "POST", form, &own, encoded(&with_foreign)).await),
        ("a foreign token, overridden", send(visitor, "POST", form, &over, encoded(&with_foreign)).await),
        ("a browser of no cookies", send(&stranger, "POST", form, &own, encoded(&with_foreign)).await),
        ("JSON as text", send(visitor, "POST", form, &text, json.clone()).await),
        ("JSON", send(visitor, "POST", form, &as_json, json).await),
        ("no origin at all", send(visitor, "POST", form, &[FORM], good.clone()).await),
        ("origin null", send(visitor, "POST", form, &[FORM, ("origin", "null")], good.clone()).await),
        (
            "another origin",
            send(visitor, "POST", form, &[FORM, ("origin", "https://evil.example")], good.clone()).await,
        ),
        ("cross-site", send(visitor, "POST", form, &from(ORIGIN, "cross-site"), good.clone()).await),
        ("same-site", send(visitor, "POST", form, &from(ORIGIN, "same-site"), good.clone()).await),
        ("null and cross-site", send(visitor, "POST", form, &from("null", "cross-site"), good.clone()).await),
        ("a lying origin", send(visitor, "POST", form, &from("https://evil.example", "same-origin"), good).await),
    ]
}

/// Other methods than POST: what has a page answers with it, everything else with 405.
async fn other_methods(door: &Door, has_page: bool) -> Vec<(&'static str, Answer)> {
    let Door { visitor, form, .. } = door;
    let mut by_query = form.clone();
    by_query.action.set_query(Some(&format!("{}&_method=POST", encoded(form))));
    let over = [FORM, ("x-http-method-override", "POST"), ("origin", ORIGIN), ("sec-fetch-site", "same-origin")];
    let mut answers = vec![
        ("GET", send(visitor, "GET", &by_query, &OUR_PAGE, String::new()).await),
        ("GET, overridden", send(visitor, "GET", &by_query, &over, encoded(form)).await),
        ("HEAD", send(visitor, "HEAD", &by_query, &OUR_PAGE, String::new()).await),
    ];
    for (method, answer) in &answers {
        assert!(has_page || answer.status == 405, "{} {method}: {}", door.route, answer.status);
    }
    for method in ["PUT", "PATCH", "DELETE"] {
        let answer = send(visitor, method, form, &over, encoded(form)).await;
        answer.assert_status(405);
        answers.push((method, answer));
    }
    answers
}

#[tokio::test]
async fn case_098_no_door_opens_to_a_forged_request() {
    let (scene, doors) = full_of_doors().await;
    let foreign = foreign_token(&scene).await;
    let pages = routes_that("get", &["pages", "console"]);
    for door in &doors {
        let before = scene.contents().await;
        for (what, answer) in forgeries(door, &foreign).await {
            assert_eq!(answer.status, 403, "{} with {what}: {}", door.route, answer.text());
            assert!(!sets_session(&answer), "{} with {what}", door.route);
            assert_eq!(before, scene.contents().await, "{} with {what} changed something", door.route);
        }
        for (what, answer) in other_methods(door, pages.iter().any(|page| page == door.route)).await {
            assert!(!sets_session(&answer), "{} with {what}", door.route);
            assert_eq!(before, scene.contents().await, "{} by {what} changed something", door.route);
        }
    }
    // The same forms, sent as the page sends them, all work: it was the forgery that was refused.
    for Door { route, visitor, form } in doors {
        let before = scene.contents().await;
        let answer = visitor.clone().submit(&form).await;
        assert!(answer.status.is_success() || answer.status.is_redirection(), "{route}: {}", answer.text());
        assert_ne!(before, scene.contents().await, "{route} does nothing");
    }
}

fn sets_session(answer: &Answer) -> bool {
    let set = answer.headers.get_all("set-cookie");
    set.iter().any(|cookie| cookie.to_str().unwrap().contains("guestlist_session"))
}

#[tokio::test]
async fn case_098_the_list_of_doors_is_complete() {
    let (_, doors) = full_of_doors().await;
    let mut known: BTreeSet<String> = doors.iter().map(|door| door.route.to_owned()).collect();
    // A provider posts here across sites, as it must: the browser is sent on by GET, and only that looks at a cookie.
    known.insert("/login/callback".to_owned());
    let written: BTreeSet<String> = routes_that("post", &["pages", "console"]).into_iter().collect();
    assert_eq!(known, written, "every route with a POST is tried by this case");
    // Elsewhere, a POST is answered without looking at a cookie: to a program, or by sending the browser on by GET.
    let elsewhere: BTreeSet<String> = routes_that("post", &["oidc", "."]).into_iter().collect();
    let without_cookies = [
        "/authorize",
        "/dbconnections/change_password",
        "/dbconnections/signup",
        "/oauth/par",
        "/oauth/revoke",
        "/oauth/token",
        "/oidc/logout",
        "/userinfo",
    ];
    assert_eq!(elsewhere, without_cookies.map(str::to_owned).into());
}

#[tokio::test]
async fn case_098_a_cookie_is_nothing_to_the_doors_for_programs() {
    let mut scene = Scene::on(Engine::Sqlite).await;
    let admin = administrator(&mut scene).await;
    let user = scene.cellar.user("admin@example.org").await;
    let before = scene.contents().await;
    for (method, path, _) in guestlist_web::management_policy() {
        let path = path.replace("{id}", user.id.suffix()).replace("{provider}", "oidc").replace("{user_id}", "x");
        let headers = [("content-type", "application/json"), OUR_PAGE[0], OUR_PAGE[1]];
        let body = json!({"email": "x@example.org"}).to_string();
        let answer = admin.clone().send(method.to_uppercase().parse().unwrap(), &path, &headers, body).await;
        assert_eq!(answer.status, 401, "{method} {path}: {}", answer.body);
    }
    let own = [FORM, OUR_PAGE[0], OUR_PAGE[1]];
    for path in ["/oauth/token", "/oauth/par", "/oauth/revoke", "/userinfo", "/dbconnections/signup"] {
        let answer = admin.clone().send("POST".parse().unwrap(), path, &own, "token=x&token_type_hint=x".into()).await;
        assert!(answer.status.is_client_error(), "{path}: {} {}", answer.status, answer.body);
    }
    // A POST from an application's page becomes a GET, which asks the person first.
    for path in ["/oidc/logout", "/authorize"] {
        let answer = admin.clone().send("POST".parse().unwrap(), path, &own, "client_id=x".into()).await;
        assert_eq!(answer.status, 303, "{path}");
    }
    let asked = admin.clone().open("/oidc/logout").await;
    assert!(asked.offers("Log out"), "{}", asked.text());
    scene.assert_same(&before, &[]).await;
}

#[tokio::test]
async fn case_098_nobody_is_signed_in_as_the_attacker() {
    let mut scene = Scene::on(Engine::Sqlite).await;
    scene.guest("mallory@evil.example").await;
    // Mallory's own form, token and all, sent by the victim's browser, which has been here or not.
    let mut mallory = scene.house.visitor();
    let login = mallory.open("/login").await;
    let form = login.form("Log in").with("email", "mallory@evil.example").with("password", PASSWORD);
    let mut been_here = scene.house.visitor();
    been_here.open("/login").await;
    let before = scene.contents().await;
    for mut victim in [scene.house.visitor(), been_here] {
        for headers in [OUR_PAGE, [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")]] {
            let headers = [FORM, headers[0], headers[1]];
            let sent = victim.send("POST".parse().unwrap(), "/login", &headers, encoded(&form)).await;
            sent.assert_status(403);
            scene.assert_same(&before, &[]).await;
            assert_out(&mut victim).await;
        }
    }
    assert_eq!(mallory.submit(&form).await.location(), Some("/account"), "in Mallory's own browser it is good");
}
