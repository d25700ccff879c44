//! Schemathesis: requests made up from the OpenAPI document, answers held against it.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::manager::Manager;
use crate::said::Said;
use crate::vault::Vault;
use crate::{Result, program};

/// Runs it over the vault's own document; reports go to `directory`.
pub async fn run(vault: &Vault, directory: &Path) -> Result<Said> {
    let token = Manager::login(vault).await?.token().to_owned();
    let account = vault.account();
    let mut command = Command::new(program::schemathesis()?);
    command
        .current_dir(directory)
        .env("SALLYPORT_TOKEN", token)
        .env("SALLYPORT_ORGANIZATION", &account.organization.id)
        .env("SALLYPORT_ENVIRONMENT", &account.environment.id)
        .env("REQUESTS_CA_BUNDLE", &account.ca)
        .env_remove("HTTPS_PROXY")
        .env_remove("https_proxy")
        .arg("--config-file")
        .arg(settings())
        .args(["run", "--no-color", "--tls-verify"])
        .arg(&account.ca)
        .arg(format!("{}/openapi.json", vault.url()));
    Said::by(&mut command, "").await
}

/// Which checks, how many examples, which seed.
fn settings() -> PathBuf {
    program::repository().join("tests/clients/schemathesis.toml")
}
