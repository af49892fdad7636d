//! Providers that nobody here wrote, in a process of their own (`interop/providers.mjs`).
//!
//! They listen on loopback and end with the test. Their clock is the world's, so a house that meets them needs that one
//! too. What they are asked and what they answer is their authors' business.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a fixture that cannot start fails its test")]

use serde::Deserialize;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Our client id at each of them.
pub const CLIENT_ID: &str = "guestlist";
/// Our secret there.
pub const CLIENT_SECRET: &str = "guestlist-secret";

/// Where each provider is, without a slash at the end.
#[derive(Clone, Debug, Deserialize)]
pub struct Places {
    /// Google.
    pub google: String,
    /// GitHub; its API is at the root.
    pub github: String,
    /// Microsoft.
    pub microsoft: String,
    /// Apple.
    pub apple: String,
    /// Okta.
    pub okta: String,
    /// `oidc-provider`: OpenID Connect to the letter.
    pub openid: String,
}

/// The providers, running.
#[derive(Debug)]
pub struct Providers {
    /// Where they are.
    pub places: Places,
    // Killed with the test, and it would end by itself when its input does.
    _process: Child,
}

impl Providers {
    /// Starts them for a client that is sent back to `redirect_uri`.
    pub async fn start(redirect_uri: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../interop");
        assert!(folder.join("node_modules").is_dir(), "run `npm ci` in interop/ first; scripts/test does");
        let mut process = Command::new("node")
            .args(["providers.mjs", redirect_uri])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts (Debian: apt-get install nodejs npm)");
        let output = process.stdout.take().expect("a pipe");
        let line = BufReader::new(output).lines().next_line().await.expect("the providers' output can be read");
        let places = serde_json::from_str(&line.expect("the providers say where they are")).expect("as JSON");
        Self { places, _process: process }
    }
}
