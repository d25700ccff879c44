//! Certificate pinsets: certificates whose public keys a peer must present one of.

use sallyport_model::Der;
use sallyport_pki::{Certificate, PinSet, UnixTime, certificates_from_pem_up_to};
use serde_json::json;

use super::Manager;
use super::draft::Draft;
use super::error::Violation;
use super::expiry::first_to_end;
use super::form::{Form, Parts};
use super::limits::UploadLimits;
use super::metadata::{Metadata, certificate_details};
use crate::payload::{Payload, PinsetPayload};

const PARTS: Parts = Parts {
    texts: &["name", "expirationDate"],
    files: &["certificatePinset"],
    listed: "name, certificatePinset, expirationDate",
};

impl Manager {
    /// Checks an uploaded pinset. What is pinned is the public key, so a renewed certificate with
    /// the same key still matches, and an ended certificate may still be pinned.
    pub fn certificate_pinset(form: &Form, now: UnixTime) -> Result<Draft, Violation> {
        form.only(&PARTS)?;
        let name = form.secret_name()?;
        let file = form.required_file("certificatePinset", UploadLimits::CHAIN_FILE)?;
        let certificates = certificates_from_pem_up_to(&file.bytes, UploadLimits::PINNED)
            .map_err(|error| Violation::new("certificatePinset", error))?;
        let pins = PinSet::new(certificates.iter().map(Certificate::spki_sha256).collect())
            .map_err(|error| Violation::new("certificatePinset", error))?;

        let entries: Vec<_> = certificates
            .iter()
            .map(|certificate| {
                json!({
                    "sha256": certificate.sha256().to_string(),
                    "spkiSha256": certificate.spki_sha256().to_string(),
                    "certificate": certificate_details(certificate),
                })
            })
            .collect();
        let shown = json!({
            "certificatePinsetFileName": file.name,
            "details": { "certificateEntries": entries },
        });
        let digest = |bytes: &[u8; 32]| Der(bytes.to_vec());
        Ok(Draft {
            name,
            expiration_date: form
                .expiration_date()?
                .or_else(|| first_to_end(&certificates, now)),
            metadata: Metadata::showing(shown).with_certificates(&certificates),
            payload: Payload::CertificatePinset(PinsetPayload {
                spki_sha256: pins
                    .digests()
                    .iter()
                    .map(|pin| digest(pin.as_bytes()))
                    .collect(),
                certificate_sha256: certificates
                    .iter()
                    .map(|certificate| digest(certificate.sha256().as_bytes()))
                    .collect(),
            }),
            refers_to: Vec::new(),
            warnings: Vec::new(),
        })
    }
}
