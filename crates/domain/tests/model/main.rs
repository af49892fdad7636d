//! The model of `security.md`, section 4: an invited person, an attacker and an honest administrator, in every order.
//!
//! It explores what can be reached with the rules of this crate, asked as the server asks them, and then with each rule
//! switched off. Evidence about the rules, not about the code that carries them out.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod acts;
mod asks;
mod graph;
mod page;
mod rules;
mod state;
