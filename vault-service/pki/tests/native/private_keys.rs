//! Private keys in every form that is taken, and the errors of those that are not. The keys are
//! fixtures: they protect nothing.

use proptest::prelude::*;
use sallyport_pki::{
    Certificate, PemError, PrivateKey, PrivateKeyError, certificate_from_pem,
    certificates_from_pem, certificates_from_pem_up_to,
};

const SEC1: &[u8] = include_bytes!("../fixtures/key-sec1.pem");
const PKCS8: &[u8] = include_bytes!("../fixtures/key-pkcs8.pem");
const PKCS1: &[u8] = include_bytes!("../fixtures/key-pkcs1.pem");
const ENCRYPTED: &[u8] = include_bytes!("../fixtures/key-encrypted.pem");
const ITERATION_BOMB: &[u8] = include_bytes!("../fixtures/key-iteration-bomb.pem");
const DEK_INFO: &[u8] = include_bytes!("../fixtures/key-dek-info.pem");
const KEYED: &[u8] = include_bytes!("../fixtures/keyed.pem");
const RSA_KEYED: &[u8] = include_bytes!("../fixtures/rsa-keyed.pem");

#[test]
fn every_form_of_a_key_belongs_to_its_certificate() {
    let keyed = certificate_from_pem(KEYED).unwrap().spki_sha256();
    for (pem, passphrase) in [
        (SEC1, None),
        (PKCS8, None),
        (PKCS8, Some("ignored")),
        (ENCRYPTED, Some("open-sesame")),
    ] {
        let key = PrivateKey::from_pem(pem, passphrase).unwrap();
        assert_eq!((key.spki_sha256(), key.algorithm()), (keyed, "EC P-256"));
        assert!(!key.pkcs8_der().is_empty());
    }
    let rsa = PrivateKey::from_pem(PKCS1, None).unwrap();
    let rsa_keyed = certificate_from_pem(RSA_KEYED).unwrap().spki_sha256();
    assert_eq!((rsa.spki_sha256(), rsa.algorithm()), (rsa_keyed, "RSA"));
    assert_ne!(rsa_keyed, keyed);
}

#[test]
fn a_public_key_beside_the_private_one_is_left_away() {
    // RFC 8410 section 10.3: the same key in both versions of PKCS#8.
    let version_1 = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
    let version_2 = "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                     oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n\
                     Z9w7lshQhqowtrbLDFw4rXAxZuE=";
    let [older, newer] = [version_1, version_2].map(|text| {
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
        PrivateKey::from_pem(pem.as_bytes(), None).unwrap()
    });
    assert_eq!(older.spki_sha256(), newer.spki_sha256());
    assert_eq!(older.pkcs8_der(), newer.pkcs8_der());
}

#[test]
fn what_tools_write_beside_a_key_is_skipped() {
    let beside = |label| format!("-----BEGIN {label}-----\nAAEC\n-----END {label}-----\n");
    let mut file = Vec::new();
    for label in [
        "TRUSTED CERTIFICATE",
        "CERTIFICATE REQUEST",
        "DH PARAMETERS",
        "PUBLIC KEY",
    ] {
        file.extend_from_slice(beside(label).as_bytes());
    }
    file.extend_from_slice(KEYED);
    file.extend_from_slice(SEC1);
    assert!(PrivateKey::from_pem(&file, None).is_ok());
    file.extend_from_slice(beside("OPENSSH PRIVATE KEY").as_bytes());
    assert_eq!(
        PrivateKey::from_pem(&file, None).err(),
        Some(PrivateKeyError::MoreThanOne { count: 2 })
    );
}

#[test]
fn certificates_are_counted_before_they_are_read() {
    let hollow = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n".repeat(3);
    assert_eq!(
        certificates_from_pem_up_to(hollow.as_bytes(), 2),
        Err(PemError::TooManyBlocks { count: 3, limit: 2 })
    );
    assert_eq!(
        certificates_from_pem_up_to(hollow.as_bytes(), 3),
        Err(PemError::Base64 { block: 1 })
    );
}

#[test]
fn what_is_wrong_with_a_key_is_told_apart() {
    let error = |pem: &[u8], passphrase| PrivateKey::from_pem(pem, passphrase).err().unwrap();
    assert_eq!(error(ENCRYPTED, None), PrivateKeyError::PassphraseNeeded);
    assert_eq!(
        error(ENCRYPTED, Some("wrong")),
        PrivateKeyError::WrongPassphrase
    );
    assert_eq!(
        error(DEK_INFO, Some("open-sesame")),
        PrivateKeyError::LegacyEncryption
    );
    assert_eq!(error(KEYED, None), PrivateKeyError::NoKey);
    assert_eq!(error(b"", None), PrivateKeyError::NoKey);
    assert_eq!(
        error(&[SEC1, PKCS8].concat(), None),
        PrivateKeyError::MoreThanOne { count: 2 }
    );
    let bomb = error(ITERATION_BOMB, Some("open-sesame"));
    assert!(
        matches!(
            bomb,
            PrivateKeyError::Pbkdf2Iterations {
                iterations: 5_000_000,
                ..
            }
        ),
        "{bomb}"
    );
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Certificate::from_der(&bytes);
        let _ = certificates_from_pem(&bytes);
        let _ = PrivateKey::from_pem(&bytes, Some("x"));
    }

    #[test]
    fn no_damaged_key_file_makes_the_parser_panic(position in 0_usize..300, byte in any::<u8>()) {
        for pem in [SEC1, PKCS8, ENCRYPTED] {
            let mut damaged = pem.to_vec();
            if let Some(there) = damaged.get_mut(position) {
                *there = byte;
            }
            let _ = PrivateKey::from_pem(&damaged, Some("open-sesame"));
        }
    }
}
