//! The one type that writes secret text into JSON.

use std::io;

use sallyport_model::SecretString;
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

/// A secret on its way into a sealed payload or into an answer to an authorised gateway. Nowhere
/// else: this is why [`SecretString`] itself cannot be serialised.
pub(crate) struct Exposed(pub(crate) SecretString);

impl Serialize for Exposed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

/// JSON in a buffer that is zeroed when dropped. It is written twice: once to see how long it is, so that
/// the buffer is never moved, which would leave copies, and holds no room that would be zeroed in vain.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, value)?;
    let mut json = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *json, value)?;
    Ok(json)
}

/// Counts what is written to it.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_takes_the_room_that_it_needs_and_no_more() {
        for length in [0, 1, 300, 40_000] {
            let secret = Exposed(SecretString::new("s".repeat(length)));
            let json = to_json(&[secret]).unwrap();
            assert_eq!((json.len(), json.capacity()), (length + 4, length + 4));
        }
    }
}
