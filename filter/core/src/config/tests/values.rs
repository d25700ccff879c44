//! References, durations and names.

use sallyport_model::{Collection, ReferenceError};
use serde_json::json;

use super::{downstream, fault, route, upstream, with, with_routes};
use crate::config::{Fault, PolicyIndex};
use crate::duration::DurationError;

#[test]
fn references_must_name_the_kind_that_belongs_there() {
    assert_eq!(
        fault(
            downstream(),
            "/downstream/tlsContext",
            json!("secret://payments/truststores/x")
        ),
        Fault::Collection {
            expected: Collection::TlsContexts,
            found: Collection::Truststores
        }
    );
    assert_eq!(
        fault(
            upstream(),
            "/upstream/inject/0/basic",
            json!("secret://payments/sharedSecrets/x#password")
        ),
        Fault::Field
    );
    assert!(matches!(
        fault(
            upstream(),
            "/upstream/inject/1/template",
            json!("${secret://payments/keystores/x#key}")
        ),
        Fault::Collection { .. }
    ));
    assert_eq!(
        fault(
            downstream(),
            "/downstream/certificatePinset",
            json!("payments/x")
        ),
        Fault::Reference(ReferenceError::Scheme)
    );
}

#[test]
fn durations_are_strings_within_bounds() {
    assert_eq!(
        fault(downstream(), "/startupWait", json!("2")),
        Fault::Duration(DurationError::Syntax)
    );
    assert!(matches!(
        fault(downstream(), "/startupWait", json!(2)),
        Fault::Json { .. }
    ));
    assert!(matches!(
        fault(downstream(), "/vault/wait", json!("61s")),
        Fault::Duration(DurationError::Range { .. })
    ));
    assert_eq!(
        fault(downstream(), "/vault/wait", json!("1500ms")),
        Fault::WholeSeconds
    );
    assert!(matches!(
        fault(downstream(), "/vault/timeout", json!("0s")),
        Fault::Duration(DurationError::Range { .. })
    ));
}

#[test]
fn names_that_could_break_out_of_their_place_are_refused() {
    for text in ["", "a b", "a\r\nx-evil: 1", "ä"] {
        assert!(matches!(
            fault(downstream(), "/vault/authority", json!(text)),
            Fault::Word { .. }
        ));
    }
    for text in ["", "a..b", "a b", "*.test", "-a.test", "backend.test."] {
        assert_eq!(
            fault(upstream(), "/upstream/serverName", json!(text)),
            Fault::ServerName,
            "{text:?}"
        );
    }
    for text in ["127.0.0.1", "::1", "backend", "a-b.c_d.test"] {
        assert!(with(upstream(), "/upstream/serverName", json!(text)).is_ok());
    }
}

#[test]
fn allowed_names_are_read_and_a_bad_one_is_named() {
    let names = json!(["dns:*.partner.example", "spiffe://td/ns/*"]);
    for (document, pointer) in [
        (downstream(), "/downstream/peerNames"),
        (upstream(), "/upstream/peerNames"),
    ] {
        let config = with(document.clone(), pointer, names.clone()).unwrap();
        let policy = config.policy.get(PolicyIndex::DEFAULT);
        assert_eq!(policy.peer_names.as_ref().unwrap().patterns().len(), 2);
        let empty = fault(document.clone(), pointer, json!([]));
        assert!(matches!(empty, Fault::PeerNames(_)), "{empty}");
        let many = fault(document.clone(), pointer, json!(vec!["dns:a.test"; 65]));
        assert_eq!(many, Fault::TooMany { found: 65, max: 64 });
        for bad in ["a.test", "dns:*.test", "dns:(a|b).test", "spiffe://*"] {
            let error = with(document.clone(), pointer, json!(["dns:a.test", bad])).unwrap_err();
            assert_eq!(error.pointer, format!("{pointer}/1"));
            assert!(matches!(error.fault, Fault::NamePattern(_)), "{error}");
            assert!(!error.to_string().contains(bad), "{error}");
        }
    }
    let mut named = route(json!({"route": "a"}));
    named["peerNames"] = json!(["dns:a.test", "dns:"]);
    let error = with_routes(json!([named])).unwrap_err();
    assert_eq!(error.pointer, "/downstream/routes/0/peerNames/1");
}
