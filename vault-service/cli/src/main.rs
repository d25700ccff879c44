//! `sallyport`, the command line of the vault service: `sallyport <noun> <verb> NAME`.

#![forbid(unsafe_code)]

mod arguments;
mod audit;
mod client;
mod collection;
mod error;
mod gateway;
mod gateway_files;
mod grant;
mod group;
mod keystore;
mod login;
mod names;
mod output;
mod pem_file;
mod pinset;
mod private_file;
mod profile;
mod refusal;
mod secret;
mod secret_input;
mod session;
mod tls_context;
mod truststore;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Noun};
use crate::error::Error;
use crate::output::{Format, Output};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let output = Output::new(arguments.output);
    match run(arguments.noun, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(noun: Noun, output: Output) -> Result<(), Error> {
    match noun {
        Noun::Login(login) => login::login(login, output),
        Noun::Logout => login::logout(output),
        Noun::Whoami => login::whoami(output),
        Noun::Group(command) => group::run(command, output),
        Noun::Secret(command) => secret::run(command, output),
        Noun::Keystore(command) => keystore::run(command, output),
        Noun::Truststore(command) => truststore::run(command, output),
        Noun::Pinset(command) => pinset::run(command, output),
        Noun::TlsContext(command) => tls_context::run(command, output),
        Noun::Gateway(command) => gateway::run(command, output),
        Noun::Grant(command) => grant::run(command, output),
        Noun::Audit(command) => audit::run(command, output),
    }
}

/// Help and version are answers; anything else is a wrong usage, also as JSON if that was asked for.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || !arguments::asks_for_json(std::env::args()) {
        // A closed pipe is the reader's choice.
        let _ = error.print();
    } else {
        Output::new(Format::Json).usage_error(&error.to_string());
    }
    ExitCode::from(if error.use_stderr() {
        error::EXIT_USAGE
    } else {
        0
    })
}
