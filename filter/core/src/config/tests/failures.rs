//! What happens to requests that cannot be decided, and what is only observed.

use serde_json::{Value, json};

use super::{downstream, upstream, with};
use crate::config::{Failure, Fault, OnFailure, PolicyIndex};
use crate::decide::Check;
use crate::usable::OnStale;

#[test]
fn every_class_of_failure_is_set_by_itself() {
    let of = |settings: Value| {
        with(downstream(), "/onFailure", settings)
            .unwrap()
            .on_failure
    };
    let strict = OnFailure::default();
    for (class, expected) in [
        (
            "unreachable",
            OnFailure {
                unreachable: Failure::LetPass,
                ..strict
            },
        ),
        (
            "denied",
            OnFailure {
                denied: Failure::LetPass,
                ..strict
            },
        ),
        (
            "malformed",
            OnFailure {
                malformed: Failure::LetPass,
                ..strict
            },
        ),
    ] {
        assert_eq!(of(json!({ class: "letPass" })), expected, "{class}");
        assert_eq!(of(json!({ class: "deny" })), strict, "{class}");
    }
    let stale = OnFailure {
        stale: OnStale::Deny,
        ..strict
    };
    assert_eq!(of(json!({"stale": "deny"})), stale);
    let settings = json!({"stale": "deny", "unreachable": "letPass"});
    let error = with(downstream(), "/onFailure", settings).unwrap_err();
    assert_eq!(
        (error.pointer.as_str(), error.fault),
        ("/onFailure/stale", Fault::StaleDenied)
    );
}

#[test]
fn checks_are_observed_by_name_and_the_certificate_never_is() {
    let every = json!([
        "tlsVersion",
        "path",
        "policies",
        "revocation",
        "pins",
        "peerNames"
    ]);
    for (document, pointer) in [
        (downstream(), "/downstream/observe"),
        (upstream(), "/upstream/observe"),
    ] {
        let config = with(document.clone(), pointer, every.clone()).unwrap();
        let observe = config.policy.get(PolicyIndex::DEFAULT).observe;
        for check in Check::ALL {
            let named = !matches!(check, Check::Certificate | Check::ServerName);
            assert_eq!(observe.contains(check), named, "{}", check.as_str());
        }
        for bad in ["certificate", "peer_names", "Pins", ""] {
            let error = with(document.clone(), pointer, json!([bad])).unwrap_err();
            assert_eq!(error.pointer, format!("{pointer}/0"), "{error}");
        }
    }
}

#[test]
fn who_observes_everything_names_no_single_checks() {
    for (document, section) in [(downstream(), "/downstream"), (upstream(), "/upstream")] {
        let observing = |mode: &str, checks: Value| {
            let mut document = document.clone();
            document[&section[1..]]["mode"] = json!(mode);
            with(document, &format!("{section}/observe"), checks)
        };
        let error = observing("observe", json!(["pins"])).unwrap_err();
        assert_eq!(error.pointer, format!("{section}/observe"));
        assert_eq!(error.fault, Fault::ObservesAll);
        assert!(observing("observe", json!([])).is_ok());
        assert!(observing("enforce", json!(["pins"])).is_ok());
    }
}
