//! JSON Web Encryption with shared keys (RFC 7516, 7518): whole bodies, or single fields of them.
//!
//! The message never chooses: algorithms, serialization and the effort of key derivation come from
//! the profile. Compression is refused (RFC 8725 section 3.6), so are critical extensions, members
//! that come twice, and headers that nothing protects. Everything that fails behind the key gives
//! the same [`JweError::Authentication`] on the same way, so that nobody can learn by asking.
//!
//! One key with random 96-bit nonces is good for 2^32 messages (NIST SP 800-38D section 8.3): that
//! counts messages for `dir` and `A256GCMKW`. `A128KW`, `A256KW` and `PBES2` do not use up their key.

mod content;
mod header;
mod key_management;
mod serialization;

use std::ops::RangeInclusive;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::base64url;
use crate::key::{Key, candidates};
use crate::strict_json::JsonError;
use header::Header;
use serialization::Parts;

/// How much randomness one message takes: content key, its nonce, nonce and salt of the key.
pub const RANDOM_BYTES: usize = 32 + 12 + 12 + 16;

/// What can be asked of `p2c`: RFC 7518 section 4.8.1.2, and seconds in WebAssembly.
pub const ITERATIONS: RangeInclusive<u32> = 1_000..=1_000_000;

/// How the key of the content comes from ours (RFC 7518 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyManagement {
    /// It is ours.
    Dir,
    /// Wrapped with AES-128.
    A128Kw,
    /// Wrapped with AES-256.
    A256Kw,
    /// Encrypted with AES-256 in GCM.
    A256GcmKw,
    /// Wrapped with AES-256, with a key that is derived from a password.
    Pbes2Hs512A256Kw,
}

/// How the content is encrypted (RFC 7518 section 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentEncryption {
    /// AES-128 in GCM.
    A128Gcm,
    /// AES-256 in GCM.
    A256Gcm,
}

/// How a message is written (RFC 7516 section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serialization {
    /// Five parts with dots between them.
    Compact,
    /// A JSON object for one recipient.
    FlattenedJson,
}

/// How messages are encrypted, and which are taken. Starts with [`Profile::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// `alg`.
    pub key_management: KeyManagement,
    /// `enc`.
    pub content_encryption: ContentEncryption,
    /// The one form.
    pub serialization: Serialization,
    /// `p2c` of what is encrypted here.
    pub iterations: u32,
    /// `p2c` that is taken: each one is work, which a sender could ask for.
    pub accepted_iterations: RangeInclusive<u32>,
    /// Longest plaintext, in bytes.
    pub max_plaintext_bytes: usize,
}

/// Why a message is not encrypted or decrypted. Repeats nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JweError {
    /// Longer than the profile takes.
    #[error("{found} bytes, at most {max} are taken")]
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes taken.
        max: usize,
    },
    /// Not five parts, or not an object with the members that are needed and no other.
    #[error("no message of the serialization of the profile")]
    Parts,
    /// A part is not base64url.
    #[error("a part of the message is not base64url without padding")]
    Base64,
    /// The message, or its protected header, is no JSON object within its limits.
    #[error("header: {0}")]
    Header(JsonError),
    /// Another `alg` or `enc` than those of the profile, or none.
    #[error("the message is not encrypted with the algorithms of the profile")]
    Algorithm,
    /// RFC 7516 section 4.1.13: extensions that must be understood; none is.
    #[error("the message has critical extensions")]
    Critical,
    /// `zip`.
    #[error("the message is compressed")]
    Compressed,
    /// A parameter of the key is absent or not of its form.
    #[error("header parameter {0} is absent or not of its form")]
    Parameter(&'static str),
    /// More or less work than is taken.
    #[error("{found} iterations, {} to {} are taken", .accepted.start(), .accepted.end())]
    Iterations {
        /// `p2c`.
        found: u64,
        /// What is taken.
        accepted: RangeInclusive<u32>,
    },
    /// Our key does not fit the algorithm.
    #[error("a key of {found} bytes, {} are needed", .key_management.key_bytes_text(*.content_encryption))]
    KeyLength {
        /// `alg` of the profile.
        key_management: KeyManagement,
        /// `enc` of the profile.
        content_encryption: ContentEncryption,
        /// Its length.
        found: usize,
    },
    /// No key, or none of the name in `kid`.
    #[error("no key for this message")]
    NoKey,
    /// Encrypted with another key, or changed since.
    #[error("the message is not what was encrypted with our key")]
    Authentication,
}

/// What is told of the plaintext, in the protected header.
#[derive(Clone, Copy, Debug, Default)]
pub struct Label<'a> {
    /// Type of the whole message.
    pub typ: Option<&'a str>,
    /// Type of the plaintext.
    pub cty: Option<&'a str>,
}

/// A message that was opened.
pub struct Decrypted {
    /// Place of its key in the list.
    pub key: usize,
    /// Zeroed when dropped.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// `typ`, protected.
    pub typ: Option<String>,
    /// `cty`, protected.
    pub cty: Option<String>,
}

impl Profile {
    /// Compact messages of up to a mebibyte, 10,000 iterations, and up to ten times as many taken.
    pub fn new(key_management: KeyManagement, content_encryption: ContentEncryption) -> Self {
        Self {
            key_management,
            content_encryption,
            serialization: Serialization::Compact,
            iterations: 10_000,
            accepted_iterations: *ITERATIONS.start()..=100_000,
            max_plaintext_bytes: 1024 * 1024,
        }
    }

    /// Encrypts `plaintext` for who has `key`; its name becomes `kid`. `random` is used for this
    /// message only.
    ///
    /// # Errors
    /// [`JweError::TooLong`], [`JweError::KeyLength`], [`JweError::Iterations`].
    pub fn encrypt(
        &self,
        plaintext: &[u8],
        label: Label<'_>,
        key: &Key,
        random: &Zeroizing<[u8; RANDOM_BYTES]>,
    ) -> Result<String, JweError> {
        self.check_length(plaintext.len())?;
        let mut bytes = random.iter().copied();
        let content_key = Zeroizing::new(take::<32>(&mut bytes));
        let nonce = take::<12>(&mut bytes);
        let wrapped = self.wrap(key, &content_key, take(&mut bytes), take(&mut bytes))?;
        let header = header::write(self, key.id(), label, &wrapped);
        let mut parts = Parts {
            protected: base64url::encode(header.as_bytes()),
            encrypted_key: wrapped.encrypted_key,
            nonce: nonce.to_vec(),
            ciphertext: plaintext.to_vec(),
            tag: Vec::new(),
            additional: None,
        };
        let aad = parts.authenticated();
        let tag = self.content_encryption.seal(
            &wrapped.content_key,
            &nonce,
            aad.as_bytes(),
            &mut parts.ciphertext,
        )?;
        parts.tag = tag.to_vec();
        Ok(parts.write(self.serialization))
    }

    /// Decrypts with the first of the keys that fits.
    ///
    /// # Errors
    /// See [`JweError`].
    pub fn decrypt(&self, message: &str, keys: &[Key]) -> Result<Decrypted, JweError> {
        // Base64 of the plaintext and of the rest of the message.
        let max = self.max_plaintext_bytes / 3 * 4 + 16 * 1024;
        if message.len() > max {
            let found = message.len();
            return Err(JweError::TooLong { found, max });
        }
        let parts = Parts::read(message, self.serialization, max)?;
        self.check_length(parts.ciphertext.len())?;
        let header = Header::read(&parts.protected, self)?;
        let aad = parts.authenticated();
        let mut error = JweError::NoKey;
        for (place, key) in candidates(keys, header.kid.as_deref()) {
            if let Some(plaintext) = self.open(key, &header, &parts, aad.as_bytes())? {
                return Ok(Decrypted {
                    key: place,
                    plaintext,
                    typ: header.typ,
                    cty: header.cty,
                });
            }
            error = JweError::Authentication;
        }
        Err(error)
    }

    /// None if anything behind the key fails: a wrapped key that does not open is replaced by zeros,
    /// and fails where a changed content fails (RFC 7516 section 11.5).
    fn open(
        &self,
        key: &Key,
        header: &Header,
        parts: &Parts,
        aad: &[u8],
    ) -> Result<Option<Zeroizing<Vec<u8>>>, JweError> {
        let unwrapped = self.unwrap(key, header, &parts.encrypted_key)?;
        let mut plaintext = Zeroizing::new(parts.ciphertext.clone());
        let opened = self.content_encryption.open(
            &unwrapped.content_key,
            &parts.nonce,
            aad,
            &mut plaintext,
            &parts.tag,
        );
        Ok((opened & unwrapped.fits).then_some(plaintext))
    }

    fn check_length(&self, found: usize) -> Result<(), JweError> {
        let max = self.max_plaintext_bytes;
        match found > max {
            true => Err(JweError::TooLong { found, max }),
            false => Ok(()),
        }
    }
}

fn take<const N: usize>(bytes: &mut impl Iterator<Item = u8>) -> [u8; N] {
    // RANDOM_BYTES is the sum of what is taken.
    std::array::from_fn(|_| bytes.next().unwrap_or_default())
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
