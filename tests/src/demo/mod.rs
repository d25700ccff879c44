//! What `make run` shows: the scene, the seven lines, the report.

mod access;
mod grant;
mod guide;
mod leak;
mod line;
mod needles;
mod parties;
mod report;
mod rotation;
mod stage;
mod upstream;

use crate::Result;

pub use access::{good_client_passes, other_authority_is_refused, unpinned_client_is_refused};
pub use grant::ungranted_gateway_is_refused;
pub use guide::print_guide;
pub use leak::no_secret_is_written_anywhere;
pub use line::Line;
pub use parties::{
    Clients, FIRST_PASSWORD, HMAC_KEY, NEXT_PASSWORD, NEXT_SEALING_KEY, SEALING_KEY, password_of,
};
pub use rotation::rotation_reaches_running_load;
pub use stage::{Options, Progress, Stage, USERNAME, basic};
pub use upstream::unpinned_upstream_gets_nothing;

/// Whether every line held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All of them.
    Held,
    /// At least one did not.
    Broken,
}

/// Sets the scene and shows the seven lines. The scene lives as long as what is returned.
pub async fn perform() -> Result<(Stage, Verdict)> {
    let report = report::Report::for_standard_output();
    report.heading("Setting the scene");
    let mut stage = Stage::open(Options {
        progress: Progress::Printed,
        ..Options::default()
    })
    .await?;

    report.heading("Seven lines");
    let mut verdict = Verdict::Held;
    for number in 1..=7 {
        let line = line(number, &mut stage).await?;
        if !line.holds {
            verdict = Verdict::Broken;
        }
        report.line(&line);
    }
    report.verdict(verdict);
    Ok((stage, verdict))
}

async fn line(number: u8, stage: &mut Stage) -> Result<Line> {
    match number {
        1 => good_client_passes(stage).await,
        2 => other_authority_is_refused(stage).await,
        3 => unpinned_client_is_refused(stage).await,
        4 => unpinned_upstream_gets_nothing(stage).await,
        5 => rotation_reaches_running_load(stage).await,
        6 => ungranted_gateway_is_refused(stage).await,
        _ => no_secret_is_written_anywhere(stage).await,
    }
}
