//! Writing a PKCS#12 store with one private key, or with trusted certificates (RFC 7292 section 4).

use hmac::Mac as _;
use pkcs8::der::asn1::ObjectIdentifier;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::bags::{
    CERTIFICATE_BAG, FRIENDLY_NAME, LOCAL_KEY_ID, SHROUDED_KEY_BAG, TRUSTED_KEY_USAGE,
    X509_CERTIFICATE,
};
use super::mac::{self, SHA_256};
use super::pfx::{DATA, ENCRYPTED_DATA, PFX_VERSION};
use crate::keystore::passphrase::Passphrase;

/// anyExtendedKeyUsage (RFC 5280 section 4.2.1.12).
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const BMP_STRING: u8 = 0x1e;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const IMPLICIT_0: u8 = 0x80;
const EXPLICIT_0: u8 = 0xa0;

/// Something encrypted, and the encoding of the AlgorithmIdentifier that says how.
pub(in crate::keystore) struct Encrypted {
    pub(in crate::keystore) algorithm: Vec<u8>,
    pub(in crate::keystore) data: Vec<u8>,
}

/// What the MAC is made with.
pub(in crate::keystore) struct MacParameters<'a> {
    pub(in crate::keystore) passphrase: Passphrase<'a>,
    pub(in crate::keystore) salt: &'a [u8],
    pub(in crate::keystore) iterations: u32,
}

/// PKCS#8 EncryptedPrivateKeyInfo (RFC 5958 section 3).
pub(in crate::keystore) fn encrypted_key(key: &Encrypted) -> Vec<u8> {
    tlv(
        SEQUENCE,
        &[&key.algorithm, &tlv(OCTET_STRING, &[&key.data])],
    )
}

/// SafeContents of certificates, to be encrypted. The first is the one of the key.
pub(in crate::keystore) fn certificates(
    chain: &[&[u8]],
    alias: &str,
    key_id: &[u8],
) -> Zeroizing<Vec<u8>> {
    let bags = chain.iter().enumerate().map(|(index, certificate)| {
        let attributes = (index == 0).then(|| key_attributes(alias, key_id));
        certificate_bag(certificate, &attributes.unwrap_or_default())
    });
    Zeroizing::new(tlv(SEQUENCE, &[&bags.collect::<Vec<_>>().concat()]))
}

/// SafeContents of trusted certificates, each with its alias, to be encrypted.
pub(in crate::keystore) fn trusted_certificates(certificates: &[(&str, &[u8])]) -> Vec<u8> {
    let bags = certificates.iter().map(|(alias, certificate)| {
        let attributes = set_of([
            friendly_name(alias),
            attribute(TRUSTED_KEY_USAGE, &oid(ANY_USAGE)),
        ]);
        certificate_bag(certificate, &attributes)
    });
    tlv(SEQUENCE, &[&bags.collect::<Vec<_>>().concat()])
}

/// A store with a private key, `None` if the MAC cannot be computed.
pub(in crate::keystore) fn key_store(
    key: &Encrypted,
    certificates: &Encrypted,
    alias: &str,
    key_id: &[u8],
    mac: &MacParameters<'_>,
) -> Option<Vec<u8>> {
    let key = bag(
        SHROUDED_KEY_BAG,
        &encrypted_key(key),
        &key_attributes(alias, key_id),
    );
    let key = data(&tlv(SEQUENCE, &[&key]));
    store(&[&key, &encrypted_data(certificates)], mac)
}

/// A store with certificates only, `None` if the MAC cannot be computed.
pub(in crate::keystore) fn trust_store(
    certificates: &Encrypted,
    mac: &MacParameters<'_>,
) -> Option<Vec<u8>> {
    store(&[&encrypted_data(certificates)], mac)
}

fn store(safes: &[&[u8]], mac: &MacParameters<'_>) -> Option<Vec<u8>> {
    let content = tlv(SEQUENCE, safes);
    let mac = mac_data(&content, mac)?;
    Some(tlv(
        SEQUENCE,
        &[&tlv(INTEGER, &[&[PFX_VERSION]]), &data(&content), &mac],
    ))
}

fn mac_data(content: &[u8], parameters: &MacParameters<'_>) -> Option<Vec<u8>> {
    let (salt, iterations) = (parameters.salt, parameters.iterations);
    let hmac = mac::hmac::<Sha256>(content, parameters.passphrase, salt, iterations.into())?;
    let algorithm = tlv(SEQUENCE, &[&oid(SHA_256), &tlv(NULL, &[])]);
    let value = tlv(OCTET_STRING, &[&hmac.finalize().into_bytes()]);
    let value = tlv(SEQUENCE, &[&algorithm, &value]);
    let salt = tlv(OCTET_STRING, &[salt]);
    Some(tlv(SEQUENCE, &[&value, &salt, &unsigned(iterations)]))
}

/// ContentInfo of `data`.
fn data(content: &[u8]) -> Vec<u8> {
    let content = tlv(EXPLICIT_0, &[&tlv(OCTET_STRING, &[content])]);
    tlv(SEQUENCE, &[&oid(DATA), &content])
}

/// ContentInfo of `encryptedData`.
fn encrypted_data(encrypted: &Encrypted) -> Vec<u8> {
    let data = tlv(IMPLICIT_0, &[&encrypted.data]);
    let info = tlv(SEQUENCE, &[&oid(DATA), &encrypted.algorithm, &data]);
    let content = tlv(SEQUENCE, &[&unsigned(0), &info]);
    tlv(
        SEQUENCE,
        &[&oid(ENCRYPTED_DATA), &tlv(EXPLICIT_0, &[&content])],
    )
}

fn bag(kind: ObjectIdentifier, value: &[u8], attributes: &[u8]) -> Vec<u8> {
    tlv(
        SEQUENCE,
        &[&oid(kind), &tlv(EXPLICIT_0, &[value]), attributes],
    )
}

fn certificate_bag(certificate: &[u8], attributes: &[u8]) -> Vec<u8> {
    let certificate = tlv(EXPLICIT_0, &[&tlv(OCTET_STRING, &[certificate])]);
    let certificate = tlv(SEQUENCE, &[&oid(X509_CERTIFICATE), &certificate]);
    bag(CERTIFICATE_BAG, &certificate, attributes)
}

/// The name, and what ties a certificate to its key.
fn key_attributes(alias: &str, key_id: &[u8]) -> Vec<u8> {
    let key_id = tlv(OCTET_STRING, &[key_id]);
    set_of([friendly_name(alias), attribute(LOCAL_KEY_ID, &key_id)])
}

fn friendly_name(alias: &str) -> Vec<u8> {
    let alias: Vec<u8> = alias.encode_utf16().flat_map(u16::to_be_bytes).collect();
    attribute(FRIENDLY_NAME, &tlv(BMP_STRING, &[&alias]))
}

/// DER sorts a SET OF.
fn set_of<const N: usize>(mut attributes: [Vec<u8>; N]) -> Vec<u8> {
    attributes.sort();
    tlv(SET, &[&attributes.concat()])
}

fn attribute(kind: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[&oid(kind), &tlv(SET, &[value])])
}

/// AlgorithmIdentifier with parameters.
pub(in crate::keystore) fn algorithm(kind: ObjectIdentifier, parameters: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[&oid(kind), parameters])
}

fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    tlv(OBJECT_IDENTIFIER, &[oid.as_bytes()])
}

/// An INTEGER, which is signed: a zero octet keeps the first bit clear.
fn unsigned(number: u32) -> Vec<u8> {
    let octets = [&[0], &number.to_be_bytes()[..]].concat();
    let redundant = octets
        .iter()
        .zip(octets.iter().skip(1))
        .take_while(|(first, second)| **first == 0 && **second < 0x80)
        .count();
    tlv(INTEGER, &[octets.get(redundant..).unwrap_or(&octets)])
}

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let octets = length.to_be_bytes();
    let significant: Vec<u8> = octets.into_iter().skip_while(|octet| *octet == 0).collect();
    let mut out = Vec::with_capacity(length + octets.len() + 2);
    out.push(tag);
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            out.extend(u8::try_from(significant.len()).map(|count| 0x80 | count));
            out.extend(significant);
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{NULL, OCTET_STRING, tlv, unsigned};

    #[test]
    fn lengths_are_minimal() {
        assert_eq!(tlv(NULL, &[]), [5, 0]);
        assert_eq!(tlv(OCTET_STRING, &[&[1], &[2]]), [4, 2, 1, 2]);
        assert_eq!(tlv(OCTET_STRING, &[&[0; 127]])[..3], [4, 0x7f, 0]);
        assert_eq!(tlv(OCTET_STRING, &[&[0; 128]])[..3], [4, 0x81, 0x80]);
        assert_eq!(tlv(OCTET_STRING, &[&[0; 256]])[..4], [4, 0x82, 1, 0]);
    }

    #[test]
    fn integers_are_minimal_and_not_negative() {
        assert_eq!(unsigned(0), [2, 1, 0]);
        assert_eq!(unsigned(127), [2, 1, 127]);
        assert_eq!(unsigned(128), [2, 2, 0, 128]);
        assert_eq!(unsigned(100_000), [2, 3, 1, 0x86, 0xa0]);
        assert_eq!(unsigned(u32::MAX), [2, 5, 0, 255, 255, 255, 255]);
    }
}
