//! Good keystores, damaged: nothing may panic, and nothing that was changed may open.

use proptest::prelude::*;
use sallyport_pki::{Keystore, KeystoreError, MAX_KEYSTORE_BYTES};

const JKS: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
const JCEKS: [u8; 4] = [0xce; 4];
const STORE: &str = "Store-pass1";

macro_rules! fixtures {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../fixtures/keystores/", $name)).as_slice())),*]
    };
}

/// One of each format and of each way of protecting something.
const GOOD: [(&str, &[u8]); 8] = fixtures![
    "java-trust.jks",
    "java-mismatch.jks",
    "java-equal-salt.jceks",
    "java.jceks",
    "openssl-one-iteration.p12",
    "openssl-plain.p12",
    "openssl-certificates-only.p12",
    "openssl-3des.p12",
];

fn refusal(bytes: &[u8], passphrase: &str) -> KeystoreError {
    Keystore::open(bytes, passphrase).err().unwrap()
}

#[test]
fn sizes_are_limited() {
    for magic in [JKS, [0x30, 0x83, 0x10, 0]] {
        let mut bytes = vec![0; MAX_KEYSTORE_BYTES + 1];
        bytes[..4].copy_from_slice(&magic);
        assert_eq!(
            refusal(&bytes, STORE),
            KeystoreError::TooLarge {
                bytes: MAX_KEYSTORE_BYTES + 1,
                limit: MAX_KEYSTORE_BYTES
            }
        );
        let error = refusal(&bytes[..MAX_KEYSTORE_BYTES], STORE);
        assert!(!matches!(error, KeystoreError::TooLarge { .. }), "{error}");
    }
    let long = "x".repeat(1025);
    for (_, bytes) in GOOD {
        assert!(matches!(
            refusal(bytes, &long),
            KeystoreError::PassphraseTooLong {
                bytes: 1025,
                limit: 1024
            }
        ));
    }
    let keystore = Keystore::open(GOOD[1].1, STORE).unwrap();
    assert!(matches!(
        keystore.private_key("leaf", &long),
        Err(KeystoreError::PassphraseTooLong { .. })
    ));
}

#[test]
fn other_files_are_not_keystores() {
    let bks: &[u8] = &[0, 0, 0, 2, 0, 0, 0, 20];
    for bytes in [
        b"".as_slice(),
        b"\n",
        b"-----BEGIN CERTIFICATE-----",
        b"PK\x03\x04",
        bks,
    ] {
        assert_eq!(refusal(bytes, STORE), KeystoreError::NotAKeystore);
    }
}

#[test]
fn no_truncated_store_opens_or_is_blamed_on_the_passphrase() {
    for (name, bytes) in GOOD {
        for length in 1..bytes.len() {
            let error = refusal(&bytes[..length], STORE);
            let structural = matches!(
                error,
                KeystoreError::Truncated { .. }
                    | KeystoreError::Malformed { .. }
                    | KeystoreError::NotAKeystore
            );
            assert!(structural, "{name} {length}: {error}");
        }
    }
}

/// Aliases, kinds and certificates.
fn listing(keystore: &Keystore) -> String {
    format!("{:?}", keystore.entries())
}

proptest! {
    #[test]
    fn a_damaged_store_is_refused_or_says_the_same(
        which in 0..GOOD.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..4),
    ) {
        let (name, bytes) = GOOD[which];
        let mut damaged = bytes.to_vec();
        for (index, change) in &changes {
            damaged[index.index(bytes.len())] ^= change;
        }
        prop_assume!(damaged != bytes);
        if let Ok(keystore) = Keystore::open(&damaged, STORE) {
            // Not everything in a PKCS#12 file is under its MAC: the parameters of a digest are not.
            prop_assert!(name.ends_with(".p12"));
            prop_assert_eq!(listing(&keystore), listing(&Keystore::open(bytes, STORE).unwrap()));
        }
        let _ = Keystore::open(&damaged, "");
    }

    #[test]
    fn random_bytes_never_open(
        magic in prop::sample::select(vec![
            vec![], vec![0x30], vec![0x30, 0x82, 0x01, 0x00], JKS.to_vec(),
            JCEKS.to_vec(), [&JKS[..], &[0, 0, 0, 2, 0, 0, 0, 1]].concat(),
        ]),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        prop_assert!(Keystore::open(&[magic, bytes].concat(), STORE).is_err());
    }
}
