//! Running a program to its end.

use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::{Error, Result};

/// What a program said.
#[derive(Clone, Debug)]
pub struct Said {
    /// Exit code, none if it was killed.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Said {
    /// Runs `command` with something to read on standard input, however it ends. Dropping the
    /// future kills it.
    pub async fn by(command: &mut Command, input: &str) -> Result<Self> {
        let program = command.as_std().get_program().into();
        let start = |source| Error::Start { program, source };
        let output = run(command, input).await.map_err(start)?;
        Ok(Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// What it said if it ended well; `command` names it in the error and holds no secrets.
    pub fn success(self, command: &str) -> Result<Self> {
        if self.code == Some(0) {
            return Ok(self);
        }
        Err(Error::Command {
            command: command.to_owned(),
            code: self.code,
            stderr: format!("{}{}", self.stdout, self.stderr),
        })
    }
}

async fn run(command: &mut Command, input: &str) -> std::io::Result<std::process::Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that fails early does not read; its exit code tells more than a broken pipe.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    child.wait_with_output().await
}
