//! PKCS#12 (RFC 7292), as OpenSSL, Windows and Java write it.

mod bags;
mod kdf;
mod mac;
pub(super) mod pbe;
mod pfx;
pub(super) mod write;

use self::bags::{Attributes, Bags};
use self::mac::StoreMac;
use self::pfx::{Pfx, Safe};
use super::chain::chain_of;
use super::entry::{Aliases, EntryKind, KeystoreEntry, StoredKey};
use super::error::KeystoreError;
use super::passphrase::Passphrase;
use super::protection::{Protected, ProtectionError};
use super::work::WorkBudget;
use super::{Integrity, Keystore, KeystoreFormat};
use crate::certificate::Certificate;

/// Opens a store. Bags are looked at when the MAC fits, if there is one.
pub(super) fn open(bytes: &[u8], passphrase: &str) -> Result<Keystore, KeystoreError> {
    let mut passphrase = Passphrase::new(passphrase)?;
    let mut budget = WorkBudget::new();
    let pfx = Pfx::read(bytes)?;
    let safes = pfx.safes()?;
    check_work(&pfx, &safes)?;
    if let Some(mac) = &pfx.mac {
        passphrase = mac.verify(pfx.content, passphrase, &mut budget)?;
    }
    let mut proven = pfx.mac.is_some();
    let mut bags = Bags::default();
    for safe in safes {
        match safe {
            Safe::Plain(contents) => bags.add(contents)?,
            Safe::Encrypted(protected) => {
                let contents = protected
                    .decrypt(passphrase, &mut budget)
                    .map_err(store_error)?;
                // Without a MAC, padding may look right by chance; content does not.
                bags.add(&contents).map_err(|error| match error {
                    KeystoreError::Malformed { .. } if !proven => KeystoreError::WrongPassphrase,
                    other => other,
                })?;
                proven = true;
            }
        }
    }
    if !proven {
        prove(passphrase, &bags, &mut budget)?;
    }
    Ok(bags.into_keystore(match pfx.mac {
        Some(_) => Integrity::Verified,
        None => Integrity::NotProtected,
    }))
}

/// Refuses too much work before any of it is done.
fn check_work(pfx: &Pfx<'_>, safes: &[Safe<'_>]) -> Result<(), KeystoreError> {
    let mut budget = WorkBudget::new();
    budget.spend(pfx.mac.as_ref().map_or(0, StoreMac::iterations))?;
    for safe in safes {
        match safe {
            Safe::Plain(_) => {}
            Safe::Encrypted(protected) => match protected.cost() {
                Ok(iterations) => budget.spend(iterations)?,
                // Said later, when the passphrase is known to be right.
                Err(KeystoreError::UnsupportedCipher { .. }) => {}
                Err(other) => return Err(other),
            },
        }
    }
    Ok(())
}

/// Neither a MAC nor an encrypted part has shown that the passphrase is right: one of the keys has
/// to. If there is nothing to show it, none may be given.
fn prove(
    passphrase: Passphrase<'_>,
    bags: &Bags,
    budget: &mut WorkBudget,
) -> Result<(), KeystoreError> {
    let mut protected = bags.keys.iter().filter_map(|(_, key)| match key {
        StoredKey::Protected(der) => Some(der),
        StoredKey::Plain(_) => None,
    });
    match protected.next() {
        Some(der) => Protected::key_from_der(der)?
            .decrypt(passphrase, budget)
            .map(|_| ())
            .map_err(store_error),
        None if passphrase.is_empty() => Ok(()),
        None => Err(KeystoreError::NotProtected),
    }
}

fn store_error(error: ProtectionError) -> KeystoreError {
    match error {
        ProtectionError::WrongPassphrase => KeystoreError::WrongPassphrase,
        ProtectionError::Other(error) => error,
    }
}

impl Bags {
    /// Keys with their chains, then trusted certificates, then secret keys.
    fn into_keystore(self, integrity: Integrity) -> Keystore {
        let pool: Vec<&Certificate> = self.by_trust().collect();
        let mut aliases = Aliases::default();
        let mut entries = Vec::new();
        for (attributes, key) in &self.keys {
            let leaf = self.leaf_of(attributes);
            let chain = leaf.map_or_else(Vec::new, |leaf| chain_of(leaf, &pool));
            let name = attributes.friendly_name.clone();
            let name = name.or_else(|| Some(leaf?.subject().to_owned()));
            entries.push(KeystoreEntry {
                alias: aliases.unique(name.unwrap_or_else(|| "key".to_owned())),
                kind: EntryKind::PrivateKey,
                certificates: chain,
                key: Some(key.clone()),
            });
        }
        for (attributes, certificate) in self.trusted() {
            let name = attributes.friendly_name.clone();
            let name = name.unwrap_or_else(|| certificate.subject().to_owned());
            entries.push(KeystoreEntry {
                alias: aliases.unique(name),
                kind: EntryKind::TrustedCertificate,
                certificates: vec![certificate.clone()],
                key: None,
            });
        }
        for attributes in &self.secret_keys {
            let name = attributes.friendly_name.clone();
            entries.push(KeystoreEntry {
                alias: aliases.unique(name.unwrap_or_else(|| "secret key".to_owned())),
                kind: EntryKind::SecretKey,
                certificates: Vec::new(),
                key: None,
            });
        }
        Keystore {
            format: KeystoreFormat::Pkcs12,
            integrity,
            entries,
            unclaimed: pool.into_iter().cloned().collect(),
        }
    }

    /// All certificates, those that are not marked as trusted first: Java repeats a trusted one that
    /// is also part of a chain.
    fn by_trust(&self) -> impl Iterator<Item = &Certificate> {
        let marked = |wanted| {
            let all = self.certificates.iter();
            all.filter(move |(attributes, _)| attributes.trusted == wanted)
        };
        marked(false)
            .chain(marked(true))
            .map(|(_, certificate)| certificate)
    }

    /// The certificate that says that it is the key's.
    fn leaf_of(&self, key: &Attributes) -> Option<&Certificate> {
        let same_id = |(other, _): &&(Attributes, Certificate)| {
            key.local_key_id.is_some() && other.local_key_id == key.local_key_id
        };
        let same_name = |(other, _): &&(Attributes, Certificate)| {
            key.local_key_id.is_none()
                && key.friendly_name.is_some()
                && other.friendly_name == key.friendly_name
        };
        let all = || self.certificates.iter();
        let found = all().find(same_id).or_else(|| all().find(same_name));
        found.map(|(_, certificate)| certificate)
    }

    /// Certificates that Java marked as trusted; all of them if the store has nothing else, which is
    /// how OpenSSL writes a truststore.
    fn trusted(&self) -> impl Iterator<Item = &(Attributes, Certificate)> {
        let only_certificates = self.keys.is_empty()
            && !self
                .certificates
                .iter()
                .any(|(attributes, _)| attributes.trusted);
        let of_a_key = |id: &Option<Vec<u8>>| {
            id.is_some() && self.keys.iter().any(|(key, _)| key.local_key_id == *id)
        };
        self.certificates.iter().filter(move |(attributes, _)| {
            only_certificates || (attributes.trusted && !of_a_key(&attributes.local_key_id))
        })
    }
}
