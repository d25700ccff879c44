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

/// Sizes of the linear memories of a process's wasm virtual machines, in KiB.
///
/// V8 reserves 8 GiB for each and makes what the machine asked for accessible: it lies right before what is not.
pub(crate) fn linear_memories(id: u32) -> Result<Vec<u64>> {
    const RESERVED: u64 = 7 * 1024 * 1024 * 1024;
    let path = format!("/proc/{id}/maps");
    let maps = fs::read_to_string(&path).map_err(file(&path))?;
    let mut memories = Vec::new();
    let mut before = None;
    for line in maps.lines() {
        let mut words = line.split(' ');
        let range = words.next().and_then(|range| range.split_once('-'));
        let address = |text: &str| u64::from_str_radix(text, 16).ok();
        let Some((from, to)) = range.and_then(|(from, to)| Some((address(from)?, address(to)?)))
        else {
            continue;
        };
        let accessible = words.next() == Some("rw-p");
        if let Some((start, end)) = before
            && end == from
            && !accessible
            && to - from > RESERVED
        {
            memories.push((end - start) / 1024);
        }
        before = accessible.then_some((from, to));
    }
    memories.sort_unstable();
    Ok(memories)
}

fn file(path: &str) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.into();
    |source| Error::File { path, source }
}
