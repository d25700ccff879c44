//! The `sallyport` command line with a profile of its own.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use crate::said::Said;
use crate::vault::Vault;
use crate::{Error, Result, files, program};

/// A logged-in command line.
#[derive(Clone, Debug)]
pub struct Cli {
    program: PathBuf,
    profile: PathBuf,
    directory: PathBuf,
    transcript: PathBuf,
}

impl Cli {
    /// Logs in as the vault's administrator; profile and transcript go to `directory`.
    pub async fn login(directory: &Path, vault: &Vault) -> Result<Self> {
        let cli = Self::stranger(directory)?;
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

    /// Somebody without a login.
    pub fn stranger(directory: &Path) -> Result<Self> {
        Ok(Self {
            program: program::cli()?,
            profile: directory.join("profile.json"),
            directory: directory.to_owned(),
            transcript: directory.join("cli.log"),
        })
    }

    /// The same command line in another working directory.
    pub fn working_in(self, directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            ..self
        }
    }

    /// Runs a command that has to succeed; gives its standard output.
    pub async fn ok(&self, arguments: &[&str]) -> Result<String> {
        self.told(arguments, "").await
    }

    /// The same with something to read on standard input.
    pub async fn told(&self, arguments: &[&str], input: &str) -> Result<String> {
        let said = self.run(arguments, input).await?;
        let command = format!("sallyport {}", arguments.join(" "));
        Ok(said.success(&command)?.stdout)
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
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env("SALLYPORT_PROFILE", &self.profile);
        let said = Said::by(&mut command, input).await?;
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
