//! PEM files that are uploaded.

use std::path::Path;

use zeroize::Zeroizing;

use crate::client::{Content, FormPart};
use crate::error::Error;
use crate::private_file;

const LIMIT: u64 = 1024 * 1024;

/// A local PEM file, in memory that is zeroed when dropped.
pub(crate) struct PemFile {
    name: String,
    bytes: Zeroizing<Vec<u8>>,
}

impl PemFile {
    /// Reads a file of at most 1 MiB.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            name: upload_name(path),
            bytes: private_file::read(path, LIMIT)?,
        })
    }

    /// The file as a part of a form.
    pub(crate) fn part(&self, name: &'static str) -> FormPart<'_> {
        FormPart {
            name,
            content: Content::File {
                name: &self.name,
                bytes: &self.bytes,
            },
        }
    }

    /// Whether it holds a private key that needs a passphrase (RFC 7468 section 11, RFC 1421).
    pub(crate) fn is_encrypted_key(&self) -> bool {
        let holds = |needle: &[u8]| {
            self.bytes
                .windows(needle.len())
                .any(|window| window == needle)
        };
        holds(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || holds(b"Proc-Type: 4,ENCRYPTED")
    }
}

/// The base name, if it can stand in a header unescaped.
fn upload_name(path: &Path) -> String {
    path.file_name()
        .and_then(|name| name.to_str())
        .filter(|name| {
            name.chars().all(|character| {
                character.is_ascii_graphic() && !matches!(character, '"' | '\\' | '%')
            })
        })
        .unwrap_or("file.pem")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_break_the_header_is_not_sent() {
        assert_eq!(upload_name(Path::new("a/leaf.pem")), "leaf.pem");
        for path in ["a/le\"af.pem", "a/le\r\naf.pem", "a/blätter.pem", ".."] {
            assert_eq!(upload_name(Path::new(path)), "file.pem", "{path}");
        }
    }

    #[test]
    fn encrypted_keys_are_recognised_in_both_forms() {
        let key = |text: &str| PemFile {
            name: String::new(),
            bytes: Zeroizing::new(text.into()),
        };
        assert!(key("-----BEGIN ENCRYPTED PRIVATE KEY-----\n").is_encrypted_key());
        assert!(
            key("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n").is_encrypted_key()
        );
        assert!(!key("-----BEGIN PRIVATE KEY-----\n").is_encrypted_key());
    }
}
