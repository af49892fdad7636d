//! A certificate for loopback, made on the spot.
//!
//! Owns its names. Must not know who speaks TLS with it.

use crate::listen::tls::{Tls, TlsError};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use thiserror::Error;

/// Why there is none.
#[derive(Debug, Error)]
pub(crate) enum CertificateError {
    /// It could not be made.
    #[error("no certificate could be made: {0}")]
    Make(#[from] rcgen::Error),
    /// It could not be used.
    #[error(transparent)]
    Use(#[from] TlsError),
}

/// TLS under a certificate that nobody trusts yet. The port takes plain connections too, for the provider and the
/// sample application, which talk to this process from within it.
pub(crate) fn self_signed() -> Result<Tls, CertificateError> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names)?;
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    Ok(Tls::beside_plain(vec![cert.der().clone()], key)?)
}
