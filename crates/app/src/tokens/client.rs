//! Who asks: the client proves itself.
//!
//! Owns the evidence type [`AuthenticatedClient`]. A secret has full entropy, so a fast digest is compared, in constant
//! time; an unknown client takes as long as a wrong secret. Must not know by which header or field a secret came.

use super::TokenError;
use crate::app::App;
use guestlist_domain::client::Client;
use guestlist_domain::ids::ClientId;
use guestlist_domain::secret::{Purpose, Secret, SecretHash, Sensitive};
use guestlist_store::clients;

/// What a client says about itself.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Who it claims to be.
    pub client: ClientId,
    /// Its proof; a public client has none.
    pub secret: Option<Sensitive>,
}

/// Evidence that the client at the token endpoint is who it claims to be, as far as it can prove anything: a public
/// client proves itself by what it brings, code and verifier.
#[derive(Clone, Debug)]
pub struct AuthenticatedClient(Client);

impl AuthenticatedClient {
    /// The client.
    pub const fn client(&self) -> &Client {
        &self.0
    }
}

/// Checks what a client says about itself.
pub async fn authenticate(app: &App, credentials: &Credentials) -> Result<AuthenticatedClient, TokenError> {
    let id = credentials.client.clone();
    let found: Result<Option<Client>, TokenError> = app
        .read(move |tx| {
            let id = id.clone();
            Box::pin(async move { Ok(clients::find(tx, &id).await?) })
        })
        .await;
    let found = found?;
    let known = found.as_ref().and_then(|client| client.secret);
    let is_proven = match (&credentials.secret, &found) {
        (Some(secret), _) => is_secret(secret, known),
        (None, Some(client)) => client.app_type.is_public() && known.is_none(),
        (None, None) => false,
    };
    found.filter(|_| is_proven).map(AuthenticatedClient).ok_or(TokenError::InvalidClient)
}

fn is_secret(text: &Sensitive, known: Option<SecretHash>) -> bool {
    let given = Secret::parse(Purpose::ClientSecret, text.expose()).map(|secret| secret.hash());
    match (given, known) {
        (Some(given), Some(known)) => given == known,
        _ => false,
    }
}
