//! Messages and tokens that another implementation wrote: jwcrypto 1.6 for Python, with OpenSSL.

#![cfg(not(target_arch = "wasm32"))]
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy knows #[test] functions, not what they call"
)]

use sallyport_message::jwe::{ContentEncryption, KeyManagement, Profile, Serialization};
use sallyport_message::jwt::{Algorithm, Policy};
use sallyport_message::{Key, UnixTime};
use sallyport_model::SecretString;
use serde::Deserialize;

#[derive(Deserialize)]
struct Written {
    messages: Vec<Message>,
    tokens: Vec<Token>,
}

#[derive(Deserialize)]
struct Message {
    alg: String,
    enc: String,
    form: String,
    key: String,
    message: String,
}

#[derive(Deserialize)]
struct Token {
    alg: String,
    key: String,
    token: String,
}

fn written() -> Written {
    serde_json::from_str(include_str!("fixtures/jose/jwcrypto.json")).unwrap()
}

fn key(base64: &str) -> Key {
    Key::symmetric(&SecretString::new(base64.to_owned())).unwrap()
}

fn profile(message: &Message) -> Profile {
    let key_management = [
        KeyManagement::Dir,
        KeyManagement::A128Kw,
        KeyManagement::A256Kw,
        KeyManagement::A256GcmKw,
        KeyManagement::Pbes2Hs512A256Kw,
    ]
    .into_iter()
    .find(|known| known.name() == message.alg)
    .unwrap();
    let content_encryption = match message.enc.as_str() {
        "A128GCM" => ContentEncryption::A128Gcm,
        "A256GCM" => ContentEncryption::A256Gcm,
        other => panic!("{other}"),
    };
    Profile {
        serialization: match message.form.as_str() {
            "compact" => Serialization::Compact,
            _ => Serialization::FlattenedJson,
        },
        ..Profile::new(key_management, content_encryption)
    }
}

#[test]
fn messages_that_jwcrypto_encrypted_are_decrypted() {
    let messages = written().messages;
    // Its JSON form of A256GCMKW and PBES2 has a header that nothing protects.
    assert_eq!(messages.len(), 16);
    for message in messages {
        let opened = profile(&message).decrypt(&message.message, &[key(&message.key)]);
        let Ok(opened) = opened else {
            panic!("{} {} {}", message.alg, message.enc, message.form);
        };
        assert_eq!(*opened.plaintext, b"written by jwcrypto");
        assert_eq!(opened.cty.as_deref(), Some("text/plain"));
    }
}

#[test]
fn tokens_that_jwcrypto_signed_hold() {
    let tokens = written().tokens;
    assert_eq!(tokens.len(), 3);
    for token in tokens {
        let algorithm = [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512]
            .into_iter()
            .find(|known| known.name() == token.alg)
            .unwrap();
        let verified = Policy::new(algorithm).verify(
            &token.token,
            &[key(&token.key)],
            UnixTime(1_699_999_999),
        );
        assert!(verified.is_ok(), "{}: {verified:?}", token.alg);
    }
}
