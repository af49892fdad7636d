//! People, providers and moments to test with, and ways to run acts, one at a time or many at once.
//!
//! Everything is made from a name, so that an act can make it anew instead of carrying it along.

use crate::database::Database;
use guestlist_domain::connection::{
    Audience, Connection, DATABASE_CONNECTION, MergeRule, Strategy, UpstreamOptions, UpstreamSettings,
};
use guestlist_domain::email::Email;
use guestlist_domain::event::Actor;
use guestlist_domain::identity::{Identity, LinkRule, UpstreamIdentity};
use guestlist_domain::ids::{ConnectionId, IdentityId, InvitationId, UserId};
use guestlist_domain::invitation::{Invitation, Link, Terms};
use guestlist_domain::secret::SecretHash;
use guestlist_domain::ticket::Channel;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Lifecycle, Profile, User};
use guestlist_store::{BoxFuture, Store, StoreError, StoreSettings, Target, Tx, connections, invitations, users};
use std::time::Duration;
use tokio::task::JoinSet;

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_796_126_400_000);
pub(crate) const HOUR: Duration = Duration::from_hours(1);
/// Rounds of a race. Each must have exactly one winner.
pub(crate) const ROUNDS: usize = 1_000;
/// Callers in one round.
pub(crate) const CALLERS: usize = 64;
/// Rounds that are on their way together, so that a thousand take seconds.
const SIDE_BY_SIDE: usize = 4;
const ISSUER: &str = "https://acme.example/";

pub(crate) fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

pub(crate) fn hash(text: &str) -> SecretHash {
    SecretHash::of(text.as_bytes())
}

pub(crate) fn id_of(name: &str) -> UserId {
    UserId::new(format!("auth0|{name}"))
}

pub(crate) fn email_of(name: &str) -> Email {
    Email::parse(&format!("{name}@example.org")).unwrap()
}

/// Somebody who is only on the list.
pub(crate) fn pending(name: &str) -> User {
    User::invited(id_of(name), email_of(name), NOW)
}

pub(crate) fn active(name: &str) -> User {
    User { lifecycle: Lifecycle::Active, ..pending(name) }
}

/// An invitation for an hour, still without a link.
pub(crate) fn invitation_for(name: &str) -> Invitation {
    let terms = Terms { lifetime_ms: 3_600_000, ..Terms::default() };
    let id = InvitationId::new(format!("inv_{name}"));
    Invitation::new(id, id_of(name), email_of(name), terms, Actor::Operator, NOW)
}

/// The same with a mailed link, number 1, and a copied one, number 2.
pub(crate) fn linked_invitation_for(name: &str) -> (Invitation, [Link; 2]) {
    let (invitation, mailed) = invitation_for(name).renew(Channel::Mailed, NOW).unwrap();
    let (invitation, handed) = invitation.hand_out(NOW).unwrap();
    (invitation, [mailed, handed])
}

/// Puts somebody on the list, with both links.
pub(crate) async fn put_on_the_list(tx: &mut Tx<'_>, name: &str) -> Result<(), StoreError> {
    let (invitation, links) = linked_invitation_for(name);
    users::insert(tx, &pending(name)).await?;
    invitations::insert(tx, &invitation).await?;
    for link in links {
        let secret = hash(&format!("{} {name}", link.channel.as_str()));
        invitations::insert_link(tx, &link, secret, NOW).await?;
    }
    Ok(())
}

/// A provider's connection of that name.
pub(crate) fn provider(name: &str) -> Connection {
    let upstream = UpstreamOptions {
        issuer: ISSUER.to_owned(),
        client_id: "us".to_owned(),
        client_secret: None,
        scope: "openid".to_owned(),
        settings: UpstreamSettings::default(),
    };
    Connection {
        id: ConnectionId::new(format!("con_{name}")),
        name: name.to_owned(),
        display_name: name.to_owned(),
        strategy: Strategy::Oidc,
        upstream: Some(upstream),
        enabled: true,
        audience: Audience::Everyone,
        authoritative_domains: Vec::new(),
        merge_rule: MergeRule::Confirm,
        created_at: NOW,
    }
}

pub(crate) fn password_database() -> Connection {
    Connection { strategy: Strategy::Database, upstream: None, ..provider(DATABASE_CONNECTION) }
}

/// What the provider `acme` says about one of its people.
pub(crate) fn claims(subject: &str) -> UpstreamIdentity {
    UpstreamIdentity {
        connection: provider("acme").id,
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
        email: Some(email_of(subject)),
        email_verified: true,
        profile: Profile { name: Some(subject.to_owned()), ..Profile::default() },
    }
}

/// An identity at `acme` that belongs to somebody.
pub(crate) fn identity(owner: &str, subject: &str) -> Identity {
    Identity {
        id: IdentityId::new(format!("idn_{owner}_{subject}")),
        user: id_of(owner),
        claims: claims(subject),
        linked_by: LinkRule::OwnAccount,
        linked_at: NOW,
        last_used_at: None,
    }
}

/// A store with the password database and the provider `acme`.
pub(crate) async fn opened(database: &Database) -> Store {
    let store = Store::open(&database.settings()).await.unwrap();
    write(&store, |tx| {
        Box::pin(async move {
            assert!(connections::insert(tx, &password_database(), None).await?);
            assert!(connections::insert(tx, &provider("acme"), None).await?);
            Ok(())
        })
    })
    .await;
    store
}

/// The same as a cluster would see it: one node on SQLite, three on PostgreSQL.
pub(crate) async fn cluster(database: &Database) -> Vec<Store> {
    let first = opened(database).await;
    let Target::Postgres { .. } = database.target() else { return vec![first] };
    let settings: StoreSettings = database.settings();
    vec![first, Store::open(&settings).await.unwrap(), Store::open(&settings).await.unwrap()]
}

/// Runs an act that must succeed.
pub(crate) async fn write<T, F>(store: &Store, act: F) -> T
where
    T: Send + 'static,
    F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> BoxFuture<'a, Result<T, StoreError>> + Send + Sync + 'static,
{
    store.write(act).await.unwrap()
}

/// Runs an act that must fail.
pub(crate) async fn refusal<T, F>(store: &Store, act: F) -> StoreError
where
    T: Send + 'static,
    F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> BoxFuture<'a, Result<T, StoreError>> + Send + Sync + 'static,
{
    store.write(act).await.map(drop).unwrap_err()
}

/// Runs a statement of the test's own, which may write what no function of the store would.
pub(crate) async fn meddle(store: &Store, sql: &'static str) -> Result<u64, StoreError> {
    store.write(move |tx| Box::pin(tx.exec(sql, &[]))).await
}

/// The one number that a statement answers.
pub(crate) async fn number(store: &Store, sql: &'static str) -> i64 {
    write(store, move |tx| Box::pin(async move { tx.row(sql, &[]).await?.expect("a number").int(0) })).await
}

/// Whether a row that was meddled with is told apart from a sound one.
pub(crate) fn is_inconsistent(error: &StoreError, of: &str) -> bool {
    matches!(error, StoreError::Inconsistent { table, .. } if *table == of)
}

/// Runs `act` for every number below `count`, a hundred in one transaction.
pub(crate) async fn lay<F>(store: &Store, count: usize, act: F)
where
    F: for<'a, 'b> Fn(&'a mut Tx<'b>, usize) -> BoxFuture<'a, Result<(), StoreError>> + Send + Sync + Copy + 'static,
{
    for begin in (0..count).step_by(100) {
        write(store, move |tx| {
            Box::pin(async move {
                for n in begin..count.min(begin + 100) {
                    act(tx, n).await?;
                }
                Ok(())
            })
        })
        .await;
    }
}

/// Sets `count` callers to it at once; the answers come in the order of the callers' numbers.
pub(crate) async fn at_once<T, F>(count: usize, caller: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut callers = JoinSet::new();
    for n in 0..count {
        let call = caller(n);
        callers.spawn(async move { (n, call.await) });
    }
    let mut answers = callers.join_all().await;
    answers.sort_by_key(|(n, _)| *n);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Holds every round, some of them side by side.
pub(crate) async fn rounds<F>(count: usize, round: impl Fn(usize) -> F + Clone + Send + Sync + 'static)
where
    F: Future<Output = ()> + Send,
{
    at_once(SIDE_BY_SIDE, |lane| {
        let round = round.clone();
        async move {
            for n in (lane..count).step_by(SIDE_BY_SIDE) {
                round(n).await;
            }
        }
    })
    .await;
}
