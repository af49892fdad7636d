//! The headers that every answer carries, and those of a page.
//!
//! Owns the content security policy (R21). Must not know which page it is; a page whose forms lead elsewhere says so.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

/// A year, as browsers are asked to remember that we speak https.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What a page may do beyond showing itself. Almost all of it is where its forms may lead besides to ourselves: Chromium
/// holds `form-action` against every redirect after a POST too, so a form whose answer leads to an application or a
/// provider must name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PagePolicy {
    sources: Vec<String>,
    runs_script: bool,
    framed_by: Option<String>,
}

impl PagePolicy {
    /// Also to where `address` is. An address that is none adds nothing.
    #[must_use]
    pub fn and(mut self, address: &str) -> Self {
        if let Ok(url) = Url::parse(address) {
            // A native application's own scheme has no origin; the scheme is all there is to name.
            let source = match url.scheme() {
                "http" | "https" => url.origin().ascii_serialization(),
                scheme => format!("{scheme}:"),
            };
            self.add(source);
        }
        self
    }

    /// Also to any https address: a provider's log-in page may be on another host than its issuer, and an application
    /// may send its people on to yet another one, all of it in the wake of one POST here.
    #[must_use]
    pub fn and_https(mut self) -> Self {
        self.add("https:".to_owned());
        self
    }

    /// Runs scripts, of our own files alone.
    #[must_use]
    pub fn with_script(self) -> Self {
        Self { runs_script: true, ..self }
    }

    /// May be framed, and kept by whoever opened it, for pages of that origin alone.
    #[must_use]
    pub fn framed_by(self, origin: &str) -> Self {
        Self { framed_by: Some(origin.to_owned()), ..self }
    }

    fn add(&mut self, source: String) {
        if !self.sources.contains(&source) {
            self.sources.push(source);
        }
    }

    fn content_security_policy(&self) -> String {
        let targets: String = self.sources.iter().flat_map(|source| [" ", source]).collect();
        let script = if self.runs_script { "script-src 'self'; " } else { "" };
        let ancestors = self.framed_by.as_deref().unwrap_or("'none'");
        format!(
            "default-src 'none'; {script}style-src 'self'; img-src 'self' data:; form-action 'self'{targets}; \
             base-uri 'none'; frame-ancestors {ancestors}"
        )
    }
}

/// The headers of an HTML page. What is there already stays.
pub fn dress_page(headers: &mut HeaderMap, policy: &PagePolicy) {
    if let Ok(value) = HeaderValue::from_str(&policy.content_security_policy()) {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(value);
    }
    let opener = HeaderName::from_static("cross-origin-opener-policy");
    let apart = match policy.framed_by {
        // It has no way to name an origin; the policy above does.
        Some(_) => [(opener, "unsafe-none"), (header::CACHE_CONTROL, "no-store")],
        None => [(opener, "same-origin"), (header::X_FRAME_OPTIONS, "DENY")],
    };
    let fixed = [
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ];
    for (name, value) in fixed.into_iter().chain(apart) {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// The headers of every answer.
pub fn dress_answer(headers: &mut HeaderMap, secure: bool) {
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    if secure {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HSTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_099_a_page_allows_nothing_but_our_own_style_and_forms() {
        let mut headers = HeaderMap::new();
        dress_page(&mut headers, &PagePolicy::default());
        assert_eq!(
            headers[header::CONTENT_SECURITY_POLICY],
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; \
             frame-ancestors 'none'"
        );
        assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
    }

    #[test]
    fn case_089_a_page_that_tells_is_framed_by_one_origin_and_runs_our_script() {
        let mut headers = HeaderMap::new();
        dress_page(&mut headers, &PagePolicy::default().with_script().framed_by("https://app.example"));
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("script-src 'self'; ") && policy.ends_with("; frame-ancestors https://app.example"));
        assert!(!headers.contains_key(header::X_FRAME_OPTIONS));
        assert_eq!(headers["cross-origin-opener-policy"], "unsafe-none");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    }

    #[test]
    fn forms_may_lead_to_the_application_by_its_origin() {
        let targets = PagePolicy::default()
            .and("https://app.example/callback?x=1;script-src *")
            .and("https://app.example/other")
            .and("http://127.0.0.1:3000/cb")
            .and("com.example.app:/callback")
            .and("not an address");
        let policy = targets.content_security_policy();
        assert!(
            policy.contains("form-action 'self' https://app.example http://127.0.0.1:3000 com.example.app:; base-uri")
        );
    }

    #[test]
    fn strict_transport_is_asked_for_over_https_alone() {
        let [mut plain, mut secure] = [HeaderMap::new(), HeaderMap::new()];
        dress_answer(&mut plain, false);
        dress_answer(&mut secure, true);
        assert!(!plain.contains_key(header::STRICT_TRANSPORT_SECURITY));
        assert!(secure.contains_key(header::STRICT_TRANSPORT_SECURITY));
        assert_eq!(plain[header::REFERRER_POLICY], "no-referrer");
    }
}
