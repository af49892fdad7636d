//! A sign-in on its way: what the sample application must recognise when the browser comes back.
//!
//! Owns state, nonce and PKCE verifier. Must not know where the browser is sent.

use crate::dev::fresh_secret;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::BASE64URL_NOPAD;
use std::collections::HashMap;

/// Trips that were begun and not finished; above that, all of them begin anew.
const MOST_TRIPS: usize = 1000;

/// One sign-in on its way.
pub(in crate::dev) struct Trip {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) code_verifier: String,
}

impl Trip {
    pub(super) fn new() -> Self {
        Self { state: fresh_secret(), nonce: fresh_secret(), code_verifier: fresh_secret() }
    }

    /// RFC 7636, section 4.2.
    pub(super) fn code_challenge(&self) -> String {
        BASE64URL_NOPAD.encode(digest(&SHA256, self.code_verifier.as_bytes()).as_ref())
    }
}

/// Keeps a trip for the browser that holds `cookie`.
pub(super) fn remember(trips: &mut HashMap<String, Trip>, cookie: String, trip: Trip) {
    if trips.len() >= MOST_TRIPS {
        trips.clear();
    }
    trips.insert(cookie, trip);
}
