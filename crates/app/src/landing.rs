//! Where a browser goes once it is in. A building block: acts call it, it calls no act.
//!
//! Owns the order of places: what the inviter wished for, the application's own log-in route, the account page. Every
//! place was checked when it was registered or wished for (R13).

use crate::app::App;
use guestlist_domain::client::Client;
use guestlist_domain::email::Email;
use guestlist_domain::ids::ClientId;
use guestlist_domain::invitation::Terms;
use guestlist_domain::user::User;
use guestlist_store::{StoreError, Tx, clients};
use url::Url;

/// Where to send the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Landing {
    /// To an application.
    At(String),
    /// On with the authorization request that waits, sealed.
    Resume(String),
    /// To the account page: no application asked.
    Account,
}

/// What whoever made the link wished for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) result_url: Option<&'a str>,
    pub(crate) include_email: bool,
    pub(crate) client: Option<&'a ClientId>,
    /// What `result_url` is told.
    pub(crate) message: &'a str,
}

/// The place for a guest whose invitation was just accepted on these terms.
pub(crate) async fn after_acceptance(
    app: &App,
    tx: &mut Tx<'_>,
    terms: &Terms,
    user: &User,
) -> Result<Landing, StoreError> {
    let wish = Wish {
        result_url: terms.result_url.as_deref(),
        include_email: terms.include_email_in_redirect,
        client: terms.client.as_ref(),
        message: "Your account is ready.",
    };
    after(tx, wish, &user.email, &app.public_url().issuer()).await
}

/// The place for a person who came in, or set a new password, by a link.
pub(crate) async fn after(tx: &mut Tx<'_>, wish: Wish<'_>, email: &Email, issuer: &str) -> Result<Landing, StoreError> {
    if let Some(url) = wish.result_url.and_then(|text| Url::parse(text).ok()) {
        return Ok(Landing::At(result(url, wish, email)));
    }
    let client = match wish.client {
        Some(client) => clients::find(tx, client).await?,
        None => None,
    };
    Ok(client.as_ref().and_then(|client| log_in_route(client, issuer)).map_or(Landing::Account, Landing::At))
}

/// Auth0's way: the query goes before the fragment, `success` and `message` always, the address only when asked.
fn result(mut url: Url, wish: Wish<'_>, email: &Email) -> String {
    url.query_pairs_mut().append_pair("success", "true").append_pair("message", wish.message);
    if wish.include_email {
        url.query_pairs_mut().append_pair("email", email.as_str());
    }
    url.into()
}

/// The application's own log-in route, told who sends the browser (OpenID Connect Core, section 4).
pub(crate) fn log_in_route(client: &Client, issuer: &str) -> Option<String> {
    let mut url = Url::parse(client.settings.initiate_login_uri.as_deref()?).ok()?;
    url.query_pairs_mut().append_pair("iss", issuer);
    Some(url.into())
}
