//! A certificate as a person wants to see it: Anypoint's CertificateDetails.

use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{
    OID_X509_COMMON_NAME, OID_X509_COUNTRY_NAME, OID_X509_LOCALITY_NAME,
    OID_X509_ORGANIZATION_NAME, OID_X509_ORGANIZATIONAL_UNIT, OID_X509_STATE_OR_PROVINCE_NAME,
};
use x509_parser::x509::X509Name;

use crate::distinguished_name::attribute_text;
use crate::extensions::{AltName, Extensions};
use crate::unix_time::UnixTime;

/// A certificate described. Nothing here is for decisions: names are shown, not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateDetails {
    /// Who signed it.
    pub issuer: NameDetails,
    /// Whose it is.
    pub subject: NameDetails,
    /// Each with its kind: `DNS:a.test`, `IP:10.0.0.1`, `URI:spiffe://a/b`, `email:a@b.test`.
    pub subject_alternative_name: Vec<String>,
    /// `1`, `2` or `3`.
    pub version: String,
    /// Lower case hexadecimal, without separators.
    pub serial_number: String,
    /// For example `sha256WithRSAEncryption`; an object identifier if it has no usual name.
    pub signature_algorithm: String,
    /// `RSA`, `EC`, `Ed25519`, or an object identifier.
    pub public_key_algorithm: String,
    /// Whether it is a CA.
    pub basic_constraints: BasicConstraintsDetails,
    /// When it is valid.
    pub validity: ValidityDetails,
    /// Names of RFC 5280 section 4.2.1.3, for example `digitalSignature`.
    pub key_usage: Vec<String>,
    /// Names of RFC 5280 section 4.2.1.12, for example `serverAuth`, or object identifiers.
    pub extended_key_usage: Vec<String>,
    /// Always `X.509`.
    pub certificate_type: String,
}

/// The usual attributes of a distinguished name; the first of each kind, empty if there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameDetails {
    /// `CN`.
    pub common_name: String,
    /// `O`.
    pub organization_name: String,
    /// `OU`.
    pub organization_unit: String,
    /// `L`.
    pub locality_name: String,
    /// `ST`.
    pub state: String,
    /// `C`.
    pub country_name: String,
}

/// The part of basicConstraints that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraintsDetails {
    /// `cA`.
    pub certificate_authority: bool,
}

/// Both ends of the validity, RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidityDetails {
    /// First moment.
    pub not_before: String,
    /// Last moment.
    pub not_after: String,
}

impl CertificateDetails {
    pub(crate) fn describe(
        certificate: &X509Certificate<'_>,
        extensions: &Extensions,
        serial_number: String,
        public_key_algorithm: String,
    ) -> Self {
        let moment = |seconds| UnixTime(seconds).to_string();
        let validity = certificate.validity();
        let alt_names = extensions.subject_alt_name.as_ref();
        let key_usage = extensions.key_usage.as_ref();
        let purposes = extensions.extended_key_usage.as_ref();
        let basic_constraints = extensions.basic_constraints.as_ref();
        Self {
            issuer: NameDetails::from(certificate.issuer()),
            subject: NameDetails::from(certificate.subject()),
            subject_alternative_name: alt_names
                .map(|names| names.value.iter().map(AltName::text).collect())
                .unwrap_or_default(),
            version: certificate.version().0.saturating_add(1).to_string(),
            serial_number,
            signature_algorithm: signature_algorithm(
                &certificate.signature_algorithm.algorithm.to_id_string(),
            ),
            public_key_algorithm,
            basic_constraints: BasicConstraintsDetails {
                certificate_authority: basic_constraints.is_some_and(|found| found.value.ca),
            },
            validity: ValidityDetails {
                not_before: moment(validity.not_before.timestamp()),
                not_after: moment(validity.not_after.timestamp()),
            },
            key_usage: key_usage
                .map(|usage| {
                    usage
                        .value
                        .names
                        .iter()
                        .copied()
                        .map(str::to_owned)
                        .collect()
                })
                .unwrap_or_default(),
            extended_key_usage: purposes
                .map(|purposes| purposes.value.names.clone())
                .unwrap_or_default(),
            certificate_type: "X.509".to_owned(),
        }
    }
}

impl From<&X509Name<'_>> for NameDetails {
    fn from(name: &X509Name<'_>) -> Self {
        let text = |oid| attribute_text(name, &oid).unwrap_or_default();
        Self {
            common_name: text(OID_X509_COMMON_NAME),
            organization_name: text(OID_X509_ORGANIZATION_NAME),
            organization_unit: text(OID_X509_ORGANIZATIONAL_UNIT),
            locality_name: text(OID_X509_LOCALITY_NAME),
            state: text(OID_X509_STATE_OR_PROVINCE_NAME),
            country_name: text(OID_X509_COUNTRY_NAME),
        }
    }
}

/// Names of RFC 3279, 4055, 5758 and 8410.
fn signature_algorithm(oid: &str) -> String {
    match oid {
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "RSASSA-PSS",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "Ed25519",
        other => other,
    }
    .to_owned()
}
