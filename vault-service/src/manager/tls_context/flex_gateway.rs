//! Target FlexGateway: gateways built on Envoy.

use sallyport_model::{
    AlpnProtocol, CipherSuite, ClientCertificatePolicy, ServerCertificatePolicy, TlsVersion,
    UnknownTlsWord,
};
use serde_json::json;

use super::super::Manager;
use super::super::error::ManagerError;
use super::super::limits::UploadLimits;
use super::super::violation::{Problem, Violation};
use super::verification::Verification;
use super::{Checked, Stores, TlsContextUpload, without_repetition};
use crate::payload::{FlexGatewayPayload, Payload};
use crate::store::GroupRecord;

/// What clients of the API offer first where nothing is said.
const ALPN_BY_DEFAULT: [AlpnProtocol; 2] = [AlpnProtocol::H2, AlpnProtocol::Http1];

impl Manager {
    /// Checks the fields of this target, and what its verification refers to.
    pub(super) async fn flex_gateway(
        &self,
        group: &GroupRecord,
        upload: &TlsContextUpload,
        stores: &Stores,
    ) -> Result<Checked, ManagerError> {
        let verification = match &upload.verification {
            Some(given) => Some(self.verification(group, given).await?),
            None => None,
        };
        Ok(check(upload, stores, verification)?)
    }
}

fn check(
    upload: &TlsContextUpload,
    stores: &Stores,
    verification: Option<Verification>,
) -> Result<Checked, Violation> {
    let min = upload.min_tls_version.unwrap_or(TlsVersion::V1_3);
    let max = upload.max_tls_version.unwrap_or(TlsVersion::V1_3);
    if min > max {
        return Err(Violation::new(
            "/minTlsVersion",
            Problem::TlsRange { min, max },
        ));
    }
    let alpn_protocols = alpn_protocols(upload)?;
    let cipher_suites = cipher_suites(upload.cipher_suites.as_deref().unwrap_or_default())?;
    suites_fit(&cipher_suites, min, max)?;
    let inbound = upload.inbound_settings.unwrap_or_default();
    let outbound = upload.outbound_settings.unwrap_or_default();
    if inbound.enable_client_cert_validation && stores.truststore.is_none() {
        return Err(Violation::new("/truststore", Problem::TruststoreRequired));
    }

    let (verification, refers_to) = match verification {
        Some(Verification {
            resolved,
            refers_to,
        }) => (Some(resolved), refers_to),
        None => (None, None),
    };
    let mut shown = json!({
        "minTlsVersion": min,
        "maxTlsVersion": max,
        "alpnProtocols": alpn_protocols,
        "cipherSuites": cipher_suites,
        "inboundSettings": {
            "enableClientCertValidation": inbound.enable_client_cert_validation,
        },
        "outboundSettings": {
            "skipServerCertValidation": outbound.skip_server_cert_validation,
        },
    });
    if let (Some(verification), Some(fields)) = (&verification, shown.as_object_mut()) {
        fields.insert("verification".to_owned(), json!(verification));
    }
    Ok(Checked {
        shown,
        payload: Payload::TlsContext(FlexGatewayPayload {
            min_version: min,
            max_version: max,
            cipher_suites,
            alpn_protocols,
            client_certificate: if inbound.enable_client_cert_validation {
                ClientCertificatePolicy::Require
            } else {
                ClientCertificatePolicy::Ignore
            },
            server_certificate: if outbound.skip_server_cert_validation {
                ServerCertificatePolicy::Skip
            } else {
                ServerCertificatePolicy::Verify
            },
            keystore: stores.keystore,
            truststore: stores.truststore,
            verification,
        }),
        refers_to: refers_to.into_iter().collect(),
        warnings: Vec::new(),
    })
}

fn alpn_protocols(upload: &TlsContextUpload) -> Result<Vec<AlpnProtocol>, Violation> {
    match upload.alpn_protocols.as_deref() {
        None => Ok(ALPN_BY_DEFAULT.to_vec()),
        Some([]) => Err(Violation::new("/alpnProtocols", Problem::Missing)),
        Some(protocols) => {
            // Looking for repetitions compares all with all.
            if protocols.len() > UploadLimits::CIPHER_SUITES {
                return Err(too_many("/alpnProtocols", "protocols"));
            }
            without_repetition("/alpnProtocols", protocols)?;
            Ok(protocols.to_vec())
        }
    }
}

fn cipher_suites(names: &[String]) -> Result<Vec<CipherSuite>, Violation> {
    if names.len() > UploadLimits::CIPHER_SUITES {
        return Err(too_many("/cipherSuites", "cipher suites"));
    }
    let suites = names.iter().enumerate().map(|(index, name)| {
        name.parse().map_err(|error: UnknownTlsWord| {
            Violation::new(format!("/cipherSuites/{index}"), error)
        })
    });
    let suites = suites.collect::<Result<Vec<CipherSuite>, _>>()?;
    without_repetition("/cipherSuites", &suites)?;
    Ok(suites)
}

/// Every suite is of use, and every allowed version before 1.3 has one; 1.3 brings its own. A list
/// that a context for 1.3 alone carries along is harmless if it is one for 1.2.
fn suites_fit(suites: &[CipherSuite], min: TlsVersion, max: TlsVersion) -> Result<(), Violation> {
    use TlsVersion::{V1_1, V1_2, V1_3};
    if min < V1_3 && suites.is_empty() {
        return Err(Violation::new("/cipherSuites", Problem::CipherRequired));
    }
    let (usable, versions): (&[TlsVersion], _) = match (min, max) {
        (V1_1, V1_1) => (&[V1_1], "TLSv1.1"),
        (V1_1, _) => (&[V1_1, V1_2], "TLSv1.1 or TLSv1.2"),
        _ => (&[V1_2], "TLSv1.2"),
    };
    for (index, suite) in suites.iter().enumerate() {
        if !usable.iter().any(|version| suite.fits(*version)) {
            let suite = suite.as_str();
            return Err(Violation::new(
                format!("/cipherSuites/{index}"),
                Problem::CipherUnfit { suite, versions },
            ));
        }
    }
    let allowed = usable
        .iter()
        .filter(|version| (min..=max).contains(version));
    for version in allowed {
        if !suites.iter().any(|suite| suite.fits(*version)) {
            let version = *version;
            return Err(Violation::new(
                "/cipherSuites",
                Problem::CipherMissing { version },
            ));
        }
    }
    Ok(())
}

fn too_many(place: &str, what: &'static str) -> Violation {
    let limit = UploadLimits::CIPHER_SUITES;
    Violation::new(place, Problem::TooMany { limit, what })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::super::sample::{refusal, upload};
    use super::*;

    const BOTH: Stores = Stores {
        keystore: Some(super::super::tests::ID),
        truststore: Some(super::super::tests::ID),
    };

    fn body(fields: Value) -> TlsContextUpload {
        let mut body = json!({"name":"x","target":"FlexGateway"});
        for (field, value) in fields.as_object().unwrap() {
            body[field] = value.clone();
        }
        upload(body)
    }

    #[test]
    fn defaults_are_those_of_the_clients() {
        let checked = check(&body(json!({})), &BOTH, None).unwrap();
        assert_eq!(
            checked.shown,
            json!({
                "minTlsVersion": "TLSv1.3", "maxTlsVersion": "TLSv1.3",
                "alpnProtocols": ["h2", "http/1.1"], "cipherSuites": [],
                "inboundSettings": { "enableClientCertValidation": false },
                "outboundSettings": { "skipServerCertValidation": false },
            })
        );
    }

    #[test]
    fn versions_and_suites_that_work_together_are_taken() {
        for (min, max, suites) in [
            ("TLSv1.3", "TLSv1.3", vec![]),
            (
                "TLSv1.3",
                "TLSv1.3",
                vec!["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
            ),
            (
                "TLSv1.2",
                "TLSv1.3",
                vec!["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
            ),
            ("TLSv1.2", "TLSv1.2", vec!["TLS_RSA_WITH_NULL_SHA"]),
            ("TLSv1.1", "TLSv1.1", vec!["TLS_RSA_WITH_3DES_EDE_CBC_SHA"]),
            (
                "TLSv1.1",
                "TLSv1.2",
                vec![
                    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
                ],
            ),
            ("TLSv1.1", "TLSv1.3", vec!["TLS_RSA_WITH_AES_128_CBC_SHA"]),
        ] {
            let fields = json!({"minTlsVersion":min,"maxTlsVersion":max,"cipherSuites":suites});
            assert!(
                check(&body(fields.clone()), &BOTH, None).is_ok(),
                "{fields}"
            );
        }
    }

    #[test]
    fn a_refusal_names_the_field() {
        let gcm = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
        let triple_des = "TLS_RSA_WITH_3DES_EDE_CBC_SHA";
        for (fields, place, code) in [
            (
                json!({"minTlsVersion":"TLSv1.3","maxTlsVersion":"TLSv1.2"}),
                "/minTlsVersion",
                "invalid_tls_range",
            ),
            (json!({"alpnProtocols":[]}), "/alpnProtocols", "missing"),
            (
                json!({"alpnProtocols":["h2","http/1.1","h2"]}),
                "/alpnProtocols/2",
                "duplicate",
            ),
            (
                json!({"alpnProtocols":vec!["h2";101]}),
                "/alpnProtocols",
                "too_many",
            ),
            (
                json!({"minTlsVersion":"TLSv1.2"}),
                "/cipherSuites",
                "invalid_cipher_suites",
            ),
            (
                json!({"minTlsVersion":"TLSv1.2","cipherSuites":[gcm, triple_des]}),
                "/cipherSuites/1",
                "invalid_cipher_suites",
            ),
            (
                json!({"minTlsVersion":"TLSv1.1","maxTlsVersion":"TLSv1.1","cipherSuites":[gcm]}),
                "/cipherSuites/0",
                "invalid_cipher_suites",
            ),
            (
                json!({"minTlsVersion":"TLSv1.1","cipherSuites":[gcm]}),
                "/cipherSuites",
                "invalid_cipher_suites",
            ),
            (
                json!({"minTlsVersion":"TLSv1.1","maxTlsVersion":"TLSv1.2",
                       "cipherSuites":[triple_des]}),
                "/cipherSuites",
                "invalid_cipher_suites",
            ),
            (
                json!({"minTlsVersion":"TLSv1.2","cipherSuites":[gcm, gcm]}),
                "/cipherSuites/1",
                "duplicate",
            ),
            (
                json!({"cipherSuites":["TLS_AES_128_GCM_SHA256"]}),
                "/cipherSuites/0",
                "unknown_word",
            ),
            (
                json!({"cipherSuites":vec![gcm; 101]}),
                "/cipherSuites",
                "too_many",
            ),
        ] {
            let refused = refusal(check(&body(fields.clone()), &BOTH, None));
            assert_eq!(refused, (place.to_owned(), code), "{fields}");
        }
        let keystore_only = Stores {
            truststore: None,
            ..BOTH
        };
        let fields = json!({"inboundSettings":{"enableClientCertValidation":true}});
        let refused = refusal(check(&body(fields), &keystore_only, None));
        assert_eq!(refused, ("/truststore".to_owned(), "truststore_required"));
    }
}
