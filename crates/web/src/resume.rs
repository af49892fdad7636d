//! An authorization request that waits while its person signs in, as it travels through addresses of ours.
//!
//! Owns the names of those addresses. What is sealed, and whether it may still go on, [`guestlist_app::authorize`] knows.

use guestlist_app::App;
use guestlist_app::authorize::{self, PendingRequest};
use url::form_urlencoded;

/// Where a request that waits goes on.
pub const RESUME_PATH: &str = "/authorize/resume";

/// Where an application hears that nobody will come.
pub const DENIED_PATH: &str = "/authorize/denied";

/// What an application is told of somebody who was refused here.
pub const NOT_LET_IN: &str = "The person was not let in.";

/// A request that waits, in both of its forms.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// As it travels.
    pub sealed: String,
    /// What pages may know of it.
    pub request: PendingRequest,
}

impl Waiting {
    /// Looks into `sealed`. `None` for what is not ours, or waited for too long: [`onward_path`] knows what to do then.
    pub fn open(app: &App, sealed: String) -> Option<Self> {
        authorize::peek(app, &sealed).map(|request| Self { sealed, request })
    }
}

/// Where a sealed request goes on.
pub fn onward_path(sealed: &str) -> String {
    path_with(RESUME_PATH, sealed)
}

/// A path of ours that carries a sealed request.
pub fn path_with(path: &str, sealed: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("resume", sealed).finish();
    format!("{path}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_request_travels_in_the_query() {
        assert_eq!(onward_path("a_b-c"), "/authorize/resume?resume=a_b-c");
    }
}
