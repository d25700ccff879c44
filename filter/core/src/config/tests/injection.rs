//! Credentials for servers: where they go, and what they are made of.

use serde_json::json;

use super::{fault, upstream, with};
use crate::config::{ConfigError, Fault};
use crate::header_name::HeaderNameError;

#[test]
fn headers_of_the_connection_take_no_credential() {
    for name in [
        ":path",
        "Connection",
        "transfer-encoding",
        "Host",
        "X-Forwarded-Client-Cert",
    ] {
        let fault = fault(upstream(), "/upstream/inject/0/header", json!(name));
        assert!(
            matches!(
                fault,
                Fault::Header(HeaderNameError::Reserved(_) | HeaderNameError::Pseudo)
            ),
            "{name}: {fault}"
        );
    }
    assert_eq!(
        fault(
            upstream(),
            "/upstream/inject/1/header",
            json!("AUTHORIZATION")
        ),
        Fault::NameTaken {
            name: "authorization".to_owned(),
            earlier: "/upstream/inject/0/header".to_owned(),
        }
    );
}

#[test]
fn faults_of_an_injection_are_found_in_their_place() {
    let secret = "secret://payments/sharedSecrets/x";
    for (field, value, at, expected) in [
        ("query", json!("key"), "", Fault::InjectionPlace),
        ("bearer", json!(secret), "", Fault::InjectionValue),
        ("pointer", json!("/a"), "/pointer", Fault::PointerOfOne),
        ("pointer", json!("a"), "/pointer", Fault::Pointer),
    ] {
        let pointer = format!("/upstream/inject/0/{field}");
        let error = with(upstream(), &pointer, value).unwrap_err();
        let place = format!("/upstream/inject/0{at}");
        assert_eq!((error.pointer, error.fault), (place, expected));
    }
    let twice = json!([{"cookie": "a", "value": secret}, {"cookie": "a", "bearer": secret}]);
    let error = with(upstream(), "/upstream/inject", twice).unwrap_err();
    assert_eq!(error.pointer, "/upstream/inject/1/cookie");
    let bad = json!([{"cookie": "a b", "value": secret}]);
    let error = with(upstream(), "/upstream/inject", bad).unwrap_err();
    let expected = ConfigError::at("/upstream/inject/0/cookie", Fault::Parameter);
    assert_eq!(error, expected);
}

#[test]
fn an_injection_is_either_basic_or_a_template() {
    let error = with(
        upstream(),
        "/upstream/inject/0/template",
        json!("${secret://payments/sharedSecrets/x#key}"),
    )
    .unwrap_err();
    assert_eq!(
        error,
        ConfigError::at("/upstream/inject/0", Fault::InjectionValue)
    );
}
