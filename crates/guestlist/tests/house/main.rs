//! Tripwires: the rules of the house that a compiler does not know.
//!
//! Each file holds one kind of rule, as a function from what it reads to a list of findings. Every rule is applied
//! to this tree, where it must find nothing, and to a small wrong example, where it must find something.

#![expect(clippy::expect_used, clippy::panic, reason = "tests")]

mod acts;
mod docs;
mod edges;
mod sizes;
mod source;
mod supply;
mod templates;
mod words;

/// Fails with every finding at once, so that one run shows all there is to mend.
fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n  {}\n", findings.join("\n  "));
}
