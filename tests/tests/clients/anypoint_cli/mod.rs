//! All 35 commands of `anypoint-cli-v4 secrets-mgr` with every type, against a vault of its own.

mod certificates;
mod errors;
mod groups;
mod keystores;
mod shared_secrets;
mod sign_in;
mod tls_contexts;
mod truststores;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sallyport_tests::Result;
use sallyport_tests::anypoint_cli::AnypointCli;
use sallyport_tests::manager::Manager;
use sallyport_tests::needle::Needle;
use sallyport_tests::scratch::Scratch;
use sallyport_tests::vault::Vault;
use serde_json::{Value, json};

/// A vault, a group in it, and the command line signed in as the administrator.
struct Scene {
    scratch: Scratch,
    vault: Vault,
    manager: Manager,
    cli: AnypointCli,
    group: String,
}

impl Scene {
    async fn open() -> Result<Self> {
        let scratch = Scratch::new()?;
        let vault = Vault::start(&scratch.directory("vault")?).await?;
        let manager = Manager::login(&vault).await?;
        Ok(Self {
            cli: AnypointCli::new(&scratch.directory("home")?, &vault)?,
            group: manager.create_group("payments").await?,
            manager,
            vault,
            scratch,
        })
    }

    /// Creates something in the group; gives its id.
    async fn create(&self, noun: &[&str], arguments: &[&str]) -> Result<String> {
        let id = self
            .cli
            .create(&self.in_group(noun, "create", arguments))
            .await?;
        Ok(id)
    }

    /// Runs a command about the group that has to succeed.
    async fn ask(&self, noun: &[&str], verb: &str, arguments: &[&str]) -> Result<Value> {
        self.cli.json(&self.in_group(noun, verb, arguments)).await
    }

    /// `modify` and `replace`: they answer with a message.
    async fn change(&self, noun: &[&str], verb: &str, arguments: &[&str]) -> Result<()> {
        let answer = self.ask(noun, verb, arguments).await?;
        let message = answer["message"].as_str();
        assert!(message.is_some_and(|text| !text.is_empty()), "{answer}");
        Ok(())
    }

    /// What the vault itself shows of a secret of the group.
    async fn stored(&self, collection: &str, id: &str) -> Result<Value> {
        self.manager
            .list(&self.at(&format!("{collection}/{id}")))
            .await
    }

    /// Path of something in the group.
    fn at(&self, rest: &str) -> String {
        self.manager
            .path(&format!("secretGroups/{}/{rest}", self.group))
    }

    /// A directory for files to upload.
    fn files(&self) -> Result<PathBuf> {
        self.scratch.directory("files")
    }

    /// Nothing the command line printed holds one of these.
    fn assert_printed_none_of(&self, secrets: &[&str]) -> Result<()> {
        let printed = self.cli.transcript()?;
        assert!(printed.contains("secrets-mgr"), "nothing was run");
        for secret in secrets {
            for form in Needle::forms("a secret", secret.as_bytes()) {
                assert!(!form.is_in(printed.as_bytes()), "{} was printed", form.name);
            }
        }
        Ok(())
    }

    fn in_group<'a>(
        &'a self,
        noun: &[&'a str],
        verb: &'a str,
        arguments: &[&'a str],
    ) -> Vec<&'a str> {
        let mut words = noun.to_vec();
        words.extend([verb, "--group-id", &self.group]);
        words.extend_from_slice(arguments);
        words
    }
}

/// The items of a list, by id: their order is nobody's promise.
fn by_id(list: &Value) -> BTreeMap<String, Value> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| (item["id"].as_str().unwrap().to_owned(), item.clone()))
        .collect()
}

/// The fields among `names` that a document has, as an object; what a describe command takes over
/// unchanged.
fn fields(document: &Value, names: &[(&str, &str)]) -> Value {
    let mut fields = json!({});
    for (theirs, ours) in names {
        if let Some(value) = document.get(*ours) {
            fields[*theirs] = value.clone();
        }
    }
    fields["id"] = document["meta"]["id"].clone();
    fields
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
