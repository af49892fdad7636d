//! Webhooks: made, changed and deleted by administrators, looked at, tried out, and told again.
//!
//! Owns the sealing of what they are signed and sent with, and the one act that shows a signing secret. Must not know
//! Auth0's bodies, nor how an event gets there; [`crate::jobs`] does.

mod change;
mod keys;

pub use change::{NewWebhook, Registered, WebhookChange, create, delete, rotate_secret, update};
pub use keys::AuthorizationWish;
pub(crate) use keys::{Keys, with_keys};

use crate::app::App;
use crate::error::{Unexpected, act_errors};
use crate::history;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::ids::{EventId, WebhookId};
use guestlist_domain::time::Timestamp;
use guestlist_domain::webhook::{
    Delivery, DeliveryStatus, EndpointError, MAX_NAME, MAX_WEBHOOKS, SubscriptionError, Webhook,
};
use guestlist_store::{StoreError, Tx, webhook_deliveries, webhooks};
use serde_json::{Value, json};
use thiserror::Error;

/// Why something with a webhook was not done. The texts are for the administrator.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// There is none of that id.
    #[error("The webhook does not exist.")]
    NotFound,
    /// It needs a name.
    #[error("A webhook needs a name of at most {MAX_NAME} characters, without '<' and '>'.")]
    Name,
    /// Nobody can be told there.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// A private address, which the operator does not vouch for.
    #[error("The endpoint is not an address that may be called.")]
    Blocked,
    /// Nothing can be heard of that.
    #[error(transparent)]
    Subscription(#[from] SubscriptionError),
    /// It would break the header.
    #[error("The authorization must be printable, without spaces in a token or a colon in a user name.")]
    Authorization,
    /// A password or token must not follow the endpoint to somebody else.
    #[error("With an endpoint on another host the authorization must be given anew.")]
    AuthorizationStays,
    /// There are as many as there can be.
    #[error("There are {MAX_WEBHOOKS} webhooks already; more are not allowed.")]
    TooMany,
    /// It is told nothing at present.
    #[error("The webhook is disabled.")]
    Disabled,
    /// That event never was for that webhook, or is long delivered.
    #[error("The delivery does not exist.")]
    NoDelivery,
    /// It is being sent at this moment.
    #[error("The delivery is under way.")]
    UnderWay,
    /// No fault of the caller's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}
act_errors!(WebhookError);

/// Every webhook, oldest first.
pub async fn list(app: &App) -> Result<Vec<Webhook>, Unexpected> {
    app.read(|tx| Box::pin(async move { Ok(webhooks::list(tx).await?) })).await
}

/// The webhook of that id.
pub async fn find(app: &App, id: &WebhookId) -> Result<Option<Webhook>, Unexpected> {
    let id = id.clone();
    app.read(move |tx| {
        let id = id.clone();
        Box::pin(async move { Ok(webhooks::find(tx, &id).await?) })
    })
    .await
}

/// Up to `limit` deliveries of a webhook behind the first `offset`, the newest event first.
pub async fn deliveries(
    app: &App,
    id: &WebhookId,
    status: Option<DeliveryStatus>,
    (offset, limit): (i64, i64),
) -> Result<Vec<Delivery>, WebhookError> {
    let id = id.clone();
    app.read(move |tx| {
        let id = id.clone();
        Box::pin(async move {
            webhooks::find(tx, &id).await?.ok_or(WebhookError::NotFound)?;
            Ok(webhook_deliveries::page(tx, &id, status, (offset, limit)).await?)
        })
    })
    .await
}

/// Sends one event again, with the same id: one that was given up, one that was delivered, or one that waits for its
/// next try and gets it now.
pub async fn redeliver(app: &App, id: &WebhookId, event: &EventId) -> Result<Delivery, WebhookError> {
    let (now, id, event) = (app.now(), id.clone(), event.clone());
    let queued = app.write(move |tx| {
        let (id, event) = (id.clone(), event.clone());
        Box::pin(async move {
            enabled(tx, &id).await?;
            webhook_deliveries::find(tx, &id, &event).await?.ok_or(WebhookError::NoDelivery)?;
            if !webhook_deliveries::send_again(tx, &id, &event, now).await? {
                return Err(WebhookError::UnderWay);
            }
            webhook_deliveries::find(tx, &id, &event).await?.ok_or(WebhookError::NoDelivery)
        })
    });
    let queued = queued.await?;
    app.webhooks_have_work().notify_one();
    Ok(queued)
}

/// Tells a webhook, and no other, of an event that only says that it is a test.
pub async fn test(app: &App, id: &WebhookId, actor: &Actor) -> Result<Delivery, WebhookError> {
    let (now, house, id, actor) = (app.now(), app.clone(), id.clone(), actor.clone());
    app.write(move |tx| {
        let (app, id, actor) = (house.clone(), id.clone(), actor.clone());
        Box::pin(async move {
            enabled(tx, &id).await?;
            let event = history::record_test(&app, tx, now, &actor, &id).await?;
            webhook_deliveries::find(tx, &id, &event).await?.ok_or(WebhookError::NoDelivery)
        })
    })
    .await
}

async fn enabled(tx: &mut Tx<'_>, id: &WebhookId) -> Result<Webhook, WebhookError> {
    let webhook = webhooks::find(tx, id).await?.ok_or(WebhookError::NotFound)?;
    if webhook.enabled { Ok(webhook) } else { Err(WebhookError::Disabled) }
}

/// The receiver said that it wants no more (410). A building block of the job, in its transaction.
pub(crate) async fn switch_off(app: &App, tx: &mut Tx<'_>, id: &WebhookId, now: Timestamp) -> Result<(), StoreError> {
    let (Some(webhook), Some(sealed)) = (webhooks::find(tx, id).await?, webhooks::sealed(tx, id).await?) else {
        return Ok(());
    };
    webhooks::save(tx, &Webhook { enabled: false, updated_at: now, ..webhook }, &sealed).await?;
    record(app, tx, id, "gone", &Actor::System, now).await
}

/// What was done to a webhook; never what is sealed for it.
async fn record(
    app: &App,
    tx: &mut Tx<'_>,
    id: &WebhookId,
    change: &str,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    let facts: [(&str, Value); 2] = [("webhook", json!(id)), ("change", json!(change))];
    history::record_with(app, tx, now, (EventKind::WebhookChanged, actor, About::default()), &facts).await
}
