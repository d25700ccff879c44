//! Where a transport socket differs from a TLS context.

use std::collections::BTreeSet;

use sallyport_filter_core::config::Protocol;
use sallyport_filter_core::decide::Check;
use sallyport_model::TlsVersion;
use serde_json::{Value, json};

use super::context::{Context, envoy_version};
use super::render::Direction;
use super::suites::{DEFAULTS, envoy_name};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Drift {
    /// Where it is, or should be (JSON pointer).
    pub(super) place: String,
    /// What is there; null if nothing is.
    pub(super) found: Value,
    /// What the context asks for.
    pub(super) wanted: Value,
    /// The check by which a filter refuses what Envoy lets pass; `None` if Envoy is the stricter one,
    /// or alone in the know.
    pub(super) left_to: Option<Check>,
}

/// A transport socket that is held against contexts.
struct Comparison<'a> {
    configuration: &'a Value,
    place: &'a str,
    drifts: Vec<Drift>,
}

/// Every difference between a `typed_config` at a place and a context.
pub(super) fn compare(
    configuration: &Value,
    place: &str,
    (direction, protocol): (Direction, Protocol),
    context: &Context,
) -> Vec<Drift> {
    let mut comparison = Comparison {
        configuration,
        place,
        drifts: Vec::new(),
    };
    comparison.versions(direction, context);
    comparison.suites(context);
    comparison.alpn((direction, protocol), context);
    if direction == Direction::Downstream {
        comparison.client_certificate(context);
    }
    comparison.validation(direction, context);
    comparison.drifts
}

impl Comparison<'_> {
    fn versions(&mut self, direction: Direction, context: &Context) {
        // What Envoy does where nothing is said.
        let newest = match direction {
            Direction::Downstream => TlsVersion::V1_3,
            Direction::Upstream => TlsVersion::V1_2,
        };
        let (oldest_wanted, newest_wanted) = context.versions;
        let older = |found, wanted| found < wanted;
        let newer = |found, wanted| found > wanted;
        self.version("minimum", TlsVersion::V1_2, oldest_wanted, older);
        self.version("maximum", newest, newest_wanted, newer);
    }

    fn version(
        &mut self,
        end: &str,
        by_default: TlsVersion,
        wanted: TlsVersion,
        is_wider: impl Fn(usize, usize) -> bool,
    ) {
        let pointer = format!("/common_tls_context/tls_params/tls_{end}_protocol_version");
        let found = self.at(&pointer).filter(|found| *found != "TLS_AUTO");
        let effective = found.map_or(Some(envoy_version(by_default)), Value::as_str);
        let wanted = envoy_version(wanted);
        if effective == Some(wanted) {
            return;
        }
        let ages = effective.and_then(age).zip(age(wanted));
        let wider = ages.is_some_and(|(found, wanted)| is_wider(found, wanted));
        self.differs(&pointer, wanted.into(), wider.then_some(Check::TlsVersion));
    }

    /// A filter is not shown which suite was agreed on.
    fn suites(&mut self, context: &Context) {
        let Some(suites) = &context.suites else {
            return;
        };
        let pointer = "/common_tls_context/tls_params/cipher_suites";
        let names = suites
            .iter()
            .map(|suite| envoy_name(suite).unwrap_or(suite));
        let names: Vec<&str> = names.collect();
        let same = match self.at(pointer) {
            Some(found) => *found == json!(names),
            None => BTreeSet::from_iter(names.iter().copied()) == BTreeSet::from(DEFAULTS),
        };
        if !same {
            self.differs(pointer, json!(names), None);
        }
    }

    fn alpn(&mut self, carried: (Direction, Protocol), context: &Context) {
        let Some(alpn) = &context.alpn else { return };
        let pointer = "/common_tls_context/alpn_protocols";
        let same = match self.at(pointer) {
            Some(found) => *found == json!(alpn),
            // Of an upstream, Envoy knows by itself what it speaks; of bytes, there is nothing to know.
            None => carried != (Direction::Downstream, Protocol::Http),
        };
        if !same {
            self.differs(pointer, json!(alpn), None);
        }
    }

    fn client_certificate(&mut self, context: &Context) {
        let pointer = "/require_client_certificate";
        let wanted = context.requires_client_certificate;
        let found = self.at(pointer).map_or(Some(false), Value::as_bool);
        if found != Some(wanted) {
            // Who has to show a certificate is who is verified, so that one check observes both.
            let wider = wanted && found == Some(false);
            self.differs(pointer, wanted.into(), wider.then_some(Check::Path));
        }
    }

    fn validation(&mut self, direction: Direction, context: &Context) {
        let fields = [
            "validation_context",
            "validation_context_sds_secret_config",
            "combined_validation_context",
        ];
        let validates = fields.iter().any(|field| {
            let pointer = format!("/common_tls_context/{field}");
            self.at(&pointer).is_some()
        });
        let (verifies, left_to) = match direction {
            // Without one Envoy asks no client for a certificate, and a filter has none to look at.
            Direction::Downstream => (context.requires_client_certificate, None),
            Direction::Upstream => (context.verifies_servers, Some(Check::Path)),
        };
        if verifies && !validates {
            let pointer = "/common_tls_context/validation_context_sds_secret_config";
            self.differs(pointer, "a validation context".into(), left_to);
        }
    }

    fn at(&self, pointer: &str) -> Option<&Value> {
        self.configuration.pointer(pointer)
    }

    fn differs(&mut self, pointer: &str, wanted: Value, left_to: Option<Check>) {
        self.drifts.push(Drift {
            place: format!("{}{pointer}", self.place),
            found: self.at(pointer).cloned().unwrap_or_default(),
            wanted,
            left_to,
        });
    }
}

/// Where a version of Envoy's stands among all, the oldest first.
fn age(version: &str) -> Option<usize> {
    let versions = ["TLSv1_0", "TLSv1_1", "TLSv1_2", "TLSv1_3"];
    versions.iter().position(|known| *known == version)
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
        let drifts = compare(configuration, "/x", (direction, Protocol::Http), &context());
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
        let drifts = compare(
            &other,
            "",
            (Direction::Downstream, Protocol::Http),
            &context(),
        );
        assert_eq!(
            drifts,
            [Drift {
                place: "/common_tls_context/tls_params/tls_minimum_protocol_version".to_owned(),
                found: json!("TLSv1_3"),
                wanted: json!("TLSv1_2"),
                left_to: None,
            }]
        );
    }

    #[test]
    fn suites_that_are_not_written_are_those_of_envoy_in_any_order() {
        let mut context = context();
        let mut all: Vec<String> = sallyport_model::CipherSuite::all()
            .map(|suite| suite.as_str().to_owned())
            .filter(|suite| envoy_name(suite).is_some_and(|name| DEFAULTS.contains(&name)))
            .collect();
        assert_eq!(all.len(), DEFAULTS.len());
        let mut silent = good();
        silent["common_tls_context"]["tls_params"]
            .as_object_mut()
            .unwrap()
            .remove("cipher_suites");
        all.reverse();
        context.suites = Some(all.clone());
        assert_eq!(
            compare(
                &silent,
                "",
                (Direction::Downstream, Protocol::Http),
                &context
            ),
            []
        );
        all.pop();
        context.suites = Some(all);
        let drifts = compare(
            &silent,
            "",
            (Direction::Downstream, Protocol::Http),
            &context,
        );
        assert_eq!((drifts.len(), drifts[0].left_to), (1, None));
    }

    #[test]
    fn only_what_a_filter_sees_and_envoy_lets_pass_is_left_to_it() {
        let left = |change: &dyn Fn(&mut Value), direction| {
            let mut other = good();
            change(&mut other);
            let drifts = compare(&other, "", (direction, Protocol::Http), &context());
            assert_eq!(drifts.len(), 1, "{drifts:?}");
            drifts[0].left_to
        };
        let version = |end: &str, version: &str| {
            let (end, version) = (format!("tls_{end}_protocol_version"), json!(version));
            let change = move |it: &mut Value| {
                it["common_tls_context"]["tls_params"][&end] = version.clone();
            };
            left(&change, Direction::Downstream)
        };
        assert_eq!(version("minimum", "TLSv1_1"), Some(Check::TlsVersion));
        assert_eq!(version("minimum", "TLSv1_3"), None);
        assert_eq!(version("maximum", "TLSv1_2"), None);
        assert_eq!(version("maximum", "TLSv9"), None);
        let asks = |it: &mut Value| it["require_client_certificate"] = json!(false);
        assert_eq!(left(&asks, Direction::Downstream), Some(Check::Path));
        let suites = |it: &mut Value| {
            it["common_tls_context"]["tls_params"]["cipher_suites"] = json!(["AES128-SHA"]);
        };
        assert_eq!(left(&suites, Direction::Downstream), None);
        let validation = |it: &mut Value| {
            let common = it["common_tls_context"].as_object_mut().unwrap();
            common.remove("validation_context_sds_secret_config");
        };
        assert_eq!(left(&validation, Direction::Downstream), None);
        assert_eq!(left(&validation, Direction::Upstream), Some(Check::Path));
    }

    #[test]
    fn of_bytes_no_application_protocol_has_to_be_named() {
        let mut bytes = good();
        let common = bytes["common_tls_context"].as_object_mut().unwrap();
        common.remove("alpn_protocols");
        let downstream = |bytes: &Value, protocol| {
            compare(bytes, "", (Direction::Downstream, protocol), &context()).len()
        };
        assert_eq!(downstream(&bytes, Protocol::Tcp), 0);
        assert_eq!(downstream(&bytes, Protocol::Http), 1);
        bytes["common_tls_context"]["alpn_protocols"] = json!(["http/1.1"]);
        assert_eq!(downstream(&bytes, Protocol::Tcp), 1);
    }
}
