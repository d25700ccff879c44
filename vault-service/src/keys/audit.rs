//! The keys of the audit log: one signs its checkpoints, one makes values comparable without showing
//! them. Neither opens a secret.

use std::fmt;
use std::sync::Arc;

use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sallyport_model::audit::{AuditPublicKey, AuditSignature, signed_message};
use sallyport_pki::Digest;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::KeyError;

/// Both keys of an audit log.
#[derive(Clone, Debug)]
pub struct AuditKeys {
    /// Signs checkpoints.
    pub checkpoint: Arc<CheckpointKey>,
    /// Stands in for values.
    pub value: Arc<ValueKey>,
}

/// An Ed25519 key; zeroed when dropped.
pub struct CheckpointKey(SigningKey);

/// A key for HMAC-SHA-256; zeroed when dropped.
pub struct ValueKey(Zeroizing<[u8; 32]>);

impl AuditKeys {
    /// Length of both, in bytes.
    pub(super) const BYTES: usize = 64;

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let (checkpoint, rest) = bytes.split_first_chunk::<32>().ok_or(KeyError::AuditKeys)?;
        let value: &[u8; 32] = rest.try_into().map_err(|_| KeyError::AuditKeys)?;
        Ok(Self {
            checkpoint: Arc::new(CheckpointKey(SigningKey::from_bytes(checkpoint))),
            value: Arc::new(ValueKey(Zeroizing::new(*value))),
        })
    }
}

#[cfg(test)]
impl AuditKeys {
    /// The same keys every time.
    pub(crate) fn sample() -> Result<Self, KeyError> {
        Self::from_bytes(&[7; Self::BYTES])
    }
}

impl CheckpointKey {
    /// Vouches for an entry of this hash and all before it.
    pub fn sign(&self, hash: &Digest) -> AuditSignature {
        self.0.sign(&signed_message(hash)).to_bytes()
    }

    /// The digest of the public half, which checkpoints name.
    pub fn id(&self) -> Digest {
        Digest::of(self.0.verifying_key().as_bytes())
    }

    /// The half that everybody may have.
    pub fn public(&self) -> Result<AuditPublicKey, KeyError> {
        AuditPublicKey::from_bytes(self.0.verifying_key().as_bytes())
            .map_err(|_| KeyError::AuditKeys)
    }
}

impl ValueKey {
    /// What the log holds in the place of a value: the same for the same value, and without the key
    /// no way to try values against it.
    pub fn stand_in(&self, value: &[u8]) -> String {
        // Any length of key does for HMAC; the fallback keeps a panic out and shows nothing.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_ref()) else {
            return "hmac-sha256:none".to_owned();
        };
        mac.update(value);
        format!("hmac-sha256:{}", hex::encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for CheckpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckpointKey")
    }
}

impl fmt::Debug for ValueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ValueKey")
    }
}

#[cfg(test)]
mod tests {
    use super::super::open::RootPrivateKey;
    use super::*;

    #[test]
    fn keys_of_an_audit_log_open_with_their_root_key_only() {
        let (root, public) = RootPrivateKey::generate();
        let sealed = public.new_audit_keys().unwrap();
        let keys = root.open_audit_keys(&sealed).unwrap();
        let hash = Digest::of(b"entry");
        let signature = keys.checkpoint.sign(&hash);
        let key = keys.checkpoint.public().unwrap();
        assert!(key.vouches(&hash, &signature));
        assert!(!key.vouches(&Digest::of(b"other"), &signature));

        assert!(root.open_gateway_ca_key(&sealed).is_err());
        let (stranger, _) = RootPrivateKey::generate();
        assert_eq!(
            stranger.open_audit_keys(&sealed).unwrap_err(),
            KeyError::Open
        );
        assert_eq!(
            AuditKeys::from_bytes(&[0; 63]).unwrap_err(),
            KeyError::AuditKeys
        );
    }

    #[test]
    fn a_stand_in_is_comparable_in_one_vault_and_shows_nothing() {
        let keys = |byte| AuditKeys::from_bytes(&[byte; 64]).unwrap().value;
        let one = keys(1).stand_in(b"hunter2");
        assert_eq!(one, keys(1).stand_in(b"hunter2"));
        assert_ne!(one, keys(1).stand_in(b"hunter3"));
        assert_ne!(one, keys(2).stand_in(b"hunter2"));
        assert!(!one.contains("hunter2"));
        // RFC 4231, test case 1, with its key of 20 bytes filled up with zeros as HMAC does.
        let mut key = [0; 64];
        key[32..52].fill(0x0b);
        let known = AuditKeys::from_bytes(&key)
            .unwrap()
            .value
            .stand_in(b"Hi There");
        assert!(
            known.ends_with("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        );
        assert_eq!(format!("{:?}", keys(1)), "ValueKey");
    }
}
