//! Paths, pins, revocation and keystores as a user of the crate sees them, in one program: each is another link.

#![forbid(unsafe_code)]
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy knows #[test] functions, not what they call"
)]

mod algorithms;
mod authority;
mod constraints;
mod crl_draft;
mod crls;
mod crls_delta;
mod crls_hostile;
mod crls_indirect;
mod crls_manifest;
mod crls_scope;
mod der;
#[cfg(feature = "keystores")]
mod fuzz_bodies;
mod hostile;
mod hostile_names;
#[cfg(feature = "keystores")]
mod jks_hostile;
#[cfg(feature = "keystores")]
mod key_encryption;
#[cfg(feature = "keystores")]
mod keystores;
#[cfg(feature = "keystores")]
mod keystores_damaged;
#[cfg(feature = "keystores")]
mod keystores_export;
#[cfg(feature = "keystores")]
mod keytool;
mod limbo;
mod limbo_case;
mod name_constraints;
mod named;
mod names;
mod path_building;
mod paths;
#[cfg(feature = "keystores")]
mod pem_keys;
mod pinned_certificates;
mod pins;
#[cfg(feature = "keystores")]
mod pkcs12_hostile;
mod policies;
#[cfg(feature = "keystores")]
mod private_keys;
mod rules;
