//! `guestlist keys`: the keys that tokens are signed with.

use super::JsonFlag;
use super::failure::Failure;
use super::output::Output;
use clap::Subcommand;
use guestlist_app::app::App;
use guestlist_app::keys::{self, Rotation};
use guestlist_domain::event::Actor;
use serde::Serialize;

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Publish a new signing key; it signs once everybody had time to see it
    Rotate {
        /// The old keys are in the wrong hands: sign with the new one at once, and refuse all that the old ones signed
        #[arg(long)]
        emergency: bool,
        #[command(flatten)]
        json: JsonFlag,
    },
}

#[derive(Serialize)]
struct Document {
    kid: String,
    emergency: bool,
}

pub(super) async fn run(app: &App, command: KeysCommand) -> Result<(), Failure> {
    let KeysCommand::Rotate { emergency, json } = command;
    let rotation = if emergency { Rotation::Emergency } else { Rotation::Planned };
    let document = Document { kid: keys::rotate(app, rotation, &Actor::Operator).await?, emergency };
    Output::new(json.json).show(&document, || {
        let when = if emergency { "signs from now on" } else { "is published and will sign soon" };
        vec![format!("The key {} {when}.", document.kid)]
    })
}
