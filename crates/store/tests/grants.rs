//! Clients, grants and signing keys: each statement on both engines, races included.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

#[expect(dead_code, reason = "the engine's tests use more of it")]
#[path = "engine/database.rs"]
mod database;

use database::{Database, on_both_engines};
use guestlist_domain::client::{AppType, AuthMethod, Client, ClientGrant, ClientSettings};
use guestlist_domain::email::Email;
use guestlist_domain::grant::{CodeBinding, CodeChallenge, Lapsed, NewToken, Scopes, TokenKind};
use guestlist_domain::ids::{ClientGrantId, ClientId, GrantId, SessionId, UserId};
use guestlist_domain::secret::{Purpose, Secret, SecretHash};
use guestlist_domain::session::{Method, Session};
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Lifecycle, User};
use guestlist_store::grants::NewGrant;
use guestlist_store::keys::StoredKey;
use guestlist_store::{BoxFuture, Store, StoreError, Tx, clients, grants, keys, sessions, users};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

on_both_engines!(
    a_client_comes_back_as_it_went,
    a_client_takes_its_grants_with_it,
    what_was_granted_at_an_api_ends_alone,
    a_grant_needs_a_good_session,
    a_code_is_good_once_and_for_its_client,
    a_refresh_token_is_good_once_and_for_its_client,
    an_access_token_is_as_good_as_its_user,
    a_revoked_grant_opens_nothing,
    what_is_over_is_forgotten,
    one_process_makes_the_first_key,
    a_next_key_retires_the_others,
    case_083_one_of_64_redeems_a_code,
    case_086_one_of_64_refreshes,
);

const NOW: Timestamp = Timestamp::from_millis(1_796_126_400_000);
const ROUNDS: u64 = 250;
const BROWSERS: u64 = 64;
/// Rounds that are on their way together, so that a thousand take seconds.
const SIDE_BY_SIDE: usize = 4;

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

fn hash(purpose: Purpose, number: u64) -> SecretHash {
    let mut entropy = [7; 32];
    entropy.iter_mut().zip(number.to_be_bytes()).for_each(|(slot, byte)| *slot = byte);
    Secret::mint(purpose, entropy).hash()
}

fn client(id: &str) -> Client {
    Client {
        id: ClientId::new(id),
        name: "Calendar".to_owned(),
        app_type: AppType::RegularWeb,
        auth_method: AuthMethod::ClientSecretPost,
        secret: Some(hash(Purpose::ClientSecret, 1)),
        settings: ClientSettings { callbacks: vec!["https://app.example/cb".to_owned()], ..ClientSettings::default() },
        created_at: NOW,
    }
}

fn anna() -> User {
    let invited = User::invited(UserId::new("auth0|anna"), Email::parse("anna@example.org").unwrap(), NOW);
    User { lifecycle: Lifecycle::Active, ..invited }
}

fn session() -> Session {
    Session {
        id: SessionId::new("ses_1"),
        user: anna().id,
        user_epoch: 0,
        method: Method::Password,
        authenticated_at: NOW,
        created_at: NOW,
        last_seen_at: NOW,
    }
}

fn scopes() -> Scopes {
    Scopes::parse("openid offline_access").unwrap()
}

fn grant(id: &str) -> NewGrant {
    NewGrant {
        id: GrantId::new(id),
        client: ClientId::new("app"),
        session: session().id,
        scope: scopes(),
        audience: None,
        nonce: Some("n".to_owned()),
        expires_at: later(1000),
    }
}

fn binding(grant: &str) -> CodeBinding {
    CodeBinding {
        grant: GrantId::new(grant),
        redirect_uri: "https://app.example/cb".to_owned(),
        redirect_uri_sent: true,
        challenge: CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap(),
        expires_at: later(60),
    }
}

fn token(kind: TokenKind, number: u64) -> NewToken {
    let purpose = if kind == TokenKind::Access { Purpose::Access } else { Purpose::Refresh };
    NewToken { kind, hash: hash(purpose, number), scope: scopes(), expires_at: later(100) }
}

async fn write<T, F>(store: &Store, act: F) -> T
where
    T: Send + 'static,
    F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> BoxFuture<'a, Result<T, StoreError>> + Send + Sync + 'static,
{
    store.write(act).await.unwrap()
}

/// A store in which Anna is signed in, and the client `app` has her grant `grt_1`.
async fn furnished(database: &Database) -> Store {
    let store = Store::open(&database.settings()).await.unwrap();
    write(&store, |tx| {
        Box::pin(async move {
            users::insert(tx, &anna()).await?;
            sessions::insert(tx, &session(), hash(Purpose::Session, 1)).await?;
            clients::insert(tx, &client("app")).await?;
            clients::insert(tx, &client("other")).await?;
            assert!(grants::insert(tx, &grant("grt_1"), NOW).await?);
            Ok(())
        })
    })
    .await;
    store
}

async fn change_anna(store: &Store, change: fn(&mut User)) {
    write(store, move |tx| {
        Box::pin(async move {
            let mut user = users::find(tx, &anna().id).await?.expect("she is there");
            change(&mut user);
            users::save(tx, &user).await
        })
    })
    .await;
}

async fn a_client_comes_back_as_it_went(database: Database) {
    let store = furnished(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let id = ClientId::new("app");
            assert_eq!(clients::find(tx, &id).await?, Some(client("app")));
            let public = Client {
                auth_method: AuthMethod::None,
                app_type: AppType::Spa,
                secret: None,
                name: "Page".to_owned(),
                ..client("app")
            };
            assert!(clients::save(tx, &public).await?);
            assert_eq!(clients::find(tx, &id).await?, Some(public));
            assert_eq!(clients::count(tx).await?, 2);
            assert_eq!(clients::list_all(tx).await?.len(), 2);
            let second = clients::page(tx, 1, 5).await?;
            assert_eq!(second.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["other"]);
            assert!(clients::delete(tx, &id).await?);
            assert!(!clients::delete(tx, &id).await?);
            assert!(!clients::save(tx, &client("app")).await?);
            Ok(())
        })
    })
    .await;
}

async fn a_client_takes_its_grants_with_it(database: Database) {
    let store = furnished(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let (id, app) = (ClientGrantId::new("cgr_1"), ClientId::new("app"));
            let scope = vec!["read:users".to_owned()];
            let grant = ClientGrant { id: id.clone(), client: app.clone(), audience: "api".to_owned(), scope };
            clients::insert_grant(tx, &grant).await?;
            let less = ClientGrant { scope: Vec::new(), ..grant };
            assert!(clients::save_grant(tx, &less).await?);
            assert_eq!(clients::find_grant(tx, &app, "api").await?, Some(less.clone()));
            assert_eq!(clients::find_grant(tx, &app, "other").await?, None);
            assert_eq!(clients::list_grants(tx).await?, [less]);
            clients::delete(tx, &app).await?;
            assert_eq!(clients::get_grant(tx, &id).await?, None);
            assert!(!clients::delete_grant(tx, &id).await?);
            assert!(grants::get(tx, &GrantId::new("grt_1")).await?.is_none());
            Ok(())
        })
    })
    .await;
}

async fn what_was_granted_at_an_api_ends_alone(database: Database) {
    let store = furnished(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let at = |name: &str, audience: &str| NewGrant { audience: Some(audience.to_owned()), ..grant(name) };
            for grant in [at("grt_7", "api"), at("grt_8", "other")] {
                assert!(grants::insert(tx, &grant, NOW).await?);
            }
            for (id, audience) in [("cgr_1", "api"), ("cgr_2", "other")] {
                let (id, audience) = (ClientGrantId::new(id), audience.to_owned());
                let grant = ClientGrant { id, client: ClientId::new("app"), audience, scope: Vec::new() };
                clients::insert_grant(tx, &grant).await?;
            }
            assert_eq!((grants::revoke_at(tx, "api", NOW).await?, clients::delete_grants_at(tx, "api").await?), (1, 1));
            assert_eq!((grants::revoke_at(tx, "api", NOW).await?, clients::delete_grants_at(tx, "api").await?), (0, 0));
            let (one, other) = (session().id, SessionId::new("ses_2"));
            let app = ClientId::new("app");
            assert_eq!(grants::clients_of_session(tx, &one, NOW).await?, [app]);
            assert_eq!(grants::clients_of_session(tx, &one, later(1000)).await?, []);
            assert_eq!(grants::clients_of_session(tx, &other, NOW).await?, []);
            for (name, audience, is_over) in
                [("grt_7", Some("api"), true), ("grt_8", Some("other"), false), ("grt_1", None, false)]
            {
                let (found, _) = grants::get(tx, &GrantId::new(name)).await?.unwrap();
                assert_eq!((found.audience.as_deref(), found.revoked_at.is_some()), (audience, is_over), "{name}");
            }
            assert_eq!(clients::list_grants(tx).await?.len(), 1);
            assert_eq!(grants::revoke_of_session(tx, &other, NOW).await?, None);
            assert_eq!(grants::revoke_of_session(tx, &one, NOW).await?, Some(anna().id));
            assert_eq!(grants::revoke_of_session(tx, &one, NOW).await?, None);
            assert_eq!(grants::clients_of_session(tx, &one, NOW).await?, []);
            Ok(())
        })
    })
    .await;
}

async fn a_grant_needs_a_good_session(database: Database) {
    let store = furnished(&database).await;
    let insert = |name: &'static str| {
        write(&store, move |tx| Box::pin(async move { grants::insert(tx, &grant(name), NOW).await }))
    };
    assert!(insert("grt_2").await);
    change_anna(&store, |anna| anna.epoch = 1).await;
    assert!(!insert("grt_3").await, "the session is of an older epoch");
    change_anna(&store, |anna| (anna.epoch, anna.blocked) = (0, true)).await;
    assert!(!insert("grt_4").await, "she is blocked");
    change_anna(&store, |anna| anna.blocked = false).await;
    assert!(insert("grt_5").await);
    write(&store, |tx| Box::pin(async move { sessions::delete(tx, &session().id).await })).await;
    assert!(!insert("grt_6").await, "the session is over");
}

async fn a_code_is_good_once_and_for_its_client(database: Database) {
    let store = furnished(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let (code, app, other) = (hash(Purpose::Code, 1), ClientId::new("app"), ClientId::new("other"));
            grants::insert_code(tx, code, &app, &binding("grt_1"), NOW).await?;
            assert_eq!(grants::use_code(tx, code, &other, NOW).await?, None);
            assert_eq!(grants::find_by_spent_code(tx, code, &app).await?, None);
            assert_eq!(grants::use_code(tx, hash(Purpose::Code, 2), &app, NOW).await?, None);
            assert_eq!(grants::use_code(tx, code, &app, NOW).await?, Some(binding("grt_1")));
            assert_eq!(grants::use_code(tx, code, &app, NOW).await?, None);
            assert_eq!(grants::find_by_spent_code(tx, code, &app).await?, Some(GrantId::new("grt_1")));
            assert_eq!(grants::find_by_spent_code(tx, code, &other).await?, None);
            Ok(())
        })
    })
    .await;
}

async fn a_refresh_token_is_good_once_and_for_its_client(database: Database) {
    let store = furnished(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let (grant, app, other) = (GrantId::new("grt_1"), ClientId::new("app"), ClientId::new("other"));
            let (refresh, access) = (token(TokenKind::Refresh, 1), token(TokenKind::Access, 1));
            grants::insert_token(tx, &grant, &refresh, NOW).await?;
            grants::insert_token(tx, &grant, &access, NOW).await?;
            assert_eq!(grants::use_refresh(tx, refresh.hash, &other, NOW).await?, None);
            assert_eq!(grants::use_refresh(tx, refresh.hash, &app, later(100)).await?, None, "too old");
            assert_eq!(grants::use_refresh(tx, access.hash, &app, NOW).await?, None, "no refresh token");
            assert_eq!(grants::find_by_spent_refresh(tx, refresh.hash, &app).await?, None);
            assert_eq!(grants::use_refresh(tx, refresh.hash, &app, NOW).await?, Some(grant.clone()));
            assert_eq!(grants::use_refresh(tx, refresh.hash, &app, NOW).await?, None);
            assert_eq!(grants::find_by_spent_refresh(tx, refresh.hash, &app).await?, Some(grant));
            assert_eq!(grants::find_by_spent_refresh(tx, refresh.hash, &other).await?, None);
            Ok(())
        })
    })
    .await;
}

async fn opens(store: &Store, now: Timestamp) -> bool {
    let access = token(TokenKind::Access, 1).hash;
    let found = store.read(move |tx| Box::pin(async move { grants::find_by_access(tx, access, now).await })).await;
    let found: Option<grants::Access> = found.map_err(|error: StoreError| error).unwrap();
    found.is_some_and(|access| {
        assert_eq!((access.user.id, access.client.as_str(), access.scope), (anna().id, "app", scopes()));
        true
    })
}

async fn with_access(database: &Database) -> Store {
    let store = furnished(database).await;
    write(&store, |tx| {
        Box::pin(async move {
            grants::insert_token(tx, &GrantId::new("grt_1"), &token(TokenKind::Access, 1), NOW).await?;
            grants::insert_token(tx, &GrantId::new("grt_1"), &token(TokenKind::Refresh, 1), NOW).await
        })
    })
    .await;
    store
}

async fn an_access_token_is_as_good_as_its_user(database: Database) {
    let store = with_access(&database).await;
    assert!(opens(&store, NOW).await);
    assert!(!opens(&store, later(100)).await, "too old");
    change_anna(&store, |anna| anna.blocked = true).await;
    assert!(!opens(&store, NOW).await, "blocked");
    change_anna(&store, |anna| (anna.blocked, anna.epoch) = (false, 1)).await;
    assert!(!opens(&store, NOW).await, "of an older epoch");
    change_anna(&store, |anna| (anna.epoch, anna.lifecycle) = (0, Lifecycle::Pending)).await;
    assert!(!opens(&store, NOW).await, "pending");
}

async fn a_revoked_grant_opens_nothing(database: Database) {
    let store = with_access(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let (id, app) = (GrantId::new("grt_1"), ClientId::new("app"));
            let refresh = token(TokenKind::Refresh, 1).hash;
            assert_eq!(grants::find_by_token(tx, refresh, &app).await?, Some(id.clone()));
            assert_eq!(grants::find_by_token(tx, refresh, &ClientId::new("other")).await?, None);
            let (alive, user) = grants::get(tx, &id).await?.expect("it is there");
            assert_eq!((alive.check(&user, NOW), alive.nonce.as_deref()), (Ok(()), Some("n")));
            assert_eq!((alive.session, alive.authenticated_at, alive.scope), (session().id, NOW, scopes()));
            assert_eq!(grants::revoke(tx, &id, NOW).await?, Some(anna().id));
            assert_eq!(grants::revoke(tx, &id, NOW).await?, None);
            let (revoked, user) = grants::get(tx, &id).await?.expect("it is there");
            assert_eq!(revoked.check(&user, NOW), Err(Lapsed::Over));
            assert!(grants::insert(tx, &grant("grt_2"), NOW).await?);
            assert_eq!(grants::revoke_of_user(tx, &anna().id, NOW).await?, 1);
            Ok(())
        })
    })
    .await;
    assert!(!opens(&store, NOW).await);
}

async fn what_is_over_is_forgotten(database: Database) {
    let store = with_access(&database).await;
    write(&store, |tx| {
        Box::pin(async move {
            let (app, refresh) = (ClientId::new("app"), token(TokenKind::Refresh, 1).hash);
            assert_eq!(grants::purge(tx, later(101)).await?, 1, "the access token");
            assert!(grants::find_by_token(tx, refresh, &app).await?.is_some(), "so that its reuse is seen");
            assert_eq!(grants::purge(tx, later(1001)).await?, 1, "the grant");
            assert_eq!(grants::find_by_token(tx, refresh, &app).await?, None);
            Ok(())
        })
    })
    .await;
}

fn key(kid: &str, active_from: Timestamp) -> StoredKey {
    StoredKey {
        kid: kid.to_owned(),
        sealed_private_key: vec![1, 2, 3],
        public_jwk: "{}".to_owned(),
        created_at: NOW,
        active_from,
        retired_at: None,
    }
}

async fn one_process_makes_the_first_key(database: Database) {
    let store = Store::open(&database.settings()).await.unwrap();
    let mut processes = JoinSet::new();
    for n in 0..16 {
        let store = store.clone();
        processes.spawn(async move {
            write(&store, move |tx| {
                Box::pin(async move { keys::insert_first(tx, &key(&format!("key {n}"), NOW)).await })
            })
            .await
        });
    }
    let first = processes.join_all().await.into_iter().filter(|first| *first).count();
    assert_eq!(first, 1);
    let list = write(&store, |tx| Box::pin(async move { keys::list(tx, NOW).await })).await;
    assert_eq!(list.len(), 1);
}

async fn a_next_key_retires_the_others(database: Database) {
    let store = Store::open(&database.settings()).await.unwrap();
    write(&store, |tx| {
        Box::pin(async move {
            assert!(keys::insert_first(tx, &key("a", NOW)).await?);
            keys::insert_next(tx, &key("b", later(10)), later(100)).await?;
            let retired = StoredKey { retired_at: Some(later(100)), ..key("a", NOW) };
            assert_eq!(keys::list(tx, NOW).await?, [retired, key("b", later(10))]);
            assert_eq!(keys::list(tx, later(100)).await?, [key("b", later(10))]);
            // An emergency brings the end of what was retired already forward.
            keys::insert_next(tx, &key("c", later(20)), later(20)).await?;
            assert_eq!(keys::list(tx, later(20)).await?, [key("c", later(20))]);
            assert_eq!(keys::purge(tx, later(21)).await?, 2);
            Ok(())
        })
    })
    .await;
}

/// What one browser does in a race: whether it won.
type Attempt = for<'a, 'b> fn(&'a mut Tx<'b>, SecretHash) -> BoxFuture<'a, Result<bool, StoreError>>;

async fn race(store: Store, secret: SecretHash, attempt: Attempt) -> usize {
    let store = Arc::new(store);
    let mut browsers = JoinSet::new();
    for _ in 0..BROWSERS {
        let store = Arc::clone(&store);
        browsers.spawn(async move { write(&store, move |tx| attempt(tx, secret)).await });
    }
    browsers.join_all().await.into_iter().filter(|won| *won).count()
}

/// A thousand rounds, each over a secret of its own that `lay` puts there.
async fn races(store: &Store, purpose: Purpose, lay: Attempt, attempt: Attempt) {
    let mut secrets = (0..).map(|number| hash(purpose, number));
    for round in 0..ROUNDS {
        let mut rounds = JoinSet::new();
        for secret in secrets.by_ref().take(SIDE_BY_SIDE) {
            let store = store.clone();
            rounds.spawn(async move {
                assert!(write(&store, move |tx| lay(tx, secret)).await);
                race(store, secret, attempt).await
            });
        }
        assert_eq!(rounds.join_all().await, [1; SIDE_BY_SIDE], "round {round}");
    }
}

async fn case_083_one_of_64_redeems_a_code(database: Database) {
    let store = furnished(&database).await;
    let lay: Attempt = |tx, code| {
        Box::pin(async move {
            grants::insert_code(tx, code, &ClientId::new("app"), &binding("grt_1"), NOW).await.map(|()| true)
        })
    };
    let redeem: Attempt =
        |tx, code| Box::pin(async move { Ok(grants::use_code(tx, code, &ClientId::new("app"), NOW).await?.is_some()) });
    races(&store, Purpose::Code, lay, redeem).await;
}

async fn case_086_one_of_64_refreshes(database: Database) {
    let store = furnished(&database).await;
    let lay: Attempt = |tx, hash| {
        Box::pin(async move {
            let token = NewToken { hash, ..token(TokenKind::Refresh, 0) };
            grants::insert_token(tx, &GrantId::new("grt_1"), &token, NOW).await.map(|()| true)
        })
    };
    let refresh: Attempt = |tx, token| {
        Box::pin(async move { Ok(grants::use_refresh(tx, token, &ClientId::new("app"), NOW).await?.is_some()) })
    };
    races(&store, Purpose::Refresh, lay, refresh).await;
}
