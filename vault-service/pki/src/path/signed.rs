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

/// Verifies the signature of `certificate` with the key of `issuer`. webpki reads both, so that none
/// is taken that it would refuse: another version than 3, an unknown critical extension, two
/// different signature algorithms.
pub(super) fn verify(
    certificate: &Certificate,
    issuer: &Certificate,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> Result<(), Error> {
    let signed = Signed::read(certificate.der()).ok_or(Error::BadDer)?;
    let der = CertificateDer::from(certificate.der());
    check_trust(&EndEntityCert::try_from(&der)?)?;
    let der = CertificateDer::from(issuer.der());
    let issuer = EndEntityCert::try_from(&der)?;
    check_trust(&issuer)?;
    // The same signature algorithm occurs once for each kind of key it may go with.
    let mut verdict = Err(Error::InvalidSignatureForPublicKey);
    for algorithm in algorithms {
        if algorithm.signature_alg_id().as_ref() != signed.algorithm {
            continue;
        }
        verdict = issuer.verify_signature(*algorithm, signed.message, signed.signature);
        if !matches!(
            verdict,
            Err(Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_))
        ) {
            break;
        }
    }
    verdict
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
        // No bit of the last octet is unused.
        let (unused, signature) = signature.data.split_first()?;
        (rest.is_empty() && *unused == 0).then_some(Self {
            message,
            algorithm: algorithm.data,
            signature,
        })
    }
}
