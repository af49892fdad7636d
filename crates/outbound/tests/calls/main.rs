//! Outgoing HTTP calls against servers that answer whatever a test wants: the client's limits, and a provider in which
//! every claim, key, algorithm and delay can be wrong.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a fixture that is not as expected fails its test")]

mod http;
mod idp;
mod keys;
mod oauth;
mod server;
mod times;
mod trips;
