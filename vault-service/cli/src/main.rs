//! `sallyport`, the command line of the vault service: `sallyport <noun> <verb> NAME`.

#![forbid(unsafe_code)]

mod advice;
mod agent;
mod app;
mod arguments;
mod audit;
mod audit_file;
mod audit_search;
mod audit_tail;
mod certificate;
mod client;
mod collection;
mod completion;
mod crl_distributor;
mod download;
mod edit_session;
mod enrolment;
mod env;
mod envoy;
mod error;
mod expiration;
mod expiring;
mod explain;
mod gateway;
mod gateway_files;
mod grant;
mod group;
mod identity;
mod internal_door;
mod keystore;
mod kind;
mod known;
mod life_cycle;
mod login;
mod moment;
mod names;
mod only;
mod option_words;
mod org;
mod output;
mod permission;
mod pin;
mod pinset;
mod private_file;
mod profile;
mod refusal;
mod request;
mod rollout;
mod secret;
mod secret_input;
mod secret_value;
mod session;
mod store_type;
mod storing;
mod tls_context;
mod truststore;
mod upload_file;
mod user;
mod versions;
mod writing;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Noun};
use crate::error::Error;
use crate::output::Output;

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
        Noun::Org(command) => org::run(command, output),
        Noun::Env(command) => env::run(command, output),
        Noun::Group(command) => group::run(command, output),
        Noun::Secret(command) => secret::run(command, output),
        Noun::Keystore(verb) => life_cycle::run(verb, output),
        Noun::Truststore(verb) => life_cycle::run(verb, output),
        Noun::Certificate(verb) => life_cycle::run(verb, output),
        Noun::Pinset(verb) => life_cycle::run(verb, output),
        Noun::TlsContext(verb) => life_cycle::run(verb, output),
        Noun::CrlDistributor(command) => crl_distributor::run(command, output),
        Noun::Expiring(expiring) => expiring::run(&expiring, output),
        Noun::Gateway(command) => gateway::run(command, output),
        Noun::Grant(command) => grant::run(command, output),
        Noun::User(command) => user::run(command, output),
        Noun::App(command) => app::run(command, output),
        Noun::Permission(command) => permission::run(command, output),
        Noun::Envoy(command) => envoy::run(command, output),
        Noun::Explain(wanted) => explain::run(*wanted, output),
        Noun::Audit(command) => audit::run(command, output),
        Noun::Completion(completion) => completion::run(&completion, output),
    }
}

/// Help and version are answers; anything else is a wrong usage, in the format that was asked for.
fn usage(error: &clap::Error) -> ExitCode {
    match arguments::structured_format(std::env::args()) {
        Some(format) if error.use_stderr() => {
            Output::new(format).usage_error(&error.to_string());
        }
        _ => {
            // A closed pipe is the reader's choice.
            let _ = error.print();
        }
    }
    ExitCode::from(if error.use_stderr() {
        error::EXIT_USAGE
    } else {
        0
    })
}
