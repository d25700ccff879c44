//! Single certificates, without a key: CAs, and the signers of revocation lists.

use sallyport_model::{Der, StoreType};
use sallyport_pki::{Certificate, UnixTime, certificate_from_pem};
use serde_json::json;

use super::Manager;
use super::draft::Draft;
use super::error::{Problem, Violation};
use super::expiry::{ExpiredCertificates, ended, first_to_end};
use super::form::{File, Form, Parts};
use super::limits::UploadLimits;
use super::metadata::{Metadata, certificate_details};
use crate::payload::{CertificatePayload, Payload};

const PARTS: Parts = Parts {
    texts: &["type", "name", "storePassphrase", "expirationDate"],
    files: &["certStore"],
    listed: "type, name, certStore, storePassphrase, expirationDate",
};

impl Manager {
    /// Checks an uploaded certificate.
    pub fn certificate(
        form: &Form,
        expired: ExpiredCertificates,
        now: UnixTime,
    ) -> Result<Draft, Violation> {
        let store_type = form.store_type()?;
        form.only(&PARTS)?;
        let name = form.secret_name()?;
        let (file, certificate) = match store_type {
            StoreType::Pem => from_pem(form)?,
            StoreType::Jks | StoreType::Jceks | StoreType::Pkcs12 => {
                return Err(Violation::new(
                    "type",
                    Problem::Unsupported { supported: "PEM" },
                ));
            }
        };
        certificate.check_public_key().map_err(|error| {
            let subject = certificate.subject().to_owned();
            Violation::new("certStore", Problem::PublicKey { subject, error })
        })?;
        let certificates = [certificate];
        expired.check("certStore", &certificates, now)?;

        let [certificate] = &certificates;
        let shown = json!({
            "type": store_type,
            "certificateFileName": file.name,
            "details": certificate_details(certificate),
        });
        Ok(Draft {
            name,
            expiration_date: form
                .expiration_date()?
                .or_else(|| first_to_end(&certificates, now)),
            metadata: Metadata::showing(shown).with_certificates(&certificates),
            payload: Payload::Certificate(CertificatePayload {
                certificate: Der(certificate.der().to_vec()),
            }),
            refers_to: Vec::new(),
            warnings: ended("certStore", &certificates, now),
        })
    }
}

fn from_pem(form: &Form) -> Result<(&File, Certificate), Violation> {
    form.without(&["storePassphrase"], "JKS, JCEKS and PKCS12", "PEM")?;
    let file = form.required_file("certStore", UploadLimits::CERTIFICATE_FILE)?;
    let certificate =
        certificate_from_pem(&file.bytes).map_err(|error| Violation::new("certStore", error))?;
    Ok((file, certificate))
}
