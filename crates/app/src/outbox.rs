//! Mails, queued in the transaction of the act that wants them sent. A building block: acts call it, it calls no act.
//!
//! Owns the way a mail gets into the outbox, its link's secret sealed. Must not know words or SMTP.

use crate::app::App;
use crate::error::Unexpected;
use guestlist_domain::email::Email;
use guestlist_domain::ids::{MailId, UserId};
use guestlist_domain::mail::{Occasion, OutboxMail};
use guestlist_domain::secret::Secret;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use guestlist_store::{StoreError, Tx, outbox};

/// The use of the master key for secrets that wait in the outbox.
pub(crate) const SEALED_AS: &str = "outbox";

/// A mail about to be queued.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    pub(crate) occasion: Occasion,
    pub(crate) to: &'a Email,
    pub(crate) user: &'a UserId,
    pub(crate) locale: Option<&'a str>,
}

impl<'a> Letter<'a> {
    /// To a user, at the user's address.
    pub(crate) fn to(user: &'a User, occasion: Occasion) -> Self {
        Self { occasion, to: &user.email, user: &user.id, locale: None }
    }
}

/// Queues a mail without a link. Does nothing where no mail can leave.
pub(crate) async fn enqueue(app: &App, tx: &mut Tx<'_>, letter: Letter<'_>, now: Timestamp) -> Result<(), StoreError> {
    if app.sends_mail() { queue(app, tx, letter, None, now).await } else { Ok(()) }
}

/// Queues a mail whose link carries `secret`.
pub(crate) async fn enqueue_link(
    app: &App,
    tx: &mut Tx<'_>,
    letter: Letter<'_>,
    secret: &Secret,
    now: Timestamp,
) -> Result<(), Unexpected> {
    enqueue_sealed(app, tx, letter, secret.expose(), now).await
}

/// Queues a mail that tells `secret`.
pub(crate) async fn enqueue_sealed(
    app: &App,
    tx: &mut Tx<'_>,
    letter: Letter<'_>,
    secret: &str,
    now: Timestamp,
) -> Result<(), Unexpected> {
    let sealed = app.seal().seal(SEALED_AS, secret.as_bytes(), app.entropy())?;
    Ok(queue(app, tx, letter, Some(sealed), now).await?)
}

async fn queue(
    app: &App,
    tx: &mut Tx<'_>,
    letter: Letter<'_>,
    sealed_secret: Option<Vec<u8>>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mail = OutboxMail {
        id: MailId::mint(now, app.entropy().bytes()),
        occasion: letter.occasion,
        recipient: letter.to.clone(),
        user: Some(letter.user.clone()),
        locale: letter.locale.map(str::to_owned),
        sealed_secret,
        attempts: 0,
        created_at: now,
    };
    outbox::insert(tx, &mail).await
}
