//! The command line: a door like any other.
//!
//! Owns the words that an operator types. Each command calls one act of the house and shows what came of it. Must not
//! decide anything that an act could.

mod clients;
mod connections;
mod csv;
mod dev;
mod doctor;
mod failure;
mod import;
mod invitations;
mod invite;
mod keys;
mod output;
mod serve;
mod users;
mod webhooks;

use crate::config::{Config, Flags, keys as config_keys, reference};
use crate::wiring::{self, Presence};
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;
use failure::Failure;
use guestlist_app::app::App;
use output::Output;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};

/// An identity server for applications in which everyone is invited.
#[derive(Debug, Parser)]
#[command(name = "guestlist", version, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    configuration: ConfigurationArgs,
    #[command(subcommand)]
    command: Command,
}

/// Where the configuration comes from.
#[derive(Args, Clone, Debug)]
struct ConfigurationArgs {
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory, over what file and environment say
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything on one port for a first look, in memory and a scratch directory
    Dev(dev::DevArgs),
    /// Serve browsers, applications and backends
    Serve(serve::ServeArgs),
    /// Put somebody on the list
    Invite(invite::InviteArgs),
    /// Look at invitations, send them again, take them back
    #[command(subcommand)]
    Invitations(invitations::InvitationsCommand),
    /// Applications and backends
    #[command(subcommand)]
    Clients(clients::ClientsCommand),
    /// Ways to prove who one is
    #[command(subcommand)]
    Connections(connections::ConnectionsCommand),
    /// Who outside is told what happens
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksCommand),
    /// People
    #[command(subcommand)]
    Users(users::UsersCommand),
    /// Signing keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Bring the database's schema up to date and end
    Migrate,
    /// Say what is wrong with configuration, database, mail server and providers, and how to mend it
    Doctor(doctor::DoctorArgs),
    /// Print a script that completes commands in a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the reference of the configuration
    #[command(hide = true)]
    ConfigReference,
}

/// `--json`, on every command that prints data.
#[derive(Args, Clone, Copy, Debug)]
struct JsonFlag {
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Reads the command line and does what it says.
pub(crate) fn run() -> ExitCode {
    let Cli { configuration, command } = Cli::parse();
    let flags = configuration.flags();
    match obey(command, flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output::complain(&failure),
    }
}

fn obey(command: Command, flags: Flags) -> Result<(), Failure> {
    let house = House { flags };
    match command {
        Command::Dev(args) => runtime()?.block_on(dev::run(args)),
        Command::Serve(args) => runtime()?.block_on(serve::run(args, house.flags)),
        Command::Invite(args) => house.visit(async |app| invite::run(&app, args).await),
        Command::Invitations(command) => house.visit(async |app| invitations::run(&app, command).await),
        Command::Clients(command) => house.visit(async |app| clients::run(&app, command).await),
        Command::Connections(command) => house.visit(async |app| connections::run(&app, command).await),
        Command::Webhooks(command) => house.visit(async |app| webhooks::run(&app, command).await),
        Command::Users(command) => house.visit(async |app| users::run(&app, command).await),
        Command::Keys(command) => house.visit(async |app| keys::run(&app, command).await),
        Command::Migrate => house.visit(async |_| Output::text().line("the database is up to date")),
        Command::Doctor(args) => runtime()?.block_on(doctor::run(args, &house.flags)),
        Command::Completions { shell } => completions(shell),
        Command::ConfigReference => Output::text().raw(&reference()),
    }
}

fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "guestlist", &mut script);
    Output::text().raw(&String::from_utf8_lossy(&script))
}

fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_multi_thread().enable_all().build()?)
}

/// The house as a command finds it: closed, with a configuration at its door.
struct House {
    flags: Flags,
}

impl House {
    /// Opens the house beside a server that may be running, does one thing, and closes it again.
    fn visit(&self, errand: impl AsyncFnOnce(App) -> Result<(), Failure>) -> Result<(), Failure> {
        let config = Config::read(&self.flags)?;
        crate::telemetry::start_quietly(&config.log);
        runtime()?.block_on(async {
            let app = wiring::open(&config, Presence::Visits).await?;
            let done = errand(app.clone()).await;
            app.shut_down().await;
            done
        })
    }
}

impl ConfigurationArgs {
    fn flags(self) -> Flags {
        let values = self.data_dir.into_iter().map(|dir| (config_keys::DATA_DIR, "data-dir", dir));
        Flags { file: self.config, values: values.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_documented_command_is_there() {
        for line in [
            "guestlist dev --port 8080 --tls",
            "guestlist serve --config guestlist.toml",
            "guestlist invite anna@example.org --admin --client ID --name N --no-send --json",
            "guestlist invitations list --json",
            "guestlist invitations show inv_1 --json",
            "guestlist invitations resend inv_1 --json",
            "guestlist invitations revoke inv_1 --json",
            "guestlist invitations import FILE.csv --dry-run --json",
            "guestlist clients create --name N --type m2m --all-scopes --json",
            "guestlist clients create --name N --type web --callback https://a/b --callback https://a/c --logout-url https://a",
            "guestlist clients list --json",
            "guestlist connections create --name acme --strategy oidc --issuer https://a --client-id x --json",
            "guestlist connections list --json",
            "guestlist webhooks create --name n --endpoint https://a/b --event user.created --event user.deleted --json",
            "guestlist webhooks create --name n --endpoint https://a/b --basic-user u --basic-password-file -",
            "guestlist webhooks list --json",
            "guestlist webhooks show est_1 --json",
            "guestlist webhooks enable est_1",
            "guestlist webhooks disable est_1",
            "guestlist webhooks rotate-secret est_1 --json",
            "guestlist webhooks delete est_1",
            "guestlist webhooks deliveries est_1 --status failed --json",
            "guestlist webhooks redeliver est_1 evt_1 --json",
            "guestlist webhooks test est_1 --json",
            "guestlist users list --json",
            "guestlist users show anna@example.org --json",
            "guestlist users block anna@example.org",
            "guestlist users unblock anna@example.org",
            "guestlist keys rotate --json",
            "guestlist migrate",
            "guestlist doctor --json",
            "guestlist completions bash",
        ] {
            let parsed = Cli::try_parse_from(line.split(' '));
            assert!(parsed.is_ok(), "{line}: {}", parsed.err().map(|error| error.to_string()).unwrap_or_default());
        }
    }
}
