//! `guestlist connections`: ways to prove who one is.

use super::JsonFlag;
use super::failure::Failure;
use super::output::Output;
use clap::{Args, Subcommand, ValueEnum};
use guestlist_app::app::App;
use guestlist_app::connections::{self, NewConnection, UpstreamWish};
use guestlist_domain::connection::{Audience, Connection, MergeRule, PersonFields};
use guestlist_domain::event::Actor;
use guestlist_domain::ids::ClientId;
use guestlist_domain::secret::Sensitive;
use serde::Serialize;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// A secret has some hundred bytes at most.
const MAX_SECRET: u64 = 16 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum ConnectionsCommand {
    /// Make one to an upstream provider
    Create(Box<Create>),
    /// List them, oldest first
    List {
        #[command(flatten)]
        json: JsonFlag,
    },
}

#[derive(Args, Debug)]
pub(super) struct Create {
    /// Its name: letters, digits and hyphens
    #[arg(long)]
    name: String,
    /// Its kind: google-oauth2, github, windowslive, waad, apple, facebook, linkedin, gitlab, discord, slack, okta, oidc, oauth2
    #[arg(long, default_value = "oidc")]
    strategy: String,
    /// What its button says after "Continue with"
    #[arg(long)]
    display_name: Option<String>,
    /// The provider's issuer, exactly as its tokens say it; the big providers' are known
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Our client id there
    #[arg(long)]
    client_id: String,
    /// Our secret there; other users of this machine can see it while the command runs
    #[arg(long, conflicts_with = "client_secret_file")]
    client_secret: Option<String>,
    /// A file with our secret there; - reads standard input
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// What to ask for
    #[arg(long)]
    scope: Option<String>,
    /// An application that may use it; without it, all may
    #[arg(long = "client", value_name = "ID")]
    clients: Vec<String>,
    /// A mail domain for which this provider's word is proof
    #[arg(long = "authoritative-domain", value_name = "DOMAIN")]
    authoritative_domains: Vec<String>,
    /// What a new log-in with an address that is proven here leads to
    #[arg(long, value_enum, default_value = "confirm")]
    merge: Merge,
    #[command(flatten)]
    json: JsonFlag,
}

/// Where a provider is, for those that are not in one place only.
#[derive(Args, Debug)]
struct Place {
    /// The address of an installation of one's own: GitHub Enterprise, GitLab, a sovereign cloud
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The address of its API, if that does not follow
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// waad: the tenant's id or domain; without one, every organization may come
    #[arg(long)]
    tenant: Option<String>,
    /// apple: the team that signs; the client secret is then its private key
    #[arg(long)]
    team_id: Option<String>,
    /// apple: the name of that key
    #[arg(long)]
    key_id: Option<String>,
    /// oauth2: where the browser is sent
    #[arg(long, value_name = "URL")]
    authorization_url: Option<String>,
    /// oauth2: where codes are exchanged
    #[arg(long, value_name = "URL")]
    token_url: Option<String>,
    /// oauth2: where the bearer of a token is told whose it is
    #[arg(long, value_name = "URL")]
    userinfo_url: Option<String>,
    /// oauth2: the name of the member that tells who somebody is
    #[arg(long, value_name = "NAME", default_value = "sub")]
    subject_field: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Merge {
    /// Sign in once with a way that the account has, then link
    Confirm,
    /// Link at once; needs an authoritative domain
    Auto,
    /// Never link
    Never,
}

impl From<Merge> for MergeRule {
    fn from(merge: Merge) -> Self {
        match merge {
            Merge::Confirm => Self::Confirm,
            Merge::Auto => Self::Auto,
            Merge::Never => Self::Never,
        }
    }
}

/// A connection as a program reads it. Never with our secret.
#[derive(Serialize)]
struct Document {
    id: String,
    name: String,
    display_name: String,
    strategy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// `null`: every client.
    enabled_clients: Option<Vec<String>>,
}

impl From<Connection> for Document {
    fn from(connection: Connection) -> Self {
        let (issuer, client_id) = connection.upstream.map(|upstream| (upstream.issuer, upstream.client_id)).unzip();
        Self {
            id: connection.id.to_string(),
            name: connection.name,
            display_name: connection.display_name,
            strategy: connection.strategy.as_str(),
            issuer,
            client_id,
            enabled_clients: match connection.audience {
                Audience::Everyone => None,
                Audience::Clients(clients) => Some(clients.iter().map(ToString::to_string).collect()),
            },
        }
    }
}

pub(super) async fn run(app: &App, command: ConnectionsCommand) -> Result<(), Failure> {
    match command {
        ConnectionsCommand::Create(args) => create(app, *args).await,
        ConnectionsCommand::List { json } => list(app, json).await,
    }
}

async fn create(app: &App, args: Create) -> Result<(), Failure> {
    let output = Output::new(args.json.json);
    let client_secret = match (args.client_secret, &args.client_secret_file) {
        (Some(secret), _) => Some(Sensitive::new(secret)),
        (None, Some(file)) => Some(read_secret(file)?),
        (None, None) => None,
    };
    let place = args.place;
    let new = NewConnection {
        name: args.name,
        display_name: args.display_name,
        strategy: args.strategy,
        upstream: UpstreamWish {
            issuer: args.issuer,
            base_url: place.base_url,
            api_url: place.api_url,
            client_id: Some(args.client_id),
            client_secret,
            scope: args.scope,
            tenant: place.tenant,
            team_id: place.team_id,
            key_id: place.key_id,
            authorization_url: place.authorization_url,
            token_url: place.token_url,
            userinfo_url: place.userinfo_url,
            fields: Some(PersonFields { subject: place.subject_field, ..PersonFields::default() }),
            authoritative_domains: args.authoritative_domains,
            merge_rule: args.merge.into(),
            ..UpstreamWish::default()
        },
        audience: if args.clients.is_empty() {
            Audience::Everyone
        } else {
            Audience::Clients(args.clients.into_iter().map(ClientId::new).collect())
        },
    };
    let document = Document::from(connections::create(app, &Actor::Operator, new).await?);
    output.show(&document, || {
        vec![
            format!("{} is ready ({}).", document.name, document.id),
            "Register this callback at the provider:".to_owned(),
            app.public_url().callback(),
            "`guestlist doctor` asks the provider whether it can be used.".to_owned(),
        ]
    })
}

/// A secret that stands in a file, or comes over standard input.
pub(super) fn read_secret(path: &Path) -> Result<Sensitive, Failure> {
    let mut text = String::new();
    if path == Path::new("-") {
        io::stdin().take(MAX_SECRET).read_to_string(&mut text)?;
    } else {
        let unreadable = |error| Failure::new(format!("{}: {error}", path.display()));
        fs::File::open(path).and_then(|file| file.take(MAX_SECRET).read_to_string(&mut text)).map_err(unreadable)?;
    }
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(Failure::new(format!("there is no secret in {}", path.display()))),
        secret => Ok(Sensitive::new(secret)),
    }
}

async fn list(app: &App, json: JsonFlag) -> Result<(), Failure> {
    let documents: Vec<Document> = connections::list(app).await?.into_iter().map(Document::from).collect();
    let row = |document: &Document| {
        let issuer = document.issuer.clone().unwrap_or_default();
        let clients = document.enabled_clients.as_ref().map_or("all".to_owned(), |clients| clients.len().to_string());
        [document.id.clone(), document.name.clone(), document.strategy.to_owned(), clients, issuer]
    };
    Output::new(json.json).list(
        &documents,
        ["id", "name", "strategy", "clients", "issuer"],
        row,
        "there is no connection",
    )
}
