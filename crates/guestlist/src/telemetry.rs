//! The log: one line for what happened, on standard error.
//!
//! Owns where lines go and which are kept. Secrets are types that print as dots, so nothing is filtered here for their
//! sake. Must not know what is logged.

use crate::config::{LogFormat, LogSettings};
use std::io;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::Subscriber;

/// Whether a filter can be read; else why not.
pub(crate) fn check_filter(filter: &str) -> Result<(), String> {
    EnvFilter::builder().parse(filter).map(drop).map_err(|error| error.to_string())
}

/// Begins to log. Later calls change nothing.
pub(crate) fn start(settings: &LogSettings) {
    let filter = EnvFilter::builder().parse_lossy(&settings.filter);
    let builder = Subscriber::builder().with_env_filter(filter).with_writer(io::stderr).with_ansi(false);
    let started = match settings.format {
        LogFormat::Text => tracing::subscriber::set_global_default(builder.finish()),
        LogFormat::Json => tracing::subscriber::set_global_default(builder.json().flatten_event(true).finish()),
    };
    // A second start can only be a test's in the same process.
    drop(started);
}

/// Begins to log for a command that prints its answer itself: what is usual is not worth a line.
pub(crate) fn start_quietly(settings: &LogSettings) {
    let usual = LogSettings::default();
    let quiet = LogSettings { filter: "warn".to_owned(), ..settings.clone() };
    start(if settings.filter == usual.filter { &quiet } else { settings });
}
