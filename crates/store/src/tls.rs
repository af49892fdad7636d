//! How a PostgreSQL server is reached.
//!
//! Owns the reading of its URL, the limits on waiting for a connection, and whether the wire is encrypted. A
//! certificate is always verified against the machine's trusted roots: `sslmode=require` means what other clients call
//! `verify-full`. Must not put any part of the URL into an error, since it carries a password.

use crate::error::StoreError;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use guestlist_domain::secret::Sensitive;
use rustls::{ClientConfig, RootCertStore};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long to wait for a connection, be it a free one or a new one.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long data may stay unacknowledged before the connection counts as lost; the kernel would wait a quarter hour.
const SILENCE: Duration = Duration::from_secs(30);

/// A pool of at most `connections`; none is opened yet.
pub(crate) fn pool(url: &Sensitive, connections: usize) -> Result<Pool, StoreError> {
    let config = read(url)?;
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match config.get_ssl_mode() {
        SslMode::Disable => Manager::from_config(config, NoTls, recycling),
        _ => Manager::from_config(config, MakeRustlsConnect::new(client_config()?), recycling),
    };
    Pool::builder(manager)
        .max_size(connections.max(1))
        .timeouts(Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(StoreError::other)
}

fn read(url: &Sensitive) -> Result<Config, StoreError> {
    // The driver knows only the names of the modes that do not verify; ours always does.
    let text = Sensitive::new(url.expose().replace("sslmode=verify-full", "sslmode=require"));
    let mut config: Config = text
        .expose()
        .parse()
        .map_err(|_| StoreError::other("the PostgreSQL URL cannot be read: postgres://user:password@host:port/name"))?;
    if config.get_ssl_mode() == SslMode::Prefer && stays_on_this_machine(&config) {
        config.ssl_mode(SslMode::Disable);
    }
    if config.get_application_name().is_none() {
        config.application_name("guestlist");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(PATIENCE);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    Ok(config)
}

fn stays_on_this_machine(config: &Config) -> bool {
    let near = |host: &Host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    config.get_hosts().iter().all(near) && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

fn client_config() -> Result<ClientConfig, StoreError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(StoreError::other("this machine trusts no certificates: install them or set SSL_CERT_FILE"));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(StoreError::other)?.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Option<SslMode> {
        read(&Sensitive::new(url)).ok().map(|config| config.get_ssl_mode())
    }

    #[test]
    fn only_a_server_on_this_machine_is_spoken_to_in_the_clear_unasked() {
        assert_eq!(mode("postgres://a:b@127.0.0.1/c"), Some(SslMode::Disable));
        assert_eq!(mode("postgres://a:b@localhost/c"), Some(SslMode::Disable));
        assert_eq!(mode("postgres://a:b@%2Frun%2Fpostgresql/c"), Some(SslMode::Disable));
        assert_eq!(mode("postgres://a:b@db.example.org/c"), Some(SslMode::Prefer));
        assert_eq!(mode("postgres://a:b@localhost/c?sslmode=require"), Some(SslMode::Require));
        assert_eq!(mode("postgres://a:b@db.example.org/c?sslmode=verify-full"), Some(SslMode::Require));
        assert_eq!(mode("postgres://a:b@db.example.org/c?sslmode=disable"), Some(SslMode::Disable));
    }

    #[test]
    fn a_url_that_cannot_be_read_is_not_repeated() {
        let error = read(&Sensitive::new("postgres://a:hunter2@h/c?hunter2=1")).map(drop).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
}
