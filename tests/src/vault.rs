//! A vault service in its own data directory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command};

use serde::Deserialize;

use crate::process::Process;
use crate::wait::{PATIENCE, until};
use crate::{Error, Result, files, ports, program};

/// A vault with its data; the service runs between `start` and `stop`.
#[derive(Debug)]
pub struct Vault {
    directory: PathBuf,
    account: Account,
    manager: SocketAddr,
    provider: SocketAddr,
    health: String,
    log_level: LogLevel,
    service: Option<Process>,
}

/// How much the service writes to its log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// What it does by itself.
    #[default]
    Info,
    /// Everything, that of its libraries too.
    Trace,
}

/// What `sallyport-vault init -o json` prints.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The organization it created.
    pub organization: Named,
    /// The environment in it.
    pub environment: Named,
    /// The administrator's connected app.
    pub client_id: String,
    /// Its secret, shown this once.
    pub client_secret: String,
    /// The internal CA, which both doors' certificates come from.
    pub ca: PathBuf,
}

/// Something with an id and a name.
#[derive(Clone, Debug, Deserialize)]
pub struct Named {
    /// UUID.
    pub id: String,
    /// Name.
    pub name: String,
}

/// The ready file.
#[derive(Deserialize)]
struct Doors {
    manager: String,
    provider: String,
    health: String,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("organization", &self.organization)
            .field("environment", &self.environment)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl Vault {
    /// Initialises a vault in `<directory>/data` and starts it on free ports.
    pub async fn start(directory: &Path) -> Result<Self> {
        Self::start_logging(directory, LogLevel::default()).await
    }

    /// The same with more or less in its log.
    pub async fn start_logging(directory: &Path, log_level: LogLevel) -> Result<Self> {
        let mut vault = Self {
            account: initialise(&directory.join("data"))?,
            directory: directory.to_owned(),
            manager: ports::ANY,
            provider: ports::ANY,
            health: String::new(),
            log_level,
            service: None,
        };
        vault.resume().await?;
        Ok(vault)
    }

    /// Starts the service again with the same data on the same ports.
    pub async fn resume(&mut self) -> Result<()> {
        let service = Process::start("sallyport-vault", &mut self.command()?, &self.log())?;
        self.opened(service).await
    }

    /// The same; its standard output is for the caller to read.
    pub async fn resume_piped(&mut self) -> Result<Option<ChildStdout>> {
        let mut command = self.command()?;
        let (service, output) = Process::start_piped("sallyport-vault", &mut command, &self.log())?;
        self.opened(service).await?;
        Ok(output)
    }

    fn ready(&self) -> PathBuf {
        self.directory.join("ready.json")
    }

    fn command(&self) -> Result<Command> {
        let ready = self.ready();
        files::remove(&ready)?;
        let mut command = Command::new(program::vault()?);
        command
            .arg("serve")
            .arg("--data-dir")
            .arg(self.data())
            .arg("--manager-listen")
            .arg(self.manager.to_string())
            .arg("--provider-listen")
            .arg(self.provider.to_string())
            .args(["--health-listen", "127.0.0.1:0"])
            .arg("--ready-file")
            .arg(&ready)
            // Where the servers of the tests are.
            .args(["--crl-network", "127.0.0.0/8"]);
        if self.log_level == LogLevel::Trace {
            command.env("SALLYPORT_LOG", "trace");
        }
        Ok(command)
    }

    async fn opened(&mut self, mut service: Process) -> Result<()> {
        let ready = self.ready();
        let doors: Doors = until("the vault's ready file", PATIENCE, async || {
            service.still_runs()?;
            if !ready.exists() {
                return Ok(None);
            }
            Error::parse_json("the ready file", &files::read(&ready)?).map(Some)
        })
        .await?;
        self.manager = address(&doors.manager)?;
        self.provider = address(&doors.provider)?;
        self.health = doors.health;
        self.service = Some(service);
        Ok(())
    }

    /// SIGTERM: stops as an operator would.
    pub fn stop(&mut self) {
        self.service = None;
    }

    /// SIGKILL: stops as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut service) = self.service.take() {
            service.kill();
        }
    }

    /// The id of its process, if it runs.
    pub fn id(&self) -> Option<u32> {
        self.service.as_ref().map(Process::id)
    }

    /// What `init` said.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The public door.
    pub fn manager(&self) -> SocketAddr {
        self.manager
    }

    /// The internal door.
    pub fn provider(&self) -> SocketAddr {
        self.provider
    }

    /// Probes and metrics as a URL; another port after every start.
    pub fn health(&self) -> &str {
        &self.health
    }

    /// The public door as a URL.
    pub fn url(&self) -> String {
        format!("https://{}", self.manager)
    }

    /// The internal CA, PEM.
    pub fn ca(&self) -> Result<String> {
        files::read(&self.account.ca)
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// Everything the service said.
    pub fn log(&self) -> PathBuf {
        self.directory.join("vault.log")
    }
}

/// Runs `sallyport-vault init`.
pub fn initialise(data: &Path) -> Result<Account> {
    let mut command = Command::new(program::vault()?);
    command
        .args(["init", "-o", "json", "--data-dir"])
        .arg(data)
        .args(["--organization", "Acme", "--environment", "Sandbox"]);
    let output = command.output().map_err(|source| Error::Start {
        program: command.get_program().into(),
        source,
    })?;
    if !output.status.success() {
        return Err(Error::Command {
            command: "sallyport-vault init".to_owned(),
            code: output.status.code(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    Error::parse_json(
        "sallyport-vault init",
        &String::from_utf8_lossy(&output.stdout),
    )
}

fn address(url: &str) -> Result<SocketAddr> {
    url.strip_prefix("https://")
        .and_then(|address| address.parse().ok())
        .ok_or_else(|| {
            Error::shape(
                "the ready file",
                "https://ADDRESS:PORT",
                &serde_json::json!(url),
            )
        })
}
