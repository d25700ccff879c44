use proptest::prelude::*;
use serde_json::json;
use zeroize::Zeroizing;

use super::*;

const NOW: UnixTime = UnixTime(1_300_819_000);

/// RFC 7515 appendix A.1.
const RFC_TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const RFC_KEY: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

fn key(bytes: &[u8]) -> Key {
    Key::from(Zeroizing::new(bytes.to_vec()))
}

fn rfc_key() -> Key {
    key(&base64url::decode(RFC_KEY).unwrap())
}

fn our_key() -> Key {
    key(&[7; 64])
}

/// Signs with HS256 and [`our_key`].
fn token(header: &str, claims: &str) -> String {
    let signed = format!(
        "{}.{}",
        base64url::encode(header.as_bytes()),
        base64url::encode(claims.as_bytes())
    );
    let tag = mac::sha256(&[7; 64], signed.as_bytes());
    format!("{signed}.{}", base64url::encode(&*tag))
}

fn policy() -> Policy {
    Policy {
        skew: 10,
        ..Policy::new(Algorithm::Hs256)
    }
}

const HS256: &str = r#"{"alg":"HS256"}"#;

fn verify(policy: &Policy, claims: &Value) -> Result<VerifiedToken, JwtError> {
    policy.verify(&token(HS256, &claims.to_string()), &[our_key()], NOW)
}

fn with_header(header: &str) -> Result<VerifiedToken, JwtError> {
    let token = token(header, r#"{"exp":1300819380}"#);
    policy().verify(&token, &[our_key()], NOW)
}

#[test]
fn the_token_of_rfc_7515_holds() {
    let verified = policy().verify(RFC_TOKEN, &[rfc_key()], NOW).unwrap();
    assert_eq!(verified.key, 0);
    assert_eq!(
        Value::Object(verified.claims),
        json!({"iss": "joe", "exp": 1_300_819_380, "http://example.com/is_root": true})
    );
}

/// RFC 7520 section 4.4: a payload that is no token, so the signature is looked at alone.
#[test]
fn the_signature_of_rfc_7520_holds() {
    let key = key(&base64url::decode("hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg").unwrap());
    let signed = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4";
    let token = format!("{signed}.s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0");
    let error = policy()
        .verify(&token, std::slice::from_ref(&key), NOW)
        .unwrap_err();
    assert!(
        matches!(error, JwtError::Claims(JsonError::Syntax { .. })),
        "{error}"
    );
    let token = format!("{signed}.s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p1");
    assert_eq!(policy().verify(&token, &[key], NOW), Err(JwtError::Base64));
}

#[test]
fn the_key_that_fits_is_named_and_kid_chooses_among_those_with_a_name() {
    let keys = [
        key(&[1; 32]),
        our_key().with_id("old"),
        our_key().with_id("new"),
    ];
    let claims = r#"{"exp":1300819380}"#;
    let place = |header: &str| {
        policy()
            .verify(&token(header, claims), &keys, NOW)
            .map(|verified| verified.key)
    };
    assert_eq!(place(HS256), Ok(1));
    assert_eq!(place(r#"{"alg":"HS256","kid":"new"}"#), Ok(2));
    assert_eq!(
        place(r#"{"alg":"HS256","kid":"other"}"#),
        Err(JwtError::Signature)
    );
    assert_eq!(place(r#"{"alg":"HS256","kid":1}"#), Err(JwtError::NoKey));
    let named = [our_key().with_id("old")];
    let other = token(r#"{"alg":"HS256","kid":"other"}"#, claims);
    assert_eq!(policy().verify(&other, &named, NOW), Err(JwtError::NoKey));
    assert_eq!(policy().verify(&other, &[], NOW), Err(JwtError::NoKey));
}

#[test]
fn the_token_does_not_choose_its_algorithm() {
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS512"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"typ":"JWT"}"#,
    ] {
        assert_eq!(with_header(header), Err(JwtError::Algorithm), "{header}");
    }
    let unsigned = format!(
        "{}.{}.",
        base64url::encode(br#"{"alg":"none"}"#),
        base64url::encode(b"{}")
    );
    assert_eq!(
        policy().verify(&unsigned, &[our_key()], NOW),
        Err(JwtError::Algorithm)
    );
    let hs512 = Policy::new(Algorithm::Hs512);
    assert_eq!(
        hs512.verify(RFC_TOKEN, &[rfc_key()], NOW),
        Err(JwtError::Algorithm)
    );
}

#[test]
fn critical_extensions_other_types_and_members_twice_are_refused() {
    for header in [
        r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"HS256","crit":[]}"#,
    ] {
        assert_eq!(with_header(header), Err(JwtError::Critical));
    }
    assert!(matches!(
        with_header(r#"{"alg":"none","alg":"HS256"}"#),
        Err(JwtError::Header(JsonError::Syntax { .. }))
    ));
    let twice = token(HS256, r#"{"exp":1,"exp":1300819380}"#);
    assert!(matches!(
        policy().verify(&twice, &[our_key()], NOW),
        Err(JwtError::Claims(JsonError::Syntax { .. }))
    ));
    let typed = Policy {
        typ: Some("at+jwt".to_owned()),
        ..policy()
    };
    for (header, holds) in [
        (r#"{"alg":"HS256","typ":"AT+JWT"}"#, true),
        (r#"{"alg":"HS256","typ":"JWT"}"#, false),
        (HS256, false),
    ] {
        let token = token(header, r#"{"exp":1300819380}"#);
        assert_eq!(
            typed.verify(&token, &[our_key()], NOW).is_ok(),
            holds,
            "{header}"
        );
    }
}

#[test]
fn short_keys_are_refused_before_they_are_used() {
    for (algorithm, found) in [
        (Algorithm::Hs256, 31),
        (Algorithm::Hs384, 47),
        (Algorithm::Hs512, 63),
    ] {
        let token = token(
            &format!(r#"{{"alg":"{}"}}"#, algorithm.name()),
            r#"{"exp":1300819380}"#,
        );
        assert_eq!(
            Policy::new(algorithm).verify(&token, &[key(&vec![7; found])], NOW),
            Err(JwtError::KeyTooShort { algorithm, found })
        );
        assert_eq!(
            Policy::new(algorithm).verify(&token, &[key(&vec![8; found + 1])], NOW),
            Err(JwtError::Signature)
        );
    }
}

#[test]
fn tokens_hold_between_their_dates_give_or_take_the_skew() {
    let (now, skew) = (NOW.0, 10);
    for (claims, holds) in [
        (json!({"exp": now - skew + 1}), true),
        (json!({"exp": now - skew}), false),
        (json!({"exp": now + 9, "nbf": now + skew}), true),
        (json!({"exp": now + 9, "nbf": now + skew + 1}), false),
        (json!({"exp": now + 9, "iat": now + skew + 1}), false),
        (json!({"exp": now as f64 + 0.5, "iat": 1.5}), true),
    ] {
        assert_eq!(verify(&policy(), &claims).is_ok(), holds, "{claims}");
    }
    assert_eq!(
        verify(&policy(), &json!({"exp": 1})),
        Err(JwtError::Expired {
            expired: UnixTime(1),
            now: NOW
        })
    );
    for exp in [
        json!("1300819380"),
        json!(-1),
        json!(1e300),
        json!(null),
        json!(u64::MAX),
    ] {
        assert_eq!(
            verify(&policy(), &json!({"exp": exp})),
            Err(JwtError::Claim("exp".to_owned())),
            "{exp}"
        );
    }
}

#[test]
fn a_token_without_an_end_needs_a_policy_that_says_so() {
    assert_eq!(
        verify(&policy(), &json!({})),
        Err(JwtError::Claim("exp".to_owned()))
    );
    let lax = Policy {
        expiry: Expiry::Optional,
        ..policy()
    };
    assert!(verify(&lax, &json!({})).is_ok());
    let young = Policy {
        max_age: Some(60),
        ..lax
    };
    assert_eq!(
        verify(&young, &json!({})),
        Err(JwtError::Claim("iat".to_owned()))
    );
    assert!(verify(&young, &json!({"iat": NOW.0 - 70})).is_ok());
    assert_eq!(
        verify(&young, &json!({"iat": NOW.0 - 71})),
        Err(JwtError::TooOld {
            issued: UnixTime(NOW.0 - 71),
            now: NOW
        })
    );
}

#[test]
fn issuer_audience_and_required_claims_are_those_of_the_policy() {
    let strict = Policy {
        issuers: vec!["https://a".to_owned(), "https://b".to_owned()],
        audiences: vec!["gw".to_owned()],
        required_claims: vec!["sub".to_owned()],
        expiry: Expiry::Optional,
        ..policy()
    };
    let claim = |name: &str| Err(JwtError::Claim(name.to_owned()));
    let good = json!({"iss": "https://b", "aud": ["x", "gw"], "sub": "s"});
    assert!(verify(&strict, &good).is_ok());
    for (change, expected) in [
        (json!({"iss": "https://c"}), Err(JwtError::Issuer)),
        (json!({"iss": "https://a/"}), Err(JwtError::Issuer)),
        (json!({"iss": null}), claim("iss")),
        (json!({"aud": "x"}), Err(JwtError::Audience)),
        (json!({"aud": []}), Err(JwtError::Audience)),
        (json!({"aud": ["gw", 1]}), claim("aud")),
        (json!({"aud": {"gw": 1}}), claim("aud")),
        (json!({"sub": null}), claim("sub")),
    ] {
        let mut claims = good.clone();
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        assert_eq!(verify(&strict, &claims).map(|_| ()), expected, "{claims}");
    }
    let anybody = Policy {
        expiry: Expiry::Optional,
        ..policy()
    };
    assert_eq!(
        verify(&anybody, &json!({"aud": "gw"})),
        Err(JwtError::Audience)
    );
    assert_eq!(
        verify(&anybody, &json!({"iss": 1})).map(|_| ()),
        claim("iss")
    );
}

#[test]
fn what_is_no_token_is_refused() {
    for (token, error) in [
        ("", JwtError::Parts),
        ("a.b", JwtError::Parts),
        ("a.b.c.d", JwtError::Parts),
        ("e30=.e30.e30", JwtError::Base64),
        ("e3+.e30.e30", JwtError::Base64),
        ("e31.e30.e30", JwtError::Base64),
        (" e30.e30.e30", JwtError::Base64),
    ] {
        assert_eq!(
            policy().verify(token, &[our_key()], NOW),
            Err(error),
            "{token}"
        );
    }
    let long = "a".repeat(MAX_TOKEN_BYTES + 1);
    assert_eq!(
        policy().verify(&long, &[our_key()], NOW),
        Err(JwtError::TooLong(MAX_TOKEN_BYTES + 1))
    );
    let deep = format!(
        r#"{{"alg":"HS256","x":{}{}}}"#,
        "[".repeat(4),
        "]".repeat(4)
    );
    assert_eq!(
        with_header(&deep),
        Err(JwtError::Header(JsonError::TooDeep { max: 4 }))
    );
}

proptest! {
    #[test]
    fn no_changed_character_goes_unnoticed(place in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
        let at = place.index(RFC_TOKEN.len());
        let mut changed = RFC_TOKEN.to_owned();
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != RFC_TOKEN);
        prop_assert!(policy().verify(&changed, &[rfc_key()], NOW).is_err());
    }
}
