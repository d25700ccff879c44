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
#[derive(Debug)]
pub struct AccessKey {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl Store {
    /// Serves on a free loopback port with that certificate; its files go to `directory`.
    pub async fn start(directory: &Path, identity: &Identity) -> Result<Self> {
        let written = identity.write_to(directory, "store")?;
        let log = directory.join("store.log");
        let mut command = Command::new(program::store()?);
        command
            .arg(script())
            .arg("serve")
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

    /// The key of a user who may use it; from now on nobody else may.
    pub async fn user(&self, name: &str, ca: &Path) -> Result<AccessKey> {
        let key = run("user", name, self.address, ca).await?;
        let text = |field: &str| {
            let text = key.get(field).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        Ok(AccessKey {
            id: text("id"),
            secret: text("secret"),
        })
    }
}

/// Puts, gets, lists and deletes objects at `address` without credentials; what came, as JSON.
pub async fn used(name: &str, address: SocketAddr, ca: &Path) -> Result<Value> {
    run("use", name, address, ca).await
}

async fn run(what: &str, name: &str, address: SocketAddr, ca: &Path) -> Result<Value> {
    let mut command = tokio::process::Command::new(program::store()?);
    let port = address.port().to_string();
    command.arg(script()).args([what, name, &port]).arg(ca);
    let said = Said::by(&mut command, "").await?.success(what)?;
    Ok(serde_json::from_str(&said.stdout).unwrap_or_default())
}

fn script() -> PathBuf {
    program::repository().join("tests/stores/store.py")
}
