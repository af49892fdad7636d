//! `guestlist dev`: one command, and everything is there to be looked at.

use super::failure::Failure;
use super::output::Output;
use crate::config::{LogFormat, LogSettings};
use crate::dev::{self, Scratch, Stage};
use crate::listen::Listener;
use crate::{signals, telemetry};
use clap::Args;
use guestlist_app::jobs;
use std::net::{Ipv4Addr, SocketAddr};

/// Somebody is looking around, alone.
const CONNECTIONS: usize = 256;

#[derive(Args, Debug)]
pub(super) struct DevArgs {
    /// The port on 127.0.0.1; 0 takes any that is free
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Speak https, with a certificate made on the spot that browsers warn about
    #[arg(long)]
    tls: bool,
    /// What is written to the log
    #[arg(long, value_name = "FILTER", default_value = "warn")]
    log: String,
}

pub(super) async fn run(args: DevArgs) -> Result<(), Failure> {
    telemetry::check_filter(&args.log).map_err(Failure::new)?;
    telemetry::start(&LogSettings { filter: args.log, format: LogFormat::Text });
    let tls = if args.tls { Some(dev::self_signed()?) } else { None };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let listener = Listener::bind(address, tls, CONNECTIONS)
        .await
        .map_err(|error| Failure::new(format!("{error}, or: guestlist dev --port 0")))?;
    let scratch = Scratch::new()?;
    let stage = dev::open(scratch.path(), listener.address()?, args.tls).await?;
    let app = stage.app().clone();
    let done = serve(listener, stage).await;
    app.shut_down().await;
    done
}

async fn serve(listener: Listener, stage: Stage) -> Result<(), Failure> {
    let stop = signals::stop()?;
    Output::text().raw(&greeting(&stage))?;
    let app = stage.app().clone();
    let serving = listener.serve(stage.into_router(), stop.clone().wait());
    tokio::join!(serving, jobs::run(app, stop.wait()));
    Ok(())
}

fn greeting(stage: &Stage) -> String {
    let at = |path: &str| stage.app().public_url().at(path);
    format!(
        "Guestlist is here for a first look. Start at {start}\n\n  \
         Console             {console}\n  \
         Mailbox             {mailbox}\n  \
         Made-up Provider    {provider}\n  \
         Sample application  {sample}\n\n  \
         Administrator       {email}\n  \
         Password            {password}\n\n\
         Ada has an invitation waiting in the mailbox. Nothing is kept: Ctrl-C ends it.\n",
        start = at("/dev"),
        console = at("/admin"),
        mailbox = at("/dev/mailbox"),
        provider = stage.provider(),
        sample = at("/dev/app"),
        email = stage.admin_email(),
        password = stage.admin_password(),
    )
}
