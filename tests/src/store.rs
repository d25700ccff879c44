//! A store that speaks S3 and verifies signatures, and a client of it without credentials.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::pki::Identity;
use crate::process::Process;
use crate::said::Said;
use crate::wait::{PATIENCE, until};
use crate::{Result, files, program};

/// A running store; it stops when dropped.
#[derive(Debug)]
pub struct Store {
    address: SocketAddr,
    _process: Process,
}

/// An access key of the store.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// Of a temporary one.
    pub token: Option<String>,
}

/// Where the name of a bucket stands.
#[derive(Clone, Copy, Debug)]
pub enum Style {
    /// `https://store/bucket/key`.
    Path,
    /// `https://bucket.store/key`.
    Virtual,
}

/// Whose an access key is.
#[derive(Clone, Copy, Debug)]
pub enum Holder {
    /// A user's, until it is deleted.
    User,
    /// A role's, for an hour.
    Role,
}

impl Store {
    /// Serves on a free loopback port with that certificate; its files go to `directory`.
    pub async fn start(directory: &Path, identity: &Identity, style: Style) -> Result<Self> {
        let written = identity.write_to(directory, "store")?;
        let log = directory.join("store.log");
        let mut command = Command::new(program::store()?);
        command
            .arg(script())
            .args(["serve", style.word()])
            .args([&written.chain, &written.key]);
        let process = Process::start("the store", &mut command, &log)?;
        let port = until("the store", PATIENCE, async || {
            let said = files::read(&log)?;
            let mut lines = said.lines();
            Ok(lines.find_map(|line| line.strip_prefix("listening on ")?.parse().ok()))
        })
        .await?;
        Ok(Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            _process: process,
        })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A key that may use it; from now on no other one may.
    pub async fn key(&self, holder: Holder, name: &str, ca: &Path) -> Result<AccessKey> {
        let word = match holder {
            Holder::User => "user",
            Holder::Role => "role",
        };
        let key = run(["key", word], name, self.address, ca).await?;
        let text = |field: &str| key.get(field).and_then(Value::as_str).map(str::to_owned);
        Ok(AccessKey {
            id: text("id").unwrap_or_default(),
            secret: text("secret").unwrap_or_default(),
            token: text("token"),
        })
    }
}

impl Style {
    const fn word(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Virtual => "virtual",
        }
    }
}

/// Puts, gets, lists and deletes objects at `address` without credentials; what came, as JSON.
pub async fn used(style: Style, name: &str, address: SocketAddr, ca: &Path) -> Result<Value> {
    run(["use", style.word()], name, address, ca).await
}

async fn run(what: [&str; 2], name: &str, address: SocketAddr, ca: &Path) -> Result<Value> {
    let mut command = tokio::process::Command::new(program::store()?);
    let port = address.port().to_string();
    command.arg(script()).args(what).args([name, &port]).arg(ca);
    let said = Said::by(&mut command, "").await?.success(what[0])?;
    Ok(serde_json::from_str(&said.stdout).unwrap_or_default())
}

fn script() -> PathBuf {
    program::repository().join("tests/stores/store.py")
}
