//! Who a token is about.
//!
//! Owns the look-up behind `/userinfo`: at each use, with grant and user in the same statement, so that revocation and
//! block take effect at once. Must not know how the token was sent.

use super::{RefusedToken, claims};
use crate::app::App;
use guestlist_domain::grant::Scopes;
use guestlist_domain::ids::ClientId;
use guestlist_domain::secret::{Purpose, Secret};
use guestlist_store::{StoreError, grants};
use serde_json::{Map, Value};

/// What a token shows.
#[derive(Clone, Debug)]
pub struct UserInfo {
    /// The application that the token was made for.
    pub client: ClientId,
    /// The claims, `sub` among them.
    pub claims: Map<String, Value>,
}

/// What `token` shows.
pub async fn userinfo(app: &App, token: &str) -> Result<UserInfo, RefusedToken> {
    let Some(hash) = Secret::parse(Purpose::Access, token).map(|secret| secret.hash()) else {
        return Err(RefusedToken::Invalid);
    };
    let now = app.now();
    let found: Result<_, StoreError> =
        app.read(move |tx| Box::pin(async move { grants::find_by_access(tx, hash, now).await })).await;
    let access = found.map_err(crate::error::Unexpected::from)?.ok_or(RefusedToken::Invalid)?;
    if !access.scope.contains(Scopes::OPENID) {
        return Err(RefusedToken::Scope);
    }
    let mut claims = claims::about(&access.user, &access.scope);
    claims.insert("sub".to_owned(), access.user.id.as_str().into());
    Ok(UserInfo { client: access.client, claims })
}
