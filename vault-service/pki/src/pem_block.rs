//! Text encoding of RFC 7468: finding the blocks and decoding them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One block, still encoded.
pub(crate) struct PemBlock<'a> {
    /// `CERTIFICATE` in `-----BEGIN CERTIFICATE-----`.
    pub(crate) label: &'a str,
    /// Lines between the two boundaries.
    lines: Vec<&'a str>,
}

/// Labels that an error may repeat. Anything else is a stranger's text: whoever lost a line break may
/// have the key itself there.
const KNOWN_LABELS: [&str; 21] = [
    "ATTRIBUTE CERTIFICATE",
    "CERTIFICATE",
    "CERTIFICATE REQUEST",
    "CMS",
    "DH PARAMETERS",
    "DSA PRIVATE KEY",
    "EC PARAMETERS",
    "EC PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "NEW CERTIFICATE REQUEST",
    "OPENSSH PRIVATE KEY",
    "PGP PRIVATE KEY BLOCK",
    "PGP PUBLIC KEY BLOCK",
    "PKCS7",
    "PRIVATE KEY",
    "PUBLIC KEY",
    "RSA PRIVATE KEY",
    "RSA PUBLIC KEY",
    "SSH2 PUBLIC KEY",
    "TRUSTED CERTIFICATE",
    "X509 CRL",
];

/// What is wrong with the framing or the content of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PemBlockError {
    /// The input ends, or the next block begins, before the END line.
    Unterminated,
    /// An END line without BEGIN, or with another label.
    MismatchedEnd,
    /// Not base64.
    Base64,
}

impl<'a> PemBlock<'a> {
    /// All blocks in order. Text outside of blocks is ignored (RFC 7468 section 5.2). The error
    /// carries how many complete blocks came before it.
    pub(crate) fn all(text: &'a str) -> Result<Vec<Self>, (usize, PemBlockError)> {
        let mut blocks: Vec<Self> = Vec::new();
        let mut open: Option<Self> = None;
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.trim();
            if let Some(label) = boundary(line, "-----BEGIN ") {
                if open.is_some() {
                    return Err((blocks.len(), PemBlockError::Unterminated));
                }
                open = Some(Self {
                    label,
                    lines: Vec::new(),
                });
            } else if let Some(label) = boundary(line, "-----END ") {
                match open.take() {
                    Some(block) if block.label == label => blocks.push(block),
                    _ => return Err((blocks.len(), PemBlockError::MismatchedEnd)),
                }
            } else if let Some(block) = &mut open {
                block.lines.push(line);
            }
        }
        match open {
            Some(_) => Err((blocks.len(), PemBlockError::Unterminated)),
            None => Ok(blocks),
        }
    }

    /// Whether the block has RFC 1421 header lines (`Proc-Type: 4,ENCRYPTED`).
    #[cfg(feature = "keystores")]
    pub(crate) fn has_headers(&self) -> bool {
        self.lines.iter().any(|line| line.contains(':'))
    }

    /// The label for an error: as it is if it is a known one.
    pub(crate) fn shown_label(&self) -> String {
        KNOWN_LABELS
            .into_iter()
            .find(|known| *known == self.label)
            .unwrap_or("something unknown")
            .to_owned()
    }

    /// The decoded content. Both the text and the bytes are zeroed when dropped: it may be a key.
    pub(crate) fn decode(&self) -> Result<Zeroizing<Vec<u8>>, PemBlockError> {
        let length = self.lines.iter().map(|line| line.len()).sum();
        let mut text = Zeroizing::new(Vec::with_capacity(length));
        for line in &self.lines {
            text.extend_from_slice(line.as_bytes());
        }
        // decode_slice may need room for a whole last quantum.
        let mut bytes = Zeroizing::new(vec![0; length / 4 * 3 + 3]);
        let decoded = STANDARD
            .decode_slice(&*text, &mut bytes)
            .map_err(|_| PemBlockError::Base64)?;
        bytes.truncate(decoded);
        Ok(bytes)
    }
}

/// A block as RFC 7468 section 2 has it: 64 characters a line. Zeroed when dropped: it may be a key.
#[cfg(feature = "keystores")]
pub(crate) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    const LINE: usize = 64;
    // Room for all of it: growing would leave copies behind.
    let characters = der.len().div_ceil(3) * 4;
    let mut base64 = Zeroizing::new(String::with_capacity(characters));
    STANDARD.encode_string(der, &mut base64);
    let overhead = 2 * label.len() + 32;
    let mut text = Zeroizing::new(String::with_capacity(
        characters + characters.div_ceil(LINE) + overhead,
    ));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// The label of a boundary line.
fn boundary<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    line.strip_prefix(prefix)?.strip_suffix("-----")
}

#[cfg(test)]
mod tests {
    use super::{PemBlock, PemBlockError};

    const ONE: &str = "-----BEGIN THING-----\nAAEC\nAwQF\n-----END THING-----\n";

    #[test]
    fn block_is_decoded_with_any_line_ending_and_surrounding_text() {
        for text in [
            ONE.to_owned(),
            ONE.replace('\n', "\r\n"),
            ONE.trim_end().to_owned(),
            format!("\u{feff}{ONE}"),
            format!("Bag Attributes: <none>\nsubject=/CN=x\n\n{ONE}\ntrailing words\n"),
            ONE.replace("AAEC\n", "\n  AAEC  \n\n"),
        ] {
            let blocks = PemBlock::all(&text).unwrap_or_else(|error| panic!("{error:?}: {text}"));
            assert_eq!(blocks.len(), 1);
            assert_eq!(blocks[0].label, "THING");
            assert_eq!(*blocks[0].decode().unwrap(), [0, 1, 2, 3, 4, 5]);
        }
    }

    #[cfg(feature = "keystores")]
    #[test]
    fn what_is_encoded_is_decoded_again() {
        for length in [0, 1, 47, 48, 49, 1000] {
            let bytes = vec![7; length];
            let text = super::encode("THING", &bytes);
            assert!(text.lines().all(|line| line.len() <= 64));
            let blocks = PemBlock::all(&text).unwrap();
            assert_eq!((blocks.len(), blocks[0].label), (1, "THING"));
            assert_eq!(*blocks[0].decode().unwrap(), bytes);
        }
    }

    #[test]
    fn truncated_block_is_an_error_and_not_dropped() {
        let cut = ONE.replace("-----END THING-----", "");
        for (text, before, error) in [
            (cut.clone(), 0, PemBlockError::Unterminated),
            (format!("{ONE}{cut}"), 1, PemBlockError::Unterminated),
            (format!("{cut}{ONE}"), 0, PemBlockError::Unterminated),
            (
                ONE.replace("END THING", "END OTHER"),
                0,
                PemBlockError::MismatchedEnd,
            ),
            (
                format!("{ONE}-----END THING-----"),
                1,
                PemBlockError::MismatchedEnd,
            ),
        ] {
            assert_eq!(PemBlock::all(&text).err(), Some((before, error)), "{text}");
        }
    }

    #[test]
    fn content_that_is_not_base64_is_an_error() {
        for body in ["A*==", "AAE", "Proc-Type: 4,ENCRYPTED", "AA==AA=="] {
            let text = format!("-----BEGIN X-----\n{body}\n-----END X-----\n");
            let blocks = PemBlock::all(&text).unwrap();
            assert_eq!(blocks[0].decode().err(), Some(PemBlockError::Base64));
        }
    }
}
