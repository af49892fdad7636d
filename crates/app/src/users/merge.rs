//! One whole user merged into another by the Management API, with Auth0's semantics.
//!
//! Owns who is meant and the dry run. A program that may change users answers for it that the two are one person; what it
//! comes to, [`crate::merging`] carries out.

use super::UserView;
use super::identities::{IdentityError, view};
use crate::app::App;
use crate::merging;
use guestlist_domain::event::Actor;
use guestlist_domain::ids::{DATABASE_PROVIDER, UserId};
use guestlist_domain::ledger::Rule;
use guestlist_domain::merging::{MetadataWish, Plan};
use guestlist_store::users;

/// How a merge is wished.
#[derive(Clone, Copy, Debug, Default)]
pub struct MergeWish {
    /// Only tell what it would come to.
    pub dry_run: bool,
    /// Which metadata come along.
    pub metadata: MetadataWish,
}

/// What a merge came to.
#[derive(Clone, Debug)]
pub struct Merged {
    /// The user that stays, as it is now.
    pub user: UserView,
    /// The user that is, or would be, a part of it.
    pub second: UserId,
    /// What was, or would be, left out.
    pub plan: Plan,
}

/// Makes the user that the API calls `named`, with or without `auth0|` in front, a part of the user `id`.
pub async fn merge(app: &App, by: &Actor, id: &UserId, named: &str, wish: MergeWish) -> Result<Merged, IdentityError> {
    let suffix = named.strip_prefix("auth0|").unwrap_or(named);
    let second = UserId::new(format!("{DATABASE_PROVIDER}|{suffix}"));
    let (now, house, by, id) = (app.now(), app.clone(), by.clone(), id.clone());
    let merged = app
        .write(move |tx| {
            let (app, by, id, second) = (house.clone(), by.clone(), id.clone(), second.clone());
            Box::pin(async move {
                let first = users::find(tx, &id).await?.ok_or(IdentityError::UserNotFound)?;
                let other = users::find(tx, &second).await?.ok_or(IdentityError::Inexistent)?;
                let (user, plan) = if wish.dry_run {
                    let plan = merging::look(tx, (&first, &other), wish.metadata, now).await?;
                    (first, plan)
                } else {
                    let why = (Rule::MergedByApi, &by);
                    merging::merge(&app, tx, (first, other), wish.metadata, why, now).await?
                };
                Ok::<_, IdentityError>(Merged { user: view(tx, user).await?, second, plan })
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(merged)
}
