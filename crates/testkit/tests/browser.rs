//! The browser of the tests, held against a small page of its own.
//!
//! Shows that controls are found by their names, that scripts can be off, and what a screen of another size sees.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use axum::Router;
use axum::extract::Form;
use axum::http::HeaderMap;
use axum::response::Html;
use axum::routing::{get, post};
use guestlist_testkit::scratch::ScratchDir;
use guestlist_testkit::webdriver::{Browser, BrowserOptions, Screen};
use serde::Deserialize;

const PAGE: &str = r#"<!doctype html><html lang="en"><title>Door</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body { background: white } @media (prefers-color-scheme: dark) { body { background: black } }</style>
<body><h1>Welcome,
  guest</h1><p id="script">No script</p><script>document.getElementById("script").textContent = "Script ran"</script>
<form method="post" action="/enter">
<label for="email">Email</label><input id="email" name="email" type="email" value="old@example.org">
<label>Password <input name="password" type="password"></label>
<label><input name="keep" type="checkbox" value="yes"> Keep me signed in</label>
<label for="language">Language</label><select id="language" name="language"><option value="en">English</option>
<option value="de">Deutsch</option></select>
<button><svg aria-hidden="true" width="1" height="1"></svg> Log in</button></form>
<a href="/elsewhere" aria-label="Somewhere else">→</a> <button hidden>Log in</button></body></html>"#;

#[derive(Deserialize)]
struct Entry {
    email: String,
    password: String,
    keep: Option<String>,
    language: String,
}

async fn enter(Form(entry): Form<Entry>) -> Html<String> {
    let Entry { email, password, keep, language } = entry;
    Html(format!("<p>{email} entered with {password}, keep {}, in {language}</p>", keep.unwrap_or_default()))
}

async fn elsewhere(headers: HeaderMap) -> Html<String> {
    Html(format!("<p>Here you are, {}</p>", headers["accept-language"].to_str().unwrap()))
}

/// Serves the page for as long as the test runs.
async fn serve() -> String {
    let page = || async { ([("set-cookie", "seen=1; HttpOnly")], Html(PAGE)) };
    let app = Router::new().route("/", get(page)).route("/enter", post(enter)).route("/elsewhere", get(elsewhere));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    origin
}

#[tokio::test]
async fn a_form_is_filled_by_its_labels_without_scripts() {
    let origin = serve().await;
    let browser = Browser::start(&BrowserOptions::without_javascript()).await;
    browser.open(&origin).await;
    browser.wait_for_text("Welcome, guest").await;
    browser.wait_for_text("No script").await;
    assert_eq!((browser.title().await.as_str(), browser.value("Email").await.as_str()), ("Door", "old@example.org"));
    assert_eq!(browser.cookie("seen").await.as_deref(), Some("1"));
    browser.fill("Email", "anna@example.org").await;
    browser.fill("Password", "correct horse").await;
    browser.toggle("Keep me signed in").await;
    browser.choose("Language", "Deutsch").await;
    browser.click("Log in").await;
    browser.wait_for_text("anna@example.org entered with correct horse, keep yes, in de").await;
    assert_eq!(browser.current_url().await.path(), "/enter");
    browser.back().await;
    assert!(browser.offers("Log in").await && !browser.offers("Log out").await);
}

#[tokio::test]
async fn scripts_languages_and_labels_are_seen() {
    let origin = serve().await;
    let languages = "de-DE,de".to_owned();
    let browser = Browser::start(&BrowserOptions { languages, ..BrowserOptions::default() }).await;
    browser.open(&origin).await;
    browser.wait_for_text("Script ran").await;
    browser.click("Somewhere else").await;
    browser.wait_for_text("Here you are, de-DE,de").await;
    browser.clear_cookies().await;
    assert_eq!(browser.cookie("seen").await, None);
}

#[tokio::test]
async fn a_narrow_dark_screen_is_what_the_page_sees() {
    let origin = serve().await;
    let options = BrowserOptions { screen: Screen::Narrow, dark: true, ..BrowserOptions::without_javascript() };
    let browser = Browser::start(&options).await;
    browser.open(&origin).await;
    assert_eq!(browser.widths().await.1, 320);
    let body = browser.client().find(fantoccini::Locator::Css("body")).await.unwrap();
    assert_eq!(body.css_value("background-color").await.unwrap(), "rgba(0, 0, 0, 1)");
    let pictures = ScratchDir::new("pictures");
    browser.screenshot(&pictures.join("page.png")).await;
    assert!(std::fs::read(pictures.join("page.png")).unwrap().starts_with(b"\x89PNG"));
}
