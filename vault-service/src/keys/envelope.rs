//! Sealed bytes as they are stored.
//!
//! ```text
//! secret:  format(1)=1  algorithm(1)=1  term(4)  encapsulated(32)  data key(48)  nonce(12)  ciphertext and tag
//! key:     format(1)=1  algorithm(1)=1  encapsulated(32)  ciphertext and tag
//! ```
//!
//! Integers are big-endian. Algorithm 1 is HPKE with X25519, HKDF-SHA256 and AES-256-GCM, and
//! AES-256-GCM for the payload.

use super::KeyError;

const FORMAT: u8 = 1;
const X25519_AES256GCM: u8 = 1;

pub(super) const ENCAPSULATED: usize = 32;
pub(super) const SEALED_DATA_KEY: usize = 48;
pub(super) const NONCE: usize = 12;

/// The parts of a sealed secret.
pub(super) struct SecretEnvelope<'a> {
    pub(super) term: u32,
    pub(super) encapsulated: &'a [u8; ENCAPSULATED],
    pub(super) data_key: &'a [u8; SEALED_DATA_KEY],
    pub(super) nonce: &'a [u8; NONCE],
    pub(super) ciphertext: &'a [u8],
}

/// The parts of a sealed key.
pub(super) struct KeyEnvelope<'a> {
    pub(super) encapsulated: &'a [u8; ENCAPSULATED],
    pub(super) ciphertext: &'a [u8],
}

impl<'a> SecretEnvelope<'a> {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT, X25519_AES256GCM];
        bytes.extend_from_slice(&self.term.to_be_bytes());
        bytes.extend_from_slice(self.encapsulated);
        bytes.extend_from_slice(self.data_key);
        bytes.extend_from_slice(self.nonce);
        bytes.extend_from_slice(self.ciphertext);
        bytes
    }

    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, KeyError> {
        let rest = header(bytes)?;
        let (term, rest) = take::<4>(rest)?;
        let (encapsulated, rest) = take(rest)?;
        let (data_key, rest) = take(rest)?;
        let (nonce, ciphertext) = take(rest)?;
        Ok(Self {
            term: u32::from_be_bytes(*term),
            encapsulated,
            data_key,
            nonce,
            ciphertext,
        })
    }
}

impl<'a> KeyEnvelope<'a> {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT, X25519_AES256GCM];
        bytes.extend_from_slice(self.encapsulated);
        bytes.extend_from_slice(self.ciphertext);
        bytes
    }

    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, KeyError> {
        let (encapsulated, ciphertext) = take(header(bytes)?)?;
        Ok(Self {
            encapsulated,
            ciphertext,
        })
    }
}

fn header(bytes: &[u8]) -> Result<&[u8], KeyError> {
    match bytes {
        [FORMAT, X25519_AES256GCM, rest @ ..] => Ok(rest),
        [FORMAT, algorithm, ..] => Err(KeyError::Algorithm(*algorithm)),
        [format, _, ..] => Err(KeyError::Format(*format)),
        _ => Err(KeyError::Truncated),
    }
}

fn take<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), KeyError> {
    bytes.split_first_chunk().ok_or(KeyError::Truncated)
}
