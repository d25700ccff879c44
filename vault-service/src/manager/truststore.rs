//! Truststores: CA certificates that are trusted.

use sallyport_model::{Der, StoreType, TruststoreMaterial};
use sallyport_pki::{Certificate, TrustAnchors, UnixTime, certificates_from_pem_up_to};
use serde_json::json;

use super::Manager;
use super::draft::Draft;
use super::error::{Problem, Violation};
use super::expiry::{ended, first_to_end};
use super::form::{File, Form, Parts};
use super::limits::UploadLimits;
use super::metadata::{Metadata, certificate_details};
use crate::payload::Payload;

const PARTS: Parts = Parts {
    texts: &[
        "type",
        "name",
        "storePassphrase",
        "algorithm",
        "expirationDate",
    ],
    files: &["trustStore"],
    listed: "type, name, trustStore, storePassphrase, algorithm, expirationDate",
};

/// What an upload holds, whatever its format.
struct Trusted<'a> {
    file: &'a File,
    /// Each under its alias.
    entries: Vec<(String, Certificate)>,
}

impl Manager {
    /// Checks an uploaded truststore. A certificate that is no CA is refused: as a trust anchor it
    /// would become one; to accept exactly one certificate, pin it. Ended ones are taken, since old
    /// and new roots often travel together; no path ends at them, and the answer names them.
    pub fn truststore(form: &Form, now: UnixTime) -> Result<Draft, Violation> {
        let store_type = form.store_type()?;
        form.only(&PARTS)?;
        let name = form.secret_name()?;
        let Trusted { file, entries } = match store_type {
            StoreType::Pem => from_pem(form)?,
            StoreType::Jks | StoreType::Jceks | StoreType::Pkcs12 => {
                return Err(Violation::new(
                    "type",
                    Problem::Unsupported { supported: "PEM" },
                ));
            }
        };
        let certificates = entries.iter().map(|(_, certificate)| certificate.clone());
        let anchors = TrustAnchors::new(certificates.collect())
            .map_err(|error| Violation::new("trustStore", error))?;
        let certificates = anchors.certificates();

        let shown: Vec<_> = entries
            .iter()
            .map(|(alias, certificate)| {
                json!({ "alias": alias, "certificate": certificate_details(certificate) })
            })
            .collect();
        let shown = json!({
            "type": store_type,
            "truststoreFileName": file.name,
            "details": { "certificateEntries": shown },
        });
        Ok(Draft {
            name,
            expiration_date: form
                .expiration_date()?
                .or_else(|| first_to_end(certificates, now)),
            metadata: Metadata::showing(shown).with_certificates(certificates),
            payload: Payload::Truststore(TruststoreMaterial {
                anchors: certificates
                    .iter()
                    .map(|item| Der(item.der().to_vec()))
                    .collect(),
            }),
            refers_to: Vec::new(),
            warnings: ended("trustStore", certificates, now),
        })
    }
}

/// Certificates of a PEM file; they have no names, so they are counted.
fn from_pem(form: &Form) -> Result<Trusted<'_>, Violation> {
    form.without(
        &["storePassphrase", "algorithm"],
        "JKS, JCEKS and PKCS12",
        "PEM",
    )?;
    let file = form.required_file("trustStore", UploadLimits::STORE_FILE)?;
    let certificates = certificates_from_pem_up_to(&file.bytes, UploadLimits::TRUSTED)
        .map_err(|error| Violation::new("trustStore", error))?;
    let numbered = (1_usize..).zip(certificates);
    let entries = numbered.map(|(number, certificate)| (number.to_string(), certificate));
    Ok(Trusted {
        file,
        entries: entries.collect(),
    })
}
