//! The mail server that the operator named: its address, its encryption, its login.
//!
//! Owns the reading of `GUESTLIST_SMTP_URL` and the making of a connection. Encryption is what the scheme says, or
//! there is no connection: nothing here looks at what a server offers and settles for less.

use guestlist_domain::secret::Sensitive;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use std::net::IpAddr;
use std::time::Duration;
use thiserror::Error;
use url::{Host, Url, form_urlencoded};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Why an SMTP URL cannot be used. Never shows the URL, which holds the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SmtpUrlError {
    /// No URL with a host, or with something behind the host.
    #[error("the SMTP URL is not of the form scheme://user:password@host:port")]
    Form,
    /// Another scheme.
    #[error("the SMTP URL begins with none of smtp://, smtps://, smtp+starttls://")]
    Scheme,
    /// Plain text to a server that is not nearby.
    #[error("plain smtp:// to a public host: use smtps:// or smtp+starttls://, or add ?plaintext=allow")]
    Plaintext,
    /// A password in plain text.
    #[error("a password does not go over plain smtp:// to another machine: use smtps:// or smtp+starttls://")]
    PlaintextPassword,
    /// The extra root certificates.
    #[error("the root certificates for SMTP cannot be read as PEM")]
    RootCertificates,
}

/// How words travel.
enum Encryption {
    None,
    FromTheStart(TlsParameters),
    StartTls(TlsParameters),
}

/// A mail server.
pub(super) struct Server {
    host: String,
    port: u16,
    encryption: Encryption,
    login: Option<Login>,
}

struct Login {
    user: String,
    password: Sensitive,
}

impl Server {
    pub(super) fn parse(url: &str, root_certificates: Option<&[u8]>) -> Result<Self, SmtpUrlError> {
        let url = Url::parse(url).map_err(|_| SmtpUrlError::Form)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(SmtpUrlError::Form)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(SmtpUrlError::Form);
        }
        let login = login(&url);
        let tls = || tls_parameters(&host, root_certificates);
        let (encryption, default_port) = match url.scheme() {
            "smtp" => (Encryption::None, 25),
            "smtps" => (Encryption::FromTheStart(tls()?), 465),
            "smtp+starttls" => (Encryption::StartTls(tls()?), 587),
            _ => return Err(SmtpUrlError::Scheme),
        };
        if matches!(encryption, Encryption::None) {
            may_be_plain(&url, &host, login.is_some())?;
        } else if url.query().is_some() {
            return Err(SmtpUrlError::Form);
        }
        Ok(Self { port: url.port().unwrap_or(default_port), host, encryption, login })
    }

    /// A new connection, encrypted and logged in as configured.
    pub(super) async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let hello = ClientId::default();
        let from_the_start = match &self.encryption {
            Encryption::FromTheStart(parameters) => Some(parameters.clone()),
            Encryption::None | Encryption::StartTls(_) => None,
        };
        let address = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT_TIMEOUT), &hello, from_the_start, None).await?;
        if let Encryption::StartTls(parameters) = &self.encryption {
            // An error when the server does not offer it: whoever stands between can strip the offer (RFC 3207, 6).
            connection.starttls(parameters.clone(), &hello).await?;
        }
        if let Some(login) = &self.login {
            let credentials = Credentials::new(login.user.clone(), login.password.expose().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }
}

fn login(url: &Url) -> Option<Login> {
    let password = url.password()?;
    Some(Login { user: percent_decoded(url.username()), password: Sensitive::new(percent_decoded(password)) })
}

/// The form decoder undoes percent-encoding too; the two characters it reads differently are hidden from it.
fn percent_decoded(text: &str) -> String {
    let text = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(text.as_bytes()).next().map(|(text, _)| text.into_owned()).unwrap_or_default()
}

fn tls_parameters(host: &str, root_certificates: Option<&[u8]>) -> Result<TlsParameters, SmtpUrlError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = root_certificates {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(|_| SmtpUrlError::RootCertificates)?);
    }
    builder.build().map_err(|_| SmtpUrlError::RootCertificates)
}

/// The links in our mails are secrets: in plain text they go no further than the next machine, unless the operator
/// says in so many words that they may.
fn may_be_plain(url: &Url, host: &str, has_login: bool) -> Result<(), SmtpUrlError> {
    let allowed = match url.query() {
        None => false,
        Some("plaintext=allow") => true,
        Some(_) => return Err(SmtpUrlError::Form),
    };
    let (loopback, nearby) = match Host::parse(host) {
        Ok(Host::Domain(name)) => (name == "localhost", !name.contains('.')),
        Ok(Host::Ipv4(address)) => (address.is_loopback(), address.is_private() || address.is_loopback()),
        Ok(Host::Ipv6(_)) | Err(_) => host.parse().map_or((false, false), |address: IpAddr| match address {
            IpAddr::V6(address) => (address.is_loopback(), address.is_unique_local() || address.is_loopback()),
            IpAddr::V4(_) => (false, false),
        }),
    };
    if has_login && !loopback {
        return Err(SmtpUrlError::PlaintextPassword);
    }
    if nearby || allowed { Ok(()) } else { Err(SmtpUrlError::Plaintext) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Server, SmtpUrlError> {
        Server::parse(url, None)
    }

    #[test]
    fn ports_have_defaults() {
        for (url, port) in [
            ("smtp://localhost", 25),
            ("smtps://mail.example", 465),
            ("smtp+starttls://mail.example", 587),
            ("smtp://127.0.0.1:1025", 1025),
            ("smtp://[::1]:2525", 2525),
            ("smtp+starttls://mail.example:25/", 25),
        ] {
            assert_eq!(parse(url).map(|server| server.port).ok(), Some(port), "{url}");
        }
    }

    #[test]
    fn a_login_is_percent_decoded() {
        let login = parse("smtps://anna%40example.org:p%2Fa+s%20s%26=%3Aw@mail.example").unwrap().login.unwrap();
        assert_eq!(login.user, "anna@example.org");
        assert_eq!(login.password.expose(), "p/a+s s&=:w");
        assert!(parse("smtps://mail.example").unwrap().login.is_none());
    }

    #[test]
    fn plain_text_stays_nearby() {
        for url in
            ["smtp://mailpit:1025", "smtp://10.0.0.5", "smtp://[fd00::1]", "smtp://u:p@127.0.0.1", "smtp://u:p@[::1]"]
        {
            assert!(parse(url).is_ok(), "{url}");
        }
        assert!(parse("smtp://mail.example?plaintext=allow").is_ok());
        for url in ["smtp://mail.example", "smtp://8.8.8.8", "smtp://[2606:4700::1]"] {
            assert_eq!(parse(url).err(), Some(SmtpUrlError::Plaintext), "{url}");
        }
        for url in ["smtp://u:p@mail.example?plaintext=allow", "smtp://u:p@10.0.0.5", "smtp://u:p@mailpit"] {
            assert_eq!(parse(url).err(), Some(SmtpUrlError::PlaintextPassword), "{url}");
        }
    }

    #[test]
    fn other_urls_are_refused() {
        for url in [
            "",
            "mail.example",
            "smtp://",
            "smtp://localhost/ehlo",
            "smtps://mail.example?tls=no",
            "smtp://localhost?x",
        ] {
            assert_eq!(parse(url).err(), Some(SmtpUrlError::Form), "{url}");
        }
        assert_eq!(parse("https://mail.example").err(), Some(SmtpUrlError::Scheme));
        let bad =
            Server::parse("smtps://mail.example", Some(b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"));
        assert_eq!(bad.err(), Some(SmtpUrlError::RootCertificates));
    }
}
