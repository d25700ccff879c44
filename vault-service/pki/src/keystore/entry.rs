//! One entry of a keystore.

use std::collections::HashSet;
use std::fmt;

use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::private_key::PrivateKey;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A private key with its certificate chain.
    PrivateKey,
    /// One certificate that somebody trusts.
    TrustedCertificate,
    /// A symmetric key. It is listed and never read.
    SecretKey,
}

/// An entry as it is listed. A private key in it stays encrypted until it is asked for.
pub struct KeystoreEntry {
    pub(super) alias: String,
    pub(super) kind: EntryKind,
    pub(super) certificates: Vec<Certificate>,
    pub(super) key: Option<StoredKey>,
}

/// A private key as it is in the file.
#[derive(Clone)]
pub(super) enum StoredKey {
    /// PKCS#8 EncryptedPrivateKeyInfo.
    Protected(Vec<u8>),
    /// PKCS#8 PrivateKeyInfo.
    Plain(Zeroizing<Vec<u8>>),
}

/// A certificate that somebody trusts, under its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedCertificate {
    /// The entry's alias.
    pub alias: String,
    /// The certificate, which may or may not be fit to be a trust anchor.
    pub certificate: Certificate,
}

/// A private key and the certificates that go with it.
pub struct KeyEntry {
    /// The key.
    pub key: PrivateKey,
    /// The certificate of the key, then its issuers as far as they are in the file. Never empty.
    pub chain: Vec<Certificate>,
}

impl KeystoreEntry {
    /// Name of the entry, unique in its keystore. Java writes it in lower case. An entry without a
    /// name (PKCS#12 only) goes by the subject of its certificate; a second one of the same name by
    /// `name#2`.
    pub fn alias(&self) -> &str {
        &self.alias
    }

    /// What the entry is.
    pub fn kind(&self) -> EntryKind {
        self.kind
    }

    /// The chain of a private key, the one trusted certificate, or none.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

impl fmt::Debug for KeystoreEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeystoreEntry")
            .field("alias", &self.alias)
            .field("kind", &self.kind)
            .field("certificates", &self.certificates)
            .finish_non_exhaustive()
    }
}

/// The aliases that are taken.
#[derive(Default)]
pub(super) struct Aliases(HashSet<String>);

impl Aliases {
    /// The name, or the first of `name#2`, `name#3` that is free.
    pub(super) fn unique(&mut self, name: String) -> String {
        let mut alias = name.clone();
        let mut number = 1;
        while !self.0.insert(alias.clone()) {
            number += 1;
            alias = format!("{name}#{number}");
        }
        alias
    }
}

#[cfg(test)]
mod tests {
    use super::Aliases;

    #[test]
    fn aliases_are_unique() {
        let mut aliases = Aliases::default();
        let names = ["a", "a", "b", "a#2", "a"].map(|name| aliases.unique(name.to_owned()));
        assert_eq!(names, ["a", "a#2", "b", "a#2#2", "a#3"]);
    }
}
