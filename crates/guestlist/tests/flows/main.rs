//! The guest's ways through the house, over HTTP, on both engines.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod accept;
mod console_connections;
mod console_webhooks;
