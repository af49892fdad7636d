//! The client's guard and limits.

use crate::server::{Reply, Server};
use guestlist_domain::secret::Sensitive;
use guestlist_outbound::http::{Answer, ClientAuth, HttpClient, HttpError, HttpSettings};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;
use url::Url;

fn client(settings: &HttpSettings) -> HttpClient {
    HttpClient::new(settings).unwrap()
}

fn open() -> HttpSettings {
    HttpSettings { allow_private: true, ..HttpSettings::default() }
}

async fn get(client: &HttpClient, url: &str) -> Result<Value, HttpError> {
    client.get_json(&Url::parse(url).unwrap(), ClientAuth::Anonymous).await
}

#[tokio::test]
async fn case_060_no_private_address_is_called_by_number_or_by_name() {
    let server = Server::start().await;
    server.json("/", json!({}));
    let client = client(&HttpSettings::default());
    let port = server.port;
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://2130706433:{port}/"),
        format!("https://0x7f000001:{port}/"),
        // This one is a name, and only the resolver finds out.
        format!("https://localhost:{port}/"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        assert_eq!(get(&client, &url).await, Err(HttpError::BlockedAddress), "{url}");
    }
    assert_eq!(server.total(), 0);
}

#[tokio::test]
async fn case_060_a_redirect_is_not_followed() {
    let server = Server::start().await;
    server.reply("/here", Reply::Redirect(server.url("/there")));
    server.json("/there", json!({}));
    assert_eq!(get(&client(&open()), &server.url("/here")).await, Err(HttpError::Status(302)));
    assert!(server.asked("/there").is_empty());
}

#[tokio::test]
async fn an_answer_is_bounded_in_bytes_and_time() {
    let server = Server::start().await;
    server.reply("/long", Reply::Bytes(200, vec![b' '; (1 << 20) + 1]));
    server.reply("/never", Reply::Never);
    server.json("/short", json!({"a": 1}));
    let client = client(&HttpSettings { total_timeout: Duration::from_millis(500), ..open() });
    assert_eq!(get(&client, &server.url("/long")).await, Err(HttpError::TooLarge));
    assert_eq!(get(&client, &server.url("/never")).await, Err(HttpError::Timeout));
    assert_eq!(get(&client, &server.url("/short")).await, Ok(json!({"a": 1})));
}

#[tokio::test]
async fn other_failures_have_names() {
    let server = Server::start().await;
    server.reply("/html", Reply::Bytes(200, b"<html>".to_vec()));
    server.reply("/deep", Reply::Bytes(200, vec![b'['; 100_000]));
    server.reply("/broken", Reply::Json(500, json!({})));
    let client = client(&open());
    assert_eq!(get(&client, &server.url("/html")).await, Err(HttpError::NotJson));
    assert_eq!(get(&client, &server.url("/deep")).await, Err(HttpError::NotJson));
    assert_eq!(get(&client, &server.url("/broken")).await, Err(HttpError::Status(500)));
    let nobody = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    assert_eq!(get(&client, &format!("http://{nobody}/")).await, Err(HttpError::Network));
}

#[tokio::test]
async fn a_form_brings_back_a_no_with_its_reasons() {
    let server = Server::start().await;
    server.reply("/no", Reply::Json(400, json!({"error": "invalid_grant"})));
    server.reply("/down", Reply::Json(503, json!({"error": "x"})));
    server.reply("/mute", Reply::Bytes(401, Vec::new()));
    server.reply("/html", Reply::Bytes(200, b"<html>".to_vec()));
    let client = client(&open());
    let secret = Sensitive::new("s/e c+r:t");
    let post = async |path: &str| {
        let url = Url::parse(&server.url(path)).unwrap();
        let auth = ClientAuth::Basic { id: "https://us.example", secret: &secret };
        client.post_form::<Value>(&url, &[("code", "a&b"), ("x", "ü")], auth).await
    };
    assert_eq!(post("/no").await, Ok(Answer { status: 400, body: json!({"error": "invalid_grant"}) }));
    assert_eq!(post("/down").await, Err(HttpError::Status(503)));
    assert_eq!(post("/mute").await, Err(HttpError::Status(401)));
    assert_eq!(post("/html").await, Err(HttpError::NotJson));

    let asked = &server.asked("/no")[0];
    assert_eq!(asked.form["code"], "a&b");
    assert_eq!(asked.form["x"], "ü");
    assert_eq!(asked.accept.as_deref(), Some("application/json"));
    // base64 of `https%3A%2F%2Fus.example:s%2Fe+c%2Br%3At`: encoded first, as RFC 6749 (2.3.1) asks.
    let expected = data_encoding::BASE64.encode(b"https%3A%2F%2Fus.example:s%2Fe+c%2Br%3At");
    assert_eq!(asked.authorization, Some(format!("Basic {expected}")));
}
