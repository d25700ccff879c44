//! The tests that `SECURITY.md` names are there.

#![allow(
    clippy::unwrap_used,
    reason = "clippy knows #[test] functions, not what they call"
)]

use std::collections::BTreeSet;
use std::path::Path;

use sallyport_tests::files;

/// Names that short are other words: options, headers, fuzz targets.
const SHORTEST_SENTENCE: usize = 20;

#[test]
fn every_test_that_a_promise_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let tests: BTreeSet<String> = ["vault-service", "filter", "tests"]
        .iter()
        .flat_map(|part| files::below(&root.join(part)).unwrap())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .flat_map(|path| names(&files::read(&path).unwrap()))
        .collect();
    let security = files::read(&root.join("SECURITY.md")).unwrap();
    let named = security.split('`').skip(1).step_by(2);
    let named = named.filter_map(|name| name.rsplit("::").next());
    let is_sentence =
        |name: &&str| name.len() >= SHORTEST_SENTENCE && name.bytes().all(is_of_a_name);
    let named: BTreeSet<&str> = named.filter(is_sentence).collect();
    assert!(named.len() > 50, "{} names", named.len());
    let missing: Vec<_> = named
        .into_iter()
        .filter(|name| !tests.contains(*name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The names of tests, and of rooms of tests.
fn names(source: &str) -> Vec<String> {
    let name = |text: &str| {
        let end = text.bytes().position(|byte| !is_of_a_name(byte));
        text.get(..end.unwrap_or(text.len()))
            .unwrap_or_default()
            .to_owned()
    };
    let keywords = ["fn ", "mod "];
    let behind = keywords.map(|keyword| source.split(keyword).skip(1).map(name));
    behind.into_iter().flatten().collect()
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}
