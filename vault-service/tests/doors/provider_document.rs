//! `docs/provider.md` held against the types and the words of the wire.

use sallyport_model::{
    DOWNLOAD_PATH, DownloadRequest, MARKER_HEADER, MARKER_VALUE, MAX_REFERENCES, MAX_WAIT_SECONDS,
    Material, RENEWAL_PATH, RESOLVE_PATH, Refusal, RenewalRequest, RenewedCertificate,
    ResolveRequest, ResolveResponse, VERSION_HEADER,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../../docs/provider.md");

/// The JSON values of a section, in order: each stands in indented lines of its own.
fn examples(heading: &str) -> Vec<&'static str> {
    let (_, section) = DOCUMENT.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let blocks = section
        .trim_start_matches('\n')
        .split("\n\n")
        .filter(|block| block.starts_with("    {"));
    blocks.flat_map(values).collect()
}

/// One value over several lines, or one in each line.
fn values(block: &'static str) -> Vec<&'static str> {
    match serde_json::from_str::<Value>(block) {
        Ok(_) => vec![block],
        Err(_) => block.lines().collect(),
    }
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// What was read says the same again: nothing in the example is passed over.
fn says_the_same<T: DeserializeOwned + Serialize>(text: &str) {
    let again = serde_json::to_value(read::<T>(text)).unwrap();
    assert_eq!(again, read::<Value>(text));
}

#[test]
fn questions_and_answers_are_those_of_the_wire() {
    let [question, answer] = examples("Ask")[..] else {
        panic!("a question and an answer");
    };
    let question: ResolveRequest = read(question);
    let answers = read::<ResolveResponse<String>>(answer).answers;
    says_the_same::<ResolveResponse<String>>(answer);
    let asked = question.references.iter().map(|known| &known.reference);
    assert!(asked.eq(answers.iter().map(|answer| &answer.reference)));

    let [download] = examples("Files")[..] else {
        panic!("a download");
    };
    read::<DownloadRequest>(download);
    let [request, certificate] = examples("The next certificate")[..] else {
        panic!("a request and a certificate");
    };
    says_the_same::<RenewalRequest>(request);
    says_the_same::<RenewedCertificate>(certificate);
}

#[test]
fn there_is_an_example_of_each_kind_of_material() {
    let examples = examples("Material");
    let mut kinds: Vec<_> = examples
        .iter()
        .map(|text| match read::<Material<String>>(text) {
            Material::SharedSecret(secret) => secret.type_name(),
            Material::Field(_) => "field",
            Material::Truststore(_) => "truststore",
            Material::CertificatePinset(_) => "pinset",
            Material::TlsContext(_) => "context",
        })
        .collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [
            "Blob",
            "S3Credential",
            "SymmetricKey",
            "context",
            "field",
            "pinset",
            "truststore"
        ]
    );
}

#[test]
fn paths_headers_limits_and_reasons_are_named_as_they_are() {
    let paths = [RESOLVE_PATH, DOWNLOAD_PATH, RENEWAL_PATH].map(|path| format!("`POST {path}`"));
    let marker = format!("`{MARKER_HEADER}: {MARKER_VALUE}`");
    let limits = [
        format!("1 to {MAX_REFERENCES} of them"),
        format!("0 to {MAX_WAIT_SECONDS}"),
    ];
    let reasons = [
        Refusal::MalformedReference,
        Refusal::NotGranted,
        Refusal::NotFound,
        Refusal::NotServed,
        Refusal::Unavailable,
    ];
    let reasons = reasons.map(|reason| format!("\n| `{}` | ", reason.as_str()));
    let words = paths
        .into_iter()
        .chain([marker])
        .chain(limits)
        .chain(reasons);
    for word in words.chain([format!("`{VERSION_HEADER}`")]) {
        assert!(
            DOCUMENT.contains(&word),
            "docs/provider.md does not say {word}"
        );
    }
}
