//! One installation in a scratch directory, and what can be done to it from a shell.

use guestlist_testkit::scratch::ScratchDir;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

const PUBLIC_URL: &str = "http://localhost:1";

/// An installation: a data directory and an environment with nothing else in it.
pub(crate) struct Installation {
    scratch: ScratchDir,
    variables: Vec<(String, String)>,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Installation {
    pub(crate) fn new() -> Self {
        let scratch = ScratchDir::new("program");
        let data_dir = scratch.join("data").display().to_string();
        let variables = [
            ("GUESTLIST_DATA_DIR", data_dir.as_str()),
            ("GUESTLIST_PUBLIC_URL", PUBLIC_URL),
            ("GUESTLIST_LISTEN", "127.0.0.1:0"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { scratch, variables }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.scratch.join("data")
    }

    /// A file beside the data.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.scratch.join(name);
        std::fs::write(&path, text).expect("a file can be written");
        path
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guestlist"));
        command.args(arguments).env_clear().envs(self.variables.iter().cloned()).current_dir(self.scratch.path());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        Self::to_its_end(self.command(arguments))
    }

    /// The same, but no file may grow beyond so many blocks of 512 bytes: the disk is full there.
    pub(crate) fn run_with_files_up_to(&self, blocks: u64, arguments: &[&str]) -> Said {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
        command.arg(env!("CARGO_BIN_EXE_guestlist")).args(arguments);
        command.env_clear().envs(self.variables.iter().cloned()).current_dir(self.scratch.path());
        Self::to_its_end(command)
    }

    fn to_its_end(mut command: Command) -> Said {
        let output = command.output().expect("the program can be started");
        Said {
            status: output.status,
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Runs a command that must succeed, and reads its JSON.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let said = self.run(&[arguments, &["--json"]].concat());
        assert!(said.status.success(), "{arguments:?}: {said:?}");
        serde_json::from_str(&said.out).expect("JSON")
    }

    /// Starts `serve` and waits until it says that it serves.
    pub(crate) fn serve(&self) -> Server {
        Self::start(self.command(&["serve"]))
    }

    /// The same, with more to say on the command line.
    pub(crate) fn serve_with(&self, arguments: &[&str]) -> Server {
        Self::start(self.command(&[&["serve"], arguments].concat()))
    }

    /// The same, but it dies at that point.
    pub(crate) fn dying(&self, point: &str) -> Server {
        let mut command = self.command(&["serve"]);
        command.env("TEST_ABORT_AT", point);
        Self::start(command)
    }

    /// The same, but a file that may not grow is an error to it and not its end.
    pub(crate) fn serve_past_a_full_disk(&self) -> Server {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" serve", env!("CARGO_BIN_EXE_guestlist")]);
        command.env_clear().envs(self.variables.iter().cloned()).current_dir(self.scratch.path());
        Self::start(command)
    }

    fn start(mut command: Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("serve can be started");
        let out = child.stdout.take().expect("it is piped");
        let mut log = BufReader::new(child.stderr.take().expect("it is piped"));
        let address = wait_for_address(&mut log);
        Server { child, out, log: Some(drain(log)), address }
    }
}

/// The rest of the log, read so that the server never has to wait for a reader.
fn drain(mut log: BufReader<ChildStderr>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut rest = String::new();
        let _ = log.read_to_string(&mut rest);
        rest
    })
}

fn wait_for_address(log: &mut BufReader<ChildStderr>) -> SocketAddr {
    let mut heard = String::new();
    loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).expect("a line") > 0, "serve ended:\n{heard}");
        if let Some((_, rest)) = line.split_once("serving address=") {
            let address = rest.split(' ').next().unwrap_or_default();
            return address.parse().expect("an address");
        }
        heard.push_str(&line);
    }
}

/// A server that runs. Dropping it without [`Server::stop`] kills it.
pub(crate) struct Server {
    child: Child,
    out: ChildStdout,
    log: Option<JoinHandle<String>>,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().expect("kill can be run");
        assert!(sent.success());
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }

    /// Ends it at once, as a lost machine would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Tells it to stop; gives its exit status, what it printed and what it logged since it served.
    pub(crate) fn stop(mut self) -> Said {
        self.signal("TERM");
        let status = self.child.wait().expect("it ends");
        let mut out = String::new();
        self.out.read_to_string(&mut out).expect("text");
        let err = self.log.take().map(|log| log.join().expect("a log")).unwrap_or_default();
        Said { status, out, err }
    }

    /// The status of a plain GET.
    pub(crate) fn status_of(&self, path: &str) -> u16 {
        use std::io::Write as _;
        let mut stream = std::net::TcpStream::connect(self.address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer.get(9..12).and_then(|status| status.parse().ok()).expect("a status")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody waited for it: its test has failed, and nothing of it may stay behind.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Permission bits of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}
