//! A real SMTP server on loopback for tests: it speaks RFC 5321 with STARTTLS (RFC 3207) and AUTH (RFC 4954).
//!
//! It owns what was received: envelopes, counts of connections, and an `Inbox` of the messages. Its answers can be
//! scripted, so that a test can play a full mailbox, a greylisting or a dying server. It knows nothing of Guestlist.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a fixture that cannot start fails its test")]

mod conversation;

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::inbox::Inbox;
use crate::tls::LoopbackCertificate;

use conversation::{Conversation, End};

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all, and STARTTLS is not offered.
    #[default]
    Never,
    /// From the STARTTLS command on; mail before it is refused (530).
    StartTls,
    /// From the first byte on.
    Implicit,
}

/// What kind of server to be.
#[derive(Clone, Debug, Default)]
pub struct SmtpOptions {
    /// How connections are encrypted.
    pub tls: SmtpTls,
    /// The only name and password that may send; `None` lets everybody send.
    pub login: Option<(String, String)>,
}

/// A moment of the conversation at which a scripted answer can step in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The first line, before the client has spoken.
    Greeting,
    /// The answer to AUTH.
    Login,
    /// The answer to MAIL FROM.
    Sender,
    /// The answer to RCPT TO for this address.
    Recipient(String),
    /// The answer to DATA.
    Data,
    /// The answer after the final dot. `Close` here keeps the message: the server took it, its answer was lost.
    Message,
}

/// A scripted answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This line, code first: `450 4.2.0 come back later`.
    Line(String),
    /// No answer; the connection ends.
    Close,
}

/// One message as the server took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The address of MAIL FROM.
    pub from: String,
    /// The addresses of RCPT TO that were accepted.
    pub to: Vec<String>,
    /// The message, with dot-stuffing undone.
    pub data: Vec<u8>,
    /// Whether it came through TLS.
    pub encrypted: bool,
    /// Who had logged in.
    pub login: Option<String>,
    /// Which connection it came by, counted from 1.
    pub connection: usize,
}

#[derive(Debug)]
struct Rule {
    stage: Stage,
    answer: Answer,
    once: bool,
}

#[derive(Debug, Default)]
struct Record {
    connections: usize,
    commands: Vec<String>,
    envelopes: Vec<Envelope>,
    rules: Vec<Rule>,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    options: SmtpOptions,
    inbox: Inbox,
    record: Mutex<Record>,
    hang_up: watch::Sender<()>,
}

impl Shared {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().expect("no connection panics while it holds the record")
    }

    /// The scripted answer for this stage, if there is one.
    fn scripted(&self, stage: &Stage) -> Option<Answer> {
        let mut record = self.record();
        let position = record.rules.iter().position(|rule| rule.stage == *stage)?;
        let answer = record.rules.get(position).map(|rule| rule.answer.clone());
        if record.rules.get(position).is_some_and(|rule| rule.once) {
            record.rules.remove(position);
        }
        answer
    }

    fn keep(&self, envelope: Envelope) {
        let data = envelope.data.clone();
        self.record().envelopes.push(envelope);
        self.inbox.deliver(&data);
    }
}

/// The running server; dropping it closes the port and every connection.
#[derive(Debug)]
pub struct SmtpServer {
    port: u16,
    certificate: LoopbackCertificate,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl SmtpServer {
    /// Starts on a free port of 127.0.0.1.
    pub async fn start(options: SmtpOptions) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let certificate = LoopbackCertificate::generate();
        let shared = Arc::new(Shared {
            options,
            inbox: Inbox::default(),
            record: Mutex::default(),
            hang_up: watch::Sender::new(()),
        });
        let accepting = tokio::spawn(accept(listener, certificate.acceptor(), Arc::clone(&shared)));
        Self { port, certificate, shared, accepting }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address as `GUESTLIST_SMTP_URL` takes it, with the login it asks for.
    pub fn url(&self) -> String {
        let scheme = match self.shared.options.tls {
            SmtpTls::Never => "smtp",
            SmtpTls::StartTls => "smtp+starttls",
            SmtpTls::Implicit => "smtps",
        };
        let login = self.shared.options.login.as_ref().map(|(name, password)| format!("{name}:{password}@"));
        format!("{scheme}://{}localhost:{}", login.unwrap_or_default(), self.port)
    }

    /// The certificate that a client must trust.
    pub fn certificate(&self) -> &LoopbackCertificate {
        &self.certificate
    }

    /// Where its messages arrive.
    pub fn inbox(&self) -> Inbox {
        self.shared.inbox.clone()
    }

    /// Every message so far, with its envelope.
    pub fn envelopes(&self) -> Vec<Envelope> {
        self.shared.record().envelopes.clone()
    }

    /// Every command line so far as it came, of all connections; credentials are left out.
    pub fn commands(&self) -> Vec<String> {
        self.shared.record().commands.clone()
    }

    /// How many connections have been made: fewer than messages means that they were reused.
    pub fn connections(&self) -> usize {
        self.shared.record().connections
    }

    /// The next time this stage is reached, the server answers so.
    pub fn answer_once(&self, stage: Stage, answer: Answer) {
        self.shared.record().rules.push(Rule { stage, answer, once: true });
    }

    /// From now on, whenever this stage is reached, the server answers so.
    pub fn answer_always(&self, stage: Stage, answer: Answer) {
        self.shared.record().rules.push(Rule { stage, answer, once: false });
    }

    /// Forgets every scripted answer.
    pub fn answer_normally(&self) {
        self.shared.record().rules.clear();
    }

    /// Ends every open connection without a word, as a restarting server does.
    pub fn hang_up(&self) {
        self.shared.hang_up.send_replace(());
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The connections live in this task's set, so that aborting it ends them too.
async fn accept(listener: TcpListener, tls: TlsAcceptor, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let number = {
            let mut record = shared.record();
            record.connections += 1;
            record.connections
        };
        let (tls, shared) = (tls.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            let mut hung_up = shared.hang_up.subscribe();
            tokio::select! {
                // Looked at first: after `hang_up` not one more command is answered.
                biased;
                _ = hung_up.changed() => {}
                // A client that goes away in the middle is its own affair.
                _ = serve(stream, number, &tls, &shared) => {}
            }
        });
    }
}

async fn serve(stream: TcpStream, number: usize, tls: &TlsAcceptor, shared: &Shared) -> std::io::Result<()> {
    if shared.options.tls == SmtpTls::Implicit {
        let mut encrypted = Conversation::new(tls.accept(stream).await?, shared, number, true);
        encrypted.greet().await?;
        return encrypted.run().await.map(|_| ());
    }
    let mut plain = Conversation::new(stream, shared, number, false);
    plain.greet().await?;
    match plain.run().await? {
        End::Closed => Ok(()),
        End::StartTls => {
            let stream = tls.accept(plain.into_stream()).await?;
            Conversation::new(stream, shared, number, true).run().await.map(|_| ())
        }
    }
}
