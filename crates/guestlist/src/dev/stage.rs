//! What stands ready when `guestlist dev` begins: an administrator, a provider, an application, and a first guest.
//!
//! Owns the order in which they come on. All of it is done by the house's own acts. Must not know the socket.

use super::back_channel::BackChannel;
use super::pages::Pages;
use super::people::{FIRST_GUEST, everybody};
use super::provider::{self, Provider};
use super::sample::{self, Sample};
use super::{Dev, Hub, PROVIDER_CONNECTION, PROVIDER_LABEL, fresh_secret, router};
use crate::wiring::{OsEntropy, SteadyClock, open_house};
use axum::Router;
use data_encoding::BASE64;
use guestlist_app::accept::{self, AcceptError};
use guestlist_app::app::App;
use guestlist_app::clients::{self, ClientError, NewClient, Registered};
use guestlist_app::clock::Entropy;
use guestlist_app::connections::{self, ConnectionError, NewConnection, UpstreamWish};
use guestlist_app::error::Unexpected;
use guestlist_app::invite::{self, Invite, InviteError};
use guestlist_app::jobs;
use guestlist_app::seal::MASTER_KEY_BYTES;
use guestlist_app::settings::{
    ANSWER_WITHIN, MailRoad, MailSettings, PublicUrl, PublicUrlError, Settings, StoreSettings, Target, Timekeeping,
};
use guestlist_domain::client::{AppType, AuthMethod, ClientSettings};
use guestlist_domain::connection::Audience;
use guestlist_domain::email::{Email, EmailError};
use guestlist_domain::event::Actor;
use guestlist_domain::secret::{Purpose, Secret, Sensitive};
use guestlist_web::WebState;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

const ADMINISTRATOR: &str = "admin@example.org";

/// Why the curtain does not rise.
#[derive(Debug, Error)]
pub(crate) enum StageError {
    #[error(transparent)]
    House(#[from] Unexpected),
    #[error(transparent)]
    PublicUrl(#[from] PublicUrlError),
    #[error(transparent)]
    Email(#[from] EmailError),
    #[error(transparent)]
    Pages(#[from] minijinja::Error),
    #[error("the made-up provider has no key")]
    NoKey,
    #[error("no administrator was invited")]
    NoAdministrator,
    #[error(transparent)]
    Accept(#[from] AcceptError),
    #[error(transparent)]
    Invite(#[from] InviteError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(transparent)]
    Connection(#[from] ConnectionError),
}

/// Everything, ready to be looked at.
pub(crate) struct Stage {
    dev: Dev,
}

impl Stage {
    /// The house.
    pub(crate) const fn app(&self) -> &App {
        &self.dev.app
    }

    /// Where the made-up provider is.
    pub(crate) fn provider(&self) -> &str {
        &self.dev.provider.issuer
    }

    /// The administrator's address.
    pub(crate) fn admin_email(&self) -> &str {
        &self.dev.hub.admin_email
    }

    /// The administrator's password, good for this run.
    pub(crate) fn admin_password(&self) -> &str {
        &self.dev.hub.admin_password
    }

    /// All doors, those of `dev` among them.
    pub(crate) fn into_router(self) -> Router {
        let app = self.dev.app.clone();
        guestlist_web::router_beside(WebState::new(app), router(self.dev))
    }
}

/// Sets the stage in `directory`, for a server that listens at `listens_on`.
pub(crate) async fn open(directory: &Path, listens_on: SocketAddr, tls: bool) -> Result<Stage, StageError> {
    let port = listens_on.port();
    let scheme = if tls { "https" } else { "http" };
    let public_url = PublicUrl::parse(&format!("{scheme}://localhost:{port}"))?;
    // Plain http always: the house calls the provider, and would not trust a certificate made a moment ago.
    let issuer = format!("http://localhost:{port}{}", provider::PATH);
    let app = open_house(settings(directory, public_url)?).await?;
    let provider = Provider::new(issuer, app.public_url().callback()).ok_or(StageError::NoKey)?;
    let password: String = fresh_secret().chars().filter(char::is_ascii_alphanumeric).take(16).collect();
    let administrator = install_administrator(&app, &password).await?;
    connect(&app, &provider).await?;
    let sample = register_sample(&app).await?;
    invite_first_guest(&app, &sample, administrator).await?;
    jobs::deliver_due(&app).await?;
    let hub = Hub {
        guest: FIRST_GUEST.to_owned(),
        provider: PROVIDER_LABEL,
        admin_email: ADMINISTRATOR.to_owned(),
        admin_password: password,
    };
    Ok(Stage {
        dev: Dev {
            app,
            pages: Pages::new()?,
            clock: Arc::new(SteadyClock::new()),
            provider: Arc::new(provider),
            sample: Arc::new(sample),
            back_channel: BackChannel { listens_on },
            hub: Arc::new(hub),
        },
    })
}

fn settings(directory: &Path, public_url: PublicUrl) -> Result<Settings, EmailError> {
    let entropy: &dyn Entropy = &OsEntropy;
    Ok(Settings {
        public_url,
        store: StoreSettings {
            target: Target::Sqlite { path: directory.join("guestlist.db") },
            exclusive: true,
            read_threads: 2,
        },
        secret_key: Sensitive::new(BASE64.encode(&entropy.bytes::<MASTER_KEY_BYTES>())),
        mail: MailSettings {
            road: MailRoad::Memory,
            from_name: "Guestlist".to_owned(),
            from: Email::parse("guestlist@example.org")?,
        },
        first_administrator: Email::parse(ADMINISTRATOR)?,
        allow_private_upstreams: true,
        webhook_answer_within: ANSWER_WITHIN,
        hashing_slots: 1,
        timekeeping: Timekeeping::Keeps,
    })
}

/// The first administrator, by the way that every first administrator takes.
async fn install_administrator(app: &App, password: &str) -> Result<Actor, StageError> {
    let link = invite::first_administrator(app).await?.ok_or(StageError::NoAdministrator)?;
    let secret = link.expose().rsplit('/').next().and_then(|text| Secret::parse(Purpose::Invitation, text));
    let secret = secret.ok_or(StageError::NoAdministrator)?;
    let came_in = accept::with_password(app, &secret, Sensitive::new(password)).await?;
    Ok(Actor::User(came_in.user.id))
}

async fn connect(app: &App, provider: &Provider) -> Result<(), StageError> {
    let new = NewConnection {
        name: PROVIDER_CONNECTION.to_owned(),
        display_name: Some(PROVIDER_LABEL.to_owned()),
        strategy: "oidc".to_owned(),
        upstream: UpstreamWish {
            issuer: Some(provider.issuer.clone()),
            client_id: Some(provider::CLIENT_ID.to_owned()),
            client_secret: Some(Sensitive::new(provider.client_secret.as_str())),
            ..UpstreamWish::default()
        },
        audience: Audience::Everyone,
    };
    connections::create(app, &Actor::Operator, new).await?;
    Ok(())
}

async fn register_sample(app: &App) -> Result<Sample, StageError> {
    let home = app.public_url().at(sample::PATH);
    let new = NewClient {
        name: sample::NAME.to_owned(),
        app_type: AppType::RegularWeb,
        auth_method: Some(AuthMethod::ClientSecretBasic),
        settings: ClientSettings {
            callbacks: vec![format!("{home}/callback")],
            allowed_logout_urls: vec![home.clone()],
            initiate_login_uri: Some(format!("{home}/login")),
            ..ClientSettings::default()
        },
        all_scopes: false,
    };
    let Registered { client, secret } = clients::create(app, new, &Actor::Operator).await?;
    Ok(Sample {
        issuer: app.public_url().issuer(),
        client_id: client.id.to_string(),
        client_secret: secret.map(|secret| secret.expose().to_owned()).unwrap_or_default(),
        home,
        trips: std::sync::Mutex::default(),
        sessions: std::sync::Mutex::default(),
    })
}

async fn invite_first_guest(app: &App, sample: &Sample, by: Actor) -> Result<(), StageError> {
    let mut invitation = Invite::new(Email::parse(FIRST_GUEST)?, by);
    invitation.name = everybody().into_iter().find(|person| person.email == FIRST_GUEST).map(|person| person.name);
    invitation.terms.client = Some(guestlist_domain::ids::ClientId::new(sample.client_id.as_str()));
    invite::invite(app, invitation).await?;
    Ok(())
}
