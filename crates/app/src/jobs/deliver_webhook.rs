//! Takes events out of the queue and posts them to webhooks.
//!
//! Owns the lease, the last look whether the webhook is still to be told, and what is written down afterwards. Nothing
//! is posted inside a transaction. At least once: a repeated delivery has the same id and body. Each delivery has a task
//! of its own, and each webhook few of them, so that one that hangs delays nobody else.

use super::{LOOK_AGAIN, join_all};
use crate::app::App;
use crate::error::Unexpected;
use crate::webhooks::{self, Keys};
use guestlist_domain::ids::WebhookId;
use guestlist_domain::time::Timestamp;
use guestlist_domain::webhook::{Leased, MOST_AT_ONCE, NextStep, Verdict, Webhook, after_failure, body, judge};
use guestlist_outbound::http::HttpError;
use guestlist_outbound::webhook::Message;
use guestlist_store::webhook_deliveries;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::task::{Id, JoinSet};
use tokio::time::sleep;

/// Tells whoever is to be told, for ever.
pub(super) async fn work(app: &App) {
    let free = app.write(|tx| {
        Box::pin(async move {
            webhook_deliveries::free_leases(tx).await?;
            Ok::<_, Unexpected>(())
        })
    });
    if let Err(error) = free.await {
        // They end by themselves after a while.
        tracing::warn!(job = "deliver_webhook", %error, "the leases of a former process could not be freed");
    }
    let (mut tasks, mut at_work) = (JoinSet::new(), HashMap::new());
    loop {
        if let Err(error) = begin(app, &mut tasks, &mut at_work).await {
            tracing::error!(job = "deliver_webhook", %error, "the queue could not be worked on");
        }
        tokio::select! {
            // Something was queued, or it is time to look, or there is room again.
            () = app.webhooks_have_work().notified() => {}
            () = sleep(LOOK_AGAIN) => {}
            Some(done) = tasks.join_next_with_id() => {
                at_work.remove(&done.map_or_else(|error| error.id(), |(id, ())| id));
            }
        }
    }
}

/// Begins what is due, a task for each delivery. A webhook that has enough under way is passed over.
async fn begin(app: &App, tasks: &mut JoinSet<()>, at_work: &mut HashMap<Id, WebhookId>) -> Result<(), Unexpected> {
    for webhook in ready(app).await? {
        let under_way = at_work.values().filter(|busy| **busy == webhook).count();
        if i64::try_from(under_way).is_ok_and(|count| count >= MOST_AT_ONCE) {
            continue;
        }
        for leased in lease(app, &webhook).await? {
            let app = app.clone();
            let task = tasks.spawn(async move {
                if let Err(error) = deliver(&app, &leased).await {
                    // The lease ends, and it is tried again.
                    tracing::error!(job = "deliver_webhook", event.id = %leased.event.id, %error, "a delivery broke off");
                }
            });
            at_work.insert(task.id(), webhook.clone());
        }
    }
    Ok(())
}

/// Tells every webhook what is due now, a few deliveries each, side by side. The answer is how many it worked on.
pub async fn tell_due(app: &App) -> Result<usize, Unexpected> {
    let ready = ready(app).await?;
    let mut worked = 0;
    for done in join_all(ready.iter().map(|webhook| deliver_some(app, webhook)).collect()).await {
        worked += done?;
    }
    Ok(worked)
}

async fn ready(app: &App) -> Result<Vec<WebhookId>, Unexpected> {
    let now = app.now();
    app.read(move |tx| Box::pin(async move { Ok(webhook_deliveries::ready(tx, now).await?) })).await
}

async fn deliver_some(app: &App, webhook: &WebhookId) -> Result<usize, Unexpected> {
    let leased = lease(app, webhook).await?;
    for done in join_all(leased.iter().map(|leased| deliver(app, leased)).collect()).await {
        done?;
    }
    Ok(leased.len())
}

async fn lease(app: &App, webhook: &WebhookId) -> Result<Vec<Leased>, Unexpected> {
    let (now, id) = (app.now(), webhook.clone());
    app.write(move |tx| {
        let id = id.clone();
        Box::pin(async move { Ok(webhook_deliveries::lease(tx, &id, now).await?) })
    })
    .await
}

/// How a try ended.
enum Outcome {
    Delivered,
    Failed(String),
    Gone(String),
}

async fn deliver(app: &App, leased: &Leased) -> Result<(), Unexpected> {
    let outcome = match webhooks::with_keys(app, &leased.webhook).await {
        Ok(Some((webhook, keys))) if webhook.enabled => post(app, leased, &webhook, &keys).await,
        // Switched off or deleted meanwhile (R19): what waits, waits.
        Ok(_) => return Ok(()),
        Err(error @ Unexpected::Seal(_)) => Outcome::Failed(error.to_string()),
        Err(error) => return Err(error),
    };
    write_down(app, leased, outcome).await
}

async fn post(app: &App, leased: &Leased, webhook: &Webhook, keys: &Keys) -> Outcome {
    let body = body(&leased.event, &rfc3339(leased.event.at)).to_string();
    let message = Message {
        endpoint: &webhook.endpoint,
        id: leased.event.id.as_str(),
        sent_at: app.now(),
        body: &body,
        secrets: &keys.signing,
        authorization: webhook.authorization.as_ref().zip(keys.authorization.as_ref()),
    };
    match app.messenger().send(&message).await {
        Ok(status) => match judge(status) {
            Verdict::Delivered => Outcome::Delivered,
            Verdict::Gone => Outcome::Gone(HttpError::Status(status).to_string()),
            Verdict::Again => Outcome::Failed(HttpError::Status(status).to_string()),
        },
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.millis())
        .map(|stamp| stamp.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
        .unwrap_or_default()
}

async fn write_down(app: &App, leased: &Leased, outcome: Outcome) -> Result<(), Unexpected> {
    let (now, house) = (app.now(), app.clone());
    if let Outcome::Failed(_) | Outcome::Gone(_) = &outcome {
        tracing::warn!(webhook.id = %leased.webhook, event.id = %leased.event.id, leased.tries, "an event was not delivered");
    }
    let job = Arc::new((leased.clone(), outcome));
    app.write(move |tx| {
        let (app, job) = (house.clone(), Arc::clone(&job));
        Box::pin(async move {
            let (leased, outcome) = &*job;
            match outcome {
                Outcome::Delivered => drop(webhook_deliveries::mark_delivered(tx, leased, now).await?),
                Outcome::Failed(error) => match after_failure(leased.tries, now) {
                    NextStep::TryAgainAt(at) => drop(webhook_deliveries::try_again(tx, leased, at, error).await?),
                    NextStep::GiveUp => drop(webhook_deliveries::give_up(tx, leased, error, now).await?),
                },
                Outcome::Gone(error) => {
                    if webhook_deliveries::give_up(tx, leased, error, now).await? {
                        webhooks::switch_off(&app, tx, &leased.webhook, now).await?;
                    }
                }
            }
            Ok(())
        })
    })
    .await
}
