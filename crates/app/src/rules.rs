//! Rules that a test may switch off, to show that an attack succeeds without them.
//!
//! Owns the question whether a rule holds. In what ships the answer is a constant: the switch itself is compiled only
//! with the feature `rules-off`, which the test kit turns on and nothing else may.

use crate::app::App;

/// A rule with a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A pending user has no sign-in, no session, no reset and no link (R2).
    PendingIsInert,
    /// Acceptance wipes what stood on the pending row and sets the address to the invited one (R3).
    CleanSlate,
    /// A provider's word about an address counts only where the operator declared it authoritative (R1, R9).
    ProviderAuthority,
}

/// Which rules hold.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    #[cfg(feature = "rules-off")]
    off: std::sync::OnceLock<Vec<Rule>>,
}

impl Rules {
    #[cfg(feature = "rules-off")]
    fn hold(&self, rule: Rule) -> bool {
        let is_off = self.off.get().is_some_and(|off| off.contains(&rule));
        if is_off {
            // `scripts/check-release` looks for this line: a binary that has it must not ship.
            tracing::debug!(?rule, "GUESTLIST_RULES_SWITCHED_OFF");
        }
        !is_off
    }

    #[cfg(not(feature = "rules-off"))]
    const fn hold(&self, _: Rule) -> bool {
        true
    }
}

impl App {
    /// Whether a rule holds: always, in what ships.
    pub(crate) fn keeps(&self, rule: Rule) -> bool {
        self.rules().hold(rule)
    }

    /// Switches rules off, once for the life of this app.
    #[cfg(feature = "rules-off")]
    pub fn switch_off(&self, rules: &[Rule]) {
        // A second call changes nothing: the first one decided.
        let _ = self.rules().off.set(rules.to_vec());
    }
}
