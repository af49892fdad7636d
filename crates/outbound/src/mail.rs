//! Mail on its last yards: a finished text on one side, a mail server on the other.
//!
//! Owns the trait of what carries mail, the real carrier (SMTP) and the one that keeps it in memory. Must not know
//! what a mail is about, nor when to try again.

mod memory;
mod message;
mod smtp;

pub use memory::MemoryTransport;
pub use smtp::{SmtpSettings, SmtpTransport, SmtpUrlError};

use async_trait::async_trait;
use guestlist_domain::email::Email;
use guestlist_domain::mail::Failure;
use guestlist_domain::time::Timestamp;
use std::fmt;

/// Who a mail is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The name that mail programs show.
    pub name: String,
    /// The address that answers go to.
    pub address: Email,
}

/// A mail in its final words, to exactly one person. A structured recipient, never a header line (R14). Prints its id
/// and nothing else, since a text may hold a link that opens an account.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// `local@domain`, without angle brackets; the same at every try.
    pub message_id: String,
    /// From whom.
    pub from: Sender,
    /// To whom.
    pub to: Email,
    /// One line. Control characters in it become spaces on the way out.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
    /// When it was written.
    pub date: Timestamp,
}

impl fmt::Debug for RenderedMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RenderedMail({}…)", self.message_id)
    }
}

/// What carries mail.
#[async_trait]
pub trait MailTransport: Send + Sync {
    /// Hands one mail over. `Ok` means that the other side took charge of it.
    async fn send(&self, mail: &RenderedMail) -> Result<(), Failure>;

    /// Whether mail could be handed over now; else why not, in words for the operator.
    async fn check(&self) -> Result<(), String>;
}
