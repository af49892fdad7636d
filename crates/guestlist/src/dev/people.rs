//! The made-up people who have an account at the made-up provider.
//!
//! Owns their names and addresses. Must not know the protocol.

use guestlist_domain::email::Email;
use serde::{Deserialize, Serialize};

/// Somebody, as the provider knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Person {
    /// The provider's own name for them; never changes.
    pub(super) sub: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) email_verified: bool,
}

/// The address of the guest whom `guestlist dev` invites at its start.
pub(super) const FIRST_GUEST: &str = "ada@example.org";

const PEOPLE: &[(&str, &str, &str, bool)] = &[
    ("ada", "Ada Quill", FIRST_GUEST, true),
    ("grace", "Grace Holm", "grace@example.org", true),
    ("linus", "Linus Vale", "linus@example.org", false),
];

/// Everybody.
pub(super) fn everybody() -> Vec<Person> {
    PEOPLE
        .iter()
        .map(|(sub, name, email, email_verified)| Person {
            sub: (*sub).to_owned(),
            name: (*name).to_owned(),
            email: (*email).to_owned(),
            email_verified: *email_verified,
        })
        .collect()
}

/// Who was chosen on the provider's page.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    /// One of the people.
    #[serde(default)]
    person: String,
    /// Or an address that was typed, for somebody made up on the spot.
    #[serde(default)]
    email: String,
    /// Whether the provider vouches for the typed address.
    #[serde(default)]
    verified: String,
}

impl Choice {
    /// The person behind the choice.
    pub(super) fn person(&self) -> Option<Person> {
        if let Some(known) = everybody().into_iter().find(|known| known.sub == self.person) {
            return Some(known);
        }
        let email = Email::parse(&self.email).ok()?;
        Some(Person {
            sub: format!("typed:{email}"),
            name: email.local_part().to_owned(),
            email: email.to_string(),
            email_verified: self.verified == "yes",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_chosen_by_name_or_typed() {
        let choice = |person: &str, email: &str, verified: &str| {
            Choice { person: person.to_owned(), email: email.to_owned(), verified: verified.to_owned() }.person()
        };
        assert_eq!(choice("ada", "", "").unwrap().email, FIRST_GUEST);
        assert!(!choice("linus", "", "yes").unwrap().email_verified);
        let typed = choice("", "Zoe@Example.org", "yes").unwrap();
        assert_eq!((typed.sub.as_str(), typed.name.as_str()), ("typed:zoe@example.org", "zoe"));
        assert!(typed.email_verified);
        assert!(!choice("", "zoe@example.org", "no").unwrap().email_verified);
        assert_eq!(choice("nobody", "not an address", ""), None);
    }
}
