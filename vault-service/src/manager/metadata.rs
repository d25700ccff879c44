//! What may be known of a secret without opening it.

use sallyport_model::Der;
use sallyport_pki::{Certificate, CertificateDetails, NameDetails};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::store::{StoreError, VersionRecord};

/// Stored beside the sealed payload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// The fields of the kind as the API shows them.
    pub shown: Map<String, Value>,
    /// Certificates, for checks that need no opening.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Der>,
    /// SHA-256 of the public key of a keystore's private key, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_spki_sha256: Option<String>,
    /// Length of a symmetric key; not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_bytes: Option<usize>,
}

impl Metadata {
    /// Metadata that shows these fields.
    pub(super) fn showing(fields: Value) -> Self {
        let shown = match fields {
            Value::Object(shown) => shown,
            _ => Map::new(),
        };
        Self {
            shown,
            ..Self::default()
        }
    }

    /// Reads what was stored beside a version.
    pub(super) fn of(version: &VersionRecord) -> Result<Self, StoreError> {
        serde_json::from_str(&version.metadata).map_err(|_| StoreError::Damaged {
            what: "metadata of a secret",
        })
    }

    /// A field that is a text.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.shown.get(field).and_then(Value::as_str)
    }

    /// The certificates it is about.
    pub(super) fn read_certificates(&self) -> Result<Vec<Certificate>, StoreError> {
        let certificates = self
            .certificates
            .iter()
            .map(|der| Certificate::from_der(&der.0));
        certificates
            .collect::<Result<_, _>>()
            .map_err(|_| StoreError::Damaged {
                what: "certificates of a secret",
            })
    }

    /// Shows one more field.
    pub(super) fn show(&mut self, field: &str, value: Value) {
        self.shown.insert(field.to_owned(), value);
    }

    /// With the certificates it is about.
    pub(super) fn with_certificates(mut self, certificates: &[Certificate]) -> Self {
        self.certificates = certificates
            .iter()
            .map(|certificate| Der(certificate.der().to_vec()))
            .collect();
        self
    }
}

/// CertificateDetails of the API.
pub(super) fn certificate_details(certificate: &Certificate) -> Value {
    let details: CertificateDetails = certificate.details();
    json!({
        "issuer": name(&details.issuer),
        "subject": name(&details.subject),
        "subjectAlternativeName": details.subject_alternative_name,
        "version": details.version,
        "serialNumber": details.serial_number,
        "signatureAlgorithm": details.signature_algorithm,
        "publicKeyAlgorithm": details.public_key_algorithm,
        "basicConstraints": {
            "certificateAuthority": details.basic_constraints.certificate_authority,
        },
        "validity": {
            "notBefore": details.validity.not_before,
            "notAfter": details.validity.not_after,
        },
        "keyUsage": details.key_usage,
        "extendedKeyUsage": details.extended_key_usage,
        "certificateType": details.certificate_type,
    })
}

fn name(name: &NameDetails) -> Value {
    json!({
        "commonName": name.common_name,
        "organizationName": name.organization_name,
        "organizationUnit": name.organization_unit,
        "localityName": name.locality_name,
        "state": name.state,
        "countryName": name.country_name,
    })
}
