//! A browser without a window: cookies, forms and redirects, in process.
//!
//! Speaks to the house's router without a socket, as a browser would over the public origin. It follows redirects of
//! the house and stops at the first that leads elsewhere, so that a test sees where the browser was sent.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a page that is not there fails its test"
)]

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use scraper::{ElementRef, Html, Selector};
use std::collections::BTreeMap;
use tower::ServiceExt as _;
use url::Url;

/// Somebody in front of a browser of their own.
#[derive(Clone, Debug)]
pub struct Visitor {
    router: Router,
    origin: String,
    cookies: BTreeMap<String, String>,
    /// Headers of every request, for tests that send odd ones.
    pub extra_headers: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as text.
    pub body: String,
    /// Where the browser is.
    pub url: Url,
}

impl Answer {
    /// Where it sends the browser.
    pub fn location(&self) -> Option<&str> {
        self.header("location")
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|_| panic!("no JSON at {}: {} {}", self.url, self.status, self.body))
    }

    /// What a person reads, white space folded.
    pub fn text(&self) -> String {
        let page = Html::parse_document(&self.body);
        let body = Selector::parse("body").expect("a selector");
        let words: String = page.select(&body).flat_map(|body| body.text()).collect::<Vec<_>>().join(" ");
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Fails unless a person reads `words`.
    #[track_caller]
    pub fn assert_says(&self, words: &str) -> &Self {
        let text = self.text();
        assert!(text.contains(words), "{} ({}) does not say {words:?}:\n{text}", self.url, self.status);
        self
    }

    /// The form with a button of that name.
    #[track_caller]
    pub fn form(&self, button: &str) -> Form {
        self.find_form(button).unwrap_or_else(|| panic!("no button {button:?} at {}:\n{}", self.url, self.text()))
    }

    /// An attribute of the element of that id.
    pub fn attribute(&self, id: &str, name: &str) -> Option<String> {
        let page = Html::parse_document(&self.body);
        let element = Selector::parse(&format!("#{id}")).expect("a selector");
        page.select(&element).next()?.value().attr(name).map(str::to_owned)
    }

    /// Whether there is a button or link of that name.
    pub fn offers(&self, name: &str) -> bool {
        self.find_form(name).is_some() || self.find_link(name).is_some()
    }

    /// The address of the link of that name.
    pub fn find_link(&self, name: &str) -> Option<String> {
        let page = Html::parse_document(&self.body);
        let links = Selector::parse("a[href]").expect("a selector");
        let found = page.select(&links).find(|link| accessible_name(link) == name);
        found.and_then(|link| link.value().attr("href")).map(str::to_owned)
    }

    fn find_form(&self, button: &str) -> Option<Form> {
        let page = Html::parse_document(&self.body);
        let (forms, buttons, fields) = (
            Selector::parse("form").expect("a selector"),
            Selector::parse("button").expect("a selector"),
            Selector::parse("input[name], textarea[name], select[name]").expect("a selector"),
        );
        page.select(&forms).find_map(|form| {
            let pressed = form.select(&buttons).find(|found| accessible_name(found) == button)?;
            let mut values: BTreeMap<String, String> = form
                .select(&fields)
                .filter(|field| {
                    !matches!(field.value().attr("type"), Some("checkbox" | "radio"))
                        || field.value().attr("checked").is_some()
                })
                .filter_map(|field| Some((field.value().attr("name")?.to_owned(), field_value(&field))))
                .collect();
            if let Some(name) = pressed.value().attr("name") {
                values.insert(name.to_owned(), pressed.value().attr("value").unwrap_or_default().to_owned());
            }
            let action = pressed.value().attr("formaction").or_else(|| form.value().attr("action")).unwrap_or_default();
            let method = form.value().attr("method").unwrap_or("get").to_ascii_lowercase();
            Some(Form { action: self.url.join(action).ok()?, method, values })
        })
    }
}

fn accessible_name(element: &ElementRef<'_>) -> String {
    element.value().attr("aria-label").map_or_else(|| read_aloud(element), str::to_owned)
}

/// What a screen reader says of it: not what is hidden from it.
fn read_aloud(element: &ElementRef<'_>) -> String {
    let said: String = element
        .descendants()
        .filter(|node| {
            let hides = |node: &scraper::Node| {
                node.as_element().is_some_and(|element| element.attr("aria-hidden") == Some("true"))
            };
            !node.ancestors().any(|ancestor| hides(ancestor.value()))
        })
        .filter_map(|node| node.value().as_text().map(|text| text.to_string()))
        .collect();
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn field_value(field: &ElementRef<'_>) -> String {
    if field.value().name() == "select" {
        let chosen = Selector::parse("option[selected]").expect("a selector");
        return field.select(&chosen).next().and_then(|o| o.value().attr("value")).unwrap_or_default().to_owned();
    }
    field.value().attr("value").map_or_else(|| field.text().collect(), str::to_owned)
}

/// A form as the page had it, to be filled in.
#[derive(Clone, Debug)]
pub struct Form {
    /// Where it goes.
    pub action: Url,
    /// `get` or `post`.
    pub method: String,
    /// Names and values, hidden ones too.
    pub values: BTreeMap<String, String>,
}

impl Form {
    /// Fills in a field by its name.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.values.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Takes a field away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.values.remove(name);
        self
    }
}

impl Visitor {
    /// A new browser, without cookies.
    pub fn new(router: Router, origin: &str) -> Self {
        Self { router, origin: origin.to_owned(), cookies: BTreeMap::new(), extra_headers: Vec::new() }
    }

    /// One request, redirects not followed. `target` is a path or an address of the house.
    pub async fn send(&mut self, method: Method, target: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let url = Url::parse(&self.origin).and_then(|origin| origin.join(target)).expect("an address");
        assert_eq!(url.origin().ascii_serialization(), self.origin, "a visitor speaks to the house alone");
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, url.authority());
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in
            self.extra_headers.iter().map(|(name, value)| (*name, value.as_str())).chain(headers.iter().copied())
        {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(body)).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("a router always answers");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        self.keep_cookies(&parts.headers);
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status, headers: parts.headers, body, url }
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("a cookie of text");
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            if value.is_empty() || attributes.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// A cookie by the end of its name, whatever its prefix.
    pub fn cookie(&self, ending: &str) -> Option<&str> {
        self.cookies.iter().find(|(name, _)| name.ends_with(ending)).map(|(_, value)| value.as_str())
    }

    /// Puts a cookie there, as a neighbour or a thief would.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Every cookie with its name.
    pub fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }

    /// Forgets everything.
    pub fn clear_cookies(&mut self) {
        self.cookies.clear();
    }

    /// GET, redirects not followed.
    pub async fn get(&mut self, target: &str) -> Answer {
        self.send(Method::GET, target, &[("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")], String::new())
            .await
    }

    /// GET, and on through every redirect within the house.
    pub async fn open(&mut self, target: &str) -> Answer {
        let answer = self.get(target).await;
        self.follow(answer).await
    }

    /// On through every redirect within the house; the answer that leads elsewhere is returned as it is.
    pub async fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..10 {
            let Some(to) = answer.location().filter(|_| answer.status.is_redirection()) else { return answer };
            let url = answer.url.join(to).expect("an address to go to");
            if url.origin().ascii_serialization() != self.origin {
                return answer;
            }
            answer = self.get(url.as_str()).await;
        }
        panic!("redirects without end at {}", answer.url)
    }

    /// Sends a form, redirects not followed.
    pub async fn submit(&mut self, form: &Form) -> Answer {
        let encoded = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.values).finish();
        if form.method == "get" {
            let mut url = form.action.clone();
            url.set_query(Some(&encoded));
            return self.get(url.as_str()).await;
        }
        let origin = self.origin.clone();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send(Method::POST, form.action.as_str(), &headers, encoded).await
    }

    /// Presses a button of a page and goes on through redirects.
    pub async fn press(&mut self, page: &Answer, button: &str, fields: &[(&str, &str)]) -> Answer {
        let form = fields.iter().fold(page.form(button), |form, (name, value)| form.with(name, value));
        let answer = self.submit(&form).await;
        self.follow(answer).await
    }

    /// POST of JSON, with a bearer token if there is one.
    pub async fn post_json(&mut self, target: &str, token: Option<&str>, body: &serde_json::Value) -> Answer {
        self.json(Method::POST, target, token, Some(body)).await
    }

    /// A request of the Management API.
    pub async fn json(
        &mut self,
        method: Method,
        target: &str,
        token: Option<&str>,
        body: Option<&serde_json::Value>,
    ) -> Answer {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        let body = body.map(ToString::to_string).unwrap_or_default();
        self.send(method, target, &headers, body).await
    }

    /// POST of a form as a program sends it: no origin, no cookie needed.
    pub async fn post_form(&mut self, target: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend(headers.iter().copied());
        self.send(Method::POST, target, &all, body).await
    }
}
