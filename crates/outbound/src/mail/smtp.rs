//! Mail by SMTP.
//!
//! Owns the conversation with one configured mail server: its encryption, which never falls back to plain text, its
//! few open connections, its time limit, and the reading of its answers. Must not know why a mail is sent.

mod server;

pub use server::SmtpUrlError;

use super::message::{self, Letter};
use super::{MailTransport, RenderedMail};
use async_trait::async_trait;
use guestlist_domain::mail::Failure;
use guestlist_domain::secret::Sensitive;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::{Error as SmtpError, response::Severity};
use server::Server;
use std::error::Error as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// Open connections that are kept for the next mail.
const MAX_IDLE: usize = 4;
/// Of what a mail server says, no more is kept.
const MAX_REASON: usize = 300;

/// Which mail server, and how.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// `smtp://`, `smtps://` or `smtp+starttls://`, with user and password if the server wants them. Plain `smtp://`
    /// is for a server nearby: on loopback, a private address or a name without a domain. To another it needs
    /// `?plaintext=allow`, and it never carries a password there.
    pub url: Sensitive,
    /// Certificates, in PEM, to trust besides those of the system.
    pub root_certificates: Option<Vec<u8>>,
    /// For one mail from the first word to the last. Shorter than [`guestlist_domain::mail::LEASE`], so that nobody
    /// else has begun to send the same mail before this try is over.
    pub timeout: Duration,
}

impl SmtpSettings {
    /// A server by its URL; everything else as usual.
    pub fn new(url: Sensitive) -> Self {
        Self { url, root_certificates: None, timeout: Duration::from_mins(1) }
    }
}

/// A mail server.
pub struct SmtpTransport {
    server: Server,
    timeout: Duration,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
}

impl SmtpTransport {
    /// Reads the settings; speaks to nobody yet.
    pub fn new(settings: &SmtpSettings) -> Result<Self, SmtpUrlError> {
        let server = Server::parse(settings.url.expose(), settings.root_certificates.as_deref())?;
        Ok(Self { server, timeout: settings.timeout, idle: Mutex::default() })
    }

    /// A server by its URL; everything else as usual.
    pub fn from_url(url: &str) -> Result<Self, SmtpUrlError> {
        Self::new(&SmtpSettings::new(Sensitive::new(url)))
    }

    /// A connection that answers: an open one if there is one, else a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        while let Some(mut connection) = self.take_idle() {
            if connection.test_connected().await {
                return Ok(connection);
            }
        }
        self.server.connect().await
    }

    fn take_idle(&self) -> Option<AsyncSmtpConnection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }

    /// Only a connection on which everything went well is kept. Any other is dropped, which closes it: what the server
    /// would make of the next words is not known.
    async fn deliver(&self, letter: &Letter) -> Result<(), Failure> {
        let mut connection = self.connection().await.map_err(|error| Failure::Transient(reason(&error)))?;
        hand_over(&mut connection, letter).await?;
        self.keep(connection);
        Ok(())
    }

    async fn greet(&self) -> Result<(), SmtpError> {
        let connection = self.connection().await?;
        self.keep(connection);
        Ok(())
    }
}

/// One mail on one connection. A 5xx answer is final where it is about this recipient or this text; an answer about
/// the connection, about us or about our address is the operator's to mend, and the mail waits.
async fn hand_over(connection: &mut AsyncSmtpConnection, letter: &Letter) -> Result<(), Failure> {
    let mut parameters = Vec::new();
    if !letter.bytes.is_ascii() && connection.server_info().supports_feature(Extension::EightBitMime) {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let sender = Mail::new(Some(letter.sender.clone()), parameters);
    connection.command(sender).await.map_err(|error| Failure::Transient(reason(&error)))?;
    let recipient = Rcpt::new(letter.recipient.clone(), Vec::new());
    connection.command(recipient).await.map_err(|error| verdict(&error))?;
    connection.command(Data).await.map_err(|error| verdict(&error))?;
    connection.message(&letter.bytes).await.map_err(|error| verdict(&error))?;
    Ok(())
}

fn verdict(error: &SmtpError) -> Failure {
    let refused = error.status().is_some_and(|code| {
        // RFC 4954, section 6: 530 asks for a login, which is no fault of the recipient.
        code.severity == Severity::PermanentNegativeCompletion && u16::from(code) != 530
    });
    if refused { Failure::Permanent(reason(error)) } else { Failure::Transient(reason(error)) }
}

/// What to show the operator: the code and the words of the answer, or what the network said.
fn reason(error: &SmtpError) -> String {
    let words = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let text = error.status().map_or_else(|| words.clone(), |code| format!("{code} {words}"));
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_REASON).collect()
}

#[async_trait]
impl MailTransport for SmtpTransport {
    async fn send(&self, mail: &RenderedMail) -> Result<(), Failure> {
        let letter = message::compose(mail).map_err(|error| Failure::Permanent(error.to_string()))?;
        let late = || Failure::Transient("the mail server did not answer in time".to_owned());
        timeout(self.timeout, self.deliver(&letter)).await.unwrap_or_else(|_| Err(late()))
    }

    async fn check(&self) -> Result<(), String> {
        match timeout(self.timeout, self.greet()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(reason(&error)),
            Err(_) => Err("the mail server did not answer in time".to_owned()),
        }
    }
}
