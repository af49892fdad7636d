//! A certificate for loopback, made on the spot, for the servers that tests start.
//!
//! It names `localhost` and `127.0.0.1` and nothing else. It knows no protocol; who wants TLS takes the acceptor.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a fixture that cannot start fails its test")]

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A self-signed certificate with its key.
#[derive(Debug)]
pub struct LoopbackCertificate {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key: PrivatePkcs8KeyDer<'static>,
    key_pem: String,
}

impl LoopbackCertificate {
    /// Makes a new certificate and key.
    pub fn generate() -> Self {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).expect("a certificate can be made");
        Self {
            certificate: cert.der().clone(),
            certificate_pem: cert.pem(),
            key: PrivatePkcs8KeyDer::from(signing_key.serialize_der()),
            key_pem: signing_key.serialize_pem(),
        }
    }

    /// The certificate as DER: what a client must trust.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// The certificate as PEM: what `GUESTLIST_TLS_CERT` or `SSL_CERT_FILE` names.
    pub fn pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The private key as PEM.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// Accepts TLS connections under this certificate.
    pub fn acceptor(&self) -> TlsAcceptor {
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows the default versions")
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], PrivateKeyDer::Pkcs8(self.key.clone_key()))
            .expect("certificate and key belong together");
        TlsAcceptor::from(Arc::new(config))
    }
}
