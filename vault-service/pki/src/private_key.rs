//! Private keys from PEM files, and the public key that belongs to each.

use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, UintRef};
use pkcs8::der::{Decode as _, SecretDocument};
use pkcs8::spki::{AlgorithmIdentifierRef, EncodePublicKey};
use sec1::{EcParameters, EcPrivateKey};
use zeroize::Zeroizing;

use crate::digest::Digest;
use crate::pem_block::{PemBlock, PemBlockError};
use crate::pem_bundle::{MAX_PEM_BLOCKS, MAX_PEM_BYTES};
use crate::private_key_encryption;
use crate::public_key::{KeyError, RSA_BITS, RSA_EXPONENT_BYTES, bit_length};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// What tools write into the same file as a key.
const BESIDE_KEYS: [&str; 11] = [
    "CERTIFICATE",
    "X509 CERTIFICATE",
    "X.509 CERTIFICATE",
    "TRUSTED CERTIFICATE",
    "CERTIFICATE REQUEST",
    "NEW CERTIFICATE REQUEST",
    "X509 CRL",
    "PKCS7",
    "PUBLIC KEY",
    "EC PARAMETERS",
    "DH PARAMETERS",
];

/// A private key whose numbers fit together. Zeroed when dropped, never printed.
pub struct PrivateKey {
    pkcs8: Zeroizing<Vec<u8>>,
    spki_sha256: Digest,
    algorithm: &'static str,
}

/// Why a PEM file is not a usable private key. Never contains any of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// Larger than [`MAX_PEM_BYTES`], or more blocks than [`MAX_PEM_BLOCKS`].
    #[error(
        "the private key file is too large: at most {MAX_PEM_BYTES} bytes and {MAX_PEM_BLOCKS} blocks are accepted"
    )]
    TooLarge,
    /// Not text (a DER file, perhaps).
    #[error("not a PEM file: it is not text (a DER file has to be converted to PEM first)")]
    NotText,
    /// The BEGIN and END lines do not match, or what is between them is not base64.
    #[error("the PEM framing or base64 of block {block} is damaged")]
    DamagedBlock {
        /// Which block, counted from 1.
        block: usize,
    },
    /// No private key in the file.
    #[error("no private key found: a line `-----BEGIN PRIVATE KEY-----` is missing")]
    NoKey,
    /// More than one private key in the file.
    #[error("{count} private keys found where exactly one is wanted")]
    MoreThanOne {
        /// How many.
        count: usize,
    },
    /// A block that is neither a private key in a supported format nor something that often comes
    /// with one.
    #[error(
        "block `{label}` is not supported: convert the key with `openssl pkcs8 -topk8 -in old.key -out new.key`"
    )]
    UnsupportedLabel {
        /// What the block says it is.
        label: String,
    },
    /// Encrypted in the OpenSSL format that has `Proc-Type` and `DEK-Info` lines (RFC 1421 style,
    /// one MD5 round per key).
    #[error(
        "the key is encrypted in the legacy OpenSSL format (Proc-Type, DEK-Info): convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -in old.key -out new.key`"
    )]
    LegacyEncryption,
    /// Encrypted, but no passphrase was given.
    #[error("the private key is encrypted and no passphrase was given")]
    PassphraseNeeded,
    /// The passphrase does not decrypt it.
    #[error("the passphrase does not decrypt the private key")]
    WrongPassphrase,
    /// Encrypted with a scheme, key derivation or cipher that is not accepted.
    #[error(
        "the private key is encrypted with the unsupported algorithm {oid}: convert it with `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -in old.key -out new.key`"
    )]
    UnsupportedEncryption {
        /// Dotted object identifier.
        oid: String,
    },
    /// A PBKDF2 iteration count outside of the limits; nothing was computed.
    #[error("{iterations} PBKDF2 iterations: 1 to {limit} are accepted")]
    Pbkdf2Iterations {
        /// What the file asks for.
        iterations: u32,
        /// The most that is accepted.
        limit: u32,
    },
    /// scrypt parameters above the limits; nothing was computed.
    #[error("scrypt over {bytes} bytes: at most {limit} are accepted")]
    ScryptMemory {
        /// What the file asks for, in bytes (memory, times parallelization).
        bytes: u64,
        /// The most that is accepted.
        limit: u64,
    },
    /// Not the structure that the label promises, or numbers that do not fit together.
    #[error("the private key is malformed or its parts do not fit together")]
    Malformed,
    /// A key that is too weak or of an unknown kind.
    #[error("private key: {0}")]
    Key(#[from] KeyError),
}

impl PrivateKey {
    /// Reads the one private key of a PEM file: `PRIVATE KEY` (PKCS#8), `ENCRYPTED PRIVATE KEY`
    /// (PKCS#8 with PBES2), `RSA PRIVATE KEY` (PKCS#1) or `EC PRIVATE KEY` (SEC 1). What tools
    /// write beside it (certificates, requests, parameters) is skipped. A passphrase for a key that is not encrypted is ignored.
    ///
    /// RSA of 2048 to 8192 bits, EC on P-256, P-384 and P-521, and Ed25519.
    ///
    /// # Errors
    /// See [`PrivateKeyError`].
    pub fn from_pem(pem: &[u8], passphrase: Option<&str>) -> Result<Self, PrivateKeyError> {
        if pem.len() > MAX_PEM_BYTES {
            return Err(PrivateKeyError::TooLarge);
        }
        let text = std::str::from_utf8(pem).map_err(|_| PrivateKeyError::NotText)?;
        let blocks = PemBlock::all(text)
            .map_err(|(before, _)| PrivateKeyError::DamagedBlock { block: before + 1 })?;
        if blocks.len() > MAX_PEM_BLOCKS {
            return Err(PrivateKeyError::TooLarge);
        }
        Self::from_blocks(&blocks, passphrase)
    }

    /// The one private key among blocks, where those that tools write beside it do not
    /// count.
    pub(crate) fn from_blocks(
        blocks: &[PemBlock<'_>],
        passphrase: Option<&str>,
    ) -> Result<Self, PrivateKeyError> {
        let numbered = (1..).zip(blocks);
        let mut keys: Vec<_> = numbered
            .filter(|(_, block)| !BESIDE_KEYS.contains(&block.label))
            .collect();
        let Some((number, block)) = keys.pop() else {
            return Err(PrivateKeyError::NoKey);
        };
        if !keys.is_empty() {
            return Err(PrivateKeyError::MoreThanOne {
                count: keys.len() + 1,
            });
        }
        Self::from_block(number, block, passphrase)
    }

    /// SHA-256 of the SubjectPublicKeyInfo of the public key that belongs to this private key:
    /// equal to [`crate::Certificate::spki_sha256`] of the certificate it is for.
    pub fn spki_sha256(&self) -> Digest {
        self.spki_sha256
    }

    /// `RSA`, `EC P-256`, `EC P-384`, `EC P-521` or `Ed25519`.
    pub fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    /// The key as an unencrypted PKCS#8 PrivateKeyInfo. Secret: keep the borrow short.
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    fn from_block(
        number: usize,
        block: &PemBlock<'_>,
        passphrase: Option<&str>,
    ) -> Result<Self, PrivateKeyError> {
        if block.has_headers() {
            return Err(PrivateKeyError::LegacyEncryption);
        }
        let decode = || {
            block.decode().map_err(|error| match error {
                PemBlockError::Base64
                | PemBlockError::MismatchedEnd
                | PemBlockError::Unterminated => PrivateKeyError::DamagedBlock { block: number },
            })
        };
        match block.label {
            "PRIVATE KEY" => Self::from_pkcs8(decode()?),
            "ENCRYPTED PRIVATE KEY" => {
                let der = decode()?;
                let passphrase = passphrase.ok_or(PrivateKeyError::PassphraseNeeded)?;
                let decrypted = private_key_encryption::decrypt(&der, passphrase)?;
                // One wrong passphrase in 256 leaves a padding that looks right.
                Self::from_pkcs8(decrypted).map_err(|error| match error {
                    PrivateKeyError::Malformed => PrivateKeyError::WrongPassphrase,
                    other => other,
                })
            }
            "RSA PRIVATE KEY" => Self::from_pkcs8(pkcs8_of_pkcs1(&decode()?)?),
            "EC PRIVATE KEY" => Self::from_pkcs8(pkcs8_of_sec1(&decode()?)?),
            _ => Err(PrivateKeyError::UnsupportedLabel {
                label: block.shown_label(),
            }),
        }
    }

    /// Takes over an unencrypted PKCS#8 PrivateKeyInfo, without the public key that version 2 may have beside it.
    ///
    /// # Errors
    /// Not that structure, numbers that do not fit together, or a key that is too weak or of an
    /// unknown kind.
    pub fn from_pkcs8(pkcs8: Zeroizing<Vec<u8>>) -> Result<Self, PrivateKeyError> {
        let (algorithm, spki_sha256) = public_half(&pkcs8)?;
        Ok(Self {
            pkcs8: without_public_key(pkcs8)?,
            spki_sha256,
            algorithm,
        })
    }
}

/// Name of the algorithm and digest of the SubjectPublicKeyInfo, computed from the private numbers.
fn public_half(pkcs8: &[u8]) -> Result<(&'static str, Digest), PrivateKeyError> {
    let info = PrivateKeyInfoRef::from_der(pkcs8).map_err(|_| PrivateKeyError::Malformed)?;
    match info.algorithm.oid {
        RSA_ENCRYPTION => Ok(("RSA", rsa_public_half(info)?)),
        ED25519 => {
            let key = ed25519_dalek::SigningKey::try_from(info)
                .map_err(|_| PrivateKeyError::Malformed)?;
            Ok(("Ed25519", spki_digest(&key.verifying_key())?))
        }
        EC_PUBLIC_KEY => match info
            .algorithm
            .parameters_oid()
            .map_err(|_| PrivateKeyError::Malformed)?
        {
            P256 => {
                let key =
                    p256::SecretKey::try_from(info).map_err(|_| PrivateKeyError::Malformed)?;
                Ok(("EC P-256", spki_digest(&key.public_key())?))
            }
            P384 => {
                let key =
                    p384::SecretKey::try_from(info).map_err(|_| PrivateKeyError::Malformed)?;
                Ok(("EC P-384", spki_digest(&key.public_key())?))
            }
            P521 => {
                let key =
                    p521::SecretKey::try_from(info).map_err(|_| PrivateKeyError::Malformed)?;
                Ok(("EC P-521", spki_digest(&key.public_key())?))
            }
            curve => Err(unsupported(curve)),
        },
        algorithm => Err(unsupported(algorithm)),
    }
}

/// Sizes are checked before the numbers are computed with.
fn rsa_public_half(info: PrivateKeyInfoRef<'_>) -> Result<Digest, PrivateKeyError> {
    let numbers = rsa::pkcs1::RsaPrivateKey::<UintRef<'_>>::from_der(info.private_key.as_bytes())
        .map_err(|_| PrivateKeyError::Malformed)?;
    let bits = bit_length(numbers.modulus.as_bytes());
    if !RSA_BITS.contains(&bits) || !bits.is_multiple_of(8) {
        return Err(KeyError::RsaSize { bits }.into());
    }
    if numbers.public_exponent.as_bytes().len() > RSA_EXPONENT_BYTES {
        return Err(PrivateKeyError::Malformed);
    }
    let key = rsa::PrivateKey::try_from(info).map_err(|_| PrivateKeyError::Malformed)?;
    spki_digest(&key.to_public_key())
}

fn spki_digest(key: &impl EncodePublicKey) -> Result<Digest, PrivateKeyError> {
    let spki = key
        .to_public_key_der()
        .map_err(|_| PrivateKeyError::Malformed)?;
    Ok(Digest::of(spki.as_bytes()))
}

fn pkcs8_of_pkcs1(pkcs1: &[u8]) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    wrap(RSA_ENCRYPTION, AnyRef::NULL, pkcs1)
}

fn pkcs8_of_sec1(sec1: &[u8]) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    let key = EcPrivateKey::from_der(sec1).map_err(|_| PrivateKeyError::Malformed)?;
    let curve = key
        .parameters
        .and_then(EcParameters::named_curve)
        .ok_or(PrivateKeyError::Malformed)?;
    wrap(EC_PUBLIC_KEY, AnyRef::from(&curve), sec1)
}

/// A PKCS#8 PrivateKeyInfo (RFC 5958 section 2) around the older form of the same key.
fn wrap(
    algorithm: ObjectIdentifier,
    parameters: AnyRef<'_>,
    private_key: &[u8],
) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    let private_key = OctetStringRef::new(private_key).map_err(|_| PrivateKeyError::Malformed)?;
    let algorithm = AlgorithmIdentifierRef {
        oid: algorithm,
        parameters: Some(parameters),
    };
    version_1(algorithm, private_key)
}

/// The form of RFC 5208: of RFC 5958's version 2 many readers know nothing, Envoy among them.
fn without_public_key(pkcs8: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    let info = PrivateKeyInfoRef::from_der(&pkcs8).map_err(|_| PrivateKeyError::Malformed)?;
    match info.public_key {
        None => Ok(pkcs8),
        Some(_) => version_1(info.algorithm, info.private_key),
    }
}

fn version_1(
    algorithm: AlgorithmIdentifierRef<'_>,
    private_key: &OctetStringRef,
) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    let info = PrivateKeyInfoRef::new(algorithm, private_key);
    SecretDocument::encode_msg(&info)
        .map(|document| document.to_bytes())
        .map_err(|_| PrivateKeyError::Malformed)
}

fn unsupported(oid: ObjectIdentifier) -> PrivateKeyError {
    let algorithm = oid.to_string();
    KeyError::UnsupportedAlgorithm { algorithm }.into()
}
