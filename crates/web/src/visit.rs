//! One request to a page: who knocks, in which language, with which cookies; and the answer to it.
//!
//! Owns the extractors of page handlers. [`Visit`] is for reading; [`Posted`] is for everything that changes state, and
//! cannot be had without both checks of [`crate::csrf`]. Must not know what any page is about.

use crate::csrf;
use crate::door::language_of;
use crate::error::Problem;
use crate::headers::PagePolicy;
use crate::session::{self as cookies, CookieKind, Cookies};
use crate::state::WebState;
use crate::view::{Frame, Page, render};
use axum::body::{Body, Bytes};
use axum::extract::{Form, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use guestlist_app::App;
use guestlist_app::i18n::Language;
use guestlist_app::sessions::{self, SignedIn};
use guestlist_domain::ids::FlowId;
use guestlist_domain::secret::{Purpose, Secret};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::time::Duration;
use url::form_urlencoded;

/// A form that takes longer to arrive is not being filled in; it is holding the door.
const FORM_ARRIVES_WITHIN: Duration = Duration::from_secs(15);

/// A request to a page.
pub struct Visit {
    /// The house.
    pub app: App,
    /// The reader's language.
    pub language: Language,
    cookies: Cookies,
    browser: Option<Secret>,
    new_browser: Option<Secret>,
    set_cookies: Vec<HeaderValue>,
    policy: PagePolicy,
    viewer: Option<String>,
}

impl FromRequestParts<WebState> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Infallible> {
        let cookies = Cookies::read(&parts.headers, state.app.public_url());
        let browser = cookies.get(CookieKind::Browser).and_then(|text| Secret::parse(Purpose::Browser, text));
        Ok(Self {
            app: state.app.clone(),
            language: language_of(&parts.headers),
            cookies,
            browser,
            new_browser: None,
            set_cookies: Vec::new(),
            policy: PagePolicy::default(),
            viewer: None,
        })
    }
}

impl Visit {
    /// Who is signed in, if anybody: looked up now, and good for this request.
    pub async fn signed_in(&self) -> Result<Option<SignedIn>, Problem> {
        let claimed = self.cookies.get(CookieKind::Session).and_then(|text| Secret::parse(Purpose::Session, text));
        match claimed {
            Some(secret) => Ok(sessions::find(&self.app, &secret).await?),
            None => Ok(None),
        }
    }

    /// The browser's own secret, if it has one.
    pub const fn browser(&self) -> Option<&Secret> {
        self.browser.as_ref()
    }

    /// The browser's own secret. One that we have not seen yet gets it with this answer.
    pub fn browser_or_new(&mut self) -> Secret {
        let app = &self.app;
        let secret = match &self.browser {
            Some(known) => known,
            None => self.new_browser.get_or_insert_with(|| app.entropy().secret(Purpose::Browser)),
        };
        secret.clone()
    }

    /// The link's secret that this browser opened last, for one purpose.
    pub fn link(&self, purpose: Purpose) -> Option<Secret> {
        let sealed = self.cookies.get(link_cookie(purpose))?;
        let text = self.app.seal().open_text(purpose.prefix(), sealed).ok()?;
        Secret::parse(purpose, &text)
    }

    /// Keeps a link's secret with this browser, for as long as it takes to choose.
    pub fn keep_link(&mut self, secret: &Secret) -> Result<(), Problem> {
        let purpose = secret.purpose();
        let sealed = self.app.seal().seal_text(purpose.prefix(), secret.expose(), self.app.entropy())?;
        self.set_cookie(link_cookie(purpose), &sealed);
        Ok(())
    }

    /// Forgets the link's secret.
    pub fn drop_link(&mut self, purpose: Purpose) {
        self.clear_cookie(link_cookie(purpose));
    }

    /// The browser is signed in from now on.
    pub fn sign_in(&mut self, session: &Secret) {
        self.set_cookie(CookieKind::Session, session.expose());
    }

    /// The browser is signed out from now on.
    pub fn sign_out(&mut self) {
        self.clear_cookie(CookieKind::Session);
    }

    /// Prefers this language to the browser's, if we have it.
    pub fn speak(&mut self, tag: Option<&str>) {
        self.language = tag.and_then(Language::parse).unwrap_or(self.language);
    }

    /// Prefers the first of these languages that we have.
    pub fn speak_first_of<'a>(&mut self, tags: impl IntoIterator<Item = &'a str>) {
        self.language = tags.into_iter().find_map(Language::parse).unwrap_or(self.language);
    }

    /// Shows who is looking.
    pub fn show_viewer(&mut self, name: &str) {
        self.viewer = Some(name.to_owned());
    }

    /// Lets the page do so much: by itself it leads to no other place, runs no script and is framed by nobody.
    pub fn allow(&mut self, policy: PagePolicy) {
        self.policy = policy;
    }

    /// Answers with a page.
    pub fn page<P: Page>(self, page: &P) -> Result<Response, Problem> {
        self.page_with(StatusCode::OK, page)
    }

    /// Answers with a page and another status than 200.
    pub fn page_with<P: Page>(mut self, status: StatusCode, page: &P) -> Result<Response, Problem> {
        let frame = Frame { language: self.language, form_token: Some(self.form_token()), viewer: self.viewer.take() };
        let html = render(&frame, page)?;
        let mut response = (status, Html(html)).into_response();
        response.extensions_mut().insert(std::mem::take(&mut self.policy));
        self.hand_out_cookies(&mut response);
        Ok(response)
    }

    /// Answers by sending the browser on, with 303 so that a POST becomes a GET (RFC 9110, 15.4.4).
    pub fn redirect(self, to: &str) -> Result<Response, Problem> {
        let location =
            HeaderValue::from_str(to).map_err(|_| Problem::BadRequest("an address that no header can carry".into()))?;
        let headers = [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
        let mut response = (StatusCode::SEE_OTHER, headers).into_response();
        self.hand_out_cookies(&mut response);
        Ok(response)
    }

    /// The token for the forms of this answer.
    fn form_token(&mut self) -> String {
        let browser = self.browser_or_new();
        csrf::form_token(self.app.seal(), browser.expose(), self.cookies.get(CookieKind::Session))
    }

    fn set_cookie(&mut self, kind: CookieKind, value: &str) {
        self.set_cookies.extend(cookies::set(kind, value, self.app.public_url()));
    }

    fn clear_cookie(&mut self, kind: CookieKind) {
        if self.cookies.get(kind).is_some() {
            self.set_cookies.extend(cookies::clear(kind, self.app.public_url()));
        }
    }

    fn hand_out_cookies(mut self, response: &mut Response) {
        if let Some(browser) = self.new_browser.take() {
            self.set_cookie(CookieKind::Browser, browser.expose());
        }
        for cookie in self.set_cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}

const fn link_cookie(purpose: Purpose) -> CookieKind {
    match purpose {
        Purpose::Reset => CookieKind::Reset,
        Purpose::Undo => CookieKind::Undo,
        _ => CookieKind::Invitation,
    }
}

/// A form that was sent from a page of ours, in the browser that we gave the page to.
pub struct Posted<T> {
    /// The request.
    pub visit: Visit,
    /// The browser's secret, which the form was bound to.
    pub browser: Secret,
    /// The form.
    pub form: T,
}

/// The answer to a page about a trip to a provider.
#[derive(Debug, Deserialize)]
pub struct Answer {
    /// Which trip; a page that does not say it is about none. It is compared with the one that waits for this browser and
    /// chooses none (R8).
    #[serde(default)]
    pub trip: String,
}

impl Answer {
    /// Its id.
    pub fn trip(&self) -> FlowId {
        FlowId::new(self.trip.as_str())
    }
}

/// A form without fields of its own.
#[derive(Debug, Deserialize)]
pub struct Press {}

impl<T: DeserializeOwned> FromRequest<WebState> for Posted<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Ok(visit) = Visit::from_request_parts(&mut parts, state).await;
        if !csrf::is_from_own_page(&parts.headers, state.app.public_url().origin()) {
            return Err(Problem::StaleForm);
        }
        let browser = visit.browser.clone().ok_or(Problem::StaleForm)?;
        let arriving = Bytes::from_request(Request::from_parts(parts.clone(), body), state);
        let arrived = tokio::time::timeout(FORM_ARRIVES_WITHIN, arriving).await;
        let arrived = arrived.map_err(|_| Problem::BadRequest("the form arrived too slowly".into()))?;
        let sent = arrived.map_err(|rejection| unreadable(rejection.status(), rejection.body_text()))?;
        // The token comes first: whoever cannot show it learns nothing about what else is wrong.
        let token = form_urlencoded::parse(&sent).find(|(name, _)| name == csrf::FIELD).map(|(_, token)| token);
        let session = visit.cookies.get(CookieKind::Session);
        if !csrf::is_valid(state.app.seal(), browser.expose(), session, &token.unwrap_or_default()) {
            return Err(Problem::StaleForm);
        }
        let request = Request::from_parts(parts, Body::from(sent));
        let Form(form) = Form::<T>::from_request(request, state)
            .await
            .map_err(|rejection| unreadable(rejection.status(), rejection.body_text()))?;
        Ok(Self { visit, browser, form })
    }
}

fn unreadable(status: StatusCode, reason: String) -> Problem {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        _ => Problem::BadRequest(reason.into()),
    }
}
