//! What a webhook is signed and sent with, in and out of its seal.

use super::WebhookError;
use crate::app::App;
use crate::error::Unexpected;
use guestlist_domain::ids::WebhookId;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::webhook::{Authorization, SigningSecret, Webhook};
use guestlist_store::webhooks;

/// The uses of the master key here.
const SIGNING_USE: &str = "webhook.signing_secret";
const AUTHORIZATION_USE: &str = "webhook.authorization";
/// The longest password or token, and the longest user name, in bytes.
const MAX_CREDENTIAL: usize = 2_000;

/// What the `Authorization` header shall say.
#[derive(Clone, Debug)]
pub enum AuthorizationWish {
    /// A name and a password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: Sensitive,
    },
    /// A token.
    Bearer(Sensitive),
}

impl AuthorizationWish {
    /// What may be told of it, and what is sealed; if it makes a sound header (RFC 6750, section 2.1; RFC 7617,
    /// section 2).
    pub(super) fn split(self) -> Result<(Authorization, Sensitive), WebhookError> {
        let fits = |text: &str| (1..=MAX_CREDENTIAL).contains(&text.len()) && !text.chars().any(char::is_control);
        let (sound, split) = match self {
            Self::Basic { username, password } => {
                let sound = fits(&username) && !username.contains(':') && fits(password.expose());
                (sound, (Authorization::Basic { username }, password))
            }
            Self::Bearer(token) => {
                let sound = fits(token.expose()) && token.expose().chars().all(|c| c.is_ascii_graphic());
                (sound, (Authorization::Bearer, token))
            }
        };
        if sound { Ok(split) } else { Err(WebhookError::Authorization) }
    }
}

/// What a webhook is signed and sent with, opened: for one delivery.
#[derive(Debug)]
pub(crate) struct Keys {
    /// The secrets that sign now, the newest first.
    pub(crate) signing: Vec<SigningSecret>,
    /// The password or token.
    pub(crate) authorization: Option<Sensitive>,
}

pub(super) fn seal_signing(app: &App, secret: &SigningSecret) -> Result<Vec<u8>, Unexpected> {
    app.seal().seal(SIGNING_USE, secret.key(), app.entropy())
}

pub(super) fn seal_authorization(app: &App, secret: &Sensitive) -> Result<Vec<u8>, Unexpected> {
    app.seal().seal(AUTHORIZATION_USE, secret.expose().as_bytes(), app.entropy())
}

/// A webhook with what is sealed for it opened: for the post to its receiver and nothing else.
pub(crate) async fn with_keys(app: &App, id: &WebhookId) -> Result<Option<(Webhook, Keys)>, Unexpected> {
    let (now, id) = (app.now(), id.clone());
    let found = app.read(move |tx| {
        let id = id.clone();
        Box::pin(async move {
            let webhook = webhooks::find(tx, &id).await?;
            Ok::<_, Unexpected>(webhook.zip(webhooks::sealed(tx, &id).await?))
        })
    });
    let Some((webhook, sealed)) = found.await? else { return Ok(None) };
    let mut signing = vec![open_signing(app, &sealed.secret)?];
    if let Some(old) = sealed.old_secret.filter(|_| webhook.old_secret_until.is_some_and(|until| now < until)) {
        signing.push(open_signing(app, &old)?);
    }
    let authorization = sealed.authorization.map(|sealed| open_authorization(app, &sealed)).transpose()?;
    Ok(Some((webhook, Keys { signing, authorization })))
}

fn open_signing(app: &App, sealed: &[u8]) -> Result<SigningSecret, Unexpected> {
    let key = app.seal().open(SIGNING_USE, sealed)?;
    SigningSecret::from_key(&key).ok_or(Unexpected::Seal(SIGNING_USE))
}

fn open_authorization(app: &App, sealed: &[u8]) -> Result<Sensitive, Unexpected> {
    let plain = app.seal().open(AUTHORIZATION_USE, sealed)?;
    std::str::from_utf8(&plain).map(Sensitive::new).map_err(|_| Unexpected::Seal(AUTHORIZATION_USE))
}
