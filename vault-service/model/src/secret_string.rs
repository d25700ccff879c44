//! A secret text in memory.

use serde::{Deserialize, Deserializer};
use zeroize::{Zeroize, Zeroizing};

/// Secret text: no `Debug`, no `Display`, no `Serialize`, no `==`; zeroed when dropped.
///
/// It can be read from the wire, and leaves only through [`SecretString::expose`], which a reviewer
/// can search for.
#[derive(Clone)]
pub struct SecretString(Zeroizing<String>);

impl SecretString {
    /// Takes over the text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text. Keep the borrow short and copy it nowhere that outlives the use.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all (says nothing else about it).
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for SecretString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl From<Zeroizing<Vec<u8>>> for SecretString {
    /// Invalid UTF-8 becomes U+FFFD: a damaged secret must fail at its use, not print itself.
    fn from(mut bytes: Zeroizing<Vec<u8>>) -> Self {
        match String::from_utf8(std::mem::take(&mut *bytes)) {
            Ok(text) => Self::new(text),
            Err(error) => {
                let mut bytes = error.into_bytes();
                let text = String::from_utf8_lossy(&bytes).into_owned();
                bytes.zeroize();
                Self::new(text)
            }
        }
    }
}
