//! Keystores as OpenSSL and Java write them, and what is said about those that do not open. The
//! files are made by `fixtures/keystores/generate.sh`; their keys protect nothing.

use sallyport_pki::{
    Certificate, EntryKind, Integrity, KeyEntry, Keystore, KeystoreError, KeystoreFormat,
    certificates_from_pem,
};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../fixtures/keystores/", $name)).as_slice()
    };
}

const STORE: &str = "Store-pass1";
const KEY: &str = "Key-pass22";
const UNICODE: &str = "pässwörd-日本";

fn leaf_chain() -> Vec<Certificate> {
    certificates_from_pem(fixture!("leaf-chain.pem")).unwrap()
}

fn kinds(keystore: &Keystore) -> Vec<(&str, EntryKind)> {
    let entries = keystore.entries().iter();
    entries.map(|entry| (entry.alias(), entry.kind())).collect()
}

fn refusal(bytes: &[u8], passphrase: &str) -> KeystoreError {
    Keystore::open(bytes, passphrase).err().unwrap()
}

fn key_refusal(keystore: &Keystore, alias: &str, passphrase: &str) -> KeystoreError {
    keystore.private_key(alias, passphrase).err().unwrap()
}

/// Key and chain fit together and are those of a fixture.
fn assert_entry(entry: &KeyEntry, chain: &[Certificate], name: &str) {
    assert_eq!(entry.chain, chain, "{name}");
    assert_eq!(entry.key.spki_sha256(), chain[0].spki_sha256(), "{name}");
}

#[test]
fn every_encryption_that_openssl_writes_and_we_read_opens_with_its_passphrase_only() {
    for (name, bytes, passphrase, integrity) in [
        (
            "aes-256",
            fixture!("openssl-aes-256.p12"),
            STORE,
            Integrity::Verified,
        ),
        (
            "aes-128",
            fixture!("openssl-aes-128-sha-512.p12"),
            STORE,
            Integrity::Verified,
        ),
        (
            "sha-1 mac",
            fixture!("openssl-sha-1-mac.p12"),
            STORE,
            Integrity::Verified,
        ),
        (
            "sha-384 mac",
            fixture!("openssl-sha-384-mac.p12"),
            STORE,
            Integrity::Verified,
        ),
        (
            "pbes2 3des",
            fixture!("openssl-pbes2-3des.p12"),
            STORE,
            Integrity::Verified,
        ),
        (
            "3des",
            fixture!("openssl-3des.p12"),
            STORE,
            Integrity::Verified,
        ),
        (
            "2des",
            fixture!("openssl-2des.p12"),
            STORE,
            Integrity::Verified,
        ),
        (
            "rc2-40",
            fixture!("openssl-rc2-40.p12"),
            STORE,
            Integrity::Verified,
        ),
        (
            "rc2-128",
            fixture!("openssl-rc2-128.p12"),
            STORE,
            Integrity::Verified,
        ),
        (
            "one iteration",
            fixture!("openssl-one-iteration.p12"),
            STORE,
            Integrity::Verified,
        ),
        (
            "no mac",
            fixture!("openssl-no-mac.p12"),
            STORE,
            Integrity::NotProtected,
        ),
        (
            "plain certs",
            fixture!("openssl-plain-certificates.p12"),
            STORE,
            Integrity::Verified,
        ),
        (
            "plain certs, no mac",
            fixture!("openssl-plain-certificates-no-mac.p12"),
            STORE,
            Integrity::NotProtected,
        ),
        (
            "plain",
            fixture!("openssl-plain.p12"),
            STORE,
            Integrity::Verified,
        ),
        (
            "empty",
            fixture!("openssl-empty-passphrase.p12"),
            "",
            Integrity::Verified,
        ),
        (
            "unicode",
            fixture!("openssl-unicode-passphrase.p12"),
            UNICODE,
            Integrity::Verified,
        ),
        (
            "unicode 3des",
            fixture!("openssl-unicode-passphrase-3des.p12"),
            UNICODE,
            Integrity::Verified,
        ),
        (
            "java legacy",
            fixture!("java-legacy.p12"),
            STORE,
            Integrity::Verified,
        ),
    ] {
        let keystore = Keystore::open(bytes, passphrase).unwrap();
        assert_eq!(keystore.format(), KeystoreFormat::Pkcs12);
        assert_eq!(keystore.integrity(), integrity, "{name}");
        assert_eq!(
            kinds(&keystore),
            [("leaf", EntryKind::PrivateKey)],
            "{name}"
        );
        assert_eq!(keystore.entries()[0].certificates(), leaf_chain(), "{name}");
        let entry = keystore.private_key("leaf", passphrase).unwrap();
        assert_entry(&entry, &leaf_chain(), name);
        for wrong in ["Wrong-pass9", "store-pass1", "Store-pass1 ", "x"] {
            assert_eq!(
                refusal(bytes, wrong),
                KeystoreError::WrongPassphrase,
                "{name}"
            );
        }
    }
}

#[test]
fn an_unsupported_cipher_is_named_and_not_taken_for_a_wrong_passphrase() {
    for (bytes, oid) in [
        (
            fixture!("openssl-rc4-128.p12"),
            "1.2.840.113549.1.12.1.1 (PBE-SHA1-RC4-128)",
        ),
        (
            fixture!("openssl-camellia.p12"),
            "1.2.392.200011.61.1.1.1.4 (CAMELLIA-256-CBC)",
        ),
    ] {
        let oid = oid.to_owned();
        assert_eq!(
            refusal(bytes, STORE),
            KeystoreError::UnsupportedCipher { oid }
        );
        assert_eq!(refusal(bytes, "x"), KeystoreError::WrongPassphrase);
    }
}

#[test]
fn a_store_without_any_protection_opens_with_no_passphrase_and_says_so() {
    let bytes = fixture!("java-unprotected.p12");
    let keystore = Keystore::open(bytes, "").unwrap();
    assert_eq!(keystore.integrity(), Integrity::NotProtected);
    assert_eq!(kinds(&keystore), [("root", EntryKind::TrustedCertificate)]);
    assert_eq!(refusal(bytes, STORE), KeystoreError::NotProtected);
}

#[test]
fn pkcs12_without_names_keys_or_certificates_is_told_apart() {
    let keystore = Keystore::open(fixture!("openssl-no-name.p12"), STORE).unwrap();
    let name = "CN=leaf,O=Fixtures";
    assert_eq!(kinds(&keystore), [(name, EntryKind::PrivateKey)]);
    assert_entry(
        &keystore.private_key(name, STORE).unwrap(),
        &leaf_chain(),
        name,
    );

    let keystore = Keystore::open(fixture!("openssl-key-only.p12"), STORE).unwrap();
    let alias = "leaf".to_owned();
    assert_eq!(
        key_refusal(&keystore, "leaf", STORE),
        KeystoreError::KeyWithoutCertificate { alias }
    );

    let keystore = Keystore::open(fixture!("openssl-certificates-only.p12"), STORE).unwrap();
    let trusted = keystore.trusted_certificates();
    let names: Vec<_> = trusted
        .iter()
        .map(|trusted| trusted.alias.as_str())
        .collect();
    assert_eq!(names, ["CN=issuing,O=Fixtures", "CN=root,O=Fixtures"]);
    let certificates: Vec<_> = trusted
        .into_iter()
        .map(|trusted| trusted.certificate)
        .collect();
    assert_eq!(certificates, leaf_chain()[1..]);
}

#[test]
fn a_java_pkcs12_store_lists_keys_trusted_certificates_and_secret_keys() {
    let keystore = Keystore::open(fixture!("java.p12"), STORE).unwrap();
    assert_eq!(
        kinds(&keystore),
        [
            ("leaf", EntryKind::PrivateKey),
            ("ed25519", EntryKind::PrivateKey),
            ("root", EntryKind::TrustedCertificate),
            ("aes", EntryKind::SecretKey),
        ]
    );
    let ed25519 = certificates_from_pem(fixture!("ed25519-chain.pem")).unwrap();
    assert_entry(
        &keystore.private_key("leaf", STORE).unwrap(),
        &leaf_chain(),
        "leaf",
    );
    assert_entry(
        &keystore.private_key("ed25519", STORE).unwrap(),
        &ed25519,
        "ed25519",
    );
    assert_eq!(keystore.trusted_certificates().len(), 1);
    assert_eq!(
        keystore.trusted_certificates()[0].certificate,
        leaf_chain()[2]
    );
}

#[test]
fn a_key_may_have_a_passphrase_of_its_own() {
    let rsa = certificates_from_pem(fixture!("rsa-chain.pem")).unwrap();
    let jks = Keystore::open(fixture!("java.jks"), STORE).unwrap();
    assert_eq!(jks.format(), KeystoreFormat::Jks);
    assert_entry(
        &jks.private_key("leaf", "Key-pass22-leaf").unwrap(),
        &leaf_chain(),
        "leaf",
    );
    assert_entry(
        &jks.private_key("rsa", "Key-pass22-rsa").unwrap(),
        &rsa,
        "rsa",
    );
    let jceks = Keystore::open(fixture!("java.jceks"), STORE).unwrap();
    assert_eq!(jceks.format(), KeystoreFormat::Jceks);
    assert_entry(
        &jceks.private_key("leaf", "Key-pass22-leaf").unwrap(),
        &leaf_chain(),
        "jceks",
    );
    let pkcs12 = Keystore::open(fixture!("java-key-passphrase.p12"), STORE).unwrap();
    assert_entry(
        &pkcs12.private_key("leaf", KEY).unwrap(),
        &leaf_chain(),
        "pkcs12",
    );

    for keystore in [jks, jceks, pkcs12] {
        for wrong in [STORE, "", "x", "pässwörd", "Key-pass22-rsa"] {
            let alias = "leaf".to_owned();
            assert_eq!(
                key_refusal(&keystore, "leaf", wrong),
                KeystoreError::WrongKeyPassphrase { alias },
                "{}",
                keystore.format().as_str()
            );
        }
    }
}

#[test]
fn java_stores_list_every_kind_of_entry_in_any_order() {
    let jks = Keystore::open(fixture!("java.jks"), STORE).unwrap();
    let mut listed = kinds(&jks);
    listed.sort_by_key(|(alias, _)| *alias);
    assert_eq!(
        listed,
        [
            ("leaf", EntryKind::PrivateKey),
            ("root", EntryKind::TrustedCertificate),
            ("rsa", EntryKind::PrivateKey),
        ]
    );
    let jceks = Keystore::open(fixture!("java.jceks"), STORE).unwrap();
    let mut listed = kinds(&jceks);
    listed.sort_by_key(|(alias, _)| *alias);
    assert_eq!(
        listed,
        [
            ("aes", EntryKind::SecretKey),
            ("des3", EntryKind::SecretKey),
            ("leaf", EntryKind::PrivateKey),
            ("root", EntryKind::TrustedCertificate),
        ]
    );
    let trust = Keystore::open(fixture!("java-trust.jks"), STORE).unwrap();
    assert_eq!(trust.trusted_certificates().len(), 2);
    for keystore in [&jks, &jceks, &trust] {
        assert_eq!(keystore.integrity(), Integrity::Verified);
    }
    for bytes in [
        fixture!("java.jks"),
        fixture!("java.jceks"),
        fixture!("java-trust.jks"),
    ] {
        for wrong in ["Wrong-pass9", "", "store-pass1", "pässwörd"] {
            assert_eq!(refusal(bytes, wrong), KeystoreError::WrongPassphrase);
        }
    }
}

#[test]
fn suns_way_with_a_salt_of_equal_halves_is_followed() {
    let keystore = Keystore::open(fixture!("java-equal-salt.jceks"), STORE).unwrap();
    assert_entry(
        &keystore.private_key("leaf", KEY).unwrap(),
        &leaf_chain(),
        "leaf",
    );
}

#[test]
fn names_and_passphrases_outside_of_ascii_are_those_of_java() {
    let keystore = Keystore::open(fixture!("java-unicode.jks"), UNICODE).unwrap();
    // keytool writes aliases in lower case, and finds them in any.
    let alias = "schlüssel-日本-🔑";
    assert_eq!(kinds(&keystore), [(alias, EntryKind::PrivateKey)]);
    for spelling in [alias, "Schlüssel-日本-🔑", "SCHLÜSSEL-日本-🔑"] {
        let entry = keystore.private_key(spelling, UNICODE).unwrap();
        assert_eq!(entry.chain[0].subject(), "CN=unicode");
    }
    assert_eq!(
        refusal(fixture!("java-unicode.jks"), "password-日本"),
        KeystoreError::WrongPassphrase
    );
}

#[test]
fn stores_without_entries_open() {
    for (bytes, format) in [
        (fixture!("java-empty.jks"), KeystoreFormat::Jks),
        (fixture!("java-empty.jceks"), KeystoreFormat::Jceks),
        (fixture!("java-empty.p12"), KeystoreFormat::Pkcs12),
    ] {
        let keystore = Keystore::open(bytes, STORE).unwrap();
        assert_eq!((keystore.format(), keystore.entries().len()), (format, 0));
        assert_eq!(refusal(bytes, "x"), KeystoreError::WrongPassphrase);
        assert_eq!(
            key_refusal(&keystore, "leaf", STORE),
            KeystoreError::NoSuchAlias {
                alias: "leaf".to_owned(),
                known: vec![],
            }
        );
    }
}

#[test]
fn an_alias_that_is_missing_or_no_key_is_answered_with_what_there_is() {
    let keystore = Keystore::open(fixture!("java.p12"), STORE).unwrap();
    assert_eq!(
        key_refusal(&keystore, "nobody", STORE),
        KeystoreError::NoSuchAlias {
            alias: "nobody".to_owned(),
            known: ["leaf", "ed25519", "root", "aes"]
                .map(str::to_owned)
                .to_vec(),
        }
    );
    for alias in ["root", "aes"] {
        let error = KeystoreError::NotAKey {
            alias: alias.to_owned(),
        };
        assert_eq!(key_refusal(&keystore, alias, STORE), error);
    }
}

#[test]
fn a_key_with_the_certificate_of_another_is_refused() {
    let keystore = Keystore::open(fixture!("java-mismatch.jks"), STORE).unwrap();
    assert_eq!(
        key_refusal(&keystore, "leaf", KEY),
        KeystoreError::KeyMismatch {
            alias: "leaf".to_owned(),
            subject: "CN=rsa,O=Fixtures".to_owned(),
        }
    );
}

#[test]
fn neither_key_nor_passphrase_is_in_what_is_printed() {
    let keystore = Keystore::open(fixture!("java.p12"), STORE).unwrap();
    let printed = format!("{keystore:?}");
    assert!(
        printed.contains("ed25519") && printed.contains("CN=leaf"),
        "{printed}"
    );
    assert!(
        !printed.contains(STORE) && printed.len() < 2_000,
        "{printed}"
    );
    for error in [
        refusal(fixture!("java.p12"), "a secret guess"),
        key_refusal(&keystore, "leaf", "a secret guess"),
    ] {
        assert!(!format!("{error} {error:?}").contains("secret guess"));
    }
}
