//! The guest's ways through the house, over HTTP, on both engines.

#![expect(clippy::unwrap_used, reason = "tests")]

mod accept;
