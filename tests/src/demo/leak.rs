//! Line 7: nothing that was written holds a secret.

use super::needles::needles;
use super::{Line, Stage};
use crate::{Result, files};

/// Something public that has to be found, so that a search in nothing is not taken for a good one.
const PUBLIC: &str = "secret://payments/sharedSecrets/backend";

/// (7) Configuration, `/config_dump`, logs, CLI output and the data directory hold no secret value.
pub async fn no_secret_is_written_anywhere(stage: &mut Stage) -> Result<Line> {
    let written = collect(stage).await?;
    let needles = needles(stage)?;
    let found: Vec<String> = written
        .iter()
        .flat_map(|(place, bytes)| {
            needles
                .iter()
                .filter(|needle| needle.is_in(bytes))
                .map(move |needle| format!("{} in {place}", needle.name))
        })
        .collect();
    let searched = ["envoy.yaml", "/config_dump"].iter().all(|place| {
        written
            .iter()
            .any(|(name, bytes)| name == place && String::from_utf8_lossy(bytes).contains(PUBLIC))
    });
    let got = match (found.is_empty(), searched) {
        (true, true) => "references everywhere, no secret value anywhere".to_owned(),
        (true, false) => "the references are missing: this was no search".to_owned(),
        (false, _) => format!("FOUND {}", found.join(", ")),
    };
    Ok(Line::exact(
        7,
        "envoy.yaml, /config_dump, all logs, CLI output and the vault's data, searched",
        "references everywhere, no secret value anywhere",
        got,
    ))
}

async fn collect(stage: &mut Stage) -> Result<Vec<(String, Vec<u8>)>> {
    let mut written = Vec::new();
    let gateway = stage.gateway()?;
    let (_, dump) = gateway.admin().get("/config_dump?include_eds").await?;
    written.push(("/config_dump".to_owned(), dump.into_bytes()));
    let configuration = files::read_bytes(gateway.configuration())?;
    written.push(("envoy.yaml".to_owned(), configuration));
    written.push(("Envoy's log".to_owned(), files::read_bytes(gateway.log())?));
    written.push((
        "the vault's log".to_owned(),
        files::read_bytes(&stage.vault.log())?,
    ));
    written.push((
        "the command line's output".to_owned(),
        files::read_bytes(stage.cli.transcript())?,
    ));
    for path in files::below(&stage.vault.data())? {
        written.push((path.display().to_string(), files::read_bytes(&path)?));
    }
    Ok(written)
}
