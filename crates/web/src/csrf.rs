//! Whether an unsafe request comes from a page of ours, in the browser that we gave that page to.
//!
//! Owns two checks that must both hold (R21): what the browser says about where the request comes from, and a token in
//! the form that only this browser's own cookies make valid. Must not know what the request wants.

use axum::http::{HeaderMap, header};
use guestlist_app::seal::Seal;

/// The name of the token's field.
pub const FIELD: &str = "form_token";

const USAGE: &str = "form token";

/// Whether the headers say that the request was made by a page of `origin`.
///
/// Fetch Metadata is believed where a browser sends it, as no page can forge it. Our pages say `no-referrer`, and a
/// form on such a page is sent with `Origin: null` (Fetch, 3.2): beside `same-origin` that is no contradiction. Without
/// Fetch Metadata only our own origin will do. A request with neither comes from no browser of this decade.
pub fn is_from_own_page(headers: &HeaderMap, own_origin: &str) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let origin = text(header::ORIGIN);
    match text(header::HeaderName::from_static("sec-fetch-site")) {
        Some("same-origin" | "none") => matches!(origin, None | Some("null")) || origin == Some(own_origin),
        Some(_) => false,
        None => origin == Some(own_origin),
    }
}

/// The token for forms given to the browser with these cookies. Signing in or out makes it stale.
pub fn form_token(seal: &Seal, browser: &str, session: Option<&str>) -> String {
    seal.mac(USAGE, &bound_to(browser, session))
}

/// Whether `token` was given to the browser with these cookies.
pub fn is_valid(seal: &Seal, browser: &str, session: Option<&str>, token: &str) -> bool {
    seal.verify(USAGE, &bound_to(browser, session), token)
}

fn bound_to(browser: &str, session: Option<&str>) -> String {
    format!("{browser} {}", session.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use guestlist_domain::secret::Sensitive;

    const OWN: &str = "https://id.example.org";

    fn from(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        is_from_own_page(&headers, OWN)
    }

    #[test]
    fn case_098_only_our_own_pages_may_post() {
        assert!(from(&[("sec-fetch-site", "same-origin"), ("origin", OWN)]));
        assert!(from(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(from(&[("sec-fetch-site", "same-origin")]));
        assert!(from(&[("sec-fetch-site", "none")]));
        assert!(from(&[("origin", OWN)]));

        assert!(!from(&[]));
        assert!(!from(&[("origin", "null")]));
        assert!(!from(&[("origin", "https://evil.example")]));
        assert!(!from(&[("origin", "https://id.example.org.evil.example")]));
        assert!(!from(&[("sec-fetch-site", "cross-site"), ("origin", OWN)]));
        assert!(!from(&[("sec-fetch-site", "same-site"), ("origin", OWN)]));
        assert!(!from(&[("sec-fetch-site", "cross-site"), ("origin", "null")]));
        assert!(!from(&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")]));
    }

    #[test]
    fn case_098_a_token_is_good_in_its_own_browser_and_session_alone() {
        let seal = Seal::new(&Sensitive::new("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")).unwrap();
        let token = form_token(&seal, "browser", Some("session"));
        assert!(is_valid(&seal, "browser", Some("session"), &token));
        assert!(!is_valid(&seal, "browser", None, &token));
        assert!(!is_valid(&seal, "other", Some("session"), &token));
        assert!(!is_valid(&seal, "browser", Some("session"), ""));
        assert!(!is_valid(&seal, "browser", Some("session"), &form_token(&seal, "browser", None)));
    }
}
