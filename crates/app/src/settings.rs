//! What the operator decides before the start.
//!
//! Owns the typed settings of the house and the one public address that every link is built from (R13). Must not know
//! files, environment variables or flags: the binary reads those.

use guestlist_domain::email::Email;
use guestlist_domain::secret::Sensitive;
use std::time::Duration;
use thiserror::Error;
use url::{Host, Url};

pub use guestlist_outbound::webhook::ANSWER_WITHIN;
pub use guestlist_store::{StoreSettings, Target};

/// Everything an [`crate::App`] needs to know before it opens.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where outsiders reach us; the origin of the issuer and of every link.
    pub public_url: PublicUrl,
    /// Where the rows are.
    pub store: StoreSettings,
    /// What this process makes of the time that the database has seen.
    pub timekeeping: Timekeeping,
    /// The master key, 32 bytes in base64.
    pub secret_key: Sensitive,
    /// How mail leaves; without it, links are shown to whoever invites.
    pub mail: MailSettings,
    /// Whom the first start invites, while there is no administrator.
    pub first_administrator: Email,
    /// Whether upstream providers and webhooks may have private addresses, and plain http on loopback.
    pub allow_private_upstreams: bool,
    /// How long a webhook's receiver may take to answer; [`ANSWER_WITHIN`] anywhere but in tests.
    pub webhook_answer_within: Duration,
    /// How many passwords are hashed at once; 19 MiB each.
    pub hashing_slots: usize,
}

/// What a process makes of the latest moment that the database has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timekeeping {
    /// Begins no earlier, or not at all, and notes what it comes to.
    Keeps,
    /// The same, but at the start its clock counts, and the moment in the database does not: the operator vouches for it.
    Trusts,
    /// Begins no earlier, and notes nothing: a command on a machine whose clock leapt must not shut out the server.
    Visits,
}

/// How mail leaves.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// By which road.
    pub road: MailRoad,
    /// The name mails come from.
    pub from_name: String,
    /// The address mails come from.
    pub from: Email,
}

/// By which road mail leaves.
#[derive(Clone, Debug)]
pub enum MailRoad {
    /// None: whoever invites hands the link over.
    None,
    /// A mail server: `smtp://`, `smtps://`, `smtp+starttls://`.
    Smtp {
        /// Its address, with user and password if it wants them.
        url: Sensitive,
        /// Certificates, in PEM, to trust besides those of the system.
        root_certificates: Option<Vec<u8>>,
    },
    /// Memory: a page of `guestlist dev` and the tests read it.
    Memory,
}

/// Why an address cannot be the public one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PublicUrlError {
    /// Not an address at all.
    #[error("it is not an absolute URL")]
    Malformed,
    /// More than an origin.
    #[error("it must be an origin without path, query or credentials, like https://id.example.org")]
    NotAnOrigin,
    /// Plain http on a machine that others can reach.
    #[error("it must be https; http is for loopback addresses only")]
    Insecure,
}

/// Our public origin. https, or http on loopback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    secure: bool,
    host: String,
}

impl PublicUrl {
    /// Reads it.
    pub fn parse(text: &str) -> Result<Self, PublicUrlError> {
        let url = Url::parse(text).map_err(|_| PublicUrlError::Malformed)?;
        let host = url.host().ok_or(PublicUrlError::Malformed)?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(PublicUrlError::NotAnOrigin);
        }
        let loopback = match &host {
            Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        };
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            _ => return Err(PublicUrlError::Insecure),
        }
        Ok(Self { origin: url.origin().ascii_serialization(), secure: url.scheme() == "https", host: host.to_string() })
    }

    /// `https://id.example.org`, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The issuer: the origin and a slash, the same bytes everywhere (`auth0-contract.md`, T3).
    pub fn issuer(&self) -> String {
        format!("{}/", self.origin)
    }

    /// The audience of the Management API (T4).
    pub fn management_audience(&self) -> String {
        format!("{}/api/v2/", self.origin)
    }

    /// The audience of tokens that open `/userinfo`.
    pub fn userinfo_audience(&self) -> String {
        self.at("/userinfo")
    }

    /// An address of ours. `path` begins with a slash.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Where upstream providers send the browser back to.
    pub fn callback(&self) -> String {
        self.at("/login/callback")
    }

    /// Whether it is https, so that cookies can be `__Host-` and `Secure`.
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host name, for Message-IDs.
    pub fn host(&self) -> &str {
        &self.host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_safe_origin_will_do() {
        let parse = |text| PublicUrl::parse(text).map(|url| url.issuer());
        assert_eq!(parse("https://id.example.org"), Ok("https://id.example.org/".to_owned()));
        assert_eq!(parse("https://id.example.org:8443/"), Ok("https://id.example.org:8443/".to_owned()));
        assert_eq!(parse("http://127.0.0.1:8080"), Ok("http://127.0.0.1:8080/".to_owned()));
        assert_eq!(parse("http://[::1]:8080"), Ok("http://[::1]:8080/".to_owned()));
        assert_eq!(parse("http://id.example.org"), Err(PublicUrlError::Insecure));
        assert_eq!(parse("http://127.0.0.1.evil.example"), Err(PublicUrlError::Insecure));
        assert_eq!(parse("https://id.example.org/auth"), Err(PublicUrlError::NotAnOrigin));
        assert_eq!(parse("https://me@id.example.org"), Err(PublicUrlError::NotAnOrigin));
        assert_eq!(parse("id.example.org"), Err(PublicUrlError::Malformed));
    }
}
