//! Changes to a user: profile, address, password, block, deletion.
//!
//! Owns what each change takes with it. Another address or password, a block and its end raise the epoch: sessions,
//! refresh tokens and reset tickets of before are dead on every node (R20).

use super::{UserError, UserView, check_reserved, check_size, views};
use crate::app::App;
use crate::history;
use crate::outbox::{self, Letter};
use crate::passwords::{self, PasswordPhc};
use crate::slate;
use guestlist_domain::credential::NewPassword;
use guestlist_domain::email::Email;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::ids::UserId;
use guestlist_domain::mail::Occasion;
use guestlist_domain::patch::Patch;
use guestlist_domain::secret::Sensitive;
use guestlist_domain::slate::Turn;
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Lifecycle, Metadata, Profile, User, merge_metadata};
use guestlist_store::{
    StoreError, Tx, address_changes, invitations, link_ledger, outbox as mails, passwords as stored_passwords, users,
};
use serde_json::json;

/// What to change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// Another address. What was proven of the old one is not proven of it.
    pub email: Option<Email>,
    /// The caller's word about the address. Never a proof.
    pub email_verified: Option<bool>,
    /// Another password.
    pub password: Option<Sensitive>,
    /// Blocked or not.
    pub blocked: Option<bool>,
    /// Profile.
    pub profile: ProfileChange,
    /// Merged into the user's own data.
    pub user_metadata: Option<Metadata>,
    /// Merged into the application's data.
    pub app_metadata: Option<Metadata>,
}

/// What to change of a profile.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    /// Full name.
    pub name: Patch<String>,
    /// Short name.
    pub nickname: Patch<String>,
    /// First name.
    pub given_name: Patch<String>,
    /// Last name.
    pub family_name: Patch<String>,
    /// Address of a picture.
    pub picture: Patch<String>,
}

impl ProfileChange {
    fn apply(self, profile: Profile) -> Profile {
        Profile {
            name: self.name.apply(profile.name),
            nickname: self.nickname.apply(profile.nickname),
            given_name: self.given_name.apply(profile.given_name),
            family_name: self.family_name.apply(profile.family_name),
            picture: self.picture.apply(profile.picture),
        }
    }
}

/// Changes a user.
pub async fn change(app: &App, by: &Actor, id: &UserId, mut wish: UserChange) -> Result<UserView, UserError> {
    if let Some(app_metadata) = &wish.app_metadata {
        check_reserved(app_metadata)?;
    }
    let phc = match wish.password.take() {
        None => None,
        Some(text) => {
            let known = super::find(app, id).await?.ok_or(UserError::NotFound)?.user;
            let email = wish.email.as_ref().unwrap_or(&known.email);
            let password = NewPassword::choose(text, email, known.profile.name.as_deref())?;
            Some(passwords::hash(app, &password).await?)
        }
    };
    let (now, house, by, id) = (app.now(), app.clone(), by.clone(), id.clone());
    let changed = app
        .write(move |tx| {
            let (app, by, id) = (house.clone(), by.clone(), id.clone());
            let (wish, phc) = (wish.clone(), phc.clone());
            Box::pin(async move {
                let user = users::find(tx, &id).await?.ok_or(UserError::NotFound)?;
                change_in(&app, tx, &by, user, wish, phc, now).await
            })
        })
        .await?;
    app.outbox_has_work().notify_one();
    Ok(changed)
}

/// Blocks a user: nothing that was begun goes on.
pub async fn block(app: &App, by: &Actor, id: &UserId) -> Result<UserView, UserError> {
    change(app, by, id, UserChange { blocked: Some(true), ..UserChange::default() }).await
}

/// Ends a block.
pub async fn unblock(app: &App, by: &Actor, id: &UserId) -> Result<UserView, UserError> {
    change(app, by, id, UserChange { blocked: Some(false), ..UserChange::default() }).await
}

async fn change_in(
    app: &App,
    tx: &mut Tx<'_>,
    by: &Actor,
    old: User,
    wish: UserChange,
    phc: Option<PasswordPhc>,
    now: Timestamp,
) -> Result<UserView, UserError> {
    let new = apply(old.clone(), wish, now);
    check_size(&new.user_metadata)?;
    check_size(&new.app_metadata)?;
    let moved = new.email != old.email;
    if moved && users::holder_of(tx, &new.email, now).await?.is_some_and(|holder| holder.id != old.id) {
        return Err(UserError::Exists);
    }
    let is_active = old.lifecycle == Lifecycle::Active;
    let turns = turns(&old, &new, phc.is_some() && is_active);
    let raised = turns.iter().map(|turn| slate::epoch_after(app, &old, *turn)).max();
    let new = User {
        epoch: raised.unwrap_or(old.epoch),
        last_password_reset_at: if phc.is_some() && is_active { Some(now) } else { old.last_password_reset_at },
        ..new
    };
    if moved {
        users::save_moved(tx, &new, now).await?;
        forget_former_addresses(tx, &new, now).await?;
    } else {
        users::save(tx, &new).await?;
    }
    for turn in turns {
        slate::wipe(app, tx, &old, turn, now).await?;
    }
    if moved {
        move_invitation(app, tx, by, &new, now).await?;
    }
    if let Some(phc) = &phc {
        stored_passwords::set(tx, &new.id, phc.as_str(), now).await?;
    }
    write_down(app, tx, by, (&old, &new), phc.is_some(), now).await?;
    let shown = User { version: new.version + 1, ..new };
    views(tx, vec![shown]).await?.pop().ok_or(UserError::NotFound)
}

/// An administrator decided on the address: links that went to a former one undo nothing any more.
async fn forget_former_addresses(tx: &mut Tx<'_>, user: &User, now: Timestamp) -> Result<(), StoreError> {
    address_changes::close_since(tx, &user.id, user.created_at, now).await?;
    link_ledger::forget_links_since(tx, &user.id, user.created_at).await.map(drop)
}

/// What the change comes to.
fn turns(old: &User, new: &User, has_other_password: bool) -> Vec<Turn> {
    let block = if new.blocked { Turn::Blocked } else { Turn::Unblocked };
    [
        (new.email != old.email, Turn::AddressChanged),
        (new.blocked != old.blocked, block),
        (has_other_password, Turn::PasswordSetByApi),
    ]
    .into_iter()
    .filter_map(|(happened, turn)| happened.then_some(turn))
    .collect()
}

fn apply(user: User, wish: UserChange, now: Timestamp) -> User {
    let email = wish.email.unwrap_or_else(|| user.email.clone());
    let moved = email != user.email;
    let email_verified = wish.email_verified.unwrap_or(user.email_verified && !moved);
    let email_proven_at = user.email_proven_at.filter(|_| email_verified && !moved);
    let merge = |current: Metadata, patch: Option<Metadata>| match patch {
        Some(patch) => merge_metadata(current, patch),
        None => current,
    };
    User {
        email,
        email_verified,
        email_proven_at,
        blocked: wish.blocked.unwrap_or(user.blocked),
        profile: wish.profile.apply(user.profile),
        user_metadata: merge(user.user_metadata, wish.user_metadata),
        app_metadata: merge(user.app_metadata, wish.app_metadata),
        updated_at: now,
        ..user
    }
}

/// An open invitation follows its user's address: links that went to the old one die, and mails that wait are not sent.
async fn move_invitation(
    app: &App,
    tx: &mut Tx<'_>,
    by: &Actor,
    user: &User,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(open) = invitations::find_pending(tx, &user.id).await? else { return Ok(()) };
    let Ok(moved) = open.change_address(user.email.clone()) else { return Err(StoreError::Conflict) };
    invitations::save(tx, &moved).await?;
    mails::cancel_of_invitation(tx, &moved.id, now).await?;
    history::record(app, tx, now, EventKind::InvitationUpdated, by, About::invitation(&moved)).await
}

async fn write_down(
    app: &App,
    tx: &mut Tx<'_>,
    by: &Actor,
    (old, new): (&User, &User),
    password_set: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let about = || About::user(&new.id);
    let facts = [("changed", json!(changed_fields(old, new)))];
    history::record_with(app, tx, now, (EventKind::UserUpdated, by, about()), &facts).await?;
    if old.blocked != new.blocked {
        let kind = if new.blocked { EventKind::UserBlocked } else { EventKind::UserUnblocked };
        history::record(app, tx, now, kind, by, about()).await?;
    }
    if password_set {
        history::record(app, tx, now, EventKind::PasswordChanged, by, about()).await?;
        if new.lifecycle == Lifecycle::Active {
            outbox::enqueue(app, tx, Letter::to(new, Occasion::PasswordChanged), now).await?;
        }
    }
    Ok(())
}

/// The names of what changed; their values are in the user.
fn changed_fields(old: &User, new: &User) -> Vec<&'static str> {
    let fields = [
        ("email", old.email != new.email),
        ("email_verified", old.email_verified != new.email_verified),
        ("blocked", old.blocked != new.blocked),
        ("profile", old.profile != new.profile),
        ("user_metadata", old.user_metadata != new.user_metadata),
        ("app_metadata", old.app_metadata != new.app_metadata),
    ];
    fields.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect()
}

/// Deletes a user with everything that hangs on it; the subject is never given out again. False if there was none.
pub async fn delete(app: &App, by: &Actor, id: &UserId) -> Result<bool, UserError> {
    let (now, house, by, id) = (app.now(), app.clone(), by.clone(), id.clone());
    app.write(move |tx| {
        let (app, by, id) = (house.clone(), by.clone(), id.clone());
        Box::pin(async move {
            if let Some(open) = invitations::find_pending(tx, &id).await? {
                mails::cancel_of_invitation(tx, &open.id, now).await?;
            }
            let deleted = users::delete(tx, &id, now).await?;
            if deleted {
                history::record(&app, tx, now, EventKind::UserDeleted, &by, About::user(&id)).await?;
            }
            Ok(deleted)
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anna() -> User {
        let email = Email::parse("anna@example.org").unwrap();
        User {
            email_verified: true,
            email_proven_at: Some(Timestamp::from_millis(1)),
            lifecycle: Lifecycle::Active,
            ..User::invited(UserId::new("auth0|1"), email, Timestamp::from_millis(0))
        }
    }

    fn after(wish: UserChange) -> User {
        apply(anna(), wish, Timestamp::from_millis(2))
    }

    #[test]
    fn a_new_address_is_not_proven() {
        let moved = after(UserChange { email: Email::parse("anna@example.com").ok(), ..UserChange::default() });
        assert!(!moved.email_verified && moved.email_proven_at.is_none());
        let asserted = UserChange {
            email: Email::parse("anna@example.com").ok(),
            email_verified: Some(true),
            ..UserChange::default()
        };
        let asserted = after(asserted);
        assert!(asserted.email_verified && asserted.email_proven_at.is_none());
    }

    #[test]
    fn the_same_address_stays_proven() {
        let same = after(UserChange { email: Email::parse("Anna@Example.ORG").ok(), ..UserChange::default() });
        assert!(same.email_verified && same.email_proven_at.is_some());
    }

    #[test]
    fn doubt_takes_the_proof_away() {
        let doubted = after(UserChange { email_verified: Some(false), ..UserChange::default() });
        assert!(!doubted.email_verified && doubted.email_proven_at.is_none());
    }

    #[test]
    fn case_107_an_assertion_makes_nobody_active() {
        let pending = User { lifecycle: Lifecycle::Pending, email_verified: false, email_proven_at: None, ..anna() };
        let wish = UserChange { email_verified: Some(true), ..UserChange::default() };
        assert_eq!(apply(pending, wish, Timestamp::from_millis(2)).lifecycle, Lifecycle::Pending);
    }
}
