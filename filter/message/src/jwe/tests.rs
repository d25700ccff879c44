use proptest::prelude::*;
use serde_json::{Value, json};

use super::key_management::Parameters;
use super::*;

/// RFC 7520 section 5: the plaintext of all its messages.
const PLAINTEXT: &str = "You can trust us to stick with you through thick and thin\u{2013}to the bitter end. And you can trust us to keep any secret of yours\u{2013}closer than you keep it yourself. But you cannot trust us to let you face trouble alone, and go off without a word. We are your friends, Frodo.";

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/fixtures/jose/rfc7520.json")).unwrap()
}

fn text(name: &str, member: &str) -> String {
    match &vectors()[name][member] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn key(base64url: &str) -> Key {
    Key::from(Zeroizing::new(base64url::decode(base64url).unwrap()))
}

fn bytes(bytes: &[u8]) -> Key {
    Key::from(Zeroizing::new(bytes.to_vec()))
}

fn compact(key_management: KeyManagement, content: ContentEncryption) -> Profile {
    Profile::new(key_management, content)
}

fn flattened(profile: Profile) -> Profile {
    Profile {
        serialization: Serialization::FlattenedJson,
        ..profile
    }
}

fn a128kw() -> Profile {
    compact(KeyManagement::A128Kw, ContentEncryption::A128Gcm)
}

fn random() -> Zeroizing<[u8; RANDOM_BYTES]> {
    Zeroizing::new(std::array::from_fn(|at| at as u8))
}

#[test]
fn the_messages_of_rfc_7520_are_decrypted() {
    let dir = compact(KeyManagement::Dir, ContentEncryption::A128Gcm);
    for (name, profile) in [("direct", dir), ("keyWrap", a128kw())] {
        let keys = [key(&text(name, "key"))];
        for (form, profile) in [
            ("compact", profile.clone()),
            ("flattened", flattened(profile)),
        ] {
            let opened = profile.decrypt(&text(name, form), &keys).ok().unwrap();
            assert_eq!(
                std::str::from_utf8(&opened.plaintext),
                Ok(PLAINTEXT),
                "{name}"
            );
        }
    }
    let with_aad = flattened(a128kw())
        .decrypt(
            &text("additional", "flattened"),
            &[key(&text("additional", "key"))],
        )
        .ok()
        .unwrap();
    assert_eq!(std::str::from_utf8(&with_aad.plaintext), Ok(PLAINTEXT));
    let changed = text("additional", "flattened").replace("WyJ2Y2FyZCI", "WyJ3Y2FyZCI");
    assert_eq!(
        flattened(a128kw())
            .decrypt(&changed, &[key(&text("additional", "key"))])
            .err(),
        Some(JweError::Authentication)
    );
}

/// Sections 5.3 and 5.7: their content is encrypted with what is not supported here, their keys are
/// wrapped with what is.
#[test]
fn the_wrapped_keys_of_rfc_7520_are_unwrapped() {
    for (name, key_management, key) in [
        (
            "password",
            KeyManagement::Pbes2Hs512A256Kw,
            bytes(text("password", "password").as_bytes()),
        ),
        (
            "gcmKeyWrap",
            KeyManagement::A256GcmKw,
            key(&text("gcmKeyWrap", "key")),
        ),
    ] {
        let part = |member: &str| base64url::decode(&text(name, member)).unwrap();
        let header = Header {
            kid: None,
            typ: None,
            cty: None,
            parameters: match key_management {
                KeyManagement::A256GcmKw => Parameters::Gcm {
                    nonce: part("iv"),
                    tag: part("tag"),
                },
                _ => Parameters::Password {
                    salt: part("p2s"),
                    iterations: 8192,
                },
            },
        };
        // Keys of 32 bytes, as those of A128CBC-HS256.
        let profile = compact(key_management, ContentEncryption::A256Gcm);
        let unwrapped = profile
            .unwrap(&key, &header, &part("encryptedKey"))
            .ok()
            .unwrap();
        assert!(unwrapped.fits, "{name}");
        assert_eq!(*unwrapped.content_key, part("contentKey"), "{name}");
    }
}

#[test]
fn compressed_messages_and_headers_that_nothing_protects_are_refused() {
    let keys = [key(&text("keyWrap", "key"))];
    assert_eq!(
        a128kw()
            .decrypt(&text("compressed", "compact"), &keys)
            .err(),
        Some(JweError::Compressed)
    );
    let unprotected: Value = serde_json::from_str(&text("unprotected", "flattened")).unwrap();
    for (member, value) in [
        ("unprotected", unprotected["unprotected"].clone()),
        ("header", json!({"alg": "A128KW"})),
        ("header", json!("e30")),
        ("recipients", json!([])),
        ("other", json!("")),
    ] {
        let mut message: Value = serde_json::from_str(&text("keyWrap", "flattened")).unwrap();
        message[member] = value;
        let error = flattened(a128kw())
            .decrypt(&message.to_string(), &keys)
            .err();
        assert!(
            matches!(error, Some(JweError::Parts | JweError::Header(_))),
            "{member}: {error:?}"
        );
    }
}

/// A direct message with this protected header, rightly encrypted.
fn direct(header: &str) -> String {
    let protected = base64url::encode(header.as_bytes());
    let mut content = b"hi".to_vec();
    let tag = ContentEncryption::A128Gcm
        .seal(&[7; 16], &[1; 12], protected.as_bytes(), &mut content)
        .unwrap();
    format!(
        "{protected}..{}.{}.{}",
        base64url::encode(&[1; 12]),
        base64url::encode(&content),
        base64url::encode(&tag)
    )
}

#[test]
fn the_message_does_not_choose() {
    let profile = compact(KeyManagement::Dir, ContentEncryption::A128Gcm);
    let open = |header: &str| profile.decrypt(&direct(header), &[bytes(&[7; 16])]).err();
    assert_eq!(open(r#"{"alg":"dir","enc":"A128GCM","x":[1]}"#), None);
    for header in [
        r#"{"alg":"DIR","enc":"A128GCM"}"#,
        r#"{"alg":"A128KW","enc":"A128GCM"}"#,
        r#"{"alg":"dir","enc":"A256GCM"}"#,
        r#"{"alg":"dir","enc":["A128GCM"]}"#,
        r#"{"enc":"A128GCM"}"#,
        "{}",
    ] {
        assert_eq!(open(header), Some(JweError::Algorithm), "{header}");
    }
    assert_eq!(
        open(r#"{"alg":"dir","enc":"A128GCM","crit":["exp"]}"#),
        Some(JweError::Critical)
    );
    assert_eq!(
        open(r#"{"alg":"dir","enc":"A128GCM","zip":"DEF"}"#),
        Some(JweError::Compressed)
    );
    assert_eq!(
        open(r#"{"alg":"dir","enc":"A128GCM","kid":1}"#),
        Some(JweError::Parameter("kid"))
    );
    for header in [
        r#"{"alg":"dir","alg":"dir","enc":"A128GCM"}"#,
        r#"["dir"]"#,
        "",
    ] {
        assert!(matches!(
            open(header),
            Some(JweError::Header(JsonError::Syntax { .. }))
        ));
    }
    let deep = format!(
        r#"{{"alg":"dir","enc":"A128GCM","x":{}}}"#,
        "[".repeat(9) + &"]".repeat(9)
    );
    assert_eq!(
        open(&deep),
        Some(JweError::Header(JsonError::TooDeep { max: 4 }))
    );
    let long = format!(
        r#"{{"alg":"dir","enc":"A128GCM","x":"{}"}}"#,
        "x".repeat(10_000)
    );
    assert!(matches!(open(&long), Some(JweError::TooLong { .. })));
}

#[test]
fn the_effort_of_passwords_is_bounded_both_ways() {
    let profile = compact(KeyManagement::Pbes2Hs512A256Kw, ContentEncryption::A128Gcm);
    let password = [bytes(b"a password")];
    let accepted = profile.accepted_iterations.clone();
    for found in [0, 1, 999, 100_001, u64::from(u32::MAX) + 1000, u64::MAX] {
        let header = format!(
            r#"{{"alg":"PBES2-HS512+A256KW","enc":"A128GCM","p2s":"AAAAAAAAAAAAAAAA","p2c":{found}}}"#
        );
        assert_eq!(
            profile.decrypt(&direct(&header), &password).err(),
            Some(JweError::Iterations {
                found,
                accepted: accepted.clone()
            })
        );
    }
    for (parameters, wrong) in [
        (r#""p2s":"AAAA","p2c":1000"#, "p2s"),
        (r#""p2s":1,"p2c":1000"#, "p2s"),
        (r#""p2s":"AAAAAAAAAAAAAAAA""#, "p2c"),
        (r#""p2s":"AAAAAAAAAAAAAAAA","p2c":1000.5"#, "p2c"),
        (r#""p2s":"AAAAAAAAAAAAAAAA","p2c":-1"#, "p2c"),
    ] {
        let header = format!(r#"{{"alg":"PBES2-HS512+A256KW","enc":"A128GCM",{parameters}}}"#);
        assert_eq!(
            profile.decrypt(&direct(&header), &password).err(),
            Some(JweError::Parameter(wrong)),
            "{parameters}"
        );
    }
    let lazy = Profile {
        iterations: 999,
        ..profile
    };
    assert!(matches!(
        lazy.encrypt(b"", Label::default(), &password[0], &random()),
        Err(JweError::Iterations { found: 999, .. })
    ));
}

#[test]
fn keys_of_another_length_are_refused_before_they_are_used() {
    for (key_management, content_encryption, fits) in [
        (KeyManagement::Dir, ContentEncryption::A128Gcm, 16),
        (KeyManagement::Dir, ContentEncryption::A256Gcm, 32),
        (KeyManagement::A128Kw, ContentEncryption::A256Gcm, 16),
        (KeyManagement::A256Kw, ContentEncryption::A128Gcm, 32),
        (KeyManagement::A256GcmKw, ContentEncryption::A128Gcm, 32),
    ] {
        let profile = compact(key_management, content_encryption);
        let encrypt = |found: usize| {
            profile
                .encrypt(b"x", Label::default(), &bytes(&vec![7; found]), &random())
                .err()
        };
        assert_eq!(encrypt(fits), None);
        for found in [0, fits - 1, fits + 1, 24, 64] {
            let error = JweError::KeyLength {
                key_management,
                content_encryption,
                found,
            };
            assert_eq!(encrypt(found), Some(error));
        }
    }
    let password = compact(KeyManagement::Pbes2Hs512A256Kw, ContentEncryption::A128Gcm);
    let error = password
        .encrypt(b"x", Label::default(), &bytes(b""), &random())
        .unwrap_err();
    assert_eq!(error.to_string(), "a key of 0 bytes, 1 to 1024 are needed");
}

#[test]
fn the_key_that_fits_is_named_and_kid_chooses_among_those_with_a_name() {
    let profile = compact(KeyManagement::A256Kw, ContentEncryption::A256Gcm);
    let (old, new) = (
        bytes(&[1; 32]).with_id("old"),
        bytes(&[2; 32]).with_id("new"),
    );
    let label = Label {
        typ: Some("JOSE"),
        cty: Some("application/json"),
    };
    let message = profile.encrypt(b"hi", label, &new, &random()).unwrap();
    let opened = profile
        .decrypt(&message, &[old.clone(), bytes(&[2; 32])])
        .ok()
        .unwrap();
    assert_eq!(opened.key, 1);
    assert_eq!(opened.typ.as_deref(), Some("JOSE"));
    assert_eq!(opened.cty.as_deref(), Some("application/json"));
    for (keys, error) in [
        (&[old][..], JweError::NoKey),
        (&[], JweError::NoKey),
        (&[bytes(&[3; 32])], JweError::Authentication),
    ] {
        assert_eq!(profile.decrypt(&message, keys).err(), Some(error));
    }
}

#[test]
fn what_is_no_message_is_refused() {
    let keys = [bytes(&[7; 16])];
    let good = direct(r#"{"alg":"dir","enc":"A128GCM"}"#);
    let profile = compact(KeyManagement::Dir, ContentEncryption::A128Gcm);
    for (message, error) in [
        (String::new(), JweError::Parts),
        (good.replacen('.', "", 1), JweError::Parts),
        (format!("{good}."), JweError::Parts),
        (format!("{good}="), JweError::Base64),
        (format!(" {good}"), JweError::Base64),
        (good.replace("..", ".AA."), JweError::Authentication),
    ] {
        assert_eq!(
            profile.decrypt(&message, &keys).err(),
            Some(error),
            "{message}"
        );
    }
    let small = Profile {
        max_plaintext_bytes: 1,
        ..profile
    };
    assert_eq!(
        small.decrypt(&good, &keys).err(),
        Some(JweError::TooLong { found: 2, max: 1 })
    );
    assert_eq!(
        small
            .encrypt(b"hi", Label::default(), &keys[0], &random())
            .err(),
        Some(JweError::TooLong { found: 2, max: 1 })
    );
    assert!(matches!(
        small.decrypt(&"a".repeat(20_000), &keys).err(),
        Some(JweError::TooLong { found: 20_000, .. })
    ));
}

#[test]
fn a_wrapped_key_of_another_length_fails_like_any_other() {
    let keys = [bytes(&[7; 32])];
    let profile = compact(KeyManagement::A256Kw, ContentEncryption::A256Gcm);
    let message = profile
        .encrypt(b"hi", Label::default(), &keys[0], &random())
        .unwrap();
    let parts: Vec<_> = message.split('.').collect();
    for length in [0, 1, 7, 8, 16, 24, 32, 48, 8000] {
        let wrapped = base64url::encode(&vec![5; length]);
        let changed = [parts[0], &wrapped, parts[2], parts[3], parts[4]].join(".");
        assert_eq!(
            profile.decrypt(&changed, &keys).err(),
            Some(JweError::Authentication)
        );
    }
    for (part, length) in [(2, 0), (2, 11), (2, 13), (4, 0), (4, 12), (4, 15), (4, 17)] {
        let other = base64url::encode(&vec![5; length]);
        let mut changed = parts.clone();
        changed[part] = &other;
        assert_eq!(
            profile.decrypt(&changed.join("."), &keys).err(),
            Some(JweError::Authentication)
        );
    }
}

fn profile() -> impl Strategy<Value = Profile> {
    let key_management = prop_oneof![
        Just(KeyManagement::Dir),
        Just(KeyManagement::A128Kw),
        Just(KeyManagement::A256Kw),
        Just(KeyManagement::A256GcmKw),
        Just(KeyManagement::Pbes2Hs512A256Kw),
    ];
    let content = prop_oneof![
        Just(ContentEncryption::A128Gcm),
        Just(ContentEncryption::A256Gcm)
    ];
    (key_management, content, any::<bool>()).prop_map(|(key_management, content, json)| {
        let profile = Profile {
            iterations: 1000,
            ..Profile::new(key_management, content)
        };
        if json { flattened(profile) } else { profile }
    })
}

fn key_for(profile: &Profile, byte: u8) -> Key {
    let length = profile.key_management.key_bytes(profile.content_encryption);
    bytes(&vec![byte; length.unwrap_or(9)]).with_id("k")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_was_encrypted_is_decrypted(
        profile in profile(), byte: u8, plaintext in prop::collection::vec(any::<u8>(), 0..200),
        random in prop::array::uniform::<_, RANDOM_BYTES>(any::<u8>()),
    ) {
        let key = key_for(&profile, byte);
        let message = profile.encrypt(&plaintext, Label::default(), &key, &Zeroizing::new(random)).unwrap();
        let opened = profile.decrypt(&message, std::slice::from_ref(&key)).ok().unwrap();
        prop_assert_eq!(&*opened.plaintext, &plaintext);
        let other = key_for(&profile, byte ^ 1);
        prop_assert_eq!(profile.decrypt(&message, &[other]).err(), Some(JweError::Authentication));
    }

    #[test]
    fn no_changed_byte_goes_unnoticed(
        profile in profile(), place in any::<prop::sample::Index>(), by in 1_u8..128,
    ) {
        let key = key_for(&profile, 7);
        let message = profile.encrypt(b"a plaintext", Label::default(), &key, &random()).unwrap();
        let mut changed = message.into_bytes();
        let at = place.index(changed.len());
        changed[at] ^= by;
        let changed = String::from_utf8(changed).unwrap();
        prop_assert!(profile.decrypt(&changed, &[key]).is_err());
    }
}
