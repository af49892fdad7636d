//! A grant: the family of one code, its refresh tokens and its access tokens.
//!
//! Owns lifetimes, the binding of a code and the narrowing of scopes. That a code or a refresh token is good once is
//! decided by the database (R11), not here. Must not know where anything is stored or how a token looks.

use crate::client::{Client, ID_TOKEN_LIFETIME, REFRESH_ABSOLUTE_LIFETIME, REFRESH_IDLE_LIFETIME};
use crate::ids::{ClientId, GrantId, SessionId, UserId};
use crate::resource_server::ResourceServer;
use crate::secret::SecretHash;
use crate::time::{Timestamp, days, hours, minutes};
use crate::user::{Standing, User};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::time::Duration;
use subtle::ConstantTimeEq;
use thiserror::Error;

/// A code is redeemed at once by the application that the browser brought it to, or never.
pub const CODE_LIFETIME: Duration = minutes(1);
/// Life of an access token for `/userinfo` or the Management API (Auth0's default).
pub const ACCESS_LIFETIME: Duration = hours(24);
/// Nothing that we sign lives longer, whatever is set: signing keys are kept for that long.
pub const LONGEST_JWT_LIFETIME: Duration = days(30);

/// The scopes that people can be asked for.
pub(crate) const USER_SCOPES: [&str; 4] = [Scopes::OPENID, "profile", "email", Scopes::OFFLINE_ACCESS];

/// A set of scopes, in the order in which they were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Asks who somebody is.
    pub const OPENID: &str = "openid";
    /// Asks for a refresh token.
    pub const OFFLINE_ACCESS: &str = "offline_access";

    /// Reads a list parted by spaces (RFC 6749, 3.3). `None` if it has characters that no scope has.
    pub fn parse(text: &str) -> Option<Self> {
        let is_sound = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
        let words = text.split(' ').filter(|word| !word.is_empty());
        let words: Vec<&str> = words.collect();
        words.iter().all(|word| word.chars().all(is_sound)).then(|| words.into_iter().collect())
    }

    /// Whether `scope` is among them.
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|known| known == scope)
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `other` has all of these.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.iter().all(|scope| other.contains(scope))
    }

    /// Those of them that `other` has too.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.0.iter().filter(|scope| other.contains(scope)).cloned().collect()
    }

    /// Those of them that a person signed in at `client` can be asked for, for `api` if it asks for one. What we do not know
    /// is left out, and the answer says what was granted (RFC 6749, 3.3).
    #[must_use]
    pub fn offered_to(&self, client: &Client, api: Option<&ResourceServer>) -> Self {
        let known = api.map(ResourceServer::scopes).unwrap_or_default();
        let lasts = api.is_none_or(|api| api.settings.allow_offline_access) && client.may_use("refresh_token");
        let is_offered = |scope: &&String| match scope.as_str() {
            Self::OFFLINE_ACCESS => lasts,
            word => USER_SCOPES.contains(&word) || known.contains(word),
        };
        self.0.iter().filter(is_offered).cloned().collect()
    }

    /// They, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// They, as a list.
    pub fn into_vec(self) -> Vec<String> {
        self.0
    }
}

impl<T: Into<String>> FromIterator<T> for Scopes {
    fn from_iter<I: IntoIterator<Item = T>>(words: I) -> Self {
        let mut scopes = Self::default();
        for word in words.into_iter().map(Into::into) {
            if !scopes.0.contains(&word) {
                scopes.0.push(word);
            }
        }
        scopes
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// The challenge of PKCE (RFC 7636), method S256, the only one there is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Reads one: base64url of 32 bytes, without padding.
    pub fn parse(text: &str) -> Option<Self> {
        let is_digest = BASE64URL_NOPAD.decode(text.as_bytes()).is_ok_and(|bytes| bytes.len() == 32);
        is_digest.then(|| Self(text.to_owned()))
    }

    /// The challenge as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `verifier` is its other half, and has the form of one (RFC 7636, 4.1). Compared in constant time.
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let is_unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let is_verifier = (43..=128).contains(&verifier.len()) && verifier.bytes().all(is_unreserved);
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(verifier.as_bytes()));
        is_verifier && bool::from(challenge.as_bytes().ct_eq(self.0.as_bytes()))
    }
}

/// A grant as stored: what one authorization allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// To whom.
    pub client: ClientId,
    /// By whom.
    pub user: UserId,
    /// The user's epoch at that moment; dead once the user's is higher (R20).
    pub user_epoch: i64,
    /// In which session; the `sid` claim.
    pub session: SessionId,
    /// What.
    pub scope: Scopes,
    /// At which API, by its identifier; none for `/userinfo` alone.
    pub audience: Option<String>,
    /// The client's own word, returned in the first ID token.
    pub nonce: Option<String>,
    /// When the person had last proved who they are; `auth_time`.
    pub authenticated_at: Timestamp,
    /// Birth.
    pub created_at: Timestamp,
    /// End of the whole family.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A grant that can still be renewed, and the refresh token that is good for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lasting {
    /// The grant.
    pub grant: Grant,
    /// When that token was made.
    pub exchanged_at: Timestamp,
    /// Until when it waits to be used.
    pub idle_expires_at: Timestamp,
}

/// Which grants are meant: all that fit what is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// By whom.
    pub user: Option<UserId>,
    /// To whom.
    pub client: Option<ClientId>,
    /// At which API, by its identifier.
    pub audience: Option<String>,
}

/// How long the access tokens of a grant live.
pub fn access_lifetime(api: Option<&ResourceServer>) -> Duration {
    api.map_or(ACCESS_LIFETIME, ResourceServer::token_lifetime)
}

/// When a grant of `scope` made at `now` ends: when nothing that came from it can live any more.
pub fn grant_end(scope: &Scopes, api: Option<&ResourceServer>, now: Timestamp) -> Timestamp {
    if scope.contains(Scopes::OFFLINE_ACCESS) {
        now.plus(REFRESH_ABSOLUTE_LIFETIME)
    } else {
        now.plus(CODE_LIFETIME).plus(access_lifetime(api))
    }
}

/// Why nothing more is issued for a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Lapsed {
    /// Revoked, too old, or of an older epoch of its user.
    #[error("the grant is over")]
    Over,
    /// Its user is blocked. Libraries look for these very words.
    #[error("user is blocked")]
    UserBlocked,
}

impl Grant {
    /// Whether anything may still be issued for it. `user` is its user as of now.
    pub fn check(&self, user: &User, now: Timestamp) -> Result<(), Lapsed> {
        let is_current = self.revoked_at.is_none() && now < self.expires_at && self.user_epoch == user.epoch;
        match user.standing() {
            Standing::Blocked => Err(Lapsed::UserBlocked),
            Standing::Active if is_current => Ok(()),
            Standing::Active | Standing::Pending => Err(Lapsed::Over),
        }
    }

    /// When an access token issued at `now` ends.
    pub fn access_end(&self, api: Option<&ResourceServer>, now: Timestamp) -> Timestamp {
        now.plus(access_lifetime(api)).min(self.expires_at)
    }

    /// What of it can be had by now: an API may have lost a scope since, or be closed while nobody is there.
    pub fn current_scope(&self, api: Option<&ResourceServer>) -> Scopes {
        let Some(api) = api else { return self.scope.clone() };
        let (known, lasts) = (api.scopes(), api.settings.allow_offline_access);
        let is_known = |word: &&str| match *word {
            Scopes::OFFLINE_ACCESS => lasts,
            word => USER_SCOPES.contains(&word) || known.contains(word),
        };
        self.scope.iter().filter(is_known).collect()
    }

    /// When a refresh token issued at `now` ends, unless it is used before.
    pub fn refresh_end(&self, now: Timestamp) -> Timestamp {
        now.plus(REFRESH_IDLE_LIFETIME).min(self.expires_at)
    }

    /// What a refresh that asks for `wanted` gets: everything, or less, never more (RFC 6749, 6). As at authorization,
    /// what is not granted is left out and the answer says so: libraries repeat the scope that they once asked for.
    pub fn narrowed_to(&self, wanted: Option<&Scopes>, api: Option<&ResourceServer>) -> Scopes {
        let current = self.current_scope(api);
        wanted.map_or_else(|| current.clone(), |wanted| wanted.and(&current))
    }
}

/// How long the ID tokens of `client` live.
pub fn id_token_lifetime(client: &Client) -> Duration {
    let wish = client.settings.id_token_lifetime_secs.map_or(ID_TOKEN_LIFETIME, Duration::from_secs);
    wish.min(LONGEST_JWT_LIFETIME)
}

/// What a code is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeBinding {
    /// The grant it redeems.
    pub grant: GrantId,
    /// Where the browser was sent with it.
    pub redirect_uri: String,
    /// Whether the client named that address, or we took the only one it has.
    pub redirect_uri_sent: bool,
    /// The challenge.
    pub challenge: CodeChallenge,
    /// Its end.
    pub expires_at: Timestamp,
}

/// What came with a code.
#[derive(Clone, Copy, Debug)]
pub struct Redemption<'a> {
    /// The address that the client says it used.
    pub redirect_uri: Option<&'a str>,
    /// The verifier.
    pub verifier: Option<&'a str>,
}

/// Why a code is not good. What the client reads; it is told no more than it knew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadCode {
    /// Too old.
    #[error("The authorization code has expired.")]
    Expired,
    /// For another address.
    #[error("The redirect_uri does not match the authorization request.")]
    RedirectUri,
    /// Not the verifier.
    #[error("Failed to verify code verifier.")]
    Verifier,
}

impl CodeBinding {
    /// Checks what came with the code (RFC 6749, 4.1.3; RFC 7636, 4.6).
    pub fn admits(&self, redemption: Redemption<'_>, now: Timestamp) -> Result<(), BadCode> {
        let same_address = match redemption.redirect_uri {
            Some(uri) => uri == self.redirect_uri,
            None => !self.redirect_uri_sent,
        };
        let verified = redemption.verifier.is_some_and(|verifier| self.challenge.is_met_by(verifier));
        match (now < self.expires_at, same_address, verified) {
            (false, ..) => Err(BadCode::Expired),
            (true, false, _) => Err(BadCode::RedirectUri),
            (true, true, false) => Err(BadCode::Verifier),
            (true, true, true) => Ok(()),
        }
    }
}

/// What a stored token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Gets the next tokens, once.
    Refresh,
    /// Asks who the user is.
    Access,
}

impl TokenKind {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Access => "access",
        }
    }
}

/// A token on its way into the store: its digest, and how long it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// What it is for.
    pub kind: TokenKind,
    /// Under which the store knows it.
    pub hash: SecretHash,
    /// What it allows.
    pub scope: Scopes,
    /// Its end.
    pub expires_at: Timestamp,
}

#[cfg(test)]
mod tests;
