//! What the system says of a process.

use std::fs;
use std::process::Command;

use sallyport_tests::{Error, Result};

/// Processor time of all threads so far, user and system, in nanoseconds.
///
/// `schedstat` counts in nanoseconds, `stat` in hundredths of a second.
pub(crate) fn processor_time(id: u32) -> Result<u64> {
    let threads = format!("/proc/{id}/task");
    let mut sum = 0;
    for thread in fs::read_dir(&threads).map_err(file(&threads))?.flatten() {
        // A thread may end while it is looked for.
        let text = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        let spent = text
            .split(' ')
            .next()
            .and_then(|spent| spent.parse::<u64>().ok());
        sum += spent.unwrap_or(0);
    }
    Ok(sum)
}

/// Keeps a process, with all its threads, on one processor.
pub(crate) fn pin(id: u32, processor: usize) -> Result<()> {
    let mut command = Command::new("taskset");
    command.args(["--all-tasks", "--cpu-list", "--pid"]);
    command.args([processor.to_string(), id.to_string()]);
    let output = command.output().map_err(file("taskset"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Command {
        command: "taskset".to_owned(),
        code: output.status.code(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Resident memory, in KiB.
pub(crate) fn resident(id: u32) -> Result<u64> {
    let path = format!("/proc/{id}/status");
    let status = fs::read_to_string(&path).map_err(file(&path))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    Ok(kib.unwrap_or(0))
}

fn file(path: &str) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.into();
    |source| Error::File { path, source }
}
