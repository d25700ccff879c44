//! Certificates in PEM files.

use crate::certificate::{Certificate, CertificateError};
use crate::pem_block::{PemBlock, PemBlockError};

/// Largest PEM input, in bytes.
pub const MAX_PEM_BYTES: usize = 1024 * 1024;
/// Most blocks in one PEM input.
pub const MAX_PEM_BLOCKS: usize = 100;

/// Why a PEM input is not a list of certificates. Blocks are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// Larger than [`MAX_PEM_BYTES`].
    #[error("PEM input of {bytes} bytes: at most {limit} are accepted")]
    TooLarge {
        /// Size of the input.
        bytes: usize,
        /// [`MAX_PEM_BYTES`].
        limit: usize,
    },
    /// More blocks than allowed.
    #[error("{count} PEM blocks: at most {limit} are accepted")]
    TooManyBlocks {
        /// Number of blocks found.
        count: usize,
        /// Most that are allowed.
        limit: usize,
    },
    /// Not text (a DER file, perhaps).
    #[error("not a PEM file: it is not text (a DER file has to be converted to PEM first)")]
    NotText,
    /// No block at all.
    #[error("no certificate found: a line `-----BEGIN CERTIFICATE-----` is missing")]
    NoCertificate,
    /// Exactly one certificate was wanted.
    #[error("{count} certificates found where exactly one is wanted")]
    MoreThanOne {
        /// Number of certificates found.
        count: usize,
    },
    /// A block that is something else, for example a private key.
    #[error("block {block} is `{label}`, not a certificate")]
    NotACertificate {
        /// Which block.
        block: usize,
        /// What it says it is.
        label: String,
    },
    /// A block without its END line.
    #[error("block {block} has no END line: the file is cut off or two blocks ran together")]
    Unterminated {
        /// Which block.
        block: usize,
    },
    /// An END line that does not belong to the BEGIN line before it.
    #[error("block {block} has an END line that does not match its BEGIN line")]
    MismatchedEnd {
        /// Which block.
        block: usize,
    },
    /// A block whose content is not base64.
    #[error("block {block} is not valid base64")]
    Base64 {
        /// Which block.
        block: usize,
    },
    /// A block that decodes, but is not a certificate.
    #[error("block {block}: {error}")]
    Certificate {
        /// Which block.
        block: usize,
        /// What is wrong with it.
        error: CertificateError,
    },
}

/// All certificates of a PEM file, in order, at least one. Text between blocks is fine, blocks of
/// another kind are not. At most [`MAX_PEM_BLOCKS`].
///
/// # Errors
/// Limits exceeded, nothing found, or a block (counted from 1) that is not a certificate.
pub fn certificates_from_pem(pem: &[u8]) -> Result<Vec<Certificate>, PemError> {
    certificates_from_pem_up_to(pem, MAX_PEM_BLOCKS)
}

/// As [`certificates_from_pem`], with another limit: `most` blocks. Blocks are counted before any of
/// them is read.
///
/// # Errors
/// Those of [`certificates_from_pem`].
pub fn certificates_from_pem_up_to(pem: &[u8], most: usize) -> Result<Vec<Certificate>, PemError> {
    let blocks = blocks_of(pem, most)?;
    if blocks.is_empty() {
        return Err(PemError::NoCertificate);
    }
    let numbered = (1..).zip(&blocks);
    numbered
        .map(|(number, block)| certificate(number, block))
        .collect()
}

/// The one certificate of a PEM file.
///
/// # Errors
/// As [`certificates_from_pem`], and when there is more than one.
pub fn certificate_from_pem(pem: &[u8]) -> Result<Certificate, PemError> {
    let mut certificates = certificates_from_pem(pem)?;
    match (certificates.len(), certificates.pop()) {
        (1, Some(certificate)) => Ok(certificate),
        (0, _) | (_, None) => Err(PemError::NoCertificate),
        (count, Some(_)) => Err(PemError::MoreThanOne { count }),
    }
}

/// The blocks of a PEM file, if it is within the limits: `most` blocks.
pub(crate) fn blocks_of(pem: &[u8], most: usize) -> Result<Vec<PemBlock<'_>>, PemError> {
    if pem.len() > MAX_PEM_BYTES {
        return Err(PemError::TooLarge {
            bytes: pem.len(),
            limit: MAX_PEM_BYTES,
        });
    }
    let text = std::str::from_utf8(pem).map_err(|_| PemError::NotText)?;
    let blocks = PemBlock::all(text).map_err(|(before, error)| framing_error(before + 1, error))?;
    if blocks.len() > most {
        return Err(PemError::TooManyBlocks {
            count: blocks.len(),
            limit: most,
        });
    }
    Ok(blocks)
}

/// Whether a block of this label holds a certificate. RFC 7468 section 5.1 names the two others as
/// labels of the same structure.
pub(crate) fn is_certificate(label: &str) -> bool {
    ["CERTIFICATE", "X509 CERTIFICATE", "X.509 CERTIFICATE"].contains(&label)
}

pub(crate) fn certificate(number: usize, block: &PemBlock<'_>) -> Result<Certificate, PemError> {
    if !is_certificate(block.label) {
        return Err(PemError::NotACertificate {
            block: number,
            label: block.shown_label(),
        });
    }
    let der = block
        .decode()
        .map_err(|error| framing_error(number, error))?;
    Certificate::from_der(&der).map_err(|error| PemError::Certificate {
        block: number,
        error,
    })
}

fn framing_error(block: usize, error: PemBlockError) -> PemError {
    match error {
        PemBlockError::Unterminated => PemError::Unterminated { block },
        PemBlockError::MismatchedEnd => PemError::MismatchedEnd { block },
        PemBlockError::Base64 => PemError::Base64 { block },
    }
}
