//! The configuration: what the operator decided, read once, typed, and refused where it cannot be right (R22).
//!
//! Owns the meaning of every value. The only place of the program that asks the environment. Must not know what the
//! house does with it.

pub(crate) mod keys;
mod layers;
mod master_key;
mod reference;

pub(crate) use layers::Flags;
pub(crate) use master_key::{MasterKeyError, master_key};
pub(crate) use reference::page as reference;

use guestlist_app::settings::{MailRoad, MailSettings, PublicUrl, Target};
use guestlist_domain::email::Email;
use guestlist_domain::secret::Sensitive;
use layers::{Given, Layers};
use std::ffi::OsString;
use std::fmt::{self, Display};
use std::fs;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread::available_parallelism;
use thiserror::Error;
use url::Url;

/// The name that mails come from if the operator gives an address alone.
const SENDER_NAME: &str = "Guestlist";

/// Everything that was decided.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The file that was read, for the operator to see.
    pub(crate) file: Option<PathBuf>,
    pub(crate) public_url: PublicUrl,
    pub(crate) listen: SocketAddr,
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) data_dir: PathBuf,
    pub(crate) target: Target,
    /// The master key, if the operator keeps it.
    pub(crate) secret_key: Option<Sensitive>,
    pub(crate) mail: MailSettings,
    pub(crate) first_administrator: Email,
    pub(crate) allow_private_upstreams: bool,
    pub(crate) hashing_slots: usize,
    pub(crate) max_connections: usize,
    pub(crate) log: LogSettings,
}

/// Where certificate and key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    pub(crate) certificates: PathBuf,
    pub(crate) key: PathBuf,
}

/// What is written to the log, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogSettings {
    pub(crate) filter: String,
    pub(crate) format: LogFormat,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text }
    }
}

/// Why the configuration cannot be used: every fault at once, so that one look mends all.
#[derive(Debug, Error)]
pub(crate) struct ConfigError {
    pub(crate) faults: Vec<String>,
}

impl Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  - {fault}"))
    }
}

impl Config {
    /// Reads file, environment and flags.
    pub(crate) fn read(flags: &Flags) -> Result<Self, ConfigError> {
        Self::from_layers(flags, std::env::vars_os())
    }

    fn from_layers(
        flags: &Flags,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let layers = Layers::collect(flags, environment);
        let mut reading = Reading { layers: &layers, faults: Vec::new() };
        let config = reading.config();
        let Reading { mut faults, .. } = reading;
        let mut all = layers.into_faults();
        all.append(&mut faults);
        match config {
            Some(config) if all.is_empty() => Ok(config),
            _ => Err(ConfigError { faults: all }),
        }
    }
}

/// The layers while they become a configuration; faults gather on the way.
struct Reading<'a> {
    layers: &'a Layers,
    faults: Vec<String>,
}

impl Reading<'_> {
    /// The configuration, as far as it can be told. `None` comes with at least one fault.
    fn config(&mut self) -> Option<Config> {
        let public_url = self.public_url();
        let listen = self.value(keys::LISTEN, "must be an address and a port, like 127.0.0.1:8080");
        let data_dir = self.path(keys::DATA_DIR).unwrap_or_else(|| PathBuf::from("data"));
        let target = self.target(&data_dir);
        let tls = self.tls(public_url.as_ref());
        let secret_key = self.secret_key(target.as_ref());
        let mail = self.mail();
        let first_administrator = self.first_administrator(public_url.as_ref());
        let allow = self.value(keys::ALLOW_PRIVATE_UPSTREAMS, "must be true or false");
        let cores = available_parallelism().map_or(1, NonZero::get);
        let hashing_slots = self.number(keys::HASHING_SLOTS, 1, 64, cores.min(64));
        let max_connections = self.number(keys::MAX_CONNECTIONS, 16, 100_000, 4096);
        let log = self.log();
        Some(Config {
            file: self.layers.file().map(Path::to_owned),
            public_url: public_url?,
            listen: listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            tls,
            data_dir,
            target: target?,
            secret_key,
            mail: mail?,
            first_administrator: first_administrator?,
            allow_private_upstreams: allow.unwrap_or(false),
            hashing_slots,
            max_connections,
            log,
        })
    }

    fn given(&self, key: &'static str) -> Option<&Given> {
        self.layers.get(key)
    }

    fn text(&self, key: &'static str) -> Option<&str> {
        self.given(key).map(|given| given.text.expose())
    }

    fn path(&self, key: &'static str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    /// A fault with a key: where it was set, and what it must be. Never the value, which may be a secret.
    fn fault(&mut self, key: &'static str, problem: impl Display) {
        let fault = match self.given(key) {
            Some(Given { origin, .. }) => format!("{key} ({origin}) {problem}"),
            None => format!("{key} ({}) {problem}", keys::variable(key)),
        };
        self.faults.push(fault);
    }

    fn value<T: FromStr>(&mut self, key: &'static str, must: &str) -> Option<T> {
        let value = self.text(key)?.parse().ok();
        if value.is_none() {
            self.fault(key, must);
        }
        value
    }

    fn number(&mut self, key: &'static str, least: usize, most: usize, otherwise: usize) -> usize {
        let rule = format!("must be a number from {least} to {most}");
        match self.value(key, &rule) {
            Some(number) if !(least..=most).contains(&number) => {
                self.fault(key, rule);
                otherwise
            }
            Some(number) => number,
            None => otherwise,
        }
    }

    fn public_url(&mut self) -> Option<PublicUrl> {
        let Some(text) = self.text(keys::PUBLIC_URL) else {
            self.fault(
                keys::PUBLIC_URL,
                "must be set to the origin under which browsers reach the server, like https://id.example.org",
            );
            return None;
        };
        let parsed = PublicUrl::parse(text);
        parsed.map_err(|problem| self.fault(keys::PUBLIC_URL, format_args!("cannot be used: {problem}"))).ok()
    }

    fn target(&mut self, data_dir: &Path) -> Option<Target> {
        let pool = self.number(keys::POSTGRES_POOL, 2, 500, 16);
        let Some(given) = self.given(keys::DATABASE_URL) else {
            return Some(Target::Sqlite { path: data_dir.join("guestlist.db") });
        };
        let text = given.text.expose();
        let target = match text.split_once("://") {
            // The driver reads it, and several hosts in it, which no URL has: primary and standby.
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => {
                Some(Target::Postgres { url: given.text.clone(), pool })
            }
            Some(("sqlite", _)) => {
                Url::parse(text).ok().and_then(|url| sqlite_path(&url)).map(|path| Target::Sqlite { path })
            }
            _ => None,
        };
        if target.is_none() {
            self.fault(
                keys::DATABASE_URL,
                "must be sqlite:///absolute/path/file.db or postgres://user:password@host/database",
            );
        }
        target
    }

    fn tls(&mut self, public_url: Option<&PublicUrl>) -> Option<TlsFiles> {
        let (key, other) = match (self.path(keys::TLS_CERT), self.path(keys::TLS_KEY)) {
            (None, None) => return None,
            (Some(certificates), Some(key)) => {
                if public_url.is_some_and(|url| !url.is_secure()) {
                    self.fault(keys::PUBLIC_URL, "must begin with https:// when tls_cert is set");
                }
                return Some(TlsFiles { certificates, key });
            }
            (Some(_), None) => (keys::TLS_KEY, keys::TLS_CERT),
            (None, Some(_)) => (keys::TLS_CERT, keys::TLS_KEY),
        };
        self.fault(key, format_args!("must be set together with {other}"));
        None
    }

    fn secret_key(&mut self, target: Option<&Target>) -> Option<Sensitive> {
        let given = self.given(keys::SECRET_KEY).map(|given| given.text.clone());
        if let Some(key) = &given
            && let Err(problem) = master_key::check(key)
        {
            self.fault(keys::SECRET_KEY, format_args!("cannot be used: {problem}. {}", master_key::HOW_TO_MAKE));
        }
        if given.is_none() && matches!(target, Some(Target::Postgres { .. })) {
            let why = "must be set, the same on every node, when the database is PostgreSQL";
            self.fault(keys::SECRET_KEY, format_args!("{why}. {}", master_key::HOW_TO_MAKE));
        }
        given
    }

    fn mail(&mut self) -> Option<MailSettings> {
        let url = self.given(keys::SMTP_URL).map(|given| given.text.clone());
        let root_certificates = self.root_certificates();
        let sender = match self.text(keys::MAIL_FROM).map(parse_sender) {
            Some(Some(sender)) => sender,
            Some(None) => {
                self.fault(keys::MAIL_FROM, "must be an address, or a name and an address: Example <id@example.org>");
                return None;
            }
            None if url.is_some() => {
                self.fault(keys::MAIL_FROM, "must be set to the sender of every mail when smtp_url is set");
                return None;
            }
            // Nothing is sent, so nobody ever sees it.
            None => (SENDER_NAME.to_owned(), Email::parse("nobody@guestlist.invalid").ok()?),
        };
        let road = url.map_or(MailRoad::None, |url| MailRoad::Smtp { url, root_certificates });
        Some(MailSettings { road, from_name: sender.0, from: sender.1 })
    }

    fn root_certificates(&mut self) -> Option<Vec<u8>> {
        let path = self.path(keys::SMTP_ROOT_CERTIFICATES)?;
        let read = fs::read(&path);
        read.map_err(|error| {
            self.fault(keys::SMTP_ROOT_CERTIFICATES, format_args!("cannot be read at {}: {error}", path.display()));
        })
        .ok()
    }

    fn first_administrator(&mut self, public_url: Option<&PublicUrl>) -> Option<Email> {
        if let Some(text) = self.text(keys::FIRST_ADMINISTRATOR) {
            let email = Email::parse(text);
            return email.map_err(|problem| self.fault(keys::FIRST_ADMINISTRATOR, problem)).ok();
        }
        // A host that is no domain, like localhost, has no addresses; this one is nobody's either.
        let usual = public_url.and_then(|url| Email::parse(&format!("admin@{}", url.host())).ok());
        usual.or_else(|| Email::parse("admin@guestlist.invalid").ok())
    }

    fn log(&mut self) -> LogSettings {
        let usual = LogSettings::default();
        let filter = self.text(keys::LOG).map_or(usual.filter, str::to_owned);
        if let Err(problem) = crate::telemetry::check_filter(&filter) {
            self.fault(keys::LOG, format_args!("is not a filter: {problem}"));
        }
        let format = match self.text(keys::LOG_FORMAT) {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(_) => {
                self.fault(keys::LOG_FORMAT, "must be text or json");
                LogFormat::Text
            }
        };
        LogSettings { filter, format }
    }
}

/// The path of `sqlite:///absolute/file.db`. Percent signs are decoded, as in any URL.
fn sqlite_path(url: &Url) -> Option<PathBuf> {
    if url.cannot_be_a_base() {
        return None;
    }
    let bare = url.host_str().is_none_or(str::is_empty) && url.query().is_none() && url.fragment().is_none();
    let mut as_file = Url::parse("file:///").ok()?;
    as_file.set_path(url.path());
    let path = as_file.to_file_path().ok()?;
    (bare && path.is_absolute() && path.file_name().is_some()).then_some(path)
}

/// `Name <address>` or an address.
fn parse_sender(text: &str) -> Option<(String, Email)> {
    let Some((name, rest)) = text.split_once('<') else {
        return Some((SENDER_NAME.to_owned(), Email::parse(text).ok()?));
    };
    let address = rest.trim_end().strip_suffix('>')?;
    let name = name.trim().trim_matches('"');
    let is_plain = !name.is_empty() && !name.chars().any(char::is_control);
    Some((name.to_owned(), Email::parse(address).ok()?)).filter(|_| is_plain)
}

#[cfg(test)]
mod tests;
