//! How often a process waits for the disk, by what the system saw it ask for.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use sallyport_tests::scratch::Scratch;
use sallyport_tests::wait::{PATIENCE, until};
use sallyport_tests::{Error, Result, files};

/// `strace` of one process, with all its threads.
pub(crate) struct Syncs {
    strace: Child,
    scratch: Scratch,
}

impl Syncs {
    /// Begins to count.
    pub(crate) async fn of(id: u32) -> Result<Self> {
        let scratch = Scratch::new()?;
        let (trace, said) = (scratch.join("trace"), scratch.join("said"));
        files::write(&said, "")?;
        let mut command = Command::new("strace");
        command
            .args(["--follow-forks", "--trace=fsync,fdatasync", "--output"])
            .arg(&trace)
            .arg(format!("--attach={id}"))
            .stderr(std::fs::File::create(&said).map_err(missing)?)
            .stdout(Stdio::null());
        let strace = command.spawn().map_err(missing)?;
        let syncs = Self { strace, scratch };
        until("strace", PATIENCE, async || {
            Ok(files::read(&said)?.contains("attached").then_some(()))
        })
        .await?;
        Ok(syncs)
    }

    /// Ends, and says how many there were.
    pub(crate) fn count(mut self) -> Result<usize> {
        let id = i32::try_from(self.strace.id()).ok().and_then(Pid::from_raw);
        if let Some(id) = id {
            kill_process(id, Signal::INT).map_err(|error| missing(error.into()))?;
        }
        self.strace.wait().map_err(missing)?;
        let trace = files::read(&self.scratch.join("trace"))?;
        // A call that another thread interrupts is there twice, the second time as resumed.
        let begun = |line: &&str| line.contains("sync(");
        Ok(trace.lines().filter(begun).count())
    }
}

fn missing(source: std::io::Error) -> Error {
    Error::Start {
        program: Path::new("strace").into(),
        source,
    }
}
