//! `guestlist invitations`: what became of those who were invited.

use super::JsonFlag;
use super::failure::Failure;
use super::import::{self, ImportArgs};
use super::output::Output;
use clap::{Args, Subcommand};
use guestlist_app::app::App;
use guestlist_app::i18n::machine_readable;
use guestlist_app::invite::{self, Renewed};
use guestlist_domain::event::Actor;
use guestlist_domain::ids::InvitationId;
use guestlist_domain::invitation::{Invitation, Status};
use guestlist_domain::mail::Delivery;
use guestlist_domain::time::Timestamp;
use serde::Serialize;

#[derive(Debug, Subcommand)]
pub(super) enum InvitationsCommand {
    /// List them, newest first
    List {
        /// pending, accepted, expired, revoked or declined
        #[arg(long, value_parser = parse_status)]
        status: Option<Status>,
        /// How many at most
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
        /// How many to skip
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
        offset: i64,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Show one, with what happened to it
    Show(One),
    /// Make a new link and mail it; older links die
    Resend(One),
    /// Take one back; its links die
    Revoke(One),
    /// Invite everybody in a CSV file
    Import(ImportArgs),
}

/// One invitation.
#[derive(Args, Debug)]
pub(super) struct One {
    /// Its id
    id: String,
    #[command(flatten)]
    json: JsonFlag,
}

impl One {
    fn id(&self) -> InvitationId {
        InvitationId::new(self.id.as_str())
    }
}

fn parse_status(word: &str) -> Result<Status, &'static str> {
    Status::parse(word).ok_or("pending, accepted, expired, revoked or declined")
}

/// An invitation as a program reads it. Never with a link.
#[derive(Serialize)]
struct Document {
    id: String,
    user_id: String,
    email: String,
    status: &'static str,
    client_id: Option<String>,
    delivery: Option<&'static str>,
    created_at: String,
    expires_at: Option<String>,
}

impl Document {
    fn new(invitation: &Invitation, delivery: Option<&Delivery>, now: Timestamp) -> Self {
        Self {
            id: invitation.id.to_string(),
            user_id: invitation.user.to_string(),
            email: invitation.email.to_string(),
            status: invitation.status(now).as_str(),
            client_id: invitation.terms.client.as_ref().map(ToString::to_string),
            delivery: delivery.map(|delivery| delivery.status.as_str()),
            created_at: machine_readable(invitation.created_at),
            expires_at: invitation.expires_at().map(machine_readable),
        }
    }
}

/// An invitation with its history.
#[derive(Serialize)]
struct Detailed {
    #[serde(flatten)]
    invitation: Document,
    last_error: Option<String>,
    timeline: Vec<Moment>,
}

/// Something that happened.
#[derive(Serialize)]
struct Moment {
    at: String,
    event: &'static str,
    by: String,
}

/// A renewed invitation, with its link where no mail carries it.
#[derive(Serialize)]
struct RenewedDocument {
    #[serde(flatten)]
    invitation: Document,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation_url: Option<String>,
}

pub(super) async fn run(app: &App, command: InvitationsCommand) -> Result<(), Failure> {
    match command {
        InvitationsCommand::List { status, limit, offset, json } => list(app, status, limit, offset, json).await,
        InvitationsCommand::Show(one) => show(app, &one).await,
        InvitationsCommand::Resend(one) => resend(app, &one).await,
        InvitationsCommand::Revoke(one) => revoke(app, &one).await,
        InvitationsCommand::Import(args) => import::run(app, args).await,
    }
}

async fn list(app: &App, status: Option<Status>, limit: i64, offset: i64, json: JsonFlag) -> Result<(), Failure> {
    let now = app.now();
    let found = invite::list(app, status, limit, offset).await?;
    let documents: Vec<Document> =
        found.iter().map(|(invitation, delivery)| Document::new(invitation, delivery.as_ref(), now)).collect();
    let row = |document: &Document| {
        let delivery = document.delivery.unwrap_or("none").to_owned();
        let expires = document.expires_at.clone().unwrap_or_default();
        [document.id.clone(), document.email.clone(), document.status.to_owned(), delivery, expires]
    };
    Output::new(json.json).list(&documents, ["id", "email", "status", "mail", "expires"], row, "nobody is invited")
}

async fn show(app: &App, one: &One) -> Result<(), Failure> {
    let shown = invite::show(app, &one.id()).await?;
    let timeline = shown.timeline.iter().map(|event| Moment {
        at: machine_readable(event.at),
        event: event.kind.as_str(),
        by: event.actor.to_word(),
    });
    let detailed = Detailed {
        invitation: Document::new(&shown.invitation, shown.delivery.as_ref(), app.now()),
        last_error: shown.delivery.as_ref().and_then(|delivery| delivery.last_error.clone()),
        timeline: timeline.collect(),
    };
    Output::new(one.json.json).show(&detailed, || {
        let Detailed { invitation, last_error, timeline } = &detailed;
        let mut lines = vec![
            format!("{} is {}", invitation.email, invitation.status),
            format!("invitation  {}", invitation.id),
            format!("user        {}", invitation.user_id),
            format!("mail        {}", invitation.delivery.unwrap_or("none")),
        ];
        lines.extend(last_error.iter().map(|error| format!("mail error  {error}")));
        lines.extend(invitation.expires_at.iter().map(|at| format!("expires     {at}")));
        lines.extend(timeline.iter().map(|moment| format!("{}  {} by {}", moment.at, moment.event, moment.by)));
        lines
    })
}

async fn resend(app: &App, one: &One) -> Result<(), Failure> {
    let Renewed { invitation, link } = invite::resend(app, &one.id(), &Actor::Operator).await?;
    let document = RenewedDocument {
        invitation: Document::new(&invitation, None, app.now()),
        invitation_url: link.map(|link| link.expose().to_owned()),
    };
    Output::new(one.json.json).show(&document, || {
        let mut lines = vec![format!("{} has a new link; older ones are dead.", invitation.email)];
        lines.extend(where_the_link_is(document.invitation_url.as_deref()));
        lines
    })
}

async fn revoke(app: &App, one: &One) -> Result<(), Failure> {
    let revoked = invite::revoke(app, &one.id(), &Actor::Operator).await?;
    let document = Document::new(&revoked, None, app.now());
    Output::new(one.json.json).show(&document, || vec![format!("{} is not invited any more.", revoked.email)])
}

/// Where the guest finds the link.
pub(super) fn where_the_link_is(link: Option<&str>) -> Vec<String> {
    match link {
        None => vec!["The link is on its way by mail.".to_owned()],
        Some(link) => vec!["No mail carries the link. Hand it over yourself:".to_owned(), link.to_owned()],
    }
}
