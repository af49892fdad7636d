//! The clients and connections that tests need, made by the acts that make real ones.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a fixture that cannot be made fails its test")]

use guestlist_app::App;
use guestlist_app::clients::{self, NewClient};
use guestlist_app::connections::{self, NewConnection, UpstreamWish};
use guestlist_domain::client::{AppType, ClientSettings};
use guestlist_domain::connection::Audience;
use guestlist_domain::event::Actor;
use guestlist_domain::secret::Sensitive;

/// A client's id and secret.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `client_id`.
    pub id: String,
    /// `client_secret`; empty for a public client.
    pub secret: String,
}

/// A machine with every scope.
pub(crate) async fn machine(app: &App) -> Credentials {
    let new = NewClient {
        name: "backend".to_owned(),
        app_type: AppType::NonInteractive,
        auth_method: None,
        settings: ClientSettings::default(),
        all_scopes: true,
    };
    create(app, new).await
}

/// An application that signs people in.
pub async fn web_application(app: &App, settings: ClientSettings) -> Credentials {
    let new = NewClient {
        name: "Team Calendar".to_owned(),
        app_type: AppType::RegularWeb,
        auth_method: None,
        settings,
        all_scopes: false,
    };
    create(app, new).await
}

/// Any client.
pub async fn create(app: &App, new: NewClient) -> Credentials {
    let made = clients::create(app, new, &Actor::Operator).await.expect("a client");
    let secret = made.secret.map(|secret| secret.expose().to_owned()).unwrap_or_default();
    Credentials { id: made.client.id.to_string(), secret }
}

/// The connection `acme`, shown as Acme, for everybody.
pub(crate) async fn connect(app: &App, issuer: &str, client_id: &str, client_secret: &str) {
    let new = NewConnection {
        name: "acme".to_owned(),
        display_name: Some("Acme".to_owned()),
        strategy: "oidc".to_owned(),
        upstream: UpstreamWish {
            issuer: Some(issuer.to_owned()),
            client_id: Some(client_id.to_owned()),
            client_secret: Some(Sensitive::new(client_secret)),
            ..UpstreamWish::default()
        },
        audience: Audience::Everyone,
    };
    connections::create(app, &Actor::Operator, new).await.expect("a connection");
}
