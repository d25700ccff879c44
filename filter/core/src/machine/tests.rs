//! The brain, stepped through what can happen to it.

mod downstream;
mod injection;
mod names;
mod observe;
mod pinned_certificates;
mod pins;
mod routes;
mod upstream;
mod vault;
mod waiting;

use sallyport_model::Material;

use crate::fixtures::{Authority, Contents, tls_context};

const TLS: &str = "secret://payments/tlsContexts/tls";
const PINS: &str = "secret://payments/certificatePinsets/pins";
const PIN_SETTING: &str = r#","certificatePinset":"secret://payments/certificatePinsets/pins""#;

/// A vault whose TLS context trusts these authorities.
fn trusting(anchors: &[&Authority]) -> Contents {
    Contents::default().with(TLS, Material::TlsContext(tls_context(anchors)))
}
