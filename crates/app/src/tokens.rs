//! Tokens: minted for clients, checked for everybody who holds one.
//!
//! Owns the acts behind the token endpoint, `/userinfo` and revocation, and the check of Management API tokens. Tokens
//! for people are looked up at each use here, so that a block takes effect at once (R20), also those that an API checks
//! by itself; a machine's is a JWT. Must not know HTTP.

mod access;
mod client;
mod code;
mod family;
mod hint;
mod machine;
mod refresh;
mod userinfo;

pub use client::{AuthenticatedClient, Credentials, authenticate};
pub use hint::{LogoutHint, read_hint};
pub use machine::{ManagementCaller, verify_management};
pub use userinfo::{UserInfo, UserInfoError, userinfo};

use crate::app::App;
use crate::error::{Unexpected, act_errors};
use guestlist_domain::grant::{BadCode, Lapsed, Scopes};
use guestlist_domain::secret::Sensitive;
use std::time::Duration;
use thiserror::Error;

/// What a client asks the token endpoint for.
#[derive(Clone, Debug)]
pub enum Ask {
    /// The first tokens, for a code.
    Code {
        /// The code.
        code: Sensitive,
        /// The address it came to.
        redirect_uri: Option<String>,
        /// The other half of the challenge.
        verifier: Option<Sensitive>,
    },
    /// The next tokens.
    Refresh {
        /// The refresh token.
        token: Sensitive,
        /// Less than before, if wanted.
        scope: Option<String>,
    },
    /// A machine's token.
    ClientCredentials {
        /// For which API.
        audience: Option<String>,
        /// Less than granted, if wanted.
        scope: Option<String>,
    },
}

/// What a client gets.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The access token.
    pub access_token: Sensitive,
    /// How long it lives.
    pub expires_in: Duration,
    /// What it allows.
    pub scope: Scopes,
    /// Who signed in, if that was asked.
    pub id_token: Option<Sensitive>,
    /// For the next ones, if that was asked.
    pub refresh_token: Option<Sensitive>,
}

/// Why a client gets nothing. The texts are what it reads.
#[derive(Debug, Error)]
pub enum TokenError {
    /// No such client, or not its secret; which one is not told.
    #[error("Client authentication failed.")]
    InvalidClient,
    /// This client may not ask like this.
    #[error("The client may not use this grant type.")]
    UnauthorizedClient,
    /// There is no such code, it is another client's, or it was spent before.
    #[error("Invalid authorization code.")]
    UnknownCode,
    /// The code does not belong to the request.
    #[error(transparent)]
    BadCode(#[from] BadCode),
    /// There is no such refresh token, it is another client's, too old, or was spent before. Libraries look for this.
    #[error("Unknown or invalid refresh token.")]
    UnknownRefreshToken,
    /// Nothing more is issued for this grant.
    #[error(transparent)]
    Lapsed(#[from] Lapsed),
    /// No API of that name.
    #[error("Service not found: {0}")]
    UnknownAudience(String),
    /// The machine may ask nothing of that API.
    #[error("The client has no grant for the audience {0}.")]
    NoClientGrant(String),
    /// More than was granted, or unreadable.
    #[error("The scope is malformed, or more than was granted.")]
    InvalidScope,
    /// No fault of the client's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}
act_errors!(TokenError);

/// Why a machine's token opens nothing.
#[derive(Debug, Error)]
pub enum RefusedToken {
    /// Not signed by us.
    #[error("invalid signature")]
    Signature,
    /// Unknown or over, for something else, or its client, user or grant is gone.
    #[error("invalid token")]
    Invalid,
    /// No fault of the token's.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
}

/// Issues what a client asks for.
pub async fn issue(app: &App, client: &AuthenticatedClient, ask: Ask) -> Result<Issued, TokenError> {
    match ask {
        Ask::Code { code, redirect_uri, verifier } => code::redeem(app, client, &code, redirect_uri, verifier).await,
        Ask::Refresh { token, scope } => refresh::refresh(app, client, &token, scope.as_deref()).await,
        Ask::ClientCredentials { audience, scope } => {
            machine::issue(app, client, audience.as_deref(), scope.as_deref()).await
        }
    }
}

/// Revokes the family of a token of this client. Whether there was one is not told (RFC 7009, 2.2).
pub async fn revoke(app: &App, client: &AuthenticatedClient, token: &str) -> Result<(), Unexpected> {
    family::revoke(app, client, token).await
}
