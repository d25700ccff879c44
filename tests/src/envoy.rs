//! A real Envoy.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use http::StatusCode;
use serde_json::Value;

use crate::admin::Admin;
use crate::process::Process;
use crate::wait::{PATIENCE, until};
use crate::{Error, Result, files, program};

/// Names of the listener whose port is looked up: a configuration has one of them.
const LISTENERS: [&str; 2] = ["https", "mtls"];

/// A running Envoy; it stops when dropped.
#[derive(Debug)]
pub struct Envoy {
    process: Process,
    admin: Admin,
    listener: SocketAddr,
    files: Files,
}

/// How much of the machine an Envoy gets.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Worker threads.
    pub workers: usize,
    /// The processor it stays on, with all its threads; any of them if none is named.
    pub processor: Option<usize>,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            workers: 2,
            processor: None,
        }
    }
}

/// What belongs to one Envoy.
#[derive(Clone, Debug)]
struct Files {
    configuration: PathBuf,
    log: PathBuf,
}

impl Envoy {
    /// Starts Envoy with that configuration (port 0 in it: Envoy picks) and waits until it is live.
    pub async fn start(directory: &Path, configuration: &str) -> Result<Self> {
        Self::start_in(Room::default(), directory, configuration).await
    }

    /// The same with more or less of the machine.
    pub async fn start_in(room: Room, directory: &Path, configuration: &str) -> Result<Self> {
        let files = Files {
            configuration: directory.join("envoy.yaml"),
            log: directory.join("envoy.log"),
        };
        files::write(&files.configuration, configuration)?;
        let admin_address = directory.join("admin-address");
        // That of an earlier one.
        files::remove(&admin_address)?;
        let mut process = Process::start(
            "Envoy",
            room.command()?
                .arg("--config-path")
                .arg(&files.configuration)
                .arg("--admin-address-path")
                .arg(&admin_address)
                // Several Envoys share a machine only with an id of their own for shared memory.
                .arg("--use-dynamic-base-id")
                .args(["--log-level", "info", "--concurrency"])
                .arg(room.workers.to_string()),
            &files.log,
        )?;
        let admin = until("Envoy's admin address", PATIENCE, async || {
            process.still_runs()?;
            let text = files::read(&admin_address).unwrap_or_default();
            Ok(text.trim().parse().ok().map(|address| Admin { address }))
        })
        .await?;
        until("Envoy to be ready", PATIENCE, async || {
            process.still_runs()?;
            let ready = admin.get("/ready").await;
            Ok(matches!(ready, Ok((StatusCode::OK, _))).then_some(()))
        })
        .await?;
        Ok(Self {
            process,
            listener: listener(&admin).await?,
            admin,
            files,
        })
    }

    /// Where clients connect.
    pub fn listener(&self) -> SocketAddr {
        self.listener
    }

    /// The admin interface.
    pub fn admin(&self) -> &Admin {
        &self.admin
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The value of one counter or gauge; 0 if Envoy does not know it.
    pub async fn stat(&self, name: &str) -> Result<u64> {
        let (_, body) = self.admin.get("/stats").await?;
        let value = body
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(known, _)| *known == name);
        Ok(value.and_then(|(_, value)| value.parse().ok()).unwrap_or(0))
    }

    /// Waits until a counter has this value: the filter tells what it counts of every request at its
    /// next tick.
    pub async fn stat_becomes(&self, name: &str, value: u64) -> Result<()> {
        until(&format!("{name} to be {value}"), PATIENCE, async || {
            Ok((self.stat(name).await? == value).then_some(()))
        })
        .await
    }

    /// The sum of all counters whose name ends so.
    pub async fn sum(&self, end: &str) -> Result<u64> {
        let (_, body) = self.admin.get("/stats").await?;
        let counters = body.lines().filter_map(|line| line.split_once(": "));
        let counted = counters.filter(|(name, _)| name.ends_with(end));
        Ok(counted
            .filter_map(|(_, count)| count.parse::<u64>().ok())
            .sum())
    }

    /// The value of a counter or gauge of the filter, over all workers.
    pub async fn count(&self, counter: &str) -> Result<u64> {
        self.stat(&format!("wasmcustom.sallyport.{counter}")).await
    }

    /// Waits until a counter of the filter is at least this.
    pub async fn counted(&self, counter: &str, least: u64) -> Result<()> {
        until(counter, PATIENCE, async || {
            Ok((self.count(counter).await? >= least).then_some(()))
        })
        .await
    }

    /// Its configuration file.
    pub fn configuration(&self) -> &Path {
        &self.files.configuration
    }

    /// An error with the end of its log if it has ended.
    pub fn still_runs(&mut self) -> Result<()> {
        self.process.still_runs()
    }

    /// Its log, the access log in between.
    pub fn log(&self) -> &Path {
        &self.files.log
    }
}

impl Room {
    fn command(self) -> Result<Command> {
        let envoy = program::envoy()?;
        let Some(processor) = self.processor else {
            return Ok(Command::new(envoy));
        };
        let mut command = Command::new("taskset");
        command
            .arg("--cpu-list")
            .arg(processor.to_string())
            .arg(envoy);
        Ok(command)
    }
}

async fn listener(admin: &Admin) -> Result<SocketAddr> {
    let (_, body) = admin.get("/listeners?format=json").await?;
    let listeners: Value = Error::parse_json("/listeners", &body)?;
    let statuses = listeners
        .pointer("/listener_statuses")
        .and_then(Value::as_array);
    let socket = statuses
        .into_iter()
        .flatten()
        .find(|status| {
            let name = status.pointer("/name").and_then(Value::as_str);
            name.is_some_and(|name| LISTENERS.contains(&name))
        })
        .and_then(|status| status.pointer("/local_address/socket_address"));
    let address = socket.and_then(|socket| {
        let host = socket.get("address")?.as_str()?.parse().ok()?;
        let port = u16::try_from(socket.get("port_value")?.as_u64()?).ok()?;
        Some(SocketAddr::new(host, port))
    });
    address.ok_or_else(|| Error::shape("/listeners", "https or mtls", &listeners))
}
