//! JKS and JCEKS stores by hand: their digests fit, their contents lie.

use proptest::prelude::*;
use sallyport_pki::{Keystore, KeystoreError, MAX_KEYSTORE_ENTRIES};
use sha1::{Digest as _, Sha1};

const JKS: u32 = 0xfeed_feed;
const JCEKS: u32 = 0xcece_cece;
const STORE: &str = "Store-pass1";

macro_rules! fixtures {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../fixtures/keystores/", $name)).as_slice())),*]
    };
}

const GOOD: [(&str, &[u8]); 4] = fixtures![
    "java-trust.jks",
    "java-mismatch.jks",
    "java-equal-salt.jceks",
    "java.jceks",
];

fn refusal(bytes: &[u8], passphrase: &str) -> KeystoreError {
    Keystore::open(bytes, passphrase).err().unwrap()
}

fn malformed(bytes: &[u8], passphrase: &str) -> bool {
    matches!(
        refusal(bytes, passphrase),
        KeystoreError::Malformed { .. } | KeystoreError::Truncated { .. }
    )
}

/// A JKS or JCEKS store whose digest fits, whatever is in it.
fn java(magic: u32, version: u32, count: u32, entries: &[u8]) -> Vec<u8> {
    let header = [magic, version, count].map(u32::to_be_bytes).concat();
    let body = [&header, entries].concat();
    let digest = Sha1::new_with_prefix(utf16(STORE))
        .chain_update(b"Mighty Aphrodite")
        .chain_update(&body)
        .finalize();
    [&body[..], &digest[..]].concat()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn entry(tag: u32, alias: &[u8], content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(alias.len()).unwrap();
    [
        &tag.to_be_bytes()[..],
        &length.to_be_bytes(),
        alias,
        &[0; 8],
        content,
    ]
    .concat()
}

fn block32(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    [&length.to_be_bytes()[..], content].concat()
}

fn certificate(der: &[u8]) -> Vec<u8> {
    [&[0, 5][..], b"X.509", &block32(der)].concat()
}

#[test]
fn java_counts_and_lengths_are_not_believed() {
    let huge = u32::MAX.to_be_bytes();
    let chain = [block32(b""), huge.to_vec()].concat();
    for entries in [
        entry(1, b"a", &huge),
        entry(1, b"a", &chain),
        entry(2, b"a", &huge),
    ] {
        for magic in [JKS, JCEKS] {
            for version in [1, 2] {
                let bytes = java(magic, version, 1, &entries);
                assert!(bytes.len() < 60 && Keystore::open(&bytes, STORE).is_err());
                // The same without a digest that fits.
                assert!(Keystore::open(&bytes, "x").is_err());
            }
        }
    }
    for count in [1, 1000, u32::MAX] {
        assert!(malformed(&java(JKS, 2, count, &[]), STORE), "{count}");
    }
    assert!(malformed(&JKS.to_be_bytes(), ""));
}

#[test]
fn java_structures_that_no_java_writes_are_malformed() {
    let trusted = |alias: &[u8]| entry(2, alias, &certificate(b"no certificate"));
    for bytes in [
        java(JKS, 0, 0, &[]),
        java(JKS, 3, 0, &[]),
        java(JKS, 2, 0, &[0]),
        java(JKS, 2, 1, &entry(0, b"a", b"1234")),
        java(JKS, 2, 1, &entry(4, b"a", b"1234")),
        // A secret key is for JCEKS.
        java(JKS, 2, 1, &entry(3, b"a", &[0xac, 0xed, 0, 5])),
        java(JCEKS, 2, 1, &entry(3, b"a", &[0xac, 0xed, 0, 5])),
        java(JKS, 2, 1, &trusted(&[0xff])),
        java(JKS, 2, 1, &trusted(&[0])),
    ] {
        assert!(malformed(&bytes, STORE), "{bytes:02x?}");
    }
    let alias = "a".to_owned();
    assert!(matches!(
        refusal(&java(JKS, 2, 1, &trusted(b"a")), STORE),
        KeystoreError::Certificate { alias: found, .. } if found == alias
    ));
    let pgp = [&[0, 3][..], b"PGP", &block32(b"x")].concat();
    assert!(matches!(
        refusal(&java(JKS, 2, 1, &entry(2, b"a", &pgp)), STORE),
        KeystoreError::Unsupported { oid, .. } if oid == "PGP"
    ));
    let long = [
        block32(b""),
        21_u32.to_be_bytes().to_vec(),
        certificate(b"x").repeat(21),
    ]
    .concat();
    assert_eq!(
        refusal(&java(JKS, 2, 1, &entry(1, b"a", &long)), STORE),
        KeystoreError::ChainTooLong { alias, limit: 20 }
    );
}

#[test]
fn more_entries_than_anybody_has_are_refused() {
    let count = MAX_KEYSTORE_ENTRIES + 1;
    let limit = MAX_KEYSTORE_ENTRIES;
    let entries = entry(2, b"", &certificate(b"")).repeat(count);
    let bytes = java(JKS, 2, u32::try_from(count).unwrap(), &entries);
    assert_eq!(
        refusal(&bytes, STORE),
        KeystoreError::TooManyEntries { limit }
    );
}

#[test]
fn only_sealed_objects_are_passed_over() {
    let bytes = fixtures!["java.jceks"][0].1;
    let body = &bytes[12..bytes.len() - 20];
    let count = u32::from_be_bytes(bytes[8..12].try_into().unwrap());
    assert!(Keystore::open(&java(JCEKS, 2, count, body), STORE).is_ok());
    let class = b"com.sun.crypto.provider.SealedObjectForKeyProtector";
    let at = body
        .windows(class.len())
        .position(|window| window == class)
        .unwrap();
    // Another class; a class with a method of its own; a type that is no field's; another object.
    for (position, byte) in [
        (at, b'x'),
        (at + class.len() + 8, 3),
        (at - 4, 0x7e),
        (at - 8, 0),
    ] {
        let mut changed = body.to_vec();
        changed[position] = byte;
        assert!(
            malformed(&java(JCEKS, 2, count, &changed), STORE),
            "{position}"
        );
    }
    // Class descriptions without end.
    let class = [
        &[0x72][..],
        &[0, 51],
        class,
        &[0; 8],
        &[2],
        &[0, 0],
        &[0x78],
    ]
    .concat();
    let nested = [&[0xac, 0xed, 0, 5, 0x73][..], &class.repeat(10_000)].concat();
    assert!(malformed(
        &java(JCEKS, 2, 1, &entry(3, b"a", &nested)),
        STORE
    ));
}

proptest! {
    #[test]
    fn damaged_entries_under_a_digest_that_fits_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        which in prop::sample::select(vec![(JKS, 0), (JKS, 1), (JCEKS, 2), (JCEKS, 3)]),
    ) {
        let (magic, which) = which;
        let (_, bytes) = GOOD[which];
        let mut body = bytes[12..bytes.len() - 20].to_vec();
        for (index, byte) in &changes {
            let length = body.len();
            body[index.index(length)] = *byte;
        }
        let count = u32::from_be_bytes(bytes[8..12].try_into().unwrap());
        if let Ok(keystore) = Keystore::open(&java(magic, 2, count, &body), STORE) {
            // keytool's JCEKS keys take 200,000 iterations: not here.
            for entry in keystore.entries().iter().filter(|_| which != 3) {
                let _ = keystore.private_key(entry.alias(), "Key-pass22");
            }
        }
    }
}
