//! What is right: the rules of Guestlist as pure functions and types.
//!
//! Owns every decision about people, invitations, identities and grants. Knows no database, no network, no clock
//! and no random source: the present moment and fresh entropy come in as arguments.

pub mod address_change;
pub mod address_code;
pub mod authorization;
pub mod client;
pub mod connection;
pub mod credential;
pub mod email;
pub mod event;
pub mod filter;
pub mod flow;
pub mod grant;
pub mod identity;
pub mod ids;
pub mod invitation;
pub mod ledger;
pub mod linking;
pub mod log;
pub mod log_filter;
pub mod mail;
pub mod merging;
pub mod patch;
pub mod permission;
pub mod resource_server;
pub mod secret;
pub mod session;
pub mod slate;
pub mod ticket;
pub mod time;
pub mod timekeeping;
pub mod user;
pub mod user_filter;
pub mod webhook;
