//! What Amazon publishes: the examples of the documentation, and the test suite.

use super::*;

#[test]
fn getting_an_object_is_signed_as_in_the_documentation() {
    assert_example(
        &request("GET", "/test.txt", &[header("Range", "bytes=0-9")]),
        b"",
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
}

#[test]
fn putting_an_object_is_signed_as_in_the_documentation() {
    let headers = [
        header("Date", "Fri, 24 May 2013 00:00:00 GMT"),
        header("x-amz-storage-class", "REDUCED_REDUNDANCY"),
    ];
    assert_example(
        &request("PUT", "/test$file.text", &headers),
        b"Welcome to Amazon S3.",
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    );
}

#[test]
fn asking_for_the_lifecycle_is_signed_as_in_the_documentation() {
    assert_example(
        &request("GET", "/?lifecycle", &[]),
        b"",
        "host;x-amz-content-sha256;x-amz-date",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    );
}

#[test]
fn listing_a_bucket_is_signed_as_in_the_documentation() {
    assert_example(
        &request("GET", "/?max-keys=2&prefix=J", &[]),
        b"",
        "host;x-amz-content-sha256;x-amz-date",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    );
}

/// One case of Amazon's test suite for version 4.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    name: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    canonical: String,
    to_sign: String,
    authorization: String,
}

#[test]
fn every_case_of_the_test_suite_is_signed_as_it_says() {
    let cases: Vec<Case> = serde_json::from_str(include_str!(
        "../../../tests/fixtures/sigv4/aws-sig-v4-test-suite.json"
    ))
    .unwrap();
    assert_eq!(cases.len(), 27);
    for case in &cases {
        let headers: Vec<_> = case
            .headers
            .iter()
            .map(|(name, value)| header(name, value))
            .collect();
        let request = Request {
            authority: "example.amazonaws.com",
            ..request(&case.method, &case.target, &headers)
        };
        let signer = Signer::new("us-east-1", "service")
            .unwrap()
            .also_signing(["my-header1", "my-header2"])
            .unwrap()
            .with_payload_header(PayloadHeader::Omitted);
        let secret = SecretString::new(SUITE_SECRET.to_owned());
        let token = case
            .headers
            .iter()
            .find(|(name, _)| name == "X-Amz-Security-Token")
            .map(|(_, value)| SecretString::new(value.clone()));
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE",
            secret_access_key: &secret,
            session_token: token.as_ref(),
            kept: &KeptKey::default(),
        };
        let payload = Payload::Signed(BodyDigest::of(case.body.as_bytes()));
        let canonical = signer
            .canonical(&request, payload, &credentials, "20150830T123600Z")
            .ok()
            .unwrap();
        assert_eq!(canonical.text, case.canonical, "{}", case.name);
        assert_eq!(
            string_to_sign(
                &canonical,
                "20150830T123600Z",
                "20150830/us-east-1/service/aws4_request"
            ),
            case.to_sign,
            "{}",
            case.name
        );
        let signed = signer
            .sign(&request, payload, &credentials, SUITE_AT)
            .ok()
            .unwrap();
        assert_eq!(
            value(&signed, "authorization"),
            Some(case.authorization.as_str()),
            "{}",
            case.name
        );
    }
}
