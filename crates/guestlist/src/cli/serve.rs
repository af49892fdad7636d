//! `guestlist serve`: opens the house, lets everybody in who may, and closes it in order.

use super::failure::Failure;
use super::output::Output;
use crate::config::{Config, Flags, TlsFiles, keys as config_keys};
use crate::listen::Listener;
use crate::listen::tls::Tls;
use crate::wiring::{self, Presence};
use crate::{signals, telemetry};
use clap::Args;
use guestlist_app::app::App;
use guestlist_app::{invite, jobs};
use guestlist_web::WebState;
use tokio::signal::unix::Signal;

#[derive(Args, Debug)]
pub(super) struct ServeArgs {
    /// Address and port to listen on, over what file and environment say
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// The origin under which browsers come, over what file and environment say
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Start although the database has seen a later time: a clock that was ahead is right now. What expired since that
    /// clock was right may be good again
    #[arg(long)]
    trust_clock: bool,
}

pub(super) async fn run(args: ServeArgs, mut flags: Flags) -> Result<(), Failure> {
    flags.values.extend(args.listen.map(|value| (config_keys::LISTEN, "listen", value)));
    flags.values.extend(args.public_url.map(|value| (config_keys::PUBLIC_URL, "public-url", value)));
    let config = Config::read(&flags)?;
    telemetry::start(&config.log);
    let tls = config.tls.as_ref().map(Tls::from_files).transpose()?;
    let app = wiring::open(&config, Presence::Serves { trusts_clock: args.trust_clock }).await?;
    let served = serve(&app, &config, tls).await;
    app.shut_down().await;
    served
}

async fn serve(app: &App, config: &Config, tls: Option<Tls>) -> Result<(), Failure> {
    let listener = Listener::bind(config.listen, tls.clone(), config.max_connections).await?;
    welcome_first_administrator(app).await?;
    let stop = signals::stop()?;
    let reloading = tokio::spawn(reload(signals::hangups()?, tls.zip(config.tls.clone())));
    tracing::info!(address = %listener.address()?, public_url = config.public_url.origin(), "serving");
    let router = guestlist_web::router(WebState::new(app.clone()));
    tokio::join!(listener.serve(router, stop.clone().wait()), jobs::run(app.clone(), stop.wait()));
    reloading.abort();
    tracing::info!("stopped");
    Ok(())
}

/// While there is no administrator, each start prints a fresh link for the first one. Nobody reading is no reason not
/// to serve.
async fn welcome_first_administrator(app: &App) -> Result<(), Failure> {
    let Some(link) = invite::first_administrator(app).await? else { return Ok(()) };
    let text = format!(
        "There is no administrator yet. This link makes one; it works once, and not after the next start:\n{}\n",
        link.expose()
    );
    match Output::text().raw(&text) {
        Err(Failure::NobodyListens) => Ok(()),
        printed => printed,
    }
}

/// Without TLS there is nothing to read, but the signal must not end the process either.
async fn reload(mut hangups: Signal, pair: Option<(Tls, TlsFiles)>) {
    while hangups.recv().await.is_some() {
        let Some((tls, files)) = &pair else { continue };
        match tls.reload(files) {
            Ok(()) => tracing::info!("certificate and key were read again"),
            Err(error) => tracing::error!(%error, "certificate and key could not be read again; the old ones stay"),
        }
    }
}
