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

/// Whether a public key, the bits of its SubjectPublicKeyInfo, is one that a verifier may be asked
/// about: on the curves an uncompressed point (SEC 1 section 2.3.3), for RSA a modulus of 2048 to
/// 8192 bits and an exponent of at most 5 bytes (RFC 8017 appendix A.1.1), for Ed25519 32 bytes.
///
/// The verifiers here ask it themselves; one that takes the place of theirs has to.
///
/// # Errors
/// The key is none of these.
pub fn check_key(
    algorithm: AlgorithmIdentifier,
    public_key: &[u8],
) -> Result<(), InvalidSignature> {
    let accepted = match algorithm {
        alg_id::ECDSA_P256 => ecdsa::is_point(public_key, 32),
        alg_id::ECDSA_P384 => ecdsa::is_point(public_key, 48),
        alg_id::ECDSA_P521 => ecdsa::is_point(public_key, 66),
        alg_id::RSA_ENCRYPTION => return rsa::parse_key(public_key).map(|_| ()),
        alg_id::ED25519 => public_key.len() == 32,
        _ => false,
    };
    if accepted {
        Ok(())
    } else {
        Err(InvalidSignature)
    }
}

/// Whether signatures under keys of this algorithm are verified here at all. Without the feature `ecdsa`
/// those of ECDSA are refused, and are for a host to verify.
pub fn is_verified_here(public_key: AlgorithmIdentifier) -> bool {
    let ecdsa = [alg_id::ECDSA_P256, alg_id::ECDSA_P384, alg_id::ECDSA_P521];
    cfg!(feature = "ecdsa") || !ecdsa.contains(&public_key)
}

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
        check_key(self.public_key, public_key)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_uncompressed_points_of_the_right_length_are_keys() {
        for (algorithm, length) in [
            (alg_id::ECDSA_P256, 65),
            (alg_id::ECDSA_P384, 97),
            (alg_id::ECDSA_P521, 133),
        ] {
            let mut point = vec![4; length];
            assert!(check_key(algorithm, &point).is_ok());
            for form in [0, 2, 3, 5, 6, 7] {
                point[0] = form;
                assert!(check_key(algorithm, &point).is_err(), "{form}");
            }
            for other in [0, 1, length - 1, length + 1, 33] {
                assert!(check_key(algorithm, &vec![4; other]).is_err(), "{other}");
            }
        }
    }

    #[test]
    fn rsa_keys_outside_the_limits_are_not_keys() {
        // SEQUENCE of two INTEGERs with two-byte lengths, as they are from 128 bytes on.
        let key = |modulus: usize, exponent: &[u8]| {
            let integer = |content: &[u8]| {
                let length = u16::try_from(content.len()).unwrap().to_be_bytes();
                match content.len() {
                    0..=127 => [&[2, length[1]], content].concat(),
                    128..=255 => [&[2, 0x81, length[1]], content].concat(),
                    _ => [&[2, 0x82, length[0], length[1]], content].concat(),
                }
            };
            let modulus = [&[0][..], &vec![0xff; modulus / 8]].concat();
            let content = [integer(&modulus), integer(exponent)].concat();
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            match content.len() {
                0..=255 => [&[0x30, 0x81, length[1]], &content[..]].concat(),
                _ => [&[0x30, 0x82, length[0], length[1]], &content[..]].concat(),
            }
        };
        let verdict = |key: &[u8]| check_key(alg_id::RSA_ENCRYPTION, key).is_ok();
        for (bits, accepted) in [
            (1024, false),
            (2040, false),
            (2048, true),
            (8192, true),
            (8200, false),
        ] {
            assert_eq!(verdict(&key(bits, &[1, 0, 1])), accepted, "{bits}");
        }
        assert!(verdict(&key(2048, &[1, 0, 0, 0, 1])));
        assert!(!verdict(&key(2048, &[1, 0, 0, 0, 0, 1])));
        let good = key(2048, &[1, 0, 1]);
        assert!(!verdict(&good[..good.len() - 1]));
        assert!(!verdict(&[&good[..], &[0]].concat()));
        assert!(!verdict(&[]));
    }

    #[test]
    fn no_other_algorithm_has_keys() {
        assert!(check_key(alg_id::ED25519, &[1; 32]).is_ok());
        assert!(check_key(alg_id::ED25519, &[1; 33]).is_err());
        assert!(check_key(alg_id::ECDSA_P256K1, &[4; 65]).is_err());
    }
}
