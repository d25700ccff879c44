//! The examples of RFC 9421, and the values that components have.

use super::*;

#[test]
fn the_request_of_rfc_9421_is_signed_as_it_says() {
    let headers = lines(&[]);
    let signer = Signer {
        label: "sig-b25".to_owned(),
        components: fields(&["date", "@authority", "content-type"]),
        lifetime: None,
        tag: None,
    };
    let signed = signer
        .sign(&request(&headers), &rfc_key(), None, RFC_CREATED)
        .unwrap();
    assert_eq!(signed.signature_input, RFC_INPUT);
    assert_eq!(signed.signature, RFC_SIGNATURE);
}

#[test]
fn the_signature_of_rfc_9421_holds() {
    let verified = verify(&policy(), RFC_INPUT, RFC_SIGNATURE).unwrap();
    assert_eq!(
        verified,
        Verified {
            key: 0,
            label: "sig-b25".to_owned(),
            created: RFC_CREATED,
            expires: None,
            nonce: None,
            content_digest: None,
        }
    );
    // Optional space was not signed.
    let spaced = RFC_INPUT.replace("(\"", "(  \"").replace(";key", "; key");
    assert!(verify(&policy(), &spaced, RFC_SIGNATURE).is_ok());
}

/// Sections 2.1 and 2.2.
#[test]
fn components_have_the_values_of_rfc_9421() {
    let headers = [
        ("X-OWS-Header", "   Leading and trailing whitespace.   "),
        ("Cache-Control", "max-age=60"),
        ("cache-control", "   must-revalidate"),
        ("X-Empty-Header", ""),
    ]
    .map(|(name, value)| Header {
        name,
        value: value.as_bytes(),
    });
    let get = Request {
        method: "GET",
        authority: "www.Example.com:443",
        target: "/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something&&qux=&Param",
        ..request(&headers)
    };
    let value = |component: Component| component.value(&get).unwrap();
    for (name, expected) in [
        ("@method", "GET"),
        ("@authority", "www.example.com"),
        ("@scheme", "https"),
        ("@path", "/parameters"),
        ("x-ows-header", "Leading and trailing whitespace."),
        ("cache-control", "max-age=60, must-revalidate"),
        ("x-empty-header", ""),
    ] {
        assert_eq!(value(name.parse().unwrap()), expected, "{name}");
    }
    for (name, expected) in [
        ("var", "this%20is%20a%20big%0Amultiline%20value"),
        ("bar", "with%20plus%20whitespace"),
        ("façade\": ", "something"),
        ("qux", ""),
        ("Param", ""),
    ] {
        assert_eq!(value(Component::query_param(name)), expected, "{name}");
    }
    assert_eq!(
        Component::query_param("façade\": ").to_string(),
        "\"@query-param\";name=\"fa%C3%A7ade%22%3A%20\""
    );
    for (target, query, path) in [
        ("/a?", "?", "/a"),
        ("/a", "?", "/a"),
        ("/?a=b?c", "?a=b?c", "/"),
        ("", "?", "/"),
    ] {
        let get = Request { target, ..get };
        assert_eq!(Component::Query.value(&get).unwrap(), query);
        assert_eq!(Component::Path.value(&get).unwrap(), path);
        assert_eq!(
            Component::TargetUri.value(&get).unwrap(),
            format!("https://www.Example.com:443{target}")
        );
    }
    let plain = Request {
        scheme: "HTTP",
        authority: "a:443",
        ..get
    };
    assert_eq!(Component::Authority.value(&plain).unwrap(), "a:443");
    assert_eq!(Component::Scheme.value(&plain).unwrap(), "http");
}

#[test]
fn what_is_not_there_once_or_could_add_a_line_has_no_value() {
    let headers = [
        Header {
            name: "x-line",
            value: b"a\n\"@method\": GET",
        },
        Header {
            name: "x-latin",
            value: b"\xe4",
        },
        Header {
            name: "x-utf8",
            value: "ä".as_bytes(),
        },
    ];
    let get = Request {
        target: "/?a=1&b=%zz&a=2&%zz=3",
        ..request(&headers)
    };
    let refused = |component: &Component| component.value(&get).unwrap_err();
    for name in ["x-line", "x-latin", "x-utf8"] {
        let component = name.parse().unwrap();
        assert_eq!(
            refused(&component),
            HttpSignatureError::ComponentValue(component.clone())
        );
    }
    for component in [
        "x-absent".parse().unwrap(),
        Component::query_param("a"),
        Component::query_param("c"),
    ] {
        assert_eq!(
            refused(&component),
            HttpSignatureError::MissingComponent(component.clone())
        );
    }
    let b = Component::query_param("b");
    assert_eq!(refused(&b), HttpSignatureError::ComponentValue(b.clone()));
}
