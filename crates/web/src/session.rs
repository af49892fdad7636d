//! Cookies: which there are, how they are set, and what they carry.
//!
//! Owns their names and attributes. Each carries one opaque secret or something sealed; nothing in them is computed
//! from a person's data or trusted without a look-up. Must not know who is signed in; acts do.

use axum::http::{HeaderMap, HeaderValue, header};
use cookie::{Cookie, SameSite, time};
use guestlist_app::settings::PublicUrl;
use guestlist_domain::session::ABSOLUTE_LIFETIME;
use std::time::Duration;

/// A cookie of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieKind {
    /// A signed-in browser.
    Session,
    /// A browser, signed in or not; flows and form tokens are bound to it.
    Browser,
    /// The secret of an invitation's link, sealed, on its way from the mail to the page.
    Invitation,
    /// The secret of a reset link, sealed.
    Reset,
    /// The secret of an undo link, sealed.
    Undo,
}

/// How long a link's secret stays with a browser that does nothing.
const LINK_LIFETIME: Duration = guestlist_domain::time::minutes(30);

impl CookieKind {
    const ALL: [Self; 5] = [Self::Session, Self::Browser, Self::Invitation, Self::Reset, Self::Undo];

    /// Its name. `__Host-` makes the browser refuse one that a neighbouring host set (RFC 6265bis, 4.1.3.2); plain
    /// http on loopback cannot have the prefix.
    const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Session, true) => "__Host-guestlist_session",
            (Self::Session, false) => "guestlist_session",
            (Self::Browser, true) => "__Host-guestlist_browser",
            (Self::Browser, false) => "guestlist_browser",
            (Self::Invitation, true) => "__Host-guestlist_invitation",
            (Self::Invitation, false) => "guestlist_invitation",
            (Self::Reset, true) => "__Host-guestlist_reset",
            (Self::Reset, false) => "guestlist_reset",
            (Self::Undo, true) => "__Host-guestlist_undo",
            (Self::Undo, false) => "guestlist_undo",
        }
    }

    /// How long a browser keeps it; `None` until it is closed.
    const fn lifetime(self) -> Option<Duration> {
        match self {
            Self::Session => Some(ABSOLUTE_LIFETIME),
            Self::Browser => None,
            Self::Invitation | Self::Reset | Self::Undo => Some(LINK_LIFETIME),
        }
    }
}

/// The cookies of ours that a request brought.
#[derive(Clone, Default)]
pub struct Cookies {
    brought: Vec<(CookieKind, String)>,
}

impl Cookies {
    /// Reads them. Of two with the same name the first counts, as browsers send the most specific one first.
    pub fn read(headers: &HeaderMap, public_url: &PublicUrl) -> Self {
        let secure = public_url.is_secure();
        let mut brought: Vec<(CookieKind, String)> = Vec::new();
        let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        for cookie in lines.flat_map(Cookie::split_parse).flatten() {
            let kind = CookieKind::ALL.into_iter().find(|kind| kind.name(secure) == cookie.name());
            if let Some(kind) = kind.filter(|kind| !brought.iter().any(|(known, _)| known == kind)) {
                brought.push((kind, cookie.value().to_owned()));
            }
        }
        Self { brought }
    }

    /// The value of one of them.
    pub fn get(&self, kind: CookieKind) -> Option<&str> {
        self.brought.iter().find(|(known, _)| *known == kind).map(|(_, value)| value.as_str())
    }
}

/// The header that sets a cookie.
pub fn set(kind: CookieKind, value: &str, public_url: &PublicUrl) -> Option<HeaderValue> {
    let mut cookie = bare(kind, value.to_owned(), public_url);
    let lifetime = kind.lifetime().and_then(|lifetime| time::Duration::try_from(lifetime).ok());
    cookie.set_max_age(lifetime);
    header_value(&cookie)
}

/// The header that takes a cookie away.
pub fn clear(kind: CookieKind, public_url: &PublicUrl) -> Option<HeaderValue> {
    let mut cookie = bare(kind, String::new(), public_url);
    cookie.set_max_age(time::Duration::ZERO);
    header_value(&cookie)
}

/// `Lax`, because a browser comes back from a provider, and from a mail, by a top-level navigation from another site.
fn bare(kind: CookieKind, value: String, public_url: &PublicUrl) -> Cookie<'static> {
    let secure = public_url.is_secure();
    let builder = Cookie::build((kind.name(secure), value)).path("/").http_only(true).same_site(SameSite::Lax);
    if secure { builder.secure(true).build() } else { builder.build() }
}

/// Every value of ours is base64url, so there is nothing that a header cannot carry.
fn header_value(cookie: &Cookie<'_>) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&cookie.to_string()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn https() -> PublicUrl {
        PublicUrl::parse("https://id.example.org").unwrap()
    }

    fn loopback() -> PublicUrl {
        PublicUrl::parse("http://127.0.0.1:8080").unwrap()
    }

    fn read(lines: &[&str], url: &PublicUrl) -> Cookies {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_str(line).unwrap());
        }
        Cookies::read(&headers, url)
    }

    #[test]
    fn case_096_cookies_are_bound_to_the_host_and_out_of_reach_of_scripts() {
        let session = set(CookieKind::Session, "gl_ses_x", &https()).unwrap();
        assert_eq!(
            session.to_str().unwrap(),
            "__Host-guestlist_session=gl_ses_x; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=604800"
        );
        let browser = set(CookieKind::Browser, "gl_brw_x", &loopback()).unwrap();
        assert_eq!(browser.to_str().unwrap(), "guestlist_browser=gl_brw_x; HttpOnly; SameSite=Lax; Path=/");
        let gone = clear(CookieKind::Invitation, &https()).unwrap();
        assert_eq!(
            gone.to_str().unwrap(),
            "__Host-guestlist_invitation=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0"
        );
    }

    #[test]
    fn over_https_a_cookie_without_the_prefix_is_not_ours() {
        let cookies = read(&["guestlist_session=evil; __Host-guestlist_browser=mine"], &https());
        assert_eq!(cookies.get(CookieKind::Session), None);
        assert_eq!(cookies.get(CookieKind::Browser), Some("mine"));
    }

    #[test]
    fn of_two_the_first_counts() {
        let cookies = read(&["guestlist_session=one; guestlist_session=two", "guestlist_session=three"], &loopback());
        assert_eq!(cookies.get(CookieKind::Session), Some("one"));
        assert_eq!(read(&["=;;x", "\u{1}"].map(|_| "x"), &loopback()).get(CookieKind::Session), None);
    }
}
