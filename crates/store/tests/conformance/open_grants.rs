//! Grants that are good for something: found by user, client and API; renewable ones with the token that renews them.

use crate::database::{Database, on_both_engines};
use crate::world::*;
use guestlist_domain::client::{AppType, AuthMethod, Client, ClientSettings};
use guestlist_domain::grant::{NewToken, Scopes, TokenKind, Which};
use guestlist_domain::ids::{ClientId, GrantId, SessionId};
use guestlist_domain::session::{Method, Session};
use guestlist_domain::user::User;
use guestlist_store::grants::{self, NewGrant};
use guestlist_store::{BoxFuture, StoreError, Tx, clients, sessions, users};

on_both_engines!(
    a_renewable_grant_has_one_token_that_is_good,
    renewable_grants_end_by_user_client_and_api,
    open_grants_are_found_and_counted,
);

const API: &str = "https://rooms.example";

fn client(id: &str) -> Client {
    Client {
        id: ClientId::new(id),
        name: "Calendar".to_owned(),
        app_type: AppType::Spa,
        auth_method: AuthMethod::None,
        secret: None,
        settings: ClientSettings::default(),
        created_at: NOW,
    }
}

/// A grant of whoever is signed in in that session, and its refresh token if it has one.
async fn granted(
    tx: &mut Tx<'_>,
    (id, owner, client): (&str, &str, &str),
    (scope, audience): (&str, Option<&str>),
    seconds: u64,
) -> Result<(), StoreError> {
    let grant = NewGrant {
        id: GrantId::new(id),
        client: ClientId::new(client),
        session: SessionId::new(format!("ses_{owner}")),
        scope: Scopes::parse(scope).unwrap(),
        audience: audience.map(str::to_owned),
        nonce: None,
        expires_at: later(1000),
    };
    assert!(grants::insert(tx, &grant, later(seconds)).await?);
    if grant.scope.contains(Scopes::OFFLINE_ACCESS) {
        renewed(tx, id, id, seconds).await?;
    }
    Ok(())
}

async fn renewed(tx: &mut Tx<'_>, grant: &str, secret: &str, seconds: u64) -> Result<(), StoreError> {
    let token = NewToken {
        kind: TokenKind::Refresh,
        hash: hash(secret),
        scope: Scopes::parse("openid").unwrap(),
        expires_at: later(seconds + 100),
    };
    grants::insert_token(tx, &GrantId::new(grant), &token, later(seconds)).await
}

/// Anna and Ben, each signed in; of Anna three grants, of Ben one.
fn furnish<'a>(tx: &'a mut Tx<'_>) -> BoxFuture<'a, Result<(), StoreError>> {
    Box::pin(async move {
        for id in ["app", "page"] {
            clients::insert(tx, &client(id)).await?;
        }
        for name in ["anna", "ben"] {
            users::insert(tx, &active(name)).await?;
            let session = Session {
                id: SessionId::new(format!("ses_{name}")),
                user: id_of(name),
                user_epoch: active(name).epoch,
                method: Method::Password,
                authenticated_at: NOW,
                created_at: NOW,
                last_seen_at: NOW,
            };
            sessions::insert(tx, &session, hash(name)).await?;
        }
        granted(tx, ("grt_1", "anna", "app"), ("openid offline_access", None), 1).await?;
        granted(tx, ("grt_2", "anna", "page"), ("openid offline_access", Some(API)), 2).await?;
        granted(tx, ("grt_3", "anna", "app"), ("openid offline_access_too", None), 3).await?;
        granted(tx, ("grt_4", "ben", "app"), ("offline_access", None), 4).await
    })
}

async fn renewable(tx: &mut Tx<'_>, name: &str, page: (i64, i64), seconds: u64) -> Result<Vec<String>, StoreError> {
    let found = grants::lasting_of_user(tx, &id_of(name), page, later(seconds)).await?;
    Ok(found.into_iter().map(|lasting| lasting.grant.id.to_string()).collect())
}

async fn a_renewable_grant_has_one_token_that_is_good(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            assert_eq!(renewable(tx, "anna", (0, 9), 10).await?, ["grt_2", "grt_1"]);
            assert_eq!(renewable(tx, "anna", (1, 9), 10).await?, ["grt_1"]);
            assert_eq!(renewable(tx, "anna", (0, 1), 10).await?, ["grt_2"]);
            let (first, app) = (GrantId::new("grt_1"), ClientId::new("app"));
            let found = grants::find_lasting(tx, &first, later(10)).await?.unwrap();
            assert_eq!((found.exchanged_at, found.idle_expires_at), (later(1), later(101)));
            assert_eq!(found.grant, grants::get(tx, &first).await?.unwrap().0);
            // Spent, and another in its place: still one.
            assert_eq!(grants::use_refresh(tx, hash("grt_1"), &app, later(20)).await?, Some(first.clone()));
            assert_eq!(grants::find_lasting(tx, &first, later(20)).await?, None);
            renewed(tx, "grt_1", "next", 20).await?;
            let found = grants::find_lasting(tx, &first, later(20)).await?.unwrap();
            assert_eq!((found.exchanged_at, found.idle_expires_at), (later(20), later(120)));
            assert_eq!(renewable(tx, "anna", (0, 9), 20).await?, ["grt_2", "grt_1"]);
            // Too long idle, without a refresh token, revoked, of an older epoch.
            assert_eq!(renewable(tx, "anna", (0, 9), 102).await?, ["grt_1"]);
            assert_eq!(grants::find_lasting(tx, &GrantId::new("grt_3"), later(10)).await?, None);
            grants::revoke(tx, &first, later(30)).await?;
            assert_eq!(renewable(tx, "anna", (0, 9), 30).await?, ["grt_2"]);
            users::save(tx, &User { epoch: active("anna").epoch + 1, ..active("anna") }).await?;
            assert_eq!(renewable(tx, "anna", (0, 9), 30).await?, Vec::<String>::new());
            Ok(())
        })
    })
    .await;
}

async fn renewable_grants_end_by_user_client_and_api(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            let (anna, app, page) = (id_of("anna"), ClientId::new("app"), ClientId::new("page"));
            for (which, count) in [
                ((Some(&ClientId::new("other")), None), 0),
                ((Some(&app), Some(API)), 0),
                ((None, Some("https://other.example")), 0),
                ((Some(&page), Some(API)), 1),
                ((Some(&page), None), 0),
                ((Some(&app), None), 1),
                ((None, None), 0),
            ] {
                assert_eq!(grants::revoke_lasting(tx, &anna, which, later(10)).await?, count, "{which:?}");
            }
            // What cannot be renewed, and what is somebody else's, stays.
            for (id, is_over) in [("grt_1", true), ("grt_2", true), ("grt_3", false), ("grt_4", false)] {
                let (grant, _) = grants::get(tx, &GrantId::new(id)).await?.unwrap();
                assert_eq!(grant.revoked_at.is_some(), is_over, "{id}");
            }
            assert_eq!(grants::revoke_lasting(tx, &id_of("ben"), (None, None), later(10)).await?, 1);
            Ok(())
        })
    })
    .await;
}

async fn open_grants_are_found_and_counted(database: Database) {
    let store = opened(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            furnish(tx).await?;
            let anna = Which { user: Some(id_of("anna")), ..Which::default() };
            let app = Which { client: Some(ClientId::new("app")), ..Which::default() };
            let api = Which { audience: Some(API.to_owned()), ..Which::default() };
            let neither = Which { client: app.client.clone(), ..api.clone() };
            let both = Which { user: anna.user.clone(), ..app.clone() };
            for (which, seconds, ids) in [
                (Which::default(), 10, vec!["grt_4", "grt_3", "grt_2", "grt_1"]),
                (anna, 10, vec!["grt_3", "grt_2", "grt_1"]),
                (app, 10, vec!["grt_4", "grt_3", "grt_1"]),
                (api, 10, vec!["grt_2"]),
                (both, 10, vec!["grt_3", "grt_1"]),
                (neither, 10, vec![]),
                (Which::default(), 1000, vec![]),
            ] {
                let found = grants::open(tx, &which, (0, 9), later(seconds)).await?;
                let found: Vec<String> = found.into_iter().map(|grant| grant.id.to_string()).collect();
                assert_eq!(found, ids, "{which:?}");
                assert_eq!(grants::count_open(tx, &which, later(seconds)).await?, i64::try_from(ids.len()).unwrap());
            }
            let page = grants::open(tx, &Which::default(), (1, 2), later(10)).await?;
            assert_eq!(page.into_iter().map(|grant| grant.id.to_string()).collect::<Vec<_>>(), ["grt_3", "grt_2"]);
            grants::revoke(tx, &GrantId::new("grt_4"), later(10)).await?;
            users::save(tx, &User { blocked: true, ..active("anna") }).await?;
            assert_eq!(grants::count_open(tx, &Which::default(), later(10)).await?, 0);
            Ok(())
        })
    })
    .await;
}
