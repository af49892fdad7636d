//! Limits, TLS and the way out, with real sockets.

use super::*;
use axum::routing::get;
use http_body_util::BodyExt as _;
use hyper::client::conn::http1::handshake;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

/// A server, and the way to stop it.
struct Served {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn serve(router: Router, tls: Option<Tls>, max_connections: usize) -> Served {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = Listener::bind(any, tls, max_connections).await.unwrap();
    let address = listener.address().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(listener.serve(router, async { drop(stopped.await) }));
    Served { address, stop, task }
}

fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

async fn send(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn get_over<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S) -> String {
    let (mut sender, connection) = handshake::<_, Body>(TokioIo::new(stream)).await.unwrap();
    let driver = tokio::spawn(connection);
    let request = Request::get("/").header("host", "localhost").body(Body::empty()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    driver.abort();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let served = serve(hello(), None, 8).await;
    let many = "x: 1\r\n".repeat(MAX_HEADERS + 1);
    let answer = send(served.address, &format!("GET / HTTP/1.1\r\nhost: a\r\n{many}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let long = "x".repeat(MAX_HEAD);
    let answer = send(served.address, &format!("GET / HTTP/1.1\r\nhost: a\r\nx: {long}\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = send(served.address, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn above_the_most_connections_the_next_one_waits() {
    let served = serve(hello(), None, 1).await;
    let first = TcpStream::connect(served.address).await.unwrap();
    let address = served.address;
    let second =
        tokio::spawn(async move { send(address, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await });
    // The place is taken from the moment of acceptance; an answer over the first connection proves that it was.
    assert_eq!(get_over(first).await, "hello");
    assert!(second.await.unwrap().ends_with("hello"));
}

#[tokio::test]
async fn a_request_in_flight_is_finished_before_the_end() {
    let (arrived, mut arrivals) = mpsc::channel::<oneshot::Sender<()>>(1);
    let slow = get(async move || {
        let (go, gone) = oneshot::channel();
        arrived.send(go).await.unwrap();
        gone.await.unwrap();
        "finished"
    });
    let served = serve(Router::new().route("/", slow), None, 8).await;
    let address = served.address;
    let request = tokio::spawn(async move { get_over(TcpStream::connect(address).await.unwrap()).await });
    let go = arrivals.recv().await.unwrap();
    served.stop.send(()).unwrap();
    go.send(()).unwrap();
    assert_eq!(request.await.unwrap(), "finished");
    served.task.await.unwrap();
    assert!(TcpStream::connect(served.address).await.is_err(), "somebody still listens");
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let (near, mut far) = tokio::io::duplex(64);
    let mut patient = Patience::new(near, Duration::from_millis(1));
    let mut byte = [0];
    let error = patient.read(&mut byte).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);

    far.write_all(b"x").await.unwrap();
    assert_eq!(patient.read(&mut byte).await.unwrap(), 1);
    // Nobody takes what is written.
    let error = patient.write_all(&[0; 1024]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

/// A self-signed pair in PEM, written where the configuration says.
struct Pair {
    certificate: CertificateDer<'static>,
    files: crate::config::TlsFiles,
}

impl Pair {
    fn write(directory: &std::path::Path) -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let files =
            crate::config::TlsFiles { certificates: directory.join("cert.pem"), key: directory.join("key.pem") };
        std::fs::write(&files.certificates, cert.pem()).unwrap();
        std::fs::write(&files.key, signing_key.serialize_pem()).unwrap();
        Self { certificate: cert.der().clone(), files }
    }

    async fn get(&self, address: SocketAddr) -> io::Result<String> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        Ok(get_over(TlsConnector::from(Arc::new(config)).connect(name, stream).await?).await)
    }
}

#[tokio::test]
async fn a_new_certificate_is_served_after_it_was_read_again() {
    let scratch = crate::dev::Scratch::new().unwrap();
    let old = Pair::write(scratch.path());
    let tls = Tls::from_files(&old.files).unwrap();
    let served = serve(hello(), Some(tls.clone()), 8).await;
    assert_eq!(old.get(served.address).await.unwrap(), "hello");

    let new = Pair::write(scratch.path());
    assert!(new.get(served.address).await.is_err(), "served before it was read");
    tls.reload(&new.files).unwrap();
    assert_eq!(new.get(served.address).await.unwrap(), "hello");

    std::fs::write(&new.files.key, "not a key").unwrap();
    assert!(tls.reload(&new.files).is_err());
    assert_eq!(new.get(served.address).await.unwrap(), "hello", "the pair at work did not stay");
}

#[tokio::test]
async fn plain_connections_are_taken_beside_tls_only_where_allowed() {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let both = Tls::beside_plain(vec![cert.der().clone()], key).unwrap();
    let served = serve(hello(), Some(both), 8).await;
    assert_eq!(get_over(TcpStream::connect(served.address).await.unwrap()).await, "hello");

    let scratch = crate::dev::Scratch::new().unwrap();
    let pair = Pair::write(scratch.path());
    let served = serve(hello(), Some(Tls::from_files(&pair.files).unwrap()), 8).await;
    let answer = {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        // A TLS alert, or nothing but the end.
        let _ = stream.read_to_end(&mut answer).await;
        answer
    };
    assert!(!answer.starts_with(b"HTTP/"), "plain http was answered");
}
