//! The driver process of one browser, and the promise that nothing of it stays behind.
//!
//! It knows how to start ChromeDriver on a free port and how to end it together with the browser it started.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::scratch::ScratchDir;

/// A running ChromeDriver with the profile directory of its one browser.
#[derive(Debug)]
pub(super) struct Driver {
    url: String,
    child: Child,
    // Held open: a driver that cannot write its log stops.
    _log: BufReader<ChildStdout>,
    profile: ScratchDir,
}

impl Driver {
    pub(super) async fn start() -> Self {
        tokio::task::spawn_blocking(Self::start_blocking).await.expect("the driver starts")
    }

    fn start_blocking() -> Self {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed (Debian: apt-get install chromium-driver)");
        let mut log = BufReader::new(child.stdout.take().expect("the output is piped"));
        let port = read_port(&mut log).expect("chromedriver says on which port it listens");
        let url = format!("http://127.0.0.1:{port}/");
        Self { url, child, _log: log, profile: ScratchDir::new("chromium") }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn profile(&self) -> &Path {
        self.profile.path()
    }
}

impl Drop for Driver {
    /// The browser runs in a process group of its own and survives its driver; its profile directory names it.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let browsers = processes_with(&self.profile.path().display().to_string());
        if !browsers.is_empty() {
            let _ = Command::new("sh").arg("-c").arg(format!("kill -KILL {}", browsers.join(" "))).output();
        }
    }
}

/// ChromeDriver's last line before it serves: `ChromeDriver was started successfully on port 41325.`
fn read_port(log: &mut impl BufRead) -> Option<u16> {
    let line = log.lines().map_while(Result::ok).find(|line| line.contains("started successfully on port"))?;
    line.rsplit(' ').next()?.trim_end_matches('.').parse().ok()
}

/// The numbers of all processes whose command line holds `word`.
fn processes_with(word: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let numbers = numbers.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    numbers
        .filter(|number| {
            let command = std::fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&command).contains(word)
        })
        .collect()
}
