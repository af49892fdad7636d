//! The form of an access token: for an API a JWT that it checks by itself, for `/userinfo` alone an opaque secret.
//!
//! Owns the claims of the JWT, and the way back from a token to its row. A person's JWT carries the digest of its row as
//! `jti`, so that here it is looked up at each use like an opaque one, and a block takes effect at once (R20); an API
//! that does not ask goes by its end. Must not decide who gets one.

use crate::app::App;
use crate::error::Unexpected;
use crate::keys::{self, JwtType, Signer};
use data_encoding::BASE64URL_NOPAD;
use guestlist_domain::grant::{Grant, Scopes};
use guestlist_domain::ids::ClientId;
use guestlist_domain::resource_server::{ResourceServer, TokenDialect};
use guestlist_domain::secret::{Purpose, Secret, SecretHash, Sensitive};
use guestlist_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How a token says that nobody is behind it.
pub(super) const MACHINE: &str = "client-credentials";

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: Audience<'a>,
    iat: i64,
    exp: i64,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    gty: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Audience<'a> {
    One(&'a str),
    AndUserinfo([&'a str; 2]),
}

/// Who has the token.
pub(super) enum Bearer<'a> {
    /// A machine on its own behalf.
    Machine(&'a ClientId),
    /// An application on a person's behalf; the digest is its row's.
    Person(&'a Grant, SecretHash),
}

/// The subject of a machine in Auth0's form, which no user can have.
pub(super) fn machine(client: &ClientId) -> String {
    format!("{client}@clients")
}

/// The JWT for an API, good from `now` to `end`.
pub(super) fn sign(
    app: &App,
    signer: &Signer,
    api: &ResourceServer,
    (bearer, scope): (&Bearer<'_>, &Scopes),
    (now, end): (Timestamp, Timestamp),
) -> Result<Sensitive, Unexpected> {
    let (issuer, userinfo) = (app.public_url().issuer(), app.public_url().userinfo_audience());
    let is_standard = api.settings.token_dialect == TokenDialect::Rfc9068Profile;
    let (client, sub) = match bearer {
        Bearer::Machine(client) => (client.as_str(), machine(client)),
        Bearer::Person(grant, _) => (grant.client.as_str(), grant.user.to_string()),
    };
    let jti = match bearer {
        Bearer::Person(_, row) => Some(BASE64URL_NOPAD.encode(row.as_bytes())),
        Bearer::Machine(_) => is_standard.then(|| BASE64URL_NOPAD.encode(&app.entropy().bytes::<16>())),
    };
    let aud = match bearer {
        Bearer::Person(..) if scope.contains(Scopes::OPENID) => Audience::AndUserinfo([&api.identifier, &userinfo]),
        _ => Audience::One(&api.identifier),
    };
    let claims = Claims {
        iss: &issuer,
        sub: &sub,
        aud,
        iat: now.seconds(),
        exp: end.seconds(),
        scope: scope.to_string(),
        gty: matches!(bearer, Bearer::Machine(_)).then_some(MACHINE),
        azp: (!is_standard).then_some(client),
        client_id: is_standard.then_some(client),
        auth_time: match bearer {
            Bearer::Person(grant, _) if is_standard => Some(grant.authenticated_at.seconds()),
            _ => None,
        },
        jti,
    };
    let form = if is_standard { JwtType::AccessToken } else { JwtType::Jwt };
    signer.sign(form, &claims).map(Sensitive::new)
}

#[derive(Deserialize)]
struct Named {
    jti: String,
}

/// Under which digest a person's access token is kept, whatever its form. `None` for what is no such token of ours.
pub(super) async fn row(app: &App, token: &str) -> Result<Option<SecretHash>, Unexpected> {
    if let Some(secret) = Secret::parse(Purpose::Access, token) {
        return Ok(Some(secret.hash()));
    }
    let named = keys::verified_of::<Named>(app, token, &[JwtType::Jwt, JwtType::AccessToken], None).await?;
    let bytes = named.ok().and_then(|named| BASE64URL_NOPAD.decode(named.jti.as_bytes()).ok());
    Ok(bytes.and_then(|bytes| SecretHash::from_bytes(&bytes)))
}
