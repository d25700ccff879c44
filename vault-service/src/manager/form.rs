//! A multipart form, read whole and within limits, not yet understood.

use std::collections::BTreeMap;

use sallyport_model::{NameError, SecretName, SecretString, StoreType, UnknownStoreType};
use zeroize::Zeroizing;

use super::violation::{Problem, Violation};
use crate::clock;

/// Parts of a form by name. Every part is treated as secret: a key and its passphrase are among them.
#[derive(Default)]
pub struct Form {
    texts: BTreeMap<String, SecretString>,
    files: BTreeMap<String, File>,
}

/// The parts a kind has, whatever its type.
pub(super) struct Parts {
    pub(super) texts: &'static [&'static str],
    pub(super) files: &'static [&'static str],
    /// The names, for people.
    pub(super) listed: &'static str,
}

/// An uploaded file.
pub struct File {
    /// Base name the client gave it, at most 255 characters, without control characters.
    pub name: String,
    /// Its bytes.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl Parts {
    const fn unknown(&self) -> Problem {
        Problem::Unknown { known: self.listed }
    }
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

    /// Refuses parts a kind does not have, texts for files and files for texts.
    pub(super) fn only(&self, parts: &Parts) -> Result<(), Violation> {
        let named = |name: &String, problem| {
            Violation::new(name.chars().take(64).collect::<String>(), problem)
        };
        for (name, text) in &self.texts {
            match name.as_str() {
                name if parts.texts.contains(&name) => {}
                known if parts.files.contains(&known) && text.is_empty() => {}
                known if parts.files.contains(&known) => {
                    return Err(named(name, Problem::NotAFile));
                }
                _ => return Err(named(name, parts.unknown())),
            }
        }
        for name in self.files.keys() {
            match name.as_str() {
                name if parts.files.contains(&name) => {}
                known if parts.texts.contains(&known) => {
                    return Err(named(name, Problem::NotAText));
                }
                _ => return Err(named(name, parts.unknown())),
            }
        }
        Ok(())
    }

    /// Refuses parts that belong to `owner` when the upload is a `this`. Empty ones count as absent.
    pub(super) fn without(
        &self,
        names: &[&'static str],
        owner: &'static str,
        this: &'static str,
    ) -> Result<(), Violation> {
        let there = |name: &str| {
            let file = self.files.get(name);
            self.text(name).is_some() || file.is_some_and(|file| !file.bytes.is_empty())
        };
        match names.iter().find(|name| there(name)) {
            Some(name) => Err(Violation::new(*name, Problem::Misplaced { owner, this })),
            None => Ok(()),
        }
    }

    /// A text part; an empty one counts as absent, as clients send them.
    pub(super) fn text(&self, name: &str) -> Option<&SecretString> {
        self.texts.get(name).filter(|text| !text.is_empty())
    }

    /// A text part for which empty and absent differ.
    pub(super) fn text_even_empty(&self, name: &str) -> Option<&SecretString> {
        self.texts.get(name)
    }

    /// A text part that must be there.
    pub(super) fn required_text(&self, name: &'static str) -> Result<&SecretString, Violation> {
        self.text(name)
            .ok_or_else(|| Violation::new(name, Problem::Missing))
    }

    /// A file part of at most `limit` bytes; an empty one counts as absent.
    pub(super) fn file(
        &self,
        name: &'static str,
        limit: usize,
    ) -> Result<Option<&File>, Violation> {
        match self.files.get(name).filter(|file| !file.bytes.is_empty()) {
            Some(file) if file.bytes.len() > limit => {
                Err(Violation::new(name, Problem::TooLarge { limit }))
            }
            file => Ok(file),
        }
    }

    /// A file part that must be there and hold something, of at most `limit` bytes.
    pub(super) fn required_file(
        &self,
        name: &'static str,
        limit: usize,
    ) -> Result<&File, Violation> {
        self.file(name, limit)?.ok_or_else(|| {
            let empty = self.files.contains_key(name);
            let problem = if empty {
                Problem::EmptyFile
            } else {
                Problem::Missing
            };
            Violation::new(name, problem)
        })
    }

    /// The `name` part.
    pub(super) fn secret_name(&self) -> Result<SecretName, Violation> {
        let text = self.required_text("name")?;
        text.expose()
            .parse()
            .map_err(|error: NameError| Violation::new("name", error))
    }

    /// The `expirationDate` part.
    pub(super) fn expiration_date(&self) -> Result<Option<String>, Violation> {
        match self.text("expirationDate") {
            Some(text) if clock::is_date(text.expose()) => Ok(Some(text.expose().to_owned())),
            Some(_) => Err(Violation::new("expirationDate", Problem::Date)),
            None => Ok(None),
        }
    }

    /// The `type` part.
    pub(super) fn store_type(&self) -> Result<StoreType, Violation> {
        let text = self.required_text("type")?;
        text.expose()
            .parse()
            .map_err(|error: UnknownStoreType| Violation::new("type", error))
    }

    fn has(&self, name: &str) -> bool {
        self.texts.contains_key(name) || self.files.contains_key(name)
    }
}
