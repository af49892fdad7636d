//! Whom we call: every socket that Guestlist opens on its own account.
//!
//! Owns the one HTTP client and its address guard, the conversation with upstream providers, and the delivery of mail and
//! of webhooks.
//! Must not know the database, the acts, or who asked: everything it needs comes in as arguments, the time included.

pub mod http;
pub mod mail;
pub mod upstream;
pub mod webhook;
