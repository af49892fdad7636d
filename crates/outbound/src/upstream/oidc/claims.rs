//! The claims of an ID token and of the userinfo answer, as strictly typed as they must be and no more.
//!
//! What decides (issuer, audience, times, subject, nonce) has one type or the answer is refused; what merely describes
//! a person is read leniently and dropped when it is not what it should be.

use guestlist_domain::email::Email;
use guestlist_domain::user::Profile;
use serde::Deserialize;
use serde_json::Value;

/// Longest name, in characters.
const MAX_NAME: usize = 200;
/// Longest address of a picture, in bytes.
const MAX_PICTURE: usize = 2048;

/// The claims of an ID token. A member that occurs twice is an error, as is a number that is not whole.
#[derive(Debug, Deserialize)]
pub(super) struct IdToken {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: Audience,
    pub(super) azp: Option<String>,
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) nbf: Option<i64>,
    pub(super) nonce: Option<String>,
    #[serde(flatten)]
    pub(super) person: Person,
}

/// One audience or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub(super) fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// The answer of the userinfo endpoint.
#[derive(Debug, Deserialize)]
pub(super) struct UserInfo {
    pub(super) sub: Option<String>,
    #[serde(flatten)]
    pub(super) person: Person,
}

/// What a provider tells about a person.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Person {
    email: Option<Value>,
    email_verified: Option<Value>,
    name: Option<Value>,
    nickname: Option<Value>,
    given_name: Option<Value>,
    family_name: Option<Value>,
    picture: Option<Value>,
}

impl Person {
    /// Whether an address is told at all, sound or not.
    pub(super) const fn has_address(&self) -> bool {
        self.email.is_some()
    }

    /// The address, and whether the provider says that it verified it: with a boolean, and nothing that looks like one
    /// (case 50).
    pub(super) fn address(&self) -> (Option<Email>, bool) {
        let email = self.email.as_ref().and_then(Value::as_str).and_then(|text| Email::parse(text).ok());
        let verified = email.is_some() && self.email_verified == Some(Value::Bool(true));
        (email, verified)
    }

    pub(super) fn profile(&self) -> Profile {
        Profile {
            name: name(self.name.as_ref()),
            nickname: name(self.nickname.as_ref()),
            given_name: name(self.given_name.as_ref()),
            family_name: name(self.family_name.as_ref()),
            picture: picture(self.picture.as_ref()),
        }
    }
}

/// One line of bounded length, or nothing.
fn name(value: Option<&Value>) -> Option<String> {
    let text: String = value?.as_str()?.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn picture(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    let sound = text.len() <= MAX_PICTURE && url::Url::parse(text).is_ok_and(|url| url.scheme() == "https");
    sound.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn person(value: Value) -> Person {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn case_050_only_a_boolean_says_verified() {
        let verified = |value: Value| person(json!({"email": "anna@example.org", "email_verified": value})).address().1;
        assert!(verified(json!(true)));
        for value in [json!(false), json!("true"), json!(1), json!(null), json!([true]), json!({"value": true})] {
            assert!(!verified(value.clone()), "{value}");
        }
        assert_eq!(person(json!({"email_verified": true})).address(), (None, false));
        assert_eq!(person(json!({"email": ["anna@example.org"], "email_verified": true})).address(), (None, false));
    }

    #[test]
    fn a_profile_is_bounded_and_plain() {
        let profile = person(json!({
            "name": format!("  Anna\r\n{}", "x".repeat(500)), "nickname": 7, "given_name": " ",
            "picture": "javascript:alert(1)",
        }))
        .profile();
        assert_eq!(profile.name.map(|name| name.chars().count()), Some(MAX_NAME - 2));
        assert_eq!((profile.nickname, profile.given_name, profile.picture), (None, None, None));
    }
}
