//! The Management API over HTTP, on both engines, and the seed flow as a wire script.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod connections;
mod event_streams;
mod identities;
mod invitations;
mod logs;
mod resource_servers;
mod scopes;
mod seed_script;
mod tickets;
mod users;
