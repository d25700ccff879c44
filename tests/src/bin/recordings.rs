//! What `make recordings` starts: writes what the filter lives through in a real Envoy as fixtures of its brain's tests.

use std::path::Path;
use std::process::ExitCode;

use sallyport_tests::{Result, files, recordings};

#[tokio::main]
async fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let Some(directory) = words.next() else {
        eprintln!("usage: recordings <directory> [name]...");
        return ExitCode::FAILURE;
    };
    let mut names: Vec<String> = words.collect();
    if names.is_empty() {
        names = recordings::NAMES.map(str::to_owned).to_vec();
    }
    for name in names {
        if let Err(error) = write(Path::new(&directory), &name).await {
            eprintln!("{name}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn write(directory: &Path, name: &str) -> Result<()> {
    let recording = recordings::record(name).await?;
    let (lines, kib) = (recording.lines().count(), recording.len() / 1024);
    println!("  {name}: {lines} lines, {kib} KiB");
    files::write(&directory.join(format!("{name}.jsonl")), &recording)
}
