mod published;

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::request::Header;

/// 2013-05-24T00:00:00Z, of Amazon's examples for S3.
const EXAMPLES_AT: UnixTime = UnixTime(1_369_353_600);
/// 2015-08-30T12:36:00Z, of the test suite.
const SUITE_AT: UnixTime = UnixTime(1_440_938_160);

const EXAMPLE_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const SUITE_SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn request<'a>(method: &'a str, target: &'a str, headers: &'a [Header<'a>]) -> Request<'a> {
    Request {
        method,
        scheme: "https",
        authority: "examplebucket.s3.amazonaws.com",
        target,
        headers,
    }
}

fn header<'a>(name: &'a str, value: &'a str) -> Header<'a> {
    Header {
        name,
        value: value.as_bytes(),
    }
}

/// Signs as in Amazon's documentation of S3.
fn example(request: &Request<'_>, body: &[u8]) -> Result<SignedHeaders, SigV4Error> {
    let secret = SecretString::new(EXAMPLE_SECRET.to_owned());
    Signer::new("us-east-1", "s3")?
        .also_signing(["Range", "date"])?
        .sign(
            request,
            Payload::Signed(BodyDigest::of(body)),
            &Credentials {
                access_key_id: "AKIAIOSFODNN7EXAMPLE",
                secret_access_key: &secret,
                session_token: None,
                kept: &KeptKey::default(),
            },
            EXAMPLES_AT,
        )
}

fn value<'a>(signed: &'a SignedHeaders, name: &str) -> Option<&'a str> {
    signed
        .set
        .iter()
        .find(|(set, _)| *set == name)
        .map(|(_, value)| value.expose())
}

fn assert_example(request: &Request<'_>, body: &[u8], signed_headers: &str, signature: &str) {
    let signed = example(request, body).ok().unwrap();
    assert_eq!(
        value(&signed, "authorization").unwrap(),
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
             SignedHeaders={signed_headers}, Signature={signature}"
        )
    );
    assert_eq!(value(&signed, "x-amz-date"), Some("20130524T000000Z"));
    assert_eq!(
        value(&signed, "x-amz-content-sha256").unwrap(),
        hex::encode(BodyDigest::of(body).bytes())
    );
}

// Amazon S3 API reference, "Signature calculations for the Authorization header", four examples.

#[test]
fn a_path_has_one_canonical_form_for_s3_and_is_encoded_again_for_other_services() {
    let canonical = |service: &str, target: &str| {
        let secret = SecretString::new("s".to_owned());
        let credentials = Credentials {
            access_key_id: "a",
            secret_access_key: &secret,
            session_token: None,
            kept: &KeptKey::default(),
        };
        let canonical = Signer::new("eu", service)
            .unwrap()
            .canonical(
                &request("GET", target, &[]),
                Payload::Unsigned,
                &credentials,
                "",
            )
            .ok()
            .unwrap();
        canonical.text.lines().nth(1).unwrap().to_owned()
    };
    for (target, s3, other) in [
        (
            "/bucket/a%20b/%7e%30+c",
            "/bucket/a%20b/~0%2Bc",
            "/bucket/a%2520b/%257e%2530%2Bc",
        ),
        ("/bucket//a/./../b/", "/bucket//a/./../b/", "/bucket/b/"),
        ("/bucket/\u{e4}", "/bucket/%C3%A4", "/bucket/%C3%A4"),
        ("/../..", "/../..", "/"),
        ("/a/b/..", "/a/b/..", "/a/"),
        ("/a/.", "/a/.", "/a/"),
    ] {
        assert_eq!(canonical("s3", target), s3);
        assert_eq!(canonical("es", target), other);
    }
}

#[test]
fn what_the_client_wrote_into_the_headers_of_a_signature_is_replaced_or_removed() {
    let plain = example(&request("GET", "/a", &[]), b"").ok().unwrap();
    let headers = [
        header("Authorization", "Basic QTpi"),
        header("X-Amz-Date", "20000101T000000Z"),
        header("x-amz-security-token", "theirs"),
        header("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"),
    ];
    let signed = example(&request("GET", "/a", &headers), b"").ok().unwrap();
    assert_eq!(
        value(&signed, "authorization"),
        value(&plain, "authorization")
    );
    assert_eq!(value(&signed, "x-amz-date"), Some("20130524T000000Z"));
    assert_eq!(signed.remove, ["x-amz-security-token"]);
    assert!(plain.remove.is_empty());
}

#[test]
fn a_request_that_is_signed_already_is_refused() {
    for (target, parameter) in [
        ("/a?X-Amz-Signature=00", "x-amz-signature"),
        ("/a?b=1&x-amz-algorithm=AWS4-HMAC-SHA256", "x-amz-algorithm"),
        ("/a?X%2DAmz%2DCredential=x", "x-amz-credential"),
        ("/a?AWSAccessKeyId=x&Signature=y", "awsaccesskeyid"),
    ] {
        assert_eq!(
            example(&request("GET", target, &[]), b"").err(),
            Some(SigV4Error::Presigned(parameter)),
            "{target}"
        );
    }
    for header in [
        header("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        header("content-encoding", "gzip, AWS-chunked"),
    ] {
        assert_eq!(
            example(&request("PUT", "/a", &[header]), b"").err(),
            Some(SigV4Error::ChunkedSignature)
        );
    }
}

#[test]
fn what_could_add_a_line_to_the_canonical_request_is_refused() {
    let refused = |request: &Request<'_>| example(request, b"").err().unwrap();
    let get = request("GET", "/", &[]);
    for target in ["", "*", "a", "http://a/", "/\n", "/a b", "/\0"] {
        let bytes = target.len();
        assert_eq!(
            refused(&Request { target, ..get }),
            SigV4Error::Target { bytes }
        );
    }
    let long = "/".repeat(MAX_TARGET_BYTES + 1);
    let target = long.as_str();
    let bytes = target.len();
    assert_eq!(
        refused(&Request { target, ..get }),
        SigV4Error::Target { bytes }
    );
    for authority in ["", "a\nb", "a b"] {
        assert_eq!(
            refused(&Request { authority, ..get }),
            SigV4Error::Authority
        );
    }
    for method in ["", "GET\n", "G T"] {
        assert_eq!(refused(&Request { method, ..get }), SigV4Error::Method);
    }
    for target in ["/%", "/%4", "/%zz", "/?a=%", "/?%+1=x"] {
        assert_eq!(
            refused(&Request { target, ..get }),
            SigV4Error::PercentEncoding,
            "{target}"
        );
    }
    let headers = [Header {
        name: "x-amz-meta-a",
        value: b"a\nx-amz-acl:public-read",
    }];
    assert_eq!(
        refused(&Request {
            headers: &headers,
            ..get
        }),
        SigV4Error::HeaderValue("x-amz-meta-a".to_owned())
    );
    for name in [
        "x-amz-meta/a\u{1}",
        "x-amz-a;host",
        "x-amz-a:b",
        "x-amz-\u{e4}",
    ] {
        let headers = [header(name, "a")];
        assert_eq!(
            refused(&Request {
                headers: &headers,
                ..get
            }),
            SigV4Error::HeaderName,
            "{name}"
        );
    }
    let many = format!("/?{}", "a&".repeat(MAX_QUERY_PARAMETERS + 1));
    assert_eq!(
        refused(&Request {
            target: &many,
            ..get
        }),
        SigV4Error::QueryParameters
    );
}

#[test]
fn scopes_and_credentials_that_could_change_the_header_are_refused() {
    for (region, service) in [
        ("", "s3"),
        ("us/east", "s3"),
        ("us-east-1", "S3"),
        ("a", "b\n"),
    ] {
        assert_eq!(Signer::new(region, service).err(), Some(SigV4Error::Scope));
    }
    for name in ["Host", "authorization", ":path", "User-Agent"] {
        assert!(matches!(
            Signer::new("eu", "s3").unwrap().also_signing([name]),
            Err(SigV4Error::Unsignable(_))
        ));
    }
    for (access_key_id, secret, token, error) in [
        ("", "s", "t", SigV4Error::Credentials),
        ("a/b", "s", "t", SigV4Error::Credentials),
        ("a, SignedHeaders=", "s", "t", SigV4Error::Credentials),
        ("a", "", "t", SigV4Error::Credentials),
        ("a", "s", "t\r\nx: y", SigV4Error::SessionToken),
    ] {
        let (secret, token) = (
            SecretString::new(secret.to_owned()),
            SecretString::new(token.to_owned()),
        );
        let credentials = Credentials {
            access_key_id,
            secret_access_key: &secret,
            session_token: Some(&token),
            kept: &KeptKey::default(),
        };
        let signed = Signer::new("eu", "s3").unwrap().sign(
            &request("GET", "/", &[]),
            Payload::Unsigned,
            &credentials,
            EXAMPLES_AT,
        );
        assert_eq!(signed.err(), Some(error));
    }
    for at in [-1, 253_402_300_800, i64::MAX, i64::MIN] {
        assert_eq!(
            basic_time(UnixTime(at)),
            Err(SigV4Error::Time(UnixTime(at)))
        );
    }
}

/// The same request through Amazon's own signer.
fn amazons(
    request: &Request<'_>,
    service: &str,
    body: Option<&[u8]>,
    token: Option<&str>,
) -> String {
    let identity =
        AwsCredentials::new("AKID", "secret", token.map(str::to_owned), None, "test").into();
    let mut settings = SigningSettings::default();
    if service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-central-1")
        .name(service)
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000))
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let headers = request
        .headers
        .iter()
        .map(|header| (header.name, std::str::from_utf8(header.value).unwrap()));
    let uri = format!("https://{}{}", request.authority, request.target);
    let body = body.map_or(SignableBody::UnsignedPayload, SignableBody::Bytes);
    let request = SignableRequest::new(request.method, &uri, headers, body).unwrap();
    let (instructions, _) = sign(request, &parameters).unwrap().into_parts();
    instructions
        .headers()
        .find(|(name, _)| *name == "authorization")
        .unwrap()
        .1
        .to_owned()
}

proptest! {
    #[test]
    fn a_kept_key_signs_what_a_new_one_would_whatever_was_signed_before(
        turns in prop::collection::vec((0..3_i64, "us-east-1|eu-west-1", "s3|sqs"), 1..8),
    ) {
        let (secret, shared) = (SecretString::new(SUITE_SECRET.to_owned()), KeptKey::default());
        for (day, region, service) in turns {
            let signed = |kept: &KeptKey| {
                let credentials = Credentials {
                    access_key_id: "AKID",
                    secret_access_key: &secret,
                    session_token: None,
                    kept,
                };
                let at = UnixTime(SUITE_AT.0 + day * 86_400);
                let signer = Signer::new(&region, &service).unwrap();
                let signed = signer.sign(&request("GET", "/", &[]), Payload::Unsigned, &credentials, at);
                value(&signed.ok().unwrap(), "authorization").unwrap().to_owned()
            };
            prop_assert_eq!(signed(&shared), signed(&KeptKey::default()));
        }
    }
}

// Only what has to be escaped is: for S3, Amazon's signer leaves other escapes as they are, and servers
// take them off.
proptest! {
    #[test]
    fn signatures_are_those_of_amazons_own_signer(
        method in "GET|PUT|POST|DELETE",
        s3: bool,
        path in "(/([a-zA-Z0-9._~-]|%20|%24|%5B|%C3%A4){0,4}){1,4}",
        query in prop::option::of("[a-c]{1,2}=([a-z0-9._~-]|%20|%2F){0,4}(&[a-c]{1,2}=[a-z]{0,2}){0,3}"),
        meta in prop::collection::vec("[!-~]{1,5}( [!-~]{1,4})?", 0..3),
        body in prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
        token in prop::option::of("[A-Za-z0-9/+=]{1,20}"),
    ) {
        let target = query.map_or(path.clone(), |query| format!("{path}?{query}"));
        let headers: Vec<_> = meta.iter().map(|value| header("x-amz-meta-a", value)).collect();
        let request = request(&method, &target, &headers);
        let service = if s3 { "s3" } else { "execute-api" };
        let secret = SecretString::new("secret".to_owned());
        let secret_token = token.clone().map(SecretString::new);
        let signed = Signer::new("eu-central-1", service).unwrap().sign(
            &request,
            body.as_deref().map_or(Payload::Unsigned, |body| Payload::Signed(BodyDigest::of(body))),
            &Credentials {
                access_key_id: "AKID",
                secret_access_key: &secret,
                session_token: secret_token.as_ref(),
                kept: &KeptKey::default(),
            },
            UnixTime(1_700_000_000),
        ).ok().unwrap();
        prop_assert_eq!(
            value(&signed, "authorization").unwrap(),
            amazons(&request, service, body.as_deref(), token.as_deref())
        );
    }
}
