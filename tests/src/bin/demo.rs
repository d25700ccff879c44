//! What `make run` starts.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use sallyport_tests::Result;
use sallyport_tests::demo::{self, Verdict};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    match show().await {
        Ok(Verdict::Held) => ExitCode::SUCCESS,
        Ok(Verdict::Broken) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("\nThe demo could not go on: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn show() -> Result<Verdict> {
    // Whoever wins, the scene is dropped, and with it every process and file of the run.
    let (mut stage, verdict) = tokio::select! {
        performed = demo::perform() => performed?,
        () = asked_to_stop() => {
            eprintln!("\nStopped before the end.");
            return Ok(Verdict::Broken);
        }
    };
    if io::stdout().is_terminal() {
        demo::print_guide(&mut stage);
        asked_to_stop().await;
        println!("\nStopping.");
    }
    Ok(verdict)
}

/// Ctrl-C, SIGTERM, or the terminal going away.
async fn asked_to_stop() {
    let one = async |kind| match signal(kind) {
        Ok(mut stream) => {
            stream.recv().await;
        }
        // Without a handler the signal still ends the process by itself.
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = one(SignalKind::interrupt()) => {}
        () = one(SignalKind::terminate()) => {}
        () = one(SignalKind::hangup()) => {}
    }
}
