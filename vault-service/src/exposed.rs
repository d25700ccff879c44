//! The one type that writes secret text into JSON.

use sallyport_model::SecretString;
use serde::{Serialize, Serializer};

/// A secret on its way into a sealed payload or into an answer to an authorised gateway. Nowhere
/// else: this is why [`SecretString`] itself cannot be serialised.
pub(crate) struct Exposed(pub(crate) SecretString);

impl Serialize for Exposed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}
