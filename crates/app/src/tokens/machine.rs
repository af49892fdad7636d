//! A machine's token: a JWT for the Management API, minted without a write and checked with one read.
//!
//! Owns both ends of it. Must not know what any scope allows; the routes do.

use super::client::AuthenticatedClient;
use super::{Issued, RefusedToken, TokenError};
use crate::app::App;
use crate::error::Unexpected;
use crate::keys::{self, NotOurs};
use guestlist_domain::client::ClientGrant;
use guestlist_domain::grant::{ACCESS_LIFETIME, Scopes};
use guestlist_domain::ids::ClientId;
use guestlist_domain::secret::Sensitive;
use guestlist_store::{StoreError, clients};
use serde::{Deserialize, Serialize};

/// How the token says that nobody is behind it.
const GRANT_TYPE: &str = "client-credentials";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
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
    let management = app.public_url().management_audience();
    if let Some(unknown) = audience.filter(|audience| *audience != management) {
        return Err(TokenError::UnknownAudience(unknown.to_owned()));
    }
    let Some(grant) = client_grant(app, &client.id).await? else { return Err(TokenError::NoClientGrant(management)) };
    let granted: Scopes = grant.scope.into_iter().collect();
    let scope = match scope.map(|text| Scopes::parse(text).ok_or(TokenError::InvalidScope)).transpose()? {
        None => granted,
        Some(wanted) if wanted.is_within(&granted) => wanted,
        Some(_) => return Err(TokenError::InvalidScope),
    };
    let now = app.now();
    let claims = Claims {
        iss: app.public_url().issuer(),
        sub: subject(&client.id),
        aud: management,
        iat: now.seconds(),
        exp: now.plus(ACCESS_LIFETIME).seconds(),
        scope: scope.to_string(),
        gty: GRANT_TYPE.to_owned(),
        azp: client.id.to_string(),
    };
    let access_token = Sensitive::new(keys::signer(app).await?.sign(&claims)?);
    Ok(Issued { access_token, expires_in: ACCESS_LIFETIME, scope, id_token: None, refresh_token: None })
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
    let is_machine = claims.gty == GRANT_TYPE && claims.sub == subject(&client);
    if !is_machine || app.now().seconds() >= claims.exp {
        return Err(RefusedToken::Invalid);
    }
    let grant = client_grant(app, &client).await?.ok_or(RefusedToken::Invalid)?;
    let scopes = Scopes::parse(&claims.scope).ok_or(RefusedToken::Invalid)?.and(&grant.scope.into_iter().collect());
    Ok(ManagementCaller { client, scopes: scopes.into_vec() })
}

/// Auth0's subject of a machine, which no user can have.
fn subject(client: &ClientId) -> String {
    format!("{client}@clients")
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
