//! PKCS#12 stores by hand: absent fields, deep nesting, iteration bombs.

use crate::der::{CONSTRUCTED_OCTET_STRING, NULL, OCTET_STRING, OID, SEQUENCE, SET, nested, tlv};
use pkcs8::der::Encode as _;
use pkcs8::pkcs5::pbes2::{Kdf, Parameters, Pbkdf2Prf};
use pkcs8::pkcs5::scrypt;
use sallyport_pki::{Keystore, KeystoreError, MAX_KEYSTORE_ENTRIES, certificates_from_pem};

const PLAIN: &[u8] = include_bytes!("../fixtures/keystores/openssl-plain.p12");

const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6];
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0d];
const PBE_3DES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 3];
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
const KEY_BAG: u8 = 1;
const SHROUDED_KEY_BAG: u8 = 2;
const CERTIFICATE_BAG: u8 = 3;
const INTEGER: u8 = 2;
const EXPLICIT_0: u8 = 0xa0;

fn refusal(bytes: &[u8], passphrase: &str) -> KeystoreError {
    Keystore::open(bytes, passphrase).err().unwrap()
}

fn malformed(bytes: &[u8], passphrase: &str) -> bool {
    matches!(
        refusal(bytes, passphrase),
        KeystoreError::Malformed { .. } | KeystoreError::Truncated { .. }
    )
}

fn content_info(kind: &[u8], content: &[u8]) -> Vec<u8> {
    tlv(
        SEQUENCE,
        &[tlv(OID, kind), tlv(EXPLICIT_0, content)].concat(),
    )
}

fn plain(bags: &[u8]) -> Vec<u8> {
    content_info(DATA, &tlv(OCTET_STRING, &tlv(SEQUENCE, bags)))
}

fn encrypted(algorithm: &[u8], data: &[u8]) -> Vec<u8> {
    let info = [tlv(OID, DATA), algorithm.to_vec(), tlv(0x80, data)].concat();
    let content = [tlv(INTEGER, &[0]), tlv(SEQUENCE, &info)].concat();
    content_info(ENCRYPTED_DATA, &tlv(SEQUENCE, &content))
}

fn pbes2(parameters: &Parameters) -> Vec<u8> {
    tlv(
        SEQUENCE,
        &[tlv(OID, PBES2), parameters.to_der().unwrap()].concat(),
    )
}

fn pbkdf2(iterations: u32) -> Vec<u8> {
    pbes2(&Parameters::generate_pbkdf2_sha256_aes256cbc(iterations, &[7; 16], [9; 16]).unwrap())
}

fn pbe_3des(iterations: &[u8]) -> Vec<u8> {
    let parameters = [tlv(OCTET_STRING, &[7; 8]), tlv(INTEGER, iterations)].concat();
    tlv(
        SEQUENCE,
        &[tlv(OID, PBE_3DES), tlv(SEQUENCE, &parameters)].concat(),
    )
}

fn bag(kind: u8, value: &[u8], attributes: &[u8]) -> Vec<u8> {
    let oid = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, kind];
    tlv(
        SEQUENCE,
        &[&tlv(OID, &oid), &tlv(EXPLICIT_0, value), attributes].concat(),
    )
}

fn certificate_bag(der: &[u8]) -> Vec<u8> {
    let x509 = tlv(OID, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x16, 1]);
    let value = tlv(EXPLICIT_0, &tlv(OCTET_STRING, der));
    bag(
        CERTIFICATE_BAG,
        &tlv(SEQUENCE, &[x509, value].concat()),
        &[],
    )
}

/// Certificate bags without names or identifiers.
fn leaf_bags() -> Vec<u8> {
    let pem = include_bytes!("../fixtures/keystores/leaf-chain.pem");
    let chain = certificates_from_pem(pem).unwrap();
    chain
        .iter()
        .flat_map(|certificate| certificate_bag(certificate.der()))
        .collect()
}

/// A store around the list of its parts, with or without MacData.
fn pfx(safes: &[Vec<u8>], mac: &[u8]) -> Vec<u8> {
    let content = content_info(DATA, &tlv(OCTET_STRING, &tlv(SEQUENCE, &safes.concat())));
    tlv(SEQUENCE, &[&tlv(INTEGER, &[3]), &content, mac].concat())
}

fn mac(iterations: &[u8]) -> Vec<u8> {
    let algorithm = tlv(SEQUENCE, &[tlv(OID, SHA_256), tlv(NULL, &[])].concat());
    let digest = tlv(SEQUENCE, &[algorithm, tlv(OCTET_STRING, &[0; 32])].concat());
    let salt = tlv(OCTET_STRING, &[7; 8]);
    tlv(SEQUENCE, &[digest, salt, tlv(INTEGER, iterations)].concat())
}

#[test]
fn absent_and_null_fields_of_pkcs12_are_clean_errors() {
    let version = tlv(INTEGER, &[3]);
    let data = tlv(OID, DATA);
    let null = tlv(NULL, &[]);
    let octets = |content: &[u8]| tlv(EXPLICIT_0, &tlv(OCTET_STRING, content));
    let outer = |parts: &[&[u8]]| tlv(SEQUENCE, &parts.concat());
    for bytes in [
        outer(&[]),
        outer(&[&version]),
        outer(&[&version, &null]),
        outer(&[&version, &tlv(SEQUENCE, &[])]),
        outer(&[&version, &tlv(SEQUENCE, &data)]),
        outer(&[&version, &tlv(SEQUENCE, &[&data[..], &null].concat())]),
        outer(&[&version, &content_info(DATA, &[])]),
        outer(&[&version, &content_info(DATA, &null)]),
        outer(&[
            &version,
            &tlv(SEQUENCE, &[&data[..], &octets(&[])].concat()),
        ]),
        outer(&[
            &version,
            &tlv(SEQUENCE, &[&data[..], &octets(&null)].concat()),
        ]),
        outer(&[
            &tlv(INTEGER, &[2]),
            &content_info(DATA, &tlv(OCTET_STRING, &tlv(SEQUENCE, &[]))),
        ]),
        pfx(&[], &null),
        pfx(&[], &tlv(SEQUENCE, &[])),
        pfx(&[], &tlv(SEQUENCE, &tlv(SEQUENCE, &[]))),
        pfx(&[], &mac(&[0])),
        pfx(&[], &mac(&[])),
        pfx(&[], &mac(&[0xff])),
        pfx(&[content_info(DATA, &[])], &[]),
        pfx(&[content_info(DATA, &null)], &[]),
        pfx(&[content_info(DATA, &tlv(OCTET_STRING, &[]))], &[]),
        pfx(&[content_info(ENCRYPTED_DATA, &null)], &[]),
        pfx(&[content_info(ENCRYPTED_DATA, &tlv(SEQUENCE, &[]))], &[]),
        pfx(&[encrypted(&tlv(SEQUENCE, &tlv(OID, PBES2)), &[])], &[]),
        pfx(&[encrypted(&tlv(SEQUENCE, &tlv(OID, PBE_3DES)), &[])], &[]),
        pfx(&[encrypted(&pbe_3des(&[0]), &[])], &[]),
        pfx(&[plain(&null)], &[]),
        pfx(&[plain(&tlv(SEQUENCE, &[]))], &[]),
        pfx(&[plain(&bag(CERTIFICATE_BAG, &null, &[]))], &[]),
        pfx(&[plain(&bag(CERTIFICATE_BAG, &[], &[]))], &[]),
        pfx(&[plain(&bag(SHROUDED_KEY_BAG, &null, &[]))], &[]),
        pfx(&[plain(&bag(KEY_BAG, &[], &null))], &[]),
        pfx(&[plain(&bag(KEY_BAG, &[], &tlv(SET, &null)))], &[]),
    ] {
        assert!(malformed(&bytes, ""), "{bytes:02x?}");
    }
    // What is allowed to be empty.
    assert!(
        Keystore::open(&pfx(&[], &[]), "")
            .unwrap()
            .entries()
            .is_empty()
    );
    assert!(
        Keystore::open(&pfx(&[plain(&[])], &[]), "")
            .unwrap()
            .entries()
            .is_empty()
    );
    let unnamed = pfx(&[plain(&bag(KEY_BAG, &null, &tlv(SET, &[])))], &[]);
    let keystore = Keystore::open(&unnamed, "").unwrap();
    assert!(keystore.private_key("key", "").is_err());
}

#[test]
fn indefinite_lengths_are_named() {
    let error = refusal(&[0x30, 0x80, 2, 1, 3, 0, 0], "").to_string();
    assert!(error.contains("BER"), "{error}");
}

#[test]
fn deep_nesting_anywhere_in_pkcs12_is_a_clean_error() {
    for tag in [SEQUENCE, SET, CONSTRUCTED_OCTET_STRING, EXPLICIT_0] {
        for depth in [1_000, 10_000, 100_000] {
            let deep = nested(tag, depth);
            for bytes in [
                deep.clone(),
                tlv(SEQUENCE, &[tlv(INTEGER, &[3]), deep.clone()].concat()),
                pfx(&[], &deep),
                pfx(std::slice::from_ref(&deep), &[]),
                pfx(&[content_info(DATA, &deep)], &[]),
                pfx(&[content_info(ENCRYPTED_DATA, &deep)], &[]),
                pfx(&[encrypted(&deep, &[])], &[]),
                pfx(
                    &[encrypted(
                        &tlv(SEQUENCE, &[&tlv(OID, PBES2), &deep[..]].concat()),
                        &[],
                    )],
                    &[],
                ),
                pfx(&[plain(&deep)], &[]),
                pfx(&[plain(&bag(CERTIFICATE_BAG, &deep, &[]))], &[]),
                pfx(&[plain(&certificate_bag(&deep))], &[]),
                pfx(&[plain(&bag(SHROUDED_KEY_BAG, &deep, &[]))], &[]),
                pfx(&[plain(&bag(KEY_BAG, &tlv(NULL, &[]), &deep))], &[]),
            ] {
                assert!(Keystore::open(&bytes, "").is_err(), "{tag:#x} {depth}");
            }
            // A key that is not encrypted is only read when it is asked for.
            let key = pfx(
                &[plain(&[bag(KEY_BAG, &deep, &[]), leaf_bags()].concat())],
                &[],
            );
            if let Ok(keystore) = Keystore::open(&key, "") {
                assert!(keystore.private_key("key", "").is_err());
            }
        }
    }
}

#[test]
fn a_key_without_name_and_identifier_finds_its_certificate_by_its_public_half() {
    let fixture = Keystore::open(PLAIN, "Store-pass1").unwrap();
    let entry = fixture.private_key("leaf", "Store-pass1").unwrap();
    let key = bag(KEY_BAG, entry.key.pkcs8_der(), &[]);
    let keystore = Keystore::open(&pfx(&[plain(&[&key, &leaf_bags()[..]].concat())], &[]), "");
    let found = keystore.unwrap().private_key("key", "").unwrap();
    assert_eq!(found.chain, entry.chain);
    assert_eq!(found.key.spki_sha256(), entry.key.spki_sha256());

    let alone = Keystore::open(&pfx(&[plain(&key)], &[]), "").unwrap();
    let alias = "key".to_owned();
    assert_eq!(
        alone.private_key("key", "").err(),
        Some(KeystoreError::KeyWithoutCertificate { alias })
    );
}

#[test]
fn other_key_derivations_than_those_of_openssl_are_read() {
    let cost = scrypt::Params::new(4, 8, 1).unwrap();
    let scrypt = Parameters::generate_scrypt_aes256cbc(cost, &[7; 16], [9; 16]).unwrap();
    // RFC 8018 has HMAC-SHA-1 as its default; libraries in JavaScript and older ones in Java use it.
    let mut hmac_sha1 = Parameters::generate_pbkdf2_sha256_aes256cbc(1, &[7; 16], [9; 16]).unwrap();
    if let Kdf::Pbkdf2(pbkdf2) = &mut hmac_sha1.kdf {
        pbkdf2.prf = Pbkdf2Prf::HmacWithSha1;
    }
    for parameters in [scrypt, hmac_sha1] {
        let contents = tlv(SEQUENCE, &leaf_bags());
        let data = parameters.encrypt("pässword", &contents).unwrap();
        let store = pfx(&[encrypted(&pbes2(&parameters), &data)], &[]);
        assert_eq!(
            Keystore::open(&store, "pässword").unwrap().entries().len(),
            3
        );
        assert_eq!(refusal(&store, "password"), KeystoreError::WrongPassphrase);
    }
}

#[test]
fn certificates_of_the_same_name_get_aliases_of_their_own() {
    let keystore = Keystore::open(&pfx(&[plain(&leaf_bags().repeat(2))], &[]), "").unwrap();
    let aliases: Vec<_> = keystore
        .entries()
        .iter()
        .map(|entry| entry.alias())
        .collect();
    assert_eq!(aliases.len(), 6);
    assert_eq!(aliases[0], "CN=leaf,O=Fixtures");
    assert_eq!(aliases[3], "CN=leaf,O=Fixtures#2");
}

#[test]
fn more_bags_or_parts_than_anybody_has_are_refused() {
    let count = MAX_KEYSTORE_ENTRIES + 1;
    let limit = MAX_KEYSTORE_ENTRIES;
    let bags = bag(KEY_BAG, &tlv(SEQUENCE, &[]), &[]).repeat(count);
    assert_eq!(
        refusal(&pfx(&[plain(&bags)], &[]), ""),
        KeystoreError::TooManyEntries { limit }
    );
    assert!(matches!(
        refusal(&pfx(&vec![plain(&[]); 33], &[]), ""),
        KeystoreError::TooManyEntries { limit: 32 }
    ));
}

#[test]
fn too_much_work_is_refused_before_any_of_it_is_done() {
    let one = 1_000_000;
    let of_one = |iterations| KeystoreError::TooMuchWork {
        iterations,
        limit: one,
    };
    let bomb: &[u8] = &[0x00, 0x80, 0x00, 0x00];
    assert_eq!(refusal(&pfx(&[], &mac(bomb)), "x"), of_one(0x80_0000));
    assert_eq!(
        refusal(&pfx(&[encrypted(&pbe_3des(bomb), &[0; 8])], &[]), "x"),
        of_one(0x80_0000)
    );
    assert_eq!(
        refusal(&pfx(&[encrypted(&pbkdf2(2_000_000), &[0; 16])], &[]), "x"),
        of_one(2_000_000)
    );
    // Each is within the limit, all together are not: hours of work in 20 kB.
    let safes = vec![encrypted(&pbkdf2(900_000), &[0; 16]); 30];
    assert_eq!(
        refusal(&pfx(&safes, &[]), "x"),
        KeystoreError::TooMuchWork {
            iterations: 4_500_000,
            limit: 4_000_000
        }
    );
    let cost = scrypt::Params::new(20, 8, 1).unwrap();
    let scrypt = Parameters::generate_scrypt_aes256cbc(cost, &[7; 16], [9; 16]).unwrap();
    assert!(matches!(
        refusal(&pfx(&[encrypted(&pbes2(&scrypt), &[0; 16])], &[]), "x"),
        KeystoreError::TooMuchMemory { .. }
    ));
    // The key of a bag is only decrypted when it is asked for, or has to prove the passphrase.
    let key = tlv(
        SEQUENCE,
        &[pbkdf2(2_000_000), tlv(OCTET_STRING, &[0; 16])].concat(),
    );
    let keys = bag(SHROUDED_KEY_BAG, &key, &[]).repeat(500);
    assert_eq!(refusal(&pfx(&[plain(&keys)], &[]), "x"), of_one(2_000_000));
}
