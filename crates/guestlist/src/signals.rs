//! What the system tells the process: to stop, and to read its certificates again.
//!
//! Owns the signals. Must not know what is stopped.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// The wish to stop. Clones hear the same one.
#[derive(Clone)]
pub(crate) struct Stop {
    heard: watch::Receiver<bool>,
}

impl Stop {
    /// Done once the process was told to stop.
    pub(crate) async fn wait(mut self) {
        // A sender that is gone can only mean that the process ends.
        let _ = self.heard.wait_for(|stop| *stop).await;
    }
}

/// Listens for SIGTERM and SIGINT. The second one ends the process at once.
pub(crate) fn stop() -> io::Result<Stop> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (tell, heard) = watch::channel(false);
    tokio::spawn(async move {
        next_of(&mut terminate, &mut interrupt).await;
        let _ = tell.send(true);
        next_of(&mut terminate, &mut interrupt).await;
        std::process::exit(1);
    });
    Ok(Stop { heard })
}

async fn next_of(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

/// Listens for SIGHUP.
pub(crate) fn hangups() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}
