//! A wire to PostgreSQL that can be cut at the moment of a commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Where the wire is cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The server never hears of the commit.
    BeforeTheCommit = 1,
    /// The server commits; nobody hears its answer.
    BeforeTheAnswer = 2,
}

const WHOLE: u8 = 0;

/// The one cut to come; connections made after it are whole.
pub(crate) struct Wire {
    cut: Arc<AtomicU8>,
}

impl Wire {
    /// A wire to the server of `url`, and the URL that leads over it.
    pub(crate) async fn to(url: &str) -> (String, Self) {
        let (credentials, rest) = url.split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let over = format!("{credentials}@{}/{name}", listener.local_addr().unwrap());
        let cut = Arc::new(AtomicU8::new(WHOLE));
        tokio::spawn(accept(listener, server.to_owned(), Arc::clone(&cut)));
        (over, Self { cut })
    }

    pub(crate) fn cut_at_commit(&self, cut: Cut) {
        self.cut.store(cut as u8, Ordering::SeqCst);
    }
}

async fn accept(listener: TcpListener, server: String, cut: Arc<AtomicU8>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(&server).await.unwrap();
        tokio::spawn(carry(client, server, Arc::clone(&cut)));
    }
}

/// Carries bytes both ways until one end closes or the cut comes.
async fn carry(mut client: TcpStream, mut server: TcpStream, cut: Arc<AtomicU8>) {
    let (mut asked, mut answered) = ([0; 8192], [0; 8192]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(asked) = read.map(|n| &asked[..n]) else { return };
                if asked.is_empty() { return }
                // A simple query, as the driver sends it: `Q`, four bytes of length, the text and a zero.
                let commits = asked.windows(7).any(|window| window == b"COMMIT\0");
                let cut = if commits { cut.swap(WHOLE, Ordering::SeqCst) } else { WHOLE };
                if cut == Cut::BeforeTheCommit as u8 { return }
                if server.write_all(asked).await.is_err() { return }
                if cut == Cut::BeforeTheAnswer as u8 {
                    // Its answer is the proof that the server has committed.
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(answered) = read.map(|n| &answered[..n]) else { return };
                if answered.is_empty() || client.write_all(answered).await.is_err() { return }
            }
        }
    }
}
