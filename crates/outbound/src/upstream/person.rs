//! What a provider tells about a person, read leniently: what is not what it should be is dropped.
//!
//! Must not decide anything: what an address is worth, the domain says.

use super::recipe::{Fields, VerifiedWord};
use guestlist_domain::email::Email;
use guestlist_domain::user::Profile;
use serde::Deserialize;
use serde_json::Value;

/// Longest name, in characters.
const MAX_NAME: usize = 200;
/// Longest address of a picture, in bytes.
const MAX_PICTURE: usize = 2048;
/// OpenID Connect Core 1.0, section 2.
const MAX_SUBJECT: usize = 255;

/// What a provider tells about a person, under the names of OpenID Connect Core 1.0, section 5.1.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Person {
    email: Option<Value>,
    email_verified: Option<Value>,
    /// Microsoft: whether the tenant was verified to own the address's domain.
    xms_edov: Option<Value>,
    name: Option<Value>,
    nickname: Option<Value>,
    given_name: Option<Value>,
    family_name: Option<Value>,
    picture: Option<Value>,
}

impl Person {
    /// From an answer with names of its own.
    pub(super) fn from_fields(told: &Value, fields: &Fields<'_>) -> Self {
        let member = |name| at(told, name).cloned();
        Self {
            email: member(fields.email),
            email_verified: member(fields.email_verified),
            xms_edov: None,
            name: member(fields.name),
            nickname: member(fields.nickname),
            given_name: member(fields.given_name),
            family_name: member(fields.family_name),
            picture: member(fields.picture),
        }
    }

    /// Whether an address is told at all, sound or not.
    pub(super) const fn has_address(&self) -> bool {
        self.email.is_some()
    }

    /// An address from elsewhere, with what was said of it there.
    pub(super) fn set_address(&mut self, email: Value, verified: bool) {
        self.email = Some(email);
        self.email_verified = Some(Value::Bool(verified));
    }

    /// The address, and whether the provider says that it verified it: with a boolean, and nothing that looks like one
    /// (case 50).
    pub(super) fn address(&self) -> (Option<Email>, bool) {
        self.address_in(VerifiedWord::Boolean)
    }

    /// The address, and whether the provider says in its own way that it verified it.
    pub(super) fn address_in(&self, word: VerifiedWord) -> (Option<Email>, bool) {
        let email = self.email.as_ref().and_then(Value::as_str).and_then(|text| Email::parse(text).ok());
        let says_so = match word {
            VerifiedWord::Boolean => self.email_verified == Some(Value::Bool(true)),
            VerifiedWord::BooleanOrText => self.email_verified.as_ref().is_some_and(is_true_or_text),
            VerifiedWord::DomainOwner => self.xms_edov.as_ref().is_some_and(is_true_or_one),
        };
        let verified = email.is_some() && says_so;
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

fn is_true_or_text(value: &Value) -> bool {
    *value == Value::Bool(true) || value.as_str() == Some("true")
}

/// Microsoft has sent this claim as a boolean, as a number and as a text.
fn is_true_or_one(value: &Value) -> bool {
    is_true_or_text(value) || value.as_i64() == Some(1) || value.as_str() == Some("1")
}

/// The member of a dotted name. None has the empty name.
pub(super) fn at<'a>(told: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(told, |value, name| value.get(name).filter(|_| !name.is_empty()))
}

/// A text or a whole number that can name somebody for good.
pub(super) fn subject(told: Option<&Value>) -> Option<String> {
    let text = match told? {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_u64() => number.to_string(),
        _ => return None,
    };
    names_somebody(&text).then_some(text)
}

/// Whether a text can be a subject.
pub(super) fn names_somebody(subject: &str) -> bool {
    !subject.is_empty() && subject.chars().count() <= MAX_SUBJECT && !subject.chars().any(char::is_control)
}

/// One line of bounded length, or nothing.
fn name(value: Option<&Value>) -> Option<String> {
    line(value?.as_str()?)
}

/// A name as it may be kept: one line of bounded length.
fn line(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The name that Apple posts beside the code, the first time only: `{"name": {"firstName", "lastName"}, "email"}`. The
/// address in it is signed by nobody and is not read.
pub fn posted_name(user: &str) -> Profile {
    let told: Value = serde_json::from_str(user).unwrap_or_default();
    Profile {
        given_name: name(at(&told, "name.firstName")),
        family_name: name(at(&told, "name.lastName")),
        ..Profile::default()
    }
}

/// A posted name that came through the browser once more: as lenient as the first time.
pub(super) fn posted(told: &Profile) -> Profile {
    let kept = |text: &Option<String>| text.as_deref().and_then(line);
    let (given_name, family_name) = (kept(&told.given_name), kept(&told.family_name));
    let parts: Vec<&str> = [&given_name, &family_name].into_iter().flatten().map(String::as_str).collect();
    let name = line(&parts.join(" "));
    Profile { name, given_name, family_name, ..Profile::default() }
}

fn picture(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    let sound = text.len() <= MAX_PICTURE && url::Url::parse(text).is_ok_and(|url| url.scheme() == "https");
    sound.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
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

    #[rstest]
    #[case(json!(true), true)]
    #[case(json!("true"), true)]
    #[case(json!("false"), false)]
    #[case(json!(1), false)]
    #[case(json!("yes"), false)]
    fn apple_writes_booleans_as_texts(#[case] said: Value, #[case] verified: bool) {
        let person = person(json!({"email": "anna@example.org", "email_verified": said}));
        assert_eq!(person.address_in(VerifiedWord::BooleanOrText).1, verified);
    }

    #[rstest]
    #[case(json!({"xms_edov": true}), true)]
    #[case(json!({"xms_edov": 1}), true)]
    #[case(json!({"xms_edov": "1"}), true)]
    #[case(json!({"xms_edov": false}), false)]
    #[case(json!({"xms_edov": "0"}), false)]
    #[case(json!({}), false)]
    #[case(json!({"email_verified": true}), false)]
    #[case(json!({"verified_primary_email": ["anna@example.org"]}), false)]
    fn case_052_microsoft_speaks_for_an_address_by_the_domain_owner_claim_alone(
        #[case] said: Value,
        #[case] verified: bool,
    ) {
        let mut told = json!({"email": "anna@example.org"});
        told.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        assert_eq!(person(told).address_in(VerifiedWord::DomainOwner).1, verified);
    }

    #[rstest]
    #[case(json!("248289761001"), Some("248289761001"))]
    #[case(json!(583_231), Some("583231"))]
    #[case(json!(-1), None)]
    #[case(json!(1.5), None)]
    #[case(json!(""), None)]
    #[case(json!("a\nb"), None)]
    #[case(json!("x".repeat(256)), None)]
    #[case(json!(null), None)]
    #[case(json!(["1"]), None)]
    fn a_subject_is_a_text_or_a_whole_number(#[case] told: Value, #[case] read: Option<&str>) {
        assert_eq!(subject(Some(&told)).as_deref(), read);
    }

    #[test]
    fn dotted_names_lead_into_objects() {
        let told = json!({"user": {"mail": "anna@example.org"}, "": 1});
        assert_eq!(at(&told, "user.mail"), Some(&json!("anna@example.org")));
        for nowhere in ["", "user.", ".user", "mail", "user.mail.at"] {
            assert_eq!(at(&told, nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn a_posted_name_is_a_name_and_nothing_else() {
        let told = posted_name(r#"{"name": {"firstName": "Anna", "lastName": "Berg"}, "email": "anna@example.org"}"#);
        let kept = posted(&told);
        assert_eq!(kept.name.as_deref(), Some("Anna Berg"));
        assert_eq!((kept.given_name.as_deref(), kept.family_name.as_deref()), (Some("Anna"), Some("Berg")));
        for nonsense in ["", "[]", "{", r#"{"name": "Anna"}"#, r#"{"name": {"firstName": 7}}"#] {
            assert_eq!(posted(&posted_name(nonsense)), Profile::default(), "{nonsense}");
        }
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
