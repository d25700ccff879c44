//! Target Mule: applications and proxies on the Java runtime.

use sallyport_model::{AcceptableTlsVersions, CipherSuite, ServerCertificatePolicy};
use serde_json::json;

use super::super::limits::UploadLimits;
use super::super::violation::{Problem, Violation};
use super::{Checked, Stores, TlsContextUpload, without_repetition};
use crate::payload::{MulePayload, Payload};

/// What clients of the API send where nothing is said.
const VERSIONS_BY_DEFAULT: AcceptableTlsVersions = AcceptableTlsVersions {
    v1_1: false,
    v1_2: true,
    v1_3: false,
};

pub(super) fn check(upload: &TlsContextUpload, stores: &Stores) -> Result<Checked, Violation> {
    let versions = upload
        .acceptable_tls_versions
        .unwrap_or(VERSIONS_BY_DEFAULT);
    if versions.is_empty() {
        return Err(no_version());
    }
    let cipher_suites = upload.cipher_suites.clone().unwrap_or_default();
    check_names(&cipher_suites)?;
    let insecure = upload.insecure.unwrap_or(false);
    let server_certificate = if insecure {
        ServerCertificatePolicy::Skip
    } else {
        ServerCertificatePolicy::Verify
    };

    let shown = json!({
        "acceptableTlsVersions": versions,
        "cipherSuites": cipher_suites,
        "insecure": insecure,
    });
    let warnings = unknown_suites(&cipher_suites);
    Ok(Checked {
        shown,
        payload: Payload::MuleTlsContext(MulePayload {
            versions,
            cipher_suites,
            server_certificate,
            keystore: stores.keystore,
            truststore: stores.truststore,
        }),
        refers_to: Vec::new(),
        warnings,
    })
}

/// No version in `acceptableTlsVersions`.
pub(super) fn no_version() -> Violation {
    let expected = "has at least one of tlsV1Dot1, tlsV1Dot2 and tlsV1Dot3 true".to_owned();
    Violation::new("/acceptableTlsVersions", Problem::Value { expected })
}

/// Java knows more suites than the API lists, so any name is taken that could be one.
fn check_names(names: &[String]) -> Result<(), Violation> {
    if names.len() > UploadLimits::CIPHER_SUITES {
        let (limit, what) = (UploadLimits::CIPHER_SUITES, "cipher suites");
        return Err(Violation::new(
            "/cipherSuites",
            Problem::TooMany { limit, what },
        ));
    }
    for (index, name) in names.iter().enumerate() {
        let letters = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !letters || !(1..=UploadLimits::CIPHER_SUITE_NAME).contains(&name.len()) {
            let expected = format!(
                "is the name of a cipher suite, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 1 \
                 to {} letters, digits and underscores",
                UploadLimits::CIPHER_SUITE_NAME
            );
            return Err(Violation::new(
                format!("/cipherSuites/{index}"),
                Problem::Value { expected },
            ));
        }
    }
    without_repetition("/cipherSuites", names)
}

fn unknown_suites(names: &[String]) -> Vec<String> {
    let unknown = names
        .iter()
        .enumerate()
        .filter(|(_, name)| name.parse::<CipherSuite>().is_err());
    unknown
        .map(|(index, name)| {
            format!(
                "/cipherSuites/{index}: {name} is not one of the names the API lists; whether it \
                 can be used depends on the Java runtime"
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::super::sample::{refusal, upload};
    use super::*;

    const NONE: Stores = Stores {
        keystore: None,
        truststore: None,
    };

    fn check(fields: Value) -> Result<Checked, Violation> {
        let mut body = json!({"name":"x","target":"Mule"});
        for (field, value) in fields.as_object().unwrap() {
            body[field] = value.clone();
        }
        super::check(&upload(body), &NONE)
    }

    #[test]
    fn tls_1_2_with_verification_is_the_default() {
        assert_eq!(
            check(json!({})).unwrap().shown,
            json!({
                "acceptableTlsVersions":
                    { "tlsV1Dot1": false, "tlsV1Dot2": true, "tlsV1Dot3": false },
                "cipherSuites": [], "insecure": false,
            })
        );
    }

    #[test]
    fn a_suite_only_java_knows_is_taken_and_pointed_out() {
        let known = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
        let java = "TLS_DHE_DSS_WITH_AES_128_GCM_SHA256";
        let checked = check(json!({"cipherSuites":[known, java]})).unwrap();
        assert_eq!(checked.warnings.len(), 1);
        assert!(checked.warnings[0].starts_with("/cipherSuites/1: TLS_DHE_DSS"));
    }

    #[test]
    fn a_refusal_names_the_field() {
        for (fields, place, code) in [
            (
                json!({"acceptableTlsVersions":{"tlsV1Dot1":false}}),
                "/acceptableTlsVersions",
                "invalid_value",
            ),
            (
                json!({"cipherSuites":["a b"]}),
                "/cipherSuites/0",
                "invalid_value",
            ),
            (
                json!({"cipherSuites":["A", ""]}),
                "/cipherSuites/1",
                "invalid_value",
            ),
            (
                json!({"cipherSuites":["A".repeat(101)]}),
                "/cipherSuites/0",
                "invalid_value",
            ),
            (
                json!({"cipherSuites":["A","B","A"]}),
                "/cipherSuites/2",
                "duplicate",
            ),
            (
                json!({"cipherSuites":vec!["A";101]}),
                "/cipherSuites",
                "too_many",
            ),
        ] {
            let refused = refusal(check(fields.clone()));
            assert_eq!(refused, (place.to_owned(), code), "{fields}");
        }
    }
}
