//! The content: AES in GCM with a nonce of 12 bytes and a tag of 16 (RFC 7518 section 5.3).

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit};

use super::{ContentEncryption, JweError};

impl ContentEncryption {
    /// Its name in `enc`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
        }
    }

    /// Length of its key.
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A256Gcm => 32,
        }
    }

    /// Encrypts in place and returns the tag.
    pub(super) fn seal(
        self,
        key: &[u8],
        nonce: &[u8; 12],
        aad: &[u8],
        content: &mut [u8],
    ) -> Result<[u8; 16], JweError> {
        let sealed = match self {
            Self::A128Gcm => seal::<Aes128Gcm>(key, nonce, aad, content),
            Self::A256Gcm => seal::<Aes256Gcm>(key, nonce, aad, content),
        };
        // 64 GiB, or a key of another length, which nobody can bring here.
        sealed.ok_or(JweError::Authentication)
    }

    /// Decrypts in place; `false` for anything that is wrong.
    pub(super) fn open(
        self,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        content: &mut [u8],
        tag: &[u8],
    ) -> bool {
        match self {
            Self::A128Gcm => open::<Aes128Gcm>(key, nonce, aad, content, tag),
            Self::A256Gcm => open::<Aes256Gcm>(key, nonce, aad, content, tag),
        }
        .is_some()
    }
}

pub(super) fn seal<C: KeyInit + AeadInOut>(
    key: &[u8],
    nonce: &[u8],
    aad: &[u8],
    content: &mut [u8],
) -> Option<[u8; 16]> {
    let cipher = C::new_from_slice(key).ok()?;
    let tag = cipher
        .encrypt_inout_detached(nonce.try_into().ok()?, aad, content.into())
        .ok()?;
    tag.as_slice().try_into().ok()
}

pub(super) fn open<C: KeyInit + AeadInOut>(
    key: &[u8],
    nonce: &[u8],
    aad: &[u8],
    content: &mut [u8],
    tag: &[u8],
) -> Option<()> {
    let (nonce, tag) = (nonce.try_into().ok()?, tag.try_into().ok()?);
    C::new_from_slice(key)
        .ok()?
        .decrypt_inout_detached(nonce, aad, content.into(), tag)
        .ok()
}
