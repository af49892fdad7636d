//! Finding users, alike on both engines.

use crate::database::{Database, on_both_engines};
use guestlist_domain::connection::{
    Audience, Connection, DATABASE_CONNECTION, MergeRule, Strategy, UpstreamOptions, UpstreamSettings,
};
use guestlist_domain::email::Email;
use guestlist_domain::filter::Filter::{All, Any, Everybody, Is, Not};
use guestlist_domain::filter::Span;
use guestlist_domain::identity::{Identity, LinkRule, UpstreamIdentity};
use guestlist_domain::ids::{ConnectionId, IdentityId, UserId};
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Profile, User};
use guestlist_domain::user_filter::{
    Fact, FlagField, OrderField, TextField, TextMatch, TimeField, UserFilter, UserOrder,
};
use guestlist_store::{Store, StoreError, connections, identities, user_search, users};

on_both_engines!(
    texts_are_found,
    what_is_missing_is_not_found_and_not_not_found,
    a_name_that_one_engine_cannot_say_spoils_no_search,
    flags_moments_and_identities_are_found,
    conditions_combine,
    pages_follow_the_order,
    identities_of_a_page_come_together,
);

fn user(n: i64, email: &str, name: Option<&str>) -> User {
    let profile = Profile { name: name.map(str::to_owned), ..Profile::default() };
    let email = Email::parse(email).unwrap();
    User { profile, ..User::invited(UserId::new(format!("auth0|{n}")), email, Timestamp::from_millis(n * 1_000)) }
}

fn people() -> Vec<User> {
    vec![
        User { blocked: true, ..user(1, "anna@example.org", Some("Anna Berg")) },
        User {
            email_verified: true,
            last_login_at: Some(Timestamp::from_millis(50)),
            ..user(2, "ben@example.com", Some("Ben_100%"))
        },
        user(3, "cleo@example.org", None),
        User { logins_count: 9, ..user(4, "dora_x@example.org", Some("anna lind")) },
    ]
}

async fn furnished(database: &Database) -> Store {
    let store = Store::open(&database.settings()).await.unwrap();
    let done: Result<(), StoreError> = store
        .write(|tx| {
            Box::pin(async move {
                for person in people() {
                    users::insert(tx, &person).await?;
                }
                connections::insert(tx, &acme(), None).await?;
                for (n, subject) in [(2, "b1"), (2, "b2"), (4, "d1")] {
                    identities::insert(tx, &identity(n, subject)).await?;
                }
                Ok(())
            })
        })
        .await;
    done.unwrap();
    store
}

fn acme() -> Connection {
    Connection {
        id: ConnectionId::new("con_acme"),
        name: "acme".to_owned(),
        display_name: "Acme".to_owned(),
        strategy: Strategy::Oidc,
        upstream: Some(UpstreamOptions {
            issuer: "https://acme.example/".to_owned(),
            client_id: "us".to_owned(),
            client_secret: None,
            scope: "openid".to_owned(),
            settings: UpstreamSettings::default(),
        }),
        enabled: true,
        audience: Audience::Everyone,
        authoritative_domains: Vec::new(),
        merge_rule: MergeRule::Confirm,
        created_at: Timestamp::from_millis(0),
    }
}

fn identity(n: i64, subject: &str) -> Identity {
    Identity {
        id: IdentityId::new(format!("idn_{subject}")),
        user: UserId::new(format!("auth0|{n}")),
        claims: UpstreamIdentity {
            connection: ConnectionId::new("con_acme"),
            issuer: "https://acme.example/".to_owned(),
            subject: subject.to_owned(),
            email: None,
            email_verified: false,
            profile: Profile::default(),
        },
        linked_by: LinkRule::OwnAccount,
        linked_at: Timestamp::from_millis(n),
        last_used_at: None,
    }
}

async fn page(store: &Store, filter: UserFilter, order: UserOrder, limit: i64, offset: i64) -> Vec<String> {
    let found: Result<Vec<User>, StoreError> = store
        .read(move |tx| {
            let filter = filter.clone();
            Box::pin(async move { user_search::list(tx, &filter, order, limit, offset).await })
        })
        .await;
    found.unwrap().iter().map(|user| user.id.suffix().to_owned()).collect()
}

/// The users that a filter holds for, after checking that counting agrees with listing.
async fn found(store: &Store, filter: UserFilter) -> Vec<String> {
    let listed = page(store, filter.clone(), UserOrder::default(), 100, 0).await;
    let counted: Result<i64, StoreError> = store
        .read(move |tx| {
            let filter = filter.clone();
            Box::pin(async move { user_search::count(tx, &filter).await })
        })
        .await;
    assert_eq!(counted.unwrap(), i64::try_from(listed.len()).unwrap());
    listed
}

fn text(field: TextField, how: fn(String) -> TextMatch, text: &str) -> UserFilter {
    Is(Fact::Text(field, how(text.to_owned())))
}

async fn texts_are_found(database: Database) {
    use TextField::{Email as Address, Id, Name};
    use TextMatch::{Inside, Prefix, Whole};
    let store = furnished(&database).await;
    assert_eq!(found(&store, text(Address, Whole, "Anna@Example.org")).await, ["1"]);
    assert_eq!(found(&store, text(Address, Prefix, "dora_")).await, ["4"]);
    assert_eq!(found(&store, text(Address, Prefix, "d_")).await, [""; 0], "an underscore is no wildcard");
    assert_eq!(found(&store, text(Id, Whole, "auth0|3")).await, ["3"]);
    assert_eq!(found(&store, text(Id, Whole, "AUTH0|3")).await, [""; 0]);
    assert_eq!(found(&store, text(Name, Prefix, "ANNA")).await, ["1", "4"]);
    assert_eq!(found(&store, text(Name, Whole, "anna berg")).await, ["1"]);
    assert_eq!(found(&store, text(Name, Inside, "100%")).await, ["2"]);
    assert_eq!(found(&store, text(Name, Inside, "0%b")).await, [""; 0]);
    assert_eq!(found(&store, Is(Fact::EmailDomain("example.org".to_owned()))).await, ["1", "3", "4"]);
    assert_eq!(found(&store, text(Name, Whole, "' OR 1=1 --")).await, [""; 0]);
}

async fn what_is_missing_is_not_found_and_not_not_found(database: Database) {
    let store = furnished(&database).await;
    let named_anna = text(TextField::Name, TextMatch::Whole, "anna berg");
    assert_eq!(found(&store, Not(Box::new(named_anna))).await, ["2", "3", "4"], "who has no name is not Anna");
    assert_eq!(found(&store, Is(Fact::Has(TextField::Name))).await, ["1", "2", "4"]);
    assert_eq!(found(&store, Not(Box::new(Is(Fact::Has(TextField::Name))))).await, ["3"]);
}

async fn a_name_that_one_engine_cannot_say_spoils_no_search(database: Database) {
    let store = furnished(&database).await;
    let odd: Result<(), StoreError> = store
        .write(|tx| Box::pin(async move { users::insert(tx, &user(5, "odd@example.org", Some("a\0b"))).await }))
        .await;
    odd.unwrap();
    assert_eq!(found(&store, text(TextField::Name, TextMatch::Prefix, "ann")).await, ["1", "4"]);
    let by_name = UserOrder { by: OrderField::Name, descending: true };
    assert_eq!(page(&store, Everybody, by_name, 9, 0).await.len(), 5);
}

async fn flags_moments_and_identities_are_found(database: Database) {
    let store = furnished(&database).await;
    assert_eq!(found(&store, Is(Fact::Flag(FlagField::Blocked, true))).await, ["1"]);
    assert_eq!(found(&store, Is(Fact::Flag(FlagField::EmailVerified, false))).await, ["1", "3", "4"]);
    let at = |n: i64| Some(Timestamp::from_millis(n * 1_000));
    let born = |from, before| Is(Fact::Moment(TimeField::CreatedAt, Span { from, before }));
    assert_eq!(found(&store, born(at(2), at(4))).await, ["2", "3"]);
    assert_eq!(found(&store, born(at(4), None)).await, ["4"]);
    assert_eq!(found(&store, born(None, at(2))).await, ["1"]);
    assert_eq!(found(&store, Is(Fact::Moment(TimeField::LastLogin, Span::default()))).await, ["2"]);
    assert_eq!(found(&store, Is(Fact::Connection("acme".to_owned()))).await, ["2", "4"]);
    assert_eq!(found(&store, Is(Fact::Connection(DATABASE_CONNECTION.to_owned()))).await.len(), 4);
    assert_eq!(found(&store, Is(Fact::Provider("oidc".to_owned()))).await, ["2", "4"]);
    assert_eq!(found(&store, Is(Fact::Provider("auth0".to_owned()))).await.len(), 4);
}

async fn conditions_combine(database: Database) {
    let store = furnished(&database).await;
    let at_org = || Is(Fact::EmailDomain("example.org".to_owned()));
    let blocked = || Is(Fact::Flag(FlagField::Blocked, true));
    assert_eq!(found(&store, All(vec![at_org(), Not(Box::new(blocked()))])).await, ["3", "4"]);
    assert_eq!(found(&store, Any(vec![blocked(), Is(Fact::Provider("oidc".to_owned()))])).await, ["1", "2", "4"]);
    assert_eq!(found(&store, All(Vec::new())).await.len(), 4);
    assert_eq!(found(&store, Any(Vec::new())).await.len(), 0);
}

async fn pages_follow_the_order(database: Database) {
    let store = furnished(&database).await;
    let by = |by, descending| UserOrder { by, descending };
    assert_eq!(page(&store, Everybody, UserOrder::default(), 2, 1).await, ["2", "3"]);
    assert_eq!(page(&store, Everybody, UserOrder::default(), 2, 4).await, [""; 0]);
    assert_eq!(page(&store, Everybody, by(OrderField::CreatedAt, true), 9, 0).await, ["4", "3", "2", "1"]);
    assert_eq!(page(&store, Everybody, by(OrderField::Email, true), 9, 0).await, ["4", "3", "2", "1"]);
    assert_eq!(page(&store, Everybody, by(OrderField::LastLogin, true), 1, 0).await, ["2"]);
    assert_eq!(page(&store, Everybody, by(OrderField::LastLogin, false), 9, 0).await, ["1", "3", "4", "2"]);
    assert_eq!(page(&store, Everybody, by(OrderField::LoginsCount, true), 1, 0).await, ["4"]);
    assert_eq!(page(&store, Everybody, by(OrderField::Name, false), 1, 0).await, ["3"], "who has no name is first");
    assert_eq!(page(&store, Everybody, by(OrderField::UpdatedAt, false), 1, 0).await, ["1"]);
    assert_eq!(page(&store, Everybody, by(OrderField::Id, true), 1, 0).await, ["4"]);
}

async fn identities_of_a_page_come_together(database: Database) {
    let store = furnished(&database).await;
    let found: Result<Vec<Identity>, StoreError> = store
        .read(|tx| {
            Box::pin(async move {
                let ids = [UserId::new("auth0|1"), UserId::new("auth0|2"), UserId::new("auth0|4")];
                user_search::identities_of(tx, &ids.iter().collect::<Vec<_>>()).await
            })
        })
        .await;
    let subjects: Vec<String> = found.unwrap().into_iter().map(|identity| identity.claims.subject).collect();
    assert_eq!(subjects, ["b1", "b2", "d1"]);
    let nobody: Result<Vec<Identity>, StoreError> =
        store.read(|tx| Box::pin(user_search::identities_of(tx, &[]))).await;
    assert!(nobody.unwrap().is_empty());
}
