//! A refresh token becomes the next tokens, once.
//!
//! Owns the rotation: every refresh token is good for one use, and one that comes again ends its family. Must not know
//! how the first of them was made.

use super::client::AuthenticatedClient;
use super::family::{self, Member, NextSecrets};
use super::{Issued, TokenError};
use crate::app::App;
use crate::keys;
use guestlist_domain::grant::{Lapsed, Scopes};
use guestlist_domain::ids::ClientId;
use guestlist_domain::secret::{Purpose, Secret, SecretHash, Sensitive};
use guestlist_domain::time::Timestamp;
use guestlist_store::{StoreError, Tx, grants};

pub(super) async fn refresh(
    app: &App,
    client: &AuthenticatedClient,
    token: &Sensitive,
    scope: Option<&str>,
) -> Result<Issued, TokenError> {
    if !client.client().may_use("refresh_token") {
        return Err(TokenError::UnauthorizedClient);
    }
    let wanted = scope.map(|text| Scopes::parse(text).ok_or(TokenError::InvalidScope)).transpose()?;
    let token = Secret::parse(Purpose::Refresh, token.expose()).ok_or(TokenError::UnknownRefreshToken)?.hash();
    let (signer, next, now) = (keys::signer(app).await?, NextSecrets::mint(app), app.now());
    let (house, id, secrets) = (app.clone(), client.client().id.clone(), next.clone());
    let spent: Result<Result<Member, TokenError>, StoreError> = app
        .write(move |tx| {
            let (app, client, next, wanted) = (house.clone(), id.clone(), secrets.clone(), wanted.clone());
            Box::pin(async move { spend(&app, tx, token, &client, wanted.as_ref(), &next, now).await })
        })
        .await;
    let member = spent.map_err(TokenError::from)??;
    Ok(member.answer(app, &signer, client, &next, None, now)?)
}

/// The inner error is committed: a token that was good stays spent, and a spent one ends its family.
async fn spend(
    app: &App,
    tx: &mut Tx<'_>,
    token: SecretHash,
    client: &ClientId,
    wanted: Option<&Scopes>,
    next: &NextSecrets,
    now: Timestamp,
) -> Result<Result<Member, TokenError>, StoreError> {
    let Some(grant) = grants::use_refresh(tx, token, client, now).await? else {
        if let Some(grant) = grants::find_by_spent_refresh(tx, token, client).await? {
            family::end_reused(app, tx, &grant, client, now).await?;
        }
        return Ok(Err(TokenError::UnknownRefreshToken));
    };
    let Some((grant, user)) = grants::get(tx, &grant).await? else { return Ok(Err(TokenError::UnknownRefreshToken)) };
    match grant.check(&user, now) {
        Ok(()) => {}
        Err(Lapsed::Over) => return Ok(Err(TokenError::UnknownRefreshToken)),
        Err(blocked) => return Ok(Err(blocked.into())),
    }
    let member = Member::of(tx, (grant, user), wanted).await?.filter(Member::is_refreshable);
    let Some(member) = member else { return Ok(Err(TokenError::UnknownRefreshToken)) };
    member.store(tx, next, now).await?;
    Ok(Ok(member))
}
