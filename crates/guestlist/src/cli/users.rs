//! `guestlist users`: people, and the door shut and opened for one of them.

use super::JsonFlag;
use super::failure::Failure;
use super::output::Output;
use clap::{Args, Subcommand};
use guestlist_app::app::App;
use guestlist_app::i18n::machine_readable;
use guestlist_app::users::{self, UserQuery, UserView};
use guestlist_domain::email::Email;
use guestlist_domain::event::Actor;
use guestlist_domain::ids::UserId;
use guestlist_domain::user::{Standing, User};
use guestlist_domain::user_filter::{UserFilter, UserOrder};
use serde::Serialize;

#[derive(Debug, Subcommand)]
pub(super) enum UsersCommand {
    /// List them, oldest first
    List {
        /// How many at most
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=10_000))]
        limit: i64,
        /// How many to skip
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
        offset: i64,
        #[command(flatten)]
        json: JsonFlag,
    },
    /// Show one, with every way in
    Show(One),
    /// Shut the door for one; sessions and tokens die
    Block(One),
    /// Open it again
    Unblock(One),
}

/// One user.
#[derive(Args, Debug)]
pub(super) struct One {
    /// Address or id
    user: String,
    #[command(flatten)]
    json: JsonFlag,
}

/// A user as a program reads it.
#[derive(Serialize)]
struct Document {
    user_id: String,
    email: String,
    email_verified: bool,
    /// Whether a secret mailed to the address was consumed.
    email_proven: bool,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    roles: Vec<String>,
    /// What is linked, as `connection|subject`.
    identities: Vec<String>,
    created_at: String,
    last_login: Option<String>,
    logins_count: i64,
}

impl From<UserView> for Document {
    fn from(UserView { user, linked }: UserView) -> Self {
        Self {
            status: status(&user),
            user_id: user.id.to_string(),
            email: user.email.to_string(),
            email_verified: user.email_verified,
            email_proven: user.email_proven_at.is_some(),
            name: user.profile.name,
            roles: user.roles,
            identities: linked.iter().map(users::LinkedIdentity::provider_user_id).collect(),
            created_at: machine_readable(user.created_at),
            last_login: user.last_login_at.map(machine_readable),
            logins_count: user.logins_count,
        }
    }
}

const fn status(user: &User) -> &'static str {
    match user.standing() {
        Standing::Pending => "pending",
        Standing::Active => "active",
        Standing::Blocked => "blocked",
    }
}

pub(super) async fn run(app: &App, command: UsersCommand) -> Result<(), Failure> {
    match command {
        UsersCommand::List { limit, offset, json } => list(app, limit, offset, json).await,
        UsersCommand::Show(one) => {
            let document = Document::from(find(app, &one.user).await?);
            Output::new(one.json.json).show(&document, || describe(&document))
        }
        UsersCommand::Block(one) => {
            let id = find(app, &one.user).await?.user.id;
            let document = Document::from(users::block(app, &Actor::Operator, &id).await?);
            Output::new(one.json.json).show(&document, || vec![format!("{} is blocked.", document.email)])
        }
        UsersCommand::Unblock(one) => {
            let id = find(app, &one.user).await?.user.id;
            let document = Document::from(users::unblock(app, &Actor::Operator, &id).await?);
            Output::new(one.json.json).show(&document, || vec![format!("{} is not blocked.", document.email)])
        }
    }
}

async fn list(app: &App, limit: i64, offset: i64, json: JsonFlag) -> Result<(), Failure> {
    let query =
        UserQuery { filter: UserFilter::Everybody, order: UserOrder::default(), limit, offset, with_total: false };
    let documents: Vec<Document> = users::list(app, query).await?.users.into_iter().map(Document::from).collect();
    let row = |document: &Document| {
        let last_login = document.last_login.clone().unwrap_or_else(|| "never".to_owned());
        [document.user_id.clone(), document.email.clone(), document.status.to_owned(), last_login]
    };
    Output::new(json.json).list(&documents, ["user_id", "email", "status", "last login"], row, "there are no users")
}

/// By address, if it is one; by id otherwise.
async fn find(app: &App, named: &str) -> Result<UserView, Failure> {
    let found = match Email::parse(named) {
        Ok(email) => users::find_by_email(app, &email).await?,
        Err(_) => users::find(app, &UserId::new(named)).await?,
    };
    found.ok_or_else(|| Failure::new(format!("there is no user {named}")))
}

fn describe(document: &Document) -> Vec<String> {
    let word = |truth: bool| if truth { "yes" } else { "no" };
    let mut lines = vec![
        format!("{} is {}", document.email, document.status),
        format!("user        {}", document.user_id),
        format!("verified    {}", word(document.email_verified)),
        format!("proven      {}", word(document.email_proven)),
        format!("created     {}", document.created_at),
        format!("last login  {}", document.last_login.as_deref().unwrap_or("never")),
    ];
    lines.extend(document.name.iter().map(|name| format!("name        {name}")));
    lines.extend(document.roles.iter().map(|role| format!("role        {role}")));
    lines.extend(document.identities.iter().map(|identity| format!("linked      {identity}")));
    lines
}
