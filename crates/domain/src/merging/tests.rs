//! What comes along, what is left out, and who stays two.

use super::*;
use crate::email::Email;
use crate::ids::UserId;
use crate::time::Timestamp;
use crate::user::{Lifecycle, Profile};
use proptest::prelude::*;
use rstest::rstest;

fn user(name: &str) -> User {
    let email = Email::parse(&format!("{name}@example.org")).unwrap();
    let invited = User::invited(UserId::new(format!("auth0|{name}")), email, Timestamp::from_millis(0));
    User { lifecycle: Lifecycle::Active, ..invited }
}

fn side(user: &User) -> Side<'_> {
    Side { user, has_password: false, is_only_administrator: false, can_move_back: false }
}

fn metadata(value: Value) -> Metadata {
    let Value::Object(members) = value else { panic!("metadata is an object") };
    members
}

#[rstest]
#[case(user("anna"), user("anna"), Unmergeable::Same)]
#[case(user("anna"), User { lifecycle: Lifecycle::Pending, ..user("ben") }, Unmergeable::Pending)]
#[case(User { lifecycle: Lifecycle::Pending, ..user("anna") }, user("ben"), Unmergeable::Pending)]
#[case(user("anna"), User { blocked: true, ..user("ben") }, Unmergeable::Blocked)]
#[case(User { blocked: true, ..user("anna") }, user("ben"), Unmergeable::Blocked)]
fn who_stays_two(#[case] first: User, #[case] second: User, #[case] why: Unmergeable) {
    assert_eq!(plan(side(&first), side(&second), MetadataWish::Fill), Err(why));
}

#[test]
fn case_080_whoever_can_be_moved_back_stays_whole() {
    let (anna, ben) = (user("anna"), user("ben"));
    let moved = |user| Side { can_move_back: true, ..side(user) };
    assert_eq!(plan(side(&anna), moved(&ben), MetadataWish::Fill), Err(Unmergeable::MovedLately));
    assert!(plan(moved(&anna), side(&ben), MetadataWish::Fill).is_ok());
}

#[test]
fn case_077_what_differs_is_told_and_roles_are_never_united() {
    let first = User {
        profile: Profile { name: Some("Anna Berg".to_owned()), ..Profile::default() },
        user_metadata: metadata(json!({"desk": "door", "tea": true})),
        app_metadata: metadata(json!({"plan": "free"})),
        ..user("anna")
    };
    let second = User {
        profile: Profile { name: Some("A. Berg".to_owned()), nickname: Some("ab".to_owned()), ..Profile::default() },
        user_metadata: metadata(json!({"desk": "window", "tea": true, "hat": "red"})),
        app_metadata: metadata(json!({"seat": 4})),
        roles: vec!["admin".to_owned()],
        ..user("other")
    };
    let other = Side { has_password: true, ..side(&second) };
    let plan = plan(side(&first), other, MetadataWish::Keep).unwrap();
    let conflict = |field: &str, kept: Value, dropped: Value| Conflict { field: field.to_owned(), kept, dropped };
    assert_eq!(
        plan.conflicts,
        [
            conflict("email", json!("anna@example.org"), json!("other@example.org")),
            conflict("name", json!("Anna Berg"), json!("A. Berg")),
            conflict("user_metadata.desk", json!("door"), json!("window")),
        ]
    );
    let left_out = json!({"nickname": "ab", "user_metadata.hat": "red", "app_metadata.seat": 4, "roles": ["admin"],
        "password": "no longer opens the account"});
    assert_eq!(plan.left_out, metadata(left_out));
    assert_eq!((&plan.user_metadata, &plan.app_metadata), (&first.user_metadata, &first.app_metadata));

    let filled = super::plan(side(&first), other, MetadataWish::Fill).unwrap();
    assert_eq!(filled.user_metadata, metadata(json!({"desk": "door", "tea": true, "hat": "red"})));
    assert_eq!(filled.app_metadata, metadata(json!({"plan": "free", "seat": 4})));
    assert_eq!(filled.conflicts, plan.conflicts, "what the first one has, stays");
    assert_eq!(filled.left_out.keys().collect::<Vec<_>>(), ["nickname", "password", "roles"]);
}

fn some_metadata() -> impl Strategy<Value = Metadata> {
    proptest::collection::btree_map("[a-d]", 0..4_i64, 0..4)
        .prop_map(|map| map.into_iter().map(|(key, value)| (key, json!(value))).collect())
}

proptest! {
    /// Every key of the second one is the same, told as a conflict, told as left out, or came along.
    #[test]
    fn nothing_is_dropped_in_silence(mine in some_metadata(), theirs in some_metadata(), fill: bool) {
        let first = User { user_metadata: mine.clone(), ..user("anna") };
        let second = User { user_metadata: theirs.clone(), ..user("other") };
        let wish = if fill { MetadataWish::Fill } else { MetadataWish::Keep };
        let plan = plan(side(&first), side(&second), wish).unwrap();
        for (key, value) in &theirs {
            let field = format!("user_metadata.{key}");
            let told = plan.conflicts.iter().any(|conflict| conflict.field == field && conflict.dropped == *value)
                || plan.left_out.get(&field) == Some(value);
            prop_assert!(told || plan.user_metadata.get(key) == Some(value), "{key}");
        }
        prop_assert!(mine.iter().all(|(key, value)| plan.user_metadata.get(key) == Some(value)));
    }
}
