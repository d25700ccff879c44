//! The public door: takes secrets in, seals them, stores them; shows metadata.
//!
//! It holds public keys only. Nothing in this room can open what it stored; what needs opening is a
//! job of [`crate::provider`].

mod audit_log;
mod certificate;
mod crl_distributor;
mod draft;
mod error;
mod expiry;
mod form;
mod gateways;
mod grants;
mod groups;
mod java_store;
mod keystore;
mod limits;
mod metadata;
mod pinset;
mod referred;
#[cfg(test)]
mod sample;
mod secrets;
mod shared_secret;
mod tls_context;
mod truststore;

use std::sync::Arc;

pub use crl_distributor::CrlDistributorUpload;
pub use draft::Draft;
pub use error::{ManagerError, Problem, Violation};
pub use expiry::ExpiredCertificates;
pub use form::{File, Form};
pub use gateways::{GatewayCertificate, GatewayIssuer, IssueError, NewGateway};
pub use grants::Grantee;
pub use groups::{GroupChange, NewGroup};
pub use metadata::Metadata;
pub use shared_secret::SharedSecretUpload;
pub use tls_context::TlsContextUpload;

use crate::keys::seal::RootPublicKey;
use crate::store::Store;

/// The Secrets Manager.
#[derive(Clone)]
pub struct Manager {
    store: Arc<dyn Store>,
    root: RootPublicKey,
    issuer: Arc<dyn GatewayIssuer>,
}

impl Manager {
    /// A manager over a store. It is given the public half of the root key, and somebody who signs
    /// gateway certificates on its behalf.
    pub fn new(store: Arc<dyn Store>, root: RootPublicKey, issuer: Arc<dyn GatewayIssuer>) -> Self {
        Self {
            store,
            root,
            issuer,
        }
    }
}
