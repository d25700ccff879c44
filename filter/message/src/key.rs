//! A secret of the vault, as the key of an algorithm.

use sallyport_model::{SecretString, SymmetricKeyError, symmetric_key_bytes};
use zeroize::Zeroizing;

use crate::mac::Keyed;

/// How many keys are tried for one message: current and previous, with room for a slow rotation.
pub const MAX_KEYS: usize = 8;

/// Key bytes, and the name that messages may call them by. No `Debug`; zeroed when dropped.
#[derive(Clone)]
pub struct Key {
    id: Option<String>,
    bytes: Zeroizing<Vec<u8>>,
    /// It as a key of HMAC-SHA-256, taken in once and not for each message.
    mac: Keyed,
}

impl Key {
    /// The key of a `SymmetricKey` secret.
    ///
    /// # Errors
    /// What [`symmetric_key_bytes`] says of its base64.
    pub fn symmetric(base64: &SecretString) -> Result<Self, SymmetricKeyError> {
        symmetric_key_bytes(base64.expose()).map(Self::from)
    }

    /// A password, or a text that is used as it is.
    pub fn text(text: &SecretString) -> Self {
        Self::from(Zeroizing::new(text.expose().as_bytes().to_vec()))
    }

    /// The same key under a name: `kid` of JOSE, `keyid` of HTTP message signatures.
    #[must_use]
    pub fn with_id(self, id: impl Into<String>) -> Self {
        Self {
            id: Some(id.into()),
            ..self
        }
    }

    /// The name, if it has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) const fn mac(&self) -> &Keyed {
        &self.mac
    }
}

impl From<Zeroizing<Vec<u8>>> for Key {
    fn from(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self {
            id: None,
            mac: Keyed::new(&bytes),
            bytes,
        }
    }
}

/// The keys that a message may mean, each with its place in the list: those of the name it gives and
/// those without a name, all of them if it gives none.
pub(crate) fn candidates<'a>(
    keys: &'a [Key],
    id: Option<&'a str>,
) -> impl Iterator<Item = (usize, &'a Key)> {
    keys.iter()
        .take(MAX_KEYS)
        .enumerate()
        .filter(move |(_, key)| id.is_none() || key.id.is_none() || key.id() == id)
}
