//! What was given, by whom: defaults, the file, the environment, the flags, each over the one before.
//!
//! Owns how a name finds its key, and the refusal of names that find none. Must not know what a value means; values
//! are text here, and never part of an error, because some of them are secrets.

use super::keys::{KEYS, Key, VARIABLE_PREFIX, variable};
use guestlist_domain::secret::Sensitive;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Names the configuration file; a flag does the same.
pub(crate) const FILE_VARIABLE: &str = "GUESTLIST_CONFIG";
/// The file that is read when nobody names one.
const USUAL_FILE: &str = "guestlist.toml";
/// A secret has kilobytes at most; whoever names a larger file named the wrong one.
const MAX_SECRET_FILE: u64 = 64 * 1024;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    File(PathBuf),
    Variable(String),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "in {}", path.display()),
            Self::Variable(name) => write!(f, "from {name}"),
            Self::Flag(name) => write!(f, "from --{name}"),
        }
    }
}

/// A value that somebody gave.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) text: Sensitive,
    pub(crate) origin: Origin,
}

/// What the command line says about the configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    /// The configuration file.
    pub(crate) file: Option<PathBuf>,
    /// Key, name of the flag, value.
    pub(crate) values: Vec<(&'static str, &'static str, String)>,
}

/// The values of all layers, and what was wrong on the way.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    given: BTreeMap<&'static str, Given>,
    file: Option<PathBuf>,
    faults: Vec<String>,
}

impl Layers {
    /// Reads all layers, the later over the earlier.
    pub(crate) fn collect(flags: &Flags, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut layers = Self::default();
        let variables = layers.variables_of_ours(environment);
        let named = variables.get(FILE_VARIABLE).map(PathBuf::from);
        let usual = Path::new(USUAL_FILE);
        let file = flags.file.clone().or(named).or_else(|| usual.exists().then(|| usual.to_owned()));
        if let Some(path) = file {
            layers.read_file(&path);
            layers.file = Some(path);
        }
        layers.read_variables(variables);
        for (key, flag, text) in &flags.values {
            let given = Given { text: Sensitive::new(text.as_str()), origin: Origin::Flag(flag) };
            layers.given.insert(key, given);
        }
        layers
    }

    /// What was given for a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Given> {
        self.given.get(key)
    }

    /// The configuration file that was read.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What was wrong with the layers themselves.
    pub(crate) fn into_faults(self) -> Vec<String> {
        self.faults
    }

    fn fault(&mut self, text: impl Into<String>) {
        self.faults.push(text.into());
    }

    /// The variables that begin with our name and hold something. An empty one is one that is not set: container
    /// tools pass variables on that way.
    fn variables_of_ours(
        &mut self,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> BTreeMap<String, String> {
        let mut ours = BTreeMap::new();
        for (name, value) in environment {
            let Some(name) = name.to_str().filter(|name| name.starts_with(VARIABLE_PREFIX)).map(str::to_owned) else {
                continue;
            };
            match value.into_string() {
                Ok(value) if value.is_empty() || belongs_to_others(&name, &value) => {}
                Ok(value) => {
                    ours.insert(name, value);
                }
                Err(_) => self.fault(format!("{name} is not UTF-8")),
            }
        }
        ours
    }

    fn read_variables(&mut self, variables: BTreeMap<String, String>) {
        let mut layer = BTreeMap::new();
        for (name, value) in variables {
            if name == FILE_VARIABLE {
                continue;
            }
            let origin = Origin::Variable(name.clone());
            match Slot::find(|key, suffix| name == format!("{}{}", variable(key), suffix.to_ascii_uppercase())) {
                Some(slot) => self.put(&mut layer, &slot, &value, &origin),
                None => self.fault(format!("{name} is not a variable of Guestlist: mend its name or remove it")),
            }
        }
        self.given.append(&mut layer);
    }

    fn read_file(&mut self, path: &Path) {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.fault(format!("{} cannot be read: {error}", path.display())),
        };
        let table: Table = match text.parse() {
            Ok(table) => table,
            Err(error) => return self.fault(not_toml(path, &text, &error)),
        };
        let mut layer = BTreeMap::new();
        for (name, value) in &table {
            let origin = Origin::File(path.to_owned());
            let slot = Slot::find(|key, suffix| *name == format!("{key}{suffix}"));
            match (slot, value_as_text(value)) {
                (Some(slot), Some(text)) => self.put(&mut layer, &slot, &text, &origin),
                (Some(_), None) => self.fault(format!("{name} {origin} must be a text, a number, true or false")),
                (None, _) => {
                    let path = key_path(name, value);
                    self.fault(format!("{path} {origin} is not a key of Guestlist: mend its name or remove it"));
                }
            }
        }
        self.given.append(&mut layer);
    }

    /// Puts one value into its layer, once.
    fn put(&mut self, layer: &mut BTreeMap<&'static str, Given>, slot: &Slot, value: &str, origin: &Origin) {
        let text = if slot.is_file {
            match read_secret_file(Path::new(value)) {
                Ok(text) => text,
                Err(problem) => return self.fault(format!("{}_file {origin}: {problem}", slot.key.name)),
            }
        } else {
            Sensitive::new(value)
        };
        if layer.insert(slot.key.name, Given { text, origin: origin.clone() }).is_some() {
            self.fault(format!("{0} and {0}_file are both set {origin}: keep one", slot.key.name));
        }
    }
}

/// A key, given as itself or, if it is a secret, as a file that holds it.
struct Slot {
    key: &'static Key,
    is_file: bool,
}

impl Slot {
    /// The slot whose key and suffix fit.
    fn find(fits: impl Fn(&str, &str) -> bool) -> Option<Self> {
        KEYS.iter().find_map(|key| {
            let is_file = key.is_secret && fits(key.name, "_file");
            (is_file || fits(key.name, "")).then_some(Self { key, is_file })
        })
    }
}

/// Test rigs have variables of their own. Kubernetes announces a service called `guestlist` to its neighbours as
/// `GUESTLIST_SERVICE_HOST`, `GUESTLIST_PORT=tcp://...` and the like; that is nobody's spelling mistake.
fn belongs_to_others(name: &str, value: &str) -> bool {
    let rest = name.strip_prefix(VARIABLE_PREFIX).unwrap_or_default();
    let announces_port = value.starts_with("tcp://") || value.starts_with("udp://");
    rest.starts_with("TEST_")
        || rest.starts_with("SERVICE_")
        || rest.starts_with("PORT_")
        || (rest == "PORT" && announces_port)
}

fn read_secret_file(path: &Path) -> Result<Sensitive, String> {
    let unreadable = |error| format!("{} cannot be read: {error}", path.display());
    let size = fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_SECRET_FILE {
        return Err(format!("{} is too large to be a secret", path.display()));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err(format!("{} is empty", path.display())) } else { Ok(Sensitive::new(text)) }
}

/// The parser's own message would quote the line, which may hold a secret.
fn not_toml(path: &Path, text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("{}, line {}: {}", path.display(), before.matches('\n').count() + 1, error.message())
}

fn value_as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Float(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

/// `a.b.c` down to the first thing that is not a table.
fn key_path(name: &str, value: &Value) -> String {
    match value.as_table().and_then(|table| table.iter().next()) {
        Some((inner, value)) => format!("{name}.{}", key_path(inner, value)),
        None => name.to_owned(),
    }
}
