//! What tokens say about a person. A building block: acts call it, it calls no act.
//!
//! Owns the claims of ID tokens and of `/userinfo`, which show the same things under the same names. Must not decide
//! whether anybody may see them; scopes do.

use crate::app::App;
use crate::error::Unexpected;
use crate::keys::{JwtType, Signer};
use data_encoding::BASE64URL_NOPAD;
use guestlist_domain::client::Client;
use guestlist_domain::grant::{Scopes, id_token_lifetime};
use guestlist_domain::ids::SessionId;
use guestlist_domain::secret::{SecretHash, Sensitive};
use guestlist_domain::time::Timestamp;
use guestlist_domain::user::User;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The claims about `user` that `scope` shows (OpenID Connect Core, 5.4). Numbers for times, as section 5.1 has them.
pub(crate) fn about(user: &User, scope: &Scopes) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    if scope.contains("profile") {
        let profile = &user.profile;
        put("name", json!(user.display_name()));
        put("nickname", json!(profile.nickname.as_deref().unwrap_or(user.email.local_part())));
        let optional =
            [("given_name", &profile.given_name), ("family_name", &profile.family_name), ("picture", &profile.picture)];
        for (name, value) in optional {
            if let Some(value) = value {
                put(name, json!(value));
            }
        }
        put("updated_at", json!(user.updated_at.seconds()));
    }
    if scope.contains("email") {
        put("email", json!(user.email));
        put("email_verified", json!(user.email_verified));
    }
    claims
}

#[derive(Serialize)]
struct IdToken<'a> {
    iss: String,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    auth_time: i64,
    sid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    c_hash: Option<String>,
    #[serde(flatten)]
    about: Map<String, Value>,
}

/// What an ID token is about.
pub(crate) struct Subject<'a> {
    pub(crate) client: &'a Client,
    pub(crate) session: &'a SessionId,
    pub(crate) authenticated_at: Timestamp,
    pub(crate) user: &'a User,
    /// What is granted this time.
    pub(crate) scope: &'a Scopes,
    /// Only the first ID token repeats it; libraries refuse one that they did not ask for.
    pub(crate) nonce: Option<&'a str>,
    /// The access token or the code that it is handed out with.
    pub(crate) beside: Beside<'a>,
}

/// What an ID token vouches for, as the one that was issued with it (OpenID Connect Core, 3.1.3.6 and 3.3.2.11).
#[derive(Clone, Copy)]
pub(crate) enum Beside<'a> {
    AccessToken(&'a str),
    Code(&'a str),
    Nothing,
}

/// The signed ID token.
pub(crate) fn id_token(
    app: &App,
    signer: &Signer,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Result<Sensitive, Unexpected> {
    let (at_hash, c_hash) = match subject.beside {
        Beside::AccessToken(token) => (Some(left_half(token)), None),
        Beside::Code(code) => (None, Some(left_half(code))),
        Beside::Nothing => (None, None),
    };
    let claims = IdToken {
        iss: app.public_url().issuer(),
        sub: subject.user.id.as_str(),
        aud: subject.client.id.as_str(),
        iat: now.seconds(),
        exp: now.plus(id_token_lifetime(subject.client)).seconds(),
        auth_time: subject.authenticated_at.seconds(),
        sid: subject.session.as_str(),
        nonce: subject.nonce,
        at_hash,
        c_hash,
        about: about(subject.user, subject.scope),
    };
    signer.sign(JwtType::Jwt, &claims).map(Sensitive::new)
}

/// The left half of its digest.
fn left_half(text: &str) -> String {
    let digest = SecretHash::of(text.as_bytes());
    let (half, _) = digest.as_bytes().split_at(16);
    BASE64URL_NOPAD.encode(half)
}
