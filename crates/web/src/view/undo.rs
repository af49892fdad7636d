//! The pages of a link that undoes a change of ways in.
//!
//! Owns what they show. Must not know whether anything can be undone; it is told.

use super::Page;
use serde::Serialize;

/// What the link would undo.
#[derive(Clone, Debug, Serialize)]
pub struct UndoPage {
    /// `unlink` or `relink`.
    pub how: &'static str,
    /// The name on the provider's button.
    pub provider: String,
    /// The account's address.
    pub email: String,
}

impl Page for UndoPage {
    const TEMPLATE: &'static str = "pages/undo.html";
}

/// It was undone.
#[derive(Clone, Debug, Default, Serialize)]
pub struct UndoDonePage {}

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
    /// The identity belongs to somebody else by now, or the account is blocked.
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
