//! The key of the content, wrapped and unwrapped with ours (RFC 7518 sections 4.4 to 4.8).

use aes_gcm::Aes256Gcm;
use aes_kw::aes::{Aes128, Aes256};
use aes_kw::cipher::consts::U16;
use aes_kw::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser};
use aes_kw::{AesKw, IV_LEN, KeyInit};
use sha2::Sha512;
use zeroize::Zeroizing;

use super::content;
use super::header::Header;
use super::{ContentEncryption, ITERATIONS, JweError, KeyManagement, Profile};
use crate::key::Key;

/// Longest password, in bytes: hashing it is work.
const MAX_PASSWORD_BYTES: usize = 1024;

/// A key of the content, and what tells the recipient about it.
pub(super) struct Wrapped {
    pub(super) content_key: Zeroizing<Vec<u8>>,
    pub(super) encrypted_key: Vec<u8>,
    pub(super) parameters: Parameters,
}

/// What `alg` puts into the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parameters {
    None,
    /// `iv` and `tag`.
    Gcm {
        nonce: Vec<u8>,
        tag: Vec<u8>,
    },
    /// `p2s` and `p2c`.
    Password {
        salt: Vec<u8>,
        iterations: u32,
    },
}

/// A key of the content of the right length: zeros if the wrapped one does not fit.
pub(super) struct Unwrapped {
    pub(super) content_key: Zeroizing<Vec<u8>>,
    pub(super) fits: bool,
}

impl KeyManagement {
    /// Its name in `alg`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dir => "dir",
            Self::A128Kw => "A128KW",
            Self::A256Kw => "A256KW",
            Self::A256GcmKw => "A256GCMKW",
            Self::Pbes2Hs512A256Kw => "PBES2-HS512+A256KW",
        }
    }

    /// Length of its key; none for passwords.
    pub const fn key_bytes(self, content: ContentEncryption) -> Option<usize> {
        match self {
            Self::Dir => Some(content.key_bytes()),
            Self::A128Kw => Some(16),
            Self::A256Kw | Self::A256GcmKw => Some(32),
            Self::Pbes2Hs512A256Kw => None,
        }
    }

    pub(super) fn key_bytes_text(self, content: ContentEncryption) -> String {
        match self.key_bytes(content) {
            Some(bytes) => bytes.to_string(),
            None => format!("1 to {MAX_PASSWORD_BYTES}"),
        }
    }
}

impl Profile {
    pub(super) fn wrap(
        &self,
        key: &Key,
        fresh: &[u8; 32],
        nonce: [u8; 12],
        salt: [u8; 16],
    ) -> Result<Wrapped, JweError> {
        self.check_key(key)?;
        let length = self.content_encryption.key_bytes();
        let fresh = fresh.get(..length).unwrap_or_default();
        let content_key = Zeroizing::new(fresh.to_vec());
        let (encrypted_key, parameters) = match self.key_management {
            KeyManagement::Dir => {
                return Ok(Wrapped {
                    content_key: Zeroizing::new(key.bytes().to_vec()),
                    encrypted_key: Vec::new(),
                    parameters: Parameters::None,
                });
            }
            KeyManagement::A128Kw => (wrap::<Aes128>(key.bytes(), fresh), Parameters::None),
            KeyManagement::A256Kw => (wrap::<Aes256>(key.bytes(), fresh), Parameters::None),
            KeyManagement::A256GcmKw => {
                let mut encrypted = fresh.to_vec();
                let tag = content::seal::<Aes256Gcm>(key.bytes(), &nonce, b"", &mut encrypted);
                let parameters = tag.map_or(Parameters::None, |tag| Parameters::Gcm {
                    nonce: nonce.to_vec(),
                    tag: tag.to_vec(),
                });
                (tag.map(|_| encrypted), parameters)
            }
            KeyManagement::Pbes2Hs512A256Kw => {
                let iterations = self.iterations;
                check_iterations(iterations.into(), ITERATIONS)?;
                let derived = derive(key.bytes(), &salt, iterations);
                let salt = salt.to_vec();
                (
                    wrap::<Aes256>(&*derived, fresh),
                    Parameters::Password { salt, iterations },
                )
            }
        };
        Ok(Wrapped {
            content_key,
            // Lengths are checked above: there is always one.
            encrypted_key: encrypted_key.ok_or(JweError::Authentication)?,
            parameters,
        })
    }

    pub(super) fn unwrap(
        &self,
        key: &Key,
        header: &Header,
        encrypted_key: &[u8],
    ) -> Result<Unwrapped, JweError> {
        self.check_key(key)?;
        let length = self.content_encryption.key_bytes();
        let content_key = match (self.key_management, &header.parameters) {
            // Looked at first: unwrapping takes the longer, the longer it is.
            _ if encrypted_key.len() != self.encrypted_key_bytes() => None,
            (KeyManagement::Dir, _) => Some(Zeroizing::new(key.bytes().to_vec())),
            (KeyManagement::A128Kw, _) => unwrap::<Aes128>(key.bytes(), encrypted_key),
            (KeyManagement::A256Kw, _) => unwrap::<Aes256>(key.bytes(), encrypted_key),
            (KeyManagement::A256GcmKw, Parameters::Gcm { nonce, tag }) => {
                let mut opened = Zeroizing::new(encrypted_key.to_vec());
                content::open::<Aes256Gcm>(key.bytes(), nonce, b"", &mut opened, tag)
                    .map(|()| opened)
            }
            (KeyManagement::Pbes2Hs512A256Kw, Parameters::Password { salt, iterations }) => {
                unwrap::<Aes256>(&*derive(key.bytes(), salt, *iterations), encrypted_key)
            }
            // The header is read by the same profile.
            _ => None,
        };
        Ok(Unwrapped {
            fits: content_key.is_some(),
            content_key: content_key.unwrap_or_else(|| Zeroizing::new(vec![0; length])),
        })
    }

    const fn encrypted_key_bytes(&self) -> usize {
        let length = self.content_encryption.key_bytes();
        match self.key_management {
            KeyManagement::Dir => 0,
            KeyManagement::A256GcmKw => length,
            KeyManagement::A128Kw | KeyManagement::A256Kw | KeyManagement::Pbes2Hs512A256Kw => {
                length + IV_LEN
            }
        }
    }

    /// Whether a key fits the algorithms.
    ///
    /// # Errors
    /// [`JweError::KeyLength`].
    pub fn check_key(&self, key: &Key) -> Result<(), JweError> {
        let found = key.bytes().len();
        let fits = match self.key_management.key_bytes(self.content_encryption) {
            Some(bytes) => found == bytes,
            None => (1..=MAX_PASSWORD_BYTES).contains(&found),
        };
        match fits {
            true => Ok(()),
            false => Err(JweError::KeyLength {
                key_management: self.key_management,
                content_encryption: self.content_encryption,
                found,
            }),
        }
    }
}

pub(super) fn check_iterations(
    found: u64,
    accepted: std::ops::RangeInclusive<u32>,
) -> Result<u32, JweError> {
    match u32::try_from(found) {
        Ok(iterations) if accepted.contains(&iterations) => Ok(iterations),
        _ => Err(JweError::Iterations { found, accepted }),
    }
}

/// Section 4.8.1.1: the salt is the name of the algorithm, a zero, and `p2s`.
fn derive(password: &[u8], p2s: &[u8], iterations: u32) -> Zeroizing<[u8; 32]> {
    let salt = [KeyManagement::Pbes2Hs512A256Kw.name().as_bytes(), &[0], p2s].concat();
    Zeroizing::new(pbkdf2::pbkdf2_hmac_array::<Sha512, 32>(
        password, &salt, iterations,
    ))
}

/// RFC 3394 section 2.2.1.
fn wrap<C>(key: &[u8], content_key: &[u8]) -> Option<Vec<u8>>
where
    AesKw<C>: KeyInit,
    C: BlockSizeUser<BlockSize = U16> + BlockCipherEncrypt,
{
    let mut buffer = vec![0; content_key.len() + IV_LEN];
    let wrapped = AesKw::<C>::new_from_slice(key)
        .ok()?
        .wrap_key(content_key, &mut buffer)
        .is_ok();
    wrapped.then_some(buffer)
}

/// RFC 3394 section 2.2.2.
fn unwrap<C>(key: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>>
where
    AesKw<C>: KeyInit,
    C: BlockSizeUser<BlockSize = U16> + BlockCipherDecrypt,
{
    let mut buffer = Zeroizing::new(vec![0; wrapped.len().checked_sub(IV_LEN)?]);
    AesKw::<C>::new_from_slice(key)
        .ok()?
        .unwrap_key(wrapped, &mut buffer)
        .ok()?;
    Some(buffer)
}
