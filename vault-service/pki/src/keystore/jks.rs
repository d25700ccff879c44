//! JKS and JCEKS, Java's older keystores: one container, two ways of protecting the keys in it.
//!
//! There is no specification but `sun.security.provider.JavaKeyStore`: a list of entries and a
//! digest over passphrase and list. Nothing is encrypted but the private keys.

use sha1::Sha1;
use sha2::Digest as _;
use subtle::ConstantTimeEq as _;

use super::chain::MAX_CHAIN;
use super::entry::{Aliases, EntryKind, KeystoreEntry, StoredKey};
use super::error::KeystoreError;
use super::passphrase::Passphrase;
use super::protection::{MAX_KEY_BYTES, malformed};
use super::reader::Reader;
use super::{Integrity, Keystore, KeystoreFormat, MAX_KEYSTORE_ENTRIES};
use super::{modified_utf8, sealed_object};
use crate::certificate::Certificate;

pub(super) const JKS_MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
pub(super) const JCEKS_MAGIC: [u8; 4] = [0xce, 0xce, 0xce, 0xce];

/// Sun's salt of the digest.
const WHITENER: &[u8] = b"Mighty Aphrodite";
const DIGEST_BYTES: usize = 20;
/// Magic, version and number of entries.
const HEADER_BYTES: usize = 12;
/// Tag, empty alias, date, and the length of something.
const SMALLEST_ENTRY: usize = 4 + 2 + 8 + 4;
const DATE_BYTES: usize = 8;

/// Opens a store. Nothing in it is used before its digest fits.
pub(super) fn open(
    format: KeystoreFormat,
    bytes: &[u8],
    passphrase: &str,
) -> Result<Keystore, KeystoreError> {
    let passphrase = Passphrase::new(passphrase)?;
    if bytes.len() < HEADER_BYTES + DIGEST_BYTES {
        return Err(KeystoreError::Truncated {
            offset: bytes.len(),
        });
    }
    let (body, digest) = bytes.split_at(bytes.len() - DIGEST_BYTES);
    if !digest_fits(body, digest, passphrase) {
        // A file that was cut off has no digest at its end: that is not a wrong passphrase.
        return Err(match walk(format, body, &mut Ignore) {
            Ok(()) => KeystoreError::WrongPassphrase,
            Err(structural) => structural,
        });
    }
    let mut entries = Entries::default();
    walk(format, body, &mut entries)?;
    Ok(Keystore {
        format,
        integrity: Integrity::Verified,
        entries: entries.list,
        unclaimed: Vec::new(),
    })
}

fn digest_fits(body: &[u8], digest: &[u8], passphrase: Passphrase<'_>) -> bool {
    let sha1 = Sha1::new_with_prefix(&*passphrase.utf16())
        .chain_update(WHITENER)
        .chain_update(body)
        .finalize();
    sha1.as_slice().ct_eq(digest).into()
}

/// What is done with the entries that are found.
trait Visitor {
    fn private_key(
        &mut self,
        alias: &[u8],
        key: &[u8],
        chain: &[&[u8]],
    ) -> Result<(), KeystoreError>;
    fn certificate(&mut self, alias: &[u8], certificate: &[u8]) -> Result<(), KeystoreError>;
    fn secret_key(&mut self, alias: &[u8]) -> Result<(), KeystoreError>;
}

/// Reads the structure, to the last byte.
fn walk(
    format: KeystoreFormat,
    body: &[u8],
    visitor: &mut impl Visitor,
) -> Result<(), KeystoreError> {
    let mut reader = Reader::new(body);
    reader.u32()?;
    let version = reader.u32()?;
    if !(1..=2).contains(&version) {
        return Err(malformed("the version is neither 1 nor 2"));
    }
    let count = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
    if count > reader.remaining() / SMALLEST_ENTRY {
        return Err(malformed(
            "it says that it has more entries than fit into it",
        ));
    }
    if count > MAX_KEYSTORE_ENTRIES {
        return Err(KeystoreError::TooManyEntries {
            limit: MAX_KEYSTORE_ENTRIES,
        });
    }
    for _ in 0..count {
        let tag = reader.u32()?;
        let alias = reader.block16()?;
        reader.take(DATE_BYTES)?;
        match (tag, format) {
            (1, _) => {
                let key = reader.block32()?;
                let chain = chain(&mut reader, version, alias)?;
                visitor.private_key(alias, key, &chain)?;
            }
            (2, _) => visitor.certificate(alias, certificate(&mut reader, version)?)?,
            (3, KeystoreFormat::Jceks) => {
                sealed_object::skip(&mut reader)?;
                visitor.secret_key(alias)?;
            }
            _ => return Err(malformed("an entry of an unknown kind")),
        }
    }
    match reader.remaining() {
        0 => Ok(()),
        _ => Err(malformed("something follows the last entry")),
    }
}

fn chain<'a>(
    reader: &mut Reader<'a>,
    version: u32,
    alias: &[u8],
) -> Result<Vec<&'a [u8]>, KeystoreError> {
    let length = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
    if length > MAX_CHAIN {
        return Err(KeystoreError::ChainTooLong {
            alias: alias_text(alias)?,
            limit: MAX_CHAIN,
        });
    }
    (0..length).map(|_| certificate(reader, version)).collect()
}

fn certificate<'a>(reader: &mut Reader<'a>, version: u32) -> Result<&'a [u8], KeystoreError> {
    // Version 1 has certificates of one kind only.
    if version == 2 {
        let kind = reader.block16()?;
        if kind != b"X.509" && kind != b"X509" {
            return Err(KeystoreError::Unsupported {
                what: "a certificate",
                oid: String::from_utf8_lossy(kind).chars().take(64).collect(),
            });
        }
    }
    reader.block32()
}

fn alias_text(alias: &[u8]) -> Result<String, KeystoreError> {
    modified_utf8::decode(alias).ok_or_else(|| malformed("an alias is not modified UTF-8"))
}

/// Reads the structure only.
struct Ignore;

impl Visitor for Ignore {
    fn private_key(&mut self, _: &[u8], _: &[u8], _: &[&[u8]]) -> Result<(), KeystoreError> {
        Ok(())
    }

    fn certificate(&mut self, _: &[u8], _: &[u8]) -> Result<(), KeystoreError> {
        Ok(())
    }

    fn secret_key(&mut self, _: &[u8]) -> Result<(), KeystoreError> {
        Ok(())
    }
}

/// Takes everything.
#[derive(Default)]
struct Entries {
    list: Vec<KeystoreEntry>,
    aliases: Aliases,
}

impl Entries {
    fn push(
        &mut self,
        alias: &[u8],
        kind: EntryKind,
        certificates: &[&[u8]],
        key: Option<StoredKey>,
    ) -> Result<(), KeystoreError> {
        let alias = self.aliases.unique(alias_text(alias)?);
        let read = |der: &&[u8]| {
            Certificate::from_der(der).map_err(|error| KeystoreError::Certificate {
                alias: alias.clone(),
                error,
            })
        };
        let certificates = certificates.iter().map(read).collect::<Result<_, _>>()?;
        self.list.push(KeystoreEntry {
            alias,
            kind,
            certificates,
            key,
        });
        Ok(())
    }
}

impl Visitor for Entries {
    fn private_key(
        &mut self,
        alias: &[u8],
        key: &[u8],
        chain: &[&[u8]],
    ) -> Result<(), KeystoreError> {
        if key.len() > MAX_KEY_BYTES {
            return Err(malformed("a private key is too large"));
        }
        let key = StoredKey::Protected(key.to_vec());
        self.push(alias, EntryKind::PrivateKey, chain, Some(key))
    }

    fn certificate(&mut self, alias: &[u8], certificate: &[u8]) -> Result<(), KeystoreError> {
        self.push(alias, EntryKind::TrustedCertificate, &[certificate], None)
    }

    fn secret_key(&mut self, alias: &[u8]) -> Result<(), KeystoreError> {
        self.push(alias, EntryKind::SecretKey, &[], None)
    }
}
