//! The pages on which a person proves the own address, or gives the account another one.
//!
//! Owns what it shows. Must not know whether a code is right; it is told.

use super::Page;
use super::parts::Problem;
use serde::Serialize;

/// A code is asked for, or typed in.
#[derive(Clone, Debug, Serialize)]
pub struct AddressPage {
    /// The address.
    pub email: String,
    /// Whether a code was mailed and may be typed in.
    pub is_mailed: bool,
    /// Why the form came back.
    pub problem: Option<Problem>,
}

impl Page for AddressPage {
    const TEMPLATE: &'static str = "pages/address.html";
}

/// Another address is asked for, or the code from its mailbox typed in.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeAddressPage {
    /// The account's address.
    pub email: String,
    /// The address whose code may be typed in.
    pub mailed_to: Option<String>,
    /// What was typed before the form came back.
    pub typed: String,
    /// Why the form came back.
    pub problem: Option<Problem>,
}

impl Page for ChangeAddressPage {
    const TEMPLATE: &'static str = "pages/change_address.html";
}
