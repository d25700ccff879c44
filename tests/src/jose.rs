//! An independent implementation of JWE (jwcrypto), as the one at the other end.

use serde_json::{Value, json};

use crate::said::Said;
use crate::{Result, program};

/// A holder of a key.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    /// A `SymmetricKey` as the vault has it.
    pub key: &'a str,
}

/// What was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The plaintext, which is text.
    pub plaintext: String,
    /// The protected header.
    pub header: Value,
}

impl Peer<'_> {
    /// A compact message with that header.
    pub async fn encrypts(&self, header: &Value, plaintext: &str) -> Result<String> {
        let order = json!({
            "do": "encrypt", "key": self.key, "form": "compact", "header": header, "plaintext": plaintext,
        });
        let written = ask(&order).await?;
        Ok(written.as_str().unwrap_or_default().to_owned())
    }

    /// What is in a message of either form.
    pub async fn decrypts(&self, message: &str) -> Result<Opened> {
        let opened = ask(&json!({"do": "decrypt", "key": self.key, "message": message})).await?;
        let plaintext = opened.get("plaintext").and_then(Value::as_str);
        Ok(Opened {
            plaintext: plaintext.unwrap_or_default().to_owned(),
            header: opened.get("header").cloned().unwrap_or_default(),
        })
    }
}

async fn ask(order: &Value) -> Result<Value> {
    let mut command = tokio::process::Command::new(program::store()?);
    command.arg(program::repository().join("tests/jose/peer.py"));
    let said = Said::by(&mut command, &order.to_string()).await?;
    let said = said.success("tests/jose/peer.py")?;
    Ok(serde_json::from_str(&said.stdout).unwrap_or_default())
}
