//! `audit verify`: proving that a copy of the audit log is complete, without the vault.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use sallyport_model::audit::{
    AuditProof, AuditPublicKey, AuditVerifier, MAX_LINE, OpenTail, Signatures,
};
use serde_json::json;

use crate::error::Error;
use crate::output::Output;

/// What to prove.
#[derive(Args)]
pub(crate) struct Verify {
    /// The log, as `sallyport-vault export-audit` wrote it
    file: PathBuf,
    /// The vault's audit.pem, from a place where who can change FILE cannot change it
    #[arg(long, value_name = "FILE", required_unless_present = "chain_only")]
    public_key: Option<PathBuf>,
    /// Only that entries follow from each other: who can write FILE can pass
    #[arg(long, conflicts_with = "public_key")]
    chain_only: bool,
    /// The entry the file begins with
    #[arg(long, value_name = "SEQ", default_value_t = 1)]
    from: u64,
    /// The entry the file must reach, as known from elsewhere
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
    let path = &wanted.file;
    let broken = |finding| Error::AuditLog {
        path: path.clone(),
        finding: Box::new(finding),
    };
    let file = File::open(path).map_err(|source| read_error(path, source))?;
    let mut file = BufReader::new(file);
    let mut line = Vec::new();
    // One byte more than the longest line and its line feed shows that a line is too long.
    let limit = u64::try_from(MAX_LINE)
        .unwrap_or(u64::MAX)
        .saturating_add(2);
    loop {
        line.clear();
        let read = file.by_ref().take(limit).read_until(b'\n', &mut line);
        if read.map_err(|source| read_error(path, source))? == 0 {
            break;
        }
        match line.strip_suffix(b"\n") {
            Some(line) => verifier.line(line).map_err(broken)?,
            None if line.len() > MAX_LINE => verifier.line(&line).map_err(broken)?,
            None => return Err(broken(verifier.cut())),
        }
    }
    let open_tail = match wanted.allow_open_tail {
        true => OpenTail::Accept,
        false => OpenTail::Refuse,
    };
    verifier.finish(wanted.through, open_tail).map_err(broken)
}

fn read_error(path: &Path, source: std::io::Error) -> Error {
    let path = path.to_owned();
    Error::Read { path, source }
}
