//! Input that was made to hurt; the same natively and as WebAssembly, where the stack is small.

use crate::der::{CONSTRUCTED_OCTET_STRING, OCTET_STRING, SEQUENCE, SET, nested, tlv};
use sallyport_pki::{
    Certificate, CertificateError, MAX_CERTIFICATE_BYTES, MAX_PEM_BYTES, PemError,
    certificates_from_pem,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test;

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn deep_nesting_is_a_clean_error() {
    for tag in [SEQUENCE, SET, CONSTRUCTED_OCTET_STRING] {
        for depth in [60, 1_000, 12_000] {
            let nested = nested(tag, depth);
            assert!(Certificate::from_der(&nested).is_err(), "{tag:#x} {depth}");
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn deep_nesting_inside_of_an_extension_or_a_name_is_survived() {
    // basicConstraints, nameConstraints, policies, AIA: each has a reader of its own.
    let oids: [&[u8]; 4] = [
        &[0x55, 0x1d, 0x13],
        &[0x55, 0x1d, 0x1e],
        &[0x55, 0x1d, 0x20],
        &[0x2b, 6, 1, 5, 5, 7, 1, 1],
    ];
    for tag in [SEQUENCE, SET, CONSTRUCTED_OCTET_STRING] {
        let nested = nested(tag, 12_000);
        for oid in oids {
            let extension = tlv(
                SEQUENCE,
                &[tlv(0x06, oid), tlv(OCTET_STRING, &nested)].concat(),
            );
            let found = Certificate::from_der(&certificate(&[], &extension));
            let malformed = matches!(found, Err(CertificateError::MalformedExtension { .. }));
            assert!(malformed || tag == SEQUENCE, "{oid:?}: {found:?}");
        }
        let attribute = tlv(SEQUENCE, &[tlv(0x06, &[0x55, 4, 3]), nested].concat());
        let subject = tlv(SET, &attribute);
        let _ = Certificate::from_der(&certificate(&subject, &[]));
    }
    // The frame itself is fine: what was refused above is the content.
    assert!(Certificate::from_der(&certificate(&[], &[])).is_ok());
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn size_limits_hold_exactly_where_they_say() {
    let der = certificate(&[], &[]);
    for extra in [0, 1, 2] {
        let mut padded = der.clone();
        padded.resize(MAX_CERTIFICATE_BYTES - 1 + extra, 0);
        let error = Certificate::from_der(&padded).unwrap_err();
        let expected = if extra < 2 {
            CertificateError::TrailingData {
                bytes: padded.len() - der.len(),
            }
        } else {
            CertificateError::TooLarge {
                bytes: padded.len(),
                limit: MAX_CERTIFICATE_BYTES,
            }
        };
        assert_eq!(error, expected);
    }
    let spaces = vec![b' '; MAX_PEM_BYTES];
    assert_eq!(
        certificates_from_pem(&spaces).unwrap_err(),
        PemError::NoCertificate
    );
    let spaces = vec![b' '; MAX_PEM_BYTES + 1];
    assert!(matches!(
        certificates_from_pem(&spaces),
        Err(PemError::TooLarge { .. })
    ));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn an_extension_may_not_occur_twice() {
    let key_identifier = [
        tlv(0x06, &[0x55, 0x1d, 0x0e]),
        tlv(OCTET_STRING, &tlv(OCTET_STRING, &[1, 2, 3])),
    ];
    let extension = tlv(SEQUENCE, &key_identifier.concat());
    assert!(Certificate::from_der(&certificate(&[], &extension)).is_ok());
    assert_eq!(
        Certificate::from_der(&certificate(&[], &extension.repeat(2))).unwrap_err(),
        CertificateError::DuplicateExtension {
            oid: "2.5.29.14".to_owned()
        }
    );
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn alternative_names_with_control_characters_or_odd_addresses_are_refused() {
    let names: [(u8, &[u8]); 8] = [
        (0x82, b"good.example\0.evil.test"),
        (0x86, b"spiffe://good\0/evil"),
        (0x81, b"a@good.example\0.evil.test"),
        (0x82, b"tab\there.test"),
        (0x82, b"line\nbreak.test"),
        (0x82, "z\u{fc}rich.test".as_bytes()),
        (0x82, &[0xff, 0xfe]),
        (0x87, &[127, 0, 0]),
    ];
    for (tag, name) in names {
        let found = Certificate::from_der(&certificate(&[], &alt_name(tag, name)));
        assert_eq!(
            found.unwrap_err(),
            CertificateError::MalformedSubjectAltName,
            "{name:?}"
        );
    }
    let good = Certificate::from_der(&certificate(&[], &alt_name(0x86, b"spiffe://a/b"))).unwrap();
    assert_eq!(good.uri_names(), ["spiffe://a/b"]);
}

#[cfg(feature = "keystores")]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn deep_nesting_in_a_private_key_is_a_clean_error() {
    use base64::Engine as _;
    for label in [
        "PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
    ] {
        let text = base64::engine::general_purpose::STANDARD.encode(nested(SEQUENCE, 100_000));
        let pem = format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n");
        assert!(
            sallyport_pki::PrivateKey::from_pem(pem.as_bytes(), Some("x")).is_err(),
            "{label}"
        );
    }
}

/// A certificate that is well formed and signed by nobody.
fn certificate(subject: &[u8], extension: &[u8]) -> Vec<u8> {
    let ed25519 = tlv(SEQUENCE, &[0x06, 3, 0x2b, 0x65, 0x70]);
    let bit_string = |bytes: usize| tlv(0x03, &vec![0; bytes + 1]);
    let time = tlv(0x17, b"260101000000Z");
    let mut tbs = vec![
        tlv(0xa0, &[0x02, 1, 2]),
        tlv(0x02, &[1]),
        ed25519.clone(),
        tlv(SEQUENCE, &[]),
        tlv(SEQUENCE, &time.repeat(2)),
        tlv(SEQUENCE, subject),
        tlv(SEQUENCE, &[ed25519.clone(), bit_string(32)].concat()),
    ];
    if !extension.is_empty() {
        tbs.push(tlv(0xa3, &tlv(SEQUENCE, extension)));
    }
    tlv(
        SEQUENCE,
        &[tlv(SEQUENCE, &tbs.concat()), ed25519, bit_string(64)].concat(),
    )
}

fn alt_name(tag: u8, name: &[u8]) -> Vec<u8> {
    let names = tlv(SEQUENCE, &tlv(tag, name));
    let extension = [tlv(0x06, &[0x55, 0x1d, 0x11]), tlv(OCTET_STRING, &names)];
    tlv(SEQUENCE, &extension.concat())
}
