//! A private key and its certificates in one PEM file. The keys are fixtures: they protect nothing.

use sallyport_pki::{KeyEntry, PemError, PemKeyError, PrivateKeyError, certificates_from_pem};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../fixtures/", $name))
    };
}

const KEYED: &str = fixture!("keyed.pem");
const CHAIN: &str = fixture!("keystores/leaf-chain.pem");
const SCRYPT: &str = fixture!("keystores/openssl-scrypt.pem");
const BAG_ATTRIBUTES: &str = fixture!("keystores/openssl-bag-attributes.pem");
const EC_PARAMETERS: &str =
    "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";

fn refusal(pem: &str, passphrase: Option<&str>) -> PemKeyError {
    KeyEntry::from_pem(pem.as_bytes(), passphrase)
        .err()
        .unwrap()
}

#[test]
fn a_key_in_every_form_is_read_before_and_after_its_certificate() {
    for (key, certificate, passphrase) in [
        (fixture!("key-pkcs8.pem"), KEYED, None),
        (fixture!("key-sec1.pem"), KEYED, None),
        (fixture!("key-encrypted.pem"), KEYED, Some("open-sesame")),
        (fixture!("key-pkcs1.pem"), fixture!("rsa-keyed.pem"), None),
    ] {
        let expected = certificates_from_pem(certificate.as_bytes()).unwrap();
        for pem in [
            format!("{key}{certificate}"),
            format!("{certificate}{key}"),
            format!("{certificate}{key}").replace('\n', "\r\n"),
            format!("{EC_PARAMETERS}{key}subject=/CN=x\nissuer=/CN=y\n{certificate}\n\n"),
        ] {
            let entry = KeyEntry::from_pem(pem.as_bytes(), passphrase).unwrap();
            assert_eq!(entry.chain, expected);
            assert_eq!(
                entry.key.spki_sha256(),
                expected.first().unwrap().spki_sha256()
            );
        }
    }
}

#[test]
fn what_openssl_writes_around_the_blocks_and_scrypt_are_read() {
    let expected = certificates_from_pem(CHAIN.as_bytes()).unwrap();
    for pem in [SCRYPT, BAG_ATTRIBUTES] {
        let entry = KeyEntry::from_pem(pem.as_bytes(), Some("Key-pass22")).unwrap();
        assert_eq!(entry.chain, expected);
        assert_eq!(
            refusal(pem, Some("Store-pass1")),
            PrivateKeyError::WrongPassphrase.into()
        );
        assert_eq!(refusal(pem, None), PrivateKeyError::PassphraseNeeded.into());
    }
}

#[test]
fn certificates_are_put_in_order_and_strangers_left_out() {
    let expected = certificates_from_pem(CHAIN.as_bytes()).unwrap();
    let blocks: Vec<&str> = SCRYPT
        .split_inclusive("-----END CERTIFICATE-----\n")
        .collect();
    let mut reversed: Vec<&str> = blocks.iter().rev().copied().collect();
    reversed.insert(1, KEYED);
    let pem = reversed.concat();
    assert_eq!(pem.matches("BEGIN CERTIFICATE").count(), 4);
    let entry = KeyEntry::from_pem(pem.as_bytes(), Some("Key-pass22")).unwrap();
    assert_eq!(entry.chain, expected);
}

#[test]
fn what_is_missing_or_does_not_fit_is_told_apart() {
    let key = fixture!("key-pkcs8.pem");
    let subject = "CN=leaf,O=Fixtures".to_owned();
    assert_eq!(
        refusal(&format!("{key}{CHAIN}"), None),
        PemKeyError::KeyMismatch { subject }
    );
    assert_eq!(refusal(KEYED, None), PrivateKeyError::NoKey.into());
    assert_eq!(refusal("", None), PrivateKeyError::NoKey.into());
    assert_eq!(refusal(key, None), PemError::NoCertificate.into());
    assert_eq!(
        refusal(&format!("{key}{key}{KEYED}"), None),
        PrivateKeyError::MoreThanOne { count: 2 }.into()
    );
    assert_eq!(
        refusal(
            &format!("{}{KEYED}", fixture!("key-dek-info.pem")),
            Some("x")
        ),
        PrivateKeyError::LegacyEncryption.into()
    );
    assert_eq!(
        refusal(
            &format!("{KEYED}{key}").replace("-----END PRIVATE KEY-----\n", ""),
            None
        ),
        PemError::Unterminated { block: 2 }.into()
    );
}
