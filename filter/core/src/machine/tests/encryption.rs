//! Bodies of requests that are encrypted on their way to the server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sallyport_message::BodyDigest;
use sallyport_message::http_signatures::content_digest_value;
use sallyport_message::jwe::{KeyManagement, Profile, Serialization};
use sallyport_model::{Material, Outcome, SharedSecret};
use serde_json::Value;

use super::decryption::{SEALING, a256kw, body, key, post, posts, profile, set};
use super::trusting;
use crate::direction::Direction;
use crate::event::StreamId;
use crate::facts::Facts;
use crate::fixtures::{
    Authority, Contents, Fate, Host, Lines, aes_key, secret_key, symmetric, to_server, unavailable,
};
use crate::metric::Counter;
use crate::reason::Reason;

/// An upstream filter that encrypts requests, and the server that passes it.
struct Scene {
    ca: Authority,
}

impl Scene {
    fn new() -> Self {
        let ca = Authority::new("root");
        Self { ca }
    }

    fn host(&self, more: &str, contents: Contents) -> Host {
        let settings = format!(r#","request":{{"encrypt":{{"secret":"{SEALING}"{more}}}}}"#);
        Host::ready(&Host::upstream(&settings), &contents)
    }

    fn contents(&self) -> Contents {
        trusting(&[&self.ca]).with(SEALING, symmetric(&aes_key(2)))
    }

    fn sends(&self, host: &mut Host, lines: Lines, body: &[u8]) -> (StreamId, Fate) {
        host.headers.clear();
        host.messages_of_next(lines, false);
        let leaf = self.ca.server("backend.test");
        let stream = host.request(Facts::Upstream(to_server(&leaf)));
        let fate = match host.fates[&stream] {
            Fate::Held => host.body(stream, body),
            _ => host.fates[&stream].clone(),
        };
        (stream, fate)
    }
}

fn json_lines() -> Lines {
    Lines::of("POST", "/orders").with("content-type", "application/json")
}

/// What the server makes of it.
fn opened(profile: &Profile, message: &str) -> (Vec<u8>, Option<String>) {
    let opened = profile.decrypt(message, &[key(2, None)]).ok().unwrap();
    (opened.plaintext.to_vec(), opened.cty)
}

#[test]
fn a_request_is_encrypted_under_the_current_version_and_says_which() {
    let scene = Scene::new();
    let mut host = scene.host("", scene.contents());
    let (stream, fate) = scene.sends(&mut host, json_lines(), br#"{"pay":10}"#);
    assert_eq!(fate, Fate::Resumed);
    let message = body(&host, stream);
    let a256kw = profile(KeyManagement::A256Kw);
    let expected = (br#"{"pay":10}"#.to_vec(), Some("json".to_owned()));
    assert_eq!(opened(&a256kw, message), expected);
    let header = URL_SAFE_NO_PAD.decode(message.split('.').next().unwrap());
    let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
    assert_eq!(header["kid"], format!("{SEALING}@2"));
    let media_type = set(&host, stream, "content-type");
    assert_eq!(media_type.as_deref(), Some("application/jose"));
    let length = set(&host, stream, "content-length").unwrap();
    assert_eq!(length, message.len().to_string());
    assert_eq!(host.count(Counter::Encrypted), 1);

    let mut host = scene.host(r#","serialization":"flattenedJson""#, scene.contents());
    let (stream, _) = scene.sends(&mut host, json_lines(), br#"{"pay":10}"#);
    let flattened = Profile {
        serialization: Serialization::FlattenedJson,
        ..a256kw
    };
    assert_eq!(opened(&flattened, body(&host, stream)), expected);
    let media_type = set(&host, stream, "content-type");
    assert_eq!(media_type.as_deref(), Some("application/jose+json"));
}

#[test]
fn single_fields_are_encrypted_where_they_stand() {
    let scene = Scene::new();
    let fields = r#","fields":["/card"]"#;
    for (serialization, form) in [
        ("compact", Serialization::Compact),
        ("flattenedJson", Serialization::FlattenedJson),
    ] {
        let more = format!(r#"{fields},"serialization":"{serialization}""#);
        let mut host = scene.host(&more, scene.contents());
        let document = br#"{"id": 1.0, "card": {"number": 4111}}"#;
        let (stream, fate) = scene.sends(&mut host, json_lines(), document);
        assert_eq!(fate, Fate::Resumed);
        assert!(body(&host, stream).starts_with(r#"{"id": 1.0, "card": "#));
        let sent: Value = serde_json::from_str(body(&host, stream)).unwrap();
        let message = match &sent["card"] {
            Value::String(compact) => compact.clone(),
            flattened => flattened.to_string(),
        };
        let profile = Profile {
            serialization: form,
            ..profile(KeyManagement::A256Kw)
        };
        assert_eq!(opened(&profile, &message).0, br#"{"number": 4111}"#);
        assert_eq!(sent["card"].is_object(), serialization == "flattenedJson");
    }
    let mut host = scene.host(fields, scene.contents());
    for document in [r#"{"crad":1}"#, "[1]", "", "{"] {
        let (stream, fate) = scene.sends(&mut host, json_lines(), document.as_bytes());
        if document.is_empty() {
            assert_eq!(fate, Fate::Resumed);
        } else {
            assert_eq!(fate.reason(), Some(Reason::EncryptionFailed), "{document}");
        }
        assert!(!host.rewritten.contains_key(&stream));
    }
}

#[test]
fn what_is_signed_is_the_body_that_was_encrypted() {
    let scene = Scene::new();
    let signing = "secret://payments/sharedSecrets/signing";
    let settings = format!(
        r#","request":{{"encrypt":{{"secret":"{SEALING}"}}}},"sign":{{"scheme":"signature","secret":"{signing}"}}"#
    );
    let contents = scene.contents().with(signing, symmetric(&secret_key(7)));
    let mut host = Host::ready(&Host::upstream(&settings), &contents);
    let (stream, fate) = scene.sends(&mut host, json_lines(), br#"{"pay":10}"#);
    assert_eq!(fate, Fate::Resumed);
    let digest = BodyDigest::of(body(&host, stream).as_bytes());
    let line = format!("+content-digest: {}", content_digest_value(&digest));
    assert!(host.headers.contains(&line), "{:?}", host.headers);
}

#[test]
fn nothing_goes_on_in_plain_for_want_of_a_key_or_of_randomness() {
    let scene = Scene::new();
    let let_pass = |section: &str, settings: &str| {
        let config = match section {
            "upstream" => Host::upstream(settings),
            _ => Host::downstream(settings),
        };
        let on_failure =
            r#"{"onFailure":{"unreachable":"letPass","denied":"letPass","malformed":"letPass"},"#;
        config.replacen('{', on_failure, 1)
    };
    let settings = format!(r#","request":{{"encrypt":{{"secret":"{SEALING}"}}}}"#);
    let mut withdrawn = trusting(&[&scene.ca]);
    withdrawn.set(SEALING, Outcome::Withdrawn {});
    let mut host = Host::ready(&let_pass("upstream", &settings), &withdrawn);
    let (stream, fate) = scene.sends(&mut host, json_lines(), b"plain");
    assert_eq!(fate.reason(), Some(Reason::SecretWithdrawn));
    assert!(!host.rewritten.contains_key(&stream));
    let denied = Counter::Denied(Direction::Upstream, Reason::SecretWithdrawn);
    assert_eq!(host.count(denied), 1);

    // Sealed, it may go on: that is what was asked for.
    let mut contents = Contents::default();
    contents.set(SEALING, Outcome::Withdrawn {});
    let config = let_pass("downstream", "").replacen(
        r#""tlsContext":"secret://payments/tlsContexts/tls""#,
        &format!(r#""request":{{"decrypt":{{"secrets":["{SEALING}"]}}}}"#),
        1,
    );
    let mut host = Host::ready(&config, &contents);
    let (stream, fate) = posts(&mut host, post(), &a256kw(2, None, b"{}"));
    assert_eq!(fate, Fate::Resumed);
    assert!(!host.rewritten.contains_key(&stream));

    for material in [
        symmetric("c2hvcnQ="),
        Material::SharedSecret(SharedSecret::Blob {
            content: "text".to_owned(),
        }),
    ] {
        let contents = trusting(&[&scene.ca]).with(SEALING, material);
        let mut host = scene.host("", contents);
        let (_, fate) = scene.sends(&mut host, json_lines(), b"plain");
        assert_eq!(fate.reason(), Some(Reason::CredentialUnusable));
    }

    let mut host = scene.host("", scene.contents());
    host.state = std::mem::replace(&mut host.state, another()).drawing(|_| false);
    let (stream, fate) = scene.sends(&mut host, json_lines(), b"plain");
    assert_eq!(
        (fate.reason(), fate.status()),
        (Some(Reason::Internal), Some(503))
    );
    assert!(!host.rewritten.contains_key(&stream));
}

fn another() -> crate::State {
    crate::State::new(Host::upstream("").parse().unwrap())
}

#[test]
fn no_nonce_comes_twice() {
    let scene = Scene::new();
    let more = r#","keyManagement":"dir","fields":["/a","/b"]"#;
    let mut host = scene.host(more, scene.contents());
    let mut nonces = Vec::new();
    for _ in 0..200 {
        let (stream, _) = scene.sends(&mut host, json_lines(), br#"{"a":1,"b":1}"#);
        let sent: Value = serde_json::from_str(body(&host, stream)).unwrap();
        for field in ["a", "b"] {
            let message = sent[field].as_str().unwrap();
            nonces.push(message.split('.').nth(2).unwrap().to_owned());
        }
    }
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), 400);
}

#[test]
fn a_rotation_holds_for_the_next_message() {
    let scene = Scene::new();
    let mut contents = scene.contents();
    let settings = format!(r#","request":{{"encrypt":{{"secret":"{SEALING}"}}}}"#);
    let mut host = Host::ready(&Host::upstream(&settings), &contents);
    scene.sends(&mut host, json_lines(), b"1");
    contents.put(SEALING, symmetric(&aes_key(9)));
    host.vault_answers(&contents);
    let (stream, _) = scene.sends(&mut host, json_lines(), b"2");
    let keys = [key(9, Some(&format!("{SEALING}@3")))];
    let opened = profile(KeyManagement::A256Kw).decrypt(body(&host, stream), &keys);
    assert_eq!(opened.ok().unwrap().plaintext.as_slice(), b"2");
    host.answer(unavailable());
    let (_, fate) = scene.sends(&mut host, json_lines(), b"3");
    assert_eq!(fate, Fate::Resumed);
}
