//! Who a token is about.
//!
//! Owns the look-up behind `/userinfo`: at each use, with grant and user in the same statement, so that revocation and
//! block take effect at once. Must not know how the token was sent.

use super::access;
use crate::app::App;
use crate::claims;
use crate::error::{Unexpected, act_errors};
use guestlist_domain::grant::Scopes;
use guestlist_domain::ids::ClientId;
use guestlist_store::grants;
use serde_json::{Map, Value};
use thiserror::Error;

/// What a token shows.
#[derive(Clone, Debug)]
pub struct UserInfo {
    /// The application that the token was made for.
    pub client: ClientId,
    /// The claims, `sub` among them.
    pub claims: Map<String, Value>,
}

/// Why a token shows nothing.
#[derive(Debug, Error)]
pub enum UserInfoError {
    /// Unknown or over, or its grant or its user is.
    #[error("The access token is unknown or expired.")]
    Invalid,
    /// It was not asked for with `openid`.
    #[error("The access token was not issued for the scope openid.")]
    Scope,
    /// No fault of the token's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}
act_errors!(UserInfoError);

/// What `token` shows.
pub async fn userinfo(app: &App, token: &str) -> Result<UserInfo, UserInfoError> {
    let hash = access::row(app, token).await?.ok_or(UserInfoError::Invalid)?;
    let now = app.now();
    let access = app
        .read(move |tx| {
            Box::pin(async move { grants::find_by_access(tx, hash, now).await?.ok_or(UserInfoError::Invalid) })
        })
        .await?;
    if !access.scope.contains(Scopes::OPENID) {
        return Err(UserInfoError::Scope);
    }
    let mut claims = claims::about(&access.user, &access.scope);
    claims.insert("sub".to_owned(), access.user.id.as_str().into());
    Ok(UserInfo { client: access.client, claims })
}
