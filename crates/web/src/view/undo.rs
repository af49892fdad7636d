//! The pages of a link that undoes a change of ways in, or of the address.
//!
//! Owns what they show. Must not know whether anything can be undone; it is told.

use super::Page;
use super::parts::Masked;
use serde::Serialize;

/// What the link would undo.
#[derive(Clone, Debug, Serialize)]
pub struct UndoPage {
    /// `unlink`, `relink` or `move`.
    pub how: &'static str,
    /// The name on the provider's button.
    pub provider: String,
    /// The account's address; of a change of the address, the one before.
    pub email: String,
    /// The address that it moved to, mostly hidden, if that is what would be undone.
    pub moved_to: Option<Masked>,
}

impl Page for UndoPage {
    const TEMPLATE: &'static str = "pages/undo.html";
}

/// It was undone.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UndoDonePage {
    /// The address that the account has again, if that is what was undone.
    pub moved_back_to: Option<String>,
}

impl Page for UndoDonePage {
    const TEMPLATE: &'static str = "pages/undo_done.html";
}

/// Why nothing is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadUndo {
    /// The seven days are over.
    Over,
    /// It was undone already.
    Already,
    /// Things have changed since.
    Changed,
    /// It is the last way in.
    LastWay,
    /// The identity, or the address, belongs to somebody else by now, or the account is blocked.
    Kept,
    /// There is no such link.
    Unknown,
}

/// A link that undoes nothing.
#[derive(Clone, Debug, Serialize)]
pub struct DeadUndoPage {
    /// Why.
    pub reason: DeadUndo,
}

impl Page for DeadUndoPage {
    const TEMPLATE: &'static str = "pages/dead_undo.html";
}
