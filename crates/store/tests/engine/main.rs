//! The store's engines, each test on a database of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod both;
mod connections;
mod database;
mod migrations;
mod postgres;
mod sqlite;
mod user_search;
mod wire;
