//! Pages of the console about webhooks.
//!
//! Owns what each of them shows. A signing secret is on the one page that answers the press that made it; a password or
//! token is on none. Must not know how an event gets there.

use super::Page;
use guestlist_domain::time::Timestamp;
use serde::Serialize;

/// The list of webhooks.
#[derive(Clone, Debug, Serialize)]
pub struct WebhooksPage {
    /// The oldest first.
    pub rows: Vec<WebhookRow>,
}

impl Page for WebhooksPage {
    const TEMPLATE: &'static str = "console/webhooks.html";
}

/// One webhook in the list.
#[derive(Clone, Debug, Serialize)]
pub struct WebhookRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it is told.
    pub endpoint: String,
    /// Of how many event types it hears; of all without.
    pub events: Option<usize>,
    /// Whether it is switched on.
    pub enabled: bool,
}

/// A webhook being made or changed, with what was sent to it lately.
#[derive(Clone, Debug, Serialize)]
pub struct WebhookPage {
    /// The id of one that is there.
    pub id: Option<String>,
    /// What the form holds.
    pub form: WebhookForm,
    /// Whether a password or token is kept.
    pub has_secret: bool,
    /// Whether it is switched on.
    pub enabled: bool,
    /// A signing secret, shown once.
    pub signing_secret: Option<String>,
    /// Until when the secret before signs too.
    pub old_secret_until: Option<Timestamp>,
    /// Every event type there is.
    pub known: Vec<&'static str>,
    /// The newest first.
    pub deliveries: Vec<DeliveryRow>,
    /// Why something was not done, in words for the administrator.
    pub problem: Option<String>,
    /// What was just done.
    pub done: Option<WebhookDone>,
}

impl Page for WebhookPage {
    const TEMPLATE: &'static str = "console/webhook.html";
}

/// The fields of a webhook's form, as text.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WebhookForm {
    /// Its name.
    pub name: String,
    /// Where it is told.
    pub endpoint: String,
    /// Event types with spaces between; empty for all.
    pub events: String,
    /// Which `Authorization` header: `none`, `bearer`, `basic`.
    pub method: String,
    /// The name of Basic.
    pub username: String,
}

/// One event that was or will be sent.
#[derive(Clone, Debug, Serialize)]
pub struct DeliveryRow {
    /// The event's id.
    pub event: String,
    /// Its type.
    pub kind: &'static str,
    /// Where it stands.
    pub status: &'static str,
    /// Tries so far.
    pub attempts: i64,
    /// When it was queued.
    pub at: Timestamp,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// What went wrong the last time.
    pub last_error: Option<String>,
}

/// What was just done to a webhook; shown once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebhookDone {
    /// Its settings are kept.
    Saved,
    /// A test is on its way.
    Tested,
    /// An event is on its way again.
    Resent,
}

impl WebhookDone {
    /// The word that carries it through a redirect.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Tested => "tested",
            Self::Resent => "resent",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Saved, Self::Tested, Self::Resent].into_iter().find(|done| done.as_str() == word)
    }
}
