//! Truststores: CA certificates that are trusted. PEM in this version.

use sallyport_model::{Der, TruststoreMaterial};
use sallyport_pki::{TrustAnchors, UnixTime, certificates_from_pem};
use serde_json::json;

use super::Manager;
use super::draft::Draft;
use super::error::Violation;
use super::expiry::{ExpiredCertificates, first_to_end};
use super::form::Form;
use super::metadata::{Metadata, certificate_details};
use crate::payload::Payload;

const PARTS: [&str; 4] = ["type", "name", "trustStore", "expirationDate"];
const LISTED: &str = "type, name, trustStore, expirationDate";

impl Manager {
    /// Checks an uploaded truststore. A certificate that is no CA is refused: as a trust anchor it
    /// would become one; to accept exactly one certificate, pin it.
    pub fn truststore(
        form: &Form,
        expired: ExpiredCertificates,
        now: UnixTime,
    ) -> Result<Draft, Violation> {
        form.require_pem()?;
        form.only(&PARTS, LISTED)?;
        let name = form.secret_name()?;
        let file = form.required_file("trustStore")?;
        let certificates = certificates_from_pem(&file.bytes)
            .map_err(|error| Violation::new("trustStore", error))?;
        let anchors =
            TrustAnchors::new(certificates).map_err(|error| Violation::new("trustStore", error))?;
        let certificates = anchors.certificates();
        expired.check("trustStore", certificates, now)?;

        let entries: Vec<_> = certificates
            .iter()
            .enumerate()
            .map(|(index, certificate)| {
                json!({ "alias": format!("{}", index + 1), "certificate": certificate_details(certificate) })
            })
            .collect();
        let shown = json!({
            "type": "PEM",
            "truststoreFileName": file.name,
            "details": { "certificateEntries": entries },
        });
        Ok(Draft {
            name,
            expiration_date: form
                .expiration_date()?
                .or_else(|| first_to_end(certificates)),
            metadata: Metadata::showing(shown).with_certificates(certificates),
            payload: Payload::Truststore(TruststoreMaterial {
                anchors: certificates
                    .iter()
                    .map(|item| Der(item.der().to_vec()))
                    .collect(),
            }),
            refers_to: Vec::new(),
        })
    }
}
