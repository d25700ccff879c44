//! Keystores: a certificate, its CA path and its private key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sallyport_model::{Der, SecretString, StoreType};
use sallyport_pki::{
    Certificate, PrivateKey, PrivateKeyError, UnixTime, certificate_from_pem,
    certificates_from_pem_up_to,
};
use serde_json::{Value, json};

use super::Manager;
use super::draft::Draft;
use super::error::{Problem, Violation};
use super::expiry::{ExpiredCertificates, ended, first_to_end};
use super::form::{File, Form, Parts};
use super::limits::UploadLimits;
use super::metadata::{Metadata, certificate_details};
use crate::payload::{KeystorePayload, Payload};

const PARTS: Parts = Parts {
    texts: &[
        "type",
        "name",
        "keyPassphrase",
        "storePassphrase",
        "alias",
        "algorithm",
        "expirationDate",
    ],
    files: &[
        "certificate",
        "key",
        "capath",
        CA_PATH_OF_TERRAFORM,
        "keyStore",
    ],
    listed: "type, name, expirationDate; for PEM certificate, key, capath, keyPassphrase; for JKS, \
             JCEKS and PKCS12 keyStore, storePassphrase, alias, keyPassphrase, algorithm, capath",
};

/// The Terraform provider's name of `capath`.
const CA_PATH_OF_TERRAFORM: &str = "caPathCertificate";

/// What an upload holds, whatever its format.
struct KeyPair {
    key: PrivateKey,
    certificate: Certificate,
    /// The part the certificate came in.
    place: &'static str,
    /// Fields only this format shows.
    shown: Value,
}

impl Manager {
    /// Checks an uploaded keystore.
    pub fn keystore(
        form: &Form,
        expired: ExpiredCertificates,
        now: UnixTime,
    ) -> Result<Draft, Violation> {
        let store_type = form.store_type()?;
        form.only(&PARTS)?;
        let name = form.secret_name()?;
        let (ca_path_part, ca_path_file) = ca_path_file(form)?;
        let ca_path = ca_path(ca_path_part, ca_path_file)?;
        let pair = match store_type {
            StoreType::Pem => from_pem(form)?,
            StoreType::Jks | StoreType::Jceks | StoreType::Pkcs12 => {
                return Err(Violation::new(
                    "type",
                    Problem::Unsupported { supported: "PEM" },
                ));
            }
        };
        if pair.key.spki_sha256() != pair.certificate.spki_sha256() {
            let subject = pair.certificate.subject().to_owned();
            return Err(Violation::new("key", Problem::KeyMismatch { subject }));
        }
        let leaf = std::slice::from_ref(&pair.certificate);
        expired.check(pair.place, leaf, now)?;
        expired.check(ca_path_part, &ca_path, now)?;
        let mut warnings = ended(pair.place, leaf, now);
        warnings.extend(ended(ca_path_part, &ca_path, now));

        let mut metadata = Metadata::showing(pair.shown);
        metadata.show("type", json!(store_type));
        if let Some(file) = ca_path_file {
            metadata.show("capathFileName", json!(file.name));
        }
        metadata.show(
            "details",
            json!({
                "certificate": certificate_details(&pair.certificate),
                "capath": ca_path.iter().map(certificate_details).collect::<Vec<_>>(),
            }),
        );
        let expiration_date = form.expiration_date()?.or_else(|| first_to_end(leaf, now));
        let certificates: Vec<_> = std::iter::once(pair.certificate).chain(ca_path).collect();
        Ok(Draft {
            name,
            expiration_date,
            metadata: Metadata {
                key_spki_sha256: Some(pair.key.spki_sha256().to_string()),
                ..metadata.with_certificates(&certificates)
            },
            payload: Payload::Keystore(KeystorePayload {
                private_key: SecretString::new(STANDARD.encode(pair.key.pkcs8_der())),
                certificates: certificates
                    .iter()
                    .map(|item| Der(item.der().to_vec()))
                    .collect(),
            }),
            refers_to: Vec::new(),
            warnings,
        })
    }
}

/// The CA path under either of its names.
fn ca_path_file(form: &Form) -> Result<(&'static str, Option<&File>), Violation> {
    let [ours, terraform] = ["capath", CA_PATH_OF_TERRAFORM].map(|part| {
        form.file(part, UploadLimits::CHAIN_FILE)
            .map(|file| (part, file))
    });
    match (ours?, terraform?) {
        ((_, Some(_)), (terraform, Some(_))) => Err(Violation::new(terraform, Problem::Twice)),
        ((_, None), terraform @ (_, Some(_))) => Ok(terraform),
        (ours, _) => Ok(ours),
    }
}

fn ca_path(part: &'static str, file: Option<&File>) -> Result<Vec<Certificate>, Violation> {
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    certificates_from_pem_up_to(&file.bytes, UploadLimits::CHAIN - 1)
        .map_err(|error| Violation::new(part, error))
}

fn from_pem(form: &Form) -> Result<KeyPair, Violation> {
    form.without(
        &["keyStore", "storePassphrase", "alias", "algorithm"],
        "JKS, JCEKS and PKCS12",
        "PEM",
    )?;
    let certificate_file = form.required_file("certificate", UploadLimits::CERTIFICATE_FILE)?;
    let key_file = form.required_file("key", UploadLimits::KEY_FILE)?;
    let certificate = certificate_from_pem(&certificate_file.bytes)
        .map_err(|error| Violation::new("certificate", error))?;
    let passphrase = form.text("keyPassphrase").map(SecretString::expose);
    let key = PrivateKey::from_pem(&key_file.bytes, passphrase).map_err(|error| {
        let place = match error {
            PrivateKeyError::WrongPassphrase | PrivateKeyError::PassphraseNeeded => "keyPassphrase",
            _ => "key",
        };
        Violation::new(place, error)
    })?;
    Ok(KeyPair {
        key,
        certificate,
        place: "certificate",
        shown: json!({
            "certificateFileName": certificate_file.name,
            "keyFileName": key_file.name,
        }),
    })
}
