//! Connections and for whom they are enabled, alike on both engines.

use crate::database::{Database, on_both_engines};
use guestlist_domain::client::{AppType, AuthMethod, Client, ClientSettings};
use guestlist_domain::connection::{
    Audience, Connection, DATABASE_CONNECTION, MergeRule, Strategy, UpstreamOptions, UpstreamSettings,
};
use guestlist_domain::email::Email;
use guestlist_domain::identity::{Identity, LinkRule, UpstreamIdentity};
use guestlist_domain::ids::{ClientId, ConnectionId, IdentityId, UserId};
use guestlist_domain::secret::Sensitive;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Profile, User};
use guestlist_store::{BoxFuture, Store, StoreError, Tx, clients, connections, identities, users};

on_both_engines!(
    what_is_stored_comes_back_without_its_secret,
    a_name_is_taken_once,
    a_change_leaves_name_and_audience_alone,
    only_what_is_open_is_usable,
    an_audience_can_be_narrowed,
    a_connection_in_use_stays,
    a_deleted_client_leaves_the_list,
    of_many_who_hold_the_list_and_look_one_is_first,
);

/// Runs a write that must succeed.
async fn write<T, F>(store: &Store, act: F) -> T
where
    F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> BoxFuture<'a, Result<T, StoreError>> + Send + Sync + 'static,
    T: Send + 'static,
{
    store.write(act).await.unwrap()
}

fn acme(audience: Audience) -> Connection {
    Connection {
        id: ConnectionId::new("con_acme"),
        name: "acme".to_owned(),
        display_name: "Acme".to_owned(),
        strategy: Strategy::Oidc,
        upstream: Some(UpstreamOptions {
            issuer: "https://acme.example/".to_owned(),
            client_id: "us".to_owned(),
            client_secret: Some(Sensitive::new("never stored in the clear")),
            scope: "openid".to_owned(),
            settings: UpstreamSettings::default(),
        }),
        enabled: true,
        audience,
        authoritative_domains: vec!["acme.example".to_owned()],
        merge_rule: MergeRule::Auto,
        created_at: Timestamp::from_millis(2),
    }
}

fn database_connection() -> Connection {
    Connection {
        id: ConnectionId::new("con_database"),
        name: DATABASE_CONNECTION.to_owned(),
        strategy: Strategy::Database,
        upstream: None,
        audience: Audience::Everyone,
        authoritative_domains: Vec::new(),
        merge_rule: MergeRule::Confirm,
        created_at: Timestamp::from_millis(1),
        ..acme(Audience::Everyone)
    }
}

fn client(id: &str) -> Client {
    Client {
        id: ClientId::new(id),
        name: id.to_owned(),
        app_type: AppType::Spa,
        auth_method: AuthMethod::None,
        secret: None,
        settings: ClientSettings::default(),
        created_at: Timestamp::from_millis(0),
    }
}

fn listed(ids: &[&str]) -> Audience {
    Audience::Clients(ids.iter().copied().map(ClientId::new).collect())
}

/// Clients `a` and `b`, the password database, and `acme` for this audience.
async fn furnished(database: &Database, audience: Audience) -> Store {
    let store = Store::open(&database.settings()).await.unwrap();
    write(&store, move |tx| {
        let audience = audience.clone();
        Box::pin(async move {
            clients::insert(tx, &client("a")).await?;
            clients::insert(tx, &client("b")).await?;
            assert!(connections::insert(tx, &database_connection(), None).await?);
            assert!(connections::insert(tx, &acme(audience), Some(b"sealed")).await?);
            Ok(())
        })
    })
    .await;
    store
}

async fn find(store: &Store) -> Connection {
    write(store, |tx| Box::pin(async move { connections::find(tx, &ConnectionId::new("con_acme")).await }))
        .await
        .unwrap()
}

async fn usable(store: &Store, client: Option<&'static str>) -> Vec<String> {
    let found = write(store, move |tx| {
        Box::pin(async move { connections::usable(tx, client.map(ClientId::new).as_ref(), None).await })
    });
    found.await.into_iter().map(|connection| connection.name).collect()
}

async fn what_is_stored_comes_back_without_its_secret(database: Database) {
    let store = furnished(&database, listed(&["b", "a"])).await;
    let found = find(&store).await;
    let upstream = found.upstream.unwrap();
    assert!(upstream.client_secret.is_none());
    assert_eq!((upstream.issuer.as_str(), upstream.scope.as_str()), ("https://acme.example/", "openid"));
    assert_eq!((found.merge_rule, found.audience), (MergeRule::Auto, listed(&["a", "b"])));
    assert_eq!(found.authoritative_domains, ["acme.example"]);
    let id = ConnectionId::new("con_acme");
    let sealed = write(&store, move |tx| {
        let id = id.clone();
        Box::pin(async move { connections::sealed_secret(tx, &id).await })
    });
    assert_eq!(sealed.await.as_deref(), Some(b"sealed".as_slice()));
    let names = write(&store, |tx| Box::pin(connections::list(tx))).await;
    assert_eq!(names.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), [DATABASE_CONNECTION, "acme"]);
    let by_name = write(&store, |tx| Box::pin(connections::find_by_name(tx, DATABASE_CONNECTION))).await;
    assert_eq!(by_name.unwrap().audience, Audience::Everyone);
}

async fn a_name_is_taken_once(database: Database) {
    let store = furnished(&database, listed(&[])).await;
    let again = write(&store, |tx| {
        let second = Connection { id: ConnectionId::new("con_second"), ..acme(listed(&["a"])) };
        Box::pin(async move { connections::insert(tx, &second, None).await })
    });
    assert!(!again.await);
    assert_eq!(find(&store).await.audience, listed(&[]));
}

async fn a_change_leaves_name_and_audience_alone(database: Database) {
    let store = furnished(&database, listed(&["a"])).await;
    write(&store, |tx| {
        Box::pin(async move {
            let changed = Connection {
                name: "other".to_owned(),
                display_name: "ACME".to_owned(),
                audience: Audience::Everyone,
                enabled: false,
                merge_rule: MergeRule::Never,
                ..acme(Audience::Everyone)
            };
            assert!(connections::update(tx, &changed).await?);
            connections::set_secret(tx, &changed.id, None).await?;
            assert_eq!(connections::sealed_secret(tx, &changed.id).await?, None);
            let gone = Connection { id: ConnectionId::new("con_gone"), ..changed };
            assert!(!connections::update(tx, &gone).await?);
            Ok(())
        })
    })
    .await;
    let found = find(&store).await;
    assert_eq!((found.name.as_str(), found.display_name.as_str(), found.enabled), ("acme", "ACME", false));
    assert_eq!((found.audience, found.merge_rule), (listed(&["a"]), MergeRule::Never));
}

async fn only_what_is_open_is_usable(database: Database) {
    let store = furnished(&database, listed(&["a"])).await;
    assert_eq!(usable(&store, Some("a")).await, [DATABASE_CONNECTION, "acme"]);
    assert_eq!(usable(&store, Some("b")).await, [DATABASE_CONNECTION]);
    assert_eq!(usable(&store, None).await, [DATABASE_CONNECTION, "acme"]);
    let offered = write(&store, |tx| {
        Box::pin(async move { connections::usable(tx, None, Some(&["acme".to_owned(), "gone".to_owned()])).await })
    });
    assert_eq!(offered.await.len(), 1);
    write(&store, |tx| {
        Box::pin(async move { connections::disable_for(tx, &ConnectionId::new("con_acme"), &ClientId::new("a")).await })
    })
    .await;
    assert_eq!(usable(&store, None).await, [DATABASE_CONNECTION], "enabled for nobody");
    write(&store, |tx| {
        Box::pin(async move {
            connections::set_audience(tx, &ConnectionId::new("con_acme"), &Audience::Everyone).await?;
            connections::update(tx, &Connection { enabled: false, ..acme(Audience::Everyone) }).await
        })
    })
    .await;
    assert_eq!(usable(&store, Some("b")).await, [DATABASE_CONNECTION], "switched off for everybody");
}

async fn an_audience_can_be_narrowed(database: Database) {
    let store = furnished(&database, Audience::Everyone).await;
    assert_eq!(usable(&store, Some("a")).await.len(), 2);
    write(&store, |tx| {
        Box::pin(async move {
            let id = ConnectionId::new("con_acme");
            connections::enable_for(tx, &id, &ClientId::new("a")).await?;
            connections::list_every_client(tx, &id).await?;
            connections::disable_for(tx, &id, &ClientId::new("b")).await
        })
    })
    .await;
    assert_eq!(find(&store).await.audience, listed(&["a"]));
    write(&store, |tx| {
        Box::pin(async move { connections::set_audience(tx, &ConnectionId::new("con_acme"), &listed(&["b"])).await })
    })
    .await;
    assert_eq!(find(&store).await.audience, listed(&["b"]));
}

async fn a_connection_in_use_stays(database: Database) {
    let store = furnished(&database, listed(&["a"])).await;
    write(&store, |tx| {
        Box::pin(async move {
            let (id, now) = (ConnectionId::new("con_acme"), Timestamp::from_millis(0));
            let user = User::invited(UserId::new("auth0|1"), Email::parse("anna@example.org").unwrap(), now);
            users::insert(tx, &user).await?;
            let claims = UpstreamIdentity {
                connection: id.clone(),
                issuer: "https://acme.example/".to_owned(),
                subject: "7".to_owned(),
                email: None,
                email_verified: false,
                profile: Profile::default(),
            };
            let identity = Identity {
                id: IdentityId::new("idn_1"),
                user: user.id.clone(),
                claims,
                linked_by: LinkRule::Api,
                linked_at: now,
                last_used_at: None,
            };
            assert!(identities::insert(tx, &identity).await?);
            assert!(connections::is_used(tx, &id).await?);
            assert!(!connections::delete_unused(tx, &id).await?);
            identities::delete_of_user(tx, &user.id).await?;
            assert!(!connections::is_used(tx, &id).await?);
            assert!(connections::delete_unused(tx, &id).await?);
            assert!(!connections::delete_unused(tx, &id).await?);
            assert!(connections::find(tx, &id).await?.is_none());
            Ok(())
        })
    })
    .await;
}

async fn a_deleted_client_leaves_the_list(database: Database) {
    let store = furnished(&database, listed(&["a", "b"])).await;
    write(&store, |tx| Box::pin(async move { clients::delete(tx, &ClientId::new("a")).await })).await;
    assert_eq!(find(&store).await.audience, listed(&["b"]));
}

/// Each looks whether there is a third connection, and makes one if not. Under other ids and names nothing else keeps
/// them apart.
async fn of_many_who_hold_the_list_and_look_one_is_first(database: Database) {
    let store = furnished(&database, listed(&[])).await;
    let makers = (0..16).map(|maker| {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(move |tx| {
                    let (id, name) = (ConnectionId::new(format!("con_{maker}")), format!("maker-{maker}"));
                    let mine = Connection { id, name, ..acme(listed(&[])) };
                    Box::pin(async move {
                        connections::hold_list(tx).await?;
                        let is_first = connections::list(tx).await?.len() == 2;
                        Ok::<_, StoreError>(is_first && connections::insert(tx, &mine, None).await?)
                    })
                })
                .await
        })
    });
    let mut made = 0;
    for maker in makers.collect::<Vec<_>>() {
        made += usize::from(maker.await.unwrap().unwrap());
    }
    assert_eq!(made, 1);
    assert_eq!(write(&store, |tx| Box::pin(connections::list(tx))).await.len(), 3);
}
