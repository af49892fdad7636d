//! The table of sessions.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::ids::SessionId;
use guestlist_domain::session::{ABSOLUTE_LIFETIME, IDLE_LIFETIME, Method, Session};
use guestlist_domain::user::{Standing, User};
use guestlist_store::{BoxFuture, StoreError, Tx, sessions, users};

on_both_engines!(
    a_session_comes_with_its_user_as_of_now,
    a_secret_and_an_id_are_used_once,
    a_use_is_noted_forwards_only,
    sessions_end_one_by_one_or_together,
    what_is_good_for_something_is_listed,
    what_was_idle_too_long_is_forgotten,
    an_unsound_row_is_told,
);

fn session(name: &str, owner: &str) -> Session {
    Session {
        id: SessionId::new(format!("ses_{name}")),
        user: id_of(owner),
        user_epoch: 2,
        method: Method::Upstream("acme".to_owned()),
        authenticated_at: later(1),
        created_at: later(2),
        last_seen_at: later(3),
    }
}

/// Anna is signed in twice, Ben once.
fn furnish<'a>(tx: &'a mut Tx<'_>) -> BoxFuture<'a, Result<(), StoreError>> {
    Box::pin(async move {
        users::insert(tx, &active("anna")).await?;
        users::insert(tx, &active("ben")).await?;
        sessions::insert(tx, &session("a1", "anna"), hash("a1")).await?;
        sessions::insert(tx, &Session { method: Method::Password, ..session("a2", "anna") }, hash("a2")).await?;
        sessions::insert(tx, &session("b", "ben"), hash("b")).await
    })
}

async fn a_session_comes_with_its_user_as_of_now(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            let both = Some((session("a1", "anna"), active("anna")));
            assert_eq!(sessions::find(tx, hash("a1")).await?, both);
            assert_eq!(sessions::get(tx, &session("a1", "anna").id).await?, both);
            assert_eq!(sessions::find(tx, hash("a2")).await?.unwrap().0.method, Method::Password);
            assert_eq!(sessions::find(tx, hash("guess")).await?, None);
            assert_eq!(sessions::get(tx, &SessionId::new("ses_guess")).await?, None);
            users::save(tx, &User { blocked: true, epoch: 7, ..active("anna") }).await?;
            let (unchanged, user) = sessions::find(tx, hash("a1")).await?.unwrap();
            assert_eq!((unchanged, user.standing(), user.epoch), (session("a1", "anna"), Standing::Blocked, 7));
            Ok(())
        })
    })
    .await;
}

async fn a_secret_and_an_id_are_used_once(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| furnish(tx)).await;
    for (name, secret, column) in [("new", "a1", "hash"), ("a1", "new", "id")] {
        let refused = refusal(&store, move |tx| {
            Box::pin(async move { sessions::insert(tx, &session(name, "ben"), hash(secret)).await })
        });
        assert!(refused.await.is_unique_on("sessions", column), "{column}");
    }
}

async fn a_use_is_noted_forwards_only(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            let id = session("a1", "anna").id;
            for (moment, seen) in [(later(60), later(60)), (later(59), later(60)), (later(61), later(61))] {
                sessions::touch(tx, &id, moment).await?;
                assert_eq!(sessions::get(tx, &id).await?.unwrap().0.last_seen_at, seen);
            }
            assert_eq!(sessions::find(tx, hash("a2")).await?.unwrap().0.last_seen_at, later(3));
            Ok(())
        })
    })
    .await;
}

async fn sessions_end_one_by_one_or_together(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            assert!(sessions::delete(tx, &session("a1", "anna").id).await?);
            assert!(!sessions::delete(tx, &session("a1", "anna").id).await?, "it was over");
            assert_eq!(sessions::find(tx, hash("a1")).await?, None);
            sessions::insert(tx, &session("a3", "anna"), hash("a3")).await?;
            assert_eq!(sessions::delete_of_user(tx, &id_of("anna")).await?, 2);
            assert_eq!(sessions::find(tx, hash("a2")).await?, None);
            assert!(sessions::find(tx, hash("b")).await?.is_some());
            Ok(())
        })
    })
    .await;
}

async fn what_is_good_for_something_is_listed(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            let anna = id_of("anna");
            users::save(tx, &User { epoch: 2, ..active("anna") }).await?;
            let newest = Session { created_at: later(9), ..session("a3", "anna") };
            let of_an_older_epoch = Session { user_epoch: 1, ..session("a4", "anna") };
            sessions::insert(tx, &newest, hash("a3")).await?;
            sessions::insert(tx, &of_an_older_epoch, hash("a4")).await?;
            let names = |found: Vec<Session>| found.into_iter().map(|one| one.id.to_string()).collect::<Vec<_>>();
            let all = names(sessions::list_of_user(tx, &anna, (0, 10), later(10)).await?);
            assert_eq!(all, ["ses_a3", "ses_a2", "ses_a1"]);
            assert_eq!(names(sessions::list_of_user(tx, &anna, (1, 1), later(10)).await?), ["ses_a2"]);
            assert_eq!(names(sessions::list_of_user(tx, &id_of("ben"), (0, 10), later(10)).await?), [""; 0]);
            // Both lifetimes, as the rule has them.
            let idle = newest.last_seen_at.plus(IDLE_LIFETIME);
            for (moment, count) in [(idle.minus(HOUR), 3), (idle, 0)] {
                assert_eq!(sessions::list_of_user(tx, &anna, (0, 10), moment).await?.len(), count);
                assert_eq!(newest.is_alive(moment), count > 0);
            }
            let old = newest.created_at.plus(ABSOLUTE_LIFETIME);
            sessions::touch(tx, &newest.id, old.minus(HOUR)).await?;
            for (moment, count) in [(old.minus(HOUR), 1), (old, 0)] {
                assert_eq!(sessions::list_of_user(tx, &anna, (0, 10), moment).await?.len(), count);
            }
            Ok(())
        })
    })
    .await;
}

async fn what_was_idle_too_long_is_forgotten(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            sessions::touch(tx, &session("a1", "anna").id, later(60)).await?;
            let end = later(3).plus(IDLE_LIFETIME);
            assert_eq!(
                sessions::purge(tx, end).await?,
                0,
                "the others have ended at this moment, the touched one has not"
            );
            assert_eq!(sessions::purge(tx, end.plus(HOUR / 3_600)).await?, 2);
            assert!(sessions::find(tx, hash("a1")).await?.is_some());
            Ok(())
        })
    })
    .await;
}

async fn an_unsound_row_is_told(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| furnish(tx)).await;
    meddle(&store, "UPDATE sessions SET method = 'magic'").await.unwrap();
    let told = refusal(&store, |tx| Box::pin(async move { sessions::find(tx, hash("a1")).await })).await;
    assert!(matches!(told, StoreError::Inconsistent { .. }), "{told}");
}
