//! What happens: one public function for each thing that can happen.
//!
//! Owns transactions, clock, entropy, jobs and mails. Sees both hands, [`guestlist_store`] and [`guestlist_outbound`].
//! Must not know axum, a request or a response; whoever calls may be a page, an API or a command line.

pub mod accept;
pub mod account;
pub mod address;
pub mod address_change;
mod address_code;
mod admission;
pub mod app;
mod audience;
pub mod authorize;
mod claims;
pub mod clients;
pub mod clock;
pub mod connections;
pub mod doctor;
pub mod error;
mod history;
pub mod i18n;
pub mod invite;
pub mod jobs;
pub mod keys;
pub mod landing;
mod ledger;
mod linked;
pub mod logs;
pub mod mails;
mod merging;
mod outbox;
pub mod passwords;
pub mod people;
mod proof;
pub mod recover;
pub mod resource_servers;
pub mod rules;
pub mod seal;
pub mod sessions;
pub mod settings;
pub mod sign_in;
mod slate;
pub mod social;
mod throttle;
mod timekeeping;
pub mod tokens;
pub mod undo;
pub mod users;
pub mod webhooks;

pub use app::App;
pub use clock::{Clock, Entropy};
pub use error::Unexpected;
pub use settings::Settings;
