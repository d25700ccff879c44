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
        let pins =
            PinSet::of_public_keys(certificates.iter().map(Certificate::spki_sha256).collect())
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
                    .pins()
                    .iter()
                    .map(|pin| digest(pin.digest.as_bytes()))
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

#[cfg(test)]
mod tests {
    use super::super::sample::{NOW, ended_leaf, form, leaf, refusal};
    use super::*;

    #[test]
    fn digests_of_keys_and_certificates_are_kept() {
        let pem = format!("{}{}", leaf("a").certificate, ended_leaf("b").certificate);
        let files: [(&str, &[u8]); 1] = [("certificatePinset", pem.as_bytes())];
        let draft = Manager::certificate_pinset(&form(&[("name", "x")], &files), NOW).unwrap();
        let Payload::CertificatePinset(pinset) = draft.payload else {
            panic!("another payload");
        };
        assert_eq!(
            (pinset.spki_sha256.len(), pinset.certificate_sha256.len()),
            (2, 2)
        );
        let entries = &draft.metadata.shown["details"]["certificateEntries"];
        let shown = entries[0]["sha256"].as_str().unwrap();
        assert_eq!(hex::encode(&pinset.certificate_sha256[0].0), shown);
        assert!(draft.expiration_date.unwrap().starts_with("4096"));
    }

    #[test]
    fn a_refusal_names_the_part() {
        let pem = leaf("a").certificate;
        let many = pem.repeat(UploadLimits::PINNED + 1);
        for (texts, file, place, code) in [
            (vec![], pem.as_str(), "name", "missing"),
            (
                vec![("name", "x"), ("type", "PEM")],
                pem.as_str(),
                "type",
                "unknown_field",
            ),
            (
                vec![("name", "x")],
                "nonsense",
                "certificatePinset",
                "invalid_certificate",
            ),
            (
                vec![("name", "x")],
                many.as_str(),
                "certificatePinset",
                "invalid_certificate",
            ),
        ] {
            let form = form(&texts, &[("certificatePinset", file.as_bytes())]);
            let refused = refusal(Manager::certificate_pinset(&form, NOW));
            assert_eq!(refused, (place.to_owned(), code), "{texts:?}");
        }
    }
}
