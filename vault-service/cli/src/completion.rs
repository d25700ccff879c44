//! `completion`: scripts for shells.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::arguments::Arguments;
use crate::error::Error;
use crate::output::Output;

/// Print a script that teaches a shell the nouns, verbs and options
#[derive(Args)]
#[command(
    after_help = "Example:\n  sallyport completion bash > /etc/bash_completion.d/sallyport\n  \
                  sallyport completion zsh > ~/.zfunc/_sallyport"
)]
pub(crate) struct Completion {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(completion: &Completion, output: Output) -> Result<(), Error> {
    let mut script = Vec::new();
    generate(
        completion.shell,
        &mut Arguments::command(),
        "sallyport",
        &mut script,
    );
    output.text(String::from_utf8_lossy(&script).trim_end())
}
