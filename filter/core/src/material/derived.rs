//! What requests have made of a shared secret: kept with it, so that it is made once for each version and dropped when
//! the vault takes the secret back.

use std::cell::OnceCell;

use sallyport_message::Key;
use sallyport_message::sigv4::KeptKey;
use sallyport_model::{SecretString, SymmetricKeyError};

/// Keys that signatures are made with. No `Debug`; zeroed when dropped.
#[derive(Default)]
pub struct Derived {
    /// Of an `S3Credential`: the key of the last day.
    pub(crate) signing_key: KeptKey,
    /// Of a `SymmetricKey`.
    key: OnceCell<Key>,
}

impl Derived {
    /// The key that this base64 stands for.
    pub(crate) fn key(&self, base64: &SecretString) -> Result<&Key, SymmetricKeyError> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let key = Key::symmetric(base64)?;
        Ok(self.key.get_or_init(|| key))
    }
}
