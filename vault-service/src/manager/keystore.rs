//! Keystores: a certificate, its CA path and its private key. PEM in this version.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sallyport_model::{Der, SecretString};
use sallyport_pki::{
    Certificate, PrivateKey, UnixTime, certificate_from_pem, certificates_from_pem,
};
use serde_json::json;

use super::Manager;
use super::draft::Draft;
use super::error::{Problem, Violation};
use super::expiry::{ExpiredCertificates, first_to_end};
use super::form::Form;
use super::metadata::{Metadata, certificate_details};
use crate::payload::{KeystorePayload, Payload};

const PARTS: [&str; 8] = [
    "type",
    "name",
    "certificate",
    "key",
    "capath",
    // The Terraform provider's name for the same part.
    "caPathCertificate",
    "keyPassphrase",
    "expirationDate",
];
const LISTED: &str = "type, name, certificate, key, capath, keyPassphrase, expirationDate";

impl Manager {
    /// Checks an uploaded keystore.
    pub fn keystore(
        form: &Form,
        expired: ExpiredCertificates,
        now: UnixTime,
    ) -> Result<Draft, Violation> {
        form.require_pem()?;
        form.only(&PARTS, LISTED)?;
        let name = form.secret_name()?;
        let certificate_file = form.required_file("certificate")?;
        let key_file = form.required_file("key")?;
        let (ca_path_part, ca_path_file) = match form.file("capath") {
            Some(file) => ("capath", Some(file)),
            None => ("caPathCertificate", form.file("caPathCertificate")),
        };

        let certificate = certificate_from_pem(&certificate_file.bytes)
            .map_err(|error| Violation::new("certificate", error))?;
        let ca_path = match ca_path_file {
            Some(file) => certificates_from_pem(&file.bytes)
                .map_err(|error| Violation::new(ca_path_part, error))?,
            None => Vec::new(),
        };
        let passphrase = form.text("keyPassphrase").map(SecretString::expose);
        let key = PrivateKey::from_pem(&key_file.bytes, passphrase)
            .map_err(|error| Violation::new("key", error))?;
        if key.spki_sha256() != certificate.spki_sha256() {
            let subject = certificate.subject().to_owned();
            return Err(Violation::new("key", Problem::KeyMismatch { subject }));
        }
        expired.check("certificate", std::slice::from_ref(&certificate), now)?;
        expired.check(ca_path_part, &ca_path, now)?;

        let shown = json!({
            "type": "PEM",
            "certificateFileName": certificate_file.name,
            "keyFileName": key_file.name,
            "capathFileName": ca_path_file.map(|file| file.name.as_str()),
            "details": {
                "certificate": certificate_details(&certificate),
                "capath": ca_path.iter().map(certificate_details).collect::<Vec<_>>(),
            },
        });
        let expiration_date = match form.expiration_date()? {
            Some(date) => Some(date),
            None => first_to_end(std::slice::from_ref(&certificate)),
        };
        let certificates: Vec<Certificate> = std::iter::once(certificate).chain(ca_path).collect();
        Ok(Draft {
            name,
            expiration_date,
            metadata: Metadata {
                key_spki_sha256: Some(key.spki_sha256().to_string()),
                ..Metadata::showing(shown).with_certificates(&certificates)
            },
            payload: Payload::Keystore(KeystorePayload {
                private_key: SecretString::new(STANDARD.encode(key.pkcs8_der())),
                certificates: certificates
                    .iter()
                    .map(|item| Der(item.der().to_vec()))
                    .collect(),
            }),
            refers_to: Vec::new(),
        })
    }
}
