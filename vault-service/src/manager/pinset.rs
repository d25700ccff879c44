//! Certificate pinsets: certificates whose public keys a peer must present one of.

use sallyport_model::{Der, PinsetMaterial};
use sallyport_pki::{Certificate, PinSet, certificates_from_pem};
use serde_json::json;

use super::Manager;
use super::draft::Draft;
use super::error::Violation;
use super::expiry::first_to_end;
use super::form::Form;
use super::metadata::{Metadata, certificate_details};
use crate::payload::Payload;

const PARTS: [&str; 3] = ["name", "certificatePinset", "expirationDate"];
const LISTED: &str = "name, certificatePinset, expirationDate";

impl Manager {
    /// Checks an uploaded pinset. What is pinned is the public key, so a renewed certificate with
    /// the same key still matches, and an ended certificate may still be pinned.
    pub fn certificate_pinset(form: &Form) -> Result<Draft, Violation> {
        form.only(&PARTS, LISTED)?;
        let name = form.secret_name()?;
        let file = form.required_file("certificatePinset")?;
        let certificates = certificates_from_pem(&file.bytes)
            .map_err(|error| Violation::new("certificatePinset", error))?;
        let pins = PinSet::new(certificates.iter().map(Certificate::spki_sha256).collect())
            .map_err(|error| Violation::new("certificatePinset", error))?;

        let entries: Vec<_> = certificates
            .iter()
            .map(|certificate| {
                json!({
                    "spkiSha256": certificate.spki_sha256().to_string(),
                    "certificate": certificate_details(certificate),
                })
            })
            .collect();
        let shown = json!({
            "certificatePinsetFileName": file.name,
            "details": { "certificateEntries": entries },
        });
        Ok(Draft {
            name,
            expiration_date: form
                .expiration_date()?
                .or_else(|| first_to_end(&certificates)),
            metadata: Metadata::showing(shown).with_certificates(&certificates),
            payload: Payload::CertificatePinset(PinsetMaterial {
                spki_sha256: pins
                    .digests()
                    .iter()
                    .map(|pin| Der(pin.as_bytes().to_vec()))
                    .collect(),
            }),
            refers_to: Vec::new(),
        })
    }
}
