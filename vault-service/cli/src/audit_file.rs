//! `audit verify`: proving that a copy of the audit log is complete, without the vault.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use sallyport_model::audit::{
    AuditFinding, AuditLine, AuditProof, AuditPublicKey, AuditVerifier, MAX_LINE, OpenTail,
    Signatures,
};
use serde_json::json;

use crate::error::Error;
use crate::output::Output;

/// What to prove.
#[derive(Args)]
pub(crate) struct Verify {
    /// The log, as `sallyport-vault export-audit` or a sink wrote it; several files that are one log in any order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The vault's audit.pem, from a place where who can change a FILE cannot change it
    #[arg(long, value_name = "FILE", required_unless_present = "chain_only")]
    public_key: Option<PathBuf>,
    /// Only that entries follow from each other: who can write a FILE can pass
    #[arg(long, conflicts_with = "public_key")]
    chain_only: bool,
    /// The entry the log begins with
    #[arg(long, value_name = "SEQ", default_value_t = 1)]
    from: u64,
    /// The entry the log must reach, as known from elsewhere
    #[arg(long, value_name = "SEQ")]
    through: Option<u64>,
    /// Accept entries after the last checkpoint, which nobody has signed yet
    #[arg(long)]
    allow_open_tail: bool,
}

/// Reads the log once and says what it proves.
pub(crate) fn verify(wanted: &Verify, output: Output) -> Result<(), Error> {
    let signatures = match &wanted.public_key {
        Some(path) => Signatures::Of(public_key(path)?),
        None => Signatures::Unchecked,
    };
    let proof = prove(wanted, AuditVerifier::new(signatures, wanted.from))?;
    let signed = proof.signed_through.as_ref();
    let vouched = match signed.filter(|_| !wanted.chain_only) {
        Some(signed) => format!("signed through entry {} ({})", signed.seq, signed.time),
        None => "no signature was checked".to_owned(),
    };
    output.done(
        &json!({
            "first": proof.first,
            "last": proof.last,
            "checkpoints": proof.checkpoints,
            "signedThrough": signed.map(|signed| signed.seq),
            "signaturesChecked": !wanted.chain_only,
        }),
        &format!(
            "Complete: entries {} to {}, {vouched}",
            proof.first, proof.last
        ),
    )
}

fn public_key(path: &Path) -> Result<AuditPublicKey, Error> {
    let pem = fs::read_to_string(path).map_err(|source| read_error(path, source))?;
    AuditPublicKey::from_pem(&pem).map_err(|error| Error::FileSyntax {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

fn prove(wanted: &Verify, mut verifier: AuditVerifier) -> Result<AuditProof, Error> {
    let mut read = Read::default();
    for path in in_order(&wanted.files)? {
        read.files.push((read.lines, path));
        let mut file = open(path)?;
        let mut line = Vec::new();
        while next_line(&mut file, &mut line).map_err(|source| read_error(path, source))? {
            read.lines = read.lines.saturating_add(1);
            match line.strip_suffix(b"\n") {
                Some(line) => verifier.line(line),
                None if line.len() > MAX_LINE => verifier.line(&line),
                None => Err(verifier.cut()),
            }
            .map_err(|finding| read.broken(finding))?;
        }
    }
    let open_tail = match wanted.allow_open_tail {
        true => OpenTail::Accept,
        false => OpenTail::Refuse,
    };
    let proof = verifier.finish(wanted.through, open_tail);
    proof.map_err(|finding| read.broken(finding))
}

/// What was read: files with the number of lines before them.
#[derive(Default)]
struct Read<'a> {
    files: Vec<(u64, &'a Path)>,
    lines: u64,
}

impl Read<'_> {
    /// The finding with the file it is in, and the number of its line there.
    fn broken(&self, mut finding: AuditFinding) -> Error {
        let mut from_behind = self.files.iter().rev();
        let file = from_behind.find(|(before, _)| *before < finding.line);
        let (before, path) = file.copied().unwrap_or((0, Path::new("")));
        finding.line = finding.line.saturating_sub(before);
        Error::AuditLog {
            path: path.to_owned(),
            finding: Box::new(finding),
        }
    }
}

/// Files of one log by their first entries; what has none comes last and is found out there.
fn in_order(files: &[PathBuf]) -> Result<Vec<&Path>, Error> {
    let mut starts = Vec::with_capacity(files.len());
    for path in files {
        let mut line = Vec::new();
        next_line(&mut open(path)?, &mut line).map_err(|source| read_error(path, source))?;
        let entry = AuditLine::parse(line.trim_ascii_end());
        starts.push((
            entry.map_or(u64::MAX, |line| line.entry.seq),
            path.as_path(),
        ));
    }
    starts.sort_by_key(|(first, _)| *first);
    Ok(starts.into_iter().map(|(_, path)| path).collect())
}

fn open(path: &Path) -> Result<BufReader<File>, Error> {
    let file = File::open(path).map_err(|source| read_error(path, source))?;
    Ok(BufReader::new(file))
}

/// Reads a line with its line feed, no more than shows that it is too long. `false` at the end.
fn next_line(file: &mut BufReader<File>, line: &mut Vec<u8>) -> std::io::Result<bool> {
    let limit = u64::try_from(MAX_LINE)
        .unwrap_or(u64::MAX)
        .saturating_add(2);
    line.clear();
    Ok(file.take(limit).read_until(b'\n', line)? > 0)
}

fn read_error(path: &Path, source: std::io::Error) -> Error {
    let path = path.to_owned();
    Error::Read { path, source }
}
