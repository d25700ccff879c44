//! The `sallyport` command line with a profile of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::vault::Vault;
use crate::{Error, Result, files, program};

/// A logged-in command line.
#[derive(Clone, Debug)]
pub struct Cli {
    program: PathBuf,
    profile: PathBuf,
    transcript: PathBuf,
}

/// What a command said.
#[derive(Clone, Debug)]
pub struct Said {
    /// Exit code, none if it was killed.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Cli {
    /// Logs in as the vault's administrator; profile and transcript go to `directory`.
    pub async fn login(directory: &Path, vault: &Vault) -> Result<Self> {
        let cli = Self {
            program: program::cli()?,
            profile: directory.join("profile.json"),
            transcript: directory.join("cli.log"),
        };
        let account = vault.account();
        let (url, ca) = (vault.url(), account.ca.to_string_lossy().into_owned());
        let login = [
            "login",
            "--url",
            &url,
            "--ca-file",
            &ca,
            "--client-id",
            &account.client_id,
            "--client-secret-file",
            "-",
            "--organization",
            &account.organization.name,
            "--environment",
            &account.environment.name,
        ];
        cli.told(&login, &account.client_secret).await?;
        Ok(cli)
    }

    /// Runs a command that has to succeed; gives its standard output.
    pub async fn ok(&self, arguments: &[&str]) -> Result<String> {
        self.told(arguments, "").await
    }

    /// The same with something to read on standard input.
    pub async fn told(&self, arguments: &[&str], input: &str) -> Result<String> {
        let said = self.run(arguments, input).await?;
        if said.code == Some(0) {
            return Ok(said.stdout);
        }
        Err(Error::Command {
            command: format!("sallyport {}", arguments.join(" ")),
            code: said.code,
            stderr: said.stderr,
        })
    }

    /// Runs a command with `-o json`; gives what it printed.
    pub async fn json(&self, arguments: &[&str]) -> Result<Value> {
        let mut arguments = arguments.to_vec();
        arguments.extend(["-o", "json"]);
        let printed = self.ok(&arguments).await?;
        Error::parse_json(arguments.join(" "), &printed)
    }

    /// Runs a command, however it ends.
    pub async fn run(&self, arguments: &[&str], input: &str) -> Result<Said> {
        let start = |source| Error::Start {
            program: self.program.clone(),
            source,
        };
        let mut child = Command::new(&self.program)
            .args(arguments)
            .env("SALLYPORT_PROFILE", &self.profile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(start)?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that fails early does not read; its exit code tells more than a broken pipe.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        let output = child.wait_with_output().await.map_err(start)?;
        let said = Said {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        files::append(
            &self.transcript,
            &format!(
                "$ sallyport {}\n{}{}",
                arguments.join(" "),
                said.stdout,
                said.stderr
            ),
        )?;
        Ok(said)
    }

    /// Everything every command said.
    pub fn transcript(&self) -> &Path {
        &self.transcript
    }

    /// The profile file.
    pub fn profile(&self) -> &Path {
        &self.profile
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }
}
