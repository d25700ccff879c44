//! How everything that changes the vault is sent: dry runs, confirmations, warnings.

use std::collections::BTreeSet;
use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args;
use serde_json::Value;

use crate::error::Error;
use crate::option_words::as_options;
use crate::output::{Output, printable, warn};
use crate::request::Request;
use crate::session::OrganizationSession;

/// Options of every command that writes.
#[derive(Args, Clone, Copy)]
pub(crate) struct Writing {
    /// Check files and options, look up names, print the request without its secrets, send nothing
    #[arg(long, help_heading = None::<&str>)]
    pub(crate) dry_run: bool,
}

/// Options of every command that destroys.
#[derive(Args, Clone, Copy)]
pub(crate) struct Destroying {
    #[command(flatten)]
    pub(crate) writing: Writing,
    /// Do not ask; without a terminal nothing is destroyed but with this
    #[arg(long, short)]
    yes: bool,
}

/// Options of commands that store or publish secrets.
#[derive(Args, Clone, Copy)]
pub(crate) struct Storing {
    #[command(flatten)]
    pub(crate) writing: Writing,
    /// Show the vault's warnings on stderr also with -o json and yaml, whose output has them
    #[arg(long, help_heading = None::<&str>)]
    warn: bool,
}

/// The version a change is about.
#[derive(Args, Clone, Copy)]
pub(crate) struct Expecting {
    /// Only if this version is the current one (`show` prints it); otherwise exit code 4
    #[arg(long, visible_alias = "expect-version", value_name = "N", help_heading = None::<&str>)]
    pub(crate) if_match: Option<u64>,
}

impl Writing {
    /// The answer of the vault; `None` after a dry run, which prints the request instead.
    pub(crate) fn send(
        self,
        session: &mut OrganizationSession,
        request: &Request,
        output: Output,
    ) -> Result<Option<Value>, Error> {
        if self.dry_run {
            output.planned(&request.without_secrets(session.client.url()))?;
            return Ok(None);
        }
        session.client.call(request).map(Some)
    }
}

impl Destroying {
    /// Whether somebody decides after what they have been told until now.
    pub(crate) fn asks(self) -> bool {
        self.writing.dry_run || !self.yes
    }

    /// Like [`Writing::send`], after a question. Where nobody can be asked, the answer is no.
    pub(crate) fn send(
        self,
        session: &mut OrganizationSession,
        request: &Request,
        question: &str,
        output: Output,
    ) -> Result<Option<Value>, Error> {
        if !self.writing.dry_run && !self.yes {
            confirm(question)?;
        }
        self.writing.send(session, request, output)
    }
}

impl Storing {
    /// Like [`Writing::send`]; shows warnings, each once, unless the output has them.
    pub(crate) fn send(
        self,
        session: &mut OrganizationSession,
        request: &Request,
        output: Output,
    ) -> Result<Option<Value>, Error> {
        let answer = self.writing.send(session, request, output)?;
        if let Some(answer) = &answer
            && (self.warn || !output.is_structured())
        {
            show_warnings(answer);
        }
        Ok(answer)
    }
}

/// What the vault warns of, each once.
pub(crate) fn show_warnings(answer: &Value) {
    let warnings = answer.get("warnings").and_then(Value::as_array);
    let mut shown = BTreeSet::new();
    for warning in warnings.into_iter().flatten().filter_map(Value::as_str) {
        if shown.insert(warning) {
            warn(&format!("warning: {}", printable(&as_options(warning))));
        }
    }
}

fn confirm(question: &str) -> Result<(), Error> {
    if !io::stdin().is_terminal() {
        let question = question.to_owned();
        return Err(Error::NobodyToAsk { question });
    }
    let failed = |source| Error::Read {
        path: "the terminal".into(),
        source,
    };
    let mut stderr = io::stderr();
    write!(stderr, "{} [y/N] ", printable(question)).map_err(failed)?;
    stderr.flush().map_err(failed)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(failed)?;
    if is_yes(&answer) {
        return Ok(());
    }
    Err(Error::Declined)
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        assert!(is_yes("y\n") && is_yes("YES\r\n"));
        assert!(!is_yes("") && !is_yes("\n") && !is_yes("yep\n") && !is_yes("n\n"));
    }
}
