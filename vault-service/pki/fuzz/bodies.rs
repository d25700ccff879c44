//! What the fuzz targets call, one function per parser. `tests/fuzz_bodies.rs` runs the same over
//! the fixtures and over damaged fixtures, so that nothing in here can rot.
//!
//! A digest or MAC keeps a fuzzer out of everything behind it, so the stores are also tried with one
//! that fits, or without.

#![allow(dead_code, reason = "each fuzz target calls one of them")]

use sallyport_pki::{
    Certificate, EntryKind, KeyEntry, Keystore, MAX_KEYSTORE_ENTRIES, PrivateKey,
    certificates_from_pem, export_pem,
};
use sha1::{Digest as _, Sha1};

/// The store passphrase of the fixtures, and no passphrase.
const STORES: [&str; 2] = ["Store-pass1", ""];
/// The key passphrases of the fixtures.
const KEYS: [&str; 2] = ["Key-pass22", "Store-pass1"];

pub(crate) fn certificate(data: &[u8]) {
    if let Ok(certificate) = Certificate::from_der(data) {
        assert_eq!(certificate.der(), data);
        assert!(!certificate.details().serial_number.is_empty());
    }
}

pub(crate) fn pem_bundle(data: &[u8]) {
    if let Ok(certificates) = certificates_from_pem(data) {
        assert!(!certificates.is_empty());
    }
    if let Ok(entry) = KeyEntry::from_pem(data, Some(KEYS[0])) {
        assert_entry(&entry);
    }
}

pub(crate) fn private_key(data: &[u8]) {
    let _ = PrivateKey::from_pem(data, Some(KEYS[0]));
    let _ = PrivateKey::from_pem(data, None);
    if let Ok(key) = PrivateKey::from_pkcs8(data.to_vec().into()) {
        assert_eq!(key.pkcs8_der(), data);
    }
}

pub(crate) fn jks(data: &[u8]) {
    java([0xfe, 0xed, 0xfe, 0xed], data);
}

pub(crate) fn jceks(data: &[u8]) {
    java([0xce; 4], data);
}

/// A store as it is, and anything with a digest that fits.
fn java(magic: [u8; 4], data: &[u8]) {
    if data.starts_with(&magic) {
        keystore(data);
    }
    let body = data.len().saturating_sub(20);
    let body = data.get(magic.len()..body).unwrap_or_default();
    let passphrase: Vec<u8> = STORES[0]
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let digest = Sha1::new_with_prefix(passphrase)
        .chain_update(b"Mighty Aphrodite")
        .chain_update(magic)
        .chain_update(body)
        .finalize();
    keystore(&[&magic[..], body, &digest[..]].concat());
}

/// A store as it is, and as the list of parts of one that has no MAC.
pub(crate) fn pkcs12(data: &[u8]) {
    if data.starts_with(&[0x30]) {
        keystore(data);
    }
    let kind = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    let content = tlv(0xa0, &tlv(4, data));
    let info = tlv(0x30, &[&kind[..], &content].concat());
    keystore(&tlv(0x30, &[&[2, 1, 3][..], &info].concat()));
}

/// Tag, length, content.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut header = vec![tag];
    match *significant.as_slice() {
        [] => header.push(0),
        [short] if short < 0x80 => header.push(short),
        _ => {
            header.extend(u8::try_from(significant.len()).map(|count| 0x80 | count));
            header.extend(significant);
        }
    }
    header.extend(content);
    header
}

fn keystore(bytes: &[u8]) {
    for passphrase in STORES {
        let Ok(keystore) = Keystore::open(bytes, passphrase) else {
            continue;
        };
        assert!(keystore.entries().len() <= MAX_KEYSTORE_ENTRIES);
        assert!(keystore.trusted_certificates().len() <= keystore.entries().len());
        // A few are as good as a thousand, and each may take a second.
        for entry in keystore.entries().iter().take(4) {
            for key_passphrase in KEYS {
                if let Ok(key) = keystore.private_key(entry.alias(), key_passphrase) {
                    assert_eq!(entry.kind(), EntryKind::PrivateKey);
                    assert_entry(&key);
                }
            }
        }
    }
}

/// A key that was read has its certificate, and can be written.
fn assert_entry(entry: &KeyEntry) {
    let leaf = entry.chain.first().map(Certificate::spki_sha256);
    assert_eq!(leaf, Some(entry.key.spki_sha256()));
    let pem =
        export_pem(&entry.chain, &entry.key).map(|pem| KeyEntry::from_pem(pem.as_bytes(), None));
    assert!(matches!(pem, Ok(Ok(again)) if again.chain.first() == entry.chain.first()));
}
