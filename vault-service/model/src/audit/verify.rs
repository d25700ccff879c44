//! Proving that a log is complete: one pass, no memory of what was read but the last hash.

use sallyport_pki::Digest;

use super::fault::{AuditFault, AuditFinding};
use super::key::AuditPublicKey;
use super::line::{AuditLine, AuditLineError, GENESIS};

/// Whether signatures of checkpoints are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signatures {
    /// Each must be of this key.
    Of(AuditPublicKey),
    /// Only that entries follow from each other: whoever can write the file can pass.
    Unchecked,
}

/// What to make of entries after the last checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OpenTail {
    /// They prove nothing: refuse.
    #[default]
    Refuse,
    /// The log is still being written.
    Accept,
}

/// A checkpoint that was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedThrough {
    /// Its sequence number; everything up to here is proven.
    pub seq: u64,
    /// When it was made.
    pub time: String,
}

/// What a whole log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditProof {
    /// Sequence number of the first entry.
    pub first: u64,
    /// Sequence number of the last.
    pub last: u64,
    /// How many checkpoints there are.
    pub checkpoints: u64,
    /// The last of them.
    pub signed_through: Option<SignedThrough>,
}

/// Reads a log line by line.
#[derive(Clone, Debug)]
pub struct AuditVerifier {
    signatures: Signatures,
    from: u64,
    lines: u64,
    last: Option<(u64, Digest)>,
    checkpoints: u64,
    signed: Option<SignedThrough>,
    gap: Option<Gap>,
}

// Entries that were not where they should be; the rest of the log tells whether they are elsewhere.
#[derive(Clone, Copy, Debug)]
struct Gap {
    line: u64,
    first: u64,
    last: u64,
}

impl AuditVerifier {
    /// A log that begins with the entry `from`: 1, unless older files were put away.
    pub fn new(signatures: Signatures, from: u64) -> Self {
        Self {
            signatures,
            from,
            lines: 0,
            last: None,
            checkpoints: 0,
            signed: None,
            gap: None,
        }
    }

    /// Takes the next line, without its line feed.
    pub fn line(&mut self, line: &[u8]) -> Result<(), AuditFinding> {
        self.lines = self.lines.saturating_add(1);
        let parsed = AuditLine::parse(line);
        match (self.gap, parsed) {
            (None, parsed) => {
                let line = parsed.map_err(|error| {
                    self.finding(match error {
                        AuditLineError::Form => AuditFault::Malformed,
                        AuditLineError::Hash => AuditFault::Edited,
                    })
                })?;
                self.follow(line)
            }
            // Behind a gap only the missing entries are of interest.
            (Some(gap), Ok(line)) if (gap.first..=gap.last).contains(&line.entry.seq) => Err(self
                .at(
                    gap.line,
                    AuditFault::Reordered {
                        expected: gap.first,
                        found: gap.last.saturating_add(1),
                    },
                )),
            (Some(_), _) => Ok(()),
        }
    }

    fn follow(&mut self, line: AuditLine) -> Result<(), AuditFinding> {
        let seq = line.entry.seq;
        let expected = match self.last {
            Some((last, _)) => last.saturating_add(1),
            None => self.from,
        };
        if seq < expected {
            return Err(self.finding(AuditFault::Reordered {
                expected,
                found: seq,
            }));
        }
        if seq > expected {
            self.gap = Some(Gap {
                line: self.lines,
                first: expected,
                last: seq.saturating_sub(1),
            });
            return Ok(());
        }
        let follows = match self.last {
            Some((_, hash)) => line.previous == hash,
            None => seq != 1 || line.previous == GENESIS,
        };
        if !follows {
            return Err(self.finding(AuditFault::Unchained { seq }));
        }
        let checkpoint = line.entry.is_checkpoint();
        match (&line.signature, &self.signatures) {
            (Some(signature), Signatures::Of(key))
                if checkpoint && !key.vouches(&line.hash, signature) =>
            {
                return Err(self.finding(AuditFault::Forged { seq }));
            }
            (signature, _) if signature.is_some() != checkpoint => {
                let present = signature.is_some();
                return Err(self.finding(AuditFault::Signature { present }));
            }
            _ => {}
        }
        if checkpoint {
            self.checkpoints = self.checkpoints.saturating_add(1);
            self.signed = Some(SignedThrough {
                seq,
                time: line.entry.time.into_owned(),
            });
        }
        self.last = Some((seq, line.hash));
        Ok(())
    }

    /// The last line had no line feed: the writer was stopped inside of it, or somebody cut it.
    pub fn cut(&mut self) -> AuditFinding {
        self.lines = self.lines.saturating_add(1);
        self.finding(AuditFault::Cut)
    }

    /// After the last line. The log must reach `through`, where it is known.
    pub fn finish(
        mut self,
        through: Option<u64>,
        open_tail: OpenTail,
    ) -> Result<AuditProof, AuditFinding> {
        if let Some(Gap { line, first, last }) = self.gap {
            return Err(self.at(line, AuditFault::Removed { first, last }));
        }
        self.lines = self.lines.saturating_add(1);
        let Some((last, _)) = self.last else {
            return Err(self.finding(AuditFault::Empty));
        };
        if let Some(through) = through.filter(|through| last < *through) {
            return Err(self.finding(AuditFault::Short {
                first: last.saturating_add(1),
                last: through,
            }));
        }
        let signed = self.signed.as_ref().map_or(0, |signed| signed.seq);
        let before = signed.max(self.from.saturating_sub(1));
        if last > before && open_tail == OpenTail::Refuse {
            let entries = last.saturating_sub(before);
            return Err(self.finding(AuditFault::OpenTail { entries }));
        }
        Ok(AuditProof {
            first: self.from,
            last,
            checkpoints: self.checkpoints,
            signed_through: self.signed,
        })
    }

    fn finding(&self, fault: AuditFault) -> AuditFinding {
        self.at(self.lines, fault)
    }

    fn at(&self, line: u64, fault: AuditFault) -> AuditFinding {
        AuditFinding {
            line,
            fault,
            after: self.signed.clone(),
        }
    }
}
