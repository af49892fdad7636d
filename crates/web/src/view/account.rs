//! The page on which a person looks after their own account.
//!
//! Owns what it shows. Must not know whether a change is allowed; it is told.

use super::Page;
use super::parts::{Problem, Provider};
use guestlist_domain::time::Timestamp;
use serde::Serialize;

/// The account.
#[derive(Clone, Debug, Serialize)]
pub struct AccountPage {
    /// Full name.
    pub name: Option<String>,
    /// Address.
    pub email: String,
    /// Whether the address is theirs.
    pub confirmed: Confirmed,
    /// Whether another address can be asked for: its mailbox needs a mail.
    pub can_change_address: bool,
    /// Whether the account may use the console.
    pub admin: bool,
    /// Whether passwords are a way in here at all.
    pub offers_password: bool,
    /// The password, if one is set.
    pub password: Option<PasswordWay>,
    /// Linked providers.
    pub ways: Vec<Way>,
    /// Providers that could be linked.
    pub connectable: Vec<Provider>,
    /// How the person signed in to this session, and when.
    pub session: SessionFacts,
    /// What was just done.
    pub done: Option<Done>,
    /// Why the password form came back.
    pub problem: Option<Problem>,
}

impl Page for AccountPage {
    const TEMPLATE: &'static str = "pages/account.html";
}

/// Whether the address is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirmed {
    /// It is.
    Yes,
    /// Not yet, and a code can be mailed.
    Possible,
    /// Not yet, and no mail can be sent from here.
    No,
}

impl Confirmed {
    /// From whether the address is verified and whether mail can be sent.
    pub const fn of(email_verified: bool, sends_mail: bool) -> Self {
        match (email_verified, sends_mail) {
            (true, _) => Self::Yes,
            (false, true) => Self::Possible,
            (false, false) => Self::No,
        }
    }
}

/// The password as a way in.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PasswordWay {
    /// When it was last set.
    pub set_at: Option<Timestamp>,
    /// Whether it may be removed: something else is left.
    pub removable: bool,
}

/// A linked provider.
#[derive(Clone, Debug, Serialize)]
pub struct Way {
    /// The identity's id, which the form's address carries.
    pub id: String,
    /// The name on the provider's button.
    pub label: String,
    /// The address that the provider tells.
    pub email: Option<String>,
    /// When it was linked.
    pub linked_at: Timestamp,
    /// When it last signed in.
    pub last_used_at: Option<Timestamp>,
    /// Whether it may be removed: something else is left.
    pub removable: bool,
}

/// This session.
#[derive(Clone, Debug, Serialize)]
pub struct SessionFacts {
    /// The name on the provider's button, or `None` for the password.
    pub provider: Option<String>,
    /// When.
    pub authenticated_at: Timestamp,
}

/// What was just done; shown once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// A provider was linked.
    Connected,
    /// A provider was removed.
    Removed,
    /// The password was set or changed.
    PasswordSaved,
    /// The last way in stays.
    LastWayKept,
    /// The address is confirmed.
    AddressConfirmed,
    /// The account has another address.
    AddressChanged,
    /// Another account is a part of this one now.
    Merged,
    /// Two accounts cannot be one.
    NotMerged,
}

impl Done {
    /// The word that carries it through a redirect.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Removed => "removed",
            Self::PasswordSaved => "password-saved",
            Self::LastWayKept => "last-way-kept",
            Self::AddressConfirmed => "address-confirmed",
            Self::AddressChanged => "address-changed",
            Self::Merged => "merged",
            Self::NotMerged => "not-merged",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::Connected,
            Self::Removed,
            Self::PasswordSaved,
            Self::LastWayKept,
            Self::AddressConfirmed,
            Self::AddressChanged,
            Self::Merged,
            Self::NotMerged,
        ]
        .into_iter()
        .find(|done| done.as_str() == word)
    }
}
