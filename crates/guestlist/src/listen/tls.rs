//! TLS from PEM files, read again when the operator says so.
//!
//! Owns certificate and key. Connections that stand keep theirs; new ones get the newest pair that could be read. Must
//! not know HTTP beyond its names in the handshake.

use crate::config::TlsFiles;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The first byte of every TLS connection: a record of the handshake (RFC 8446, section 5.1).
const HANDSHAKE_RECORD: u8 = 22;

/// Why there is no TLS.
#[derive(Debug, Error)]
pub(crate) enum TlsError {
    /// A file that is not there, or not PEM.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: pem::Error,
    },
    /// No certificate in it.
    #[error("{path} holds no certificate in PEM", path = _0.display())]
    NoCertificate(PathBuf),
    /// The key does not belong to the certificate, or TLS does not know its kind.
    #[error("certificate and key do not work together: {0}")]
    Pair(#[from] rustls::Error),
}

/// The newest certificate and key. Clones share them.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: Arc<RwLock<TlsAcceptor>>,
    plain_too: bool,
}

/// A connection after its first words.
pub(crate) enum Accepted {
    Tls(Box<TlsStream<TcpStream>>),
    /// Without TLS; only where that was allowed.
    Plain(TcpStream),
}

impl Tls {
    /// Reads both files.
    pub(crate) fn from_files(files: &TlsFiles) -> Result<Self, TlsError> {
        let acceptor = acceptor(read_certificates(&files.certificates)?, read_key(&files.key)?)?;
        Ok(Self { acceptor: Arc::new(RwLock::new(acceptor)), plain_too: false })
    }

    /// A pair at hand, on a port that takes plain connections as well: for `guestlist dev`, whose certificate nobody
    /// but its reader's browser is asked to trust.
    pub(crate) fn beside_plain(
        certificates: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, TlsError> {
        let acceptor = acceptor(certificates, key)?;
        Ok(Self { acceptor: Arc::new(RwLock::new(acceptor)), plain_too: true })
    }

    /// Reads both files again. If they cannot be used, the pair at work stays.
    pub(crate) fn reload(&self, files: &TlsFiles) -> Result<(), TlsError> {
        let new = acceptor(read_certificates(&files.certificates)?, read_key(&files.key)?)?;
        *self.acceptor.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Agrees upon keys.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<Accepted> {
        if self.plain_too {
            let mut first = [0];
            if stream.peek(&mut first).await? == 1 && first != [HANDSHAKE_RECORD] {
                return Ok(Accepted::Plain(stream));
            }
        }
        let acceptor = self.acceptor.read().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Accepted::Tls(Box::new(acceptor.accept(stream).await?)))
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let file = |error| TlsError::File { path: path.to_owned(), error };
    let found: Vec<_> = CertificateDer::pem_file_iter(path).map_err(file)?.collect::<Result<_, _>>().map_err(file)?;
    if found.is_empty() { Err(TlsError::NoCertificate(path.to_owned())) } else { Ok(found) }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| TlsError::File { path: path.to_owned(), error })
}

fn acceptor(
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<TlsAcceptor, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
