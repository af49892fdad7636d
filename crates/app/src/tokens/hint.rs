//! An ID token of ours that came back as a hint of who wants to sign out.
//!
//! Owns its reading. It may be long over (OpenID Connect RP-Initiated Logout 1.0, 2). Must not end anything.

use crate::app::App;
use crate::error::Unexpected;
use crate::keys;
use guestlist_domain::ids::{ClientId, SessionId, UserId};
use serde::Deserialize;

/// What an ID token says about where it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutHint {
    /// To whom.
    pub client: ClientId,
    /// About whom.
    pub user: UserId,
    /// In which session.
    pub session: SessionId,
}

#[derive(Deserialize)]
struct Claims {
    aud: String,
    sub: String,
    sid: String,
}

/// Reads an ID token that may be over; `None` if it is not one of ours.
pub async fn read_hint(app: &App, jwt: &str) -> Result<Option<LogoutHint>, Unexpected> {
    let claims = keys::verified::<Claims>(app, jwt, None).await?.ok();
    Ok(claims.map(|claims| LogoutHint {
        client: ClientId::new(claims.aud),
        user: UserId::new(claims.sub),
        session: SessionId::new(claims.sid),
    }))
}
