//! Files that are uploaded: PEM and keystores.

use std::path::Path;

use sallyport_model::StoreType;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::private_file;
use crate::request::{Content, Part};

const LIMIT: u64 = 1024 * 1024;

/// A local file, in memory that is zeroed when dropped.
pub(crate) struct UploadFile {
    name: String,
    bytes: Zeroizing<Vec<u8>>,
}

/// What a PEM file must hold (RFC 7468).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PemLabel {
    Certificate,
    /// Also encrypted, PKCS#1 and SEC1.
    PrivateKey,
}

impl UploadFile {
    /// Reads a file of at most 1 MiB.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            name: upload_name(path),
            bytes: private_file::read(path, LIMIT)?,
        })
    }

    /// Reads a PEM file of at most 1 MiB.
    ///
    /// # Errors
    /// Also if it obviously holds something else: files are easily mixed up, the vault checks the
    /// rest.
    pub(crate) fn read_pem(path: &Path, label: PemLabel) -> Result<Self, Error> {
        let file = Self::read(path)?;
        file.check_pem(path, label)?;
        Ok(file)
    }

    /// Reads a file with certificates and says what it is: `given`, or what its first bytes say.
    ///
    /// # Errors
    /// Like [`UploadFile::read_pem`] if it is PEM.
    pub(crate) fn read_certificates(
        path: &Path,
        given: Option<StoreType>,
    ) -> Result<(Self, StoreType), Error> {
        let file = Self::read(path)?;
        let store_type = match given {
            Some(given) => given,
            None => file.store_type(path)?,
        };
        if store_type == StoreType::Pem {
            file.check_pem(path, PemLabel::Certificate)?;
        }
        Ok((file, store_type))
    }

    /// Whether there is a block with this label; `path` is for the error.
    /// A PEM certificate as text. What lies beside it in the file, a key above all, stays here.
    pub(crate) fn certificate_text(path: &Path) -> Result<String, Error> {
        const END: &str = "-----END CERTIFICATE-----";
        let file = Self::read_pem(path, PemLabel::Certificate)?;
        let text = String::from_utf8_lossy(&file.bytes);
        let (_, text) = text
            .split_once("-----BEGIN CERTIFICATE-----")
            .unwrap_or(("", ""));
        let (base64, _) = text.split_once(END).unwrap_or((text, ""));
        Ok(format!("-----BEGIN CERTIFICATE-----{base64}{END}\n"))
    }

    fn check_pem(&self, path: &Path, label: PemLabel) -> Result<(), Error> {
        let (end_of_label, what) = match label {
            PemLabel::Certificate => ("-----BEGIN CERTIFICATE-----", "certificate"),
            PemLabel::PrivateKey => ("PRIVATE KEY-----", "private key"),
        };
        if self.holds(end_of_label.as_bytes()) {
            return Ok(());
        }
        Err(Error::FileSyntax {
            path: path.to_owned(),
            reason: format!("it holds no {what} in PEM"),
        })
    }

    fn holds(&self, needle: &[u8]) -> bool {
        self.bytes
            .windows(needle.len())
            .any(|window| window == needle)
    }

    /// The file as a part of a form.
    pub(crate) fn part(self, name: &'static str) -> Part {
        Part {
            name,
            content: Content::File(self.name, self.bytes),
        }
    }

    /// What kind of store it is, by its first bytes, and PEM if there is a block of any label;
    /// `path` is for the error.
    ///
    /// # Errors
    /// None of them.
    pub(crate) fn store_type(&self, path: &Path) -> Result<StoreType, Error> {
        match self.bytes.as_slice() {
            [0xfe, 0xed, 0xfe, 0xed, ..] => Ok(StoreType::Jks),
            [0xce, 0xce, 0xce, 0xce, ..] => Ok(StoreType::Jceks),
            // A DER SEQUENCE (PKCS#12 is RFC 7292 section 4).
            [0x30, ..] => Ok(StoreType::Pkcs12),
            _ if self.holds(b"-----BEGIN ") => Ok(StoreType::Pem),
            _ => Err(Error::FileSyntax {
                path: path.to_owned(),
                reason: "by its first bytes it is neither JKS nor JCEKS nor PKCS#12, and it holds \
                         nothing in PEM"
                    .to_owned(),
            }),
        }
    }

    /// Whether it holds a private key that needs a passphrase (RFC 7468 section 11, RFC 1421).
    pub(crate) fn is_encrypted_key(&self) -> bool {
        self.holds(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
            || self.holds(b"Proc-Type: 4,ENCRYPTED")
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
    fn a_store_is_known_by_its_first_bytes() {
        let kind = |bytes: &[u8]| {
            let file = UploadFile {
                name: String::new(),
                bytes: Zeroizing::new(bytes.to_vec()),
            };
            file.store_type(Path::new("x")).ok()
        };
        assert_eq!(kind(b"\xfe\xed\xfe\xed\0\0\0\x02"), Some(StoreType::Jks));
        assert_eq!(kind(b"\xce\xce\xce\xce\0\0\0\x02"), Some(StoreType::Jceks));
        assert_eq!(kind(b"\x30\x82\x01"), Some(StoreType::Pkcs12));
        assert_eq!(kind(b"-----BEGIN CERTIFICATE-----"), Some(StoreType::Pem));
        for other in [b"".as_slice(), b"PK\x03\x04", b"words"] {
            assert_eq!(kind(other), None);
        }
    }

    #[test]
    fn encrypted_keys_are_recognised_in_both_forms() {
        let key = |text: &str| UploadFile {
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
