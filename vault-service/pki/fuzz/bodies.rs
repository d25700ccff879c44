//! What the fuzz targets call, one function per parser. `tests/fuzz_bodies.rs` runs the same over
//! the fixtures and over damaged fixtures, so that nothing in here can rot.
//!
//! A digest, MAC or signature keeps a fuzzer out of everything behind it, so the stores are also
//! tried with one that fits, or without, and any signature of a CRL is taken.

#![allow(dead_code, reason = "each fuzz target calls one of them")]

mod chain;

use std::sync::LazyLock;

pub(crate) use chain::chain;

use sallyport_pki::{
    AlgorithmIdentifier, Certificate, CrlEdition, CrlRules, DnsName, EntryKind, InvalidSignature,
    KeyEntry, Keystore, ListedSerials, MAX_DNS_NAME_BYTES, MAX_KEYSTORE_ENTRIES,
    MAX_SPIFFE_ID_BYTES, NamePattern, PeerName, PrivateKey, RevocationPolicy, Revocations,
    SIGNATURE_ALGORITHMS, SignatureVerificationAlgorithm, SpiffeId, UnixTime, certificate_from_pem,
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
        let presented = certificate.details().subject_alternative_name.len();
        assert!(PeerName::all_of(&certificate).len() <= presented);
        if let Ok(id) = SpiffeId::of(&certificate) {
            assert_eq!(certificate.uri_names(), [id.as_str()]);
        }
    }
}

/// What is read is written as it was read, and is never longer than a name may be.
pub(crate) fn name_pattern(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(pattern) = text.parse::<NamePattern>() {
        let written = pattern.to_string();
        assert!(written.len() <= MAX_SPIFFE_ID_BYTES + "uri:".len());
        assert_eq!(written.parse(), Ok(pattern));
    }
    if let Ok(id) = text.parse::<SpiffeId>() {
        assert_eq!(format!("spiffe://{}{}", id.trust_domain(), id.path()), text);
    }
    if let Ok(name) = text.parse::<DnsName>() {
        assert!(name.as_str().eq_ignore_ascii_case(text) && text.len() <= MAX_DNS_NAME_BYTES);
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

/// A CRL as it is, and as the entries and the extensions of one.
pub(crate) fn crl(data: &[u8]) {
    crls(&[data]);
    let Some((entries, extensions)) = data.split_at_checked(data.len() / 2) else {
        return;
    };
    let numbered = [CRL_NUMBER, data].concat();
    let complete = crl_around(entries, &[CRL_NUMBER, extensions].concat());
    let delta = crl_around(data, &[DELTA, extensions].concat());
    crls(&[
        &complete,
        &delta,
        &crl_around(data, CRL_NUMBER),
        &crl_around(&[], &numbered),
    ]);
}

/// cRLNumber 1.
pub(crate) const CRL_NUMBER: &[u8] = b"\x30\x0a\x06\x03\x55\x1d\x14\x04\x03\x02\x01\x01";
/// cRLNumber 2, and a deltaCRLIndicator of 1.
const DELTA: &[u8] = b"\x30\x0a\x06\x03\x55\x1d\x14\x04\x03\x02\x01\x02\
    \x30\x0d\x06\x03\x55\x1d\x1b\x01\x01\xff\x04\x03\x02\x01\x01";
/// 2026-06-01.
const NOW: UnixTime = UnixTime(1_780_272_000);

static ISSUER: LazyLock<Option<Certificate>> =
    LazyLock::new(|| certificate_from_pem(include_bytes!("../tests/fixtures/crls/root.pem")).ok());
static PEER: LazyLock<Option<Certificate>> = LazyLock::new(|| {
    certificate_from_pem(include_bytes!("../tests/fixtures/crls/revoked.pem")).ok()
});

/// Takes any signature.
#[derive(Debug)]
struct AnySignature(&'static dyn SignatureVerificationAlgorithm);

impl SignatureVerificationAlgorithm for AnySignature {
    fn verify_signature(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), InvalidSignature> {
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }
}

/// Every algorithm, with any signature taken.
fn any_signatures() -> Vec<AnySignature> {
    let known = SIGNATURE_ALGORITHMS.iter();
    known.map(|known| AnySignature(*known)).collect()
}

fn as_algorithms(any: &[AnySignature]) -> Vec<&dyn SignatureVerificationAlgorithm> {
    any.iter()
        .map(|any| any as &dyn SignatureVerificationAlgorithm)
        .collect()
}

/// A CRL of the issuer, of 2026, with these entries and extensions.
pub(crate) fn crl_around(entries: &[u8], extensions: &[u8]) -> Vec<u8> {
    let ecdsa_sha256 = tlv(0x30, b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02");
    let fields = [
        &[2, 1, 1][..],
        &ecdsa_sha256,
        &issuer_name(),
        b"\x17\x0d260101000000Z\x17\x0d270101000000Z",
        &tlv(0x30, entries),
        &tlv(0xa0, &tlv(0x30, extensions)),
    ];
    let signed = tlv(0x30, &fields.concat());
    tlv(0x30, &[&signed, &ecdsa_sha256[..], &[3, 1, 0]].concat())
}

/// The first element with a name in it (an RDN begins with the OID of an attribute) is the issuer.
fn issuer_name() -> Vec<u8> {
    let der = ISSUER.as_ref().map(Certificate::der).unwrap_or_default();
    let rdn = der
        .windows(5)
        .position(|window| matches!(window, [0x31, _, 0x30, _, 0x06]));
    let start = rdn.and_then(|rdn| rdn.checked_sub(2)).unwrap_or_default();
    let length = der
        .get(start + 1)
        .map_or(0, |length| usize::from(*length) + 2);
    der.get(start..start + length).unwrap_or_default().to_vec()
}

/// How many are taken.
pub(crate) fn crls(crls: &[&[u8]]) -> usize {
    let (Some(issuer), Some(peer)) = (ISSUER.as_ref(), PEER.as_ref()) else {
        return 0;
    };
    let any = any_signatures();
    let any = as_algorithms(&any);
    let rules = CrlRules {
        at: NOW,
        algorithms: &any,
    };
    let issuers = std::slice::from_ref(issuer);
    let (revocations, refused) = Revocations::load(crls.iter().copied(), issuers, &rules);
    assert!(revocations.lists().len() + refused.len() <= crls.len());
    let _ = revocations.check(&[peer, issuer], NOW, &RevocationPolicy::default());
    for list in revocations.lists() {
        for edition in std::iter::once(&list.complete).chain(&list.delta) {
            assert!(list.signer.key == issuer.spki_sha256());
            assert_edition(edition);
        }
    }
    // What counts under real signatures counts under any.
    let (real, _) = Revocations::load(crls.iter().copied(), issuers, &CrlRules::new(NOW));
    assert!(real.lists().len() <= revocations.lists().len());
    revocations.lists().len()
}

/// What was compacted is taken over elsewhere.
fn assert_edition(edition: &CrlEdition) {
    let listed = edition.listed().map(|serials| ListedSerials {
        issuer: serials.issuer.to_vec(),
        width: serials.width,
        records: serials.records.to_vec(),
    });
    let dates = (edition.this_update(), edition.next_update());
    let again = CrlEdition::new(edition.number(), dates, listed.collect());
    assert_eq!(again.as_ref(), Ok(edition));
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
