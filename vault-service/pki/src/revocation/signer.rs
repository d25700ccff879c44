//! Who signed a CRL, and by what right.

use rustls_pki_types::SignatureVerificationAlgorithm;

use crate::certificate::Certificate;
use crate::digest::Digest;
use crate::revocation::certificate_facts::{CertificateFacts, PublicKey, Signature};
use crate::revocation::crl::Crl;
use crate::revocation::crl_error::CrlError;
use crate::unix_time::UnixTime;

/// Whose key has verified a CRL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlSigner {
    /// Its name: DER of the issuer of the CRL.
    pub name: Vec<u8>,
    /// Digest of its SubjectPublicKeyInfo.
    pub key: Digest,
    /// The certificate that lets it sign where it is not a CA of the path itself.
    pub delegation: Option<CrlDelegation>,
}

/// A certificate that a CA has issued to a signer of CRLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlDelegation {
    /// Digest of the CA's SubjectPublicKeyInfo.
    pub by: Digest,
    /// DER of the CA's name.
    pub issuer: Vec<u8>,
    /// Serial number of the certificate, content octets of the INTEGER.
    pub serial: Vec<u8>,
    /// First moment of validity.
    pub not_before: UnixTime,
    /// Last moment of validity.
    pub not_after: UnixTime,
}

type Algorithms<'a> = &'a [&'a dyn SignatureVerificationAlgorithm];

impl CrlSigner {
    /// Finds, among `issuers`, whose key has signed the CRL.
    pub(crate) fn find(
        crl: &Crl<'_>,
        issuers: &[Certificate],
        algorithms: Algorithms<'_>,
    ) -> Result<Self, CrlError> {
        let mut refusal = CrlError::UnknownIssuer;
        for certificate in issuers {
            // One that cannot be read is not the issuer.
            let Ok(facts) = CertificateFacts::read(certificate) else {
                continue;
            };
            if facts.subject != crl.issuer {
                continue;
            }
            match check_signer(crl, &facts, algorithms) {
                Ok(()) => {
                    return Ok(Self {
                        name: crl.issuer.to_vec(),
                        key: certificate.spki_sha256(),
                        delegation: CrlDelegation::find(certificate, &facts, issuers, algorithms),
                    });
                }
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }
}

impl CrlDelegation {
    fn find(
        certificate: &Certificate,
        facts: &CertificateFacts<'_>,
        issuers: &[Certificate],
        algorithms: Algorithms<'_>,
    ) -> Option<Self> {
        if !facts.may_sign_crls_for_others() {
            return None;
        }
        let other = |issuer: &&Certificate| issuer.spki_sha256() != certificate.spki_sha256();
        let by = issuers.iter().filter(other).find(|issuer| {
            CertificateFacts::read(issuer).is_ok_and(|ca| {
                let signature = &facts.signature;
                ca.is_ca
                    && ca.subject == facts.issuer
                    && verify(algorithms, &ca.public_key, facts.signed, signature).is_ok()
            })
        })?;
        Some(Self {
            by: by.spki_sha256(),
            issuer: facts.issuer.to_vec(),
            serial: facts.serial.to_vec(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
        })
    }
}

fn check_signer(
    crl: &Crl<'_>,
    signer: &CertificateFacts<'_>,
    algorithms: Algorithms<'_>,
) -> Result<(), CrlError> {
    verify(algorithms, &signer.public_key, crl.signed, &crl.signature)?;
    if !signer.may_sign_crls() {
        return Err(CrlError::IssuerMayNotSign);
    }
    match (crl.extensions.key_identifier, signer.key_identifier) {
        (Some(named), Some(own)) if named != own => Err(CrlError::WrongKeyIdentifier),
        _ => Ok(()),
    }
}

fn verify(
    algorithms: Algorithms<'_>,
    public_key: &PublicKey<'_>,
    signed: &[u8],
    signature: &Signature<'_>,
) -> Result<(), CrlError> {
    let fits = |algorithm: &&&dyn SignatureVerificationAlgorithm| {
        algorithm.signature_alg_id().as_ref() == signature.algorithm
            && algorithm.public_key_alg_id().as_ref() == public_key.algorithm
    };
    let algorithm = algorithms.iter().find(fits);
    algorithm
        .ok_or(CrlError::UnsupportedSignatureAlgorithm)?
        .verify_signature(public_key.key, signed, signature.value)
        .map_err(|_| CrlError::InvalidSignature)
}
