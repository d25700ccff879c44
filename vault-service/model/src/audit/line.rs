//! A line of the log: an entry, the hash of the one before, its own hash, and sometimes a signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sallyport_pki::Digest;

use super::entry::AuditEntry;
use super::key::AuditSignature;

/// What the first entry has for the hash of the one before.
pub const GENESIS: Digest = Digest::new([0; 32]);

/// Longest line, in bytes.
pub const MAX_LINE: usize = 64 * 1024;

/// An entry ready for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Hash of the entry, which the next one carries.
    pub hash: Digest,
    /// The signature, if it is a checkpoint.
    pub signature: Option<AuditSignature>,
    /// The line, without its line feed.
    pub line: String,
}

/// A line that was read. That it fits its own hash has been checked, nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    /// The entry.
    pub entry: AuditEntry<'static>,
    /// Hash of the entry before.
    pub previous: Digest,
    /// Its own hash.
    pub hash: Digest,
    /// The signature of a checkpoint.
    pub signature: Option<AuditSignature>,
}

/// Why a line does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditLineError {
    /// It is longer than [`MAX_LINE`], or not of the form of a line.
    #[error("not a line of an audit log")]
    Form,
    /// Its content and its hash do not belong together.
    #[error("the content does not fit the hash")]
    Hash,
}

/// Chains an entry to the one before; `sign` is asked for a signature of the hash.
pub fn seal(
    entry: &AuditEntry<'_>,
    previous: &Digest,
    sign: impl FnOnce(&Digest) -> Option<AuditSignature>,
) -> Result<Sealed, serde_json::Error> {
    let hashed = hashed(entry, previous)?;
    let hash = Digest::of(hashed.as_bytes());
    let signature = sign(&hash);
    let line = whole(hashed, &hash, signature.as_ref());
    Ok(Sealed {
        hash,
        signature,
        line,
    })
}

/// The line of an entry that was chained before. Whether the parts fit each other is for the verifier
/// to say.
pub fn render(
    entry: &AuditEntry<'_>,
    previous: &Digest,
    hash: &Digest,
    signature: Option<&AuditSignature>,
) -> Result<String, serde_json::Error> {
    Ok(whole(hashed(entry, previous)?, hash, signature))
}

fn hashed(entry: &AuditEntry<'_>, previous: &Digest) -> Result<String, serde_json::Error> {
    let mut line = serde_json::to_string(entry)?;
    line.pop();
    line.push_str(r#","prev":""#);
    line.push_str(&previous.to_string());
    line.push('"');
    Ok(line)
}

fn whole(mut line: String, hash: &Digest, signature: Option<&AuditSignature>) -> String {
    line.push_str(r#","hash":""#);
    line.push_str(&hash.to_string());
    if let Some(signature) = signature {
        line.push_str(r#"","signature":""#);
        STANDARD.encode_string(signature, &mut line);
    }
    line.push_str(r#""}"#);
    line
}

impl AuditLine {
    /// Reads a line without its line feed, byte for byte as [`seal`] wrote it.
    pub fn parse(line: &[u8]) -> Result<Self, AuditLineError> {
        let text = Some(line)
            .filter(|line| line.len() <= MAX_LINE)
            .and_then(|line| str::from_utf8(line).ok())
            .and_then(|text| text.strip_suffix(r#""}"#))
            .ok_or(AuditLineError::Form)?;
        // Quotes inside of a value are escaped, so no value can hold one of these names.
        let (text, signature) = match text.rsplit_once(r#"","signature":""#) {
            Some((text, signature)) => (text, Some(decode(signature)?)),
            None => (text, None),
        };
        let (hashed, hash) = text
            .rsplit_once(r#","hash":""#)
            .ok_or(AuditLineError::Form)?;
        let (entry, previous) = hashed
            .strip_suffix('"')
            .and_then(|text| text.rsplit_once(r#","prev":""#))
            .ok_or(AuditLineError::Form)?;
        let hash = digest(hash)?;
        if Digest::of(hashed.as_bytes()) != hash {
            return Err(AuditLineError::Hash);
        }
        let entry =
            serde_json::from_str(&format!("{entry}}}")).map_err(|_| AuditLineError::Form)?;
        let previous = digest(previous)?;
        Ok(Self {
            entry,
            previous,
            hash,
            signature,
        })
    }
}

// Only as `seal` writes it: another spelling of the same digest would be an edit.
fn digest(text: &str) -> Result<Digest, AuditLineError> {
    let digest: Digest = text.parse().map_err(|_| AuditLineError::Form)?;
    match digest.to_string() == text {
        true => Ok(digest),
        false => Err(AuditLineError::Form),
    }
}

fn decode(text: &str) -> Result<AuditSignature, AuditLineError> {
    let bytes = STANDARD.decode(text).map_err(|_| AuditLineError::Form)?;
    bytes.try_into().map_err(|_| AuditLineError::Form)
}
