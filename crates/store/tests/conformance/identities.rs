//! The table of identities, and the memory of unlinked ones.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::connection::{Audience, Connection};
use guestlist_domain::identity::{Identity, LinkRule, UpstreamIdentity};
use guestlist_domain::ids::{ConnectionId, IdentityId};
use guestlist_domain::user::Profile;
use guestlist_store::{BoxFuture, StoreError, Tx, connections, identities, passwords, users};

on_both_engines!(
    an_identity_comes_back_as_it_went,
    an_identity_is_issuer_and_subject,
    case_074_what_belongs_to_somebody_is_never_moved,
    what_a_provider_says_today_is_noted,
    a_wiped_user_has_none,
    a_merged_users_identities_move,
    case_075_the_last_usable_way_in_stays,
    what_was_unlinked_is_remembered_for_its_user,
    case_039_an_eviction_spares_nothing_and_is_remembered,
    an_unsound_row_is_told,
);

fn furnish<'a>(tx: &'a mut Tx<'_>) -> BoxFuture<'a, Result<(), StoreError>> {
    Box::pin(async move {
        users::insert(tx, &active("anna")).await?;
        users::insert(tx, &active("ben")).await
    })
}

async fn an_identity_comes_back_as_it_went(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            let full =
                Identity { linked_by: LinkRule::Acceptance, last_used_at: Some(later(9)), ..identity("anna", "full") };
            let claims =
                UpstreamIdentity { email: None, email_verified: false, profile: Profile::default(), ..claims("bare") };
            let bare = Identity { claims, linked_at: later(1), ..identity("anna", "bare") };
            for identity in [&bare, &full] {
                assert!(identities::insert(tx, identity).await?);
                let (issuer, subject) = (&identity.claims.issuer, &identity.claims.subject);
                assert_eq!(identities::find(tx, issuer, subject).await?.as_ref(), Some(identity));
            }
            assert_eq!(identities::list(tx, &id_of("anna")).await?, [full, bare], "the oldest first");
            assert_eq!(identities::list(tx, &id_of("ben")).await?, []);
            Ok(())
        })
    })
    .await;
}

async fn a_merged_users_identities_move(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            for (owner, subject) in [("anna", "a"), ("ben", "b"), ("ben", "c")] {
                assert!(identities::insert(tx, &identity(owner, subject)).await?);
            }
            assert_eq!(identities::move_to(tx, &id_of("anna"), &id_of("ben"), later(5)).await?, 2);
            assert_eq!(identities::list(tx, &id_of("ben")).await?, []);
            let moved = Identity { linked_by: LinkRule::Merged, linked_at: later(5), ..identity("anna", "b") };
            let found = identities::find(tx, &moved.claims.issuer, "b").await?;
            assert_eq!(found, Some(Identity { id: identity("ben", "b").id, ..moved }));
            assert_eq!(identities::list(tx, &id_of("anna")).await?.len(), 3);
            Ok(())
        })
    })
    .await;
}

async fn an_identity_is_issuer_and_subject(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            let elsewhere = UpstreamIdentity { issuer: "https://acme.example".to_owned(), ..claims("a") };
            let elsewhere = Identity { claims: elsewhere, ..identity("ben", "a") };
            assert!(identities::insert(tx, &identity("anna", "a")).await?);
            assert!(identities::insert(tx, &identity("anna", "A")).await?, "compared byte for byte");
            assert!(identities::insert(tx, &elsewhere).await?, "another issuer, if only by a slash");
            let found = identities::find(tx, "https://acme.example", "a").await?;
            assert_eq!(found.map(|found| found.user), Some(id_of("ben")));
            assert_eq!(identities::find(tx, &claims("a").issuer, "b").await?, None);
            Ok(())
        })
    })
    .await;
}

async fn case_074_what_belongs_to_somebody_is_never_moved(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            assert!(identities::insert(tx, &identity("anna", "a")).await?);
            assert!(!identities::insert(tx, &identity("ben", "a")).await?, "it is Anna's");
            let again = Identity { id: IdentityId::new("idn_again"), ..identity("anna", "a") };
            assert!(!identities::insert(tx, &again).await?, "she has it already");
            assert_eq!(identities::find(tx, &claims("a").issuer, "a").await?, Some(identity("anna", "a")));
            Ok(())
        })
    })
    .await;
}

async fn case_039_an_eviction_spares_nothing_and_is_remembered(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            let his = identity("anna", "a");
            assert!(identities::insert(tx, &his).await?);
            let another = Identity { user: id_of("ben"), ..his.clone() };
            assert!(!identities::evict(tx, &another, later(1)).await?, "it is Anna's");
            assert!(identities::evict(tx, &his, later(1)).await?, "although it is the last way in");
            assert!(!identities::evict(tx, &his, later(2)).await?, "it is gone");
            assert_eq!(identities::list(tx, &id_of("anna")).await?, []);
            let connection = &his.claims.connection;
            let remembered = identities::find_unlinked(tx, &id_of("anna"), connection, "a", NOW).await?;
            assert_eq!(remembered, Some(his.claims));
            Ok(())
        })
    })
    .await;
}

async fn what_a_provider_says_today_is_noted(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            identities::insert(tx, &identity("anna", "a")).await?;
            identities::insert(tx, &identity("ben", "b")).await?;
            // Case 54: the same subject with another's address is still the same identity of the same user.
            let today = UpstreamIdentity { email: Some(email_of("ben")), email_verified: false, ..claims("a") };
            identities::note_use(tx, &today, later(5)).await?;
            let noted = Identity { claims: today, last_used_at: Some(later(5)), ..identity("anna", "a") };
            assert_eq!(identities::list(tx, &id_of("anna")).await?, [noted]);
            assert_eq!(identities::list(tx, &id_of("ben")).await?, [identity("ben", "b")]);
            Ok(())
        })
    })
    .await;
}

async fn a_wiped_user_has_none(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            for (owner, subject) in [("anna", "a1"), ("anna", "a2"), ("ben", "b")] {
                identities::insert(tx, &identity(owner, subject)).await?;
            }
            assert_eq!(identities::delete_of_user(tx, &id_of("anna")).await?, 2);
            assert_eq!(identities::delete_of_user(tx, &id_of("anna")).await?, 0);
            assert_eq!(identities::list(tx, &id_of("ben")).await?.len(), 1);
            Ok(())
        })
    })
    .await;
}

/// Tries to take Anna's first identity away; what else she has is laid out by the caller.
async fn can_remove(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let removed = identities::delete(tx, &identity("anna", "a").id, &id_of("anna"), NOW).await?;
    assert_eq!(identities::find(tx, &claims("a").issuer, "a").await?.is_none(), removed.is_some());
    identities::insert(tx, &identity("anna", "a")).await?;
    Ok(removed.is_some())
}

async fn case_075_the_last_usable_way_in_stays(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let (anna, other) = (id_of("anna"), provider("other"));
            let off = |connection: Connection| Connection { enabled: false, ..connection };
            furnish(tx).await?;
            connections::insert(tx, &other, None).await?;
            identities::insert(tx, &identity("anna", "a")).await?;
            assert!(!can_remove(tx).await?, "it is all she has");
            let foreign = identities::delete(tx, &identity("anna", "a").id, &id_of("ben"), NOW).await?;
            assert_eq!(foreign, None, "it is not Ben's");

            passwords::set(tx, &anna, "phc", NOW).await?;
            assert!(can_remove(tx).await?, "the password remains");
            connections::update(tx, &off(password_database())).await?;
            assert!(!can_remove(tx).await?, "the password opens nothing while its connection is off");

            let claims = UpstreamIdentity { connection: other.id.clone(), ..claims("second") };
            identities::insert(tx, &Identity { claims, ..identity("anna", "second") }).await?;
            assert!(can_remove(tx).await?, "the second provider remains");
            connections::update(tx, &off(other)).await?;
            assert!(!can_remove(tx).await?, "the second provider is off");

            connections::update(tx, &provider("other")).await?;
            connections::set_audience(tx, &provider("other").id, &Audience::Clients(Vec::new())).await?;
            assert!(!can_remove(tx).await?, "the second provider is enabled for no client");

            connections::update(tx, &off(provider("acme"))).await?;
            assert!(!can_remove(tx).await?, "nothing works, and nothing is taken away");
            connections::update(tx, &password_database()).await?;
            assert!(can_remove(tx).await?, "what does not work may go while something does");
            Ok(())
        })
    })
    .await;
}

async fn what_was_unlinked_is_remembered_for_its_user(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let (anna, acme) = (id_of("anna"), provider("acme").id);
            furnish(tx).await?;
            passwords::set(tx, &anna, "phc", NOW).await?;
            identities::insert(tx, &identity("anna", "a")).await?;
            assert_eq!(identities::find_unlinked(tx, &anna, &acme, "a", NOW).await?, None, "it is linked");
            assert!(!identities::was_unlinked(tx, &anna, &claims("a")).await?);
            let removed = identities::delete(tx, &identity("anna", "a").id, &anna, later(10)).await?;
            assert_eq!(removed, Some(claims("a")));
            assert_eq!(identities::find_unlinked(tx, &anna, &acme, "a", later(9)).await?, Some(claims("a")));
            assert_eq!(identities::find_unlinked(tx, &anna, &acme, "a", later(10)).await?, None, "too long ago");
            assert_eq!(identities::find_unlinked(tx, &id_of("ben"), &acme, "a", NOW).await?, None);
            assert!(identities::was_unlinked(tx, &anna, &claims("a")).await?, "however long ago");
            assert!(!identities::was_unlinked(tx, &id_of("ben"), &claims("a")).await?);
            assert!(!identities::was_unlinked(tx, &anna, &claims("b")).await?);
            assert_eq!(identities::find_unlinked(tx, &anna, &acme, "b", NOW).await?, None);
            let elsewhere = ConnectionId::new("con_other");
            assert_eq!(identities::find_unlinked(tx, &anna, &elsewhere, "a", NOW).await?, None);

            // Linked again over another connection to the same issuer, with other claims, and unlinked again.
            let renamed = provider("renamed");
            connections::insert(tx, &renamed, None).await?;
            let claims = UpstreamIdentity {
                connection: renamed.id.clone(),
                email: None,
                email_verified: false,
                profile: Profile::default(),
                ..claims("a")
            };
            let again = Identity { id: IdentityId::new("idn_again"), claims: claims.clone(), ..identity("anna", "a") };
            assert!(identities::insert(tx, &again).await?);
            assert_eq!(identities::delete(tx, &again.id, &anna, later(20)).await?, Some(claims.clone()));
            assert_eq!(identities::find_unlinked(tx, &anna, &renamed.id, "a", later(10)).await?, Some(claims));
            Ok(())
        })
    })
    .await;
}

async fn an_unsound_row_is_told(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            identities::insert(tx, &identity("anna", "a")).await
        })
    })
    .await;
    for unsound in
        ["UPDATE identities SET linked_by = 'guess'", "UPDATE identities SET linked_by = 'api', profile = '7'"]
    {
        meddle(&store, unsound).await.unwrap();
        let told = refusal(&store, |tx| Box::pin(async move { identities::list(tx, &id_of("anna")).await })).await;
        assert!(is_inconsistent(&told, "identities"), "{unsound}: {told}");
    }
}
