//! CRLs in PEM files (RFC 7468 section 6).

use crate::pem_block::PemBlock;
use crate::revocation::crl::MAX_CRL_BYTES;
use crate::revocation::crl_error::CrlError;

/// Base64 makes four characters of three bytes; the rest is for line breaks and text around it.
const MAX_TEXT_BYTES: usize = MAX_CRL_BYTES / 2 * 3;
/// A line has 64 characters: a file of empty ones would need 16 times its size.
const SHORT_LINE: usize = 32;
/// Lines of text before they have to be that long.
const SOME_LINES: usize = 1_000;

/// The DER of the one CRL in a PEM file. Text around it is fine, other blocks are not.
///
/// # Errors
/// Too large, or not one block `X509 CRL` in base64.
pub fn crl_from_pem(pem: &[u8]) -> Result<Vec<u8>, CrlError> {
    if pem.len() > MAX_TEXT_BYTES {
        return Err(CrlError::TooLarge {
            bytes: pem.len(),
            limit: MAX_TEXT_BYTES,
        });
    }
    let lines = pem.iter().filter(|octet| **octet == b'\n').count();
    if lines > SOME_LINES + pem.len() / SHORT_LINE {
        return Err(CrlError::NotPem);
    }
    let text = std::str::from_utf8(pem).map_err(|_| CrlError::NotPem)?;
    let blocks = PemBlock::all(text).map_err(|_| CrlError::NotPem)?;
    match blocks.as_slice() {
        [block] if block.label == "X509 CRL" => match block.decode() {
            Ok(der) => Ok(der.to_vec()),
            Err(_) => Err(CrlError::NotPem),
        },
        _ => Err(CrlError::NotPem),
    }
}
