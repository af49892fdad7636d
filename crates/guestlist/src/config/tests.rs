//! What is read from file, environment and flags, and what is refused.

use super::*;
use std::collections::BTreeSet;

const KEY: &str = "ZAaUPiyZ34SYCGJcKK2v06VcwNrGjOCGFE5zi34JhKM=";

/// A file, variables and flags, as one start would find them.
#[derive(Default)]
struct Start {
    file: Option<String>,
    variables: Vec<(&'static str, String)>,
    flags: Vec<(&'static str, &'static str, String)>,
}

impl Start {
    fn with(variables: &[(&'static str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { variables, ..Self::default() }
    }

    fn file(mut self, text: &str) -> Self {
        self.file = Some(text.to_owned());
        self
    }

    fn read(self) -> Result<Config, Vec<String>> {
        let scratch = Scratch::new();
        let path = self.file.map(|text| scratch.write("guestlist.toml", &text));
        let flags = Flags { file: Some(path.unwrap_or_else(|| scratch.write("empty.toml", ""))), values: self.flags };
        let variables = self.variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Config::from_layers(&flags, variables).map_err(|error| {
            error.faults.iter().map(|fault| fault.replace(&scratch.0.display().to_string(), "DIR")).collect()
        })
    }

    fn faults(self) -> Vec<String> {
        self.read().err().unwrap_or_default()
    }
}

/// A directory of its own, gone after the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        use guestlist_app::clock::Entropy;
        let entropy: &dyn Entropy = &crate::wiring::OsEntropy;
        let name = data_encoding::HEXLOWER.encode(&entropy.bytes::<8>());
        let path = std::env::temp_dir().join(format!("guestlist-config-{name}"));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn url() -> Start {
    Start::with(&[("GUESTLIST_PUBLIC_URL", "https://id.example.org")])
}

#[test]
fn a_public_url_is_enough() {
    let config = url().read().unwrap();
    assert_eq!(config.public_url.origin(), "https://id.example.org");
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert!(matches!(config.target, Target::Sqlite { path } if path == Path::new("data/guestlist.db")));
    assert!(matches!(config.mail.road, MailRoad::None));
    assert_eq!(config.first_administrator.as_str(), "admin@id.example.org");
    assert!(!config.allow_private_upstreams);
    assert!(config.tls.is_none() && config.secret_key.is_none());
}

#[test]
fn the_environment_wins_over_the_file_and_a_flag_over_both() {
    let mut start =
        Start::with(&[("GUESTLIST_LISTEN", "127.0.0.1:2"), ("GUESTLIST_PUBLIC_URL", "https://env.example")])
            .file("public_url = 'https://file.example'\nlisten = '127.0.0.1:1'\nmax_connections = 99\n");
    start.flags.push((keys::LISTEN, "listen", "127.0.0.1:3".to_owned()));
    let config = start.read().unwrap();
    assert_eq!(config.public_url.origin(), "https://env.example");
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.max_connections, 99);
}

#[test]
fn case_140_without_a_safe_public_url_nothing_starts() {
    let missing = Start::default().faults();
    assert!(missing[0].starts_with("public_url (GUESTLIST_PUBLIC_URL) must be set"), "{missing:?}");
    let unsafe_url = Start::with(&[("GUESTLIST_PUBLIC_URL", "http://id.example.org")]).faults();
    assert_eq!(
        unsafe_url,
        [
            "public_url (from GUESTLIST_PUBLIC_URL) cannot be used: it must be https; http is for loopback addresses only"
        ]
    );
}

#[test]
fn what_is_not_known_is_refused_with_its_path() {
    let unknown = Start::with(&[
        ("GUESTLIST_PUBLIC_URL", "https://id.example.org"),
        ("GUESTLIST_PUBLICURL", "https://id.example.org"),
        ("GUESTLIST_LISTEN_FILE", "/etc/hostname"),
        ("GUESTLIST_TEST_POSTGRES", "postgres://localhost"),
        ("GUESTLIST_SERVICE_HOST", "10.0.0.1"),
        ("GUESTLIST_PORT", "tcp://10.0.0.1:80"),
        ("GUESTLIST_PORT_80_TCP_PROTO", "tcp"),
        ("GUESTLIST_SMTP_URL", ""),
    ])
    .file("[smtp.server]\nurl = 'smtp://mail'\n")
    .faults();
    assert_eq!(
        unknown,
        [
            "smtp.server.url in DIR/guestlist.toml is not a key of Guestlist: mend its name or remove it",
            "GUESTLIST_LISTEN_FILE is not a variable of Guestlist: mend its name or remove it",
            "GUESTLIST_PUBLICURL is not a variable of Guestlist: mend its name or remove it",
        ]
    );
    let port = Start::with(&[("GUESTLIST_PUBLIC_URL", "https://id.example.org"), ("GUESTLIST_PORT", "8080")]).faults();
    assert_eq!(port, ["GUESTLIST_PORT is not a variable of Guestlist: mend its name or remove it"]);
}

#[test]
fn a_secret_may_be_a_file_but_not_both() {
    let scratch = Scratch::new();
    let path = scratch.write("key", &format!("{KEY}\n"));
    let path = path.to_str().unwrap();
    let variables = [("GUESTLIST_PUBLIC_URL", "https://id.example.org"), ("GUESTLIST_SECRET_KEY_FILE", path)];
    let config = Start::with(&variables).read().unwrap();
    assert_eq!(config.secret_key.unwrap().expose(), KEY);
    let config = url().file(&format!("secret_key_file = '{path}'")).read().unwrap();
    assert_eq!(config.secret_key.unwrap().expose(), KEY);

    let twice = url().file(&format!("secret_key_file = '{path}'\nsecret_key = '{KEY}'")).faults();
    assert_eq!(twice, ["secret_key and secret_key_file are both set in DIR/guestlist.toml: keep one"]);
    let gone = url().file("secret_key_file = '/nowhere/at/all'").faults();
    assert!(gone[0].contains("/nowhere/at/all cannot be read"), "{gone:?}");
}

#[test]
fn case_111_a_missing_or_weak_master_key_stops_the_start() {
    let postgres = [("GUESTLIST_PUBLIC_URL", "https://id.example.org"), ("GUESTLIST_DATABASE_URL", "postgres://u@h/d")];
    let missing = Start::with(&postgres).faults();
    assert!(missing[0].starts_with("secret_key (GUESTLIST_SECRET_KEY) must be set, the same on every node"));
    for weak in ["hunter2", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "c2hvcnQ="] {
        let faults =
            Start::with(&[("GUESTLIST_PUBLIC_URL", "https://id.example.org"), ("GUESTLIST_SECRET_KEY", weak)]).faults();
        assert!(faults[0].starts_with("secret_key (from GUESTLIST_SECRET_KEY) cannot be used"), "{faults:?}");
        assert!(!faults[0].contains(weak), "{faults:?}");
    }
}

#[test]
fn case_014_no_fault_repeats_a_value() {
    let marker = "hunter2";
    let start = || Start::with(&[("GUESTLIST_PUBLIC_URL", "https://id.example.org")]);
    for file in [
        "database_url = 'mysql://hunter2@h'",
        "database_url = 'sqlite://hunter2'",
        "secret_key = 'hunter2'",
        "secret_key = hunter2",
        "smtp_url = ['hunter2']",
        "smtp_url = 'hunter2",
    ] {
        let faults = start().file(file).faults();
        assert_eq!(faults.len(), 1, "{file}: {faults:?}");
        assert!(!faults[0].contains(marker), "{faults:?}");
    }
}

#[test]
fn every_value_that_cannot_be_right_is_named_at_once() {
    let faults = Start::default()
        .file(
            "public_url = 'http://127.0.0.1:8080'\nlisten = 'here'\ndatabase_url = 'sqlite://relative.db'\n\
             postgres_pool = 1\ntls_key = 'key.pem'\nallow_private_upstreams = 'yes'\nhashing_slots = 0\n\
             max_connections = 'many'\nlog = '=='\nlog_format = 'xml'\nsmtp_url = 'smtp://mail'\n\
             smtp_root_certificates = '/nowhere/ca.pem'\nfirst_administrator = 'me'\n",
        )
        .faults();
    let keys: Vec<&str> = faults.iter().map(|fault| fault.split(' ').next().unwrap()).collect();
    assert_eq!(
        keys,
        [
            keys::LISTEN,
            keys::POSTGRES_POOL,
            keys::DATABASE_URL,
            keys::TLS_CERT,
            keys::SMTP_ROOT_CERTIFICATES,
            keys::MAIL_FROM,
            keys::FIRST_ADMINISTRATOR,
            keys::ALLOW_PRIVATE_UPSTREAMS,
            keys::HASHING_SLOTS,
            keys::MAX_CONNECTIONS,
            keys::LOG,
            keys::LOG_FORMAT,
        ],
        "{faults:#?}"
    );
}

#[test]
fn tls_wants_both_files_and_an_https_origin() {
    let files = "tls_cert = 'cert.pem'\ntls_key = 'key.pem'\n";
    assert!(url().file(files).read().unwrap().tls.is_some());
    let plain = Start::with(&[("GUESTLIST_PUBLIC_URL", "http://localhost:8080")]).file(files).faults();
    assert_eq!(plain, ["public_url (from GUESTLIST_PUBLIC_URL) must begin with https:// when tls_cert is set"]);
}

#[test]
fn databases_are_named_by_url() {
    let path = |text: &str| sqlite_path(&Url::parse(text).unwrap());
    assert_eq!(path("sqlite:///var/lib/guest%20list/a.db"), Some(PathBuf::from("/var/lib/guest list/a.db")));
    assert_eq!(path("sqlite:/var/lib/a.db"), Some(PathBuf::from("/var/lib/a.db")));
    for wrong in ["sqlite://relative/a.db", "sqlite:a.db", "sqlite:///a.db?mode=memory", "sqlite:///"] {
        assert_eq!(path(wrong), None, "{wrong}");
    }
}

#[test]
fn a_sender_is_an_address_with_or_without_a_name() {
    let read = |text| parse_sender(text).map(|(name, email)| format!("{name}|{email}"));
    assert_eq!(read("id@example.org").as_deref(), Some("Guestlist|id@example.org"));
    assert_eq!(read("The Club <id@example.org>").as_deref(), Some("The Club|id@example.org"));
    assert_eq!(read("\"The Club\" <id@example.org> ").as_deref(), Some("The Club|id@example.org"));
    for wrong in
        ["", "id", "<id@example.org>", "A <id@example.org", "A\r\nBcc: <id@example.org>", "A <a@x.org> <b@x.org>"]
    {
        assert_eq!(read(wrong), None, "{wrong}");
    }
}

#[test]
fn names_of_keys_are_unique_and_variables_follow_from_them() {
    let names: BTreeSet<&str> = keys::KEYS.iter().map(|key| key.name).collect();
    assert_eq!(names.len(), keys::KEYS.len());
    assert_eq!(keys::variable(keys::PUBLIC_URL), "GUESTLIST_PUBLIC_URL");
}

mod master_keys {
    use super::*;
    use crate::wiring::OsEntropy;
    use std::os::unix::fs::PermissionsExt as _;

    fn config(scratch: &Scratch) -> Config {
        let data_dir = scratch.0.join("data").display().to_string();
        let start = Start::with(&[
            ("GUESTLIST_PUBLIC_URL", "https://id.example.org"),
            ("GUESTLIST_DATA_DIR", data_dir.as_str()),
        ]);
        start.read().unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn case_137_the_first_start_makes_one_that_nobody_else_can_read() {
        let scratch = Scratch::new();
        let config = config(&scratch);
        let first = master_key(&config, &OsEntropy).unwrap();
        let again = master_key(&config, &OsEntropy).unwrap();
        assert_eq!(first.expose(), again.expose());
        assert_eq!(mode(&config.data_dir), 0o700);
        assert_eq!(mode(&config.data_dir.join("secret.key")), 0o600);
        assert_eq!(fs::read_dir(&config.data_dir).unwrap().count(), 1, "a draft was left behind");
    }

    #[test]
    fn of_two_first_starts_at_once_one_makes_the_key() {
        let scratch = Scratch::new();
        let config = config(&scratch);
        let keys: BTreeSet<String> = std::thread::scope(|scope| {
            let start = || master_key(&config, &OsEntropy).unwrap().expose().to_owned();
            let started: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            started.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(keys.len(), 1);
    }

    #[test]
    fn case_140_a_key_that_others_can_read_is_refused() {
        let scratch = Scratch::new();
        let config = config(&scratch);
        master_key(&config, &OsEntropy).unwrap();
        let path = config.data_dir.join("secret.key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(master_key(&config, &OsEntropy), Err(MasterKeyError::Exposed(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "not a key").unwrap();
        assert!(matches!(master_key(&config, &OsEntropy), Err(MasterKeyError::Unusable { .. })));
    }

    #[test]
    fn a_database_without_its_key_gets_no_new_one() {
        let scratch = Scratch::new();
        let config = config(&scratch);
        fs::create_dir(&config.data_dir).unwrap();
        fs::write(config.data_dir.join("guestlist.db"), "rows").unwrap();
        assert!(matches!(master_key(&config, &OsEntropy), Err(MasterKeyError::Gone { .. })));
        assert!(!config.data_dir.join("secret.key").exists());
    }
}
