//! `guestlist invite`: puts somebody on the list.

use super::failure::Failure;
use super::output::Output;
use super::{JsonFlag, invitations};
use clap::Args;
use guestlist_app::app::App;
use guestlist_app::i18n::machine_readable;
use guestlist_app::invite::{Invite, InviteError, Invited, invite};
use guestlist_domain::email::Email;
use guestlist_domain::event::Actor;
use guestlist_domain::ids::ClientId;
use guestlist_domain::user::ADMIN_ROLE;
use serde::Serialize;

#[derive(Args, Debug)]
pub(super) struct InviteArgs {
    /// The guest's address
    email: String,
    /// Make the guest an administrator
    #[arg(long)]
    admin: bool,
    /// The application that the guest lands in
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// The guest's name
    #[arg(long)]
    name: Option<String>,
    /// Connections to offer, by name; without it, all that the application uses
    #[arg(long = "connection", value_name = "NAME")]
    connections: Vec<String>,
    /// Language of mail and pages, like de
    #[arg(long)]
    locale: Option<String>,
    /// A personal note in the mail
    #[arg(long)]
    message: Option<String>,
    /// Send no mail; print the link instead
    #[arg(long)]
    no_send: bool,
    #[command(flatten)]
    json: JsonFlag,
}

/// An invitation as a program reads it.
#[derive(Serialize)]
pub(super) struct InvitedDocument {
    id: String,
    user_id: String,
    email: String,
    status: &'static str,
    created_at: String,
    expires_at: String,
    /// Whether a mail is on its way.
    mailed: bool,
    /// The link, only where no mail carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) invitation_url: Option<String>,
}

impl From<&Invited> for InvitedDocument {
    fn from(invited: &Invited) -> Self {
        Self {
            id: invited.id.to_string(),
            user_id: invited.user_id.to_string(),
            email: invited.email.to_string(),
            status: "pending",
            created_at: machine_readable(invited.created_at),
            expires_at: machine_readable(invited.expires_at),
            mailed: invited.is_mailed,
            invitation_url: invited.link.as_ref().map(|link| link.expose().to_owned()),
        }
    }
}

pub(super) async fn run(app: &App, args: InviteArgs) -> Result<(), Failure> {
    let output = Output::new(args.json.json);
    let email = Email::parse(&args.email)?;
    let mut request = Invite::new(email, Actor::Operator);
    request.name = args.name;
    request.send_email = !args.no_send;
    request.terms.client = args.client.map(ClientId::new);
    request.terms.locale = args.locale;
    request.terms.message = args.message;
    request.terms.connections = (!args.connections.is_empty()).then_some(args.connections);
    if args.admin {
        request.terms.roles.push(ADMIN_ROLE.to_owned());
    }
    let invited = invite(app, request).await.map_err(explain)?;
    let document = InvitedDocument::from(&invited);
    output.show(&document, || {
        let mut lines = vec![format!("{} is invited until {}.", document.email, document.expires_at)];
        lines.extend(invitations::where_the_link_is(document.invitation_url.as_deref()));
        lines
    })
}

/// The act's words, and what to do next.
fn explain(error: InviteError) -> Failure {
    match error {
        InviteError::AlreadyPending(id) => Failure::new(format!(
            "this address is invited already ({id}): `guestlist invitations resend {id}` makes a new link"
        )),
        InviteError::AlreadyActive(id) => Failure::new(format!("this address has an account already ({id})")),
        other => other.into(),
    }
}
