//! What is exported is read again, by ourselves. `keytool.rs` has OpenSSL and Java read it.

use sallyport_pki::{
    EXPORT_RANDOM_BYTES, EntryKind, ExportError, Integrity, KeyEntry, Keystore, KeystoreError,
    PemKeyError, PrivateKeyError, export_encrypted_pem, export_pem, export_pkcs12,
};

const RANDOM: [u8; EXPORT_RANDOM_BYTES] = [7; EXPORT_RANDOM_BYTES];
const PASSPHRASE: &str = "pässphrase-日本";

fn entry(alias: &str) -> KeyEntry {
    let store = include_bytes!("../fixtures/keystores/java.p12");
    let store = Keystore::open(store, "Store-pass1").unwrap();
    store.private_key(alias, "Store-pass1").unwrap()
}

fn exported(entry: &KeyEntry, alias: &str) -> Vec<u8> {
    export_pkcs12(&entry.chain, &entry.key, alias, PASSPHRASE, &RANDOM).unwrap()
}

#[test]
fn an_exported_keystore_opens_with_its_passphrase_only() {
    for name in ["leaf", "ed25519"] {
        let entry = entry(name);
        let bytes = exported(&entry, "Ünïcode 🔑");
        let keystore = Keystore::open(&bytes, PASSPHRASE).unwrap();
        assert_eq!(keystore.integrity(), Integrity::Verified);
        let listed = &keystore.entries()[0];
        assert_eq!(
            (listed.alias(), listed.kind()),
            ("Ünïcode 🔑", EntryKind::PrivateKey)
        );
        assert_eq!(
            (keystore.entries().len(), listed.certificates()),
            (1, &*entry.chain)
        );
        let read = keystore.private_key("Ünïcode 🔑", PASSPHRASE).unwrap();
        assert_eq!(read.key.pkcs8_der(), entry.key.pkcs8_der());
        assert_eq!(
            Keystore::open(&bytes, "x").err(),
            Some(KeystoreError::WrongPassphrase)
        );
    }
}

#[test]
fn the_key_of_an_exported_keystore_is_not_in_it() {
    let entry = entry("leaf");
    let bytes = exported(&entry, "leaf");
    let secret = &entry.key.pkcs8_der()[30..60];
    assert!(!bytes.windows(secret.len()).any(|window| window == secret));
}

#[test]
fn an_export_differs_with_its_randomness_only() {
    let entry = entry("leaf");
    let first = exported(&entry, "leaf");
    assert_eq!(first, exported(&entry, "leaf"));
    for changed in 0..EXPORT_RANDOM_BYTES {
        // One of each salt and vector is enough.
        if changed % 16 == 5 {
            let mut random = RANDOM;
            random[changed] ^= 1;
            let other = export_pkcs12(&entry.chain, &entry.key, "leaf", PASSPHRASE, &random);
            assert_ne!(other.unwrap(), first, "{changed}");
        }
    }
}

#[test]
fn an_exported_pem_file_is_read_again() {
    let entry = entry("leaf");
    let pem = export_pem(&entry.chain, &entry.key).unwrap();
    let read = KeyEntry::from_pem(pem.as_bytes(), None).unwrap();
    assert_eq!(read.chain, entry.chain);
    assert_eq!(read.key.pkcs8_der(), entry.key.pkcs8_der());

    let pem = export_encrypted_pem(&entry.chain, &entry.key, PASSPHRASE, &RANDOM).unwrap();
    let read = KeyEntry::from_pem(pem.as_bytes(), Some(PASSPHRASE)).unwrap();
    assert_eq!(read.chain, entry.chain);
    assert_eq!(read.key.pkcs8_der(), entry.key.pkcs8_der());
    let wrong = KeyEntry::from_pem(pem.as_bytes(), Some("x"));
    assert_eq!(
        wrong.err(),
        Some(PemKeyError::Key(PrivateKeyError::WrongPassphrase))
    );
}

#[test]
fn what_would_not_be_readable_or_not_protected_is_not_exported() {
    let (leaf, other) = (entry("leaf"), entry("ed25519"));
    let refusal = |chain, alias, passphrase| {
        export_pkcs12(chain, &leaf.key, alias, passphrase, &RANDOM).err()
    };
    let subject = "CN=ed25519,O=Fixtures".to_owned();
    let mismatch = Some(ExportError::KeyMismatch { subject });
    assert_eq!(refusal(&other.chain, "a", "x"), mismatch);
    assert_eq!(refusal(&[], "a", "x"), Some(ExportError::NoCertificate));
    assert_eq!(
        refusal(&leaf.chain, "a", ""),
        Some(ExportError::NoPassphrase)
    );
    let long = "x".repeat(1025);
    let limit = 1024;
    assert_eq!(
        refusal(&leaf.chain, "a", &long),
        Some(ExportError::PassphraseTooLong { limit })
    );
    for alias in ["", &"x".repeat(256)] {
        assert_eq!(
            refusal(&leaf.chain, alias, "x"),
            Some(ExportError::Alias { limit: 255 })
        );
    }
    assert_eq!(export_pem(&other.chain, &leaf.key).err(), mismatch);
    let encrypted = export_encrypted_pem(&leaf.chain, &leaf.key, "", &RANDOM);
    assert_eq!(encrypted.err(), Some(ExportError::NoPassphrase));
}
