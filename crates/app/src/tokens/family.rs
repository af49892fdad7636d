//! What the tokens of one grant have in common: how they are minted, and how all of them end.
//!
//! Owns the rows a family adds and the answer made of them. Must not decide whether anything is issued, except that
//! nothing is for an API that is gone.

use super::Issued;
use super::access::{self, Bearer};
use super::client::AuthenticatedClient;
use crate::app::App;
use crate::claims;
use crate::error::Unexpected;
use crate::history;
use crate::keys::Signer;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::grant::{Grant, NewToken, Scopes, TokenKind};
use guestlist_domain::ids::{ClientId, GrantId};
use guestlist_domain::resource_server::ResourceServer;
use guestlist_domain::secret::{Purpose, Secret, Sensitive};
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use guestlist_store::{StoreError, Tx, grants, resource_servers};

/// The next secrets of a family, minted before the transaction: if it runs again, it says the same.
#[derive(Clone, Debug)]
pub(super) struct NextSecrets {
    access: Secret,
    refresh: Secret,
}

impl NextSecrets {
    pub(super) fn mint(app: &App) -> Self {
        Self { access: app.entropy().secret(Purpose::Access), refresh: app.entropy().secret(Purpose::Refresh) }
    }
}

/// A grant with its user and its API, and what is granted this time.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) grant: Grant,
    user: User,
    api: Option<ResourceServer>,
    scope: Scopes,
}

impl Member {
    /// Everything that was granted, or less if less is `wanted`. `None` if the API is gone.
    pub(super) async fn of(
        tx: &mut Tx<'_>,
        (grant, user): (Grant, User),
        wanted: Option<&Scopes>,
    ) -> Result<Option<Self>, StoreError> {
        let api = match &grant.audience {
            None => None,
            Some(audience) => match resource_servers::find(tx, audience).await? {
                None => return Ok(None),
                found => found,
            },
        };
        Ok(Some(Self { scope: grant.narrowed_to(wanted, api.as_ref()), grant, user, api }))
    }

    /// Whether the next tokens come with a token for those after them.
    pub(super) fn is_refreshable(&self) -> bool {
        self.grant.current_scope(self.api.as_ref()).contains(Scopes::OFFLINE_ACCESS)
    }

    /// Adds the rows of the next tokens.
    pub(super) async fn store(&self, tx: &mut Tx<'_>, next: &NextSecrets, now: Timestamp) -> Result<(), StoreError> {
        let access = NewToken {
            kind: TokenKind::Access,
            hash: next.access.hash(),
            scope: self.scope.clone(),
            expires_at: self.grant.access_end(self.api.as_ref(), now),
        };
        grants::insert_token(tx, &self.grant.id, &access, now).await?;
        if self.is_refreshable() {
            let refresh = NewToken {
                kind: TokenKind::Refresh,
                hash: next.refresh.hash(),
                scope: self.grant.scope.clone(),
                expires_at: self.grant.refresh_end(now),
            };
            grants::insert_token(tx, &self.grant.id, &refresh, now).await?;
        }
        Ok(())
    }

    /// The answer, once the rows are there.
    pub(super) fn answer(
        &self,
        app: &App,
        signer: &Signer,
        client: &AuthenticatedClient,
        next: &NextSecrets,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<Issued, Unexpected> {
        let end = self.grant.access_end(self.api.as_ref(), now);
        let access_token = match &self.api {
            None => Sensitive::new(next.access.expose()),
            Some(api) => {
                let bearer = Bearer::Person(&self.grant, next.access.hash());
                access::sign(app, signer, api, (&bearer, &self.scope), (now, end))?
            }
        };
        let subject = claims::Subject {
            client: client.client(),
            session: &self.grant.session,
            authenticated_at: self.grant.authenticated_at,
            user: &self.user,
            scope: &self.scope,
            nonce,
            beside: claims::Beside::AccessToken(access_token.expose()),
        };
        let wants_id_token = self.scope.contains(Scopes::OPENID);
        let id_token = wants_id_token.then(|| claims::id_token(app, signer, &subject, now)).transpose()?;
        let refresh_token = self.is_refreshable().then(|| Sensitive::new(next.refresh.expose()));
        Ok(Issued { access_token, expires_in: end.since(now), scope: self.scope.clone(), id_token, refresh_token })
    }
}

/// Something that is good once came again: whoever has it, the family is in two hands (RFC 9700, 4.14.2).
pub(super) async fn end_reused(
    app: &App,
    tx: &mut Tx<'_>,
    grant: &GrantId,
    client: &ClientId,
    now: Timestamp,
) -> Result<(), StoreError> {
    end(app, tx, grant, client, EventKind::TokenReused, now).await
}

/// Revokes the family of a token of this client.
pub(super) async fn revoke(app: &App, client: &AuthenticatedClient, token: &str) -> Result<(), Unexpected> {
    let hash = match Secret::parse(Purpose::Refresh, token) {
        Some(secret) => Some(secret.hash()),
        None => access::row(app, token).await?,
    };
    let Some(hash) = hash else { return Ok(()) };
    let (now, house, client) = (app.now(), app.clone(), client.client().id.clone());
    app.write(move |tx| {
        let (app, client) = (house.clone(), client.clone());
        Box::pin(async move {
            if let Some(grant) = grants::find_by_token(tx, hash, &client).await? {
                end(&app, tx, &grant, &client, EventKind::GrantRevoked, now).await?;
            }
            Ok(())
        })
    })
    .await
}

async fn end(
    app: &App,
    tx: &mut Tx<'_>,
    grant: &GrantId,
    client: &ClientId,
    why: EventKind,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(user) = grants::revoke(tx, grant, now).await? else { return Ok(()) };
    let about = About::user(&user).with_client(Some(client));
    history::record(app, tx, now, why, &Actor::Client(client.clone()), about).await
}
