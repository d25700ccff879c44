//! One message through each room, the same natively and as WebAssembly. Everything else is tested
//! natively.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    reason = "clippy knows #[test] functions, not what they call"
)]

use sallyport_message::api_key::{ApiKeyError, ApiKeys};
use sallyport_message::basic::BasicPairs;
use sallyport_message::http_signatures::{self, content_digest_value};
use sallyport_message::json_field::{find, set};
use sallyport_message::jwe::{ContentEncryption, JweError, KeyManagement, Label, Profile};
use sallyport_message::jwt::{Algorithm, JwtError, Policy};
use sallyport_message::sigv4::{Credentials, KeptKey, Payload, Signer};
use sallyport_message::{BodyDigest, BodyHash, Header, Key, Request, UnixTime};
use sallyport_model::SecretString;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test;

const DOCUMENT: &str = r#"{"order": 17, "card": {"pan": 4111111111111111, "name": "A. Nobody"}}"#;

fn request<'a>(headers: &'a [Header<'a>]) -> Request<'a> {
    Request {
        method: "GET",
        scheme: "https",
        authority: "examplebucket.s3.amazonaws.com",
        target: "/test.txt",
        headers,
    }
}

fn secret(text: &str) -> SecretString {
    SecretString::new(text.to_owned())
}

fn key() -> Key {
    Key::symmetric(&secret("Ki0-KD9FKi0-KD9FKi0-KD9FKi0-KD9FKi0-KD9FKi0")).unwrap()
}

/// Amazon S3 API reference, "Signature calculations for the Authorization header".
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_request_to_s3_is_signed() {
    let range = [Header {
        name: "range",
        value: b"bytes=0-9",
    }];
    let credentials = Credentials {
        access_key_id: "AKIAIOSFODNN7EXAMPLE",
        secret_access_key: &secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        session_token: None,
        kept: &KeptKey::default(),
    };
    let signed = Signer::new("us-east-1", "s3")
        .and_then(|signer| signer.also_signing(["range"]))
        .and_then(|signer| {
            let payload = Payload::Signed(BodyHash::default().finish());
            signer.sign(
                &request(&range),
                payload,
                &credentials,
                UnixTime(1_369_353_600),
            )
        })
        .ok()
        .unwrap();
    let (name, value) = signed.set.first().unwrap();
    assert_eq!(*name, "authorization");
    assert!(
        value
            .expose()
            .ends_with("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    );
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_signed_message_and_its_body_hold_until_the_body_changes() {
    let digest = content_digest_value(&BodyDigest::of(b"hello"));
    let content_digest = Header {
        name: "content-digest",
        value: digest.as_bytes(),
    };
    let unsigned = [content_digest];
    let components = vec![
        "@method".parse().unwrap(),
        "@target-uri".parse().unwrap(),
        "content-digest".parse().unwrap(),
    ];
    let signer = http_signatures::Signer {
        label: "gw".to_owned(),
        components: components.clone(),
        lifetime: Some(60),
        tag: None,
    };
    let at = UnixTime(1_800_000_000);
    let made = signer
        .sign(&request(&unsigned), &key(), Some("n1"), at)
        .unwrap();
    let signed = [
        content_digest,
        Header {
            name: "signature-input",
            value: made.signature_input.as_bytes(),
        },
        Header {
            name: "signature",
            value: made.signature.as_bytes(),
        },
    ];
    let verified = http_signatures::Policy::new(components)
        .verify(&request(&signed), &[key()], at)
        .unwrap();
    assert_eq!(verified.content_digest, Some(BodyDigest::of(b"hello")));
    assert_ne!(verified.content_digest, Some(BodyDigest::of(b"hullo")));
}

/// RFC 7515 appendix A.1.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_token_holds_until_it_ends() {
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let key = Key::symmetric(&secret(
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    ))
    .unwrap();
    let policy = Policy::new(Algorithm::Hs256);
    let at = |seconds| policy.verify(token, std::slice::from_ref(&key), UnixTime(seconds));
    assert_eq!(at(1_300_819_000).map(|verified| verified.key), Ok(0));
    assert!(matches!(at(1_300_819_440), Err(JwtError::Expired { .. })));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_field_is_encrypted_and_decrypted_in_its_place() {
    let pan = "/card/pan".parse().unwrap();
    for key_management in [
        KeyManagement::Dir,
        KeyManagement::A256Kw,
        KeyManagement::A256GcmKw,
        KeyManagement::Pbes2Hs512A256Kw,
    ] {
        let profile = Profile::new(key_management, ContentEncryption::A256Gcm);
        let plain = find(DOCUMENT, &pan).unwrap().unwrap();
        let plain = DOCUMENT.get(plain).unwrap();
        let encrypted = profile
            .encrypt(plain.as_bytes(), Label::default(), &key(), &[7; 72].into())
            .unwrap();
        // Base64url and dots need no escapes.
        let protected = set(DOCUMENT, &pan, &format!("\"{encrypted}\"")).unwrap();
        assert!(!protected.contains("4111"));
        let opened = profile.decrypt(&encrypted, &[key()]).ok().unwrap();
        let opened = std::str::from_utf8(&opened.plaintext).unwrap();
        assert_eq!(set(&protected, &pan, opened).unwrap(), DOCUMENT);
        let changed = encrypted.replacen('.', "A.", 1);
        let error = profile.decrypt(&changed, &[key()]).err();
        assert!(
            matches!(
                error,
                Some(JweError::Base64 | JweError::Header(_) | JweError::Authentication)
            ),
            "{error:?}"
        );
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn callers_are_told_apart_by_what_they_present() {
    let headers = [
        Header {
            name: "authorization",
            value: b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        },
        Header {
            name: "x-api-key",
            value: b"previous",
        },
    ];
    let pairs = BasicPairs::new([("Aladdin", &secret("open sesame"))]).ok();
    assert_eq!(pairs.unwrap().check(&request(&headers)), Ok(0));
    let (current, previous) = (secret("current"), secret("previous"));
    let keys = ApiKeys::new([&current, &previous]).ok().unwrap();
    assert_eq!(keys.check(&request(&headers), "x-api-key"), Ok(1));
    assert_eq!(keys.check_value(b"Current"), Err(ApiKeyError::Wrong));
}
