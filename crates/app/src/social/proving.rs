//! What the page says that asks for one sign-in with a method the user already has.

use super::SocialError;
use crate::app::App;
use guestlist_domain::connection::Connection;
use guestlist_domain::email::Email;
use guestlist_domain::flow::{self, Step};
use guestlist_domain::ids::ClientId;
use guestlist_domain::secret::Secret;
use guestlist_store::{connections, flows, identities, passwords};

/// A provider that waits to be connected, and the ways in by which the account's owner can prove it.
#[derive(Clone, Debug)]
pub struct Proving {
    /// The name on the provider's button.
    pub provider: String,
    /// The address that the provider told; it is the account's too.
    pub address: Option<Email>,
    /// Whether the account has a password.
    pub has_password: bool,
    /// Other connections that the account has.
    pub connections: Vec<Connection>,
    /// For this application.
    pub client: Option<ClientId>,
    /// And then on with this sealed authorization request.
    pub resume: Option<String>,
}

/// What this browser is asked to prove, if anything.
pub async fn proving(app: &App, browser: &Secret) -> Result<Option<Proving>, SocialError> {
    let (now, browser) = (app.now(), browser.hash());
    app.read(move |tx| {
        Box::pin(async move {
            let Some(flow) = flows::find_waiting(tx, browser, "proving_user", now).await? else { return Ok(None) };
            let Step::ProvingUser { user, identity } = flow.step else { return Ok(None) };
            let (client, resume) = match flow.purpose {
                flow::Purpose::SignIn { client, resume } => (client, resume),
                flow::Purpose::Accept { .. } | flow::Purpose::Link { .. } | flow::Purpose::Try { .. } => (None, None),
            };
            let linked = identities::list(tx, &user).await?;
            let usable = connections::usable(tx, client.as_ref(), None).await?;
            let is_theirs = |way: &Connection| linked.iter().any(|identity| identity.claims.connection == way.id);
            let provider = connections::find(tx, &flow.connection).await?;
            Ok(Some(Proving {
                provider: provider.map(|connection| connection.display_name).unwrap_or_default(),
                address: identity.claims().email.clone(),
                has_password: passwords::find(tx, &user).await?.is_some(),
                connections: usable.into_iter().filter(is_theirs).collect(),
                client,
                resume,
            }))
        })
    })
    .await
}
