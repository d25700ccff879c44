//! What CRLs of 1,000 to 1,000,000 entries cost.
//!
//!     cargo run --release -p sallyport-pki --example crl_sizes -- [--json FILE]
//!
//! - build: verify the signature and compact the entries, milliseconds, the median of 5;
//! - peak, steady: memory beyond the CRL itself while and after it is built, MiB (Linux only);
//! - look-up: one certificate in a list, hits and misses, microseconds;
//! - verification: a whole path with revocation, microseconds, the median of 400. The sizes take
//!   turns, so that whatever else the machine does falls on all of them.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "it measures")]

#[path = "../tests/native/authority/mod.rs"]
#[allow(dead_code, reason = "not all of it is used here")]
mod authority;
#[path = "../tests/native/crl_draft/mod.rs"]
#[allow(dead_code, reason = "not all of it is used here")]
mod crl_draft;
#[path = "../tests/native/der/mod.rs"]
#[allow(dead_code, reason = "not all of it is used here")]
mod der;

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use authority::{Authority, NOW};
use crl_draft::{CrlDraft, STRICT, entry, reason_code, serial};
use sallyport_pki::{
    Certificate, CrlRules, Digest, PathRules, RevocationPolicy, Revocations, TrustAnchors, Usage,
};
use serde::Serialize;

const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const PEERS: usize = 64;

#[derive(Serialize)]
struct Row {
    entries: u64,
    crl_bytes: usize,
    build_ms: f64,
    peak_mib: Option<f64>,
    steady_mib: Option<f64>,
    lookup_us: f64,
    verify_us: f64,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--memory", crl, issuer] => memory(Path::new(crl), Path::new(issuer)),
        [] => drop(measure()),
        ["--json", file] => {
            let json = serde_json::to_string_pretty(&measure()).unwrap();
            fs::write(file, json + "\n").unwrap();
        }
        _ => {
            eprintln!("usage: crl_sizes [--json FILE]");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// A CRL that has been built, and what there is to look up in it.
struct Subject {
    row: Row,
    revocations: Revocations,
    peers: Vec<Certificate>,
    verify_us: Vec<f64>,
}

fn measure() -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    let root = Authority::root("root", |_| {});
    let issuer = folder.path().join("root.der");
    fs::write(&issuer, root.certificate.der()).unwrap();
    let mut subjects: Vec<_> = SIZES
        .into_iter()
        .map(|entries| build(entries, &root, folder.path()))
        .collect();
    for _ in 0..400 {
        for subject in &mut subjects {
            let us = verify(&subject.peers[0], &subject.revocations, &root.anchors());
            subject.verify_us.push(us);
        }
    }
    println!(
        "{:>9} {:>9} {:>9} {:>9} {:>10} {:>9} {:>9}",
        "entries", "CRL MiB", "build ms", "peak MiB", "steady MiB", "lookup us", "verify us"
    );
    let rows: Vec<_> = subjects.into_iter().map(Subject::finish).collect();
    for row in &rows {
        let mib = |mib: Option<f64>| mib.map_or_else(|| "-".to_owned(), |mib| format!("{mib:.1}"));
        println!(
            "{:>9} {:>9.1} {:>9.1} {:>9} {:>10} {:>9.2} {:>9.1}",
            row.entries,
            row.crl_bytes as f64 / 1_048_576.0,
            row.build_ms,
            mib(row.peak_mib),
            mib(row.steady_mib),
            row.lookup_us,
            row.verify_us
        );
    }
    rows
}

fn build(entries: u64, root: &Authority, folder: &Path) -> Subject {
    let listed: Vec<_> = (0..PEERS / 2).map(|_| root.issue(|_| {})).collect();
    let crl = crl(entries, &listed, root);
    let issuers = [root.certificate.clone()];
    let load = || {
        let (revocations, refused) = Revocations::load([&crl[..]], &issuers, &CrlRules::new(NOW));
        assert_eq!(refused, []);
        revocations
    };
    let builds = (0..5).map(|_| timed_us(|| drop(black_box(load()))) / 1000.0);
    let build_ms = median(builds.collect());
    let revocations = load();

    let path = folder.join("list.crl");
    fs::write(&path, &crl).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .arg("--memory")
        .args([&path, &folder.join("root.der")])
        .output()
        .unwrap();
    let memory: (Option<f64>, Option<f64>) = serde_json::from_slice(&output.stdout).unwrap();

    let mut peers: Vec<_> = (0..PEERS / 2).map(|_| root.issue(|_| {})).collect();
    // A good one first, for the verification of a whole path.
    peers.extend(listed);
    Subject {
        row: Row {
            entries,
            crl_bytes: crl.len(),
            build_ms,
            peak_mib: memory.0,
            steady_mib: memory.1,
            lookup_us: lookup(&peers, root, &revocations),
            verify_us: 0.0,
        },
        revocations,
        peers,
        verify_us: Vec::new(),
    }
}

/// Serial numbers of 16 octets in no order, every second entry with a reason: 42 bytes on average.
fn crl(entries: u64, listed: &[Certificate], root: &Authority) -> Vec<u8> {
    let mut all = Vec::new();
    for index in 0..entries - listed.len() as u64 {
        let mut number = *Digest::of(&index.to_be_bytes()).as_bytes();
        number[0] = number[0] & 0x7f | 0x40;
        let reasons = [reason_code(1)];
        let reasons = &reasons[..usize::from(index % 2 == 0)];
        all.extend(entry(&number[..16], reasons));
    }
    let draft = listed.iter().fold(CrlDraft::new(1), |draft, peer| {
        draft.entry(entry(&serial(peer), &[]))
    });
    draft.entry(all).sign(root)
}

fn lookup(peers: &[Certificate], root: &Authority, revocations: &Revocations) -> f64 {
    let rounds = 200;
    let us = timed_us(|| {
        for _ in 0..rounds {
            for peer in peers {
                let path = [peer, &root.certificate];
                let _ = black_box(revocations.check(&path, NOW, &STRICT));
            }
        }
    });
    us / (rounds * peers.len()) as f64
}

fn verify(peer: &Certificate, revocations: &Revocations, anchors: &TrustAnchors) -> f64 {
    let policy = RevocationPolicy::default();
    let further = |path: &[&Certificate]| {
        let checked = revocations.check(path, NOW, &policy);
        checked.map(drop).map_err(Into::into)
    };
    let mut rules = PathRules::new(Usage::ClientAuth, NOW);
    rules.further = Some(&further);
    timed_us(|| assert!(rules.verify(peer, &[], anchors).is_ok()))
}

impl Subject {
    fn finish(mut self) -> Row {
        self.row.verify_us = median(self.verify_us);
        self.row
    }
}

/// In a process of its own, which has done nothing else: prints peak and steady MiB beyond the CRL.
fn memory(crl: &Path, issuer: &Path) {
    let crl = fs::read(crl).unwrap();
    let issuers = [Certificate::from_der(&fs::read(issuer).unwrap()).unwrap()];
    let before = resident_mib("VmRSS:");
    // Forget the peak so far.
    let reset = fs::write("/proc/self/clear_refs", "5").is_ok();
    let (revocations, _) = Revocations::load([&crl[..]], &issuers, &CrlRules::new(NOW));
    let beyond = |after: Option<f64>| Some(after? - before?);
    let peak = beyond(resident_mib("VmHWM:")).filter(|_| reset);
    let steady = beyond(resident_mib("VmRSS:"));
    black_box(revocations);
    println!("{}", serde_json::to_string(&(peak, steady)).unwrap());
}

fn resident_mib(field: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024.0)
}

fn timed_us(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e6
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
