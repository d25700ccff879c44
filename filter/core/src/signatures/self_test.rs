//! Signatures whose verdict is known, for a host whose is not.

use std::fmt;

use sallyport_pki::{AlgorithmIdentifier, SignatureVerificationAlgorithm, alg_id};

use super::host_verifier::HostVerifier;

/// What was signed; see `known/generate.sh`.
pub(super) const MESSAGE: &[u8] = b"sallyport: does the host verify?";

/// As long, but not what was signed.
const OTHER_MESSAGE: &[u8] = b"sallyport: does the host verify!";

/// r = s = 0, which some verifiers took for a signature of everything (CVE-2022-21449).
const ZERO_ECDSA: &[u8] = &[0x30, 6, 2, 1, 0, 2, 1, 0];

/// The same for RSA of 2048 bits.
const ZERO_RSA: &[u8] = &[0; 256];

/// A good signature of an algorithm that Envoy's function has.
pub(super) struct Known {
    public_key_algorithm: AlgorithmIdentifier,
    signature_algorithm: AlgorithmIdentifier,
    /// Envoy's name of the hash.
    pub(super) hash: &'static str,
    pub(super) key: &'static [u8],
    pub(super) signature: &'static [u8],
    pub(super) zero: &'static [u8],
}

/// What is wrong with a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It does not have the function, or the function fails.
    Silent,
    /// It refuses a good signature.
    RefusesGood,
    /// It accepts a broken signature.
    AcceptsBroken,
}

macro_rules! known {
    ($key:literal, $hash:literal, $public_key:ident, $signature:ident, $zero:ident) => {
        Known {
            public_key_algorithm: alg_id::$public_key,
            signature_algorithm: alg_id::$signature,
            hash: $hash,
            key: include_bytes!(concat!("known/", $key, ".key")),
            signature: include_bytes!(concat!("known/", $key, "-", $hash, ".sig")),
            zero: $zero,
        }
    };
}

/// Everything that Envoy's function has in common with us: it has no RSA PSS and no Ed25519.
#[rustfmt::skip]
pub(super) static KNOWN: [Known; 12] = [
    known!("p256", "sha256", ECDSA_P256, ECDSA_SHA256, ZERO_ECDSA),
    known!("p256", "sha384", ECDSA_P256, ECDSA_SHA384, ZERO_ECDSA),
    known!("p256", "sha512", ECDSA_P256, ECDSA_SHA512, ZERO_ECDSA),
    known!("p384", "sha256", ECDSA_P384, ECDSA_SHA256, ZERO_ECDSA),
    known!("p384", "sha384", ECDSA_P384, ECDSA_SHA384, ZERO_ECDSA),
    known!("p384", "sha512", ECDSA_P384, ECDSA_SHA512, ZERO_ECDSA),
    known!("p521", "sha256", ECDSA_P521, ECDSA_SHA256, ZERO_ECDSA),
    known!("p521", "sha384", ECDSA_P521, ECDSA_SHA384, ZERO_ECDSA),
    known!("p521", "sha512", ECDSA_P521, ECDSA_SHA512, ZERO_ECDSA),
    known!("rsa", "sha256", RSA_ENCRYPTION, RSA_PKCS1_SHA256, ZERO_RSA),
    known!("rsa", "sha384", RSA_ENCRYPTION, RSA_PKCS1_SHA384, ZERO_RSA),
    known!("rsa", "sha512", RSA_ENCRYPTION, RSA_PKCS1_SHA512, ZERO_RSA),
];

impl Known {
    pub(super) fn is_of(&self, algorithm: &dyn SignatureVerificationAlgorithm) -> bool {
        self.public_key_algorithm == algorithm.public_key_alg_id()
            && self.signature_algorithm == algorithm.signature_alg_id()
    }

    /// Asks about one good signature and four that are not.
    ///
    /// # Errors
    /// One of the answers is wrong or missing.
    pub(super) fn try_out(&self, host: &HostVerifier) -> Result<(), Flaw> {
        let verdict = |key: &[u8], message, signature: &[u8]| {
            let verdict = host.verdict(key, message, signature);
            verdict.ok_or(Flaw::Silent)
        };
        if !verdict(self.key, MESSAGE, self.signature)? {
            return Err(Flaw::RefusesGood);
        }
        // Not on the curve, or with an even exponent.
        let no_key = with_last_bit_changed(self.key);
        let changed = with_last_bit_changed(self.signature);
        for (key, message, signature) in [
            (self.key, OTHER_MESSAGE, self.signature),
            (self.key, MESSAGE, &changed),
            (self.key, MESSAGE, self.zero),
            (&no_key, MESSAGE, self.signature),
        ] {
            if verdict(key, message, signature)? {
                return Err(Flaw::AcceptsBroken);
            }
        }
        Ok(())
    }
}

fn with_last_bit_changed(bytes: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    if let Some(last) = changed.last_mut() {
        *last ^= 1;
    }
    changed
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "no answer",
            Self::RefusesGood => "refuses a good signature",
            Self::AcceptsBroken => "accepts a broken signature",
        })
    }
}
