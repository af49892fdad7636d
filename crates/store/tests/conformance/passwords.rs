//! The table of password hashes.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::connection::{Audience, Connection};
use guestlist_store::{StoreError, connections, identities, passwords, users};

on_both_engines!(
    a_user_has_one_hash,
    a_newer_form_replaces_only_what_was_checked,
    case_075_the_password_goes_only_if_something_else_works,
);

async fn a_user_has_one_hash(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let (anna, ben) = (id_of("anna"), id_of("ben"));
            users::insert(tx, &active("anna")).await?;
            users::insert(tx, &active("ben")).await?;
            assert_eq!(passwords::find(tx, &anna).await?, None);
            passwords::set(tx, &anna, "first", NOW).await?;
            passwords::set(tx, &ben, "ben's", NOW).await?;
            passwords::set(tx, &anna, "second", later(1)).await?;
            assert_eq!(passwords::find(tx, &anna).await?.as_deref(), Some("second"));
            passwords::delete(tx, &anna).await?;
            passwords::delete(tx, &anna).await?;
            assert_eq!(passwords::find(tx, &anna).await?, None);
            assert_eq!(passwords::find(tx, &ben).await?.as_deref(), Some("ben's"));
            Ok(())
        })
    })
    .await;
    let orphan = refusal(&store, |tx| Box::pin(async move { passwords::set(tx, &id_of("nobody"), "phc", NOW).await }));
    assert!(matches!(orphan.await, StoreError::Other(_)), "a password is somebody's");
}

async fn a_newer_form_replaces_only_what_was_checked(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let anna = id_of("anna");
            users::insert(tx, &active("anna")).await?;
            passwords::set(tx, &anna, "old", NOW).await?;
            passwords::rehash(tx, &anna, "stale", "wrong").await?;
            assert_eq!(passwords::find(tx, &anna).await?.as_deref(), Some("old"));
            passwords::rehash(tx, &anna, "old", "new").await?;
            assert_eq!(passwords::find(tx, &anna).await?.as_deref(), Some("new"));
            Ok(())
        })
    })
    .await;
}

async fn case_075_the_password_goes_only_if_something_else_works(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let anna = id_of("anna");
            users::insert(tx, &active("anna")).await?;
            assert!(!passwords::delete_guarded(tx, &anna, NOW).await?, "there is none");
            passwords::set(tx, &anna, "phc", NOW).await?;
            assert!(!passwords::delete_guarded(tx, &anna, NOW).await?, "it is all she has");
            identities::insert(tx, &identity("anna", "a")).await?;
            connections::update(tx, &Connection { enabled: false, ..provider("acme") }).await?;
            assert!(!passwords::delete_guarded(tx, &anna, NOW).await?, "the other way in is switched off");
            connections::update(tx, &provider("acme")).await?;
            connections::set_audience(tx, &provider("acme").id, &Audience::Clients(Vec::new())).await?;
            assert!(!passwords::delete_guarded(tx, &anna, NOW).await?, "the other way in is enabled for no client");
            assert!(passwords::find(tx, &anna).await?.is_some());
            connections::set_audience(tx, &provider("acme").id, &Audience::Everyone).await?;
            assert!(passwords::delete_guarded(tx, &anna, later(5)).await?);
            assert_eq!(passwords::find(tx, &anna).await?, None);
            let held = users::find(tx, &anna).await?.unwrap();
            assert_eq!(held.updated_at, later(5), "what the Management API shows has changed");
            Ok(())
        })
    })
    .await;
}
