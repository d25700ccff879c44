//! The one type that writes secret text into JSON.

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

/// JSON in a buffer that is zeroed when dropped. The room reserved first keeps it from being moved,
/// and so from leaving copies, unless it is unusually large.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let mut json = Zeroizing::new(Vec::with_capacity(16 * 1024));
    serde_json::to_writer(&mut *json, value)?;
    Ok(json)
}
