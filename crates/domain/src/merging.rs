//! Two whole users become one.
//!
//! Owns whether they may, and what the other one brings and leaves behind, as Auth0 has it: the first keeps its subject,
//! profile, metadata, roles and password; the second's identities move to it; everything else of the second ends. What
//! is left behind is told, never dropped in silence. Must not know who proved what; whoever calls does.

use crate::user::{Metadata, Standing, User};
use serde::Serialize;
use serde_json::{Value, json};

/// One of the two.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The user.
    pub user: &'a User,
    /// Whether a password is set.
    pub has_password: bool,
    /// Whether nobody else could open the console.
    pub is_only_administrator: bool,
    /// Whether the address before can still take the account back (`address_change`).
    pub can_move_back: bool,
}

/// Why two users stay two. The texts are for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmergeable {
    /// One user was named twice.
    #[error("Main identity and the new one are the same.")]
    Same,
    /// One of them is only on the list.
    #[error("A user who has not accepted the invitation yet cannot be merged.")]
    Pending,
    /// One of them is blocked: merging must not lift a block, nor spread it.
    #[error("A blocked user cannot be merged.")]
    Blocked,
    /// Nobody could open the console any more.
    #[error("The last administrator cannot be merged into somebody who is none.")]
    LastAdministrator,
    /// Its address was changed lately: a merge would take it from whoever can undo that (case 80).
    #[error("A user whose address was changed in the last seven days cannot become a part of another.")]
    MovedLately,
}

/// Something of the second user that the first one has otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conflict {
    /// What, such as `user_metadata.desk`.
    pub field: String,
    /// What the first one has, and keeps.
    pub kept: Value,
    /// What the second one had.
    pub dropped: Value,
}

/// What merging would come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// Where the two disagree.
    pub conflicts: Vec<Conflict>,
    /// What the second one alone had, and what does not come along, by field.
    pub left_out: Metadata,
    /// The first one's metadata afterwards: `user_metadata`.
    #[serde(skip)]
    pub user_metadata: Metadata,
    /// The first one's metadata afterwards: `app_metadata`.
    #[serde(skip)]
    pub app_metadata: Metadata,
}

/// Which of the second user's metadata come along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetadataWish {
    /// None, as at Auth0.
    #[default]
    Keep,
    /// The keys that the first one has not; where both have one, the first one's stays.
    Fill,
}

/// What it would come to if `second` became a part of `first`.
pub fn plan(first: Side<'_>, second: Side<'_>, wish: MetadataWish) -> Result<Plan, Unmergeable> {
    if first.user.id == second.user.id {
        return Err(Unmergeable::Same);
    }
    for side in [first, second] {
        match side.user.standing() {
            Standing::Active => {}
            Standing::Pending => return Err(Unmergeable::Pending),
            Standing::Blocked => return Err(Unmergeable::Blocked),
        }
    }
    if second.is_only_administrator && !first.user.is_admin() {
        return Err(Unmergeable::LastAdministrator);
    }
    if second.can_move_back {
        return Err(Unmergeable::MovedLately);
    }
    let mut plan = Plan {
        conflicts: Vec::new(),
        left_out: Metadata::new(),
        user_metadata: first.user.user_metadata.clone(),
        app_metadata: first.user.app_metadata.clone(),
    };
    plan.email(first.user, second.user);
    plan.profile(first.user, second.user);
    let kept = plan.user_metadata.clone();
    plan.user_metadata = plan.metadata("user_metadata", kept, &second.user.user_metadata, wish);
    let kept = plan.app_metadata.clone();
    plan.app_metadata = plan.metadata("app_metadata", kept, &second.user.app_metadata, wish);
    let gained: Vec<&String> = second.user.roles.iter().filter(|role| !first.user.roles.contains(role)).collect();
    if !gained.is_empty() {
        plan.left_out.insert("roles".to_owned(), json!(gained));
    }
    if second.has_password {
        // Two passwords would be two ways in by one address; the one whose address stays is the one that opens it.
        plan.left_out.insert("password".to_owned(), json!("no longer opens the account"));
    }
    Ok(plan)
}

impl Plan {
    fn email(&mut self, first: &User, second: &User) {
        if first.email != second.email {
            self.conflict("email", json!(first.email.as_str()), json!(second.email.as_str()));
        }
    }

    fn profile(&mut self, first: &User, second: &User) {
        let (first, second) = (object(&first.profile), object(&second.profile));
        for (name, value) in second {
            match first.get(&name) {
                Some(kept) if *kept == value => {}
                Some(kept) => self.conflict(&name, kept.clone(), value),
                None => drop(self.left_out.insert(name, value)),
            }
        }
    }

    /// The first one's metadata afterwards; what differs is noted.
    fn metadata(&mut self, name: &str, mut kept: Metadata, other: &Metadata, wish: MetadataWish) -> Metadata {
        for (key, value) in other {
            let field = format!("{name}.{key}");
            match (kept.get(key), wish) {
                (Some(mine), _) if mine == value => {}
                (Some(mine), _) => self.conflict(&field, mine.clone(), value.clone()),
                (None, MetadataWish::Fill) => drop(kept.insert(key.clone(), value.clone())),
                (None, MetadataWish::Keep) => drop(self.left_out.insert(field, value.clone())),
            }
        }
        kept
    }

    fn conflict(&mut self, field: &str, kept: Value, dropped: Value) {
        self.conflicts.push(Conflict { field: field.to_owned(), kept, dropped });
    }
}

/// What is said in a profile, by name.
fn object(profile: &crate::user::Profile) -> Metadata {
    match serde_json::to_value(profile) {
        Ok(Value::Object(members)) => members.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Metadata::new(),
    }
}

#[cfg(test)]
mod tests;
