//! The kind and size of a public key, and which of them are good enough.

use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521,
    OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519,
};
use x509_parser::public_key::PublicKey as ParsedKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// RSA modulus sizes accepted, in bits.
pub(crate) const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Longest RSA public exponent: the `rsa` crate allows 33 bits.
pub(crate) const RSA_EXPONENT_BYTES: usize = 5;

/// What kind of key a SubjectPublicKeyInfo holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Rsa { bits: usize },
    P256,
    P384,
    P521,
    Ed25519,
    Other { algorithm: String },
}

/// Why a public key is not good enough to authenticate anybody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// RSA modulus outside 2048..=8192 bits, or not a multiple of 8 bits.
    #[error("RSA key of {bits} bits: 2048 to 8192 bits, a multiple of 8, are accepted")]
    RsaSize {
        /// Length of the modulus in bits.
        bits: usize,
    },
    /// Neither RSA, nor EC on P-256, P-384 or P-521, nor Ed25519.
    #[error("public key algorithm {algorithm} is not supported")]
    UnsupportedAlgorithm {
        /// Object identifier of the algorithm, or of the curve for EC keys.
        algorithm: String,
    },
}

impl PublicKey {
    /// Reads the kind of key; `None` if the structure is not what its algorithm promises.
    pub(crate) fn from_spki(spki: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        let algorithm = &spki.algorithm.algorithm;
        if *algorithm == OID_PKCS1_RSAENCRYPTION {
            let Ok(ParsedKey::RSA(key)) = spki.parsed() else {
                return None;
            };
            return Some(Self::Rsa {
                bits: bit_length(key.modulus),
            });
        }
        if *algorithm == OID_SIG_ED25519 {
            return Some(Self::Ed25519);
        }
        if *algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY {
            return Some(Self::Other {
                algorithm: algorithm.to_id_string(),
            });
        }
        let curve = spki.algorithm.parameters.as_ref()?.as_oid().ok();
        Some(match curve {
            Some(curve) if curve == OID_EC_P256 => Self::P256,
            Some(curve) if curve == OID_NIST_EC_P384 => Self::P384,
            Some(curve) if curve == OID_NIST_EC_P521 => Self::P521,
            Some(curve) => Self::Other {
                algorithm: curve.to_id_string(),
            },
            None => Self::Other {
                algorithm: algorithm.to_id_string(),
            },
        })
    }

    /// The algorithm's usual name, or its object identifier.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Rsa { .. } => "RSA",
            Self::P256 | Self::P384 | Self::P521 => "EC",
            Self::Ed25519 => "Ed25519",
            Self::Other { algorithm } => algorithm,
        }
    }

    /// Whether the key may take part in a path at all: as anchor, intermediate or peer.
    pub(crate) fn check(&self) -> Result<(), KeyError> {
        match self {
            Self::Rsa { bits } if !RSA_BITS.contains(bits) || bits % 8 != 0 => {
                Err(KeyError::RsaSize { bits: *bits })
            }
            Self::Other { algorithm } => Err(KeyError::UnsupportedAlgorithm {
                algorithm: algorithm.clone(),
            }),
            Self::Rsa { .. } | Self::P256 | Self::P384 | Self::P521 | Self::Ed25519 => Ok(()),
        }
    }
}

/// Bits of a big-endian unsigned integer.
pub(crate) fn bit_length(integer: &[u8]) -> usize {
    let Some(first) = integer.iter().position(|byte| *byte != 0) else {
        return 0;
    };
    let significant = integer.get(first..).unwrap_or_default();
    let leading_zeros = significant.first().map_or(0, |byte| byte.leading_zeros());
    significant.len() * 8 - leading_zeros as usize
}

#[cfg(test)]
mod tests {
    use super::{KeyError, PublicKey, bit_length};

    #[test]
    fn leading_zeros_do_not_count_as_key_size() {
        for (integer, bits) in [
            (&[][..], 0),
            (&[0, 0][..], 0),
            (&[1][..], 1),
            (&[0, 0x80][..], 8),
            (&[0x01, 0x00][..], 9),
            (&[0xff, 0xff][..], 16),
        ] {
            assert_eq!(bit_length(integer), bits, "{integer:?}");
        }
    }

    #[test]
    fn rsa_sizes_are_limited_on_both_sides() {
        for (bits, accepted) in [
            (1024, false),
            (2047, false),
            (2048, true),
            (2052, false),
            (8192, true),
            (8200, false),
        ] {
            let verdict = PublicKey::Rsa { bits }.check();
            assert_eq!(verdict.is_ok(), accepted, "{bits}");
            if !accepted {
                assert_eq!(verdict, Err(KeyError::RsaSize { bits }));
            }
        }
    }
}
