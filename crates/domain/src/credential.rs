//! Passwords: what makes one good enough.
//!
//! Owns the policy of NIST SP 800-63B-4 as we read it: length, no composition rules, nothing guessable. Must not know
//! how a password is hashed or where.

use crate::email::Email;
use crate::secret::Sensitive;
use thiserror::Error;
use zxcvbn::{Score, zxcvbn};

/// Fewest characters of a password that is the only factor.
pub const MIN_CHARACTERS: usize = 8;
/// Most bytes that are read at all; far above the 64 characters that must be possible.
pub const MAX_BYTES: usize = 512;
/// The estimator's cost grows with the length; the rest of a long password can only make it better.
const ESTIMATED_CHARACTERS: usize = 100;
/// A name longer than this is no help to a guesser, and the estimator's cost grows with it.
const CONTEXT_CHARACTERS: usize = 60;

/// Why a password is refused. The texts are shown to the person who chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WeakPassword {
    /// Too short.
    #[error("The password needs at least {MIN_CHARACTERS} characters.")]
    TooShort,
    /// Longer than is read at all.
    #[error("The password is too long: at most {MAX_BYTES} bytes are possible.")]
    TooLong,
    /// On every attacker's first page, or next to it.
    #[error("This password is too easy to guess. A few unrelated words make a good one.")]
    Guessable,
    /// The person's own name or address.
    #[error("The password must not be made of your name or e-mail address.")]
    Personal,
}

/// A password that satisfied the policy, on its way to be hashed.
#[derive(Clone, Debug)]
pub struct NewPassword(Sensitive);

impl NewPassword {
    /// Checks `text` for a person with this address and name.
    pub fn choose(text: Sensitive, email: &Email, name: Option<&str>) -> Result<Self, WeakPassword> {
        let exposed = text.expose();
        if exposed.len() > MAX_BYTES {
            return Err(WeakPassword::TooLong);
        }
        if exposed.chars().count() < MIN_CHARACTERS {
            return Err(WeakPassword::TooShort);
        }
        let name: String = name.unwrap_or_default().chars().take(CONTEXT_CHARACTERS).collect();
        let context: Vec<&str> = [email.as_str(), email.local_part(), email.domain(), "guestlist"]
            .into_iter()
            .chain(name.split_whitespace())
            .collect();
        if is_personal(exposed, email, &name) {
            return Err(WeakPassword::Personal);
        }
        let estimated: String = exposed.chars().take(ESTIMATED_CHARACTERS).collect();
        // Two is 10^6 to 10^8 guesses: out of reach of the hundred tries that log-in allows, and of a list.
        if zxcvbn(&estimated, &context).score() < Score::Two {
            return Err(WeakPassword::Guessable);
        }
        Ok(Self(text))
    }

    /// The password in the clear, for the hash function alone.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

fn is_personal(text: &str, email: &Email, name: &str) -> bool {
    let text = text.to_lowercase();
    let squeezed: String = name.to_lowercase().split_whitespace().collect();
    text == email.as_str() || text == email.local_part() || (!squeezed.is_empty() && text == squeezed)
}

/// Whether text that claims to be a password is worth hashing: cheap, before any slot is taken (case 28).
pub const fn is_plausible(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn choose(text: &str) -> Result<(), WeakPassword> {
        let email = Email::parse("annaberg@example.org").unwrap();
        NewPassword::choose(Sensitive::new(text), &email, Some("Anna Berg")).map(|_| ())
    }

    #[rstest]
    #[case("kettle-orbit-9", Ok(()))]
    #[case("correct horse battery staple", Ok(()))]
    #[case("🦊🐢🦉🦋🐙🦔🐝🦞", Ok(()))]
    #[case("short1!", Err(WeakPassword::TooShort))]
    #[case("password", Err(WeakPassword::Guessable))]
    #[case("12345678", Err(WeakPassword::Guessable))]
    #[case("qwertyuiop", Err(WeakPassword::Guessable))]
    #[case("aaaaaaaaaaaaaaa", Err(WeakPassword::Guessable))]
    #[case("annaberg", Err(WeakPassword::Personal))]
    #[case("AnnaBerg@example.org", Err(WeakPassword::Personal))]
    fn case_027_policy(#[case] text: &str, #[case] expected: Result<(), WeakPassword>) {
        assert_eq!(choose(text), expected, "{text}");
    }

    #[test]
    fn case_027_lengths() {
        let long: String = "kettle orbit lamp ".chars().cycle().take(128).collect();
        for n in [14, 15, 64, 128] {
            let text: String = long.chars().take(n).collect();
            assert_eq!(choose(&text), Ok(()), "{n} characters");
        }
        assert_eq!(choose(&"x y".repeat(MAX_BYTES)), Err(WeakPassword::TooLong));
    }
}
