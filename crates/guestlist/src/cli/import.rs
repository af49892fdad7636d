//! `guestlist invitations import`: everybody in a CSV file, row by row; a bad row stops no other.

use super::JsonFlag;
use super::csv::{self, Record, Table};
use super::failure::Failure;
use super::output::Output;
use clap::Args;
use guestlist_app::app::App;
use guestlist_app::invite::{self, Invite, InviteError, Invited};
use guestlist_app::people;
use guestlist_app::users::{self, UserView};
use guestlist_domain::email::Email;
use guestlist_domain::event::Actor;
use guestlist_domain::ids::ClientId;
use guestlist_domain::invitation::Status;
use guestlist_domain::user::Standing;
use serde::Serialize;
use std::collections::HashSet;
use std::fmt::Display;
use std::fs;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(super) struct ImportArgs {
    /// The file. Its first line names the columns: email, and if you like name, `client_id`, locale, message
    file: PathBuf,
    /// Invite nobody; say what would happen
    #[arg(long)]
    dry_run: bool,
    /// Send no mails; print the links instead
    #[arg(long)]
    no_send: bool,
    /// The application for rows that name none
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    #[command(flatten)]
    json: JsonFlag,
}

/// The columns that there are.
const COLUMNS: [&str; 5] = ["email", "name", "client_id", "locale", "message"];

/// What became of a row.
#[derive(Serialize)]
struct Row {
    line: usize,
    email: String,
    result: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Invited,
    WouldBeInvited,
    AlreadyInvited,
    HasAccount,
    Refused,
}

impl Outcome {
    const fn words(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::WouldBeInvited => "would be invited",
            Self::AlreadyInvited => "already invited",
            Self::HasAccount => "has an account",
            Self::Refused => "refused",
        }
    }
}

/// The whole report.
#[derive(Serialize)]
struct Report {
    dry_run: bool,
    rows: Vec<Row>,
}

pub(super) async fn run(app: &App, args: ImportArgs) -> Result<(), Failure> {
    let text =
        fs::read_to_string(&args.file).map_err(|error| Failure::new(format!("{}: {error}", args.file.display())))?;
    let table = csv::read(&text).ok_or_else(|| Failure::new("the file is empty"))?;
    check_head(&table)?;
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    for record in &table.records {
        rows.push(take_row(app, &args, &table, record, &mut seen).await);
    }
    let report = Report { dry_run: args.dry_run, rows };
    Output::new(args.json.json).show(&report, || report.lines())?;
    if report.count(Outcome::Refused) > 0 { Err(Failure::Shown) } else { Ok(()) }
}

fn check_head(table: &Table) -> Result<(), Failure> {
    if !table.head.iter().any(|column| column == "email") {
        return Err(Failure::new("the first line must name the columns, and one of them must be email"));
    }
    match table.head.iter().find(|column| !COLUMNS.contains(&column.as_str())) {
        Some(unknown) => Err(Failure::new(format!("there is no column {unknown:?}; there are {}", COLUMNS.join(", ")))),
        None => Ok(()),
    }
}

async fn take_row(app: &App, args: &ImportArgs, table: &Table, record: &Record, seen: &mut HashSet<Email>) -> Row {
    let written = field(table, record, "email").unwrap_or_default();
    let row = Row {
        line: record.line,
        email: written.clone(),
        result: Outcome::Refused,
        id: None,
        invitation_url: None,
        error: None,
    };
    let refused = |row: Row, why: String| Row { error: Some(why), ..row };
    if record.fields.len() > table.head.len() {
        return refused(row, "the row has more fields than there are columns".to_owned());
    }
    let email = match Email::parse(&written) {
        Ok(email) => email,
        Err(error) => return refused(row, error.to_string()),
    };
    let row = Row { email: email.to_string(), ..row };
    if !seen.insert(email.clone()) {
        return refused(row, "the address stands in an earlier row already".to_owned());
    }
    let done = if args.dry_run {
        foresee(app, &email).await.map(|result| (result, None))
    } else {
        put_on_list(app, request(args, table, record, email)).await
    };
    match done {
        Ok((result, invited)) => Row {
            result,
            id: invited.as_ref().map(|invited| invited.id.to_string()),
            invitation_url: invited.and_then(|invited| invited.link).map(|link| link.expose().to_owned()),
            ..row
        },
        Err(why) => refused(row, why),
    }
}

/// What a field says; an empty one says nothing.
fn field(table: &Table, record: &Record, column: &str) -> Option<String> {
    let at = table.head.iter().position(|name| name == column)?;
    record.fields.get(at).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn request(args: &ImportArgs, table: &Table, record: &Record, email: Email) -> Invite {
    let mut request = Invite::new(email, Actor::Operator);
    request.name = field(table, record, "name");
    request.send_email = !args.no_send;
    request.terms.client = field(table, record, "client_id").or_else(|| args.client.clone()).map(ClientId::new);
    request.terms.locale = field(table, record, "locale");
    request.terms.message = field(table, record, "message");
    request
}

async fn put_on_list(app: &App, request: Invite) -> Result<(Outcome, Option<Invited>), String> {
    match invite::invite(app, request).await {
        Ok(invited) => Ok((Outcome::Invited, Some(invited))),
        Err(InviteError::AlreadyPending(_)) => Ok((Outcome::AlreadyInvited, None)),
        Err(InviteError::AlreadyActive(_)) => Ok((Outcome::HasAccount, None)),
        Err(error) => Err(error.to_string()),
    }
}

/// What an import would do, as far as the address tells.
async fn foresee(app: &App, email: &Email) -> Result<Outcome, String> {
    let words = |error: &dyn Display| error.to_string();
    let Some(UserView { user, .. }) = users::find_by_email(app, email).await.map_err(|error| words(&error))? else {
        return Ok(Outcome::WouldBeInvited);
    };
    if user.standing() != Standing::Pending {
        return Ok(Outcome::HasAccount);
    }
    // Whoever's invitation is over would be invited again.
    let newest = people::show(app, &user.id).await.map_err(|error| words(&error))?.and_then(|person| person.invitation);
    let Some(newest) = newest else { return Ok(Outcome::WouldBeInvited) };
    let shown = invite::show(app, &newest).await.map_err(|error| words(&error))?;
    let is_open = shown.invitation.status(app.now()) == Status::Pending;
    Ok(if is_open { Outcome::AlreadyInvited } else { Outcome::WouldBeInvited })
}

impl Report {
    fn count(&self, outcome: Outcome) -> usize {
        self.rows.iter().filter(|row| row.result == outcome).count()
    }

    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.rows.iter().map(Row::line).collect();
        let all =
            [Outcome::Invited, Outcome::WouldBeInvited, Outcome::AlreadyInvited, Outcome::HasAccount, Outcome::Refused];
        let counts = all.map(|outcome| (self.count(outcome), outcome.words()));
        let counts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect();
        lines.push(if counts.is_empty() { "the file names nobody".to_owned() } else { counts.join(", ") });
        lines
    }
}

impl Row {
    fn line(&self) -> String {
        let more = self.error.as_deref().or(self.invitation_url.as_deref());
        let more = more.map(|more| format!(": {more}")).unwrap_or_default();
        format!("line {}, {}: {}{more}", self.line, self.email, self.result.words())
    }
}
