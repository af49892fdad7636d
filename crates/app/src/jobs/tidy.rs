//! Says that invitations expired, and removes rows that nobody can use any more.

use crate::app::App;
use crate::error::Unexpected;
use crate::history;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::time::days;
use guestlist_store::{
    Tx, address_codes, flows, grants, idempotency, invitations, sessions, throttles, tickets, webhook_deliveries,
    webhooks,
};
use std::time::Duration;

/// Rows a transaction, so that tidying shares the writer with log-ins.
const BATCH: i64 = 200;
/// Dead reset links stay for a while, so that their page can say what became of them.
const KEEP_TICKETS: Duration = days(30);
/// What a receiver has stays for a while, so that it can be sent again.
const KEEP_DELIVERED: Duration = days(7);
/// Dead letters stay longer, and so does what waits for a webhook that is switched off.
const KEEP_UNDELIVERED: Duration = days(30);

/// One round.
pub async fn tidy(app: &App) -> Result<(), Unexpected> {
    while note_expired(app).await? == BATCH {}
    let now = app.now();
    app.write(move |tx| {
        Box::pin(async move {
            address_codes::purge(tx, now).await?;
            flows::purge(tx, now).await?;
            sessions::purge(tx, now).await?;
            throttles::purge(tx, now).await?;
            idempotency::purge(tx, now).await?;
            grants::purge(tx, now).await?;
            tickets::purge(tx, now.minus(KEEP_TICKETS)).await?;
            webhooks::forget_old_secrets(tx, now).await?;
            webhook_deliveries::purge(tx, now.minus(KEEP_DELIVERED), now.minus(KEEP_UNDELIVERED)).await?;
            Ok(())
        })
    })
    .await
}

async fn note_expired(app: &App) -> Result<i64, Unexpected> {
    let (now, house) = (app.now(), app.clone());
    app.write(move |tx: &mut Tx<'_>| {
        let app = house.clone();
        Box::pin(async move {
            let expired = invitations::note_expired(tx, now, BATCH).await?;
            for invitation in &expired {
                let about = About::invitation(invitation);
                history::record(&app, tx, now, EventKind::InvitationExpired, &Actor::System, about).await?;
            }
            Ok(i64::try_from(expired.len()).unwrap_or(BATCH))
        })
    })
    .await
}
