//! The house with its doors still closed: everything an act needs, in one place.
//!
//! Owns what lives as long as the process. Acts borrow it; none of them keeps anything that decides in its memory.

use crate::clock::{Clock, Entropy};
use crate::connections;
use crate::error::{ActError, Unexpected};
use crate::keys;
use crate::keys::KeyRing;
use crate::passwords::Hasher;
use crate::rules::Rules;
use crate::seal::Seal;
use crate::settings::{MailRoad, MailSettings, PublicUrl, Settings, Timekeeping};
use crate::timekeeping;
use guestlist_domain::email::Email;
use guestlist_domain::time::Timestamp;
use guestlist_outbound::http::{HttpClient, HttpSettings};
use guestlist_outbound::mail::{MailTransport, MemoryTransport, Sender, SmtpSettings, SmtpTransport};
use guestlist_outbound::upstream::Upstreams;
use guestlist_outbound::webhook::Messenger;
use guestlist_store::{BoxFuture, Store, StoreError, Tx};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// An open house. Clones share it.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    timekeeping: Timekeeping,
    entropy: Arc<dyn Entropy>,
    seal: Seal,
    public_url: PublicUrl,
    first_administrator: Email,
    mail: MailSettings,
    transport: Transport,
    upstreams: Upstreams,
    messenger: Messenger,
    allow_private_upstreams: bool,
    hasher: Hasher,
    keys: KeyRing,
    rules: Rules,
    outbox_has_work: Notify,
    deliveries_queued: AtomicU64,
    webhooks_have_work: Notify,
}

/// The open end of the mail's road.
enum Transport {
    None,
    Smtp(SmtpTransport),
    Memory(MemoryTransport),
}

impl App {
    /// Opens the store, brings its schema up to date and gets ready to act.
    pub async fn open(
        settings: Settings,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Unexpected> {
        let seal = Seal::new(&settings.secret_key)?;
        let transport = open_road(&settings.mail.road)?;
        let http = HttpClient::new(&HttpSettings {
            allow_private: settings.allow_private_upstreams,
            ..HttpSettings::default()
        })?;
        let messenger = Messenger::new(settings.allow_private_upstreams, settings.webhook_answer_within)?;
        let store = Store::open(&settings.store).await?;
        timekeeping::start(&store, &*clock, settings.timekeeping).await?;
        let app = Self {
            inner: Arc::new(Inner {
                store,
                clock,
                timekeeping: settings.timekeeping,
                entropy,
                seal,
                first_administrator: settings.first_administrator,
                public_url: settings.public_url,
                mail: settings.mail,
                transport,
                upstreams: Upstreams::new(http),
                messenger,
                allow_private_upstreams: settings.allow_private_upstreams,
                hasher: Hasher::new(settings.hashing_slots),
                keys: KeyRing::default(),
                rules: Rules::default(),
                outbox_has_work: Notify::new(),
                deliveries_queued: AtomicU64::new(0),
                webhooks_have_work: Notify::new(),
            }),
        };
        connections::ensure_database(&app).await?;
        keys::prepare(&app).await?;
        Ok(app)
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.inner.clock
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Where outsiders reach us.
    pub fn public_url(&self) -> &PublicUrl {
        &self.inner.public_url
    }

    /// The master key at work.
    pub fn seal(&self) -> &Seal {
        &self.inner.seal
    }

    /// The random source.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.inner.entropy
    }

    /// Which rules hold.
    pub(crate) fn rules(&self) -> &Rules {
        &self.inner.rules
    }

    /// Whether mail leaves at all. Where not, links are shown to whoever invites.
    pub fn sends_mail(&self) -> bool {
        !matches!(self.inner.transport, Transport::None)
    }

    /// The mails that "left" for memory, if that is the road: for `guestlist dev` and the tests.
    pub fn mailbox(&self) -> Option<&MemoryTransport> {
        match &self.inner.transport {
            Transport::Memory(transport) => Some(transport),
            Transport::None | Transport::Smtp(_) => None,
        }
    }

    /// Whether the database answers.
    pub async fn is_ready(&self) -> Result<(), StoreError> {
        self.inner.store.ping().await
    }

    /// Finishes what was accepted and closes the database.
    pub async fn shut_down(&self) {
        let leaves_mark = self.inner.timekeeping != Timekeeping::Visits;
        if leaves_mark && let Err(error) = timekeeping::note(&self.inner.store, self.clock()).await {
            tracing::warn!(%error, "the moment of the end could not be noted");
        }
        self.inner.store.shut_down().await;
    }

    /// Runs an act in one transaction. If somebody else changed a row meanwhile, it runs again on fresh facts, twice at
    /// the most.
    pub(crate) async fn write<T, E, F>(&self, act: F) -> Result<T, E>
    where
        F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: ActError,
    {
        let act = Arc::new(act);
        let queued = self.inner.deliveries_queued.load(Ordering::Relaxed);
        for _ in 0..2 {
            let run = Arc::clone(&act);
            match self.inner.store.write(move |tx| run(tx)).await {
                Err(error) if error.is_conflict() => {}
                done => {
                    self.wake_webhooks_since(queued);
                    return done;
                }
            }
        }
        let done = self.inner.store.write(move |tx| act(tx)).await;
        self.wake_webhooks_since(queued);
        done
    }

    /// Says that the act at hand queues something for webhooks. It is not committed yet: [`App::write`] wakes the job.
    pub(crate) fn note_queued_deliveries(&self) {
        self.inner.deliveries_queued.fetch_add(1, Ordering::Relaxed);
    }

    /// An act queued something, this one or its neighbour: looking once too often costs a read.
    fn wake_webhooks_since(&self, queued: u64) {
        if self.inner.deliveries_queued.load(Ordering::Relaxed) != queued {
            self.inner.webhooks_have_work.notify_one();
        }
    }

    /// Runs an act that only reads.
    pub(crate) async fn read<T, E, F>(&self, act: F) -> Result<T, E>
    where
        F: for<'a, 'b> Fn(&'a mut Tx<'b>) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: ActError,
    {
        self.inner.store.read(act).await
    }

    pub(crate) fn first_administrator(&self) -> &Email {
        &self.inner.first_administrator
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.inner.hasher
    }

    pub(crate) fn keys(&self) -> &KeyRing {
        &self.inner.keys
    }

    pub(crate) fn upstreams(&self) -> &Upstreams {
        &self.inner.upstreams
    }

    pub(crate) fn transport(&self) -> Option<&dyn MailTransport> {
        match &self.inner.transport {
            Transport::None => None,
            Transport::Smtp(transport) => Some(transport),
            Transport::Memory(transport) => Some(transport),
        }
    }

    pub(crate) fn mail_sender(&self) -> Sender {
        Sender { name: self.inner.mail.from_name.clone(), address: self.inner.mail.from.clone() }
    }

    pub(crate) fn outbox_has_work(&self) -> &Notify {
        &self.inner.outbox_has_work
    }

    pub(crate) fn webhooks_have_work(&self) -> &Notify {
        &self.inner.webhooks_have_work
    }

    pub(crate) fn messenger(&self) -> &Messenger {
        &self.inner.messenger
    }

    /// Whether the operator vouches for private addresses, and plain http on loopback.
    pub(crate) fn allows_private_upstreams(&self) -> bool {
        self.inner.allow_private_upstreams
    }
}

fn open_road(road: &MailRoad) -> Result<Transport, Unexpected> {
    Ok(match road {
        MailRoad::None => Transport::None,
        MailRoad::Memory => Transport::Memory(MemoryTransport::new()),
        MailRoad::Smtp { url, root_certificates } => {
            let settings =
                SmtpSettings { root_certificates: root_certificates.clone(), ..SmtpSettings::new(url.clone()) };
            let transport = SmtpTransport::new(&settings);
            Transport::Smtp(transport.map_err(|error| Unexpected::Broken(format!("the mail server's URL: {error}")))?)
        }
    })
}
