//! Signing out at an application's wish: `/oidc/logout` (OpenID Connect RP-Initiated Logout 1.0) and Auth0's older
//! `/v2/logout`.
//!
//! Owns where a browser goes afterwards: to a registered address or nowhere (R13, case 92). Must not end anything
//! itself. A wish that proves nothing about the session is put to the person.

use super::fields::{Body, Fields};
use crate::WebState;
use crate::error::{OAuthError, Problem};
use crate::headers::PagePolicy;
use crate::view::sign_in::{LoggedOutPage, LogoutPage};
use crate::visit::Visit;
use axum::Router;
use axum::extract::RawQuery;
use axum::response::Response;
use axum::routing::get;
use guestlist_app::sessions::SignedIn;
use guestlist_app::tokens::{LogoutHint, read_hint};
use guestlist_app::{App, clients, sessions};
use guestlist_domain::client::Client;
use guestlist_domain::ids::ClientId;
use url::form_urlencoded;

/// What is sealed under this name.
const USAGE: &str = "after log-out";
/// Where a browser goes that no application wants back.
const LOGGED_OUT: &str = "/logged-out";

pub(super) fn router() -> Router<WebState> {
    Router::new()
        // A HEAD must not end a session (R6).
        .route("/oidc/logout", get(end_session).head(not_answered).post(ask_again))
        .route("/v2/logout", get(end_at_once).head(not_answered))
}

async fn not_answered() -> Problem {
    Problem::MethodNotAllowed
}

/// Where the log-out page goes on, as it was sealed here.
pub(crate) fn landing(app: &App, sealed: &str) -> Option<String> {
    app.seal().open_text(USAGE, sealed).ok().map(|address| address.to_string())
}

/// A POST from an application's page comes without our cookie, which is `Lax`; the GET that it becomes has it.
async fn ask_again(visit: Visit, body: Result<Body, OAuthError>) -> Result<Response, Problem> {
    let body = body.map_err(|_| Problem::BadRequest("the form cannot be read".into()))?;
    visit.redirect(&format!("/oidc/logout?{}", body.fields.to_query()))
}

async fn end_session(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let wish = Fields::of_form(query.unwrap_or_default().as_bytes());
    let hint = match wish.get("id_token_hint") {
        Some(jwt) => read_hint(&visit.app, jwt).await?,
        None => None,
    };
    let client = client_of(&visit.app, &wish, hint.as_ref()).await?;
    let address = registered_address(&wish, client.as_ref());
    let Some(signed_in) = visit.signed_in().await? else {
        return leave(visit, address.as_deref());
    };
    let is_unregistered = address.is_none() && wish.get("post_logout_redirect_uri").is_some();
    if is_unregistered || !is_proven(&wish, hint.as_ref(), &signed_in) {
        return ask_first(visit, &signed_in, address.as_deref());
    }
    sessions::end(&visit.app, &signed_in).await?;
    leave(visit, address.as_deref())
}

/// The application, if what it says about itself is one thing.
async fn client_of(app: &App, wish: &Fields, hint: Option<&LogoutHint>) -> Result<Option<Client>, Problem> {
    let named = wish.get("client_id").map(ClientId::new);
    match (named, hint.map(|hint| hint.client.clone())) {
        (Some(named), Some(hinted)) if named != hinted => {
            Err(Problem::BadRequest("the client_id differs from that of the id_token_hint".into()))
        }
        (Some(id), _) | (None, Some(id)) => Ok(clients::find(app, &id).await?),
        (None, None) => Ok(None),
    }
}

fn registered_address(wish: &Fields, client: Option<&Client>) -> Option<String> {
    let address = wish.get("post_logout_redirect_uri").filter(|uri| client.is_some_and(|c| c.may_log_out_to(uri)))?;
    let Some(state) = wish.get("state") else { return Some(address.to_owned()) };
    let state = form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
    let joint = if address.contains('?') { '&' } else { '?' };
    Some(format!("{address}{joint}{state}"))
}

/// Whether the wish comes from somebody who was given this very session, or an ID token about this very person. Where
/// both are named, both must hold.
fn is_proven(wish: &Fields, hint: Option<&LogoutHint>, signed_in: &SignedIn) -> bool {
    let session = wish.get("logout_hint").map(|sid| sid == signed_in.session.id.as_str());
    let person = match (wish.get("id_token_hint"), hint) {
        (None, _) => None,
        (Some(_), hint) => Some(hint.is_some_and(|hint| hint.user == signed_in.user.id)),
    };
    matches!((session, person), (Some(true), None | Some(true)) | (None, Some(true)))
}

fn ask_first(mut visit: Visit, signed_in: &SignedIn, address: Option<&str>) -> Result<Response, Problem> {
    let resume = match address {
        Some(address) => Some(visit.app.seal().seal_text(USAGE, address, visit.app.entropy())?),
        None => None,
    };
    if let Some(address) = address {
        visit.allow(PagePolicy::default().and(address));
    }
    visit.page(&LogoutPage { email: signed_in.user.email.to_string(), resume })
}

fn leave(mut visit: Visit, address: Option<&str>) -> Result<Response, Problem> {
    visit.sign_out();
    visit.redirect(address.unwrap_or(LOGGED_OUT))
}

/// Auth0's way: whoever sends a browser here ends its session, asked or not.
async fn end_at_once(mut visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let wish = Fields::of_form(query.unwrap_or_default().as_bytes());
    if let Some(signed_in) = visit.signed_in().await? {
        sessions::end(&visit.app, &signed_in).await?;
    }
    visit.sign_out();
    // auth0-spa-js spells it the second way.
    let client = match wish.get("client_id").or(wish.get("clientId")) {
        Some(id) => clients::find(&visit.app, &ClientId::new(id)).await?,
        None => None,
    };
    match (wish.get("returnTo"), &client) {
        (Some(address), _) if clients::is_log_out_address(&visit.app, client.as_ref(), address).await? => {
            visit.redirect(address)
        }
        (Some(_), _) => Err(Problem::BadRequest("the returnTo address is not registered".into())),
        (None, Some(client)) => match client.settings.allowed_logout_urls.first() {
            Some(first) => visit.redirect(first),
            None => visit.page(&LoggedOutPage {}),
        },
        (None, None) => visit.page(&LoggedOutPage {}),
    }
}
