//! One user becomes a part of another, carried out. A building block: acts call it, it calls no act.
//!
//! Owns the writes: the identities move, everything else of the second user ends with its row, its subject is retired, and
//! ledger, events and mails are in the same transaction. Must not judge the evidence: it is called with the proofs.

use crate::app::App;
use crate::error::Unexpected;
use crate::history;
use crate::ledger::{self, Line};
use crate::outbox::{self, Letter};
use guestlist_domain::address_change::undoable_since;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::identity::Identity;
use guestlist_domain::ids::UserId;
use guestlist_domain::ledger::Rule;
use guestlist_domain::mail::Occasion;
use guestlist_domain::merging::{MetadataWish, Plan, Side, Unmergeable, plan};
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use guestlist_store::{StoreError, Tx, address_changes, identities, invitations, link_ledger, passwords, users};
use serde_json::{Value, json};
use thiserror::Error;

/// Why two users were not merged.
#[derive(Debug, Error)]
pub(crate) enum MergeError {
    /// The rule says no.
    #[error(transparent)]
    Unmergeable(#[from] Unmergeable),
    /// No fault of the caller's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

impl From<StoreError> for MergeError {
    fn from(error: StoreError) -> Self {
        Self::Unexpected(error.into())
    }
}

/// What it would come to.
pub(crate) async fn look(
    tx: &mut Tx<'_>,
    (first, second): (&User, &User),
    wish: MetadataWish,
    now: Timestamp,
) -> Result<Plan, MergeError> {
    let (one, other) = (side(tx, first, now).await?, side(tx, second, now).await?);
    Ok(plan(one, other, wish)?)
}

async fn side<'a>(tx: &mut Tx<'_>, user: &'a User, now: Timestamp) -> Result<Side<'a>, StoreError> {
    let has_password = passwords::find(tx, &user.id).await?.is_some();
    let is_only_administrator = user.is_admin() && users::count_administrators(tx).await? == 1;
    let can_move_back = address_changes::can_move_back(tx, &user.id, undoable_since(now)).await?;
    Ok(Side { user, has_password, is_only_administrator, can_move_back })
}

/// Makes `second` a part of `first`. The answer is the first one as it is now, and what was left out.
pub(crate) async fn merge(
    app: &App,
    tx: &mut Tx<'_>,
    (first, second): (User, User),
    wish: MetadataWish,
    (rule, actor): (Rule, &Actor),
    now: Timestamp,
) -> Result<(User, Plan), MergeError> {
    let plan = look(tx, (&first, &second), wish, now).await?;
    // The rows are written under their versions: who changed either of them meanwhile is seen on fresh facts.
    let merged = User {
        user_metadata: plan.user_metadata.clone(),
        app_metadata: plan.app_metadata.clone(),
        updated_at: now,
        ..first
    };
    users::save(tx, &merged).await?;
    users::save(tx, &User { epoch: second.epoch + 1, updated_at: now, ..second.clone() }).await?;
    let brought = identities::list(tx, &second.id).await?;
    identities::move_to(tx, &merged.id, &second.id, now).await?;
    invitations::move_to(tx, &merged.id, &second.id).await?;
    // Sessions, grants, tickets and the password go with the row.
    if !users::delete(tx, &second.id, now).await? {
        return Err(StoreError::Conflict.into());
    }
    let line = Line { user: &merged.id, way: None, rule, besides: None, actor };
    let mut entry = ledger::entry(app, line, now);
    entry.details = details(&second, &brought, &plan);
    link_ledger::append(tx, &entry, None).await?;
    tell(app, tx, (&merged, &second), &plan, actor, now).await?;
    Ok((User { version: merged.version + 1, ..merged }, plan))
}

/// All that the second user was, but for secrets: kept, since nothing else keeps it.
fn details(second: &User, brought: &[Identity], plan: &Plan) -> serde_json::Map<String, Value> {
    let way = |identity: &Identity| {
        let claims = &identity.claims;
        json!({"connection_id": claims.connection, "issuer": claims.issuer, "subject": claims.subject,
            "rule": identity.linked_by.as_str(), "linked_at": identity.linked_at.millis()})
    };
    let was = json!({
        "user_id": second.id,
        "email": second.email.as_str(),
        "email_verified": second.email_verified,
        "roles": second.roles,
        "profile": second.profile,
        "user_metadata": second.user_metadata,
        "app_metadata": second.app_metadata,
        "created_at": second.created_at.millis(),
        "identities": brought.iter().map(way).collect::<Vec<_>>(),
    });
    [("merged", was), ("conflicts", json!(plan.conflicts)), ("left_out", json!(plan.left_out))]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

async fn tell(
    app: &App,
    tx: &mut Tx<'_>,
    (first, second): (&User, &User),
    plan: &Plan,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), Unexpected> {
    // Names of fields alone: an event is read by many.
    let fields = plan.conflicts.iter().map(|conflict| &conflict.field).chain(plan.left_out.keys());
    let left_out: Vec<&String> = fields.collect();
    let note = |about: &UserId| (EventKind::UserMerged, actor, About::user(about));
    let facts = [("merged", json!(second.id)), ("left_out", json!(left_out))];
    history::record_with(app, tx, now, note(&first.id), &facts).await?;
    history::record_with(app, tx, now, note(&second.id), &[("into", json!(first.id))]).await?;
    let occasion = Occasion::AccountsMerged { kept: first.email.clone(), merged: second.email.clone() };
    outbox::enqueue(app, tx, Letter::to(first, occasion.clone()), now).await?;
    let letter = Letter { to: &second.email, ..Letter::to(first, occasion) };
    Ok(outbox::enqueue(app, tx, letter, now).await?)
}
