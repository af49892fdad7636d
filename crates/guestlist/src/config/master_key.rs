//! The master key: given by the operator, or made at the first start and kept beside the database.
//!
//! Owns the key's file and its strength. Must not know what is sealed with it.

use super::Config;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use guestlist_app::clock::Entropy;
use guestlist_app::seal::{MASTER_KEY_BYTES, Seal};
use guestlist_app::settings::Target;
use guestlist_domain::secret::Sensitive;
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What to tell whoever has none.
pub(super) const HOW_TO_MAKE: &str = "Make one with: head -c 32 /dev/urandom | base64";

/// Fewer different bytes than this among 32 random ones happen less than once in 10^20 tries.
const FEWEST_DIFFERENT_BYTES: usize = 12;

/// Why there is no master key.
#[derive(Debug, Error)]
pub(crate) enum MasterKeyError {
    /// The file system said no.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// Of what.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
    /// Others can read it.
    #[error(
        "the master key {path} can be read by others on this machine: run chmod 600 {path}, and if somebody may have \
         read it, change every secret that it seals",
        path = _0.display()
    )]
    Exposed(PathBuf),
    /// What is in the file is no key.
    #[error("the master key {path} cannot be used: {problem}", path = path.display())]
    Unusable {
        /// Where.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// A database, but not the key that belongs to it.
    #[error(
        "the database {database} exists, but its master key {key} is gone: put the key back from your copy, or set \
         GUESTLIST_SECRET_KEY to it. A new key could not open what the old one sealed",
        database = database.display(), key = key.display()
    )]
    Gone {
        /// The database.
        database: PathBuf,
        /// Where the key should be.
        key: PathBuf,
    },
}

/// Whether a text is a master key, and not one that somebody thought up.
pub(super) fn check(key: &Sensitive) -> Result<(), String> {
    Seal::new(key).map_err(|error| error.to_string())?;
    let text = key.expose().trim().as_bytes();
    let bytes = BASE64.decode(text).or_else(|_| BASE64URL_NOPAD.decode(text)).unwrap_or_default();
    let different = bytes.into_iter().collect::<BTreeSet<u8>>().len();
    if different < FEWEST_DIFFERENT_BYTES { Err("the master key is not random".to_owned()) } else { Ok(()) }
}

/// The master key of this configuration. The first start with an SQLite file makes one.
pub(crate) fn master_key(config: &Config, entropy: &dyn Entropy) -> Result<Sensitive, MasterKeyError> {
    make_directory(&config.data_dir)?;
    if let Some(key) = &config.secret_key {
        return Ok(key.clone());
    }
    let path = config.data_dir.join("secret.key");
    if !path.exists() {
        if let Target::Sqlite { path: database } = &config.target
            && database.exists()
        {
            return Err(MasterKeyError::Gone { database: database.clone(), key: path });
        }
        make(&path, entropy).map_err(|error| MasterKeyError::File { path: path.clone(), error })?;
        tracing::info!(path = %path.display(), "made the master key; keep a copy of it");
    }
    read(path)
}

fn make_directory(path: &Path) -> Result<(), MasterKeyError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| MasterKeyError::File { path: path.to_owned(), error })
}

/// Writes a new key under another name and links it to its own: a reader finds no key or a whole one, and of two that
/// start at once the first wins.
fn make(path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    let suffix = BASE64URL_NOPAD.encode(&entropy.bytes::<9>());
    let draft = path.with_file_name(format!(".secret.key.{suffix}"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = writeln!(file, "{}", BASE64.encode(&entropy.bytes::<MASTER_KEY_BYTES>()))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match written {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all()),
    }
}

fn read(path: PathBuf) -> Result<Sensitive, MasterKeyError> {
    let text = fs::metadata(&path).and_then(|metadata| Ok((metadata, fs::read_to_string(&path)?)));
    let (metadata, text) = text.map_err(|error| MasterKeyError::File { path: path.clone(), error })?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(MasterKeyError::Exposed(path));
    }
    let key = Sensitive::new(text.trim());
    check(&key).map_err(|problem| MasterKeyError::Unusable { path, problem })?;
    Ok(key)
}
