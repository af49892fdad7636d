//! Pages on an invited guest's way in.
//!
//! Owns what each of them shows. Must not know whether an invitation is open; it is told.

use super::Page;
use super::parts::{Masked, Problem, Provider};
use guestlist_domain::time::Timestamp;
use serde::Serialize;

/// The invitation, and every way to accept it.
#[derive(Clone, Debug, Serialize)]
pub struct AcceptPage {
    /// Who invites.
    pub inviter: Option<String>,
    /// To which application.
    pub application: Option<String>,
    /// For which address.
    pub email: String,
    /// A personal note.
    pub message: Option<String>,
    /// When the link dies.
    pub expires_at: Timestamp,
    /// Whether a password may be set.
    pub password: bool,
    /// Providers to continue with.
    pub providers: Vec<Provider>,
    /// Why the form came back.
    pub problem: Option<Problem>,
}

impl Page for AcceptPage {
    const TEMPLATE: &'static str = "pages/accept.html";
}

/// A provider came back with another address than the invited one.
#[derive(Clone, Debug, Serialize)]
pub struct ConfirmAddressPage {
    /// Which trip it is about.
    pub trip: String,
    /// The invited address.
    pub invited: String,
    /// The provider's, if it told one.
    pub came: Option<String>,
    /// The name on the provider's button.
    pub provider: String,
    /// The account that the provider's identity opens already, by its address.
    pub account: Option<String>,
}

impl Page for ConfirmAddressPage {
    const TEMPLATE: &'static str = "pages/confirm_address.html";
}

/// Why a link opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadLink {
    /// Its time is over.
    Expired,
    /// There is a newer one.
    Replaced,
    /// The guest came in already.
    Used,
    /// It was taken back.
    Revoked,
    /// The guest said no.
    Declined,
    /// There is no such link.
    Unknown,
}

/// A link that opens nothing, and the way on from there.
#[derive(Clone, Debug, Serialize)]
pub struct DeadLinkPage {
    /// Why.
    pub reason: DeadLink,
    /// Where a new link would be mailed; `None` if that would not help.
    pub mail_to: Option<Masked>,
    /// Who invited.
    pub inviter: Option<String>,
    /// To which application.
    pub application: Option<String>,
}

impl Page for DeadLinkPage {
    const TEMPLATE: &'static str = "pages/dead_link.html";
}

/// A new link is on its way.
#[derive(Clone, Debug, Serialize)]
pub struct LinkSentPage {
    /// Where to.
    pub mail_to: Masked,
}

impl Page for LinkSentPage {
    const TEMPLATE: &'static str = "pages/link_sent.html";
}

/// The invitation is for somebody else than whoever is signed in here.
#[derive(Clone, Debug, Serialize)]
pub struct WrongUserPage {
    /// Who is signed in.
    pub signed_in_as: String,
    /// For whom the invitation is.
    pub invited: String,
    /// To which application.
    pub application: Option<String>,
    /// Whether the invitation can be accepted with the account that is signed in.
    pub may_bring: bool,
}

impl Page for WrongUserPage {
    const TEMPLATE: &'static str = "pages/wrong_user.html";
}

/// The guest said no.
#[derive(Clone, Debug, Serialize)]
pub struct DeclinedPage {
    /// Who invited.
    pub inviter: Option<String>,
}

impl Page for DeclinedPage {
    const TEMPLATE: &'static str = "pages/declined.html";
}
