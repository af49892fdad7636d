//! Requests that an application pushed beforehand, by its own road (RFC 9126).
//!
//! Owns the name of such a request. What was pushed travels in that name, sealed: nothing is kept, every node knows it, and
//! no browser can change it. It can be brought more than once, which section 4 allows for browsers that reload; the code
//! that comes of it is still bound to the one challenge. Must not let anybody in.

use super::{Asked, look_up};
use crate::app::App;
use crate::error::Unexpected;
use guestlist_domain::authorization::{self, Audiences, ErrorCode, PUSHED_LIFETIME, Parameters, Refused, Rejection};
use guestlist_domain::client::Client;
use guestlist_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How the name of a pushed request begins (RFC 9126, 2.2).
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";
/// What is sealed under this name.
const USAGE: &str = "pushed request";

#[derive(Serialize, Deserialize)]
struct Pushed {
    client: String,
    parameters: Vec<(String, String)>,
    expires_at: Timestamp,
}

/// Takes a request of `client`, which has proved itself, and names it. A request that `/authorize` would not go into is
/// refused here, where no browser has to carry the refusal.
pub async fn push(app: &App, client: &Client, parameters: &Parameters) -> Result<Result<String, Refused>, Unexpected> {
    let invalid = |why| Refused::new(ErrorCode::InvalidRequest, why);
    if parameters.get("request_uri").is_some() {
        return Ok(Err(invalid("A request that is pushed cannot be one that was pushed before.")));
    }
    let parameters = parameters.of_client(&client.id);
    let Asked { api, connection, .. } = look_up(app, &parameters).await?;
    let audiences = Audiences { userinfo: &app.public_url().userinfo_audience(), api: api.as_ref() };
    match authorization::read(&parameters, client, audiences) {
        Err(Rejection::Untrusted) => return Ok(Err(invalid("The redirect_uri is not one of the client's."))),
        Err(Rejection::Told(_, refused)) => return Ok(Err(refused)),
        Ok(_) if connection.is_some() => return Ok(Err(invalid("The connection is not enabled for this client."))),
        Ok(_) => {}
    }
    let pushed = Pushed {
        client: client.id.to_string(),
        parameters: parameters.into_pairs(),
        expires_at: app.now().plus(PUSHED_LIFETIME),
    };
    let plain = serde_json::to_string(&pushed).map_err(|error| Unexpected::Broken(error.to_string()))?;
    Ok(Ok(format!("{PREFIX}{}", app.seal().seal_text(USAGE, &plain, app.entropy())?)))
}

/// What a browser brought in the place of parameters.
pub(super) enum Brought {
    /// Parameters.
    Itself,
    /// The name of these, which were pushed: whatever else it brought counts for nothing (RFC 9126, 4).
    Pushed(Parameters),
    /// A name that is not ours, too old, or another client's.
    Dead,
}

/// Looks what `parameters` stand for.
pub(super) fn brought(app: &App, parameters: &Parameters) -> Brought {
    let Some(sealed) = parameters.get("request_uri").and_then(|name| name.strip_prefix(PREFIX)) else {
        return Brought::Itself;
    };
    let opened = app.seal().open_text(USAGE, sealed).ok();
    let pushed = opened.and_then(|plain| serde_json::from_str::<Pushed>(&plain).ok());
    let is_good = |pushed: &Pushed| {
        let is_alone = parameters.get_once("request_uri").is_some();
        is_alone && app.now() < pushed.expires_at && parameters.get_once("client_id") == Some(pushed.client.as_str())
    };
    match pushed.filter(is_good) {
        Some(pushed) => Brought::Pushed(Parameters::new(pushed.parameters)),
        None => Brought::Dead,
    }
}
