//! Pieces that several pages share.
//!
//! Owns their data only; the markup stands in `templates/parts/`.

use guestlist_domain::credential::WeakPassword;
use guestlist_domain::email::Email;
use serde::{Serialize, Serializer};

/// A button that leads to an upstream provider: `Continue with {label}`.
#[derive(Clone, Debug, Serialize)]
pub struct Provider {
    /// The connection's name, which the form's address carries.
    pub connection: String,
    /// The name on the button.
    pub label: String,
}

/// Why a form came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// Address or password is wrong; which one is not told.
    WrongCredentials,
    /// The current password is wrong.
    WrongPassword,
    /// Too many tries.
    TooManyAttempts,
    /// The code is another one.
    WrongCode,
    /// The code's time is over, or its tries.
    DeadCode,
    /// The text is no mail address.
    NotAnAddress,
    /// It is the account's address already.
    SameAddress,
    /// The address belongs to somebody else by now.
    AddressTaken,
    /// The password is too short.
    PasswordTooShort,
    /// The password is longer than is read.
    PasswordTooLong,
    /// The password is too easy to guess.
    PasswordGuessable,
    /// The password is the person's own name or address.
    PasswordPersonal,
}

impl From<WeakPassword> for Problem {
    fn from(weakness: WeakPassword) -> Self {
        match weakness {
            WeakPassword::TooShort => Self::PasswordTooShort,
            WeakPassword::TooLong => Self::PasswordTooLong,
            WeakPassword::Guessable => Self::PasswordGuessable,
            WeakPassword::Personal => Self::PasswordPersonal,
        }
    }
}

/// An address, shown only so far that its owner recognises it: `a•••@example.org`.
#[derive(Clone, Debug)]
pub struct Masked(Email);

impl Masked {
    /// The address of `email`, mostly hidden.
    pub const fn new(email: Email) -> Self {
        Self(email)
    }
}

impl Serialize for Masked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.masked())
    }
}

/// One step of paging through a list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Pages {
    /// Where the page before this one is.
    pub previous: Option<String>,
    /// Where the page after this one is.
    pub next: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_address_shows_its_first_letter_and_its_domain() {
        let masked = Masked::new(Email::parse("anna.berg@example.org").unwrap());
        assert_eq!(serde_json::to_value(masked).unwrap(), "a•••@example.org");
    }
}
