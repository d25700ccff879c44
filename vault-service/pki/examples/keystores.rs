//! Opens every keystore of a manifest and compares what is in it with what the manifest says.
//!
//!     cargo run --release -p sallyport-pki --features keystores --example keystores -- MANIFEST.json
//!
//! Prints one JSON line per file and then a count; fails if one is not as expected. The manifest is
//! a list of `{file, type, storepass, entries, expect, wrong_storepass, wrong_keypass, ...}`, its
//! files are beside it. `expect` is `open`, `reject`, `clean_error`, `open_or_clean_error` or
//! `terminates`.

#![forbid(unsafe_code)]

use std::error::Error;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use sallyport_pki::{EntryKind, KeyEntry, Keystore, KeystoreError};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Case {
    file: String,
    #[serde(rename = "type")]
    format: String,
    storepass: Option<String>,
    #[serde(default)]
    entries: Vec<Expected>,
    expect: String,
    wrong_storepass: Option<String>,
    wrong_storepass_must: Option<String>,
    wrong_keypass: Option<String>,
    wrong_keypass_must: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    kind: String,
    alias: Option<String>,
    keypass: Option<String>,
    #[serde(alias = "cert_sha256")]
    leaf_sha256: Option<String>,
    key_spki_sha256: Option<String>,
    chain_len: Option<usize>,
    key_matches_leaf: Option<bool>,
}

/// One line of output.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    expect: &'a str,
    outcome: &'static str,
    entries: &'a [Found],
    ms: f64,
    error: Option<String>,
    /// Differences from the manifest; empty if it is as expected.
    wrong: Vec<String>,
}

#[derive(Serialize)]
struct Found {
    alias: Option<String>,
    kind: &'static str,
    leaf_sha256: Option<String>,
    key_matches: Option<bool>,
    ms: f64,
    #[serde(skip)]
    key_spki_sha256: Option<String>,
    #[serde(skip)]
    chain_len: usize,
}

type Failure = Box<dyn Error>;

/// Why a file was not opened.
struct Refusal {
    text: String,
    panicked: bool,
}

impl<E: Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self {
            text: error.to_string(),
            panicked: false,
        }
    }
}

/// A passphrase to use in place of the right one.
#[derive(Clone, Copy)]
enum Wrong<'a> {
    Store(&'a str),
    Key(&'a str),
}

fn main() -> ExitCode {
    let Some(manifest) = std::env::args().nth(1) else {
        eprintln!("usage: keystores MANIFEST.json");
        return ExitCode::from(2);
    };
    match run(Path::new(&manifest)) {
        Ok((_, 0)) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{manifest}: {error}");
            ExitCode::from(2)
        }
    }
}

/// How many are as expected, and how many are not.
fn run(manifest: &Path) -> Result<(usize, usize), Failure> {
    let cases: Vec<Case> = serde_json::from_slice(&fs::read(manifest)?)?;
    let folder = manifest.parent().unwrap_or(Path::new("."));
    let (mut good, mut bad) = (0, 0);
    for case in &cases {
        let bytes = fs::read(folder.join(&case.file))?;
        let start = Instant::now();
        let opened = open(case, &bytes, None);
        let ms = millis(start);
        let (entries, error) = match &opened {
            Ok(entries) => (entries.as_slice(), None),
            Err(error) => (&[][..], Some(error)),
        };
        let line = Line {
            file: &case.file,
            expect: &case.expect,
            outcome: if error.is_some() { "refused" } else { "opened" },
            entries,
            ms,
            error: error.map(|error| error.text.clone()),
            wrong: differences(case, &bytes, &opened),
        };
        println!("{}", serde_json::to_string(&line)?);
        match line.wrong.is_empty() {
            true => good += 1,
            false => bad += 1,
        }
    }
    println!("{good} as expected, {bad} not");
    Ok((good, bad))
}

fn differences(case: &Case, bytes: &[u8], opened: &Result<Vec<Found>, Refusal>) -> Vec<String> {
    let mut wrong = Vec::new();
    if matches!(opened, Err(Refusal { panicked: true, .. })) {
        wrong.push("panicked".to_owned());
    }
    match (case.expect.as_str(), opened) {
        ("open" | "open_or_clean_error", Ok(found)) => wrong.extend(compare(case, found)),
        ("open", Err(_)) => wrong.push("refused, should have been opened".to_owned()),
        ("reject" | "clean_error", Ok(_)) => {
            wrong.push("opened, should have been refused".to_owned());
        }
        ("reject" | "clean_error" | "open_or_clean_error", Err(_)) | ("terminates", _) => {}
        (other, _) => wrong.push(format!("unknown expectation {other}")),
    }
    let passphrases = [
        (
            &case.wrong_storepass,
            &case.wrong_storepass_must,
            Wrong::Store as fn(_) -> _,
        ),
        (&case.wrong_keypass, &case.wrong_keypass_must, Wrong::Key),
    ];
    for (passphrase, must, kind) in passphrases {
        if let (Some(passphrase), Some("error")) = (passphrase, must.as_deref()) {
            match open(case, bytes, Some(kind(passphrase))) {
                Ok(_) => wrong.push("opened with a wrong passphrase".to_owned()),
                Err(Refusal { panicked: true, .. }) => {
                    wrong.push("panicked with a wrong passphrase".to_owned());
                }
                Err(_) => {}
            }
        }
    }
    wrong
}

/// What the manifest says, and the file has not.
fn compare(case: &Case, found: &[Found]) -> Vec<String> {
    let mut wrong = Vec::new();
    // The manifest lists no entries for files that it leaves open.
    if !(case.entries.is_empty() && case.expect != "open") && found.len() != case.entries.len() {
        let (found, listed) = (found.len(), case.entries.len());
        wrong.push(format!("{found} entries, should have been {listed}"));
    }
    for expected in &case.entries {
        let name = expected.alias.as_deref().unwrap_or("the entry");
        // A certificate without a name in the file goes by another one in the manifest.
        let by_alias = found.iter().find(|found| found.alias == expected.alias);
        let by_digest = found
            .iter()
            .find(|found| found.leaf_sha256.is_some() && found.leaf_sha256 == expected.leaf_sha256);
        let Some(found) = by_alias.or(by_digest) else {
            wrong.push(format!("{name} is missing"));
            continue;
        };
        let checks = [
            ("kind", found.kind == expected.kind),
            ("leaf_sha256", found.leaf_sha256 == expected.leaf_sha256),
            (
                "key_matches",
                found.key_matches == expected.key_matches_leaf,
            ),
            (
                "chain_len",
                expected
                    .chain_len
                    .is_none_or(|length| length == found.chain_len),
            ),
            (
                "key_spki_sha256",
                expected.key_spki_sha256.is_none()
                    || expected.key_matches_leaf != Some(true)
                    || expected.key_spki_sha256 == found.key_spki_sha256,
            ),
        ];
        let failed = checks.iter().filter(|(_, fits)| !fits);
        wrong.extend(failed.map(|(what, _)| format!("{name}: {what} differs")));
    }
    wrong
}

fn open(case: &Case, bytes: &[u8], wrong: Option<Wrong<'_>>) -> Result<Vec<Found>, Refusal> {
    let opened = catch_unwind(|| match case.format.as_str() {
        "PEM" => open_pem(case, bytes, wrong).map(|found| vec![found]),
        _ => open_keystore(case, bytes, wrong),
    });
    opened.unwrap_or_else(|_| {
        Err(Refusal {
            text: "panicked".to_owned(),
            panicked: true,
        })
    })
}

fn open_pem(case: &Case, bytes: &[u8], wrong: Option<Wrong<'_>>) -> Result<Found, Refusal> {
    let start = Instant::now();
    let own = case
        .entries
        .first()
        .and_then(|entry| entry.keypass.as_deref());
    let passphrase = match wrong {
        Some(Wrong::Store(passphrase) | Wrong::Key(passphrase)) => Some(passphrase),
        None => own.or(case.storepass.as_deref()),
    };
    let entry = KeyEntry::from_pem(bytes, passphrase)?;
    Ok(Found::private_key(None, &entry, start))
}

fn open_keystore(
    case: &Case,
    bytes: &[u8],
    wrong: Option<Wrong<'_>>,
) -> Result<Vec<Found>, Refusal> {
    let storepass = case.storepass.as_deref().unwrap_or_default();
    let keystore = match wrong {
        Some(Wrong::Store(passphrase)) => Keystore::open(bytes, passphrase)?,
        _ => Keystore::open(bytes, storepass)?,
    };
    let mut found = Vec::new();
    for entry in keystore.entries() {
        let start = Instant::now();
        let alias = entry.alias().to_owned();
        let leaf = entry.certificates().first();
        let listed = |kind| Found {
            alias: Some(alias.clone()),
            kind,
            leaf_sha256: leaf.map(|leaf| leaf.sha256().to_string()),
            key_matches: None,
            ms: millis(start),
            key_spki_sha256: None,
            chain_len: entry.certificates().len(),
        };
        found.push(match entry.kind() {
            EntryKind::TrustedCertificate => listed("trusted_cert"),
            EntryKind::SecretKey => listed("secret_key"),
            EntryKind::PrivateKey => {
                let mut expected = case.entries.iter();
                let expected = expected.find(|entry| entry.alias.as_ref() == Some(&alias));
                let own = expected.and_then(|entry| entry.keypass.as_deref());
                let keypass = match wrong {
                    Some(Wrong::Key(passphrase)) => passphrase,
                    _ => own.unwrap_or(storepass),
                };
                match keystore.private_key(&alias, keypass) {
                    Ok(key) => Found::private_key(Some(alias.clone()), &key, start),
                    Err(KeystoreError::KeyMismatch { .. }) => Found {
                        key_matches: Some(false),
                        ..listed("private_key")
                    },
                    Err(error) => return Err(error.into()),
                }
            }
        });
    }
    Ok(found)
}

impl Found {
    fn private_key(alias: Option<String>, entry: &KeyEntry, start: Instant) -> Self {
        let leaf = entry.chain.first();
        Self {
            alias,
            kind: "private_key",
            leaf_sha256: leaf.map(|leaf| leaf.sha256().to_string()),
            key_matches: leaf.map(|leaf| leaf.spki_sha256() == entry.key.spki_sha256()),
            ms: millis(start),
            key_spki_sha256: Some(entry.key.spki_sha256().to_string()),
            chain_len: entry.chain.len(),
        }
    }
}

fn millis(start: Instant) -> f64 {
    (start.elapsed().as_secs_f64() * 100_000.0).round() / 100.0
}
