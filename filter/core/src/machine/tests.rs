//! The brain, stepped through what can happen to it.

mod around;
mod check;
mod check_orders;
mod check_secrets;
mod choice;
mod chosen_keys;
mod connection;
mod connection_orders;
mod decryption;
mod downstream;
mod encryption;
mod encryption_orders;
mod injection;
mod known_peers;
mod message_orders;
mod names;
mod notes;
mod observe;
mod observed_checks;
mod on_failure;
mod orders;
mod pinned_certificates;
mod pins;
mod places;
mod responses;
mod revocation;
mod routes;
mod signatures;
mod signing;
mod upstream;
mod vault;
mod verification;
mod waiting;

use sallyport_model::{Material, TlsContextMaterial};

use crate::fixtures::{Authority, Contents, Host, tls_context};

const TLS: &str = "secret://payments/tlsContexts/tls";
const PINS: &str = "secret://payments/certificatePinsets/pins";
const PIN_SETTING: &str = r#","certificatePinset":"secret://payments/certificatePinsets/pins""#;

/// A vault whose TLS context trusts these authorities.
fn trusting(anchors: &[&Authority]) -> Contents {
    Contents::default().with(TLS, Material::TlsContext(tls_context(anchors)))
}

/// A filter whose TLS context trusts these authorities, and more.
fn with_context(anchors: &[&Authority], change: impl FnOnce(&mut TlsContextMaterial)) -> Host {
    let mut context = tls_context(anchors);
    change(&mut context);
    let contents = Contents::default().with(TLS, Material::TlsContext(context));
    Host::ready(&Host::downstream(""), &contents)
}
