//! A multipart form, read whole and within limits, not yet understood.

use std::collections::BTreeMap;

use sallyport_model::{SecretName, SecretString};
use zeroize::Zeroizing;

use super::error::{Problem, Violation};
use crate::clock;

/// Parts of a form by name. Every part is treated as secret: a key and its passphrase are among them.
#[derive(Default)]
pub struct Form {
    texts: BTreeMap<String, SecretString>,
    files: BTreeMap<String, File>,
}

/// An uploaded file.
pub struct File {
    /// Base name the client gave it, at most 255 characters, without control characters.
    pub name: String,
    /// Its bytes.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl Form {
    /// Adds a text part.
    pub fn add_text(&mut self, name: String, value: SecretString) -> Result<(), Violation> {
        if self.has(&name) {
            return Err(Violation::new(name, Problem::Twice));
        }
        self.texts.insert(name, value);
        Ok(())
    }

    /// Adds a file part.
    pub fn add_file(
        &mut self,
        name: String,
        file_name: &str,
        bytes: Zeroizing<Vec<u8>>,
    ) -> Result<(), Violation> {
        if self.has(&name) {
            return Err(Violation::new(name, Problem::Twice));
        }
        let base = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
        let file_name = base
            .chars()
            .filter(|character| !character.is_control())
            .take(255)
            .collect();
        self.files.insert(
            name,
            File {
                name: file_name,
                bytes,
            },
        );
        Ok(())
    }

    /// Refuses parts with other names than these.
    pub(super) fn only(&self, known: &[&str], listed: &'static str) -> Result<(), Violation> {
        let names = self.texts.keys().chain(self.files.keys());
        match names
            .into_iter()
            .find(|name| !known.contains(&name.as_str()))
        {
            Some(name) => Err(Violation::new(
                name.chars().take(64).collect::<String>(),
                Problem::Unknown { known: listed },
            )),
            None => Ok(()),
        }
    }

    /// A text part; an empty one counts as absent, as clients send them.
    pub(super) fn text(&self, name: &str) -> Option<&SecretString> {
        self.texts.get(name).filter(|text| !text.is_empty())
    }

    /// A file part.
    pub(super) fn file(&self, name: &str) -> Option<&File> {
        self.files.get(name)
    }

    /// A file part that must be there.
    pub(super) fn required_file(&self, name: &'static str) -> Result<&File, Violation> {
        self.file(name)
            .ok_or_else(|| Violation::new(name, Problem::Missing))
    }

    /// The `name` part.
    pub(super) fn secret_name(&self) -> Result<SecretName, Violation> {
        let text = self
            .text("name")
            .ok_or_else(|| Violation::new("name", Problem::Missing))?;
        text.expose()
            .parse()
            .map_err(|error: sallyport_model::NameError| Violation::new("name", error))
    }

    /// The `expirationDate` part.
    pub(super) fn expiration_date(&self) -> Result<Option<String>, Violation> {
        match self.text("expirationDate") {
            Some(text) if clock::is_date(text.expose()) => Ok(Some(text.expose().to_owned())),
            Some(_) => Err(Violation::new("expirationDate", Problem::Date)),
            None => Ok(None),
        }
    }

    /// The `type` part, which must be PEM in this version.
    pub(super) fn require_pem(&self) -> Result<(), Violation> {
        match self.text("type").map(SecretString::expose) {
            Some("PEM") => Ok(()),
            Some(_) => Err(Violation::new(
                "type",
                Problem::Unsupported { supported: "PEM" },
            )),
            None => Err(Violation::new("type", Problem::Missing)),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.texts.contains_key(name) || self.files.contains_key(name)
    }
}
