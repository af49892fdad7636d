//! A user: one person, one subject, for good.
//!
//! Owns what it means to be pending, active or blocked. Must not know how anybody signs in.

use crate::email::Email;
use crate::ids::UserId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Metadata as Auth0 keeps it: one JSON object of the caller's own.
pub type Metadata = Map<String, Value>;

/// Where a user stands in life. Pending becomes active by acceptance alone, and never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    /// Invited. Has an id and nothing else: no sign-in, no reset, no link, no token (`security.md`, R2).
    Pending,
    /// Accepted an invitation, or was made whole by an administrator.
    Active,
}

/// What a user may do right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Inert until an invitation is accepted.
    Pending,
    /// May sign in.
    Active,
    /// May do nothing until an administrator says otherwise.
    Blocked,
}

/// The one role of today: may use the console and the whole Management API's acts through it.
pub const ADMIN_ROLE: &str = "admin";

/// A user as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The subject, in every token, always.
    pub id: UserId,
    /// The one address; canonical and unique.
    pub email: Email,
    /// What Auth0's field of that name shows: proven here, or asserted by an administrator.
    pub email_verified: bool,
    /// When a secret mailed to `email` was consumed. The only thing that counts as proof (R1).
    pub email_proven_at: Option<Timestamp>,
    /// Pending or active.
    pub lifecycle: Lifecycle,
    /// Blocked by an administrator, whatever the lifecycle.
    pub blocked: bool,
    /// Roles by name; today only [`ADMIN_ROLE`].
    pub roles: Vec<String>,
    /// Profile.
    pub profile: Profile,
    /// The user's own data, readable by the user.
    pub user_metadata: Metadata,
    /// The application's data about the user.
    pub app_metadata: Metadata,
    /// Raised by block, reset and merge: sessions and tokens of an older epoch are dead (R20).
    pub epoch: i64,
    /// Counts changes, for compare-and-set.
    pub version: i64,
    /// Birth of the row.
    pub created_at: Timestamp,
    /// Last change of what the Management API shows.
    pub updated_at: Timestamp,
    /// Last sign-in.
    pub last_login_at: Option<Timestamp>,
    /// Sign-ins so far.
    pub logins_count: i64,
    /// Last change of the password.
    pub last_password_reset_at: Option<Timestamp>,
}

/// What a profile scope shows. All optional; `name` falls back to the address on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Short name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// First name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// Last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// Address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
}

impl Profile {
    /// Fills what is still empty from `other`: a provider's word never overwrites what is known.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            name: self.name.or(other.name),
            nickname: self.nickname.or(other.nickname),
            given_name: self.given_name.or(other.given_name),
            family_name: self.family_name.or(other.family_name),
            picture: self.picture.or(other.picture),
        }
    }
}

impl User {
    /// A new user who is only on the list.
    pub fn invited(id: UserId, email: Email, now: Timestamp) -> Self {
        Self {
            id,
            email,
            email_verified: false,
            email_proven_at: None,
            lifecycle: Lifecycle::Pending,
            blocked: false,
            roles: Vec::new(),
            profile: Profile::default(),
            user_metadata: Metadata::new(),
            app_metadata: Metadata::new(),
            epoch: 0,
            version: 0,
            created_at: now,
            updated_at: now,
            last_login_at: None,
            logins_count: 0,
            last_password_reset_at: None,
        }
    }

    /// What the user may do right now. A block outranks everything.
    pub const fn standing(&self) -> Standing {
        match (self.blocked, self.lifecycle) {
            (true, _) => Standing::Blocked,
            (false, Lifecycle::Pending) => Standing::Pending,
            (false, Lifecycle::Active) => Standing::Active,
        }
    }

    /// Whether the user may use the console.
    pub fn is_admin(&self) -> bool {
        self.standing() == Standing::Active && self.roles.iter().any(|role| role == ADMIN_ROLE)
    }

    /// The name to greet with: the profile's, or the address.
    pub fn display_name(&self) -> &str {
        self.profile.name.as_deref().unwrap_or(self.email.as_str())
    }
}

/// Merges a PATCH of metadata as Auth0 does: first level only, `null` deletes a key, `{}` clears all.
#[must_use]
pub fn merge_metadata(mut current: Metadata, patch: Metadata) -> Metadata {
    if patch.is_empty() {
        return Metadata::new();
    }
    for (key, value) in patch {
        if value.is_null() {
            current.remove(&key);
        } else {
            current.insert(key, value);
        }
    }
    current
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: &Value) -> Metadata {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn metadata_merges_on_the_first_level() {
        let current = object(&json!({"a": 1, "b": {"x": 1}}));
        let merged = merge_metadata(current.clone(), object(&json!({"a": null, "b": {"y": 2}, "c": 3})));
        assert_eq!(Value::Object(merged), json!({"b": {"y": 2}, "c": 3}));
        assert!(merge_metadata(current, Metadata::new()).is_empty());
    }

    #[test]
    fn a_block_outranks_everything() {
        let mut user =
            User::invited(UserId::new("auth0|1"), Email::parse("anna@example.org").unwrap(), Timestamp::from_millis(0));
        assert_eq!(user.standing(), Standing::Pending);
        user.lifecycle = Lifecycle::Active;
        user.roles = vec![ADMIN_ROLE.to_owned()];
        assert!(user.is_admin());
        user.blocked = true;
        assert_eq!(user.standing(), Standing::Blocked);
        assert!(!user.is_admin());
    }
}
