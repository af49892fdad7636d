//! `guestlist doctor`: what is wrong, and how to mend it.
//!
//! Owns the order of the questions: without a configuration there is no database to ask, without a database no
//! provider. It changes nothing but what a start would: a missing database is made.

use super::JsonFlag;
use super::failure::Failure;
use super::output::Output;
use crate::config::{Config, Flags};
use crate::listen::tls::Tls;
use crate::wiring::{self, Presence};
use clap::Args;
use guestlist_app::app::App;
use guestlist_app::connections;
use guestlist_app::doctor::{self, ClockHealth, MailHealth};
use guestlist_app::keys;
use guestlist_domain::connection::Connection;
use serde::Serialize;

#[derive(Args, Debug)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    json: JsonFlag,
}

/// One finding.
#[derive(Serialize)]
struct Finding {
    about: String,
    ok: bool,
    /// What was found, and if it is not well, how to mend it.
    says: String,
}

impl Finding {
    fn well(about: impl Into<String>, says: impl Into<String>) -> Self {
        Self { about: about.into(), ok: true, says: says.into() }
    }

    fn ill(about: impl Into<String>, says: impl Into<String>) -> Self {
        Self { about: about.into(), ok: false, says: says.into() }
    }
}

pub(super) async fn run(args: DoctorArgs, flags: &Flags) -> Result<(), Failure> {
    let findings = examine(flags).await;
    let is_well = findings.iter().all(|finding| finding.ok);
    Output::new(args.json.json).show(&findings, || findings.iter().map(Finding::line).collect())?;
    if is_well { Ok(()) } else { Err(Failure::Shown) }
}

impl Finding {
    fn line(&self) -> String {
        format!("{}  {}: {}", if self.ok { "well" } else { "ILL " }, self.about, self.says)
    }
}

async fn examine(flags: &Flags) -> Vec<Finding> {
    let config = match Config::read(flags) {
        Ok(config) => config,
        Err(error) => return error.faults.into_iter().map(|fault| Finding::ill("configuration", fault)).collect(),
    };
    let source = config.file.as_ref().map_or("the environment".to_owned(), |path| path.display().to_string());
    let origin = config.public_url.origin();
    let mut findings = vec![Finding::well("configuration", format!("read from {source}; browsers come to {origin}"))];
    findings.push(examine_tls(&config));
    match wiring::open(&config, Presence::Visits).await {
        Err(error) => findings.push(Finding::ill("database", Failure::from(error).to_string())),
        Ok(app) => {
            findings.extend(examine_house(&app).await);
            app.shut_down().await;
        }
    }
    findings
}

fn examine_tls(config: &Config) -> Finding {
    match config.tls.as_ref().map(Tls::from_files) {
        Some(Ok(_)) => Finding::well("TLS", "certificate and key belong together"),
        Some(Err(error)) => Finding::ill("TLS", error.to_string()),
        None if config.public_url.is_secure() => {
            Finding::well("TLS", "left to a reverse proxy, which must forward to the address that serve listens on")
        }
        None => Finding::well("TLS", "none: the public URL is plain http on loopback"),
    }
}

async fn examine_house(app: &App) -> Vec<Finding> {
    let mut findings = vec![match app.is_ready().await {
        Ok(()) => Finding::well("database", "it answers, and its schema is up to date"),
        Err(error) => Finding::ill("database", error.to_string()),
    }];
    findings.push(examine_clock(app).await);
    findings.push(match keys::jwks(app).await {
        Ok(_) => Finding::well("signing keys", "they open with the master key"),
        Err(error) => {
            Finding::ill("signing keys", format!("{error}: give the master key that this database was made with"))
        }
    });
    findings.push(match doctor::has_administrator(app).await {
        Ok(true) => Finding::well("administrator", "there is one"),
        Ok(false) => Finding::well("administrator", "none yet: serve prints a link for the first one when it starts"),
        Err(error) => Finding::ill("administrator", error.to_string()),
    });
    findings.push(match doctor::examine_mail(app).await {
        MailHealth::Well => Finding::well("mail", "the mail server would take a mail"),
        MailHealth::NotConfigured => Finding::well("mail", "no mail server: links are shown to whoever invites"),
        MailHealth::Ill(why) => Finding::ill("mail", format!("{why}. smtp_url says where the mail server is")),
    });
    match connections::list(app).await {
        Ok(all) => {
            for connection in all.iter().filter(|connection| connection.upstream.is_some()) {
                findings.push(examine_connection(app, connection).await);
            }
        }
        Err(error) => findings.push(Finding::ill("connections", error.to_string())),
    }
    findings
}

async fn examine_clock(app: &App) -> Finding {
    match doctor::examine_clock(app).await {
        Ok(ClockHealth::Alone) => Finding::well("clock", "it is not behind what this database has seen"),
        Ok(ClockHealth::Agrees) => {
            Finding::well("clock", "it agrees with the database server's, and that is not behind what it has seen")
        }
        Ok(ClockHealth::Differs { machine_ahead }) => {
            let direction = if machine_ahead > 0 { "ahead of" } else { "behind" };
            let seconds = machine_ahead.unsigned_abs();
            Finding::ill(
                "clock",
                format!(
                    "this machine's is {seconds} seconds {direction} the database server's, which counts. Set it right: \
                     certificates are judged by it"
                ),
            )
        }
        Ok(ClockHealth::Behind(behind)) => Finding::ill("clock", behind.to_string()),
        Err(error) => Finding::ill("clock", error.to_string()),
    }
}

async fn examine_connection(app: &App, connection: &Connection) -> Finding {
    let about = format!("connection {}", connection.name);
    let opened = match connections::with_secret(app, &connection.id).await {
        Ok(Some(opened)) => opened,
        Ok(None) => return Finding::well(about, "it was deleted just now"),
        Err(error) => return Finding::ill(about, error.to_string()),
    };
    match doctor::examine_connection(app, &opened).await {
        Ok(()) => Finding::well(about, "the provider introduces itself as it should"),
        Err(why) => {
            let issuer = opened.upstream.map(|upstream| upstream.issuer).unwrap_or_default();
            Finding::ill(about, format!("{why}. Its issuer is {issuer}"))
        }
    }
}
