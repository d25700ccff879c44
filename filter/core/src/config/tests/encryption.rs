use serde_json::{Value, json};

use super::{downstream, upstream, with};
use crate::config::document::schema::schema;
use crate::config::{Config, ConfigError, Fault, Policy};
use crate::mode::Mode;
use crate::policy::encryption::{AbsentField, Way};
use sallyport_message::jwe::{ContentEncryption, KeyManagement, Serialization};

const SECRET: &str = "secret://payments/sharedSecrets/sealing";

fn encrypting(encrypt: Value) -> Value {
    let mut document = upstream();
    document["upstream"]["request"] = json!({"encrypt": encrypt});
    document
}

fn decrypting(decrypt: Value) -> Value {
    let mut document = downstream();
    document["downstream"] = json!({"request": {"decrypt": decrypt}});
    document
}

fn parse(document: &Value) -> Result<Config, ConfigError> {
    document.to_string().parse()
}

#[test]
fn what_is_left_out_is_strict() {
    let config = parse(&encrypting(json!({"secret": SECRET}))).unwrap();
    assert!(config.policy.reads_messages());
    let Policy::Upstream(upstream) = &config.policy else {
        panic!("downstream")
    };
    let encryption = upstream.policy.request.as_ref().unwrap();
    assert_eq!(encryption.way, Way::Encrypt);
    assert_eq!(encryption.absent, AbsentField::Refuse);
    assert_eq!(encryption.mode, Mode::Enforce);
    let profile = &encryption.profile;
    assert_eq!(profile.key_management, KeyManagement::A256Kw);
    assert_eq!(profile.content_encryption, ContentEncryption::A256Gcm);
    assert_eq!(profile.serialization, Serialization::Compact);
    assert_eq!(profile.max_plaintext_bytes, 1024 * 1024);
    assert_eq!(profile.accepted_iterations, 1000..=10_000);
    assert!(encryption.fields.is_empty());
    let asked = config.references();
    assert!(asked.iter().any(|one| one.to_string() == SECRET));
}

#[test]
fn an_entry_may_do_nothing_but_decrypt() {
    let secrets = [SECRET.to_owned(), format!("{SECRET}@previous")];
    let config = parse(&decrypting(json!({"secrets": secrets}))).unwrap();
    assert!(config.policy.reads_messages());
    let asked = config.references().into_iter().map(ToString::to_string);
    assert_eq!(asked.collect::<Vec<_>>(), secrets);
}

#[test]
fn faults_are_found_in_their_place_and_the_schema_knows_most() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let encrypt = encrypting(json!({"secret": SECRET, "fields": ["/a"]}));
    let decrypt = decrypting(json!({"secrets": [SECRET]}));
    for document in [&encrypt, &decrypt] {
        assert!(validator.is_valid(document), "{document}");
    }
    let (e, d) = ("/upstream/request/encrypt", "/downstream/request/decrypt");
    let field = json!(format!("{SECRET}#password"));
    for (document, base, setting, value, at, expected) in [
        (&encrypt, e, "secret", json!("sealing"), "", None),
        (
            &encrypt,
            e,
            "secret",
            json!(format!("{SECRET}@previous")),
            "",
            Some(Fault::NoCurrentSecret),
        ),
        (
            &encrypt,
            e,
            "secret",
            Value::Null,
            "",
            Some(Fault::NoCurrentSecret),
        ),
        (&encrypt, e, "secret", field.clone(), "", Some(Fault::Field)),
        (
            &encrypt,
            e,
            "secrets",
            json!([SECRET]),
            "",
            Some(Fault::EncryptHasOneKey),
        ),
        (
            &encrypt,
            e,
            "mode",
            json!("observe"),
            "",
            Some(Fault::AlwaysEnforced),
        ),
        (
            &encrypt,
            e,
            "iterations",
            json!(2000),
            "",
            Some(Fault::NoIterations),
        ),
        (
            &encrypt,
            e,
            "fields",
            json!([""]),
            "/0",
            Some(Fault::Pointer),
        ),
        (
            &encrypt,
            e,
            "fields",
            json!(["card"]),
            "/0",
            Some(Fault::Pointer),
        ),
        (
            &encrypt,
            e,
            "fields",
            json!(["/a~2"]),
            "/0",
            Some(Fault::Pointer),
        ),
        (
            &encrypt,
            e,
            "fields",
            json!(["/a", "/a"]),
            "/1",
            Some(Fault::Overlap),
        ),
        (
            &encrypt,
            e,
            "fields",
            json!(vec!["/a"; 33]),
            "",
            Some(Fault::TooMany { found: 33, max: 32 }),
        ),
        (
            &decrypt,
            d,
            "secret",
            json!(SECRET),
            "",
            Some(Fault::DecryptHasKeys),
        ),
        (
            &decrypt,
            d,
            "secrets",
            json!([]),
            "",
            Some(Fault::NoCurrentSecret),
        ),
        (
            &decrypt,
            d,
            "secrets",
            json!([field]),
            "/0",
            Some(Fault::Field),
        ),
        (
            &decrypt,
            d,
            "absent",
            json!("pass"),
            "",
            Some(Fault::NeedsFields),
        ),
        (&decrypt, d, "keyManagement", json!("RSA-OAEP"), "", None),
        (
            &decrypt,
            d,
            "contentEncryption",
            json!("A128CBC-HS256"),
            "",
            None,
        ),
    ] {
        let pointer = format!("{base}/{setting}");
        let mut bad = document.clone();
        let parent = bad.pointer_mut(base).unwrap();
        match &value {
            Value::Null => drop(parent.as_object_mut().unwrap().remove(setting)),
            value => parent[setting] = value.clone(),
        }
        let error = parse(&bad).unwrap_err();
        assert_eq!(error.pointer, format!("{pointer}{at}"), "{value}");
        if let Some(expected) = expected {
            assert_eq!(error.fault, expected, "{pointer}");
        }
        assert!(!validator.is_valid(&bad), "{pointer}: valid {bad}");
    }
    // Where one field is part of another one, the schema cannot tell.
    let error = with(encrypt, &format!("{e}/fields"), json!(["/a/b", "/a"])).unwrap_err();
    assert_eq!(
        (error.pointer, error.fault),
        (format!("{e}/fields/1"), Fault::Overlap)
    );
}

#[test]
fn a_message_is_either_encrypted_or_decrypted() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    for request in [
        json!({}),
        json!({"encrypt": {"secret": SECRET}, "decrypt": {"secrets": [SECRET]}}),
    ] {
        let mut document = upstream();
        document["upstream"]["request"] = request;
        let error = parse(&document).unwrap_err();
        let found = (error.pointer.as_str(), error.fault);
        assert_eq!(found, ("/upstream/request", Fault::OneWay));
        assert!(!validator.is_valid(&document));
    }
}

#[test]
fn passwords_have_iterations_within_bounds() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let settings = |iterations: u32| {
        let secret = format!("{SECRET}#password");
        encrypting(
            json!({"secret": secret, "keyManagement": "PBES2-HS512+A256KW", "iterations": iterations}),
        )
    };
    for (iterations, fits) in [
        (999, false),
        (1000, true),
        (100_000, true),
        (100_001, false),
    ] {
        let document = settings(iterations);
        assert_eq!(validator.is_valid(&document), fits, "{iterations}");
        match parse(&document) {
            Ok(_) => assert!(fits, "{iterations}"),
            Err(error) => {
                assert_eq!(error.fault, Fault::Iterations);
                assert!(!fits, "{iterations}");
            }
        }
    }
}

#[test]
fn tcp_has_no_bodies() {
    let document = decrypting(json!({"secrets": [SECRET]}));
    let error = with(document, "/downstream/protocol", json!("tcp")).unwrap_err();
    let found = (error.pointer.as_str(), error.fault);
    assert_eq!(found, ("/downstream/request", Fault::RequestsOnly));
}
