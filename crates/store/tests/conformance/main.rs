//! Every function of the table files, alike on both engines, races included. Connections and the search for users are
//! beside the engines' tests in `engine`; clients, grants and keys are in `grants.rs`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

#[expect(dead_code, reason = "the engine's tests use more of it")]
#[path = "../engine/database.rs"]
mod database;

mod accept_races;
mod address_changes;
mod address_codes;
mod clock;
mod events;
mod every_function;
mod flows;
mod idempotency;
mod identities;
mod identity_races;
mod invitation_states;
mod invitations;
mod link_ledger;
mod log_search;
mod open_grants;
mod outbox;
mod passwords;
mod resource_servers;
mod sessions;
mod settings;
mod throttles;
mod tickets;
mod users;
mod webhooks;
mod world;
