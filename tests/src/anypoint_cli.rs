//! MuleSoft's own command line, as it is published, pointed at a vault.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use crate::said::Said;
use crate::vault::Vault;
use crate::{Error, Result, files, program};

/// What the command line signs in with.
#[derive(Clone)]
pub enum Login {
    /// A connected app.
    ConnectedApp {
        /// Its client id.
        id: String,
        /// Its secret.
        secret: String,
    },
    /// A person.
    User {
        /// Name.
        name: String,
        /// Password.
        password: String,
    },
    /// A token somebody else got.
    Bearer(String),
}

/// `anypoint-cli-v4 secrets-mgr` with a home of its own: it caches tokens and organizations there,
/// without regard to the host.
pub struct AnypointCli {
    program: PathBuf,
    home: PathBuf,
    settings: Vec<(&'static str, String)>,
    transcript: PathBuf,
}

impl AnypointCli {
    /// As the vault's administrator.
    pub fn new(directory: &Path, vault: &Vault) -> Result<Self> {
        let account = vault.account();
        let login = Login::ConnectedApp {
            id: account.client_id.clone(),
            secret: account.client_secret.clone(),
        };
        Self::as_other(directory, vault, &login)
    }

    /// As somebody else; `directory` is new and becomes its home.
    pub fn as_other(directory: &Path, vault: &Vault, login: &Login) -> Result<Self> {
        let account = vault.account();
        let mut settings = vec![
            ("ANYPOINT_HOST", vault.manager().to_string()),
            ("ANYPOINT_ORG", account.organization.name.clone()),
            ("ANYPOINT_ENV", account.environment.name.clone()),
            (
                "NODE_EXTRA_CA_CERTS",
                account.ca.to_string_lossy().into_owned(),
            ),
        ];
        match login.clone() {
            Login::ConnectedApp { id, secret } => settings.extend([
                ("ANYPOINT_CLIENT_ID", id),
                ("ANYPOINT_CLIENT_SECRET", secret),
            ]),
            Login::User { name, password } => {
                settings.extend([("ANYPOINT_USERNAME", name), ("ANYPOINT_PASSWORD", password)])
            }
            Login::Bearer(token) => settings.push(("ANYPOINT_BEARER", token)),
        }
        std::fs::create_dir_all(directory).map_err(Error::file(directory))?;
        Ok(Self {
            program: program::anypoint_cli()?,
            home: directory.to_owned(),
            settings,
            transcript: directory.join("said.log"),
        })
    }

    /// Runs `secrets-mgr <arguments> -o json`, however it ends.
    pub async fn run(&self, arguments: &[&str]) -> Result<Said> {
        let mut command = Command::new(&self.program);
        // Nothing of the caller's environment: proxies and an Anypoint login of theirs would be used.
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.home)
            .env("XDG_CONFIG_HOME", self.home.join(".config"))
            .envs(
                self.settings
                    .iter()
                    .map(|(name, value)| (*name, value.as_str())),
            )
            .arg("secrets-mgr")
            .args(arguments)
            .args(["-o", "json"]);
        let said = Said::by(&mut command, "").await?;
        files::append(
            &self.transcript,
            &format!("$ {}\n{}{}", noun(arguments), said.stdout, said.stderr),
        )?;
        Ok(said)
    }

    /// Runs a command that has to succeed; gives the document it printed.
    pub async fn json(&self, arguments: &[&str]) -> Result<Value> {
        let noun = noun(arguments);
        let said = self.run(arguments).await?.success(&noun)?;
        last_document(&said.stdout).ok_or_else(|| Error::shape(noun, "JSON", &said.stdout.into()))
    }

    /// Creates something; gives its id.
    pub async fn create(&self, arguments: &[&str]) -> Result<String> {
        let answer = self.json(arguments).await?;
        let id = answer.get("id").and_then(Value::as_str);
        id.map(str::to_owned)
            .ok_or_else(|| Error::shape(noun(arguments), "id", &answer))
    }

    /// Everything every command said, without the commands' arguments.
    pub fn transcript(&self) -> Result<String> {
        files::read(&self.transcript)
    }
}

/// The words before the first flag: what the command is, without the secrets in its flags.
fn noun(arguments: &[&str]) -> String {
    let words: Vec<&str> = arguments
        .iter()
        .copied()
        .take_while(|word| !word.starts_with('-'))
        .collect();
    format!("anypoint-cli-v4 secrets-mgr {}", words.join(" "))
}

/// The document at the end of what a command printed; some print debug dumps before it.
pub fn last_document(stdout: &str) -> Option<Value> {
    stdout
        .match_indices(['{', '['])
        .filter(|(at, _)| *at == 0 || stdout[..*at].ends_with('\n'))
        .filter_map(|(at, _)| serde_json::from_str(&stdout[at..]).ok())
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::json;

    #[test]
    fn the_document_after_a_dump_is_read_and_not_the_dump() {
        let dump = "{\n  meta: { id: 'x' },\n  list: [ 'h2' ]\n}\n{\n  \"id\": \"x\",\n  \"list\": [\n    \"h2\"\n  ]\n}\n";
        assert_eq!(
            last_document(dump),
            Some(json!({"id": "x", "list": ["h2"]}))
        );
        let line = "[{\"id\":1}]\n[\n  {\n    \"id\": 2\n  }\n]\n";
        assert_eq!(last_document(line), Some(json!([{"id": 2}])));
        assert_eq!(last_document("Error: no\n"), None);
    }

    #[test]
    fn a_command_is_named_without_the_values_of_its_flags() {
        assert_eq!(
            noun(&["shared-secret", "create", "--content", "hush"]),
            "anypoint-cli-v4 secrets-mgr shared-secret create"
        );
    }
}
