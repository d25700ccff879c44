//! Keystores: JKS, JCEKS and PKCS#12 files, opened and listed.
//!
//! They come from people, so everything in them is hostile: sizes, counts and the work of key
//! derivations are limited before anything is done. JKS, JCEKS and the older ciphers of PKCS#12 are
//! weak; they are read at import and never written.

mod chain;
mod entry;
mod error;
mod export;
mod jceks_protection;
mod jks;
mod jks_protection;
mod modified_utf8;
mod passphrase;
mod pem;
mod pkcs12;
mod protection;
mod reader;
mod sealed_object;
mod work;

pub use self::entry::{EntryKind, KeyEntry, KeystoreEntry, TrustedCertificate};
pub use self::error::KeystoreError;
pub use self::export::{
    EXPORT_RANDOM_BYTES, ExportError, export_certificates_pem, export_encrypted_pem,
    export_key_pem, export_pem, export_pkcs12, export_trusted_pkcs12,
};
pub use self::pem::PemKeyError;

use std::fmt;

use self::chain::chain_of;
use self::entry::StoredKey;
use self::passphrase::Passphrase;
use self::protection::{Protected, ProtectionError};
use self::work::WorkBudget;
use crate::certificate::Certificate;
use crate::private_key::{PrivateKey, PrivateKeyError};

/// Largest keystore, in bytes.
pub const MAX_KEYSTORE_BYTES: usize = 1024 * 1024;
/// Most entries of a keystore; in PKCS#12 every certificate of a chain counts.
pub const MAX_KEYSTORE_ENTRIES: usize = 1000;

/// First byte of a DER SEQUENCE.
const DER_SEQUENCE: u8 = 0x30;

/// Which kind of keystore a file is: by what is in it, whatever its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeystoreFormat {
    /// Java's own, until version 8.
    Jks,
    /// The same with stronger key protection and with secret keys.
    Jceks,
    /// RFC 7292.
    Pkcs12,
}

impl KeystoreFormat {
    /// `JKS`, `JCEKS` or `PKCS12`: Java's names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jks => "JKS",
            Self::Jceks => "JCEKS",
            Self::Pkcs12 => "PKCS12",
        }
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            _ if bytes.starts_with(&jks::JKS_MAGIC) => Some(Self::Jks),
            _ if bytes.starts_with(&jks::JCEKS_MAGIC) => Some(Self::Jceks),
            [DER_SEQUENCE, ..] => Some(Self::Pkcs12),
            _ => None,
        }
    }
}

/// Whether the passphrase has shown that the file is as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// A digest or MAC over the whole file fits.
    Verified,
    /// The file has none (PKCS#12 only): whoever carried it could have changed it.
    NotProtected,
}

/// A keystore that was opened with its store passphrase. Private keys in it stay encrypted.
pub struct Keystore {
    format: KeystoreFormat,
    integrity: Integrity,
    entries: Vec<KeystoreEntry>,
    /// Certificates among which a private key without a chain may find its own.
    unclaimed: Vec<Certificate>,
}

impl Keystore {
    /// Opens a keystore of any of the three formats. An empty passphrase is also the one for a
    /// PKCS#12 file that has none; any other passphrase opens such a file never.
    ///
    /// Trusted certificates of a PKCS#12 file are those that Java has marked, or all if there is
    /// nothing else in it.
    ///
    /// # Errors
    /// Not a keystore, damaged, above a limit, the wrong passphrase, or something in it that cannot
    /// be read.
    pub fn open(bytes: &[u8], store_passphrase: &str) -> Result<Self, KeystoreError> {
        if bytes.len() > MAX_KEYSTORE_BYTES {
            return Err(KeystoreError::TooLarge {
                bytes: bytes.len(),
                limit: MAX_KEYSTORE_BYTES,
            });
        }
        match KeystoreFormat::of(bytes).ok_or(KeystoreError::NotAKeystore)? {
            KeystoreFormat::Pkcs12 => pkcs12::open(bytes, store_passphrase),
            java => jks::open(java, bytes, store_passphrase),
        }
    }

    /// Which kind of keystore it is.
    pub fn format(&self) -> KeystoreFormat {
        self.format
    }

    /// Whether the file is protected against changes.
    pub fn integrity(&self) -> Integrity {
        self.integrity
    }

    /// What is in it. Keys first in PKCS#12, in the order of the file otherwise.
    pub fn entries(&self) -> &[KeystoreEntry] {
        &self.entries
    }

    /// Certificates that somebody trusts, in order. The chains of private keys are not among them.
    pub fn trusted_certificates(&self) -> Vec<TrustedCertificate> {
        let trusted = self.entries.iter();
        let trusted = trusted.filter(|entry| entry.kind == EntryKind::TrustedCertificate);
        let listed = trusted.flat_map(|entry| {
            let certificates = entry.certificates.iter();
            certificates.map(|certificate| TrustedCertificate {
                alias: entry.alias.clone(),
                certificate: certificate.clone(),
            })
        });
        listed.collect()
    }

    /// Decrypts one private key. In PKCS#12 its passphrase is nearly always the one of the store. An
    /// alias is found in any case, as in Java, if it is not ambiguous.
    ///
    /// # Errors
    /// No such entry, not a private key, the wrong passphrase, too much work, a key without a
    /// certificate, or with one that is not its own.
    pub fn private_key(
        &self,
        alias: &str,
        key_passphrase: &str,
    ) -> Result<KeyEntry, KeystoreError> {
        let entry = self.find(alias)?;
        let alias = || entry.alias.clone();
        let stored = entry.key.as_ref();
        let stored = stored.ok_or_else(|| KeystoreError::NotAKey { alias: alias() })?;
        let without_certificate = || KeystoreError::KeyWithoutCertificate { alias: alias() };
        if entry.certificates.is_empty() && self.unclaimed.is_empty() {
            return Err(without_certificate());
        }
        let key = stored
            .open(Passphrase::new(key_passphrase)?)
            .map_err(|error| error.of_entry(alias()))?;
        if let Some(leaf) = entry.certificates.first() {
            if leaf.spki_sha256() != key.spki_sha256() {
                return Err(KeystoreError::KeyMismatch {
                    alias: alias(),
                    subject: leaf.subject().to_owned(),
                });
            }
            let chain = entry.certificates.clone();
            return Ok(KeyEntry { key, chain });
        }
        let pool: Vec<_> = self.unclaimed.iter().collect();
        let own = |certificate: &&Certificate| certificate.spki_sha256() == key.spki_sha256();
        let leaf = self
            .unclaimed
            .iter()
            .find(own)
            .ok_or_else(without_certificate)?;
        Ok(KeyEntry {
            chain: chain_of(leaf, &pool),
            key,
        })
    }

    fn find(&self, alias: &str) -> Result<&KeystoreEntry, KeystoreError> {
        let exact = self.entries.iter().find(|entry| entry.alias == alias);
        let lower = alias.to_lowercase();
        let mut similar = self.entries.iter();
        let mut similar = similar
            .by_ref()
            .filter(|entry| entry.alias.to_lowercase() == lower);
        let only = similar.next().filter(|_| similar.next().is_none());
        exact.or(only).ok_or_else(|| KeystoreError::NoSuchAlias {
            alias: alias.to_owned(),
            known: self
                .entries
                .iter()
                .map(|entry| entry.alias.clone())
                .collect(),
        })
    }
}

impl fmt::Debug for Keystore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keystore")
            .field("format", &self.format)
            .field("integrity", &self.integrity)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

/// Why a stored key is not one that can be used.
enum StoredKeyError {
    Protection(ProtectionError),
    Key(PrivateKeyError),
}

impl StoredKeyError {
    fn of_entry(self, alias: String) -> KeystoreError {
        match self {
            Self::Protection(ProtectionError::WrongPassphrase) => {
                KeystoreError::WrongKeyPassphrase { alias }
            }
            Self::Protection(ProtectionError::Other(error)) => error,
            Self::Key(error) => KeystoreError::Key { alias, error },
        }
    }
}

impl StoredKey {
    fn open(&self, passphrase: Passphrase<'_>) -> Result<PrivateKey, StoredKeyError> {
        let der = match self {
            Self::Plain(der) => {
                return PrivateKey::from_pkcs8(der.clone()).map_err(StoredKeyError::Key);
            }
            Self::Protected(der) => der,
        };
        let protected = Protected::key_from_der(der)
            .map_err(|error| StoredKeyError::Protection(error.into()))?;
        let mut wrong = ProtectionError::WrongPassphrase;
        for form in passphrase.forms() {
            let decrypted = protected.decrypt(form, &mut WorkBudget::new());
            // Padding that looks right by chance leaves something that is no key.
            match decrypted.map(PrivateKey::from_pkcs8) {
                Ok(Ok(key)) => return Ok(key),
                Ok(Err(PrivateKeyError::Malformed)) if !protected.proves_passphrase() => {}
                Ok(Err(other)) => return Err(StoredKeyError::Key(other)),
                Err(ProtectionError::WrongPassphrase) => {}
                Err(other) => wrong = other,
            }
        }
        Err(StoredKeyError::Protection(wrong))
    }
}
