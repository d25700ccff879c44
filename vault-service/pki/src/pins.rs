//! What a peer is tied to beyond trust: pins by digest, and leaf certificates pinned as a whole.

mod pin;
mod pin_set;
mod pinned_certificates;

pub use pin::{Pin, PinKind, PinRole, UnknownPinWord};
pub use pin_set::{MAX_PINS, PinMatch, PinRefusal, PinSet, PinSetError, PinUnusable, UnusablePin};
pub use pinned_certificates::{
    MAX_PINNED_CERTIFICATES, PinnedCertificateError, PinnedCertificates,
};
