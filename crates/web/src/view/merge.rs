//! The page that shows two accounts of one person.
//!
//! Owns what it shows. Must not know whether they may be one; it is told.

use super::Page;
use serde::Serialize;

/// Two accounts, and what making them one would come to.
#[derive(Clone, Debug, Serialize)]
pub struct MergePage {
    /// Which trip it is about.
    pub trip: String,
    /// The name on the provider's button.
    pub provider: String,
    /// The address of the account that is signed in, and stays.
    pub first: String,
    /// The address of the other one.
    pub second: String,
    /// Where they differ.
    pub differs: Vec<Differs>,
    /// Whether the other one has a password, which would open nothing any more.
    pub drops_password: bool,
}

impl Page for MergePage {
    const TEMPLATE: &'static str = "pages/merge.html";
}

/// One difference.
#[derive(Clone, Debug, Serialize)]
pub struct Differs {
    /// In what.
    pub field: String,
    /// What stays.
    pub kept: String,
    /// What does not.
    pub dropped: String,
}
