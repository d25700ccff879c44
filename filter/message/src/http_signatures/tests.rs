mod rfc_9421;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::request::Header;

/// RFC 9421 appendix B.1.5.
const RFC_KEY: &str =
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
/// Appendix B.2.5.
const RFC_CREATED: UnixTime = UnixTime(1_618_884_473);
const RFC_INPUT: &str =
    r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
const RFC_SIGNATURE: &str = "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:";
/// RFC 9530: of `{"hello": "world"}`.
const DIGEST: &str = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";

const BODY: &[u8] = b"{\"hello\": \"world\"}";

fn rfc_key() -> Key {
    Key::from(Zeroizing::new(STANDARD.decode(RFC_KEY).unwrap())).with_id("test-shared-secret")
}

/// The request of appendix B.2, with these lines beside its own.
fn lines<'a>(more: &[(&'a str, &'a str)]) -> Vec<Header<'a>> {
    [
        ("Host", "example.com"),
        ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("Content-Type", "application/json"),
        ("Content-Digest", DIGEST),
        ("Content-Length", "18"),
    ]
    .iter()
    .chain(more)
    .map(|(name, value)| Header {
        name,
        value: value.as_bytes(),
    })
    .collect()
}

fn request<'a>(headers: &'a [Header<'a>]) -> Request<'a> {
    Request {
        method: "POST",
        scheme: "https",
        authority: "example.com",
        target: "/foo?param=Value&Pet=dog",
        headers,
    }
}

fn fields(names: &[&str]) -> Vec<Component> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn policy() -> Policy {
    Policy::new(fields(&["date", "@authority"]))
}

/// What the policy says of the request of the RFC with other fields for its signature.
fn verify(policy: &Policy, input: &str, signature: &str) -> Result<Verified, HttpSignatureError> {
    let headers = lines(&[("Signature-Input", input), ("Signature", signature)]);
    policy.verify(&request(&headers), &[rfc_key()], RFC_CREATED)
}

/// A signature that is right, over parameters that may not be.
fn forged(components: &[&str], parameters: &str) -> (String, String) {
    let quoted: Vec<_> = components
        .iter()
        .map(|name| format!("\"{name}\""))
        .collect();
    let text = format!("({}){parameters}", quoted.join(" "));
    let headers = lines(&[]);
    let known: Vec<_> = components.iter().flat_map(|name| name.parse()).collect();
    let base = base::signature_base(&request(&headers), &known, &text).unwrap();
    let tag = rfc_key().mac().tag(base.as_bytes());
    (
        format!("sig={text}"),
        format!("sig={}", field::written_bytes(&*tag)),
    )
}

fn verify_forged(
    policy: &Policy,
    components: &[&str],
    parameters: &str,
) -> Result<Verified, HttpSignatureError> {
    let (input, signature) = forged(components, parameters);
    verify(policy, &input, &signature)
}

#[test]
fn a_covered_body_must_have_the_hash_that_was_signed() {
    let verified = verify_forged(
        &Policy::new(fields(&["content-digest"])),
        &["content-digest"],
        ";created=1618884473;nonce=\"n-1\"",
    )
    .unwrap();
    assert_eq!(verified.nonce.as_deref(), Some("n-1"));
    let digest = verified.content_digest.unwrap();
    assert_eq!(digest, BodyDigest::of(BODY));
    assert_ne!(digest, BodyDigest::of(b"{\"hello\": \"World\"}"));
    assert_eq!(content_digest_value(&digest), DIGEST);
    for (value, error) in [
        ("sha-512=:AAAA:", HttpSignatureError::DigestAlgorithm),
        (
            "sha-256=:AAAA:",
            HttpSignatureError::Syntax("content-digest"),
        ),
        (
            "sha-256=\"X\"",
            HttpSignatureError::Syntax("content-digest"),
        ),
        ("sha-256", HttpSignatureError::Syntax("content-digest")),
        (
            "sha-256=:AA==:, sha-256=:AA==:",
            HttpSignatureError::DuplicateLabel("content-digest"),
        ),
        ("", HttpSignatureError::Syntax("content-digest")),
    ] {
        let headers = [Header {
            name: "content-digest",
            value: value.as_bytes(),
        }];
        let found = content_digest(&request(&headers)).unwrap_err();
        let absent = value.is_empty() && found == HttpSignatureError::DigestAlgorithm;
        assert!(found == error || absent, "{value}: {found}");
    }
}

#[test]
fn times_are_held_against_now_give_or_take_the_skew() {
    let policy = Policy {
        max_age: 100,
        skew: 10,
        ..policy()
    };
    let now = RFC_CREATED.0;
    for (parameters, holds) in [
        (format!(";created={}", now + 10), true),
        (format!(";created={}", now + 11), false),
        (format!(";created={}", now - 110), true),
        (format!(";created={}", now - 111), false),
        (format!(";created={now};expires={}", now - 9), true),
        (format!(";created={now};expires={}", now - 10), false),
        (format!(";expires={}", now + 10), false),
        (format!(";created=\"{now}\""), false),
        (format!(";created={now}.0"), false),
        (";created=-999999999999999".to_owned(), false),
    ] {
        let verified = verify_forged(&policy, &["date", "@authority"], &parameters);
        assert_eq!(verified.is_ok(), holds, "{parameters}: {verified:?}");
    }
    assert_eq!(
        verify_forged(&policy, &["date", "@authority"], ";created=1"),
        Err(HttpSignatureError::TooOld {
            created: UnixTime(1),
            now: RFC_CREATED
        })
    );
}

#[test]
fn what_the_policy_demands_must_be_covered() {
    let method = Policy::new(fields(&["@method", "date"]));
    assert_eq!(
        verify(&method, RFC_INPUT, RFC_SIGNATURE),
        Err(HttpSignatureError::NotCovered(Component::Method))
    );
    let query = Policy::new(vec![Component::query_param("Pet")]);
    assert!(matches!(
        verify(&query, RFC_INPUT, RFC_SIGNATURE),
        Err(HttpSignatureError::NotCovered(_))
    ));
}

#[test]
fn signatures_of_other_algorithms_and_applications_are_refused() {
    let with = |parameters: &str| {
        let parameters = format!(";created=1618884473{parameters}");
        verify_forged(&policy(), &["date", "@authority"], &parameters).map(|_| ())
    };
    assert_eq!(with(";alg=\"hmac-sha256\""), Ok(()));
    assert_eq!(
        with(";alg=\"ed25519\""),
        Err(HttpSignatureError::AlgorithmMismatch)
    );
    assert_eq!(
        with(";alg=\"HMAC-SHA256\""),
        Err(HttpSignatureError::UnknownAlgorithm)
    );
    assert_eq!(
        with(";alg=hmac-sha256"),
        Err(HttpSignatureError::Parameter("alg"))
    );
    assert_eq!(with(";keyid=\"another\""), Err(HttpSignatureError::NoKey));
    assert_eq!(
        with(";mood=\"good\""),
        Err(HttpSignatureError::Parameter("(unknown)"))
    );
    let tagged = Policy {
        tag: Some("pay".to_owned()),
        label: Some("sig".to_owned()),
        ..policy()
    };
    for (tag, expected) in [
        (";tag=\"pay\"", Ok(())),
        (";tag=\"Pay\"", Err(HttpSignatureError::Tag)),
        ("", Err(HttpSignatureError::Tag)),
    ] {
        let parameters = format!(";created=1618884473{tag}");
        let verified = verify_forged(&tagged, &["date", "@authority"], &parameters);
        assert_eq!(verified.map(|_| ()), expected, "{tag}");
    }
}

#[test]
fn components_that_are_unknown_or_there_twice_are_refused() {
    for (list, error) in [
        (
            r#"("date" "date")"#,
            HttpSignatureError::DuplicateComponent(Component::Field("date".to_owned())),
        ),
        (r#"("Date")"#, HttpSignatureError::UnknownComponent),
        (r#"("@status")"#, HttpSignatureError::UnknownComponent),
        (r#"("@query-param")"#, HttpSignatureError::UnknownComponent),
        (
            r#"("@query-param";name="a b")"#,
            HttpSignatureError::UnknownComponent,
        ),
        (
            r#"("@query-param";name="a";req)"#,
            HttpSignatureError::UnknownComponent,
        ),
        (r#"("date";sf)"#, HttpSignatureError::UnknownComponent),
        (r#"("date";bs)"#, HttpSignatureError::UnknownComponent),
        (r#"(date)"#, HttpSignatureError::Syntax("signature-input")),
        (r#"("a\"b")"#, HttpSignatureError::UnknownComponent),
    ] {
        let input = format!("sig={list};created=1618884473");
        assert_eq!(
            verify(&policy(), &input, "sig=:AA==:"),
            Err(error),
            "{list}"
        );
    }
    let many: Vec<_> = (0..=MAX_COMPONENTS)
        .map(|at| format!("\"x-{at}\""))
        .collect();
    let input = format!("sig=({});created=1618884473", many.join(" "));
    assert_eq!(
        verify(&policy(), &input, "sig=:AA==:"),
        Err(HttpSignatureError::TooManyComponents)
    );
}

#[test]
fn fields_that_could_be_read_in_two_ways_are_refused() {
    let twice = format!("{RFC_INPUT}, {RFC_INPUT}");
    let syntax = |field| HttpSignatureError::Syntax(field);
    for (input, signature, error) in [
        (
            &*twice,
            RFC_SIGNATURE,
            HttpSignatureError::DuplicateLabel("signature-input"),
        ),
        (
            RFC_INPUT,
            "sig-b25=:AA==:, sig-b25=:AA==:",
            HttpSignatureError::DuplicateLabel("signature"),
        ),
        (RFC_INPUT, "other=:AA==:", HttpSignatureError::Absent),
        (RFC_INPUT, "sig-b25=:A:", syntax("signature")),
        (RFC_INPUT, "sig-b25=:pxcQ w6G3:", syntax("signature")),
        (RFC_INPUT, "sig-b25=\"AA==\"", syntax("signature")),
        (RFC_INPUT, "sig-b25=:AA==:;", syntax("signature")),
        ("sig-b25", RFC_SIGNATURE, syntax("signature-input")),
        (
            "sig-b25=(\"date\"",
            RFC_SIGNATURE,
            syntax("signature-input"),
        ),
        (
            "sig-b25=(\"date\");created=1;created=1618884473",
            RFC_SIGNATURE,
            HttpSignatureError::Parameter("(any)"),
        ),
    ] {
        assert_eq!(
            verify(&policy(), input, signature),
            Err(error),
            "{input} {signature}"
        );
    }
    // The same label in two header lines.
    let headers = lines(&[
        ("signature-input", RFC_INPUT),
        ("signature-input", RFC_INPUT),
        ("signature", RFC_SIGNATURE),
    ]);
    assert_eq!(
        policy().verify(&request(&headers), &[rfc_key()], RFC_CREATED),
        Err(HttpSignatureError::DuplicateLabel("signature-input"))
    );
    let long = format!("sig=(\"{}\")", "a".repeat(MAX_FIELD_BYTES));
    assert!(matches!(
        verify(&policy(), &long, RFC_SIGNATURE),
        Err(HttpSignatureError::TooLong {
            field: "signature-input",
            ..
        })
    ));
    let many: Vec<_> = (0..=MAX_SIGNATURES).map(|at| format!("s{at}=()")).collect();
    assert_eq!(
        verify(&policy(), &many.join(", "), RFC_SIGNATURE),
        Err(HttpSignatureError::TooManySignatures)
    );
}

#[test]
fn of_several_signatures_the_policy_says_which_one_counts() {
    let (input, signature) = forged(&["date", "@authority"], ";created=1618884473;tag=\"pay\"");
    let (input, signature) = (
        format!("{RFC_INPUT}, {input}"),
        format!("{signature}, {RFC_SIGNATURE}"),
    );
    assert_eq!(
        verify(&policy(), &input, &signature),
        Err(HttpSignatureError::Ambiguous(2))
    );
    let label = |policy: &Policy| verify(policy, &input, &signature).map(|verified| verified.label);
    let by_tag = Policy {
        tag: Some("pay".to_owned()),
        ..policy()
    };
    assert_eq!(label(&by_tag).as_deref(), Ok("sig"));
    let by_label = Policy {
        label: Some("sig-b25".to_owned()),
        ..policy()
    };
    assert_eq!(label(&by_label).as_deref(), Ok("sig-b25"));
    let neither = Policy {
        label: Some("sig2".to_owned()),
        ..policy()
    };
    assert_eq!(label(&neither), Err(HttpSignatureError::Absent));
}

#[test]
fn keys_are_long_enough_and_the_one_that_fits_is_named() {
    let headers = lines(&[("Signature-Input", RFC_INPUT), ("Signature", RFC_SIGNATURE)]);
    let request = request(&headers);
    let key = |byte: u8, length: usize| Key::from(Zeroizing::new(vec![byte; length]));
    let place = |keys: &[Key]| {
        policy()
            .verify(&request, keys, RFC_CREATED)
            .map(|verified| verified.key)
    };
    assert_eq!(place(&[key(1, 32), rfc_key()]), Ok(1));
    assert_eq!(
        place(&[rfc_key().with_id("other")]),
        Err(HttpSignatureError::NoKey)
    );
    assert_eq!(place(&[key(1, 32)]), Err(HttpSignatureError::Signature));
    assert_eq!(
        place(&[key(1, 31)]),
        Err(HttpSignatureError::KeyTooShort(31))
    );
    assert_eq!(place(&[]), Err(HttpSignatureError::NoKey));
}

#[test]
fn a_label_that_is_there_already_is_not_signed_again() {
    let headers = lines(&[("Signature-Input", RFC_INPUT)]);
    let signer = Signer {
        label: "sig-b25".to_owned(),
        components: fields(&["date"]),
        lifetime: Some(60),
        tag: Some("a\"b".to_owned()),
    };
    let sign =
        |signer: &Signer| signer.sign(&request(&headers), &rfc_key(), Some("n"), RFC_CREATED);
    assert_eq!(
        sign(&signer),
        Err(HttpSignatureError::DuplicateLabel("signature-input"))
    );
    let other = Signer {
        label: "gw".to_owned(),
        ..signer.clone()
    };
    assert_eq!(
        sign(&other).unwrap().signature_input,
        r#"gw=("date");created=1618884473;expires=1618884533;keyid="test-shared-secret";nonce="n";tag="a\"b""#
    );
    for label in ["", "Gw", "g w", "gw=()", "gw\r\nx"] {
        let wrong = Signer {
            label: label.to_owned(),
            ..signer.clone()
        };
        assert_eq!(
            sign(&wrong),
            Err(HttpSignatureError::Parameter("label")),
            "{label:?}"
        );
    }
}

proptest! {
    #[test]
    fn what_was_signed_holds_and_every_change_of_it_is_noticed(
        method in "[A-Z]{1,5}", target in "/[a-z]{0,4}(\\?a=[a-z+%20]{0,2})?", date in "[ -~]{0,20}",
        nonce in prop::option::of("[ -~]{0,10}"), lifetime in prop::option::of(1_u32..100),
    ) {
        let headers = [Header { name: "date", value: date.as_bytes() }];
        let signed = Request { method: &method, target: &target, ..request(&headers) };
        let components = fields(&["@method", "@target-uri", "@path", "@query", "date"]);
        let signer = Signer { label: "s".to_owned(), components: components.clone(), lifetime, tag: None };
        let made = signer.sign(&signed, &rfc_key(), nonce.as_deref(), RFC_CREATED).unwrap();
        let with = |name, value: &'_ str| Header { name, value: value.to_owned().leak().as_bytes() };
        let all = [headers[0], with("signature-input", &made.signature_input), with("signature", &made.signature)];
        let policy = Policy::new(components);
        let arrived = Request { headers: &all, ..signed };
        prop_assert_eq!(policy.verify(&arrived, &[rfc_key()], RFC_CREATED).unwrap().nonce, nonce);
        let changed_target = format!("{target}x");
        let changed_date = [with("date", &format!("{date}x")), all[1], all[2]];
        for changed in [
            Request { method: "X-", ..arrived },
            Request { target: &changed_target, ..arrived },
            Request { scheme: "http", ..arrived },
            Request { authority: "example.org", ..arrived },
            Request { headers: &changed_date, ..arrived },
        ] {
            prop_assert_eq!(
                policy.verify(&changed, &[rfc_key()], RFC_CREATED),
                Err(HttpSignatureError::Signature)
            );
        }
    }

    #[test]
    fn no_changed_character_of_the_fields_goes_unnoticed(
        place in any::<prop::sample::Index>(), to in "[ -~]", in_input: bool,
    ) {
        let (mut input, mut signature) = (RFC_INPUT.to_owned(), RFC_SIGNATURE.to_owned());
        let text = if in_input { &mut input } else { &mut signature };
        // Not the bits of the last character that stand for nothing: readers pass over them.
        let at = place.index(text.len() - if in_input { 0 } else { 3 });
        prop_assume!(text[at..=at] != to);
        text.replace_range(at..=at, &to);
        prop_assert!(verify(&policy(), &input, &signature).is_err());
    }
}
