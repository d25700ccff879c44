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
use std::path::Path;

use proptest::prelude::*;

type Body = fn(&[u8]);

const BODIES: [(&str, Body); 2] = [("pin_set", bodies::pin_set), ("xfcc", bodies::xfcc)];

/// Digests of 0x01 and 0x02, as base64.
const SEEDS: [&str; 7] = [
    r#"{"spkiSha256":["AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="]}"#,
    r#"{"spkiSha256":[],"pins":[
        {"kind":"spki","digest":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=","role":"active","notAfter":1800000000},
        {"kind":"certificate","digest":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=","role":"backup","notBefore":-1},
        {"kind":"spki","digest":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=","role":"retired"}]}"#,
    "By=spiffe://a/b;Hash=00;Subject=\"CN=a\\\"b;,=,O=c\";URI=;DNS=a;DNS=b",
    "Cert=\"%2D%2D%2D%2D%2DBEGIN\";Chain=\"\",Cert=x",
    "Chain=%00%zz;cert",
    include_str!("fixtures/root.pem"),
    include_str!("fixtures/client.pem"),
];

#[test]
fn every_fuzz_target_survives_every_seed() {
    for (_, body) in BODIES {
        for seed in SEEDS {
            body(seed.as_bytes());
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
    assert_eq!(names, BODIES.map(|(name, _)| name));
}

proptest! {
    #[test]
    fn every_fuzz_target_survives_damaged_seeds(
        which in 0..SEEDS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = SEEDS[which].as_bytes().to_vec();
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
