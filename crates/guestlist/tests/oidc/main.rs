//! The OpenID provider over HTTP, on both engines: the narrow path, and what happens beside it.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod apis;
mod authorize;
mod clients;
mod codes;
mod front_channel;
mod granted;
mod logout;
mod pushed;
mod refresh;
mod sessions;
mod stage;
mod userinfo;
