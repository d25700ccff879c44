//! The key of a day, region and service, which four HMACs make of a secret.

use std::cell::RefCell;

use sallyport_model::SecretString;
use zeroize::Zeroizing;

use crate::mac::{self, Keyed};

/// The last key that was made of a secret, with its scope: kept beside that secret, for requests of the same day, region
/// and service. No `Debug`; zeroed when dropped.
#[derive(Default)]
pub struct KeptKey(RefCell<Option<(String, Keyed)>>);

impl KeptKey {
    /// The HMAC of what is signed in `scope`, as it stands in the signature: its parts with slashes between them.
    pub(super) fn tag(
        &self,
        secret: &SecretString,
        scope: &str,
        to_sign: &[u8],
    ) -> Zeroizing<[u8; 32]> {
        if let Ok(kept) = self.0.try_borrow()
            && let Some((of, key)) = &*kept
            && of == scope
        {
            return key.tag(to_sign);
        }
        let key = Keyed::new(&derive(secret, scope));
        let tag = key.tag(to_sign);
        if let Ok(mut kept) = self.0.try_borrow_mut() {
            *kept = Some((scope.to_owned(), key));
        }
        tag
    }
}

fn derive(secret: &SecretString, scope: &str) -> Zeroizing<Vec<u8>> {
    let secret = secret.expose().as_bytes();
    // Sized before it is filled: growing would leave parts of it behind.
    let mut start = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
    start.extend_from_slice(b"AWS4");
    start.extend_from_slice(secret);
    scope.split('/').fold(start, |key, part| {
        Zeroizing::new(mac::sha256(&key, part.as_bytes()).to_vec())
    })
}
