//! What the fuzz targets call. `tests/fuzz_bodies.rs` runs the same over seeds and over damaged
//! seeds, so that nothing in here can rot.

#![allow(dead_code, reason = "each fuzz target calls one of them")]

use sallyport_message::basic::{BasicCredentials, BasicPairs};
use sallyport_message::http_signatures::{self, HttpSignatureError, content_digest};
use sallyport_message::json_field::{Pointer, find, set};
use sallyport_message::jwe::{ContentEncryption, KeyManagement, Label, Profile, Serialization};
use sallyport_message::jwt;
use sallyport_message::sigv4::{Credentials, KeptKey, Payload, Signer};
use sallyport_message::{BodyDigest, Header, Key, Request, UnixTime};
use sallyport_model::SecretString;
use serde_json::Value;
use zeroize::Zeroizing;

const NOW: UnixTime = UnixTime(1_618_884_473);

/// Nobody but this file has them, so nothing that a fuzzer makes up can hold.
fn keys(bytes: usize) -> [Key; 2] {
    let key = |byte: u8| Key::from(Zeroizing::new(vec![byte; bytes]));
    [key(0x5a), key(0xa5).with_id("previous")]
}

/// The two halves of an input, at the first line break.
fn halves(data: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(data).ok()?.split_once('\n')
}

/// Whatever the message says, it was not encrypted here. The same bytes as a plaintext come back.
pub(crate) fn jwe(data: &[u8]) {
    for key_management in [
        KeyManagement::Dir,
        KeyManagement::A256Kw,
        KeyManagement::A256GcmKw,
        KeyManagement::Pbes2Hs512A256Kw,
    ] {
        for serialization in [Serialization::Compact, Serialization::FlattenedJson] {
            let profile = Profile {
                serialization,
                iterations: 1000,
                // Bounded by what a fuzzer should wait for.
                accepted_iterations: 1000..=2000,
                ..Profile::new(key_management, ContentEncryption::A256Gcm)
            };
            let keys = keys(32);
            if let Ok(message) = std::str::from_utf8(data) {
                assert!(profile.decrypt(message, &keys).is_err());
            }
            // Thousands of hashes each: left to a property test.
            if key_management == KeyManagement::Pbes2Hs512A256Kw {
                continue;
            }
            let random = Zeroizing::new([9; 72]);
            let opened = profile
                .encrypt(data, Label::default(), &keys[1], &random)
                .and_then(|message| profile.decrypt(&message, &keys));
            assert!(opened.is_ok_and(|opened| *opened.plaintext == data && opened.key == 1));
        }
    }
}

/// Whatever the token says, it was not signed here.
pub(crate) fn jwt(data: &[u8]) {
    let Ok(token) = std::str::from_utf8(data) else {
        return;
    };
    for algorithm in [
        jwt::Algorithm::Hs256,
        jwt::Algorithm::Hs384,
        jwt::Algorithm::Hs512,
    ] {
        let policy = jwt::Policy::new(algorithm);
        assert!(policy.verify(token, &keys(64), NOW).is_err());
    }
}

/// Whatever the fields say, the request was not signed here. What signs beside them still can.
pub(crate) fn signature_input(data: &[u8]) {
    let Some((input, rest)) = halves(data) else {
        return;
    };
    let (signature, target) = rest.split_once('\n').unwrap_or((rest, "/"));
    let line = |name, value: &'static str| Header {
        name,
        value: value.as_bytes(),
    };
    let headers = [
        line("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        Header {
            name: "content-digest",
            value: signature.as_bytes(),
        },
        Header {
            name: "signature-input",
            value: input.as_bytes(),
        },
        Header {
            name: "signature",
            value: signature.as_bytes(),
        },
    ];
    let request = Request {
        method: "POST",
        scheme: "https",
        authority: "example.com",
        target,
        headers: &headers,
    };
    let policy = http_signatures::Policy::new(Vec::new());
    assert!(policy.verify(&request, &keys(32), NOW).is_err());
    let _ = content_digest(&request);
    let signer = http_signatures::Signer {
        label: "gw".to_owned(),
        components: ["@method", "@path", "date"]
            .into_iter()
            .flat_map(str::parse)
            .collect(),
        lifetime: None,
        tag: None,
    };
    let [_, key] = keys(32);
    let Ok(made) = signer.sign(&request, &key, None, NOW) else {
        return;
    };
    let ours = [
        headers[0],
        Header {
            name: "signature-input",
            value: made.signature_input.as_bytes(),
        },
        Header {
            name: "signature",
            value: made.signature.as_bytes(),
        },
    ];
    let signed = Request {
        headers: &ours,
        ..request
    };
    let verified = policy.verify(&signed, &keys(32), NOW);
    assert!(verified.is_ok_and(|verified| verified.key == 1));
    let other = Request {
        method: "PUT",
        ..signed
    };
    assert_eq!(
        policy.verify(&other, &keys(32), NOW),
        Err(HttpSignatureError::Signature)
    );
}

/// What is taken has no control characters, and is no pair that this file accepts.
pub(crate) fn authorization_basic(data: &[u8]) {
    let Ok(credentials) = BasicCredentials::parse(data) else {
        return;
    };
    assert!(!credentials.username().contains(':'));
    assert!(!credentials.username().chars().any(char::is_control));
    let password = SecretString::new("\u{fffd}".repeat(9));
    let pairs = BasicPairs::new([("nobody", &password)]);
    assert!(pairs.is_ok_and(|pairs| pairs.check_credentials(&credentials).is_err()));
}

/// What is signed is one header line of one form, and the same for the same request.
pub(crate) fn sigv4(data: &[u8]) {
    let Some((target, rest)) = halves(data) else {
        return;
    };
    let (name, value) = rest.split_once('\n').unwrap_or((rest, ""));
    let headers = [Header {
        name,
        value: value.as_bytes(),
    }];
    let request = Request {
        method: "PUT",
        scheme: "https",
        authority: "bucket.s3.example.com",
        target,
        headers: &headers,
    };
    let secret = SecretString::new("secret".to_owned());
    let credentials = Credentials {
        access_key_id: "AKID",
        secret_access_key: &secret,
        session_token: None,
        kept: &KeptKey::default(),
    };
    for service in ["s3", "execute-api"] {
        let authorization = |target| {
            let signer = Signer::new("eu-central-1", service)?;
            let payload = Payload::Signed(BodyDigest::of(b""));
            let request = Request { target, ..request };
            let signed = signer.sign(&request, payload, &credentials, NOW)?;
            Ok::<_, sallyport_message::sigv4::SigV4Error>(
                signed
                    .set
                    .iter()
                    .map(|(_, value)| value.expose().to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        let Ok(values) = authorization(target) else {
            continue;
        };
        assert_eq!(values.len(), 3);
        for value in &values {
            assert!(value.chars().all(|character| !character.is_control()));
        }
        // A query that is longer by an empty parameter says the same.
        if target.contains('?') {
            assert_eq!(authorization(&format!("{target}&")), Ok(values));
        }
    }
}

/// The fields of a body, as a policy names them: an input is pointers, a line each, an empty line, and a document. What is put
/// in place of the fields and taken back leaves every byte of the document as it was, whatever else is in it.
pub(crate) fn json_fields(data: &[u8]) {
    let Some((pointers, document)) = std::str::from_utf8(data)
        .ok()
        .and_then(|text| text.split_once("\n\n"))
    else {
        return;
    };
    let mut fields: Vec<Pointer> = Vec::new();
    for field in pointers.lines().take(32).flat_map(str::parse::<Pointer>) {
        if !fields
            .iter()
            .any(|other| other.covers(&field) || field.covers(other))
        {
            fields.push(field);
        }
    }
    let mut text = document.to_owned();
    let mut sealed = Vec::new();
    for field in &fields {
        let Ok(Some(place)) = find(&text, field) else {
            continue;
        };
        let message = format!("\"{}\"", hex::encode(&text[place]));
        let changed = set(&text, field, &message);
        assert!(changed.is_ok(), "what is found can be replaced");
        text = changed.unwrap_or_default();
        sealed.push((field, message));
    }
    // Each is where it was put, also after all others were.
    for (field, message) in &sealed {
        let place = find(&text, field).ok().flatten();
        assert_eq!(
            place.and_then(|place| text.get(place)),
            Some(message.as_str())
        );
    }
    for (field, message) in sealed.iter().rev() {
        let value = hex::decode(message.trim_matches('"')).unwrap_or_default();
        let value = String::from_utf8(value).unwrap_or_default();
        let changed = set(&text, field, &value);
        assert!(changed.is_ok(), "what was taken out can be put back");
        text = changed.unwrap_or_default();
    }
    assert_eq!(text, document);
}

/// What is found is what `serde_json` finds, and what is put there is found again.
pub(crate) fn json_field(data: &[u8]) {
    let Some((pointer, document)) = halves(data) else {
        return;
    };
    let Ok(at) = pointer.parse::<Pointer>() else {
        return;
    };
    let Ok(changed) = set(document, &at, "[17]") else {
        return;
    };
    let place = find(&changed, &at).ok().flatten();
    assert_eq!(place.and_then(|place| changed.get(place)), Some("[17]"));
    // Escapes of lone surrogates are JSON, but nothing that a Rust string holds.
    if let Ok(tree) = serde_json::from_str::<Value>(&changed) {
        assert_eq!(tree.pointer(pointer), Some(&serde_json::json!([17])));
    }
}
