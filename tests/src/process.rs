//! A child process that never outlives its owner.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Error, Result, files};

/// How long a process may take to stop after SIGTERM.
const GRACE: Duration = Duration::from_secs(5);

/// Lines of a log that are shown when a process ended by itself.
const TAIL: usize = 25;

/// A running child. Dropping it sends SIGTERM, then SIGKILL, and waits for its end.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with standard output and error appended to `log` and nothing to read.
    ///
    /// The child stays in this process group, so that a Ctrl-C in the terminal reaches it as well.
    pub fn start(name: &'static str, command: &mut Command, log: &Path) -> Result<Self> {
        let output = open(log)?;
        Self::spawn(name, command.stdout(output), log)
    }

    /// The same with standard output for the caller to read, or not to.
    pub fn start_piped(
        name: &'static str,
        command: &mut Command,
        log: &Path,
    ) -> Result<(Self, Option<ChildStdout>)> {
        let mut process = Self::spawn(name, command.stdout(Stdio::piped()), log)?;
        let output = process.child.stdout.take();
        Ok((process, output))
    }

    fn spawn(name: &'static str, command: &mut Command, log: &Path) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stderr(open(log)?)
            .spawn()
            .map_err(|source| Error::Start {
                program: command.get_program().into(),
                source,
            })?;
        Ok(Self {
            name,
            child,
            log: log.to_owned(),
        })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// An error with the end of the log if the process has ended.
    pub fn still_runs(&mut self) -> Result<()> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.ended(status)),
            Err(source) => Err(Error::File {
                path: self.log.clone(),
                source,
            }),
        }
    }

    /// How it ended, if it has.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// SIGTERM, then SIGKILL if it takes longer than five seconds.
    pub fn stop(&mut self) {
        if self.exit_status().is_some() {
            return;
        }
        // Fails only when the child is gone, which the loop below sees as well.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let start = Instant::now();
        while start.elapsed() < GRACE {
            if self.exit_status().is_some() {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.kill();
    }

    /// SIGKILL: no goodbye, nothing flushed.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn ended(&self, status: ExitStatus) -> Error {
        let log = files::read(&self.log).unwrap_or_default();
        let mut tail: Vec<&str> = log.lines().rev().take(TAIL).collect();
        tail.reverse();
        Error::Ended {
            name: self.name,
            status,
            log: tail.join("\n"),
        }
    }
}

fn open(log: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .map_err(Error::file(log))
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn shell(script: &str, log: &Path) -> Process {
        let mut command = Command::new("sh");
        Process::start("a shell", command.args(["-c", script]), log).unwrap()
    }

    fn is_alive(id: u32) -> bool {
        Path::new(&format!("/proc/{id}")).exists()
    }

    #[test]
    fn a_dropped_process_is_gone() {
        let scratch = Scratch::new().unwrap();
        let process = shell("sleep 60", &scratch.join("log"));
        let id = process.id();
        assert!(is_alive(id));
        drop(process);
        assert!(!is_alive(id));
    }

    #[test]
    fn a_process_does_not_survive_a_panic() {
        let scratch = Scratch::new().unwrap();
        let log = scratch.join("log");
        let (send, receive) = std::sync::mpsc::channel();
        let panicked = thread::spawn(move || {
            let process = shell("sleep 60", &log);
            send.send(process.id()).unwrap();
            panic!("as it is meant to");
        });
        assert!(panicked.join().is_err());
        assert!(!is_alive(receive.recv().unwrap()));
    }

    #[test]
    fn one_that_ended_by_itself_shows_the_end_of_its_log() {
        let scratch = Scratch::new().unwrap();
        let mut process = shell("echo out of luck; exit 7", &scratch.join("log"));
        while process.exit_status().is_none() {
            thread::yield_now();
        }
        let error = process.still_runs().unwrap_err().to_string();
        assert!(
            error.contains("out of luck") && error.contains('7'),
            "{error}"
        );
    }
}
