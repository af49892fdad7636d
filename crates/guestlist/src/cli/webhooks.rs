//! `guestlist webhooks`: who outside is told what happens.

use super::JsonFlag;
use super::connections::read_secret;
use super::failure::Failure;
use super::output::Output;
use clap::{Args, Subcommand, ValueEnum};
use guestlist_app::app::App;
use guestlist_app::i18n::machine_readable;
use guestlist_app::webhooks::{self, AuthorizationWish, NewWebhook, Registered, WebhookChange, WebhookError};
use guestlist_domain::event::Actor;
use guestlist_domain::ids::{EventId, WebhookId};
use guestlist_domain::webhook::{Authorization, Delivery, DeliveryStatus, Webhook};
use serde::Serialize;
use std::path::PathBuf;

/// Deliveries that are listed at the most.
const MOST_DELIVERIES: i64 = 1_000;

#[derive(Debug, Subcommand)]
pub(super) enum WebhooksCommand {
    /// Make one; its signing secret is shown once
    Create(Create),
    /// List them, oldest first
    List {
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Show one
    Show(One),
    /// Switch one on
    Enable(One),
    /// Switch one off; what waits for it waits
    Disable(One),
    /// Make a new signing secret; the one before signs too for a day
    RotateSecret(One),
    /// Delete one with what waits for it
    Delete(One),
    /// List what was sent or is to be, the newest first
    Deliveries(Deliveries),
    /// Send one event again
    Redeliver(Redeliver),
    /// Send an event that says that it is a test
    Test(One),
}

#[derive(Args, Debug)]
pub(super) struct Create {
    /// What administrators call it
    #[arg(long)]
    name: String,
    /// Where events are posted to
    #[arg(long, value_name = "URL")]
    endpoint: String,
    /// An event type that it hears of; without one, all
    #[arg(long = "event", value_name = "TYPE")]
    events: Vec<String>,
    /// Send an Authorization header with the token in this file; - reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "basic_user")]
    bearer_file: Option<PathBuf>,
    /// Send an Authorization header with this name and the password
    #[arg(long, value_name = "NAME", requires = "basic_password_file")]
    basic_user: Option<String>,
    /// The password, in this file; - reads standard input
    #[arg(long, value_name = "FILE", requires = "basic_user")]
    basic_password_file: Option<PathBuf>,
    #[command(flatten)]
    json: JsonFlag,
}

#[derive(Args, Debug)]
pub(super) struct One {
    /// Its id
    id: String,
    #[command(flatten)]
    json: JsonFlag,
}

#[derive(Args, Debug)]
pub(super) struct Deliveries {
    /// The webhook's id
    id: String,
    /// Only those
    #[arg(long, value_enum)]
    status: Option<Status>,
    #[command(flatten)]
    json: JsonFlag,
}

#[derive(Args, Debug)]
pub(super) struct Redeliver {
    /// The webhook's id
    id: String,
    /// The event's id
    event: String,
    #[command(flatten)]
    json: JsonFlag,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Status {
    /// Waits for its turn or the next try
    Queued,
    /// The receiver has it
    Delivered,
    /// Given up
    Failed,
}

impl From<Status> for DeliveryStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Queued => Self::Queued,
            Status::Delivered => Self::Delivered,
            Status::Failed => Self::Failed,
        }
    }
}

/// A webhook as a program reads it. Never with what it is sent with.
#[derive(Serialize)]
struct Document {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_secret: Option<String>,
    name: String,
    endpoint: String,
    event_types: Vec<&'static str>,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<Authorization>,
    created_at: String,
}

impl From<Webhook> for Document {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            signing_secret: None,
            name: webhook.name,
            endpoint: webhook.endpoint.as_str().to_owned(),
            event_types: webhook.subscriptions.words(),
            enabled: webhook.enabled,
            authorization: webhook.authorization,
            created_at: machine_readable(webhook.created_at),
        }
    }
}

impl From<Registered> for Document {
    fn from(registered: Registered) -> Self {
        let signing_secret = Some(registered.secret.expose().to_string());
        Self { signing_secret, ..Self::from(registered.webhook) }
    }
}

impl Document {
    fn status(&self) -> &'static str {
        if self.enabled { "enabled" } else { "disabled" }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("id              {}", self.id),
            format!("name            {}", self.name),
            format!("endpoint        {}", self.endpoint),
            format!("events          {}", self.event_types.join(" ")),
            format!("status          {}", self.status()),
        ];
        if let Some(secret) = &self.signing_secret {
            lines.push(format!("signing secret  {secret}"));
            lines.push("The secret is not shown again.".to_owned());
        }
        lines
    }
}

/// A delivery as a program reads it.
#[derive(Serialize)]
struct Sent {
    event_id: String,
    event_type: &'static str,
    status: &'static str,
    attempts: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    created_at: String,
}

impl From<Delivery> for Sent {
    fn from(delivery: Delivery) -> Self {
        let waits = delivery.status == DeliveryStatus::Queued;
        Self {
            event_id: delivery.event.to_string(),
            event_type: delivery.kind.as_str(),
            status: delivery.status.as_str(),
            attempts: delivery.attempts,
            next_attempt_at: waits.then(|| machine_readable(delivery.due_at)),
            last_error: delivery.last_error,
            created_at: machine_readable(delivery.created_at),
        }
    }
}

pub(super) async fn run(app: &App, command: WebhooksCommand) -> Result<(), Failure> {
    match command {
        WebhooksCommand::Create(args) => create(app, args).await,
        WebhooksCommand::List { json } => list(app, json).await,
        WebhooksCommand::Show(one) => {
            let found = webhooks::find(app, &one.webhook()).await?.ok_or(WebhookError::NotFound)?;
            one.show(&found.into())
        }
        WebhooksCommand::Enable(one) => switch(app, one, true).await,
        WebhooksCommand::Disable(one) => switch(app, one, false).await,
        WebhooksCommand::RotateSecret(one) => {
            let rotated = webhooks::rotate_secret(app, &one.webhook(), &Actor::Operator).await?;
            one.show(&rotated.into())
        }
        WebhooksCommand::Delete(one) => {
            if !webhooks::delete(app, &one.webhook(), &Actor::Operator).await? {
                return Err(WebhookError::NotFound.into());
            }
            let document = serde_json::json!({ "id": one.id, "deleted": true });
            Output::new(one.json.json).show(&document, || vec![format!("{} is deleted.", one.id)])
        }
        WebhooksCommand::Deliveries(args) => deliveries(app, args).await,
        WebhooksCommand::Redeliver(args) => {
            let queued = webhooks::redeliver(app, &WebhookId::new(args.id), &EventId::new(args.event)).await?;
            queue_up(args.json, queued)
        }
        WebhooksCommand::Test(one) => {
            let queued = webhooks::test(app, &one.webhook(), &Actor::Operator).await?;
            queue_up(one.json, queued)
        }
    }
}

impl One {
    fn webhook(&self) -> WebhookId {
        WebhookId::new(self.id.as_str())
    }

    fn show(&self, document: &Document) -> Result<(), Failure> {
        Output::new(self.json.json).show(document, || document.lines())
    }
}

async fn create(app: &App, args: Create) -> Result<(), Failure> {
    let authorization = match (args.bearer_file, args.basic_user, args.basic_password_file) {
        (Some(file), _, _) => Some(AuthorizationWish::Bearer(read_secret(&file)?)),
        (None, Some(username), Some(file)) => {
            Some(AuthorizationWish::Basic { username, password: read_secret(&file)? })
        }
        _ => None,
    };
    let event_types = if args.events.is_empty() { vec!["*".to_owned()] } else { args.events };
    let new = NewWebhook { name: args.name, endpoint: args.endpoint, event_types, authorization, enabled: true };
    let document = Document::from(webhooks::create(app, new, &Actor::Operator).await?);
    Output::new(args.json.json).show(&document, || document.lines())
}

async fn list(app: &App, json: JsonFlag) -> Result<(), Failure> {
    let documents: Vec<Document> = webhooks::list(app).await?.into_iter().map(Document::from).collect();
    let row = |document: &Document| {
        let events = document.event_types.join(" ");
        [document.id.clone(), document.name.clone(), document.status().to_owned(), document.endpoint.clone(), events]
    };
    let titles = ["id", "name", "status", "endpoint", "events"];
    Output::new(json.json).list(&documents, titles, row, "there is no webhook")
}

async fn switch(app: &App, one: One, on: bool) -> Result<(), Failure> {
    let change = WebhookChange { enabled: Some(on), ..WebhookChange::default() };
    let changed = webhooks::update(app, &one.webhook(), change, &Actor::Operator).await?;
    one.show(&changed.into())
}

async fn deliveries(app: &App, args: Deliveries) -> Result<(), Failure> {
    let status = args.status.map(DeliveryStatus::from);
    let found = webhooks::deliveries(app, &WebhookId::new(args.id), status, (0, MOST_DELIVERIES)).await?;
    let sent: Vec<Sent> = found.into_iter().map(Sent::from).collect();
    let row = |sent: &Sent| {
        let error = sent.last_error.clone().unwrap_or_default();
        [sent.event_id.clone(), sent.event_type.to_owned(), sent.status.to_owned(), sent.attempts.to_string(), error]
    };
    let titles = ["event", "type", "status", "attempts", "last error"];
    Output::new(args.json.json).list(&sent, titles, row, "nothing was sent yet")
}

fn queue_up(json: JsonFlag, queued: Delivery) -> Result<(), Failure> {
    let sent = Sent::from(queued);
    Output::new(json.json)
        .show(&sent, || vec![format!("{} is queued; a running server sends it within seconds.", sent.event_id)])
}
