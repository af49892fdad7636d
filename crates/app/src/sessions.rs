//! Signed-in browsers. A building block: acts call it, it calls no act.
//!
//! Owns the beginning, the checking and the end of sessions. Must not know cookies.

use crate::app::App;
use crate::error::Unexpected;
use crate::history;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::ids::SessionId;
use guestlist_domain::secret::{Purpose, Secret};
use guestlist_domain::session::{Method, Session};
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::{Standing, User};
use guestlist_store::{StoreError, Tx, sessions};

/// Who is signed in, checked just now.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// The user.
    pub user: User,
}

impl SignedIn {
    /// Who acts, for the record.
    pub fn actor(&self) -> Actor {
        Actor::User(self.user.id.clone())
    }

    /// Whether session and user are good for anything at `now`: both lifetimes, the epoch, the standing (R20).
    fn is_good(&self, now: Timestamp) -> bool {
        self.session.is_alive(now)
            && self.session.user_epoch == self.user.epoch
            && self.user.standing() == Standing::Active
    }
}

/// The id and the secret of a session that is about to begin; minted before its transaction.
#[derive(Clone, Debug)]
pub(crate) struct NewSession {
    id: SessionId,
    secret: Secret,
}

impl NewSession {
    pub(crate) fn mint(app: &App, now: Timestamp) -> Self {
        let entropy = app.entropy();
        Self { id: SessionId::mint(now, entropy.bytes()), secret: entropy.secret(Purpose::Session) }
    }

    /// The secret for the browser's cookie.
    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Begins the session for a user who proved by `method` who they are.
    pub(crate) async fn begin(
        &self,
        tx: &mut Tx<'_>,
        user: &User,
        method: Method,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let session = Session {
            id: self.id.clone(),
            user: user.id.clone(),
            user_epoch: user.epoch,
            method,
            authenticated_at: now,
            created_at: now,
            last_seen_at: now,
        };
        sessions::insert(tx, &session, self.secret.hash()).await
    }

    /// Goes on in place of `former`, which ends with all others of a user whose epoch rose: nobody proved anything anew.
    pub(crate) async fn carry_on(
        &self,
        tx: &mut Tx<'_>,
        user: &User,
        former: &Session,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let session = Session { id: self.id.clone(), user_epoch: user.epoch, last_seen_at: now, ..former.clone() };
        sessions::insert(tx, &session, self.secret.hash()).await
    }
}

/// Who this browser is signed in as, if anybody.
pub async fn find(app: &App, secret: &Secret) -> Result<Option<SignedIn>, Unexpected> {
    let (now, hash) = (app.now(), secret.hash());
    let found = app.read(move |tx| Box::pin(async move { sessions::find(tx, hash).await })).await;
    let found = found.map_err(Unexpected::from)?;
    let signed_in = found.map(|(session, user)| SignedIn { session, user }).filter(|signed_in| signed_in.is_good(now));
    if let Some(signed_in) = &signed_in
        && signed_in.session.wants_touch(now)
    {
        let id = signed_in.session.id.clone();
        let touched: Result<(), StoreError> = app
            .write(move |tx| {
                let id = id.clone();
                Box::pin(async move { sessions::touch(tx, &id, now).await })
            })
            .await;
        touched.map_err(Unexpected::from)?;
    }
    Ok(signed_in)
}

/// The session of that id, if it is good for anything: for what hangs on a session but has no cookie.
pub(crate) async fn get(tx: &mut Tx<'_>, id: &SessionId, now: Timestamp) -> Result<Option<SignedIn>, StoreError> {
    let found = sessions::get(tx, id).await?.map(|(session, user)| SignedIn { session, user });
    Ok(found.filter(|signed_in| signed_in.is_good(now)))
}

/// Ends a session, with the grants that were made in it left to their own lifetimes (as at Auth0).
pub async fn end(app: &App, signed_in: &SignedIn) -> Result<(), Unexpected> {
    let (now, house, signed_in) = (app.now(), app.clone(), signed_in.clone());
    app.write(move |tx| {
        let (app, signed_in) = (house.clone(), signed_in.clone());
        Box::pin(async move {
            if sessions::delete(tx, &signed_in.session.id).await? {
                let about = About::user(&signed_in.user.id);
                history::record(&app, tx, now, EventKind::LoggedOut, &signed_in.actor(), about).await?;
            }
            Ok(())
        })
    })
    .await
}
