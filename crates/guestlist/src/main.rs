//! The program: configuration, command line and wiring.
//!
//! Must not hold a rule. What happens is in `guestlist_app`, who may ask for it in `guestlist_web`.

mod cli;
mod config;
mod dev;
mod listen;
mod signals;
mod telemetry;
mod wiring;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
