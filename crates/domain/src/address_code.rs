//! A code that proves a mailbox: mailed to the address, typed into the session of whoever says it is theirs.
//!
//! Owns its form, its errand, its life and how often one may guess. A code and not a link: a link proves the mailbox of whoever
//! presses it, and somebody who was tricked into pressing would prove a stranger's account (cases 23 and 65). Must not
//! know how it is stored or mailed.

use crate::email::Email;
use crate::ids::{AddressCodeId, UserId};
use crate::secret::Sensitive;
use crate::time::{Timestamp, hours};
use std::time::Duration;

/// How long a code may be typed in.
pub const LIFETIME: Duration = hours(1);
/// How often it may be typed wrongly before it dies.
pub const TRIES: i64 = 5;
/// Its digits. With [`TRIES`] guesses a code, one code in twenty million is guessed.
pub const DIGITS: u32 = 8;

/// A code in the clear, on its one way to whom it belongs.
#[derive(Clone, Debug)]
pub struct Code(Sensitive);

impl Code {
    /// A fresh code. The bias of the remainder is one in 10^11.
    pub fn mint(entropy: [u8; 8]) -> Self {
        let number = u64::from_le_bytes(entropy) % 10_u64.pow(DIGITS);
        Self(Sensitive::new(format!("{number:0width$}", width = DIGITS as usize)))
    }

    /// Reads what somebody typed. Spaces and hyphens between the digits are how people copy numbers.
    pub fn parse(text: &str) -> Option<Self> {
        let between = |c: char| c.is_whitespace() || c == '-';
        let digits: String = text.chars().filter(|c| !between(*c)).collect();
        let fits = digits.len() == DIGITS as usize && digits.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Self(Sensitive::new(digits)))
    }

    /// The digits.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// In two groups, for reading.
    pub fn grouped(&self) -> Sensitive {
        let (left, right) = self.expose().split_at_checked(DIGITS as usize / 2).unwrap_or((self.expose(), ""));
        Sensitive::new(format!("{left} {right}"))
    }
}

/// What a code is good for. One errand's code is never another's (R7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Proves the address that the user has.
    Confirm,
    /// Moves the user to another address.
    Move,
}

impl Errand {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Move => "move",
        }
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Confirm, Self::Move].into_iter().find(|errand| errand.as_str() == word)
    }
}

/// A code that waits, as stored. A user has one at most: the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressCode {
    /// Its id; the mail that carries it names it.
    pub id: AddressCodeId,
    /// Whose.
    pub user: UserId,
    /// For what.
    pub errand: Errand,
    /// Which mailbox it was sent to: it proves no other.
    pub email: Email,
    /// Wrong tries left.
    pub tries_left: i64,
    /// Birth.
    pub created_at: Timestamp,
    /// End.
    pub expires_at: Timestamp,
}

impl AddressCode {
    /// A code that is mailed to `email`.
    pub fn new(id: AddressCodeId, user: UserId, errand: Errand, email: Email, now: Timestamp) -> Self {
        Self { id, user, errand, email, tries_left: TRIES, created_at: now, expires_at: now.plus(LIFETIME) }
    }

    /// Whether it may still be typed in.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.tries_left > 0 && now < self.expires_at
    }

    /// Whether it may still be typed in to prove that address.
    pub fn confirms(&self, email: &Email, now: Timestamp) -> bool {
        self.errand == Errand::Confirm && self.email == *email && self.is_open(now)
    }

    /// Where the user wants to move, if that is what it is for and it may still be typed in.
    pub fn moves_to(&self, now: Timestamp) -> Option<&Email> {
        (self.errand == Errand::Move && self.is_open(now)).then_some(&self.email)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("12345678", true)]
    #[case(" 1234 5678\n", true)]
    #[case("1234-5678", true)]
    #[case("1234567", false)]
    #[case("123456789", false)]
    #[case("1234567x", false)]
    #[case("١٢٣٤٥٦٧٨", false)]
    #[case("", false)]
    fn what_people_type(#[case] text: &str, #[case] is_code: bool) {
        let code = Code::parse(text);
        assert_eq!(code.is_some(), is_code, "{text:?}");
        assert!(code.is_none_or(|code| code.expose() == "12345678"));
    }

    #[test]
    fn a_minted_code_reads_as_itself() {
        for entropy in [0, 1, 42, u64::MAX, 99_999_999, 100_000_000] {
            let code = Code::mint(entropy.to_le_bytes());
            let typed = Code::parse(code.grouped().expose()).unwrap();
            assert_eq!((code.expose().len(), typed.expose()), (8, code.expose()));
        }
        assert_eq!(Code::mint(7_u64.to_le_bytes()).grouped().expose(), "0000 0007");
        assert!(!format!("{:?}", Code::mint([9; 8])).contains(Code::mint([9; 8]).expose()));
    }

    #[test]
    fn a_code_ends_with_its_time_its_tries_or_its_address() {
        let now = Timestamp::from_millis(0);
        let (anna, other) = (Email::parse("anna@example.org").unwrap(), Email::parse("a@example.org").unwrap());
        let code =
            |errand| AddressCode::new(AddressCodeId::new("adc_1"), UserId::new("auth0|1"), errand, anna.clone(), now);
        let (confirm, moving) = (code(Errand::Confirm), code(Errand::Move));
        let end = now.plus(LIFETIME);
        let last = end.minus(Duration::from_millis(1));
        assert!(confirm.confirms(&anna, now) && confirm.confirms(&anna, last));
        assert!(!confirm.confirms(&anna, end) && !confirm.confirms(&other, now));
        assert!(!AddressCode { tries_left: 0, ..confirm.clone() }.confirms(&anna, now));
        assert_eq!((moving.moves_to(last), moving.moves_to(end)), (Some(&anna), None));
        assert_eq!(AddressCode { tries_left: 0, ..moving.clone() }.moves_to(now), None);
        // One errand's code is never another's.
        assert!(!moving.confirms(&anna, now) && confirm.moves_to(now).is_none());
        for errand in [Errand::Confirm, Errand::Move] {
            assert_eq!(Errand::parse(errand.as_str()), Some(errand));
        }
    }
}
