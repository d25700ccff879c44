//! Whether one certificate has signed another one.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage};
use x509_parser::asn1_rs::{Any, FromDer as _};

use crate::certificate::Certificate;

/// The parts of a signed structure (RFC 5280 section 4.1).
struct Signed<'a> {
    message: &'a [u8],
    /// Content of the AlgorithmIdentifier.
    algorithm: &'a [u8],
    signature: &'a [u8],
}

/// A public key (RFC 5280 section 4.1.2.7).
struct PublicKey {
    /// Content of the AlgorithmIdentifier.
    algorithm: Vec<u8>,
    key: Vec<u8>,
}

/// Verifies the signature of `certificate` with the key of `issuer`. webpki reads both, so that none
/// is taken that it would refuse, another version than 3 or two different signature algorithms for
/// example; but for critical extensions that it does not know and that are processed here.
pub(super) fn verify(
    certificate: &Certificate,
    issuer: &Certificate,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Result<(), Error> {
    let signed = Signed::read(certificate.der()).ok_or(Error::BadDer)?;
    PublicKey::read(certificate)?;
    let public_key = PublicKey::read(issuer)?;
    // The same signature algorithm occurs once for each kind of key it may go with.
    let algorithm = algorithms.iter().find(|algorithm| {
        algorithm.signature_alg_id().as_ref() == signed.algorithm
            && algorithm.public_key_alg_id().as_ref() == public_key.algorithm
    });
    let Some(algorithm) = algorithm else {
        return Err(Error::InvalidSignatureForPublicKey);
    };
    let verdict = algorithm.verify_signature(&public_key.key, signed.message, signed.signature);
    verdict.map_err(|_| Error::InvalidSignatureForPublicKey)
}

impl PublicKey {
    fn read(certificate: &Certificate) -> Result<Self, Error> {
        let der = CertificateDer::from(certificate.der());
        let unknown = &certificate.extensions().unknown_critical;
        match EndEntityCert::try_from(&der) {
            Ok(read) => check_trust(&read)?,
            Err(Error::UnsupportedCriticalExtension)
                if unknown.is_empty() && certificate.is_v3() => {}
            Err(error) => return Err(error),
        }
        // Reads in the same way, but skips critical extensions that are unknown to it.
        let read = webpki::anchor_from_trusted_cert(&der)?;
        Self::split(&read.subject_public_key_info).ok_or(Error::BadDer)
    }

    /// From the content of a SubjectPublicKeyInfo.
    fn split(content: &[u8]) -> Option<Self> {
        let (rest, algorithm) = Any::from_der(content).ok()?;
        let (rest, key) = Any::from_der(rest).ok()?;
        rest.is_empty().then_some(Self {
            algorithm: algorithm.data.to_vec(),
            key: whole_octets(key.data)?.to_vec(),
        })
    }
}

/// webpki has a list of public keys that nobody trusts any more, and looks into it first.
fn check_trust(certificate: &EndEntityCert<'_>) -> Result<(), Error> {
    let time = UnixTime::since_unix_epoch(Duration::ZERO);
    let usage = KeyUsage::server_auth();
    match certificate.verify_for_usage(&[], &[], &[], time, usage, None, None) {
        Err(Error::CertDistrusted) => Err(Error::CertDistrusted),
        _ => Ok(()),
    }
}

impl<'a> Signed<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let (_, certificate) = Any::from_der(der).ok()?;
        let (rest, _) = Any::from_der(certificate.data).ok()?;
        let length = certificate.data.len().checked_sub(rest.len())?;
        let (message, rest) = certificate.data.split_at_checked(length)?;
        let (rest, algorithm) = Any::from_der(rest).ok()?;
        let (rest, signature) = Any::from_der(rest).ok()?;
        rest.is_empty().then_some(Self {
            message,
            algorithm: algorithm.data,
            signature: whole_octets(signature.data)?,
        })
    }
}

/// The octets of a BIT STRING of whose last octet no bit is unused.
fn whole_octets(content: &[u8]) -> Option<&[u8]> {
    match content.split_first() {
        Some((0, octets)) => Some(octets),
        _ => None,
    }
}
