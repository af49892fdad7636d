//! The cellar of a house: its database, entered without knocking.
//!
//! A test that says "nothing changed" compares all rows of all tables before and after; a test that says "even if that
//! rule failed" plants the rows that no door would let in. It knows tables and columns, and nothing of what they mean.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a database that is not as a test expects fails it"
)]

use crate::clock::SeededEntropy;
use guestlist_app::Entropy;
use guestlist_domain::connection::Connection;
use guestlist_domain::email::Email;
use guestlist_domain::event::{Event, EventKind};
use guestlist_domain::grant::TokenKind;
use guestlist_domain::identity::{Identity, LinkRule, UpstreamIdentity};
use guestlist_domain::ids::{ClientId, GrantId, IdentityId, SessionId, TicketId};
use guestlist_domain::secret::{Purpose, Secret};
use guestlist_domain::session::{Method, Session};
use guestlist_domain::ticket::{Channel, ResetTicket};
use guestlist_domain::time::{Timestamp, days};
use guestlist_domain::user::{Profile, User};
use guestlist_store::{
    BoxFuture, Engine, Row, Store, StoreError, StoreSettings, Tx, connections, events, identities, p, passwords,
    sessions, tickets, users,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Every row as text, by table.
pub type Contents = BTreeMap<String, Vec<String>>;

/// A database behind its house's back.
pub struct Cellar {
    store: Store,
    entropy: Box<dyn Entropy>,
    told: Mutex<BTreeSet<String>>,
}

/// Whose plantings do not look like the house's own.
const SEED: u64 = 77;

impl Cellar {
    pub(crate) async fn under(house: &StoreSettings) -> Self {
        let settings = StoreSettings { exclusive: false, read_threads: 1, ..house.clone() };
        let store = Store::open(&settings).await.expect("the cellar opens");
        Self { store, entropy: Box::new(SeededEntropy::new(SEED)), told: Mutex::default() }
    }

    async fn read<T, F>(&self, act: F) -> T
    where
        F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> BoxFuture<'a, Result<T, StoreError>> + Send + Sync + 'static,
        T: Send + 'static,
    {
        self.store.read(act).await.expect("the database answers")
    }

    async fn write<T, F>(&self, act: F) -> T
    where
        F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> BoxFuture<'a, Result<T, StoreError>> + Send + Sync + 'static,
        T: Send + 'static,
    {
        self.store.write(act).await.expect("the database takes what is planted")
    }

    /// All that is in the database.
    pub async fn contents(&self) -> Contents {
        self.read(|tx| Box::pin(contents(tx))).await
    }

    /// Fails unless the database is as it was, but for these tables.
    #[track_caller]
    pub fn assert_same(before: &Contents, after: &Contents, but: &[&str]) {
        for (table, rows) in before {
            if !but.contains(&table.as_str()) {
                assert_eq!(Some(rows), after.get(table), "the table {table} changed");
            }
        }
    }

    /// What happened since somebody last asked here. A test's clock stands still, so there is no order among them.
    pub async fn news(&self) -> Vec<Event> {
        let latest = self.read(|tx| Box::pin(events::latest(tx, 1000))).await;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        latest.into_iter().filter(|event| told.insert(event.id.to_string())).collect()
    }

    /// The one event of that kind among the news.
    pub async fn news_of(&self, kind: EventKind) -> Event {
        let news = self.news().await;
        let kinds: Vec<EventKind> = news.iter().map(|event| event.kind).collect();
        let mut found = news.into_iter().filter(|event| event.kind == kind);
        match (found.next(), found.next()) {
            (Some(event), None) => event,
            _ => panic!("not one {kind} happened, but {kinds:?}"),
        }
    }

    /// The user of that address.
    pub async fn find_user(&self, email: &str) -> Option<User> {
        let email = Email::parse(email).expect("an address");
        self.read(move |tx| {
            let email = email.clone();
            Box::pin(async move { users::find_by_email(tx, &email).await })
        })
        .await
    }

    /// The user of that address, who must be there.
    pub async fn user(&self, email: &str) -> User {
        self.find_user(email).await.expect("a user of that address")
    }

    /// What is linked to a user, oldest first.
    pub async fn identities(&self, user: &User) -> Vec<Identity> {
        let id = user.id.clone();
        self.read(move |tx| {
            let id = id.clone();
            Box::pin(async move { identities::list(tx, &id).await })
        })
        .await
    }

    /// The grants that nobody revoked, and of how many.
    pub async fn open_grants(&self) -> (Vec<GrantId>, usize) {
        let rows =
            self.read(|tx| Box::pin(async move { tx.rows("SELECT id, revoked_at FROM grants", p![]).await })).await;
        let read = |row: &Row| (row.text(0).expect("an id"), row.opt_time(1).expect("a time"));
        let all: Vec<_> = rows.iter().map(read).collect();
        let open = all.iter().filter(|(_, revoked_at)| revoked_at.is_none()).map(|(id, _)| GrantId::new(id.as_str()));
        (open.collect(), all.len())
    }

    /// A user's password hash.
    pub async fn password(&self, user: &User) -> Option<String> {
        let id = user.id.clone();
        self.read(move |tx| {
            let id = id.clone();
            Box::pin(async move { passwords::find(tx, &id).await })
        })
        .await
    }

    /// The connection of that name.
    pub async fn connection(&self, name: &'static str) -> Connection {
        self.read(move |tx| Box::pin(connections::find_by_name(tx, name))).await.expect("a connection of that name")
    }

    /// Plants a password hash.
    pub async fn plant_password(&self, user: &User, phc: &str, now: Timestamp) {
        let (id, phc) = (user.id.clone(), phc.to_owned());
        self.write(move |tx| {
            let (id, phc) = (id.clone(), phc.clone());
            Box::pin(async move { passwords::set(tx, &id, &phc, now).await })
        })
        .await;
    }

    /// Plants a session of that epoch.
    pub async fn plant_session(&self, user: &User, epoch: i64, now: Timestamp) -> Secret {
        let secret = self.entropy.secret(Purpose::Session);
        let session = Session {
            id: SessionId::mint(now, self.entropy.bytes()),
            user: user.id.clone(),
            user_epoch: epoch,
            method: Method::Password,
            authenticated_at: now,
            created_at: now,
            last_seen_at: now,
        };
        let hash = secret.hash();
        self.write(move |tx| {
            let session = session.clone();
            Box::pin(async move { sessions::insert(tx, &session, hash).await })
        })
        .await;
        secret
    }

    /// Plants an identity.
    pub async fn plant_identity(&self, user: &User, over: &Connection, subject: &str, now: Timestamp) {
        let issuer = over.upstream.as_ref().expect("a connection to a provider").issuer.clone();
        let identity = Identity {
            id: IdentityId::mint(now, self.entropy.bytes()),
            user: user.id.clone(),
            claims: UpstreamIdentity {
                connection: over.id.clone(),
                issuer,
                subject: subject.to_owned(),
                email: Some(user.email.clone()),
                email_verified: true,
                profile: Profile::default(),
            },
            linked_by: LinkRule::OwnAccount,
            linked_at: now,
            last_used_at: None,
        };
        let planted = self
            .write(move |tx| {
                let identity = identity.clone();
                Box::pin(async move { identities::insert(tx, &identity).await })
            })
            .await;
        assert!(planted, "the identity belongs to somebody");
    }

    /// Plants a link to a new password, for that epoch.
    pub async fn plant_reset_ticket(&self, user: &User, epoch: i64, now: Timestamp) -> Secret {
        let secret = self.entropy.secret(Purpose::Reset);
        let ticket = ResetTicket {
            id: TicketId::mint(now, self.entropy.bytes()),
            user: user.id.clone(),
            user_epoch: epoch,
            channel: Channel::Handed,
            mark_email_as_verified: true,
            client: None,
            result_url: None,
            include_email_in_redirect: false,
            created_at: now,
            expires_at: now.plus(days(5)),
            closed: None,
        };
        let hash = secret.hash();
        self.write(move |tx| {
            let ticket = ticket.clone();
            Box::pin(async move { tickets::insert(tx, &ticket, hash).await })
        })
        .await;
        secret
    }

    /// Plants a grant to a client with a refresh token, for that epoch.
    pub async fn plant_refresh_token(&self, user: &User, epoch: i64, client: &str, now: Timestamp) -> Secret {
        let secret = self.entropy.secret(Purpose::Refresh);
        let (grant, session) = (GrantId::mint(now, self.entropy.bytes()), SessionId::mint(now, self.entropy.bytes()));
        let (client, user, hash) = (ClientId::new(client), user.id.clone(), secret.hash());
        self.write(move |tx| {
            let (grant, session, client, user) = (grant.clone(), session.clone(), client.clone(), user.clone());
            Box::pin(async move {
                let scope = "openid offline_access";
                let until = now.plus(days(30));
                let values = p![&grant, &client, &user, epoch, &session, scope, now, now, until];
                tx.exec(
                    "INSERT INTO grants (id, client_id, user_id, user_epoch, session_id, scope, authenticated_at, \
                     created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                    values,
                )
                .await?;
                let values = p![hash, &grant, TokenKind::Refresh.as_str(), scope, now, until];
                tx.exec(
                    "INSERT INTO tokens (hash, grant_id, kind, scope, created_at, expires_at) \
                     VALUES ($1, $2, $3, $4, $5, $6)",
                    values,
                )
                .await
                .map(drop)
            })
        })
        .await;
        secret
    }

    /// Moves a user row to another address, as no door does without moving its invitation too.
    pub async fn move_user(&self, user: &User, to: &str) {
        let (id, to) = (user.id.clone(), Email::parse(to).expect("an address"));
        let moved = self
            .write(move |tx| {
                let (id, to) = (id.clone(), to.clone());
                Box::pin(async move { tx.exec("UPDATE users SET email = $1 WHERE id = $2", p![&to, &id]).await })
            })
            .await;
        assert_eq!(moved, 1, "one user moves");
    }

    /// Takes every role away from a user, as an operator would with the database at hand.
    pub async fn demote(&self, user: &User) {
        let id = user.id.clone();
        let demoted = self
            .write(move |tx| {
                let id = id.clone();
                Box::pin(async move { tx.exec("UPDATE users SET roles = '[]' WHERE id = $1", p![&id]).await })
            })
            .await;
        assert_eq!(demoted, 1, "one user is demoted");
    }

    /// Leads every webhook elsewhere, as no door does that looks at the address.
    pub async fn redirect_webhooks(&self, endpoint: &str) {
        let endpoint = endpoint.to_owned();
        self.write(move |tx| {
            let endpoint = endpoint.clone();
            Box::pin(async move { tx.exec("UPDATE webhooks SET endpoint = $1", p![&endpoint]).await })
        })
        .await;
    }

    /// Switches a connection off for everybody.
    pub async fn switch_off(&self, connection: &Connection) {
        let id = connection.id.clone();
        let switched = self
            .write(move |tx| {
                let id = id.clone();
                Box::pin(async move { tx.exec("UPDATE connections SET enabled = 0 WHERE id = $1", p![&id]).await })
            })
            .await;
        assert_eq!(switched, 1, "one connection is switched off");
    }

    /// From now on every fifth change of an invitation fails as if it had lost a race, and every fifth as a deadlock's
    /// victim. Only PostgreSQL has such failures; a file has one writer.
    pub async fn plant_mishaps(&self) {
        self.write(|tx| {
            Box::pin(async move {
                if tx.engine() == Engine::Postgres {
                    for statement in MISHAPS {
                        tx.exec(statement, p![]).await?;
                    }
                }
                Ok(())
            })
        })
        .await;
    }
}

/// The sequence is not rolled back, so the next run of the same act has another number.
const MISHAPS: [&str; 3] = [
    "CREATE SEQUENCE mishaps",
    "CREATE FUNCTION mishap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN CASE nextval('mishaps') % 5 \
     WHEN 0 THEN RAISE EXCEPTION 'on purpose' USING ERRCODE = '40001'; \
     WHEN 1 THEN RAISE EXCEPTION 'on purpose' USING ERRCODE = '40P01'; \
     ELSE RETURN NEW; END CASE; END $$",
    "CREATE TRIGGER mishap BEFORE UPDATE ON invitations FOR EACH ROW EXECUTE FUNCTION mishap()",
];

async fn contents(tx: &mut Tx<'_>) -> Result<Contents, StoreError> {
    let names = match tx.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        Engine::Postgres => {
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = 'public'"
        }
    };
    let mut contents = Contents::new();
    for table in tx.rows_dynamic(names, p![]).await? {
        let table = table.text(0)?;
        let rows = tx.rows_dynamic(&format!("SELECT * FROM {table}"), p![]).await?;
        let mut rows: Vec<String> = rows.iter().map(shown).collect();
        rows.sort();
        contents.insert(table, rows);
    }
    Ok(contents)
}

/// A row as text. Its first cell that is of no kind is the end of it.
fn shown(row: &Row) -> String {
    let cells = (0..).map_while(|at| {
        let number = || row.opt_int(at).map(|number| number.map(|number| number.to_string()));
        let bytes = || row.opt_bytes(at).map(|bytes| bytes.map(|bytes| data_encoding::HEXLOWER.encode(&bytes)));
        let cell = row.opt_text(at).or_else(|_| number()).or_else(|_| bytes());
        cell.ok().map(|cell| cell.unwrap_or_else(|| "NULL".to_owned()))
    });
    cells.collect::<Vec<_>>().join(" | ")
}
