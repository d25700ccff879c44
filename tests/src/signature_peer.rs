//! HTTP message signatures by a library that is not ours (Python's `http-message-signatures`).

use serde_json::Value;

use crate::said::Said;
use crate::{Error, Result, program};

/// What comes of each job; `tests/stores/messages.py` says what a job is.
pub async fn made(jobs: &Value) -> Result<Vec<Value>> {
    let mut command = tokio::process::Command::new(program::store()?);
    command.arg(program::repository().join("tests/stores/messages.py"));
    let said = Said::by(&mut command, &jobs.to_string()).await?;
    let said = said.success("messages.py")?;
    serde_json::from_str(&said.stdout).map_err(|source| Error::Json {
        what: "what messages.py says".to_owned(),
        source,
        got: said.stdout,
    })
}
