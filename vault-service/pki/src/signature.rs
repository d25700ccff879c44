//! Signature algorithms for certificates.
//!
//! Path validation takes them as a list of `SignatureVerificationAlgorithm`, so that another
//! verifier (a host call of the gateway, for example) can be passed in their place.

mod ecdsa;
mod ed25519;
mod rsa;

use std::fmt;

use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use sha2::{Sha256, Sha384, Sha512};

/// Everything that is accepted: ECDSA on three curves and RSA (PKCS#1 v1.5 and PSS, 2048 to 8192
/// bits) with SHA-256, SHA-384 and SHA-512, and Ed25519. Nothing with SHA-1.
pub static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    &Algorithm {
        name: "ECDSA P-256 SHA-256",
        public_key: alg_id::ECDSA_P256,
        signature: alg_id::ECDSA_SHA256,
        verify: ecdsa::p256::<Sha256>,
    },
    &Algorithm {
        name: "ECDSA P-256 SHA-384",
        public_key: alg_id::ECDSA_P256,
        signature: alg_id::ECDSA_SHA384,
        verify: ecdsa::p256::<Sha384>,
    },
    &Algorithm {
        name: "ECDSA P-256 SHA-512",
        public_key: alg_id::ECDSA_P256,
        signature: alg_id::ECDSA_SHA512,
        verify: ecdsa::p256::<Sha512>,
    },
    &Algorithm {
        name: "ECDSA P-384 SHA-256",
        public_key: alg_id::ECDSA_P384,
        signature: alg_id::ECDSA_SHA256,
        verify: ecdsa::p384::<Sha256>,
    },
    &Algorithm {
        name: "ECDSA P-384 SHA-384",
        public_key: alg_id::ECDSA_P384,
        signature: alg_id::ECDSA_SHA384,
        verify: ecdsa::p384::<Sha384>,
    },
    &Algorithm {
        name: "ECDSA P-384 SHA-512",
        public_key: alg_id::ECDSA_P384,
        signature: alg_id::ECDSA_SHA512,
        verify: ecdsa::p384::<Sha512>,
    },
    &Algorithm {
        name: "ECDSA P-521 SHA-256",
        public_key: alg_id::ECDSA_P521,
        signature: alg_id::ECDSA_SHA256,
        verify: ecdsa::p521::<Sha256>,
    },
    &Algorithm {
        name: "ECDSA P-521 SHA-384",
        public_key: alg_id::ECDSA_P521,
        signature: alg_id::ECDSA_SHA384,
        verify: ecdsa::p521::<Sha384>,
    },
    &Algorithm {
        name: "ECDSA P-521 SHA-512",
        public_key: alg_id::ECDSA_P521,
        signature: alg_id::ECDSA_SHA512,
        verify: ecdsa::p521::<Sha512>,
    },
    &Algorithm {
        name: "RSA PKCS#1 SHA-256",
        public_key: alg_id::RSA_ENCRYPTION,
        signature: alg_id::RSA_PKCS1_SHA256,
        verify: rsa::pkcs1v15::<Sha256>,
    },
    &Algorithm {
        name: "RSA PKCS#1 SHA-384",
        public_key: alg_id::RSA_ENCRYPTION,
        signature: alg_id::RSA_PKCS1_SHA384,
        verify: rsa::pkcs1v15::<Sha384>,
    },
    &Algorithm {
        name: "RSA PKCS#1 SHA-512",
        public_key: alg_id::RSA_ENCRYPTION,
        signature: alg_id::RSA_PKCS1_SHA512,
        verify: rsa::pkcs1v15::<Sha512>,
    },
    &Algorithm {
        name: "RSA PSS SHA-256",
        public_key: alg_id::RSA_ENCRYPTION,
        signature: alg_id::RSA_PSS_SHA256,
        verify: rsa::pss::<Sha256>,
    },
    &Algorithm {
        name: "RSA PSS SHA-384",
        public_key: alg_id::RSA_ENCRYPTION,
        signature: alg_id::RSA_PSS_SHA384,
        verify: rsa::pss::<Sha384>,
    },
    &Algorithm {
        name: "RSA PSS SHA-512",
        public_key: alg_id::RSA_ENCRYPTION,
        signature: alg_id::RSA_PSS_SHA512,
        verify: rsa::pss::<Sha512>,
    },
    &Algorithm {
        name: "Ed25519",
        public_key: alg_id::ED25519,
        signature: alg_id::ED25519,
        verify: ed25519::strict,
    },
];

/// Public key, message, signature.
type Verify = fn(&[u8], &[u8], &[u8]) -> Result<(), InvalidSignature>;

struct Algorithm {
    name: &'static str,
    public_key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    verify: Verify,
}

impl SignatureVerificationAlgorithm for Algorithm {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        (self.verify)(public_key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.public_key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

impl fmt::Debug for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
