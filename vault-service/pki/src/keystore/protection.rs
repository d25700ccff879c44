//! Passphrase-based encryption, told apart by its object identifier.
//!
//! All three formats wrap a private key in the same structure (PKCS#8 EncryptedPrivateKeyInfo) and
//! differ in the algorithm that it names.

use pkcs8::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use pkcs8::der::{Decode as _, Encode as _, Reader as _, SliceReader};
use pkcs8::pkcs5::pbes2::{PBES2_OID, Parameters};
use pkcs8::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::error::KeystoreError;
use super::passphrase::Passphrase;
use super::pkcs12::pbe::Pbe;
use super::work::WorkBudget;
use super::{jceks_protection, jks_protection};
use crate::private_key::PrivateKeyError;
use crate::private_key_encryption;

/// Largest private key, in bytes as it is stored.
pub(super) const MAX_KEY_BYTES: usize = 64 * 1024;

/// Why something was not decrypted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ProtectionError {
    /// The passphrase does not fit.
    WrongPassphrase,
    /// Anything else.
    Other(KeystoreError),
}

impl From<KeystoreError> for ProtectionError {
    fn from(error: KeystoreError) -> Self {
        Self::Other(error)
    }
}

/// Something encrypted, with the algorithm that it says it is encrypted with.
pub(super) struct Protected<'a> {
    pub(super) algorithm: AlgorithmIdentifierRef<'a>,
    pub(super) data: &'a [u8],
}

impl<'a> Protected<'a> {
    /// Reads a PKCS#8 EncryptedPrivateKeyInfo (RFC 5958 section 3).
    pub(super) fn key_from_der(der: &'a [u8]) -> Result<Self, KeystoreError> {
        let read = || {
            let mut reader = SliceReader::new(der)?;
            let protected = reader.sequence(|reader| {
                Ok::<_, pkcs8::der::Error>(Self {
                    algorithm: AlgorithmIdentifierRef::decode(reader)?,
                    data: <&OctetStringRef>::decode(reader)?.as_bytes(),
                })
            })?;
            reader.finish()?;
            Ok::<_, pkcs8::der::Error>(protected)
        };
        if der.len() > MAX_KEY_BYTES {
            return Err(malformed("a private key is too large"));
        }
        read().map_err(|_| malformed("a private key is not an EncryptedPrivateKeyInfo"))
    }

    /// What [`Self::decrypt`] will take, in iterations. No limit is checked but those of PBES2.
    pub(super) fn cost(&self) -> Result<u64, KeystoreError> {
        match self.algorithm.oid {
            PBES2_OID => {
                let parameters = self.pbes2_parameters()?;
                private_key_encryption::cost(&parameters).map_err(pbes2_error)
            }
            jks_protection::OID => Ok(0),
            oid if oid == jceks_protection::OID || Pbe::of(oid).is_some() => {
                Ok(self.parameters()?.iterations)
            }
            oid => Err(unsupported(oid)),
        }
    }

    /// Whether decryption alone shows that the passphrase was right.
    pub(super) fn proves_passphrase(&self) -> bool {
        self.algorithm.oid == jks_protection::OID
    }

    /// The content. A wrong passphrase is sometimes only seen when the result is read: padding looks
    /// right by chance once in 256 times.
    pub(super) fn decrypt(
        &self,
        passphrase: Passphrase<'_>,
        budget: &mut WorkBudget,
    ) -> Result<Zeroizing<Vec<u8>>, ProtectionError> {
        budget.spend(self.cost()?)?;
        match self.algorithm.oid {
            PBES2_OID => self.decrypt_pbes2(passphrase),
            jks_protection::OID => jks_protection::recover(self.data, passphrase),
            jceks_protection::OID => {
                jceks_protection::decrypt(&self.parameters()?, self.data, passphrase)
            }
            oid => {
                let pbe = Pbe::of(oid).ok_or_else(|| unsupported(oid))?;
                pbe.decrypt(&self.parameters()?, self.data, passphrase)
            }
        }
    }

    /// Parameters of the older schemes, all of which have the same: a salt and a count.
    fn parameters(&self) -> Result<SaltAndIterations<'a>, KeystoreError> {
        let read = |parameters: AnyRef<'a>| {
            parameters.sequence(|reader| {
                Ok::<_, pkcs8::der::Error>(SaltAndIterations {
                    salt: <&OctetStringRef>::decode(reader)?.as_bytes(),
                    iterations: u64::from(u32::decode(reader)?),
                })
            })
        };
        let parameters = self.algorithm.parameters.and_then(|any| read(any).ok());
        let parameters = parameters.ok_or_else(|| malformed("the encryption parameters"))?;
        if parameters.iterations == 0 {
            return Err(malformed("an iteration count is zero"));
        }
        Ok(parameters)
    }

    fn pbes2_parameters(&self) -> Result<Parameters, KeystoreError> {
        let der = self.algorithm.parameters.and_then(|any| any.to_der().ok());
        let der = der.ok_or_else(|| malformed("the PBES2 parameters"))?;
        Parameters::from_der(&der)
            .map_err(|error| pbes2_error(private_key_encryption::unreadable(&error)))
    }

    fn decrypt_pbes2(
        &self,
        passphrase: Passphrase<'_>,
    ) -> Result<Zeroizing<Vec<u8>>, ProtectionError> {
        let parameters = self.pbes2_parameters()?;
        private_key_encryption::decrypt_with(&parameters, passphrase.utf8(), self.data).map_err(
            |error| match error {
                PrivateKeyError::WrongPassphrase => ProtectionError::WrongPassphrase,
                other => pbes2_error(other).into(),
            },
        )
    }
}

/// PBEParameter (RFC 8018 appendix A.3, RFC 7292 appendix C).
pub(super) struct SaltAndIterations<'a> {
    pub(super) salt: &'a [u8],
    pub(super) iterations: u64,
}

/// An algorithm that is not supported, with its name if it is one that keystores are known to have.
pub(super) fn unsupported(oid: ObjectIdentifier) -> KeystoreError {
    unsupported_oid(&oid.to_string())
}

fn unsupported_oid(oid: &str) -> KeystoreError {
    let names = [
        ("1.2.840.113549.1.12.1.1", "PBE-SHA1-RC4-128"),
        ("1.2.840.113549.1.12.1.2", "PBE-SHA1-RC4-40"),
        ("1.2.840.113549.1.5.1", "PBE-MD2-DES"),
        ("1.2.840.113549.1.5.3", "PBE-MD5-DES"),
        ("1.2.840.113549.1.5.10", "PBE-SHA1-DES"),
        ("1.2.840.113549.1.5.14", "PBMAC1"),
        ("1.2.840.113549.2.7", "HMAC-SHA1"),
        ("1.2.840.113549.3.2", "RC2-CBC"),
        ("1.2.840.113549.3.7", "DES-EDE3-CBC"),
        ("1.3.14.3.2.7", "DES-CBC"),
        ("1.2.392.200011.61.1.1.1.2", "CAMELLIA-128-CBC"),
        ("1.2.392.200011.61.1.1.1.3", "CAMELLIA-192-CBC"),
        ("1.2.392.200011.61.1.1.1.4", "CAMELLIA-256-CBC"),
    ];
    let name = names.into_iter().find(|(known, _)| *known == oid);
    KeystoreError::UnsupportedCipher {
        oid: name.map_or_else(|| oid.to_owned(), |(_, name)| format!("{oid} ({name})")),
    }
}

fn pbes2_error(error: PrivateKeyError) -> KeystoreError {
    match error {
        PrivateKeyError::UnsupportedEncryption { oid } => unsupported_oid(&oid),
        PrivateKeyError::Pbkdf2Iterations { iterations: 0, .. } => {
            malformed("an iteration count is zero")
        }
        PrivateKeyError::Pbkdf2Iterations { iterations, limit } => KeystoreError::TooMuchWork {
            iterations: iterations.into(),
            limit: limit.into(),
        },
        PrivateKeyError::ScryptMemory { bytes, limit } => {
            KeystoreError::TooMuchMemory { bytes, limit }
        }
        _ => malformed("the PBES2 parameters"),
    }
}

pub(super) fn malformed(what: &'static str) -> KeystoreError {
    KeystoreError::Malformed { what }
}
