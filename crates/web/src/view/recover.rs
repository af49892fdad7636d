//! Pages for a forgotten password.
//!
//! Owns what each of them shows. None of them tells whether an address is known here.

use super::Page;
use super::parts::Problem;
use serde::Serialize;

/// Ask for a link.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ForgotPage {
    /// The address as it was typed.
    pub email: String,
    /// Why the form came back.
    pub problem: Option<Problem>,
}

impl Page for ForgotPage {
    const TEMPLATE: &'static str = "pages/forgot.html";
}

/// The same answer for every address.
#[derive(Clone, Debug, Serialize)]
pub struct ForgotSentPage {
    /// The address as it was typed.
    pub email: String,
}

impl Page for ForgotSentPage {
    const TEMPLATE: &'static str = "pages/forgot_sent.html";
}

/// Choose a new password.
#[derive(Clone, Debug, Serialize)]
pub struct ResetPage {
    /// For which address.
    pub email: String,
    /// Why the form came back.
    pub problem: Option<Problem>,
}

impl Page for ResetPage {
    const TEMPLATE: &'static str = "pages/reset.html";
}

/// Why a reset link opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadReset {
    /// Its time is over.
    Expired,
    /// There is a newer one, or the password or address changed since.
    Replaced,
    /// A password was set with it.
    Used,
    /// There is no such link.
    Unknown,
}

/// A reset link that opens nothing.
#[derive(Clone, Debug, Serialize)]
pub struct DeadResetPage {
    /// Why.
    pub reason: DeadReset,
}

impl Page for DeadResetPage {
    const TEMPLATE: &'static str = "pages/dead_reset.html";
}

/// The new password is set.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ResetDonePage {}

impl Page for ResetDonePage {
    const TEMPLATE: &'static str = "pages/reset_done.html";
}
