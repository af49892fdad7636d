//! The table of users.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::ids::SessionId;
use guestlist_domain::session::{Method, Session};
use guestlist_domain::user::{ADMIN_ROLE, Profile, User};
use guestlist_store::{StoreError, identities, invitations, passwords, sessions, users};
use serde_json::json;

on_both_engines!(
    a_user_comes_back_as_it_went,
    an_id_and_an_address_are_taken_once,
    a_save_is_a_compare_and_set,
    what_is_proven_is_verified,
    a_sign_in_is_counted_for_whoever_may,
    a_user_is_held_as_long_as_the_epoch_is_the_same,
    a_deleted_user_takes_everything_along,
    a_subject_is_never_given_out_twice,
    a_subject_is_not_given_out_while_it_is_retired,
    an_administrator_is_whoever_may_open_the_console,
    an_unsound_row_is_told,
);

fn anna() -> User {
    let metadata = |value: serde_json::Value| value.as_object().cloned().unwrap();
    User {
        email_verified: true,
        email_proven_at: Some(later(1)),
        roles: vec!["cook".to_owned(), ADMIN_ROLE.to_owned()],
        profile: Profile {
            name: Some("Anna \"B\" Berg".to_owned()),
            picture: Some("p".to_owned()),
            ..Profile::default()
        },
        user_metadata: metadata(json!({"seat": {"row": 1}, "ä": null})),
        app_metadata: metadata(json!({"plan": ["a", 2, true]})),
        epoch: 3,
        version: 4,
        updated_at: later(2),
        last_login_at: Some(later(3)),
        logins_count: 5,
        last_password_reset_at: Some(later(4)),
        ..active("anna")
    }
}

async fn a_user_comes_back_as_it_went(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            for user in [anna(), pending("ben"), User { blocked: true, ..active("cleo") }] {
                users::insert(tx, &user).await?;
                assert_eq!(users::find(tx, &user.id).await?, Some(user.clone()));
                assert_eq!(users::find_by_email(tx, &user.email).await?, Some(user));
            }
            assert_eq!(users::find(tx, &id_of("nobody")).await?, None);
            assert_eq!(users::find_by_email(tx, &email_of("nobody")).await?, None);
            assert_eq!(users::find_by_proven_email(tx, &email_of("anna")).await?, Some(anna()));
            assert_eq!(users::find_by_proven_email(tx, &email_of("ben")).await?, None, "nothing is proven");
            Ok(())
        })
    })
    .await;
}

async fn an_id_and_an_address_are_taken_once(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| Box::pin(async move { users::insert(tx, &anna()).await })).await;
    let same_address = User { id: id_of("other"), ..anna() };
    let same_id = User { email: email_of("other"), ..anna() };
    for (user, column) in [(same_address, "email"), (same_id, "id")] {
        let refused = refusal(&store, move |tx| {
            let user = user.clone();
            Box::pin(async move { users::insert(tx, &user).await })
        });
        assert!(refused.await.is_unique_on("users", column), "{column}");
    }
    let moved_onto = refusal(&store, |tx| {
        Box::pin(async move {
            users::insert(tx, &pending("ben")).await?;
            users::save(tx, &User { email: email_of("anna"), ..pending("ben") }).await
        })
    });
    assert!(moved_onto.await.is_unique_on("users", "email"));
}

async fn a_save_is_a_compare_and_set(database: Database) {
    let store = opened(&database).await;
    let changed = || User {
        email: email_of("anna.lind"),
        blocked: true,
        epoch: 9,
        logins_count: 6,
        profile: Profile::default(),
        updated_at: later(9),
        last_password_reset_at: None,
        ..anna()
    };
    write(&store, move |tx| {
        Box::pin(async move {
            users::insert(tx, &anna()).await?;
            users::save(tx, &changed()).await?;
            assert_eq!(users::find(tx, &anna().id).await?, Some(User { version: 5, ..changed() }));
            Ok(())
        })
    })
    .await;
    let stale = refusal(&store, |tx| Box::pin(async move { users::save(tx, &anna()).await })).await;
    assert_eq!(stale, StoreError::Conflict);
    let unknown = refusal(&store, |tx| Box::pin(async move { users::save(tx, &active("nobody")).await })).await;
    assert_eq!(unknown, StoreError::Conflict);
}

async fn what_is_proven_is_verified(database: Database) {
    let store = opened(&database).await;
    let unsound = User { email_verified: false, ..anna() };
    let refused = refusal(&store, move |tx| {
        let unsound = unsound.clone();
        Box::pin(async move { users::insert(tx, &unsound).await })
    });
    assert!(matches!(refused.await, StoreError::Other(_)));
}

async fn a_sign_in_is_counted_for_whoever_may(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let blocked = User { blocked: true, ..active("cleo") };
            for user in [anna(), pending("ben"), blocked.clone()] {
                users::insert(tx, &user).await?;
            }
            assert!(users::note_login(tx, &anna(), later(60)).await?);
            let counted = User { last_login_at: Some(later(60)), logins_count: 6, ..anna() };
            assert_eq!(users::find(tx, &anna().id).await?, Some(counted));
            let older = User { epoch: 2, ..anna() };
            for (user, why) in [(older, "was reset"), (pending("ben"), "is pending"), (blocked, "is blocked")] {
                assert!(!users::note_login(tx, &user, later(61)).await?, "{why}");
            }
            Ok(())
        })
    })
    .await;
}

async fn a_user_is_held_as_long_as_the_epoch_is_the_same(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            users::insert(tx, &anna()).await?;
            assert!(users::hold(tx, &anna()).await?);
            assert_eq!(users::find(tx, &anna().id).await?, Some(anna()), "nothing changed");
            assert!(!users::hold(tx, &User { epoch: anna().epoch - 1, ..anna() }).await?, "somebody wiped meanwhile");
            assert!(!users::hold(tx, &active("ben")).await?, "nobody is there");
            Ok(())
        })
    })
    .await;
}

async fn a_deleted_user_takes_everything_along(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            put_on_the_list(tx, "anna").await?;
            passwords::set(tx, &id_of("anna"), "phc", NOW).await?;
            identities::insert(tx, &identity("anna", "a")).await?;
            let session = Session {
                id: SessionId::new("ses_1"),
                user: id_of("anna"),
                user_epoch: 0,
                method: Method::Password,
                authenticated_at: NOW,
                created_at: NOW,
                last_seen_at: NOW,
            };
            sessions::insert(tx, &session, hash("session")).await?;
            assert!(users::delete(tx, &id_of("anna"), NOW).await?);
            assert!(!users::delete(tx, &id_of("anna"), NOW).await?, "she is gone already");
            assert_eq!(users::find(tx, &id_of("anna")).await?, None);
            assert_eq!(passwords::find(tx, &id_of("anna")).await?, None);
            assert_eq!(identities::list(tx, &id_of("anna")).await?, []);
            assert_eq!(invitations::of_user(tx, &id_of("anna")).await?, []);
            assert_eq!(invitations::find_by_link(tx, hash("mailed anna")).await?, None);
            assert_eq!(sessions::find(tx, hash("session")).await?, None);
            Ok(())
        })
    })
    .await;
}

async fn a_subject_is_never_given_out_twice(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            users::insert(tx, &anna()).await?;
            users::delete(tx, &anna().id, NOW).await?;
            // The address may come back, with another subject.
            users::insert(tx, &User { id: id_of("anna.again"), ..anna() }).await
        })
    })
    .await;
    let again = User { email: email_of("other"), ..anna() };
    let refused = refusal(&store, move |tx| {
        let again = again.clone();
        Box::pin(async move { users::insert(tx, &again).await })
    });
    assert_eq!(refused.await, StoreError::Conflict);
}

/// Somebody is deleted and, at the same moment, made anew under the same id: whichever comes first, the old subject does
/// not live on in a new person.
async fn a_subject_is_not_given_out_while_it_is_retired(database: Database) {
    const PEOPLE: usize = 200;
    let store = opened(&database).await;
    lay(&store, PEOPLE, |tx, n| Box::pin(async move { users::insert(tx, &active(&format!("u{n}"))).await })).await;
    let here = store.clone();
    rounds(PEOPLE, move |n| {
        let store = here.clone();
        async move {
            let outcomes = at_once(2, |caller| {
                let store = store.clone();
                async move {
                    let act = store.write(move |tx| {
                        Box::pin(async move {
                            let user = active(&format!("u{n}"));
                            if caller == 0 {
                                return users::delete(tx, &user.id, NOW).await;
                            }
                            users::insert(tx, &User { email: email_of(&format!("new{n}")), ..user }).await?;
                            Ok(true)
                        })
                    });
                    act.await
                }
            });
            let outcomes: Vec<Result<bool, StoreError>> = outcomes.await;
            assert_eq!(outcomes[0], Ok(true), "round {n}");
            assert!(outcomes[1].is_err(), "round {n}: the subject lives on");
        }
    })
    .await;
    assert_eq!(number(&store, "SELECT COUNT(*) FROM users").await, 0);
}

async fn an_administrator_is_whoever_may_open_the_console(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let with = |role: &str, user: User| User { roles: vec![role.to_owned()], ..user };
            let strangers = [
                with(ADMIN_ROLE, pending("a")),
                with(ADMIN_ROLE, User { blocked: true, ..active("b") }),
                with("administrator", active("c")),
                with("Admin", active("d")),
                with("\"admin\"", active("e")),
                active(ADMIN_ROLE),
            ];
            for user in strangers {
                users::insert(tx, &user).await?;
            }
            assert!(!users::has_administrator(tx).await?);
            assert_eq!(users::count_administrators(tx).await?, 0);
            users::insert(tx, &anna()).await?;
            assert!(anna().is_admin() && users::has_administrator(tx).await?);
            assert_eq!(users::count_administrators(tx).await?, 1);
            Ok(())
        })
    })
    .await;
}

async fn an_unsound_row_is_told(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| Box::pin(async move { users::insert(tx, &anna()).await })).await;
    for unsound in [
        "UPDATE users SET roles = 'admin'",
        "UPDATE users SET roles = '[]', profile = '[1]'",
        "UPDATE users SET profile = '{}', email = 'Anna@Example.org'",
    ] {
        meddle(&store, unsound).await.unwrap();
        let told = refusal(&store, |tx| Box::pin(async move { users::find(tx, &anna().id).await })).await;
        assert!(is_inconsistent(&told, "users"), "{unsound}: {told}");
    }
    for refused in
        ["UPDATE users SET lifecycle = 'dead'", "UPDATE users SET blocked = 2", "UPDATE users SET roles = NULL"]
    {
        assert!(meddle(&store, refused).await.is_err(), "{refused}");
    }
}
