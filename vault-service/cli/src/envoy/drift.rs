//! Where a transport socket differs from a TLS context.

use sallyport_model::TlsVersion;
use serde_json::{Value, json};

use super::context::{Context, envoy_version};
use super::render::Direction;
use super::suites::envoy_name;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Drift {
    /// Where it is, or should be (JSON pointer).
    pub(super) place: String,
    /// What is there; null if nothing is.
    pub(super) found: Value,
    /// What the context asks for.
    pub(super) wanted: Value,
}

/// Every difference between a `typed_config` at a place and a context.
pub(super) fn compare(
    configuration: &Value,
    place: &str,
    direction: Direction,
    context: &Context,
) -> Vec<Drift> {
    let mut drifts = Vec::new();
    let mut expect = |pointer: &str, by_default: Value, wanted: Value| {
        let found = configuration.pointer(pointer);
        let effective = found.cloned().unwrap_or(by_default);
        if effective != wanted {
            drifts.push(Drift {
                place: format!("{place}{pointer}"),
                found: found.cloned().unwrap_or(Value::Null),
                wanted,
            });
        }
    };
    // What Envoy does where nothing is said.
    let newest = match direction {
        Direction::Downstream => TlsVersion::V1_3,
        Direction::Upstream => TlsVersion::V1_2,
    };
    let params = "/common_tls_context/tls_params";
    for (end, by_default, wanted) in [
        ("minimum", TlsVersion::V1_2, context.versions.0),
        ("maximum", newest, context.versions.1),
    ] {
        expect(
            &format!("{params}/tls_{end}_protocol_version"),
            envoy_version(by_default).into(),
            envoy_version(wanted).into(),
        );
    }
    if let Some(suites) = &context.suites {
        let names = suites
            .iter()
            .map(|suite| envoy_name(suite).unwrap_or(suite));
        let names: Vec<&str> = names.collect();
        expect(
            &format!("{params}/cipher_suites"),
            Value::Null,
            json!(names),
        );
    }
    if let Some(alpn) = &context.alpn {
        // Of an upstream, Envoy knows by itself what it speaks.
        let by_default = match direction {
            Direction::Downstream => Value::Null,
            Direction::Upstream => json!(alpn),
        };
        expect(
            "/common_tls_context/alpn_protocols",
            by_default,
            json!(alpn),
        );
    }
    if direction == Direction::Downstream {
        expect(
            "/require_client_certificate",
            false.into(),
            context.requires_client_certificate.into(),
        );
    }
    let verifies = match direction {
        Direction::Downstream => context.requires_client_certificate,
        Direction::Upstream => context.verifies_servers,
    };
    let validation = [
        "validation_context",
        "validation_context_sds_secret_config",
        "combined_validation_context",
    ];
    let validates = validation.iter().any(|field| {
        let pointer = format!("/common_tls_context/{field}");
        configuration.pointer(&pointer).is_some()
    });
    if verifies && !validates {
        drifts.push(Drift {
            place: format!("{place}/common_tls_context/validation_context_sds_secret_config"),
            found: Value::Null,
            wanted: "a validation context".into(),
        });
    }
    drifts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Context {
        Context {
            versions: (TlsVersion::V1_2, TlsVersion::V1_3),
            suites: Some(vec!["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256".to_owned()]),
            alpn: Some(vec!["h2".to_owned()]),
            requires_client_certificate: true,
            verifies_servers: true,
            has_keystore: true,
            has_truststore: true,
        }
    }

    fn places(configuration: &Value, direction: Direction) -> Vec<String> {
        let drifts = compare(configuration, "/x", direction, &context());
        drifts.into_iter().map(|drift| drift.place).collect()
    }

    fn good() -> Value {
        json!({
            "require_client_certificate": true,
            "common_tls_context": {
                "tls_params": {"tls_maximum_protocol_version": "TLSv1_3",
                    "cipher_suites": ["ECDHE-RSA-AES128-GCM-SHA256"]},
                "alpn_protocols": ["h2"], "validation_context_sds_secret_config": {},
            },
        })
    }

    #[test]
    fn what_a_context_asks_for_is_no_drift() {
        assert_eq!(places(&good(), Direction::Downstream), [""; 0]);
        assert_eq!(places(&good(), Direction::Upstream), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_what_envoy_does_then() {
        let empty = json!({});
        let at = |pointer: &str| format!("/x{pointer}");
        let params = "/common_tls_context/tls_params";
        assert_eq!(
            places(&empty, Direction::Downstream),
            [
                at(&format!("{params}/cipher_suites")),
                at("/common_tls_context/alpn_protocols"),
                at("/require_client_certificate"),
                at("/common_tls_context/validation_context_sds_secret_config"),
            ]
        );
        // A client of Envoy's speaks TLS 1.2 at most unless it is told.
        assert_eq!(
            places(&empty, Direction::Upstream),
            [
                at(&format!("{params}/tls_maximum_protocol_version")),
                at(&format!("{params}/cipher_suites")),
                at("/common_tls_context/validation_context_sds_secret_config"),
            ]
        );
    }

    #[test]
    fn other_values_are_named_with_both_sides() {
        let mut other = good();
        other["common_tls_context"]["tls_params"]["tls_minimum_protocol_version"] =
            json!("TLSv1_3");
        let drifts = compare(&other, "", Direction::Downstream, &context());
        assert_eq!(
            drifts,
            [Drift {
                place: "/common_tls_context/tls_params/tls_minimum_protocol_version".to_owned(),
                found: json!("TLSv1_3"),
                wanted: json!("TLSv1_2"),
            }]
        );
    }
}
