//! Looking at invitations.

use super::InviteError;
use crate::app::App;
use guestlist_domain::event::Event;
use guestlist_domain::ids::InvitationId;
use guestlist_domain::invitation::{Invitation, Status};
use guestlist_domain::mail::Delivery;
use guestlist_domain::user::User;
use guestlist_store::{events, invitations, outbox, users};

/// One invitation with all that is known about it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The invitation.
    pub invitation: Invitation,
    /// Its user.
    pub user: User,
    /// How its newest mail went.
    pub delivery: Option<Delivery>,
    /// What happened to it, oldest first.
    pub timeline: Vec<Event>,
}

/// One page of invitations, newest first, each with how its newest mail went.
pub async fn list(
    app: &App,
    status: Option<Status>,
    limit: i64,
    offset: i64,
) -> Result<Vec<(Invitation, Option<Delivery>)>, InviteError> {
    let now = app.now();
    app.read(move |tx| Box::pin(async move { Ok(invitations::list(tx, status, now, limit, offset).await?) })).await
}

/// How many invitations have that status.
pub async fn count(app: &App, status: Option<Status>) -> Result<i64, InviteError> {
    let now = app.now();
    app.read(move |tx| Box::pin(async move { Ok(invitations::count(tx, status, now).await?) })).await
}

/// One invitation.
pub async fn show(app: &App, id: &InvitationId) -> Result<Shown, InviteError> {
    let id = id.clone();
    app.read(move |tx| {
        let id = id.clone();
        Box::pin(async move {
            let invitation = invitations::find(tx, &id).await?.ok_or(InviteError::NotFound)?;
            let user = users::find(tx, &invitation.user).await?.ok_or(InviteError::NotFound)?;
            let delivery = outbox::delivery(tx, &id).await?;
            let timeline = events::of_invitation(tx, &id).await?;
            Ok(Shown { invitation, user, delivery, timeline })
        })
    })
    .await
}
