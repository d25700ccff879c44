//! The bodies of the fuzz targets, over seeds and over damaged ones. They assert for themselves.

#![cfg(not(target_arch = "wasm32"))]
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy knows #[test] functions, not what they call"
)]

#[path = "../fuzz/bodies.rs"]
mod bodies;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

type Body = fn(&[u8]);

const BODIES: [(&str, Body); 7] = [
    ("authorization_basic", bodies::authorization_basic),
    ("json_field", bodies::json_field),
    ("json_fields", bodies::json_fields),
    ("jwe", bodies::jwe),
    ("jwt", bodies::jwt),
    ("signature_input", bodies::signature_input),
    ("sigv4", bodies::sigv4),
];

/// What a fuzzer starts with: one folder for each target.
fn seeds() -> Vec<Vec<u8>> {
    BODIES
        .iter()
        .flat_map(|(name, _)| files(&fixtures().join(name)))
        .map(|file| fs::read(file).unwrap())
        .collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fuzz")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[test]
fn every_fuzz_target_survives_every_seed() {
    let seeds = seeds();
    assert!(seeds.len() >= BODIES.len());
    for (_, body) in BODIES {
        for seed in &seeds {
            body(seed);
        }
    }
}

#[test]
fn every_fuzz_target_has_a_body_that_is_run_here() {
    let mut names: Vec<_> = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets"))
        .iter()
        .map(|path| path.file_stem().unwrap().to_owned())
        .collect();
    names.sort();
    assert_eq!(names, BODIES.map(|(name, _)| name));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_fuzz_target_survives_damaged_seeds(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut seeds = seeds();
        let which = which.index(seeds.len());
        let mut bytes = seeds.swap_remove(which);
        for (index, byte) in changes {
            let length = bytes.len();
            bytes[index.index(length)] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        for (_, body) in BODIES {
            body(&bytes);
        }
    }
}
