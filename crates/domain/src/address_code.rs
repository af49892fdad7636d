//! A code that proves a mailbox: mailed to the address, typed into the session of whoever says it is theirs.
//!
//! Owns its form, its life and how often one may guess. A code and not a link: a link proves the mailbox of whoever
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

/// A code that waits, as stored. A user has one at most: the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressCode {
    /// Its id; the mail that carries it names it.
    pub id: AddressCodeId,
    /// Whose.
    pub user: UserId,
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
    /// A code for the address that the user has now.
    pub fn new(id: AddressCodeId, user: UserId, email: Email, now: Timestamp) -> Self {
        Self { id, user, email, tries_left: TRIES, created_at: now, expires_at: now.plus(LIFETIME) }
    }

    /// Whether it may still be typed in for a user of that address.
    pub fn is_open(&self, email: &Email, now: Timestamp) -> bool {
        self.email == *email && self.tries_left > 0 && now < self.expires_at
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
        let code = AddressCode::new(AddressCodeId::new("adc_1"), UserId::new("auth0|1"), anna.clone(), now);
        let end = now.plus(LIFETIME);
        assert!(code.is_open(&anna, now) && code.is_open(&anna, end.minus(Duration::from_millis(1))));
        assert!(!code.is_open(&anna, end) && !code.is_open(&other, now));
        assert!(!AddressCode { tries_left: 0, ..code }.is_open(&anna, now));
    }
}
