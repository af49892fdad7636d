//! Every key of the configuration: its name, what it is for, what it is when nobody says.
//!
//! Owns the one table from which the file, the environment and the reference in `docs/configuration.md` are read. Must
//! not know any value.

/// One key. Its environment variable is `GUESTLIST_` and the name in capitals.
pub(crate) struct Key {
    /// As it stands in the file.
    pub(crate) name: &'static str,
    /// Whether its value may be given as a file instead, and is never shown.
    pub(crate) is_secret: bool,
    /// What a value looks like.
    pub(crate) form: &'static str,
    /// What holds when it is not set, for the reference.
    pub(crate) default: &'static str,
    /// What it is for, for the reference.
    pub(crate) about: &'static str,
}

pub(crate) const PUBLIC_URL: &str = "public_url";
pub(crate) const LISTEN: &str = "listen";
pub(crate) const DATA_DIR: &str = "data_dir";
pub(crate) const DATABASE_URL: &str = "database_url";
pub(crate) const POSTGRES_POOL: &str = "postgres_pool";
pub(crate) const SECRET_KEY: &str = "secret_key";
pub(crate) const SMTP_URL: &str = "smtp_url";
pub(crate) const SMTP_ROOT_CERTIFICATES: &str = "smtp_root_certificates";
pub(crate) const MAIL_FROM: &str = "mail_from";
pub(crate) const FIRST_ADMINISTRATOR: &str = "first_administrator";
pub(crate) const TLS_CERT: &str = "tls_cert";
pub(crate) const TLS_KEY: &str = "tls_key";
pub(crate) const ALLOW_PRIVATE_UPSTREAMS: &str = "allow_private_upstreams";
pub(crate) const HASHING_SLOTS: &str = "hashing_slots";
pub(crate) const MAX_CONNECTIONS: &str = "max_connections";
pub(crate) const LOG: &str = "log";
pub(crate) const LOG_FORMAT: &str = "log_format";

/// All of them, in the order of the reference.
pub(crate) const KEYS: &[Key] = &[
    Key {
        name: PUBLIC_URL,
        is_secret: false,
        form: "`https://id.example.org`",
        default: "none: it must be set",
        about: "The origin under which browsers reach the server. Every link in a mail and the issuer of every token \
                are built from it, never from a request. `http` is for loopback only.",
    },
    Key {
        name: LISTEN,
        is_secret: false,
        form: "`address:port`",
        default: "`127.0.0.1:8080`",
        about: "Where the server listens.",
    },
    Key {
        name: DATA_DIR,
        is_secret: false,
        form: "a directory",
        default: "`./data`",
        about: "Where the server keeps its own files: the SQLite database and the master key that it made. Created \
                if missing, readable by its owner alone.",
    },
    Key {
        name: DATABASE_URL,
        is_secret: true,
        form: "`sqlite:///absolute/file.db` or `postgres://user:password@host/database`",
        default: "`guestlist.db` in the data directory",
        about: "Where the rows are. One process serves an SQLite file; on PostgreSQL any number of equal nodes work \
                side by side. With a standby, name both hosts, \
                `postgres://user:password@one,two/database?target_session_attrs=read-write`: when the standby is \
                promoted, the nodes go on there. Nothing acknowledged is lost if replication is synchronous.",
    },
    Key {
        name: POSTGRES_POOL,
        is_secret: false,
        form: "a number from 2 to 500",
        default: "`16`",
        about: "How many connections to PostgreSQL one node holds at most.",
    },
    Key {
        name: SECRET_KEY,
        is_secret: true,
        form: "32 random bytes in base64",
        default: "with SQLite, made at the first start and kept as `secret.key` in the data directory; with \
                  PostgreSQL it must be set, the same on every node",
        about: "The master key. It seals signing keys, the secrets of connections and undelivered links, so a copy \
                of the database alone gives nothing away. Keep a copy of it, and not beside the backups.",
    },
    Key {
        name: SMTP_URL,
        is_secret: true,
        form: "`smtp://host`, `smtps://user:password@host`, `smtp+starttls://user:password@host:587`",
        default: "none: links are shown to whoever invites",
        about: "The mail server.",
    },
    Key {
        name: SMTP_ROOT_CERTIFICATES,
        is_secret: false,
        form: "a file",
        default: "none: the certificates of the system are trusted",
        about: "Certificates in PEM that are trusted besides those of the system when mail is sent.",
    },
    Key {
        name: MAIL_FROM,
        is_secret: false,
        form: "`Name <address>` or an address",
        default: "none: it must be set when `smtp_url` is",
        about: "The sender of every mail.",
    },
    Key {
        name: FIRST_ADMINISTRATOR,
        is_secret: false,
        form: "an address",
        default: "`admin` at the host of `public_url`",
        about: "Whom `serve` invites while there is no administrator. No mail is sent: the link is printed.",
    },
    Key {
        name: TLS_CERT,
        is_secret: false,
        form: "a file",
        default: "none: plain http, for a reverse proxy on the same machine",
        about: "The certificate chain in PEM, when the server speaks TLS itself. Read again on SIGHUP.",
    },
    Key {
        name: TLS_KEY,
        is_secret: false,
        form: "a file",
        default: "none",
        about: "The private key of `tls_cert` in PEM. Read again on SIGHUP.",
    },
    Key {
        name: ALLOW_PRIVATE_UPSTREAMS,
        is_secret: false,
        form: "`true` or `false`",
        default: "`false`",
        about: "Lets connections and webhooks point at private addresses, and at plain `http` on loopback. For development, \
                and for networks in which you vouch for every host.",
    },
    Key {
        name: HASHING_SLOTS,
        is_secret: false,
        form: "a number from 1 to 64",
        default: "the number of processors",
        about: "How many passwords are hashed at the same time; each needs 19 MiB while it runs.",
    },
    Key {
        name: MAX_CONNECTIONS,
        is_secret: false,
        form: "a number from 16 to 100000",
        default: "`4096`",
        about: "How many connections are open at the same time; more of them wait until one closes.",
    },
    Key {
        name: LOG,
        is_secret: false,
        form: "a filter: `info`, `warn`, `info,guestlist_store=debug`",
        default: "`info`",
        about: "What is written to the log, on standard error.",
    },
    Key {
        name: LOG_FORMAT,
        is_secret: false,
        form: "`text` or `json`",
        default: "`text`",
        about: "How it is written.",
    },
];

/// The environment variable of a key.
pub(crate) fn variable(name: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", name.to_ascii_uppercase())
}

/// How every variable of ours begins.
pub(crate) const VARIABLE_PREFIX: &str = "GUESTLIST_";
