//! A machine's token: a JWT for an API, minted without a write; one for the Management API is checked with one read.
//!
//! Owns both ends of it. Must not know what any scope allows; the routes do.

use super::access::{self, Bearer, MACHINE};
use super::client::AuthenticatedClient;
use super::{Issued, RefusedToken, TokenError};
use crate::app::App;
use crate::audience;
use crate::error::Unexpected;
use crate::keys::{self, NotOurs};
use guestlist_domain::client::ClientGrant;
use guestlist_domain::grant::Scopes;
use guestlist_domain::ids::ClientId;
use guestlist_domain::resource_server::ResourceServer;
use guestlist_store::{StoreError, clients};
use serde::Deserialize;

/// What is looked at in a token for the Management API.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    scope: String,
    gty: String,
    azp: String,
}

/// Who drives the Management API: a machine, with what its token and its client grant both allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagementCaller {
    /// Which machine.
    pub client: ClientId,
    /// Its scopes, as far as its grant still holds them.
    pub scopes: Vec<String>,
}

pub(super) async fn issue(
    app: &App,
    client: &AuthenticatedClient,
    audience: Option<&str>,
    scope: Option<&str>,
) -> Result<Issued, TokenError> {
    let client = client.client();
    // A public client cannot prove that it is itself, so it gets no token of its own.
    if !client.may_use("client_credentials") || client.secret.is_none() {
        return Err(TokenError::UnauthorizedClient);
    }
    let audience = audience.map_or_else(|| app.public_url().management_audience(), str::to_owned);
    let (api, grant) = look_up(app, &client.id, &audience).await?;
    let Some(api) = api else { return Err(TokenError::UnknownAudience(audience)) };
    let Some(grant) = grant else { return Err(TokenError::NoClientGrant(audience)) };
    let granted = grant.scope.into_iter().collect::<Scopes>().and(&api.scopes());
    let scope = match scope.map(|text| Scopes::parse(text).ok_or(TokenError::InvalidScope)).transpose()? {
        None => granted,
        Some(wanted) if wanted.is_within(&granted) => wanted,
        Some(_) => return Err(TokenError::InvalidScope),
    };
    let (now, expires_in) = (app.now(), api.token_lifetime());
    let (signer, bearer) = (keys::signer(app).await?, Bearer::Machine(&client.id));
    let access_token = access::sign(app, &signer, &api, (&bearer, &scope), (now, now.plus(expires_in)))?;
    Ok(Issued { access_token, expires_in, scope, id_token: None, refresh_token: None })
}

/// Checks a token that came to the Management API: ours, for it, not over, and its machine still has its grant.
pub async fn verify_management(app: &App, jwt: &str) -> Result<ManagementCaller, RefusedToken> {
    let audience = app.public_url().management_audience();
    let claims = match keys::verified::<Claims>(app, jwt, Some(&audience)).await? {
        Ok(claims) => claims,
        Err(NotOurs::Signature) => return Err(RefusedToken::Signature),
        Err(NotOurs::Claims) => return Err(RefusedToken::Invalid),
    };
    let client = ClientId::new(claims.azp);
    let is_machine = claims.gty == MACHINE && claims.sub == access::machine(&client);
    if !is_machine || app.now().seconds() >= claims.exp {
        return Err(RefusedToken::Invalid);
    }
    let grant = client_grant(app, &client).await?.ok_or(RefusedToken::Invalid)?;
    let scopes = Scopes::parse(&claims.scope).ok_or(RefusedToken::Invalid)?.and(&grant.scope.into_iter().collect());
    Ok(ManagementCaller { client, scopes: scopes.into_vec() })
}

/// The API of that name, and what the machine may ask of it.
async fn look_up(
    app: &App,
    client: &ClientId,
    audience: &str,
) -> Result<(Option<ResourceServer>, Option<ClientGrant>), Unexpected> {
    let (house, client, audience) = (app.clone(), client.clone(), audience.to_owned());
    let found: Result<_, StoreError> = app
        .read(move |tx| {
            let (app, client, audience) = (house.clone(), client.clone(), audience.clone());
            Box::pin(async move {
                let api = audience::find(&app, tx, &audience).await?;
                Ok((api, clients::find_grant(tx, &client, &audience).await?))
            })
        })
        .await;
    Ok(found?)
}

/// Goes with its client, so that one read answers for both.
async fn client_grant(app: &App, client: &ClientId) -> Result<Option<ClientGrant>, Unexpected> {
    let (client, audience) = (client.clone(), app.public_url().management_audience());
    let found: Result<_, StoreError> = app
        .read(move |tx| {
            let (client, audience) = (client.clone(), audience.clone());
            Box::pin(async move { clients::find_grant(tx, &client, &audience).await })
        })
        .await;
    Ok(found?)
}
