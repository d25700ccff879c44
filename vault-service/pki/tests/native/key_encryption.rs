//! Private keys of every algorithm, and every way in which an encrypted one may be refused. The
//! keys are made on the spot.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::pkcs5::pbes2::Parameters;
use pkcs8::pkcs5::scrypt;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ECDSA_P521_SHA512};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ED25519};
use sallyport_pki::{Certificate, KeyError, PrivateKey, PrivateKeyError, certificates_from_pem};

const SALT: &[u8] = &[7; 16];
const IV: [u8; 16] = [9; 16];

#[test]
fn a_key_of_every_algorithm_belongs_to_its_certificate_and_to_no_other() {
    let stranger = KeyPair::generate().unwrap();
    let stranger = PrivateKey::from_pem(stranger.serialize_pem().as_bytes(), None).unwrap();
    for (algorithm, name) in [
        (&PKCS_ECDSA_P256_SHA256, "EC P-256"),
        (&PKCS_ECDSA_P384_SHA384, "EC P-384"),
        (&PKCS_ECDSA_P521_SHA512, "EC P-521"),
        (&PKCS_ED25519, "Ed25519"),
    ] {
        let pair = KeyPair::generate_for(algorithm).unwrap();
        let params = CertificateParams::new(["a.test".to_owned()]).unwrap();
        let certificate = params.self_signed(&pair).unwrap();
        let certificate = Certificate::from_der(certificate.der()).unwrap();
        let key = PrivateKey::from_pem(pair.serialize_pem().as_bytes(), None).unwrap();
        assert_eq!(key.algorithm(), name);
        assert_eq!(key.spki_sha256(), certificate.spki_sha256(), "{name}");
        assert_ne!(stranger.spki_sha256(), certificate.spki_sha256(), "{name}");
    }
}

#[test]
fn pbkdf2_and_scrypt_open_with_the_right_passphrase_only() {
    let pair = KeyPair::generate().unwrap();
    for parameters in [pbkdf2(2_000), scrypt_parameters()] {
        let pem = encrypted(&pair, &parameters);
        let key = PrivateKey::from_pem(pem.as_bytes(), Some("pässphrase")).unwrap();
        assert_eq!(key.pkcs8_der(), pair.serialize_der());
        assert_eq!(
            refusal(&pem, Some("passphrase")),
            PrivateKeyError::WrongPassphrase
        );
        assert_eq!(refusal(&pem, Some("")), PrivateKeyError::WrongPassphrase);
        assert_eq!(refusal(&pem, None), PrivateKeyError::PassphraseNeeded);
    }
}

#[test]
fn hundreds_of_wrong_passphrases_are_all_called_wrong() {
    // About one in 256 leaves a padding that looks right.
    let pair = KeyPair::generate().unwrap();
    let pem = encrypted(&pair, &pbkdf2(1));
    for attempt in 0..1_000 {
        let error = refusal(&pem, Some(&format!("attempt {attempt}")));
        assert_eq!(error, PrivateKeyError::WrongPassphrase, "{attempt}");
    }
}

#[test]
fn unsupported_ciphers_and_hashes_are_named_and_not_taken_for_a_wrong_passphrase() {
    let pair = KeyPair::generate().unwrap();
    let der = encrypted_der(&pair, &pbkdf2(2_000));
    let aes_256_cbc: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2a];
    let aes_256_ofb: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2b];
    let hmac_sha256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9];
    let hmac_sha1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 7];
    let pbkdf2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0c];
    let unknown_kdf: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0f];
    for (from, to, oid) in [
        (aes_256_cbc, aes_256_ofb, "2.16.840.1.101.3.4.1.43"),
        (hmac_sha256, hmac_sha1, "1.2.840.113549.2.7"),
        (pbkdf2, unknown_kdf, "1.2.840.113549.1.5.15"),
    ] {
        let changed = replace(&der, from, to);
        assert_eq!(
            refusal(&pem("ENCRYPTED PRIVATE KEY", &changed), Some("pässphrase")),
            PrivateKeyError::UnsupportedEncryption {
                oid: oid.to_owned()
            }
        );
    }
}

#[test]
fn work_above_the_limits_is_refused_at_once() {
    let pair = KeyPair::generate().unwrap();
    let der = encrypted_der(&pair, &scrypt_parameters());
    // cost 2^14, block 8, parallelization 1, as they follow each other in the parameters.
    let modest: &[u8] = &[2, 2, 0x40, 0, 2, 1, 8, 2, 1, 1];
    let wide: &[u8] = &[2, 2, 0x40, 0, 2, 1, 0x7f, 2, 1, 1];
    let zero: &[u8] = &[2, 2, 0x40, 1, 2, 1, 8, 2, 1, 1];
    let refused = |changed: &[u8]| refusal(&pem("ENCRYPTED PRIVATE KEY", changed), Some("x"));
    assert!(matches!(
        refused(&replace(&der, modest, wide)),
        PrivateKeyError::ScryptMemory { .. }
    ));
    assert_eq!(
        refused(&replace(&der, modest, zero)),
        PrivateKeyError::Malformed
    );
    let der = encrypted_der(&pair, &pbkdf2(0x0001_0000));
    let bomb = replace(&der, &[2, 3, 1, 0, 0], &[2, 3, 0x7f, 0xff, 0xff]);
    assert_eq!(
        refused(&bomb),
        PrivateKeyError::Pbkdf2Iterations {
            iterations: 0x7f_ffff,
            limit: 1_000_000
        }
    );
}

#[test]
fn a_key_whose_public_half_is_somebody_elses_is_malformed() {
    let (one, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let forged = replace(
        &one.serialize_der(),
        one.public_key_raw(),
        other.public_key_raw(),
    );
    assert_eq!(
        refusal(&pem("PRIVATE KEY", &forged), None),
        PrivateKeyError::Malformed
    );
}

#[test]
fn unknown_kinds_of_keys_are_named() {
    let pair = KeyPair::generate().unwrap();
    let p256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let other_curve: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1];
    let der = replace(&pair.serialize_der(), p256, other_curve);
    let algorithm = "1.2.840.10045.3.1.1".to_owned();
    assert_eq!(
        refusal(&pem("PRIVATE KEY", &der), None),
        KeyError::UnsupportedAlgorithm { algorithm }.into()
    );
    assert_eq!(
        refusal(&pem("OPENSSH PRIVATE KEY", b"x"), None),
        PrivateKeyError::UnsupportedLabel {
            label: "OPENSSH PRIVATE KEY".to_owned()
        }
    );
}

#[test]
fn a_label_that_may_be_the_key_itself_is_not_repeated() {
    let secret = "PRIVATE KEY MIGHAgEAMBMGByqGSM49";
    let error = refusal(&pem(secret, b"x"), None);
    assert!(!error.to_string().contains("MIGHAgEA"), "{error}");
    let error = certificates_from_pem(pem(secret, b"x").as_bytes()).unwrap_err();
    assert!(!error.to_string().contains("MIGHAgEA"), "{error}");
}

fn pbkdf2(iterations: u32) -> Parameters {
    Parameters::generate_pbkdf2_sha256_aes256cbc(iterations, SALT, IV).unwrap()
}

fn scrypt_parameters() -> Parameters {
    let cost = scrypt::Params::new(14, 8, 1).unwrap();
    Parameters::generate_scrypt_aes256cbc(cost, SALT, IV).unwrap()
}

fn encrypted(pair: &KeyPair, parameters: &Parameters) -> String {
    pem("ENCRYPTED PRIVATE KEY", &encrypted_der(pair, parameters))
}

fn encrypted_der(pair: &KeyPair, parameters: &Parameters) -> Vec<u8> {
    let der = pair.serialize_der();
    let info = PrivateKeyInfoRef::try_from(der.as_slice()).unwrap();
    info.encrypt_with_params(parameters.clone(), "pässphrase")
        .unwrap()
        .as_bytes()
        .to_vec()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn refusal(pem: &str, passphrase: Option<&str>) -> PrivateKeyError {
    PrivateKey::from_pem(pem.as_bytes(), passphrase)
        .err()
        .unwrap()
}

/// The one occurrence of `from` replaced by something as long.
fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let found: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from)
        .map(|(position, _)| position)
        .collect();
    assert_eq!((found.len(), from.len()), (1, to.len()));
    let mut changed = bytes.to_vec();
    for position in found {
        changed.splice(position..position + to.len(), to.iter().copied());
    }
    changed
}
