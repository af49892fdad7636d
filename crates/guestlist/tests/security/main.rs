//! The cases of `security.md` over HTTP, black box, on both engines.
//!
//! A case holds when three things do: the answer, the database, and the line that says what happened. The number in
//! a test's name is the case's.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod address_change;
mod address_proof;
mod addresses;
mod at_rest;
mod blocked;
mod cookies;
mod doors;
mod every_door;
mod eviction;
mod forgery;
mod full_house;
mod guests;
mod histories;
mod invitation;
mod issuers;
mod ledger;
mod linking;
mod links;
mod merged_users;
mod merging;
mod pages;
mod passwords;
mod prehijack;
mod prehijack_bare;
mod race;
mod raw;
mod recovery;
mod rescue;
mod scene;
mod social;
mod webhook_addresses;
mod webhooks;
