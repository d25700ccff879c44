//! `envoy`: the part of Envoy's configuration that a TLS context is about and SDS cannot bring.

mod check;
mod configuration;
mod context;
mod drift;
mod filters;
mod plugins;
mod render;
mod report;
mod suites;
mod untrusted;

use clap::Subcommand;

use crate::error::Error;
use crate::output::Output;

/// The verbs.
#[derive(Subcommand)]
pub(crate) enum Command {
    Render(render::Render),
    Check(check::Check),
}

/// Runs one of them.
pub(crate) fn run(command: Command, output: Output) -> Result<(), Error> {
    match command {
        Command::Render(render) => render.run(output),
        Command::Check(check) => check.run(output),
    }
}
