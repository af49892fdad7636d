//! Passwords, hashed and checked. A building block: acts call it, it calls no act.
//!
//! Owns Argon2id with its parameters and the bound on how much of it runs at once. Overload is answered at once and
//! costs nobody else anything (R18). Must not know whose password it is.

use crate::app::App;
use crate::error::Unexpected;
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use guestlist_domain::connection::Strategy;
use guestlist_domain::credential::{NewPassword, is_plausible};
use guestlist_domain::secret::Sensitive;
use guestlist_store::{StoreError, Tx, connections};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

/// Memory of one hash in KiB, passes and lanes: OWASP's first recommendation for Argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const OUTPUT_BYTES: usize = 32;
const SALT_BYTES: usize = 16;
/// Callers that may wait for one slot. At 20 to 40 ms a hash the last of them waits about a second.
const WAITING_PER_SLOT: usize = 32;

/// A password's hash in PHC form, on its way into the database. Prints as dots.
#[derive(Clone)]
pub struct PasswordPhc(String);

impl PasswordPhc {
    /// The text to store.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordPhc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordPhc(…)")
    }
}

/// What a check found.
#[derive(Debug)]
pub(crate) enum Check {
    /// It is the password. If it was stored under older parameters, here it is under today's.
    Match {
        /// The newer form.
        rehashed: Option<PasswordPhc>,
    },
    /// It is not.
    NoMatch,
}

/// Whether passwords are a way in here at all; without them a reset would open a door that is shut.
pub(crate) async fn are_offered(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    Ok(connections::usable(tx, None, None).await?.iter().any(|way| way.strategy == Strategy::Database))
}

/// A bounded number of hashes at once, each in memory that is used again and again.
pub(crate) struct Hasher {
    slots: Arc<Semaphore>,
    places: AtomicUsize,
    memory: Mutex<Vec<Vec<Block>>>,
}

impl Hasher {
    pub(crate) fn new(slots: usize) -> Self {
        let slots = slots.max(1);
        Self {
            slots: Arc::new(Semaphore::new(slots)),
            places: AtomicUsize::new(slots * (WAITING_PER_SLOT + 1)),
            memory: Mutex::new(Vec::new()),
        }
    }

    fn take_memory(&self, blocks: usize) -> Vec<Block> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        memory.resize(blocks, Block::new());
        memory
    }

    fn give_memory_back(&self, memory: Vec<Block>) {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

/// A place in the queue, given back however the wait ends.
struct Place(App);

impl Place {
    fn take(app: &App) -> Result<Self, Unexpected> {
        let places = &app.hasher().places;
        let taken = places.fetch_update(Ordering::AcqRel, Ordering::Acquire, |free| free.checked_sub(1));
        taken.map(|_| Self(app.clone())).map_err(|_| Unexpected::Busy)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.hasher().places.fetch_add(1, Ordering::AcqRel);
    }
}

/// Hashes a password that satisfied the policy.
pub async fn hash(app: &App, password: &NewPassword) -> Result<PasswordPhc, Unexpected> {
    let salt = app.entropy().bytes::<SALT_BYTES>();
    let password = Sensitive::new(password.expose());
    in_a_slot(app, move |memory| derive(&todays_params()?, &password, &salt, memory)).await?
}

/// Compares a password with a stored hash. Without one it takes as long, so that nobody can tell by the clock whether
/// there is one (case 32).
pub(crate) async fn check(app: &App, password: &Sensitive, stored: Option<String>) -> Result<Check, Unexpected> {
    if !is_plausible(password.expose()) {
        return Ok(Check::NoMatch);
    }
    let password = password.clone();
    let salt = app.entropy().bytes::<SALT_BYTES>();
    in_a_slot(app, move |memory| match stored {
        Some(stored) => compare(&stored, &password, &salt, memory),
        None => derive(&todays_params()?, &password, &salt, memory).map(|_| Check::NoMatch),
    })
    .await?
}

async fn in_a_slot<T: Send + 'static>(
    app: &App,
    job: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
) -> Result<T, Unexpected> {
    let place = Place::take(app)?;
    let slot = Arc::clone(&app.hasher().slots).acquire_owned().await.map_err(|_| Unexpected::Busy)?;
    let app = app.clone();
    let work = tokio::task::spawn_blocking(move || {
        let _held = (place, slot);
        let mut memory = app.hasher().take_memory(MEMORY_KIB as usize);
        let done = job(&mut memory);
        app.hasher().give_memory_back(memory);
        done
    });
    work.await.map_err(|_| broken("hashing stopped"))
}

fn todays_params() -> Result<Params, Unexpected> {
    Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT_BYTES)).map_err(|_| broken("Argon2 parameters"))
}

fn raw(params: &Params, password: &Sensitive, salt: &[u8], memory: &mut Vec<Block>) -> Result<Output, Unexpected> {
    let mut out = [0_u8; OUTPUT_BYTES];
    memory.resize(params.block_count(), Block::new());
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password.expose().as_bytes(), salt, &mut out, memory.as_mut_slice())
        .map_err(|_| broken("Argon2 failed"))?;
    Output::new(&out).map_err(|_| broken("Argon2 failed"))
}

fn derive(
    params: &Params,
    password: &Sensitive,
    salt: &[u8],
    memory: &mut Vec<Block>,
) -> Result<PasswordPhc, Unexpected> {
    let hash = raw(params, password, salt, memory)?;
    let phc = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(|_| broken("Argon2 parameters"))?,
        salt: Some(Salt::new(salt).map_err(|_| broken("a salt"))?),
        hash: Some(hash),
    };
    Ok(PasswordPhc(phc.to_string()))
}

fn compare(
    stored: &str,
    password: &Sensitive,
    fresh_salt: &[u8],
    memory: &mut Vec<Block>,
) -> Result<Check, Unexpected> {
    let parsed = PasswordHash::new(stored).map_err(|_| broken("a stored password hash"))?;
    let params = Params::try_from(&parsed).map_err(|_| broken("a stored password hash"))?;
    let (Some(salt), Some(expected)) = (&parsed.salt, &parsed.hash) else {
        return Err(broken("a stored password hash"));
    };
    let found = raw(&params, password, salt.as_ref(), memory)?;
    if !bool::from(found.as_bytes().ct_eq(expected.as_bytes())) {
        return Ok(Check::NoMatch);
    }
    let today = todays_params()?;
    let is_weaker = params.m_cost() < today.m_cost() || params.t_cost() < today.t_cost();
    let rehashed = if is_weaker { Some(derive(&today, password, fresh_salt, memory)?) } else { None };
    Ok(Check::Match { rehashed })
}

fn broken(what: &str) -> Unexpected {
    Unexpected::Broken(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Vec<Block> {
        Vec::new()
    }

    #[test]
    fn case_031_stored_form() {
        let phc =
            derive(&todays_params().unwrap(), &Sensitive::new("kettle-orbit-9"), &[7; 16], &mut memory()).unwrap();
        assert!(phc.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", phc.as_str());
        let check = |text| compare(phc.as_str(), &Sensitive::new(text), &[8; 16], &mut memory()).unwrap();
        assert!(matches!(check("kettle-orbit-9"), Check::Match { rehashed: None }));
        assert!(matches!(check("kettle-orbit-8"), Check::NoMatch));
    }

    #[test]
    fn case_031_weaker_parameters_are_raised_at_the_next_sign_in() {
        let weak = Params::new(8 * 1024, 1, 1, Some(OUTPUT_BYTES)).unwrap();
        let stored = derive(&weak, &Sensitive::new("kettle-orbit-9"), &[7; 16], &mut memory()).unwrap();
        let Check::Match { rehashed: Some(raised) } =
            compare(stored.as_str(), &Sensitive::new("kettle-orbit-9"), &[8; 16], &mut memory()).unwrap()
        else {
            panic!("not raised");
        };
        assert!(raised.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }
}
