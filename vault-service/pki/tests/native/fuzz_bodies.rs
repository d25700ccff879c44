//! The bodies of the fuzz targets, over every fixture and over damaged ones. They assert for
//! themselves.

#[path = "../../fuzz/bodies.rs"]
mod bodies;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;

type Body = fn(&[u8]);

const BODIES: [(&str, Body); 9] = [
    ("certificate", bodies::certificate),
    ("chain", bodies::chain),
    ("name_pattern", bodies::name_pattern),
    ("pem_bundle", bodies::pem_bundle),
    ("private_key", bodies::private_key),
    ("jks", bodies::jks),
    ("jceks", bodies::jceks),
    ("pkcs12", bodies::pkcs12),
    ("crl", bodies::crl),
];

/// Every file below `tests/fixtures`.
static FIXTURES: LazyLock<Vec<(PathBuf, Vec<u8>)>> = LazyLock::new(|| {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push((path.clone(), fs::read(path).unwrap())),
            }
        }
    }
    found
});

#[test]
fn every_fuzz_target_survives_every_fixture() {
    assert!(FIXTURES.len() > 80);
    for (_, body) in BODIES {
        for (_, bytes) in FIXTURES.iter() {
            body(bytes);
        }
    }
}

#[test]
fn every_fuzz_target_has_a_body_that_is_run_here() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let mut names: Vec<_> = fs::read_dir(targets)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_owned())
        .collect();
    names.sort();
    let mut run = BODIES.map(|(name, _)| name);
    run.sort_unstable();
    assert_eq!(names, run);
}

#[test]
fn the_crls_that_are_made_up_reach_entries_and_extensions() {
    let entry = b"\x30\x12\x02\x01\x07\x17\x0d260101000000Z";
    let taken = |entries: &[u8], extensions: &[u8]| {
        bodies::crls(&[&bodies::crl_around(entries, extensions)])
    };
    assert_eq!(taken(entry, bodies::CRL_NUMBER), 1);
    assert_eq!(taken(&entry[1..], bodies::CRL_NUMBER), 0);
    assert_eq!(taken(entry, &[]), 0);
}

/// Patterns of every type, the starting points of [`bodies::name_pattern`].
const PATTERNS: [&str; 7] = [
    "dns:*.partner.test",
    "dns:xn--bcher-kva.partner.test",
    "uri:https://partner.test/app",
    "spiffe://td.test/ns/payments/*",
    "spiffe://td.test/ns/a.b_c-d",
    "email:app+x@partner.test",
    "ip:2001:db8::7",
];

proptest! {
    #[test]
    fn name_patterns_survive_damage(
        which in 0..PATTERNS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        again in 1_usize..40,
    ) {
        let mut bytes = PATTERNS[which].as_bytes().to_vec();
        for (index, byte) in changes {
            let length = bytes.len();
            bytes[index.index(length)] = byte;
        }
        bodies::name_pattern(&bytes);
        bodies::name_pattern(&bytes.repeat(again));
    }

    #[test]
    fn every_fuzz_target_survives_damaged_fixtures(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let (path, bytes) = &FIXTURES[which.index(FIXTURES.len())];
        let mut bytes = bytes.clone();
        for (index, byte) in changes {
            let length = bytes.len();
            bytes[index.index(length)] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        // keytool's JCEKS keys take 200,000 iterations: once, above, is enough.
        for (_, body) in BODIES.iter().filter(|_| !path.ends_with("java.jceks")) {
            body(&bytes);
        }
    }
}
