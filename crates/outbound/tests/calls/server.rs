//! A web server on loopback that answers by path as scripted and remembers what it was asked.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::form_urlencoded;

#[derive(Clone)]
pub(crate) enum Reply {
    Json(u16, Value),
    Bytes(u16, Vec<u8>),
    Redirect(String),
    Never,
}

#[derive(Clone, Default)]
pub(crate) struct Asked {
    pub(crate) authorization: Option<String>,
    pub(crate) accept: Option<String>,
    pub(crate) form: HashMap<String, String>,
}

#[derive(Default)]
struct Script {
    replies: HashMap<String, Reply>,
    asked: HashMap<String, Vec<Asked>>,
}

pub(crate) struct Server {
    pub(crate) port: u16,
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::new(Mutex::new(Script::default()));
        let router = Router::new().fallback(serve).with_state(Arc::clone(&script));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { port, script, task }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn reply(&self, path: &str, reply: Reply) {
        self.script.lock().unwrap().replies.insert(path.to_owned(), reply);
    }

    pub(crate) fn json(&self, path: &str, value: Value) {
        self.reply(path, Reply::Json(200, value));
    }

    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        self.script.lock().unwrap().asked.get(path).cloned().unwrap_or_default()
    }

    /// How often anything was asked for.
    pub(crate) fn total(&self) -> usize {
        self.script.lock().unwrap().asked.values().map(Vec::len).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let header = |headers: &HeaderMap, name: &str| headers.get(name)?.to_str().ok().map(ToOwned::to_owned);
    let authorization = header(request.headers(), "authorization");
    let accept = header(request.headers(), "accept");
    let body = to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let form = form_urlencoded::parse(&body).into_owned().collect();
    let reply = {
        let mut script = script.lock().unwrap();
        script.asked.entry(path.clone()).or_default().push(Asked { authorization, accept, form });
        script.replies.get(&path).cloned()
    };
    let response = Response::builder();
    match reply {
        Some(Reply::Json(status, value)) => {
            response.status(status).header("content-type", "application/json").body(value.to_string().into())
        }
        Some(Reply::Bytes(status, bytes)) => response.status(status).body(bytes.into()),
        Some(Reply::Redirect(target)) => response.status(302).header("location", target).body(Body::empty()),
        Some(Reply::Never) => std::future::pending().await,
        None => response.status(404).body(Body::empty()),
    }
    .unwrap()
}
