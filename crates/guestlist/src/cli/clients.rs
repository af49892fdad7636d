//! `guestlist clients`: applications that sign people in, and backends.

use super::JsonFlag;
use super::failure::Failure;
use super::output::Output;
use clap::{Args, Subcommand, ValueEnum};
use guestlist_app::app::App;
use guestlist_app::clients::{self, NewClient};
use guestlist_app::i18n::machine_readable;
use guestlist_domain::client::{AppType, Client, ClientSettings};
use guestlist_domain::event::Actor;
use serde::Serialize;

#[derive(Debug, Subcommand)]
pub(super) enum ClientsCommand {
    /// Register one; its secret is shown once
    Create(Create),
    /// List them, oldest first
    List {
        #[command(flatten)]
        json: JsonFlag,
    },
}

#[derive(Args, Debug)]
pub(super) struct Create {
    /// What people read
    #[arg(long)]
    name: String,
    /// Its kind
    #[arg(long = "type", value_enum)]
    kind: Kind,
    /// Where browsers may be sent back to with a code
    #[arg(long = "callback", value_name = "URL")]
    callbacks: Vec<String>,
    /// Where browsers may be sent after log-out
    #[arg(long = "logout-url", value_name = "URL")]
    logout_urls: Vec<String>,
    /// The application's own log-in route, on which an invited guest lands
    #[arg(long, value_name = "URL")]
    initiate_login_uri: Option<String>,
    /// Grant every scope of the Management API; for m2m
    #[arg(long)]
    all_scopes: bool,
    #[command(flatten)]
    json: JsonFlag,
}

/// The four kinds, in short words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A backend without people
    M2m,
    /// A server that keeps a secret
    Web,
    /// A page in a browser
    Spa,
    /// A program on a device
    Native,
}

impl From<Kind> for AppType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::M2m => Self::NonInteractive,
            Kind::Web => Self::RegularWeb,
            Kind::Spa => Self::Spa,
            Kind::Native => Self::Native,
        }
    }
}

/// A client as a program reads it.
#[derive(Serialize)]
struct Document {
    client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    name: String,
    app_type: &'static str,
    callbacks: Vec<String>,
    allowed_logout_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initiate_login_uri: Option<String>,
    created_at: String,
}

impl From<Client> for Document {
    fn from(client: Client) -> Self {
        Self {
            client_id: client.id.to_string(),
            client_secret: None,
            name: client.name,
            app_type: client.app_type.as_str(),
            callbacks: client.settings.callbacks,
            allowed_logout_urls: client.settings.allowed_logout_urls,
            initiate_login_uri: client.settings.initiate_login_uri,
            created_at: machine_readable(client.created_at),
        }
    }
}

pub(super) async fn run(app: &App, command: ClientsCommand) -> Result<(), Failure> {
    match command {
        ClientsCommand::Create(args) => create(app, args).await,
        ClientsCommand::List { json } => list(app, json).await,
    }
}

async fn create(app: &App, args: Create) -> Result<(), Failure> {
    if args.all_scopes && args.kind != Kind::M2m {
        return Err(Failure::new("--all-scopes is for --type m2m: only a backend drives the Management API"));
    }
    let new = NewClient {
        name: args.name,
        app_type: args.kind.into(),
        auth_method: None,
        settings: ClientSettings {
            callbacks: args.callbacks,
            allowed_logout_urls: args.logout_urls,
            initiate_login_uri: args.initiate_login_uri,
            ..ClientSettings::default()
        },
        all_scopes: args.all_scopes,
    };
    let registered = clients::create(app, new, &Actor::Operator).await?;
    let client_secret = registered.secret.map(|secret| secret.expose().to_owned());
    let document = Document { client_secret, ..Document::from(registered.client) };
    Output::new(args.json.json).show(&document, || {
        let mut lines = vec![
            format!("{} is registered.", document.name),
            format!("issuer         {}", app.public_url().issuer()),
            format!("client_id      {}", document.client_id),
        ];
        if let Some(secret) = &document.client_secret {
            lines.push(format!("client_secret  {secret}"));
            lines.push("The secret is not shown again.".to_owned());
        }
        lines
    })
}

async fn list(app: &App, json: JsonFlag) -> Result<(), Failure> {
    let (found, _) = clients::list(app, 0, i64::from(u32::MAX)).await?;
    let documents: Vec<Document> = found.into_iter().map(Document::from).collect();
    let row = |document: &Document| [document.client_id.clone(), document.name.clone(), document.app_type.to_owned()];
    Output::new(json.json).list(&documents, ["client_id", "name", "type"], row, "no client is registered")
}
