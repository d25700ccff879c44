//! The host in the place of one of our verifiers.

use std::fmt;

use sallyport_pki::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, check_key,
};

use super::AskHost;
use super::exchange::{self, Arguments};

/// DER tags.
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// One algorithm, verified by the host.
pub(super) struct HostVerifier {
    own: &'static dyn SignatureVerificationAlgorithm,
    hash_function: &'static str,
    ask: AskHost,
}

impl HostVerifier {
    pub(super) fn new(
        own: &'static dyn SignatureVerificationAlgorithm,
        hash_function: &'static str,
        ask: AskHost,
    ) -> Self {
        Self {
            own,
            hash_function,
            ask,
        }
    }

    /// The host's verdict about a key that passed [`check_key`]; `None` if it has none.
    pub(super) fn verdict(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Option<bool> {
        let algorithm = self.own.public_key_alg_id();
        let arguments = Arguments {
            hash_function: self.hash_function,
            public_key: &subject_public_key_info(&algorithm, public_key)?,
            signature,
            text: message,
        };
        exchange::result(&(self.ask)(&arguments.serialize())?)
    }
}

impl SignatureVerificationAlgorithm for HostVerifier {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        // The host takes weaker keys than we do.
        check_key(self.public_key_alg_id(), public_key)?;
        match self.verdict(public_key, message, signature) {
            Some(true) => Ok(()),
            Some(false) => Err(InvalidSignature),
            None => self.own.verify_signature(public_key, message, signature),
        }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.own.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.own.signature_alg_id()
    }
}

impl fmt::Debug for HostVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} (host)", self.own)
    }
}

/// RFC 5280 section 4.1: path validation knows the bits only. `None` from 64 KiB on.
fn subject_public_key_info(algorithm: &AlgorithmIdentifier, public_key: &[u8]) -> Option<Vec<u8>> {
    let no_unused_bits = [0];
    let algorithm = tagged(SEQUENCE, &[algorithm.as_ref()])?;
    let public_key = tagged(BIT_STRING, &[&no_unused_bits, public_key])?;
    tagged(SEQUENCE, &[&algorithm, &public_key])
}

fn tagged(tag: u8, parts: &[&[u8]]) -> Option<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let [high, low] = u16::try_from(length).ok()?.to_be_bytes();
    let mut der = Vec::with_capacity(4 + length);
    match (high, low) {
        (0, 0..=0x7f) => der.extend([tag, low]),
        (0, _) => der.extend([tag, 0x81, low]),
        _ => der.extend([tag, 0x82, high, low]),
    }
    for part in parts {
        der.extend_from_slice(part);
    }
    Some(der)
}
