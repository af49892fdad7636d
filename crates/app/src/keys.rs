//! Signing keys. A building block: acts call it, it calls no act.
//!
//! Owns the RSA keys that sign our tokens: made once for all processes, sealed at rest, parsed once into memory,
//! published before use and kept until the last token they signed is over. Must not know what a token says.

use crate::app::App;
use crate::error::Unexpected;
use crate::history;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use data_encoding::BASE64URL_NOPAD;
use guestlist_domain::event::{About, Actor, EventKind};
use guestlist_domain::grant::LONGEST_JWT_LIFETIME;
use guestlist_domain::time::{Timestamp, hours};
use guestlist_store::keys::StoredKey;
use guestlist_store::{StoreError, keys};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use zeroize::Zeroizing;

/// What is sealed under this name.
const USAGE: &str = "signing key";
/// How long memory is believed before the database is asked again.
const BELIEVED_FOR: Duration = Duration::from_mins(1);
/// A token that names an unknown key makes us look again, but not more often than this.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// A next key is published so long before it signs: longer than anybody keeps our key set.
const PUBLISHED_AHEAD: Duration = hours(1);

/// The keys as this process last saw them.
#[derive(Default)]
pub(crate) struct KeyRing {
    loaded: RwLock<Option<Arc<Loaded>>>,
}

struct Loaded {
    keys: Vec<Arc<Key>>,
    jwks: Arc<str>,
    at: Timestamp,
}

struct Key {
    kid: String,
    pair: KeyPair,
    verifier: DecodingKey,
    active_from: Timestamp,
}

impl KeyRing {
    fn loaded(&self) -> Option<Arc<Loaded>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, loaded: Option<Arc<Loaded>>) {
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
    }
}

/// What a JWT says it is, so that none is taken for another (RFC 8725, 3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JwtType {
    /// An ID token, or an access token as Auth0 makes it.
    Jwt,
    /// An access token as the standard has it (RFC 9068, 2.1).
    AccessToken,
}

impl JwtType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "JWT",
            Self::AccessToken => "at+jwt",
        }
    }
}

/// The key that signs now.
pub(crate) struct Signer(Arc<Key>);

impl Signer {
    /// `claims` as a signed JWT (RFC 7515, 7.1). The library would parse the private key anew for each signature, which
    /// costs as much as signing, so the three lines are here.
    pub(crate) fn sign<C: Serialize>(&self, of: JwtType, claims: &C) -> Result<String, Unexpected> {
        let header = json!({ "alg": "RS256", "typ": of.as_str(), "kid": self.0.kid }).to_string();
        let claims = serde_json::to_vec(claims).map_err(|error| broken("claims cannot be written", &error))?;
        let mut jwt = format!("{}.{}", BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(&claims));
        let mut signature = vec![0; self.0.pair.public_modulus_len()];
        // PKCS #1 v1.5 signatures use no randomness; the interface wants a source all the same.
        let signed = self.0.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), jwt.as_bytes(), &mut signature);
        signed.map_err(|error| broken("signing failed", &error))?;
        jwt.push('.');
        jwt.push_str(&BASE64URL_NOPAD.encode(&signature));
        Ok(jwt)
    }
}

/// Makes the first key, if there is none. Of several processes that start at once, one makes it.
pub async fn prepare(app: &App) -> Result<(), Unexpected> {
    load(app).await.map(drop)
}

/// The public halves, as they are published (RFC 7517, 5).
pub async fn jwks(app: &App) -> Result<Arc<str>, Unexpected> {
    Ok(Arc::clone(&current(app).await?.jwks))
}

/// The key that signs now: of those whose time has come, the newest.
pub(crate) async fn signer(app: &App) -> Result<Signer, Unexpected> {
    let (loaded, now) = (current(app).await?, app.now());
    let key = loaded.keys.iter().rev().find(|key| key.active_from <= now);
    key.map(|key| Signer(Arc::clone(key))).ok_or_else(|| Unexpected::Broken("no signing key is active".to_owned()))
}

/// Why a token is not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotOurs {
    /// No signature of ours.
    Signature,
    /// Ours, but from another issuer, for another audience, or malformed.
    Claims,
}

/// The claims of a token that we signed, for `audience`, or for whoever it is if there is none. Its times are the
/// caller's to check: the library would ask the machine's clock.
pub(crate) async fn verified<C: DeserializeOwned>(
    app: &App,
    jwt: &str,
    audience: Option<&str>,
) -> Result<Result<C, NotOurs>, Unexpected> {
    verified_of(app, jwt, &[JwtType::Jwt], audience).await
}

/// [`verified`], of one of these types.
pub(crate) async fn verified_of<C: DeserializeOwned>(
    app: &App,
    jwt: &str,
    types: &[JwtType],
    audience: Option<&str>,
) -> Result<Result<C, NotOurs>, Unexpected> {
    let Ok(header) = jsonwebtoken::decode_header(jwt) else { return Ok(Err(NotOurs::Signature)) };
    let is_of = types.iter().any(|known| header.typ.as_deref() == Some(known.as_str()));
    let is_plain = header.alg == Algorithm::RS256 && is_of;
    let Some(kid) = header.kid.filter(|_| is_plain) else { return Ok(Err(NotOurs::Signature)) };
    let Some(key) = find(app, &kid).await? else { return Ok(Err(NotOurs::Signature)) };
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.set_required_spec_claims(&["iss", "aud"]);
    validation.set_issuer(&[app.public_url().issuer()]);
    validation.validate_aud = audience.is_some();
    validation.set_audience(audience.as_slice());
    let decoded = jsonwebtoken::decode::<C>(jwt, &key.verifier, &validation);
    Ok(decoded.map(|token| token.claims).map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => NotOurs::Signature,
        _ => NotOurs::Claims,
    }))
}

async fn find(app: &App, kid: &str) -> Result<Option<Arc<Key>>, Unexpected> {
    let in_memory = |loaded: &Loaded| loaded.keys.iter().find(|key| key.kid == kid).cloned();
    let loaded = current(app).await?;
    match in_memory(&loaded) {
        Some(key) => Ok(Some(key)),
        None if app.now() >= loaded.at.plus(LOOK_AGAIN_AFTER) => Ok(in_memory(&*load(app).await?)),
        None => Ok(None),
    }
}

/// How keys are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The next key is published now and signs later; the others verify until what they signed is over.
    Planned,
    /// A key is in the wrong hands: the next signs at once, and the others are gone, with all that they signed.
    Emergency,
}

/// Adds the next key. Tells its name.
pub async fn rotate(app: &App, rotation: Rotation, actor: &Actor) -> Result<String, Unexpected> {
    load(app).await?;
    let now = app.now();
    let (active_from, others_until) = match rotation {
        Rotation::Planned => {
            let active_from = now.plus(PUBLISHED_AHEAD);
            (active_from, active_from.plus(LONGEST_JWT_LIFETIME))
        }
        Rotation::Emergency => (now, now),
    };
    let key = generate(app, active_from).await?;
    let (house, actor, kid) = (app.clone(), actor.clone(), key.kid.clone());
    let rotated: Result<(), Unexpected> = app
        .write(move |tx| {
            let (app, actor, key) = (house.clone(), actor.clone(), key.clone());
            Box::pin(async move {
                keys::insert_next(tx, &key, others_until).await?;
                history::record(&app, tx, now, EventKind::KeysRotated, &actor, About::default()).await?;
                Ok(())
            })
        })
        .await;
    rotated?;
    app.keys().put(None);
    Ok(kid)
}

async fn current(app: &App) -> Result<Arc<Loaded>, Unexpected> {
    let now = app.now();
    match app.keys().loaded() {
        Some(loaded) if (loaded.at..loaded.at.plus(BELIEVED_FOR)).contains(&now) => Ok(loaded),
        _ => load(app).await,
    }
}

/// Reads the keys anew. What was parsed before stays parsed.
async fn load(app: &App) -> Result<Arc<Loaded>, Unexpected> {
    let now = app.now();
    let mut stored = list(app, now).await?;
    if stored.is_empty() {
        insert_first(app, now).await?;
        stored = list(app, now).await?;
    }
    let known = app.keys().loaded();
    let parsed = |stored: &StoredKey| {
        let known = known.iter().flat_map(|loaded| &loaded.keys).find(|key| key.kid == stored.kid);
        known.map_or_else(|| parse(app, stored).map(Arc::new), |key| Ok(Arc::clone(key)))
    };
    let keys = stored.iter().map(parsed).collect::<Result<Vec<_>, _>>()?;
    let published: Vec<&str> = stored.iter().map(|key| key.public_jwk.as_str()).collect();
    let jwks = format!("{{\"keys\":[{}]}}", published.join(","));
    let loaded = Arc::new(Loaded { keys, jwks: jwks.into(), at: now });
    app.keys().put(Some(Arc::clone(&loaded)));
    Ok(loaded)
}

async fn list(app: &App, now: Timestamp) -> Result<Vec<StoredKey>, Unexpected> {
    let stored: Result<_, StoreError> = app.read(move |tx| Box::pin(async move { keys::list(tx, now).await })).await;
    stored.map_err(Unexpected::from)
}

async fn insert_first(app: &App, now: Timestamp) -> Result<(), Unexpected> {
    let key = generate(app, now).await?;
    let inserted: Result<bool, StoreError> = app
        .write(move |tx| {
            let key = key.clone();
            Box::pin(async move { keys::insert_first(tx, &key).await })
        })
        .await;
    inserted.map(drop).map_err(Unexpected::from)
}

async fn generate(app: &App, active_from: Timestamp) -> Result<StoredKey, Unexpected> {
    let generated = tokio::task::spawn_blocking(|| KeyPair::generate(KeySize::Rsa2048)).await;
    let pair = generated.map_err(|error| broken("no signing key", &error))?;
    let pair = pair.map_err(|error| broken("no signing key", &error))?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|error| broken("no signing key", &error))?;
    let (kid, public_jwk) = publish(&pair)?;
    Ok(StoredKey {
        kid,
        sealed_private_key: app.seal().seal(USAGE, private.as_ref(), app.entropy())?,
        public_jwk,
        created_at: app.now(),
        active_from,
        retired_at: None,
    })
}

/// The published half and its thumbprint (RFC 7638), which is the key's name.
fn publish(pair: &KeyPair) -> Result<(String, String), Unexpected> {
    let n = BASE64URL_NOPAD.encode(pair.public_key().modulus().big_endian_without_leading_zero());
    let e = BASE64URL_NOPAD.encode(pair.public_key().exponent().big_endian_without_leading_zero());
    let bare: Jwk = serde_json::from_value(json!({ "kty": "RSA", "n": n, "e": e }))
        .map_err(|error| broken("no public key", &error))?;
    let kid = bare.thumbprint(ThumbprintHash::SHA256).map_err(|error| broken("no thumbprint", &error))?;
    let jwk = json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e }).to_string();
    Ok((kid, jwk))
}

fn parse(app: &App, stored: &StoredKey) -> Result<Key, Unexpected> {
    let private: Zeroizing<Vec<u8>> = app.seal().open(USAGE, &stored.sealed_private_key)?;
    let pair = KeyPair::from_pkcs8(&private).map_err(|error| broken("a signing key is damaged", &error))?;
    let modulus = pair.public_key().modulus();
    let exponent = pair.public_key().exponent();
    let verifier = DecodingKey::from_rsa_raw_components(
        modulus.big_endian_without_leading_zero(),
        exponent.big_endian_without_leading_zero(),
    );
    Ok(Key { kid: stored.kid.clone(), verifier, pair, active_from: stored.active_from })
}

fn broken(what: &str, error: &impl std::fmt::Display) -> Unexpected {
    Unexpected::Broken(format!("{what}: {error}"))
}
