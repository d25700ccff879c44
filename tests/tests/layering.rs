//! The layers of the house: arrows point one way, pure crates stay pure, the Manager cannot open.

#![forbid(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows #[test] functions, not what they call"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand};

/// Which of our crates each of them may use.
const ARROWS: [(&str, &[&str]); 11] = [
    ("sallyport-pki", &[]),
    ("sallyport-model", &["sallyport-pki"]),
    (
        "sallyport-filter-core",
        &["sallyport-message", "sallyport-model", "sallyport-pki"],
    ),
    ("sallyport-message", &["sallyport-model", "sallyport-pki"]),
    (
        "sallyport-filter-shell",
        &["sallyport-filter-core", "sallyport-model"],
    ),
    ("sallyport-filter", &["sallyport-filter-shell"]),
    ("sallyport-vault", &["sallyport-model", "sallyport-pki"]),
    // `explain` runs the filter's own decision.
    (
        "sallyport-cli",
        &["sallyport-filter-core", "sallyport-model", "sallyport-pki"],
    ),
    ("sallyport-tests", &["sallyport-model"]),
    (
        "sallyport-bench",
        &["sallyport-filter-core", "sallyport-pki"],
    ),
    (
        "sallyport-load",
        &[
            "sallyport-bench",
            "sallyport-filter-shell",
            // The messages that a peer encrypts and signs.
            "sallyport-message",
            "sallyport-model",
            "sallyport-tests",
        ],
    ),
];

/// Crates without clock, socket, runtime and randomness.
const PURE: [(&str, &str); 4] = [
    ("sallyport-pki", "vault-service/pki"),
    ("sallyport-model", "vault-service/model"),
    ("sallyport-filter-core", "filter/core"),
    ("sallyport-message", "filter/message"),
];

/// Crates that bring one of those.
const IMPURE: [&str; 24] = [
    "async-std",
    "aws-lc-rs",
    "axum",
    "chrono",
    "futures-executor",
    "getrandom",
    "hyper",
    "jiff",
    "mio",
    "native-tls",
    "openssl",
    "postgres",
    "proxy-wasm",
    "quinn",
    "rand",
    "reqwest",
    "ring",
    "rusqlite",
    "rustls",
    "smol",
    "socket2",
    "tokio",
    "ureq",
    "wasi",
];

/// Words that bring one without a crate.
const IMPURE_WORDS: [&str; 13] = [
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "std::fs",
    "std::thread",
    "std::env",
    "std::process",
    "std::os",
    "SystemTime",
    "Instant::now",
    "now_utc",
    "now_local",
    "std::io::std",
];

/// The opening half of the keys, and the room that has it.
const OPENING_WORDS: [&str; 5] = [
    "keys::open",
    "RootPrivateKey",
    "GroupPrivateKey",
    "crate::provider",
    "data_dir",
];

#[test]
fn our_crates_use_each_other_in_one_direction() {
    let allowed: BTreeMap<_, _> = ARROWS.into_iter().collect();
    let metadata = metadata();
    let ours: BTreeSet<_> = metadata
        .workspace_packages()
        .iter()
        .map(|p| p.name.to_string())
        .collect();
    assert_eq!(
        ours,
        allowed.keys().map(ToString::to_string).collect(),
        "a crate without a place"
    );
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            let arrow = (package.name.as_str(), dependency.name.as_str());
            if ours.contains(arrow.1) {
                assert!(
                    allowed[arrow.0].contains(&arrow.1),
                    "{} may not use {}",
                    arrow.0,
                    arrow.1
                );
            }
        }
    }
}

#[test]
fn pure_crates_have_no_clock_socket_runtime_or_randomness_among_their_dependencies() {
    for (name, _) in PURE {
        let dependencies = normal_dependencies(name);
        assert!(
            dependencies.contains(name) && dependencies.len() > 5,
            "{dependencies:?}"
        );
        let found: Vec<_> = IMPURE
            .iter()
            .filter(|impure| dependencies.contains(**impure))
            .collect();
        assert!(found.is_empty(), "{name} gained {found:?}");
    }
}

#[test]
fn pure_crates_name_no_clock_socket_file_or_process_and_forbid_unsafe_code() {
    for (name, folder) in PURE {
        let folder = root().join(folder).join("src");
        for (path, text) in sources(&folder) {
            assert_eq!(first_word(&text, &IMPURE_WORDS), None, "{}", path.display());
        }
        let lib = fs::read_to_string(folder.join("lib.rs")).unwrap();
        assert!(
            lib.contains("#![forbid(unsafe_code)]"),
            "{name} does not forbid unsafe code"
        );
    }
}

#[test]
fn the_manager_never_names_the_opening_half_of_the_keys() {
    for (path, text) in sources(&root().join("vault-service/src/manager")) {
        assert_eq!(
            first_word(&text, &OPENING_WORDS),
            None,
            "{}",
            path.display()
        );
    }
}

#[test]
fn only_the_provider_its_start_and_the_keys_themselves_name_private_keys() {
    let allowed = ["provider/", "keys/", "init.rs", "data_dir.rs"];
    let source = root().join("vault-service/src");
    for (path, text) in sources(&source) {
        let room = path
            .strip_prefix(&source)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        if !allowed.iter().any(|allowed| room.starts_with(allowed)) {
            assert_eq!(
                first_word(&text, &["RootPrivateKey", "GroupPrivateKey"]),
                None,
                "{room}"
            );
        }
    }
}

#[test]
fn a_forbidden_word_is_seen_in_code_but_not_in_comments_and_tests() {
    assert_eq!(
        first_word("use std::net::TcpStream;\n", &IMPURE_WORDS),
        Some("TcpStream")
    );
    assert_eq!(
        first_word("    let at = SystemTime::now();", &IMPURE_WORDS),
        Some("SystemTime")
    );
    assert_eq!(
        first_word("//! no TcpStream here\n/// nor SystemTime\n", &IMPURE_WORDS),
        None
    );
    assert_eq!(
        first_word(
            "fn f() {}\n#[cfg(test)]\nmod tests { use std::fs; }\n",
            &IMPURE_WORDS
        ),
        None
    );
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap()
}

/// Names of everything a crate is linked from in the filter's world, itself included. `cargo tree`,
/// because metadata shows the features of the whole workspace at once.
fn normal_dependencies(name: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "tree",
            "--locked",
            "--edges",
            "normal",
            "--target",
            "wasm32-wasip1",
        ])
        .args(["--prefix", "none", "--format", "{p}", "--package", name])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tree = String::from_utf8(output.stdout).unwrap();
    tree.lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// The first of the words that stands in code: comments and the tests at the end do not count.
fn first_word<'a>(text: &str, words: &[&'a str]) -> Option<&'a str> {
    text.lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .filter(|line| !line.trim_start().starts_with("//"))
        .find_map(|line| words.iter().find(|word| line.contains(*word)).copied())
}

/// Rust files below a folder that are not tests or fixtures of tests.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name == "tests" || name == "fixtures" {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}
